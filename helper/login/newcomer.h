/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "helper/accounts/accounts.h"
#include "helper/base/cleanup.h"
#include "helper/login/context.h"

/* Before somebody gets a name or a number that is new to this host: does another source of NSS know it (I1, I11). */

struct newcomer;

struct newcomer_result {
	enum sources_outcome outcome; /* SOURCES_NOBODY: the person may be bound now, before the loop goes on */
	bool has_avoided;             /* a number that this host would have chosen was somebody's */
	const char *reason;           /* of helper/protocol/names.h; NULL for SOURCES_NOBODY */
	const char *detail;           /* for the log, or NULL */
};

/** @result: needed during the call only; the newcomer may be freed from within */
typedef void (*newcomer_done_fn)(void *userdata, const struct newcomer_result *result);

/**
 * newcomer_start() - may @person have what accounts_bind() would give
 * @ret:          set on 0 only, before @done can run
 * @person:       copied, but not what it points to
 * @with_numbers: false: the provider tells them, and has not yet
 * A number that is somebody's is avoided from then on, and the next one is asked about.
 * Return: 0 (@done ran or will run), -ENOMEM.
 */
int newcomer_start(struct newcomer **ret, struct login_context *ctx, const struct account_person *person,
		   bool with_numbers, newcomer_done_fn done, void *userdata);

/** newcomer_free() - @done will not run any more. Accepts NULL. */
void newcomer_free(struct newcomer *n);
LK_DEFINE_CLEANUP(struct newcomer *, newcomer_free);
