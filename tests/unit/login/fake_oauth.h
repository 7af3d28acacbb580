/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "helper/accounts/publish.h"
#include "helper/accounts/sources.h"
#include "helper/oauth/flow.h"
#include "helper/oauth/group_check.h"
#include "helper/oauth/identity.h"
#include "helper/oauth/introspect.h"
#include "helper/oauth/jwt_bearer.h"
#include "helper/oauth/provider.h"
#include "helper/oauth/refresh.h"

/* Stands in, at link time, for the provider, the device flow, the identity check and the publisher: each call waits here
 * until the test lets it end. */

struct fake_oauth {
	/* what is under way */
	provider_done_fn prepare_done;
	void *prepare_userdata;
	const struct flow_events *flow_events;
	void *flow_userdata;
	identity_done_fn identity_done;
	void *identity_userdata;
	group_check_done_fn groups_done;
	void *groups_userdata;
	const char *refresh_token; /* that the flow brings */
	const char *access_token;
	uint32_t expires_in_s;
	refresh_done_fn refresh_done;
	void *refresh_userdata;
	char refreshed[64]; /* the token that was shown, and the scope */
	bool was_again;
	jwt_bearer_done_fn grant_done;
	void *grant_userdata;
	char grant_asked
		[256]; /* "KIND client_id subject audience scope resource algorithm" of the last one, or what is handed on */
	int grant_result; /* what jwt_bearer_start() returns */
	introspect_done_fn introspect_done;
	void *introspect_userdata;
	bool can_introspect;
	bool has_userinfo;
	const struct jwk_set *keys; /* of every provider */
	publish_done_fn publish_done;
	void *publish_userdata;
	char wanted[256]; /* claims asked for, each followed by a blank */
	char wanted_groups[256];
	bool needs_groups;            /* the token had no room for them */
	sources_done_fn sources_done; /* the last question to other sources of NSS */
	void *sources_userdata;
	struct sources_question sources_asked;
	bool holds_sources; /* it waits for fake_sources(); else nobody knows anything */

	/* counts since fake_reset() */
	unsigned refetched;
	unsigned prepared, flows, identities, published, refreshes, introspections, grants;
	unsigned asked_sources; /* of NSS */
	unsigned cancelled;
	/* what flows are asked for, and what this provider cannot */
	enum flow_method method; /* of the last one */
	char asked[512];
	char typed[64]; /* the last answer to a flow that asks */
	bool has_no_device, has_no_ciba;
	int flow_result; /* what flow_start() returns */
};

extern struct fake_oauth fake;

void fake_reset(void);

/* Each ends the matching wait; the test asserts that there is one. */
void fake_prepared(enum oauth_outcome outcome);
void fake_challenge(void);
void fake_question(void); /* FLOW_CODE asks for something to be typed */
void fake_tokens(enum oauth_outcome outcome);
void fake_identity(enum oauth_outcome outcome, const char *issuer, const char *subject, const char *claims);
void fake_published(int error);
/** fake_refreshed() - the provider's answer; the tokens' texts are NULL where there is none */
void fake_refreshed(enum refresh_outcome outcome, const char *refresh_token, const char *access_token,
		    const char *id_token, uint32_t expires_in_s);
/** fake_granted() - the provider's answer about a service account */
void fake_granted(enum grant_outcome outcome, const char *access_token, const char *id_token, uint32_t expires_in_s);
void fake_introspected(enum introspect_outcome outcome);
/** fake_groups() - the provider's answer about groups, a JSON array */
void fake_groups(enum oauth_outcome outcome, const char *groups);
/** fake_sources() - the answer of other sources of NSS; @id: for SOURCES_ID */
void fake_sources(enum sources_outcome outcome, uint32_t id);
