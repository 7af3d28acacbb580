/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/oauth/introspect_presented.h"
#include "helper/oauth/token_exchange.h"

/* Stands in, at link time, for questions about tokens that somebody presents; beside fake_oauth.h. */

struct fake_door {
	bool is_impossible; /* the next introspection cannot be asked */
	introspect_done_fn introspect_done;
	struct introspect_presented expect; /* what the last one wants */
	char client[64];                    /* the first that it takes */
	struct introspect_facts facts;      /* what it will say */
	token_exchange_done_fn exchange_done;
	char subject_type[64], scope[64], audience[64]; /* of the last exchange */
	void *userdata;
	char token[128]; /* that was shown last */
	unsigned introspections, exchanges;
};

extern struct fake_door fake_door;

/** Each ends the matching wait; the test asserts that there is one. */
void fake_said(enum introspect_outcome outcome, enum oauth_outcome why);
void fake_exchanged(enum oauth_outcome outcome, bool is_bearer, const char *id_token);
