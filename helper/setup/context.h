/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "helper/base/cleanup.h"
#include "helper/setup/change.h"
#include "helper/setup/provider_kind.h"
#include "helper/setup/record.h"
#include "helper/setup/setup.h"

/* What the parts of set-up share. */

#define SETUP_CONFIG "/etc/latchkey/latchkey.conf"
#define SETUP_SOCKET "/run/latchkey/io.latchkey"
#define SETUP_PROVIDER_MAX 32u

struct context {
	const struct setup_options *options;
	const struct setup_terminal *terminal;
	const char *root; /* "" or the image's folder */
	struct record record;
	struct changes changes;

	const struct provider_kind *kind;
	char provider[SETUP_PROVIDER_MAX + 1];
	char secret_path[128]; /* where the secret is kept; "" without one */
	uint32_t code_lifetime_s;
	size_t first_pam; /* of the changes: from here on they are PAM's; their number where there are none */
	bool has_systemd; /* it is process 1 here */
	bool is_new_configuration;
	bool undoes_profile; /* undo: PAM's files become what pam-auth-update makes of them, not what they were */
};

/** say() - a line for the administrator; warn() - the same on the error stream, with a name before it. Sanitised. */
void say(const struct context *c, const char *format, ...) LK_PRINTF(2, 3);
void warn(const struct context *c, const char *format, ...) LK_PRINTF(2, 3);

/** say_text() - lines that a program printed, each behind two blanks */
void say_text(const struct context *c, const char *text);

/** style_of() - how diffs look there */
struct diff_style style_of(const struct context *c);
