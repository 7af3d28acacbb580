/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/oauth/metadata.h"
#include "helper/oauth/provider.h"

/* Shared by provider.c, which answers askers, and provider_load.c, which fetches. Nobody else includes this. */

#define PROVIDER_FRESH_MS (24ull * 3600 * 1000)
#define PROVIDER_STALE_MS (7ull * 24 * 3600 * 1000)
#define PROVIDER_FAILURE_MEMORY_MS 2000u
#define PROVIDER_STALE_RETRY_MS 60000u
#define PROVIDER_REFETCH_COOL_DOWN_MS 60000u

enum provider_load {
	PROVIDER_LOAD_NONE = 0,
	PROVIDER_LOAD_METADATA,
	PROVIDER_LOAD_KEYS,
};

struct provider_wait {
	struct provider *provider;
	struct provider_wait *next;
	struct provider_wait **back; /* what points here */
	provider_done_fn done;
	void *userdata;
	bool wants_keys;            /* an unknown key brought it here: old ones do not help */
	sd_event_source *source;    /* of an answer that is known already */
	struct oauth_result result; /* that answer */
};

struct provider {
	const struct provider_settings *settings;
	sd_event *event;
	struct fetch_client *fetch;
	char *token_issuer;
	bool issuer_is_template;

	bool has_endpoints;
	uint64_t metadata_ms; /* when they were read */
	struct metadata_endpoints endpoints;
	struct jwk_set *keys;
	uint64_t keys_ms;

	enum provider_load load; /* what call fetches */
	enum metadata_place place;
	bool forces_keys; /* fetch keys although there are fresh ones */
	struct fetch_call *call;
	struct provider_wait *waits;    /* for the load under way */
	struct provider_wait *answered; /* with a source of their own */

	struct oauth_result failure; /* of the last load; OAUTH_DONE when it went well */
	uint64_t failed_ms;
	bool has_refetched;
	uint64_t refetched_ms;
	uint64_t silent_until_ms; /* it is taken for silent until then */
	int64_t clock_difference_s;
};

bool provider_metadata_is_younger(const struct provider *p, uint64_t age_ms);
bool provider_keys_are_younger(const struct provider *p, uint64_t age_ms);

/** provider_load_start() - fetch what is not fresh. Return: 0 under way, provider_load_done() follows from the event
 *  loop; 1 it is over already and p->failure is set; -ENOMEM. */
int provider_load_start(struct provider *p);

/** provider_load_done() - in provider.c: tells all askers; p->failure is set */
void provider_load_done(struct provider *p);
