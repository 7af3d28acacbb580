/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/cleanup.h"
#include "helper/login/context.h"
#include "helper/oauth/revoke.h"

/* The end of what was kept of a sign-in: of no use here from that moment on, and then revoked at the provider. That may take a
 * while, and goes on where nobody waits for it any more, and after a restart: whatever waits for it is in the store. */

struct sign_outs;
struct sign_out;

/** sign_outs_new() - begins with what an earlier run could not tell the providers. @ctx must outlive it, and its store be open.
 *  Return: 0, -ENOMEM. */
int sign_outs_new(struct sign_outs **ret, struct login_context *ctx);
/** sign_outs_free() - what the provider has not heard of waits in the store. Accepts NULL. */
void sign_outs_free(struct sign_outs *s);
LK_DEFINE_CLEANUP(struct sign_outs *, sign_outs_free);

enum sign_out_outcome {
	SIGN_OUT_REVOKED = 0,
	SIGN_OUT_NOTHING,       /* nothing was kept, or nothing that opens: there was nothing to revoke */
	SIGN_OUT_NOT_SUPPORTED, /* the provider cannot revoke: the grant ends there by its own age */
	SIGN_OUT_DELAYED,       /* it could not be told so far: it will be, for thirty days; the log says why */
};

typedef void (*sign_out_done_fn)(void *userdata, enum sign_out_outcome outcome);

/**
 * sign_out_start() - durably takes the tokens of @account and its remembered approvals out of use, and has the grant revoked
 * @ret:  set only on 0, for sign_out_leave()
 * @done: runs once, from the event loop; may be NULL
 * Return: 0 under way, 1 *@ret_now says how it ended: @done does not run; -ENOMEM or another negative errno: the store could not
 * do it, and nothing was revoked.
 */
int sign_out_start(struct sign_out **ret, struct sign_outs *s, const struct account *account, sign_out_done_fn done,
		   void *userdata, enum sign_out_outcome *ret_now);

/** sign_out_leave() - @done does not run any more; the revocation goes on. Accepts NULL. */
void sign_out_leave(struct sign_out *o);
