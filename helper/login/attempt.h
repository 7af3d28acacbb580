/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "helper/accounts/accounts.h"
#include "helper/accounts/publish.h"
#include "helper/fetch/client.h"
#include "helper/login/limits.h"
#include "helper/login/policy.h"
#include "helper/oauth/device.h"
#include "helper/oauth/provider.h"

/* One sign-in from request to decision. The order is the safety: nothing is asked of a provider before policy and limits
 * have said that this caller may, and nothing is stored before policy has said that this person may. */

/* A provider and the rule by which its people get names. */
struct login_provider {
	struct provider *provider;
	const struct name_rule *names;
	const char *title;
	const char *gecos_claim;
	const char *uid_claim; /* NULL: this host chooses */
	const char *gid_claim;
};

/* What all attempts of one helper share; everything in it outlives them. */
struct login_context {
	sd_event *event;
	struct fetch_client *fetch;
	struct store *store;
	struct localdb *local;
	struct accounts *accounts;
	struct publisher *publisher;
	const struct access_rules *access;
	const struct login_provider *providers;
	size_t n_providers;
	struct limits *codes; /* by client address */
	bool is_map_current;  /* the last publish went well and nothing changed since */
	uint64_t map_changes; /* so far: a publish that was asked for earlier does not make the map current */
	unsigned pending;
	unsigned pending_max;
};

/** login_provider_for() - which provider a name selects: the one it is bound to, else the one whose rule could make it.
 *  NULL when none does. */
const struct login_provider *login_provider_for(const struct login_context *ctx, const char *name);

struct attempt_request {
	const char *user;
	const char *reference; /* under which its events stand (helper/base/reference.h); NULL: none */
	const char *service;   /* PAM service, or "local" */
	const char *source;    /* client address, or NULL */
	bool has_public_key;   /* this connection proved one */
	bool has_seen;         /* NSS answered the caller before authentication: */
	uint32_t seen_uid;
	uint32_t seen_gid;
	const char *seen_home;
	const char *seen_shell;
};

/* Each runs from the event loop or from within attempt_start(). granted, refused and not_ours come last and once; the
 * attempt is to be freed soon after, never from within them. @reason is one of helper/protocol/names.h. */
struct attempt_events {
	void (*challenge)(void *userdata, const struct device_challenge *challenge, const char *provider_title);
	void (*granted)(void *userdata, const struct account *account);
	void (*refused)(void *userdata, const char *reason);
	void (*not_ours)(void *userdata);
};

struct attempt;

/**
 * attempt_start() - begin; strings of @request are copied
 * Return: 0 (an event ran or will run), -ENOMEM.
 */
int attempt_start(struct attempt **ret, struct login_context *ctx, const struct attempt_request *request,
		  const struct attempt_events *events, void *userdata);

/** attempt_free() - ends it at once: no event runs any more and its code is never redeemed (R6, D6). Accepts NULL. */
void attempt_free(struct attempt *a);
LK_DEFINE_CLEANUP(struct attempt *, attempt_free);
