/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/jose/statement.h"

/* OpenID Connect Back-Channel Logout 1.0, section 2.4 to 2.6: the provider says that somebody has logged out. */

/* No older one is believed, whatever its expiry: its id need not be remembered for longer. */
#define LOGOUT_TOKEN_MAX_AGE_S 3600

struct logout_token {
	struct json_object *claims;
	const char *issuer; /* these belong to the claims */
	const char *id;
	const char *subject; /* NULL: only a session is named */
	const char *session; /* sid, or NULL: all of the subject's */
	int64_t issued_s;
};

/**
 * logout_token_check() - verify signature, then every claim (BL-02 to BL-04, BL-09, BL-10)
 * @ret: set only on 0; logout_token_done(). Whether its id was used before is the caller's to know (BL-05).
 * Return: 0; an enum jws_outcome > 0; an enum statement_outcome > 0; or a negative errno as jws_verify().
 */
int logout_token_check(struct logout_token *ret, const char *token, size_t len, const struct jwk_set *keys,
		       const struct statement_expectation *expect);

/** logout_token_check_claims() - the second half alone, on an already verified JWS */
int logout_token_check_claims(struct logout_token *ret, const struct jws *jws,
			      const struct statement_expectation *expect);
void logout_token_done(struct logout_token *t);
