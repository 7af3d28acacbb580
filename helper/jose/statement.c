/* SPDX-License-Identifier: MIT */
/* The claims that every security event token has, RFC 8417 section 2.2. */
#include "helper/jose/statement.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "helper/base/json.h"
#include "helper/jose/token_claims.h"

/* RFC 8725 section 3.11 (T17): an access token, an ID token or the other kind of statement is none of these. */
static bool has_type(const struct json_object *header, const char *const *types, bool may_lack)
{
	static const char prefix[] = "application/";
	const char *type;

	if (!token_claims_has(header, "typ"))
		return may_lack;
	if (json_read_string(header, "typ", TOKEN_TEXT_MAX, &type) != 0)
		return false;
	if (strncasecmp(type, prefix, strlen(prefix)) == 0)
		type += strlen(prefix);
	for (; *types; types++)
		if (strcasecmp(type, *types) == 0)
			return true;
	return false;
}

static int check(const struct json_object *claims, const struct statement_expectation *expect)
{
	struct json_object *events;
	const char *id;
	int64_t issued_s;
	bool others;

	if (!token_claims_has_issuer(claims, expect->issuer, expect->issuer_is_template, expect->tenants))
		return STATEMENT_ISSUER;
	if (!token_claims_has_audience(claims, expect->audience, &others))
		return STATEMENT_AUDIENCE;
	if (token_claims_read_date(claims, "iat", &issued_s) != 0)
		return STATEMENT_MALFORMED;
	if (issued_s > expect->now_s + STATEMENT_SKEW_S)
		return STATEMENT_NOT_YET;
	if (json_read_string(claims, "jti", STATEMENT_ID_MAX, &id) != 0 || !token_claims_is_plain(id, STATEMENT_ID_MAX))
		return STATEMENT_ID;
	if (!json_object_object_get_ex(claims, "events", &events) || !json_object_is_type(events, json_type_object))
		return STATEMENT_EVENTS;
	return 0;
}

int statement_check_common(struct json_object **ret_claims, const struct jws *jws,
			   const struct statement_expectation *expect, const char *const *types, bool may_lack)
{
	LK_CLEANUP(json_object_putp) struct json_object *claims = NULL;
	int r;

	if (!has_type(jws->header, types, may_lack))
		return STATEMENT_TYPE;
	r = json_parse(&claims, jws->payload, jws->payload_len);
	if (r < 0)
		return r == -ENOMEM ? r : STATEMENT_MALFORMED;
	if (!json_object_is_type(claims, json_type_object))
		return STATEMENT_MALFORMED;
	r = check(claims, expect);
	if (r != 0)
		return r;
	*ret_claims = LK_STEAL(claims);
	return STATEMENT_VALID;
}

const char *statement_outcome_text(int outcome)
{
	switch (outcome) {
	case STATEMENT_MALFORMED:
		return "its claims are not as a statement has them";
	case STATEMENT_TYPE:
		return "it is a token of another kind";
	case STATEMENT_ISSUER:
		return "it is from another issuer";
	case STATEMENT_AUDIENCE:
		return "its audience is not ours";
	case STATEMENT_EXPIRED:
		return "it has expired";
	case STATEMENT_NOT_YET:
		return "it is from the future, so one of the clocks is wrong";
	case STATEMENT_ID:
		return "its id is missing or not printable ASCII";
	case STATEMENT_EVENTS:
		return "the event that makes it one is not in it";
	case STATEMENT_ABOUT:
		return "it does not say whom it is about";
	default:
		return jws_outcome_text(outcome);
	}
}
