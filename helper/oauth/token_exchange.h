/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/cleanup.h"
#include "helper/oauth/provider.h"
#include "helper/oauth/token.h"
#include "helper/oauth/token_type.h"

/* One token for another: RFC 8693, with the resources of RFC 8707. */

/* Each but the first two may be NULL; lists are NULL-terminated. */
struct token_exchange_request {
	const struct secret *subject_token;
	const char *subject_token_type; /* a URI */
	const struct secret *actor_token;
	const char *actor_token_type; /* if and only if there is an actor_token (TX-01) */
	const char *const *audiences; /* logical names, or URIs */
	const char *const *resources; /* absolute URIs without a fragment: the caller has looked (TX-02) */
	const char *scope;
	const char *requested_token_type; /* what was issued must be that, where the provider says what it is */
};

/**
 * token_exchange_parse() - what a reply is
 * @requested: the requested_token_type, or NULL
 * @ret:       set for OAUTH_DONE only. A refresh token that came along is dropped: it would be a second thing to keep (TX-04)
 * A refusal is OAUTH_PROVIDER_REFUSED: invalid_request for one of the tokens and invalid_target (RFC 8693 section 2.2.2), and the
 * invalid_grant that many servers send instead (TX-05).
 * Return: the outcome that @result has, too.
 */
enum oauth_outcome token_exchange_parse(struct token_set **ret, struct oauth_result *result, const struct dialect *d,
					const char *requested, unsigned status, const char *body, size_t len);

struct token_exchange;

/** @tokens: set for OAUTH_DONE only, and @done's to free */
typedef void (*token_exchange_done_fn)(void *userdata, const struct oauth_result *result, struct token_set *tokens);

/**
 * token_exchange_start() - ask; @p is prepared here, and @request is copied
 * @done: runs once, from the event loop; may free it
 * It is asked once: whoever needs the token asks again.
 * Return: 0, -EINVAL no subject token, a token without its type or a type without its token; -E2BIG, -ENOMEM.
 */
int token_exchange_start(struct token_exchange **ret, struct provider *p, struct fetch_client *fetch,
			 const struct token_exchange_request *request, token_exchange_done_fn done, void *userdata);

/** token_exchange_free() - @done will not run. Accepts NULL. */
void token_exchange_free(struct token_exchange *x);
LK_DEFINE_CLEANUP(struct token_exchange *, token_exchange_free);
