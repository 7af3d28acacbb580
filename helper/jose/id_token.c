/* SPDX-License-Identifier: MIT */
/*
 * Judges the claims of an ID token whose signature was found good: is it from this issuer, for us, of now, and about
 * whom. A claim that is there must be right in type and value; none is passed over because it looks odd.
 */
#include "helper/jose/id_token.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "helper/base/json.h"
#include "helper/jose/algorithm.h"
#include "helper/jose/base64url.h"
#include "helper/jose/token_claims.h"

#define DEFAULT_MAX_AGE_S 600

_Static_assert(ID_TOKEN_SUBJECT_MAX == TOKEN_SUBJECT_MAX, "one rule for subjects");

/*
 * "typ" may be missing, as OpenID Connect asks for none; if it is there it must not name another kind of token
 * (RFC 8725 section 3.11). A security event, a logout token among them, has "events" (RFC 8417). Threat T17.
 */
static int check_type(const struct json_object *header, const struct json_object *claims)
{
	const char *type;

	if (token_claims_has(claims, "events"))
		return ID_TOKEN_TYPE;
	if (!token_claims_has(header, "typ"))
		return 0;
	if (json_read_string(header, "typ", TOKEN_TEXT_MAX, &type) != 0)
		return ID_TOKEN_TYPE;
	if (strcasecmp(type, "JWT") != 0 && strcasecmp(type, "application/jwt") != 0)
		return ID_TOKEN_TYPE;
	return 0;
}

/* OpenID Connect Core 3.1.3.7, steps 3 to 5; with several audiences we demand what the standard recommends. */
static int check_recipient(const struct json_object *claims, const char *client_id)
{
	bool others;

	if (!token_claims_has_audience(claims, client_id, &others))
		return ID_TOKEN_AUDIENCE;
	if ((others || token_claims_has(claims, "azp")) && !token_claims_is(claims, "azp", client_id))
		return ID_TOKEN_AUTHORIZED_PARTY;
	return 0;
}

/* Threats T16 and N20. The expiry needs no upper bound of its own, as no token outlives max_age_s after its issue. */
static int check_dates(const struct json_object *claims, const struct id_token_expectation *expect)
{
	int64_t max_age_s = expect->max_age_s == 0 ? DEFAULT_MAX_AGE_S : expect->max_age_s;
	int64_t expires_s;
	int64_t issued_s;
	int64_t not_before_s = 0;
	int r;

	if (token_claims_read_date(claims, "exp", &expires_s) != 0 ||
	    token_claims_read_date(claims, "iat", &issued_s) != 0)
		return ID_TOKEN_MALFORMED;
	r = token_claims_read_date(claims, "nbf", &not_before_s);
	if (r != 0 && r != -ENOENT)
		return ID_TOKEN_MALFORMED;

	if (expect->now_s >= expires_s + ID_TOKEN_SKEW_S)
		return ID_TOKEN_EXPIRED;
	if (not_before_s > expect->now_s + ID_TOKEN_SKEW_S || issued_s > expect->now_s + ID_TOKEN_SKEW_S)
		return ID_TOKEN_NOT_YET;
	if (expect->now_s - issued_s > max_age_s)
		return ID_TOKEN_TOO_OLD;
	return 0;
}

/* The left half of the access token's digest: OpenID Connect Core 3.1.3.8. */
static int check_access_token(const struct json_object *claims, enum jws_algorithm algorithm, const char *access_token)
{
	const struct jws_algorithm_facts *facts = jws_algorithm_facts(algorithm);
	unsigned char digest[EVP_MAX_MD_SIZE];
	char text[EVP_MAX_MD_SIZE];
	size_t len = 0;

	if (!access_token || !token_claims_has(claims, "at_hash"))
		return 0;
	if (!facts)
		return ID_TOKEN_AT_HASH;
	if (EVP_Q_digest(NULL, facts->at_hash, NULL, access_token, strlen(access_token), digest, &len) != 1)
		return -EIO;
	base64url_encode(text, digest, len / 2);
	return token_claims_is(claims, "at_hash", text) ? 0 : ID_TOKEN_AT_HASH;
}

static int check_claims(const struct json_object *claims, const struct jws *jws,
			const struct id_token_expectation *expect)
{
	const char *subject;
	int r;

	r = check_type(jws->header, claims);
	if (r != 0)
		return r;
	if (!token_claims_has_issuer(claims, expect->issuer, expect->issuer_is_template, expect->tenants))
		return ID_TOKEN_ISSUER;
	r = check_recipient(claims, expect->client_id);
	if (r != 0)
		return r;
	r = check_dates(claims, expect);
	if (r != 0)
		return r;
	if (expect->nonce && !token_claims_is(claims, "nonce", expect->nonce))
		return ID_TOKEN_NONCE;
	r = check_access_token(claims, jws->algorithm, expect->access_token);
	if (r != 0)
		return r;
	return token_claims_read_subject(claims, &subject) == 0 ? 0 : ID_TOKEN_SUBJECT;
}

int id_token_check_claims(struct json_object **ret_claims, const struct jws *jws,
			  const struct id_token_expectation *expect)
{
	LK_CLEANUP(json_object_putp) struct json_object *claims = NULL;
	int r;

	r = json_parse(&claims, jws->payload, jws->payload_len);
	if (r < 0)
		return r == -ENOMEM ? r : ID_TOKEN_MALFORMED;
	if (!json_object_is_type(claims, json_type_object))
		return ID_TOKEN_MALFORMED;
	r = check_claims(claims, jws, expect);
	if (r != 0)
		return r;

	*ret_claims = LK_STEAL(claims);
	return ID_TOKEN_VALID;
}

int id_token_check(struct json_object **ret_claims, const char *token, size_t len, const struct jwk_set *keys,
		   const struct id_token_expectation *expect)
{
	LK_CLEANUP(jws_done) struct jws jws = {0};
	int r;

	r = jws_verify(&jws, token, len, keys, expect->algorithms);
	if (r != 0)
		return r;
	return id_token_check_claims(ret_claims, &jws, expect);
}

const char *id_token_outcome_text(int outcome)
{
	switch (outcome) {
	case ID_TOKEN_MALFORMED:
		return "its claims are not as a token has them";
	case ID_TOKEN_ISSUER:
		return "it is from another issuer";
	case ID_TOKEN_AUDIENCE:
		return "its audience is not ours";
	case ID_TOKEN_AUTHORIZED_PARTY:
		return "it was issued to another client";
	case ID_TOKEN_EXPIRED:
		return "it has expired";
	case ID_TOKEN_NOT_YET:
		return "it is from the future, so one of the clocks is wrong";
	case ID_TOKEN_TOO_OLD:
		return "it was issued too long ago";
	case ID_TOKEN_NONCE:
		return "its nonce is not the one that we sent";
	case ID_TOKEN_AT_HASH:
		return "it belongs to another access token";
	case ID_TOKEN_SUBJECT:
		return "its subject is missing or not printable ASCII";
	case ID_TOKEN_TYPE:
		return "it is a token of another kind";
	default:
		return jws_outcome_text(outcome);
	}
}
