/* SPDX-License-Identifier: MIT */
/* Reads what a provider says about a person beyond the ID token. Must never let it speak of another person (ID-16, T21),
 * nor change what the signed token said. */
#include "helper/oauth/userinfo.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "helper/base/json.h"
#include "helper/jose/id_token.h"
#include "helper/jose/jws.h"
#include "helper/oauth/error.h"

static int refuse(struct oauth_result *result, enum oauth_outcome outcome, const char *why)
{
	oauth_result_set(result, outcome, "userinfo: %s", why);
	return USERINFO_REFUSED;
}

static bool is_jwt(const char *content_type)
{
	static const char type[] = "application/jwt";
	size_t len = sizeof(type) - 1;

	return strncasecmp(content_type, type, len) == 0 && strchr("; \t", content_type[len]) != NULL;
}

static bool audience_is(struct json_object *aud, const char *client_id)
{
	size_t n;

	if (json_object_is_type(aud, json_type_string))
		return strcmp(json_object_get_string(aud), client_id) == 0;
	if (!json_object_is_type(aud, json_type_array))
		return false;
	n = json_object_array_length(aud);
	for (size_t i = 0; i < n; i++) {
		struct json_object *item = json_object_array_get_idx(aud, i);

		if (json_object_is_type(item, json_type_string) && strcmp(json_object_get_string(item), client_id) == 0)
			return true;
	}
	return false;
}

/* Section 5.3.2: a signed reply should name issuer and audience; where it does, they must be right. */
static const char *signed_fault(struct json_object *o, const struct userinfo_expectation *expect)
{
	struct json_object *aud = NULL;
	const char *issuer;
	int r = json_read_string(o, "iss", 2048, &issuer);

	if (r != -ENOENT && (r < 0 || strcmp(issuer, expect->issuer) != 0))
		return "signed by another issuer";
	if (json_object_object_get_ex(o, "aud", &aud) && aud != NULL && !audience_is(aud, expect->client_id))
		return "signed for another client";
	return NULL;
}

static int read_signed(struct json_object **ret, struct oauth_result *result, const struct userinfo_expectation *expect,
		       const char *body, size_t len)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = NULL;
	LK_CLEANUP(jws_done) struct jws jws = {0};
	const char *fault;
	int r;

	if (expect->keys == NULL)
		return USERINFO_UNKNOWN_KEY;
	r = jws_verify(&jws, body, len, expect->keys, expect->algorithms);
	if (r == -ENOMEM)
		return r;
	if (r == JWS_UNKNOWN_KEY)
		return USERINFO_UNKNOWN_KEY;
	if (r != 0)
		return refuse(result, OAUTH_TOKEN_INVALID,
			      r > 0 ? jws_outcome_text(r) : "the signature could not be checked");
	r = json_parse(&o, jws.payload, jws.payload_len);
	if (r == -ENOMEM)
		return r;
	if (r < 0 || !json_object_is_type(o, json_type_object))
		return refuse(result, OAUTH_TOKEN_INVALID, "the signed text is not a JSON object");
	fault = signed_fault(o, expect);
	if (fault != NULL)
		return refuse(result, OAUTH_TOKEN_INVALID, fault);
	*ret = LK_STEAL(o);
	return 0;
}

static int read_plain(struct json_object **ret, struct oauth_result *result, const char *body, size_t len)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = NULL;
	int r = json_parse(&o, body, len);

	if (r == -ENOMEM)
		return r;
	if (r < 0 || !json_object_is_type(o, json_type_object))
		return refuse(result, OAUTH_BAD_REPLY, "not a JSON object");
	*ret = LK_STEAL(o);
	return 0;
}

int userinfo_parse(struct json_object **ret, struct oauth_result *result, const struct userinfo_expectation *expect,
		   const char *content_type, const char *body, size_t len)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = NULL;
	const char *subject;
	int r;

	if (is_jwt(content_type))
		r = read_signed(&o, result, expect, body, len);
	else
		r = read_plain(&o, result, body, len);
	if (r != 0)
		return r;

	if (expect->subject != NULL &&
	    (json_read_string(o, "sub", ID_TOKEN_SUBJECT_MAX, &subject) < 0 || strcmp(subject, expect->subject) != 0))
		return refuse(result, OAUTH_TOKEN_INVALID, "speaks of another subject than the ID token");
	*ret = LK_STEAL(o);
	return 0;
}

/* What an ID token alone may say, being signed, dated and meant for us; and pointers to claims elsewhere (ID-19). */
static bool is_token_claim(const char *name)
{
	static const char *const names[] = {
		"iss", "sub", "aud", "azp", "exp",     "nbf",    "iat", "jti", "auth_time",    "nonce",          "acrs",
		"acr", "amr", "sid", "tid", "at_hash", "c_hash", "oid", "cnf", "_claim_names", "_claim_sources",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

static bool is_same_text(struct json_object *a, struct json_object *b, const char *name)
{
	const char *text_a, *text_b;

	return json_read_string(a, name, JSON_MAX_BYTES, &text_a) == 0 &&
	       json_read_string(b, name, JSON_MAX_BYTES, &text_b) == 0 && strcmp(text_a, text_b) == 0;
}

/* A mark says something of the value beside it: it must not come to stand beside another one. */
static bool mark_fits(struct json_object *claims, struct json_object *userinfo, const char *name)
{
	static const char *const marks[][2] = {
		{"email_verified", "email"},
		{"phone_number_verified", "phone_number"},
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const char *mark = marks[i][0], *value = marks[i][1];

		if (strcmp(name, mark) == 0 && json_object_object_get_ex(claims, value, NULL))
			return is_same_text(claims, userinfo, value);
		/* nor a value beside a mark that was said of another one, or of none */
		if (strcmp(name, value) == 0 && json_object_object_get_ex(claims, mark, NULL) &&
		    !json_object_equal(json_object_object_get(claims, mark), json_object_object_get(userinfo, mark)))
			return false;
	}
	return true;
}

static bool is_to_be_added(struct json_object *claims, struct json_object *userinfo, const char *name)
{
	struct json_object *have = NULL;

	if (is_token_claim(name))
		return false;
	if (json_object_object_get_ex(claims, name, &have) && have != NULL)
		return false;
	return mark_fits(claims, userinfo, name);
}

int userinfo_merge(struct json_object *claims, struct json_object *userinfo)
{
	struct json_object_iterator at = json_object_iter_begin(userinfo);
	struct json_object_iterator end = json_object_iter_end(userinfo);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		const char *name = json_object_iter_peek_name(&at);
		struct json_object *value = json_object_iter_peek_value(&at);

		if (value == NULL || !is_to_be_added(claims, userinfo, name))
			continue;
		if (json_object_object_add(claims, name, json_object_get(value)) < 0) {
			json_object_put(value);
			return -ENOMEM;
		}
	}
	return 0;
}

void userinfo_result_from_status(struct oauth_result *result, unsigned status)
{
	/* RFC 6750 section 3.1: 403 is about the token's scope, and GitHub's and Salesforce's about limits or the
	 * session; none of them is mended by asking again. */
	if (status == 401)
		oauth_result_set(result, OAUTH_TOKEN_REFUSED, "userinfo: HTTP 401, the access token is not accepted");
	else if (status == 403)
		oauth_result_set(result, OAUTH_PROVIDER_REFUSED, "userinfo: HTTP 403");
	else
		oauth_result_from_status(result, "userinfo", status);
}
