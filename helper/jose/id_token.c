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

#define TEXT_MAX 2048u
#define AUDIENCES_MAX 64u
#define DEFAULT_MAX_AGE_S 600
#define DATE_MAX ((double)(INT64_C(1) << 53)) /* the last second that a double still tells from the next */

static bool has_member(const struct json_object *o, const char *name)
{
	return json_object_object_get_ex(o, name, NULL) != 0;
}

/* Is the member there, and exactly this text? NULL equals nothing. */
static bool is_text(const struct json_object *o, const char *name, const char *text)
{
	const char *found;

	return text && json_read_string(o, name, TEXT_MAX, &found) == 0 && strcmp(found, text) == 0;
}

/*
 * A NumericDate may have a fraction (RFC 7519 section 2), which is cut off: an expiry then comes earlier.
 * Return: 0, -ENOENT, -EBADMSG for anything but a number from 0 to 2^53.
 */
static int read_date(const struct json_object *claims, const char *name, int64_t *ret)
{
	struct json_object *o;
	double seconds;

	if (!json_object_object_get_ex(claims, name, &o))
		return -ENOENT;
	if (!json_object_is_type(o, json_type_int) && !json_object_is_type(o, json_type_double))
		return -EBADMSG;
	seconds = json_object_get_double(o);
	if (!(seconds >= 0 && seconds <= DATE_MAX))
		return -EBADMSG;
	*ret = (int64_t)seconds;
	return 0;
}

/*
 * "typ" may be missing, as OpenID Connect asks for none; if it is there it must not name another kind of token
 * (RFC 8725 section 3.11). A security event, a logout token among them, has "events" (RFC 8417). Threat T17.
 */
static int check_type(const struct json_object *header, const struct json_object *claims)
{
	const char *type;

	if (has_member(claims, "events"))
		return ID_TOKEN_TYPE;
	if (!has_member(header, "typ"))
		return 0;
	if (json_read_string(header, "typ", TEXT_MAX, &type) != 0)
		return ID_TOKEN_TYPE;
	if (strcasecmp(type, "JWT") != 0 && strcasecmp(type, "application/jwt") != 0)
		return ID_TOKEN_TYPE;
	return 0;
}

static bool is_allowed_tenant(const char *tenant, const char *const *allowed)
{
	for (; allowed && *allowed; allowed++)
		if (strcmp(*allowed, tenant) == 0)
			return true;
	return false;
}

/* Is @issuer the template with the tenant in its gap? Entra's documents for several tenants print such a template. */
static bool is_filled_template(const char *issuer, const char *template, const char *tenant)
{
	static const char gap[] = "{tenantid}";
	const char *at = strstr(template, gap);
	size_t before;
	size_t middle = strlen(tenant);

	if (!at)
		return false;
	before = (size_t)(at - template);
	return strncmp(issuer, template, before) == 0 && strncmp(issuer + before, tenant, middle) == 0 &&
	       strcmp(issuer + before + middle, at + strlen(gap)) == 0;
}

static int check_issuer(const struct json_object *claims, const struct id_token_expectation *expect)
{
	const char *issuer;
	const char *tenant;

	if (!expect->issuer_is_template)
		return is_text(claims, "iss", expect->issuer) ? 0 : ID_TOKEN_ISSUER;
	if (!expect->issuer || json_read_string(claims, "iss", TEXT_MAX, &issuer) != 0 ||
	    json_read_string(claims, "tid", TEXT_MAX, &tenant) != 0 || !is_allowed_tenant(tenant, expect->tenants))
		return ID_TOKEN_ISSUER;
	return is_filled_template(issuer, expect->issuer, tenant) ? 0 : ID_TOKEN_ISSUER;
}

/* @ret_others: somebody else is meant as well */
static int check_audience(bool *ret_others, const struct json_object *claims, const char *client_id)
{
	struct json_object *list;
	bool found = false;
	size_t n;

	*ret_others = false;
	if (is_text(claims, "aud", client_id))
		return 0;
	if (!client_id || json_read_array(claims, "aud", AUDIENCES_MAX, &list) != 0)
		return ID_TOKEN_AUDIENCE;

	n = json_object_array_length(list);
	for (size_t i = 0; i < n; i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		if (!json_object_is_type(one, json_type_string))
			return ID_TOKEN_AUDIENCE;
		found = found || strcmp(json_object_get_string(one), client_id) == 0;
	}
	*ret_others = n > 1;
	return found ? 0 : ID_TOKEN_AUDIENCE;
}

/* OpenID Connect Core 3.1.3.7, steps 3 to 5; with several audiences we demand what the standard recommends. */
static int check_recipient(const struct json_object *claims, const char *client_id)
{
	bool others;
	int r = check_audience(&others, claims, client_id);

	if (r != 0)
		return r;
	if ((others || has_member(claims, "azp")) && !is_text(claims, "azp", client_id))
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

	if (read_date(claims, "exp", &expires_s) != 0 || read_date(claims, "iat", &issued_s) != 0)
		return ID_TOKEN_MALFORMED;
	r = read_date(claims, "nbf", &not_before_s);
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

	if (!access_token || !has_member(claims, "at_hash"))
		return 0;
	if (!facts)
		return ID_TOKEN_AT_HASH;
	if (EVP_Q_digest(NULL, facts->at_hash, NULL, access_token, strlen(access_token), digest, &len) != 1)
		return -EIO;
	base64url_encode(text, digest, len / 2);
	return is_text(claims, "at_hash", text) ? 0 : ID_TOKEN_AT_HASH;
}

/* OpenID Connect Core section 2: at most 255 ASCII characters; what is stored, logged and compared is these bytes. */
static int check_subject(const struct json_object *claims)
{
	const char *subject;

	if (json_read_string(claims, "sub", ID_TOKEN_SUBJECT_MAX, &subject) != 0)
		return ID_TOKEN_SUBJECT;
	for (; *subject; subject++)
		if (*subject < ' ' || *subject > '~')
			return ID_TOKEN_SUBJECT;
	return 0;
}

static int check_claims(const struct json_object *claims, const struct jws *jws,
			const struct id_token_expectation *expect)
{
	int r;

	r = check_type(jws->header, claims);
	if (r != 0)
		return r;
	r = check_issuer(claims, expect);
	if (r != 0)
		return r;
	r = check_recipient(claims, expect->client_id);
	if (r != 0)
		return r;
	r = check_dates(claims, expect);
	if (r != 0)
		return r;
	if (expect->nonce && !is_text(claims, "nonce", expect->nonce))
		return ID_TOKEN_NONCE;
	r = check_access_token(claims, jws->algorithm, expect->access_token);
	if (r != 0)
		return r;
	return check_subject(claims);
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
