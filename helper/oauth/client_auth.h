/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "helper/base/buf.h"
#include "helper/jose/assertion.h"
#include "helper/oauth/form.h"
#include "helper/oauth/provider.h"

/* How this client proves itself: exactly one method a request (RFC 6749 section 2.3), never in a URL. */

#define CLIENT_AUTH_HEADER_MAX (16u * 1024u)
#define CLIENT_AUTH_ASSERTION_LIFETIME_S 60

/** client_auth_method() - the one that counts; @is_public: none, whatever is configured */
enum client_auth client_auth_method(const struct provider_settings *s, bool is_public);

/** client_auth_is_proof() - has @s a method that proves who asks, and what that needs */
bool client_auth_is_proof(const struct provider_settings *s);

/** client_auth_claims() - what an assertion of this client says (AS-02, AS-03); the texts stay @s's */
void client_auth_claims(struct assertion_claims *ret, const struct provider_settings *s);

/**
 * client_auth_add() - name the client in @form, or in an Authorization header
 * @header:    an initialised buffer for "Authorization: Basic ...", left empty where none is needed
 * @is_public: send the client id alone, whatever is configured
 * @assertion: made for this request; NULL but for private_key_jwt
 * Return: 0, -EINVAL without a client id or what the configured method needs, -ENOMEM, -E2BIG.
 */
int client_auth_add(struct form *form, struct buf *header, const struct provider_settings *s, bool is_public,
		    const struct secret *assertion);

/**
 * client_auth_explain() - the last word on a result before anybody logs it
 * Drops a text that repeats the secret of @client. Where the provider refuses an assertion and the clocks differ, it says so,
 * since that is what to mend (AS-06).
 * @p: whose Date header is known, or not
 */
void client_auth_explain(struct oauth_result *r, const struct provider *p, const struct provider_settings *client);
