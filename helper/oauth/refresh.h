/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include <systemd/sd-event.h>

#include "helper/base/cleanup.h"
#include "helper/oauth/provider.h"
#include "helper/oauth/refresh_reply.h"

/* Fresh tokens for a refresh token: RFC 6749 section 6. The caller sees to it that one is under way for a grant, has noted
 * durably that it is before the start, and stores what comes before anything of it is used. */

struct refresh_request {
	const struct secret *refresh_token;
	const char *granted_scope; /* what the grant has, as far as known: for providers that want it named; or NULL */
	const char *scope;         /* a part of it (OA-13); NULL: all */
	const char *resource;      /* RFC 8707; NULL: none */
	bool is_again;             /* this token was shown before, and the answer was lost */
};

struct refresh;

/** @tokens: set for REFRESH_DONE only, and @done's to free. Without refresh_token the one that was shown stays good.
 *  @retry_after_s: when the provider wants to be asked again; 0: it did not say */
typedef void (*refresh_done_fn)(void *userdata, enum refresh_outcome outcome, const struct oauth_result *result,
				struct token_set *tokens, uint32_t retry_after_s);

/**
 * refresh_start() - ask; @p is prepared, and @request is copied
 * @done: runs once, from the event loop; may free it
 * Once more, and no more than once: after a moment where the provider says that another request is under way; and at once
 * where the answer was lost and the dialect takes the same token again (BCP-05). A "no" to a token whose answer was lost
 * before is REFRESH_DEAD where the dialect does not keep used ones: it may be the consequence of our own request.
 * Return: 0, -EINVAL the client cannot be as configured, -E2BIG, -ENOMEM.
 */
int refresh_start(struct refresh **ret, struct provider *p, sd_event *event, struct fetch_client *fetch,
		  const struct refresh_request *request, refresh_done_fn done, void *userdata);

/** refresh_free() - @done will not run; the token may be used up at the provider all the same. Accepts NULL. */
void refresh_free(struct refresh *r);
LK_DEFINE_CLEANUP(struct refresh *, refresh_free);
