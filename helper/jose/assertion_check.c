/* SPDX-License-Identifier: MIT */
/*
 * Judges what a program presents about itself. An assertion signs a nonce that was made a moment ago, so it cannot be older
 * than that: whoever says so has another clock, and is told.
 */
#include "helper/jose/assertion_check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "helper/base/json.h"
#include "helper/jose/token_claims.h"

/* RFC 8725 section 3.11: an access token, a logout token or an event is none of these. */
static bool has_type(const struct json_object *header)
{
	const char *type;

	if (!token_claims_has(header, "typ"))
		return true;
	return json_read_string(header, "typ", TOKEN_TEXT_MAX, &type) == 0 && strcasecmp(type, "JWT") == 0;
}

static int read_claims(struct json_object **ret, const struct jws *jws)
{
	LK_CLEANUP(json_object_putp) struct json_object *claims = NULL;
	int r;

	if (!has_type(jws->header))
		return ASSERTION_TYPE;
	r = json_parse(&claims, jws->payload, jws->payload_len);
	if (r < 0)
		return r == -ENOMEM ? r : ASSERTION_MALFORMED;
	if (!json_object_is_type(claims, json_type_object))
		return ASSERTION_MALFORMED;
	*ret = LK_STEAL(claims);
	return 0;
}

static bool is_for(const struct json_object *claims, const char *audience)
{
	bool others = true;

	return token_claims_has_audience(claims, audience, &others) && !others;
}

static int read_id(struct assertion_facts *ret, const struct json_object *claims)
{
	const char *id;

	if (json_read_string(claims, "jti", ASSERTION_ID_MAX, &id) != 0 || !token_claims_is_plain(id, ASSERTION_ID_MAX))
		return ASSERTION_ID;
	(void)snprintf(ret->id, sizeof(ret->id), "%s", id);
	return 0;
}

/* What both kinds have: iat, exp and perhaps nbf, in that order and none of the future. */
static int read_dates(struct assertion_facts *ret, const struct json_object *claims, int64_t now_s,
		      int64_t *ret_issued_s)
{
	int64_t not_before_s = 0;
	int r;

	if (token_claims_read_date(claims, "iat", ret_issued_s) != 0 ||
	    token_claims_read_date(claims, "exp", &ret->expires_s) != 0 || ret->expires_s <= *ret_issued_s)
		return ASSERTION_MALFORMED;
	r = token_claims_read_date(claims, "nbf", &not_before_s);
	if (r != 0 && r != -ENOENT)
		return ASSERTION_MALFORMED;
	ret->off_s = *ret_issued_s - now_s;
	if (*ret_issued_s > now_s + ASSERTION_SKEW_S)
		return ASSERTION_AHEAD;
	if (r == 0 && not_before_s > now_s + ASSERTION_SKEW_S)
		return ASSERTION_AHEAD;
	return 0;
}

static int check_dates(struct assertion_facts *ret, const struct json_object *claims,
		       const struct assertion_expectation *expect)
{
	int64_t issued_s;
	int r = read_dates(ret, claims, expect->now_s, &issued_s);

	if (r != 0)
		return r;
	if (issued_s < expect->asked_s - ASSERTION_SKEW_S) {
		ret->off_s = issued_s - expect->asked_s;
		return ASSERTION_BEHIND;
	}
	if (ret->expires_s > expect->now_s + ASSERTION_FAR_S + ASSERTION_SKEW_S ||
	    ret->expires_s - issued_s > ASSERTION_FAR_S)
		return ASSERTION_FAR;
	if (ret->expires_s <= expect->now_s - ASSERTION_SKEW_S)
		return ASSERTION_EXPIRED;
	return 0;
}

int assertion_check_claims(struct assertion_facts *ret, const struct jws *jws,
			   const struct assertion_expectation *expect)
{
	LK_CLEANUP(json_object_putp) struct json_object *claims = NULL;
	int r = read_claims(&claims, jws);

	*ret = (struct assertion_facts){.expires_s = 0};
	if (r != 0)
		return r;
	if (!token_claims_is(claims, "iss", expect->issuer))
		return ASSERTION_ISSUER;
	if (!token_claims_is(claims, "sub", expect->subject))
		return ASSERTION_SUBJECT;
	if (!is_for(claims, expect->audience))
		return ASSERTION_AUDIENCE;
	if (!token_claims_is(claims, "nonce", expect->nonce))
		return ASSERTION_NONCE;
	r = check_dates(ret, claims, expect);
	if (r == 0)
		r = read_id(ret, claims);
	if (r != 0)
		return r;
	ret->expires_s += ASSERTION_SKEW_S;
	return ASSERTION_VALID;
}

