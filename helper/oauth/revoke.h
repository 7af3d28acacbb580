/* SPDX-License-Identifier: MIT */
#pragma once

#include <systemd/sd-event.h>

#include "helper/base/cleanup.h"
#include "helper/oauth/provider.h"

/* Tells the provider that a grant is over: RFC 7009. Whoever starts one has dropped the tokens already, and treats all of the
 * grant as dead whatever comes (REV-06). */

enum revoke_outcome {
	REVOKE_DONE = 0,       /* also where the provider knew the token no more (REV-03) */
	REVOKE_NOT_SUPPORTED,  /* it has no such endpoint, or not for this kind of token (REV-05) */
	REVOKE_CLIENT_REFUSED, /* our client is not as the provider wants it */
	REVOKE_UNREACHABLE,    /* it may count still: at the provider it ends by its own age, or by somebody's hand */
};

/** @retry_after_s: for REVOKE_UNREACHABLE, when the provider wants to be asked again; 0: it did not say */
typedef void (*revoke_done_fn)(void *userdata, enum revoke_outcome outcome, const struct oauth_result *result,
			       uint32_t retry_after_s);

struct revoke;

/**
 * revoke_start() - @p is prepared, and the tokens are copied
 * @refresh_token, @access_token: one of them may be NULL. The refresh token goes first, and with it all of the grant; the access
 * token is shown only where there is none, or the provider does not take refresh tokens (REV-05, REV-06).
 * @done: runs once, from the event loop; may free it
 * A provider that cannot answer is asked twice more, when it wants to be (REV-04) and within a minute; one that wants to be left
 * alone for longer is the caller's matter.
 * Return: 0, -EINVAL no token, or the client cannot be as configured, -ENOSYS there is no endpoint, -E2BIG, -ENOMEM.
 */
int revoke_start(struct revoke **ret, struct provider *p, sd_event *event, struct fetch_client *fetch,
		 const struct secret *refresh_token, const struct secret *access_token, revoke_done_fn done,
		 void *userdata);

/** revoke_free() - @done will not run. Accepts NULL. */
void revoke_free(struct revoke *r);
LK_DEFINE_CLEANUP(struct revoke *, revoke_free);
