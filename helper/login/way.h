/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/login/context.h"
#include "helper/oauth/flow.h"

/* Which way a sign-in goes: the first of the section's methods that can be gone. What the provider answers never makes it
 * go another one, or a person who says no on one device would be asked in another way. */

/* Borrowed; needed during the call only. */
struct way_request {
	const struct access_policy *policy;
	const struct login_provider *lp;
	const struct account *account; /* of somebody who has signed in before; NULL: nobody has */
	bool has_screen;               /* what is shown reaches somebody */
	bool answers;                  /* and somebody can type */
};

/* Why no way can be gone. */
struct way_refusal {
	const char *reason; /* of helper/protocol/names.h */
	const char *detail; /* for the log; static */
};

/**
 * way_start() - begin the flow
 * @ret_method: set on 0
 * @refusal:    set on 1: of the last method that the section has
 * A request to somebody's own device is counted in ctx->pushes; way_told() and way_ended() keep that right.
 * Return: 0, 1 refused, -ENOMEM.
 */
int way_start(struct flow **ret, enum flow_method *ret_method, struct login_context *ctx,
	      const struct way_request *request, const struct flow_events *events, void *userdata,
	      struct way_refusal *refusal);

/** way_told() - the challenge of a flow that way_start() began is there */
void way_told(struct login_context *ctx, const struct account *account, const struct flow_challenge *challenge);

/** way_ended() - it ended so; @had_challenge: as way_told() was called */
void way_ended(struct login_context *ctx, enum flow_method method, const struct account *account, bool had_challenge,
	       enum oauth_outcome outcome);
