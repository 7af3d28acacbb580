/* SPDX-License-Identifier: MIT */
/* Writes and reads client metadata. What came back counts, never what was asked for; what this client could not use is refused
 * as a whole. */
#include "helper/oauth/registration.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/buf.h"
#include "helper/base/json.h"
#include "helper/oauth/error.h"
#include "helper/oauth/reply.h"
#include "helper/oauth/uri.h"

#define DEVICE_GRANT "urn:ietf:params:oauth:grant-type:device_code"
#define CIBA_GRANT "urn:openid:params:grant-type:ciba"
#define GRANTS_MAX 32u
#define TIME_MAX (INT64_C(1) << 53)

static const char what[] = "registration";

static const struct {
	enum client_auth method;
	const char *name;
} methods[] = {
	{CLIENT_AUTH_NONE, "none"},
	{CLIENT_AUTH_BASIC, "client_secret_basic"},
	{CLIENT_AUTH_POST, "client_secret_post"},
	{CLIENT_AUTH_PRIVATE_KEY_JWT, "private_key_jwt"},
};

void registration_free(struct registration *r)
{
	if (r == NULL)
		return;
	free(r->client_id);
	secret_free(r->client_secret);
	free(r->uri);
	secret_free(r->token);
	json_put_wiped(r->reply);
	free(r);
}

/* --- the request --------------------------------------------------------------------------------------------------- */

/* @value: taken over, may be NULL. Return: false without memory or value. */
static bool put(struct json_object *o, const char *key, struct json_object *value)
{
	if (value != NULL && json_object_object_add(o, key, value) == 0)
		return true;
	json_object_put(value);
	return false;
}

static bool put_text(struct json_object *o, const char *key, const char *text)
{
	return put(o, key, json_object_new_string(text));
}

static bool append_text(struct json_object *list, const char *text)
{
	struct json_object *value = json_object_new_string(text);

	if (value != NULL && json_object_array_add(list, value) == 0)
		return true;
	json_object_put(value);
	return false;
}

static bool put_grants(struct json_object *o, const struct registration_wish *wish)
{
	struct json_object *list = json_object_new_array();

	if (!put(o, "grant_types", list))
		return false;
	return append_text(list, DEVICE_GRANT) && append_text(list, "refresh_token") &&
	       (!wish->uses_ciba || append_text(list, CIBA_GRANT)) &&
	       (!wish->uses_client_credentials || append_text(list, "client_credentials"));
}

static bool put_name(struct json_object *o, const char *host)
{
	LK_CLEANUP(buf_done) struct buf name = {.max = 256};

	buf_append_text(&name, "Latchkey on ");
	buf_append_text(&name, host);
	return buf_fault(&name) == 0 && put_text(o, "client_name", name.data);
}

static bool put_scope(struct json_object *o, const char *scope, const char *own)
{
	LK_CLEANUP(buf_done) struct buf words = {.max = 4096};

	buf_append_text(&words, scope);
	if (own != NULL) {
		buf_append_text(&words, " ");
		buf_append_text(&words, own);
	}
	return buf_fault(&words) == 0 && put_text(o, "scope", words.data);
}

static const char *method_name(enum client_auth method)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (methods[i].method == method)
			return methods[i].name;
	return "none";
}

/* REG-04: jwks and never jwks_uri beside it. Return: 0, -EINVAL, -ENOMEM. */
static int put_keys(struct json_object *o, const struct registration_wish *wish)
{
	struct json_object *set = NULL;

	json_object_object_del(o, "jwks_uri");
	if (wish->client_auth == CLIENT_AUTH_PRIVATE_KEY_JWT || wish->client_auth == CLIENT_AUTH_NONE)
		json_object_object_del(o, "client_secret");
	if (wish->client_auth != CLIENT_AUTH_PRIVATE_KEY_JWT)
		return 0;
	if (wish->jwks == NULL || json_parse(&set, wish->jwks, strlen(wish->jwks)) < 0)
		return -EINVAL;
	if (!put(o, "jwks", set) ||
	    !put_text(o, "token_endpoint_auth_signing_alg", jws_algorithm_name(wish->algorithm)))
		return -ENOMEM;
	return 0;
}

/* REG-08: all of it but what only the provider says. A secret is named, which must be the present one. */
static int copy_old(struct json_object *o, const struct registration *old)
{
	static const char *const theirs[] = {"registration_access_token", "registration_client_uri",
					     "client_secret_expires_at", "client_id_issued_at"};

	json_object_object_foreach(old->reply, key, value)
	{
		struct json_object *copy = NULL;

		if (value == NULL)
			continue;
		/* a copy, since the request is wiped when it is sent */
		if (json_object_deep_copy(value, &copy, NULL) < 0 || !put(o, key, LK_STEAL(copy)))
			return -ENOMEM;
	}
	for (size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++)
		json_object_object_del(o, theirs[i]);
	return 0;
}

