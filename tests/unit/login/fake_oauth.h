/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "helper/accounts/publish.h"
#include "helper/oauth/flow.h"
#include "helper/oauth/group_check.h"
#include "helper/oauth/identity.h"
#include "helper/oauth/provider.h"

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
	publish_done_fn publish_done;
	void *publish_userdata;
	char wanted[256]; /* claims asked for, each followed by a blank */
	char wanted_groups[256];
	bool needs_groups; /* the token had no room for them */

	/* counts since fake_reset() */
	unsigned prepared, flows, identities, published;
	unsigned cancelled;
	int flow_result; /* what flow_start() returns */
};

extern struct fake_oauth fake;

void fake_reset(void);

/* Each ends the matching wait; the test asserts that there is one. */
void fake_prepared(enum oauth_outcome outcome);
void fake_challenge(void);
void fake_tokens(enum oauth_outcome outcome);
void fake_identity(enum oauth_outcome outcome, const char *issuer, const char *subject, const char *claims);
void fake_published(int error);
/** fake_groups() - the provider's answer about groups, a JSON array */
void fake_groups(enum oauth_outcome outcome, const char *groups);
