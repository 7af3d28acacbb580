/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "helper/base/cleanup.h"
#include "helper/jose/signing_key.h"
#include "helper/oauth/grant_reply.h"
#include "helper/oauth/provider.h"
#include "helper/oauth/signer.h"

/*
 * A token for a service account, had by this host with a key: by an assertion about the account (RFC 7521 section 4.1, RFC 7523
 * section 2.1), or as a client of its own (RFC 6749 section 4.4, RFC 7523 section 2.2).
 */

#define JWT_BEARER_LIFETIME_S 180 /* of an assertion (AS-04); Salesforce takes no clock that is further off than that */

struct jwt_bearer_request {
	bool is_client_credentials; /* the assertion says who the client is, and the account is the client */
	const char *client_id;      /* the assertion's issuer; NULL: the provider's */
	const char *subject;        /* whom it is about; not for client credentials */
	const char *audience;       /* NULL: the issuer (AS-03) */
	const char *scope;          /* NULL: none is asked for */
	const char *resource;       /* RFC 8707; NULL: none */
	struct signing_key
		*key;          /* a reference is taken; NULL: @assertion, or the provider's own client proves itself */
	struct signer *signer; /* for a key of a device; NULL: only PEM can sign */
	const struct secret *assertion; /* that somebody else has signed, instead of @key; copied */
};

struct jwt_bearer;

/** @tokens: set for GRANT_DONE only, and @done's to free. @retry_after_s: when the provider wants to be asked again; 0: it did
 *  not say */
typedef void (*jwt_bearer_done_fn)(void *userdata, enum grant_outcome outcome, const struct oauth_result *result,
				   struct token_set *tokens, uint32_t retry_after_s);

/**
 * jwt_bearer_start() - ask once; @p is prepared, and @request is copied
 * @done: runs once, from the event loop; may free it
 * Each start signs an assertion of its own, with a jti of its own (AS-04). Nothing is asked twice: whoever wants to know again
 * starts again.
 * Return: 0; an enum signing_outcome, the key does not serve; -EINVAL the client cannot be as configured, or no assertion can be
 * made of @request; -E2BIG, -EIO, -ENOMEM. For none but 0 runs @done.
 */
int jwt_bearer_start(struct jwt_bearer **ret, struct provider *p, struct fetch_client *fetch,
		     const struct jwt_bearer_request *request, jwt_bearer_done_fn done, void *userdata);

/** jwt_bearer_free() - @done will not run. Accepts NULL. */
void jwt_bearer_free(struct jwt_bearer *b);
LK_DEFINE_CLEANUP(struct jwt_bearer *, jwt_bearer_free);
