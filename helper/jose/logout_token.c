/* SPDX-License-Identifier: MIT */
/* Judges the claims of a logout token whose signature was found good. */
#include "helper/jose/logout_token.h"

#include <errno.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/jose/token_claims.h"

#define EVENT "http://schemas.openid.net/event/backchannel-logout"

/* Section 2.6: step 6, its event as an object, which should be empty; step 7, no nonce, so that it is no ID token. */
static int check_kind(const struct json_object *claims)
{
	struct json_object *events = NULL;
	struct json_object *event;

	(void)json_object_object_get_ex(claims, "events", &events);
	if (!json_object_object_get_ex(events, EVENT, &event) || !json_object_is_type(event, json_type_object))
		return STATEMENT_EVENTS;
	return token_claims_has(claims, "nonce") ? STATEMENT_TYPE : 0;
}

static int check_dates(struct logout_token *t, int64_t now_s)
{
	int64_t expires_s;

	if (token_claims_read_date(t->claims, "iat", &t->issued_s) != 0 ||
	    token_claims_read_date(t->claims, "exp", &expires_s) != 0)
		return STATEMENT_MALFORMED;
	if (now_s >= expires_s + STATEMENT_SKEW_S || now_s - t->issued_s > LOGOUT_TOKEN_MAX_AGE_S)
		return STATEMENT_EXPIRED;
	return 0;
}

/* Section 2.4: "sub", "sid", or both. One that is there must be right. */
static int read_whom(struct logout_token *t)
{
	int r = token_claims_read_subject(t->claims, &t->subject);

	if (r != 0 && token_claims_has(t->claims, "sub"))
		return STATEMENT_ABOUT;
	if (token_claims_has(t->claims, "sid") &&
	    (json_read_string(t->claims, "sid", STATEMENT_ID_MAX, &t->session) != 0 ||
	     !token_claims_is_plain(t->session, STATEMENT_ID_MAX)))
		return STATEMENT_ABOUT;
	return t->subject == NULL && t->session == NULL ? STATEMENT_ABOUT : 0;
}

static int check(struct logout_token *t, const struct statement_expectation *expect)
{
	int r = check_kind(t->claims);

	if (r == 0)
		r = check_dates(t, expect->now_s);
	if (r == 0)
		r = read_whom(t);
	if (r == 0 && (json_read_string(t->claims, "iss", TOKEN_TEXT_MAX, &t->issuer) != 0 ||
		       json_read_string(t->claims, "jti", STATEMENT_ID_MAX, &t->id) != 0))
		r = STATEMENT_MALFORMED;
	return r;
}

int logout_token_check_claims(struct logout_token *ret, const struct jws *jws,
			      const struct statement_expectation *expect)
{
	/* section 2.4 recommends the first; before it there was none */
	static const char *const types[] = {"logout+jwt", "jwt", NULL};
	struct logout_token t = {.claims = NULL};
	int r = statement_check_common(&t.claims, jws, expect, types, true);

	if (r == 0)
		r = check(&t, expect);
	if (r == 0)
		*ret = t;
	else
		logout_token_done(&t);
	return r;
}

int logout_token_check(struct logout_token *ret, const char *token, size_t len, const struct jwk_set *keys,
		       const struct statement_expectation *expect)
{
	LK_CLEANUP(jws_done) struct jws jws = {0};
	int r = jws_verify(&jws, token, len, keys, expect->algorithms);

	return r == 0 ? logout_token_check_claims(ret, &jws, expect) : r;
}

void logout_token_done(struct logout_token *t)
{
	json_object_put(t->claims);
	*t = (struct logout_token){.claims = NULL};
}