int assertion_check(struct assertion_facts *ret, const char *token, size_t len, const struct jwk_set *keys,
		    const struct assertion_expectation *expect)
{
	LK_CLEANUP(jws_done) struct jws jws = {0};
	int r = jws_verify(&jws, token, len, keys, expect->algorithms);

	return r != 0 ? r : assertion_check_claims(ret, &jws, expect);
}

bool pattern_fits(const char *pattern, const char *text)
{
	const char *star = NULL, *retry = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			retry = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star + 1;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static bool claim_fits(const struct json_object *claims, const char *rule)
{
	const char *equals = strchr(rule, '=');
	struct json_object *value;
	char name[TOKEN_SUBJECT_MAX + 1];
	char number[24];
	int n;

	if (equals == NULL)
		return false;
	n = snprintf(name, sizeof(name), "%.*s", (int)(equals - rule), rule);
	if (n <= 0 || (size_t)n >= sizeof(name) || !json_object_object_get_ex(claims, name, &value))
		return false;
	if (json_object_is_type(value, json_type_boolean))
		return pattern_fits(equals + 1, json_object_get_boolean(value) ? "true" : "false");
	if (json_object_is_type(value, json_type_int)) {
		(void)snprintf(number, sizeof(number), "%" PRId64, json_object_get_int64(value));
		return pattern_fits(equals + 1, number);
	}
	return json_object_is_type(value, json_type_string) && pattern_fits(equals + 1, json_object_get_string(value));
}

int workload_check_claims(struct assertion_facts *ret, const struct jws *jws, const struct workload_expectation *expect)
{
	LK_CLEANUP(json_object_putp) struct json_object *claims = NULL;
	const char *subject;
	int64_t issued_s;
	int r = read_claims(&claims, jws);

	*ret = (struct assertion_facts){.expires_s = 0};
	if (r != 0)
		return r;
	if (!token_claims_is(claims, "iss", expect->issuer))
		return ASSERTION_ISSUER;
	if (!is_for(claims, expect->audience))
		return ASSERTION_AUDIENCE;
	if (token_claims_read_subject(claims, &subject) != 0 || !pattern_fits(expect->subject, subject))
		return ASSERTION_SUBJECT;
	for (const char *const *rule = expect->claims; rule != NULL && *rule != NULL; rule++)
		if (!claim_fits(claims, *rule))
			return ASSERTION_CLAIM;
	r = read_dates(ret, claims, expect->now_s, &issued_s);
	if (r != 0)
		return r;
	if (ret->expires_s - issued_s > WORKLOAD_LIFE_MAX_S)
		return ASSERTION_FAR;
	if (ret->expires_s <= expect->now_s - ASSERTION_SKEW_S)
		return ASSERTION_EXPIRED;
	if (token_claims_has(claims, "jti") && read_id(ret, claims) != 0)
		return ASSERTION_ID;
	ret->expires_s += ASSERTION_SKEW_S;
	return ASSERTION_VALID;
}

int workload_check(struct assertion_facts *ret, const char *token, size_t len, const struct jwk_set *keys,
		   const struct workload_expectation *expect)
{
	LK_CLEANUP(jws_done) struct jws jws = {0};
	int r = jws_verify(&jws, token, len, keys, expect->algorithms);

	return r != 0 ? r : workload_check_claims(ret, &jws, expect);
}

const char *assertion_outcome_text(int outcome)
{
	switch (outcome) {
	case JWS_UNKNOWN_KEY:
		return "it is signed with a key that is not registered";
	case ASSERTION_MALFORMED:
		return "its claims are not as an assertion has them";
	case ASSERTION_TYPE:
		return "it is a token of another kind";
	case ASSERTION_ISSUER:
		return "it is from another issuer";
	case ASSERTION_SUBJECT:
		return "its subject is another one";
	case ASSERTION_AUDIENCE:
		return "its audience is not this host, or not this host alone";
	case ASSERTION_NONCE:
		return "its nonce is not the one that was asked for";
	case ASSERTION_CLAIM:
		return "a claim that it must have is missing, or another one";
	case ASSERTION_ID:
		return "its jti is missing or not printable ASCII";
	case ASSERTION_BEHIND:
		return "it says that it is older than the nonce in it, so one of the clocks is wrong";
	case ASSERTION_AHEAD:
		return "it is from the future, so one of the clocks is wrong";
	case ASSERTION_EXPIRED:
		return "it has expired";
	case ASSERTION_FAR:
		return "it is good for longer than may be";
	default:
		return jws_outcome_text(outcome);
	}
}
