/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "helper/accounts/accounts.h"
#include "helper/accounts/publish.h"
#include "helper/accounts/sources.h"
#include "helper/fetch/client.h"
#include "helper/login/limits.h"
#include "helper/login/policy.h"
#include "helper/oauth/provider.h"

struct door_keys;
struct expulsions;
struct pushes;
struct service_accounts;
struct token_cache;
struct signer;
struct signing_places;
struct token_rules;

/* What every way in works with: the providers, the store, the map, and the rules of root's configuration. */

/* A provider and the rule by which its people get names. */
struct login_provider {
	struct provider *provider;
	const struct name_rule *names;
	const char *title;
	const char *gecos_claim;
	const char *uid_claim; /* NULL: this host chooses */
	const char *gid_claim;
	const struct token_rules *tokens;
};

/* For how long the number that NSS told before a first sign-in is nobody else's: sshd keeps it for as long as LoginGraceTime
 * lets a login take, two minutes unless root says otherwise. */
#define LOGIN_PROMISE_MS (15u * 60u * 1000u)

/* What all attempts of one helper share; everything in it outlives them. */
struct login_context {
	sd_event *event;
	struct fetch_client *fetch;
	struct store *store;
	struct localdb *local;
	struct accounts *accounts;
	struct publisher *publisher;
	struct sources *sources; /* other sources of NSS */
	const struct access_rules *access;
	const struct service_accounts *services; /* NULL: none */
	struct signer *signer;                   /* for keys that take their time; NULL: only PEM can sign */
	const struct signing_places *key_places; /* where their keys are; NULL: only paths and devices */
	const struct login_provider *providers;
	size_t n_providers;
	const char *host;      /* that people know this machine by */
	struct pushes *pushes; /* requests on people's own devices */
	struct limits *codes;  /* by client address */
	struct remember *approvals;
	struct break_glasses *break_glasses;
	struct pins *pins;
	struct expulsions *expulsions; /* NULL: nobody's sessions are ended */
	struct rechecks *rechecks;
	struct door_keys *door_keys;
	struct token_cache *token_cache;
	bool is_map_current;  /* the last publish went well and nothing changed since */
	uint64_t map_changes; /* so far: a publish that was asked for earlier does not make the map current */
	unsigned pending;
	unsigned pending_max;
};

/** login_provider_for() - which provider a name selects: the one it is bound to, else the one whose rule could make it.
 *  NULL when none does. */
const struct login_provider *login_provider_for(const struct login_context *ctx, const char *name);

/** login_provider_of_issuer() - NULL where that issuer is not configured, or not any more */
const struct login_provider *login_provider_of_issuer(const struct login_context *ctx, const char *issuer);