static int put_wish(struct json_object *o, const struct provider_settings *s, const struct registration_wish *wish)
{
	enum jws_algorithm algorithm = JWS_NONE;

	for (enum jws_algorithm a = JWS_RS256; a < JWS_ALGORITHMS && algorithm == JWS_NONE; a++)
		if ((s->algorithms & (1u << a)) != 0)
			algorithm = a;
	if (!put_name(o, wish->host) || !put_grants(o, wish) || !put(o, "response_types", json_object_new_array()) ||
	    !put(o, "redirect_uris", json_object_new_array()) ||
	    !put_text(o, "token_endpoint_auth_method", method_name(wish->client_auth)))
		return -ENOMEM;
	if (s->scope != NULL && !put_scope(o, s->scope, wish->own_scope))
		return -ENOMEM;
	if (s->dialect->has_id_token && algorithm != JWS_NONE &&
	    !put_text(o, "id_token_signed_response_alg", jws_algorithm_name(algorithm)))
		return -ENOMEM;
	if (wish->uses_ciba && !put_text(o, "backchannel_token_delivery_mode", "poll"))
		return -ENOMEM;
	return put_keys(o, wish);
}

int registration_request(struct json_object **ret, const struct provider_settings *s,
			 const struct registration_wish *wish, const struct registration *old)
{
	struct json_object *o = json_object_new_object();
	int r = o != NULL ? 0 : -ENOMEM;

	if (r == 0 && old != NULL)
		r = copy_old(o, old);
	if (r == 0)
		r = put_wish(o, s, wish);
	if (r < 0) {
		json_put_wiped(o);
		return r;
	}
	*ret = o;
	return 0;
}

/* --- the reply ----------------------------------------------------------------------------------------------------- */

static int refuse(struct oauth_result *result, const char *why)
{
	oauth_result_set(result, OAUTH_BAD_REPLY, "%s: %s", what, why);
	return -EBADMSG;
}

static int read_id(struct registration *r, const struct registration *old, struct oauth_result *result)
{
	const char *text;

	if (json_read_string(r->reply, "client_id", REGISTRATION_ID_MAX, &text) < 0 || !reply_is_visible(text))
		return refuse(result, "the reply names no client_id that can be used");
	if (old != NULL && strcmp(text, old->client_id) != 0)
		return refuse(result, "the reply names another client");
	r->client_id = strdup(text);
	return r->client_id != NULL ? 0 : -ENOMEM;
}

/* RFC 7591 section 2: what is not said is client_secret_basic. */
static int read_method(struct registration *r, struct oauth_result *result)
{
	const char *name;
	int e = json_read_string(r->reply, "token_endpoint_auth_method", 64, &name);

	if (e == -ENOENT)
		name = "client_secret_basic";
	else if (e < 0)
		return refuse(result, "token_endpoint_auth_method is not a text");
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(methods[i].name, name) == 0) {
			r->client_auth = methods[i].method;
			return 0;
		}
	}
	return refuse(result, "the provider has registered an authentication method that is not known here");
}

static int read_secret(struct registration *r, struct oauth_result *result)
{
	bool needs_secret = r->client_auth == CLIENT_AUTH_BASIC || r->client_auth == CLIENT_AUTH_POST;
	int e;

	if (!needs_secret)
		return 0;
	e = reply_secret(&r->client_secret, r->reply, "client_secret", REGISTRATION_SECRET_MAX);
	if (e == -ENOMEM)
		return e;
	if (e < 0)
		return refuse(result, "there is no client_secret for its method");
	/* REG-02: section 3.2.1 wants it with each secret; a server that forgets it means one that does not end. */
	e = json_read_int(r->reply, "client_secret_expires_at", 0, TIME_MAX, &r->secret_expires_s);
	return e == 0 || e == -ENOENT ? 0 : refuse(result, "client_secret_expires_at is not a time");
}

static int read_management(struct registration *r, const struct provider_settings *s, struct oauth_result *result)
{
	const char *uri;
	int has_uri = json_read_string(r->reply, "registration_client_uri", URI_MAX, &uri);
	int has_token = reply_secret(&r->token, r->reply, "registration_access_token", REGISTRATION_TOKEN_MAX);

	if (has_token == -ENOMEM)
		return has_token;
	if (has_uri == -ENOENT && has_token == -ENOENT)
		return 0;
	if (has_uri < 0 || has_token < 0)
		return refuse(result, "registration_client_uri and registration_access_token go together");
	if (uri_endpoint_fault(uri, s->fetch.allow_loopback_http) != NULL)
		return refuse(result, "registration_client_uri must not be asked");
	r->uri = strdup(uri);
	return r->uri != NULL ? 0 : -ENOMEM;
}

