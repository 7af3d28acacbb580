/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/cleanup.h"
#include "helper/login/context.h"
#include "helper/oauth/revoke.h"

/* The end of what was kept of a sign-in: dropped here first, and then revoked at the provider, which may take a while and goes on
 * also where nobody waits for it any more. */

struct sign_outs;
struct sign_out;

int sign_outs_new(struct sign_outs **ret, struct login_context *ctx);
/** sign_outs_free() - what has not been revoked by now is not revoked any more; nothing of it is kept here. Accepts NULL. */
void sign_outs_free(struct sign_outs *s);
LK_DEFINE_CLEANUP(struct sign_outs *, sign_outs_free);

enum sign_out_outcome {
	SIGN_OUT_REVOKED = 0,
	SIGN_OUT_NOTHING,       /* nothing was kept, or nothing that opens: there was nothing to revoke */
	SIGN_OUT_NOT_SUPPORTED, /* the provider cannot revoke: the grant ends there by its own age */
	SIGN_OUT_NOT_REVOKED,   /* it could, and did not: the log says why */
};

typedef void (*sign_out_done_fn)(void *userdata, enum sign_out_outcome outcome);

/**
 * sign_out_start() - durably drops the tokens of @account and its remembered approvals, and has the grant revoked
 * @ret:  set only on 0, for sign_out_leave()
 * @done: runs once, from the event loop; may be NULL
 * Return: 0 under way, 1 *@ret_now says how it ended: @done does not run; -ENOMEM or another negative errno: the store could not
 * do it, and nothing was revoked.
 */
int sign_out_start(struct sign_out **ret, struct sign_outs *s, const struct account *account, sign_out_done_fn done,
		   void *userdata, enum sign_out_outcome *ret_now);

/** sign_out_leave() - @done does not run any more; the revocation goes on. Accepts NULL. */
void sign_out_leave(struct sign_out *o);
