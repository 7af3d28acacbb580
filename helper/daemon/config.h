/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/accounts/accounts.h"
#include "helper/accounts/name.h"
#include "helper/base/ini.h"
#include "helper/login/log.h"
#include "helper/login/policy.h"
#include "helper/login/service_account.h"
#include "helper/login/token_rules.h"
#include "helper/oauth/directory.h"
#include "helper/oauth/event_poll.h"
#include "helper/oauth/provider.h"

#define CONFIG_PATH "/etc/latchkey/latchkey.conf"
#define CONFIG_KEYS_FOLDER "/var/lib/latchkey/private/keys" /* of keys that were made here */
#define CONFIG_PROVIDERS_MAX 16u

struct provider_config {
	struct provider_settings settings;
	struct name_rule names;
	char *title;       /* shown to people; default: the dialect's title or the issuer's host */
	char *gecos_claim; /* default "name" */
	char *uid_claim;   /* NULL: this host chooses the number */
	char *gid_claim;   /* NULL: the uid */
	struct directory_settings directory;
	struct token_rules tokens;
	struct event_settings events;
	char *client_key; /* of a client that this host registers itself: made by then */
	enum jws_algorithm client_key_algorithm;
};

struct limit_config {
	uint32_t connections_per_uid; /* default 64; root 4096 */
	uint32_t attempts;            /* pending sign-ins in all, default 2048 */
	uint32_t attempts_per_uid;    /* for others than root, default 4 */
	uint32_t codes_per_address;   /* burst, default 10 */
	uint32_t codes_refill_s;      /* then one in so many seconds, default 30 */
};

struct config {
	char *host; /* shown in prompts; default: the node name */
	enum log_target log_target;
	char *audit_file; /* NULL: the log alone has the events */
	bool audit_required;
	char *logout_user; /* may bring logout tokens, besides root; NULL: nobody */
	bool end_sessions;
	bool root_may_have_tokens;
	uint32_t end_sessions_grace_s;
	uint32_t background_recheck_min_s;
	uint32_t background_recheck_max_s; /* 0: none */
	uint32_t revoke_unused_s;          /* 0: never */
	bool allow_insecure_loopback;      /* test switch */
	struct account_settings accounts;
	struct access_rules access;
	struct service_accounts services;
	struct limit_config limits;
	struct provider_config *providers;
	size_t n_providers;
};

typedef void (*config_note_fn)(void *userdata, const char *text);

/**
 * config_load() - read and judge the whole configuration
 * @path:  CONFIG_PATH
 * @note:  called for each thing that is allowed but should be said aloud (test switches, nobody may log in, ...)
 * @fault: filled on failure, with file and line where there is one
 * Secrets are read from their files here. Return: 0, -EINVAL, -ENOENT, -EPERM, other negative errno.
 */
int config_load(struct config **ret, const char *path, config_note_fn note, void *userdata, struct ini_fault *fault);

/** config_load_text() - the same from memory, for tests and fuzzing; secret files are not read */
int config_load_text(struct config **ret, const char *text, size_t len, config_note_fn note, void *userdata,
		     struct ini_fault *fault);
void config_free(struct config *c);
LK_DEFINE_CLEANUP(struct config *, config_free);

/** config_provider_for() - which provider a name selects: prefix and suffix decide, NULL when none fits */
const struct provider_config *config_provider_for(const struct config *c, const char *name);