/* REG-07: what is new counts at once; what an update does not repeat is still the old. */
static int merge(struct registration *r, const struct registration *old)
{
	static const char *const kept[] = {"client_secret", "client_secret_expires_at", "registration_access_token",
					   "registration_client_uri", "client_id_issued_at"};

	for (size_t i = 0; old != NULL && i < sizeof(kept) / sizeof(kept[0]); i++) {
		struct json_object *copy = NULL;
		struct json_object *value;

		if (json_object_object_get(r->reply, kept[i]) != NULL ||
		    !json_object_object_get_ex(old->reply, kept[i], &value) || value == NULL)
			continue;
		/* the end of an old secret says nothing about a new one */
		if (strcmp(kept[i], "client_secret_expires_at") == 0 &&
		    !json_object_equal(json_object_object_get(r->reply, "client_secret"),
				       json_object_object_get(old->reply, "client_secret")))
			continue;
		if (json_object_deep_copy(value, &copy, NULL) < 0 || !put(r->reply, kept[i], LK_STEAL(copy)))
			return -ENOMEM;
	}
	return 0;
}

static int read_all(struct registration *r, struct oauth_result *result, const struct provider_settings *s,
		    const struct registration *old)
{
	int e = merge(r, old);

	if (e == 0)
		e = read_id(r, old, result);
	if (e == 0)
		e = read_method(r, result);
	if (e == 0)
		e = read_secret(r, result);
	return e < 0 ? e : read_management(r, s, result);
}

static int from_object(struct registration **ret, struct oauth_result *result, const struct provider_settings *s,
		       const struct registration *old, struct json_object *reply, int64_t received_s)
{
	LK_CLEANUP(registration_freep) struct registration *r = calloc(1, sizeof(*r));
	int e;

	if (r == NULL) {
		json_put_wiped(reply);
		return -ENOMEM;
	}
	r->reply = reply;
	r->received_s = received_s;
	e = read_all(r, result, s, old);
	if (e == 0)
		*ret = LK_STEAL(r);
	return e;
}

/* REG-05, RFC 7591 section 3.2.2; RFC 6750 section 3.1 for the token. */
static int read_error(struct oauth_result *result, const struct provider_settings *s, struct json_object *o,
		      unsigned status)
{
	const char *error;

	if (json_read_string(o, "error", OAUTH_ERROR_MAX, &error) == 0)
		oauth_result_from_error(result, s->dialect, error, o);
	else
		oauth_result_from_status(result, what, status);
	if (status == 401 || status == 403)
		result->outcome = OAUTH_TOKEN_REFUSED;
	else if (status >= 400 && status < 500 && status != 429)
		result->outcome = OAUTH_CLIENT_REFUSED;
	return -EBADMSG;
}

int registration_parse(struct registration **ret, struct oauth_result *result, const struct provider_settings *s,
		       const struct registration *old, unsigned status, const char *body, size_t len, int64_t now_s)
{
	struct json_object *o = NULL;
	int e = len <= REGISTRATION_BODY_MAX ? json_parse(&o, body, len) : -E2BIG;

	if (e == -ENOMEM)
		return e;
	if (e == 0 && !json_object_is_type(o, json_type_object)) {
		json_put_wiped(LK_STEAL(o));
		e = -EBADMSG;
	}
	/* 200 instead of 201 is common enough, and says the same */
	if (status != 201 && status != 200) {
		e = read_error(result, s, o, status);
		json_put_wiped(o);
		return e;
	}
	if (e < 0)
		return refuse(result, e == -E2BIG ? "the reply is too long" : "the reply is not a JSON object");
	return from_object(ret, result, s, old, o, now_s);
}

/* --- as it is kept ------------------------------------------------------------------------------------------------- */

int registration_encode(struct secret **ret, const struct registration *r)
{
	LK_CLEANUP(buf_done) struct buf text = {.max = REGISTRATION_TEXT_MAX};
	const char *reply = json_text(r->reply);

	if (reply == NULL)
		return -ENOMEM;
	buf_printf(&text, "{\"received_s\":%lld,\"reply\":", (long long)r->received_s);
	buf_append_text(&text, reply);
	buf_append_text(&text, "}");
	secret_wipe((char *)(uintptr_t)reply, strlen(reply));
	return buf_fault(&text) < 0 ? buf_fault(&text) : secret_copy(ret, text.data, text.len);
}

int registration_decode(struct registration **ret, const struct provider_settings *s, const struct secret *text)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *o = NULL;
	struct json_object *reply = NULL;
	struct oauth_result result;
	int64_t received_s = 0;
	int e = json_parse(&o, secret_data(text), secret_len(text));

	if (e < 0)
		return e;
	if (json_read_int(o, "received_s", 0, TIME_MAX, &received_s) < 0 || json_read_object(o, "reply", &reply) < 0)
		return -EBADMSG;
	json_object_get(reply);
	json_object_object_del(o, "reply");
	return from_object(ret, &result, s, NULL, reply, received_s);
}

int64_t registration_renew_at_s(const struct registration *r)
{
	if (r->client_secret == NULL || r->secret_expires_s == 0)
		return 0;
	if (r->secret_expires_s <= r->received_s)
		return r->received_s;
	return r->received_s + (r->secret_expires_s - r->received_s) / 3 * 2;
}
