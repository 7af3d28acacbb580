/* SPDX-License-Identifier: MIT */
/* Client metadata, there and back: RFC 7591, RFC 7592; REG-02 to REG-08. */
#include "helper/oauth/registration.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/json.h"
#include "tests/unit/oauth/world.h"

#define NOW_S 1700000000
#define MANAGED "\"registration_client_uri\":\"https://idp.example/reg/c?x=1\",\"registration_access_token\":\"rat-1\""
#define BASIC "\"token_endpoint_auth_method\":\"client_secret_basic\""

static const char jwks[] = "{\"keys\":[{\"kty\":\"EC\",\"kid\":\"k\"}]}";
static struct world w;

static int begin(void **state)
{
	(void)state;
	world_init(&w, "generic");
	world_text(&w.settings.scope, "openid email");
	w.settings.algorithms = 1u << JWS_ES256;
	return 0;
}

static int end(void **state)
{
	(void)state;
	world_done(&w);
	return 0;
}

static int parse(struct registration **ret, struct oauth_result *result, const struct registration *old,
		 unsigned status, const char *body)
{
	return registration_parse(ret, result, &w.settings, old, status, body, strlen(body), NOW_S);
}

static struct registration *good(const struct registration *old, const char *body)
{
	struct oauth_result result = {.outcome = OAUTH_DONE};
	struct registration *r = NULL;

	if (parse(&r, &result, old, old ? 200 : 201, body) != 0)
		fail_msg("%s: %s", body, result.detail);
	return r;
}

static const char *text_of(struct json_object *o, const char *key)
{
	const char *text = NULL;

	return json_read_string(o, key, 4096, &text) == 0 ? text : NULL;
}

static struct registration_wish by_key(void)
{
	return (struct registration_wish){.host = "workstation",
					  .client_auth = CLIENT_AUTH_PRIVATE_KEY_JWT,
					  .jwks = jwks,
					  .algorithm = JWS_ES256};
}

static void request(void **state)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *o = NULL;
	struct registration_wish wish = by_key();

	(void)state;
	wish.uses_ciba = true;
	wish.uses_client_credentials = true;
	wish.own_scope = "people.read";
	assert_int_equal(registration_request(&o, &w.settings, &wish, NULL), 0);
	assert_string_equal(json_text(o),
			    "{\"client_name\":\"Latchkey on workstation\",\"grant_types\":[\"urn:ietf:params:oauth:"
			    "grant-type:device_code\",\"refresh_token\",\"urn:openid:params:grant-type:ciba\","
			    "\"client_credentials\"],\"response_types\":[],\"redirect_uris\":[],"
			    "\"token_endpoint_auth_method\":\"private_key_jwt\",\"scope\":\"openid email people.read\","
			    "\"id_token_signed_response_alg\":\"ES256\",\"backchannel_token_delivery_mode\":\"poll\","
			    "\"jwks\":{\"keys\":[{\"kty\":\"EC\",\"kid\":\"k\"}]},\"token_endpoint_auth_signing_alg\":"
			    "\"ES256\"}");
	json_put_wiped(LK_STEAL(o));
	wish.jwks = "no set";
	assert_int_equal(registration_request(&o, &w.settings, &wish, NULL), -EINVAL);
	wish.jwks = NULL;
	assert_int_equal(registration_request(&o, &w.settings, &wish, NULL), -EINVAL);
}

/* REG-04, REG-08: what the provider added stays, what is its own to say does not, and keys are never given in two ways. */
static void update_says_it_all(void **state)
{
	LK_CLEANUP(registration_freep) struct registration *old = NULL;
	LK_CLEANUP(json_put_wipedp) struct json_object *o = NULL;
	const struct registration_wish wish = by_key();

	(void)state;
	old = good(NULL, "{\"client_id\":\"c\",\"client_id_issued_at\":5,\"client_secret\":\"s\","
			 "\"client_secret_expires_at\":0,\"contacts\":[\"a@b\"],\"jwks_uri\":\"https://idp.example/k\","
			 "\"nothing\":null,\"client_name\":\"old\"," BASIC "," MANAGED "}");
	assert_int_equal(registration_request(&o, &w.settings, &wish, old), 0);
	assert_string_equal(text_of(o, "client_id"), "c");
	assert_string_equal(text_of(o, "client_name"), "Latchkey on workstation");
	assert_non_null(json_object_object_get(o, "contacts"));
	assert_non_null(json_object_object_get(o, "jwks"));
	assert_false(json_object_object_get_ex(o, "jwks_uri", NULL));
	assert_false(json_object_object_get_ex(o, "nothing", NULL));
	assert_false(json_object_object_get_ex(o, "client_secret", NULL));
	assert_false(json_object_object_get_ex(o, "client_secret_expires_at", NULL));
	assert_false(json_object_object_get_ex(o, "client_id_issued_at", NULL));
	assert_false(json_object_object_get_ex(o, "registration_access_token", NULL));
	assert_false(json_object_object_get_ex(o, "registration_client_uri", NULL));
	/* the old one is whole still, also when the request is wiped */
	json_put_wiped(LK_STEAL(o));
	assert_string_equal(text_of(old->reply, "client_id"), "c");
	assert_string_equal(text_of(old->reply, "client_secret"), "s");
}

/* A client with a secret names the present one. */
static void update_with_a_secret(void **state)
{
	LK_CLEANUP(registration_freep) struct registration *old = NULL;
	LK_CLEANUP(json_put_wipedp) struct json_object *o = NULL;
	const struct registration_wish wish = {.host = "h", .client_auth = CLIENT_AUTH_POST};

	(void)state;
	old = good(NULL, "{\"client_id\":\"c\",\"client_secret\":\"s\",\"client_secret_expires_at\":0," BASIC
			 "," MANAGED "}");
	assert_int_equal(registration_request(&o, &w.settings, &wish, old), 0);
	assert_string_equal(text_of(o, "client_secret"), "s");
	assert_string_equal(text_of(o, "token_endpoint_auth_method"), "client_secret_post");
}

/* REG-03: what came back counts, whatever was asked for; what is not known is passed over. */
static void what_came_back(void **state)
{
	static const struct {
		const char *body;
		enum client_auth method;
		const char *secret;
	} rows[] = {
		{"{\"client_id\":\"c\",\"client_secret\":\"s\",\"x\":[1]}", CLIENT_AUTH_BASIC, "s"},
		{"{\"client_id\":\"c\",\"client_secret\":\"s\"," BASIC "}", CLIENT_AUTH_BASIC, "s"},
		{"{\"client_id\":\"c\",\"client_secret\":\"s\",\"token_endpoint_auth_method\":\"client_secret_post\"}",
		 CLIENT_AUTH_POST, "s"},
		{"{\"client_id\":\"c\",\"client_secret\":\"s\",\"token_endpoint_auth_method\":\"private_key_jwt\"}",
		 CLIENT_AUTH_PRIVATE_KEY_JWT, NULL},
		{"{\"client_id\":\"c\",\"token_endpoint_auth_method\":\"none\"}", CLIENT_AUTH_NONE, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		LK_CLEANUP(registration_freep) struct registration *r = good(NULL, rows[i].body);

		assert_string_equal(r->client_id, "c");
		assert_int_equal(r->client_auth, rows[i].method);
		assert_int_equal(r->client_secret != NULL, rows[i].secret != NULL);
		assert_null(r->uri);
		assert_null(r->token);
		assert_int_equal(registration_renew_at_s(r), 0);
	}
}

static void refused(void **state)
{
	static const struct {
		unsigned status;
		const char *body;
		enum oauth_outcome outcome;
	} rows[] = {
		{201, "", OAUTH_BAD_REPLY},
		{201, "[]", OAUTH_BAD_REPLY},
		{201, "{}", OAUTH_BAD_REPLY},
		{201, "{\"client_id\":\"c\",\"client_id\":\"d\"}", OAUTH_BAD_REPLY},
		{201, "{\"client_id\":5}", OAUTH_BAD_REPLY},
		{201, "{\"client_id\":\"a b\",\"token_endpoint_auth_method\":\"none\"}", OAUTH_BAD_REPLY},
		{201, "{\"client_id\":\"c\"}", OAUTH_BAD_REPLY}, /* basic by default, and no secret */
		{201, "{\"client_id\":\"c\",\"client_secret\":\"s s\"}", OAUTH_BAD_REPLY},
		{201, "{\"client_id\":\"c\",\"client_secret\":\"s\",\"client_secret_expires_at\":\"0\"}",
		 OAUTH_BAD_REPLY},
		{201, "{\"client_id\":\"c\",\"client_secret\":\"s\",\"client_secret_expires_at\":-1}", OAUTH_BAD_REPLY},
		{201, "{\"client_id\":\"c\",\"token_endpoint_auth_method\":\"client_secret_jwt\"}", OAUTH_BAD_REPLY},
		{201, "{\"client_id\":\"c\",\"token_endpoint_auth_method\":7}", OAUTH_BAD_REPLY},
		{201,
		 "{\"client_id\":\"c\",\"token_endpoint_auth_method\":\"none\",\"registration_access_token\":\"t\"}",
		 OAUTH_BAD_REPLY},
		/* N2, REG-06 */
		{201,
		 "{\"client_id\":\"c\",\"token_endpoint_auth_method\":\"none\",\"registration_access_token\":\"t\","
		 "\"registration_client_uri\":\"http://idp.example/c\"}",
		 OAUTH_BAD_REPLY},
		{201,
		 "{\"client_id\":\"c\",\"token_endpoint_auth_method\":\"none\",\"registration_access_token\":\"t\\n\","
		 "\"registration_client_uri\":\"https://idp.example/c\"}",
		 OAUTH_BAD_REPLY},
		/* REG-05 */
		{400, "{\"error\":\"invalid_client_metadata\",\"error_description\":\"x\"}", OAUTH_CLIENT_REFUSED},
		{400, "{\"error\":\"invalid_redirect_uri\"}", OAUTH_CLIENT_REFUSED},
		{400, "{\"error\":\"invalid_software_statement\"}", OAUTH_CLIENT_REFUSED},
		{400, "{\"error\":\"unapproved_software_statement\"}", OAUTH_CLIENT_REFUSED},
		{401, "{\"error\":\"invalid_token\"}", OAUTH_TOKEN_REFUSED},
		{401, "", OAUTH_TOKEN_REFUSED},
		{403, "<html>", OAUTH_TOKEN_REFUSED},
		{429, "", OAUTH_THROTTLED},
		{503, "", OAUTH_UNREACHABLE},
		{302, "", OAUTH_BAD_REPLY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct oauth_result result = {.outcome = OAUTH_DONE};
		struct registration *r = NULL;

		assert_int_equal(parse(&r, &result, NULL, rows[i].status, rows[i].body), -EBADMSG);
		assert_null(r);
		if (result.outcome != rows[i].outcome)
			fail_msg("%u %s: %s", rows[i].status, rows[i].body, result.detail);
		assert_string_not_equal(result.detail, "");
	}
}

static void limits(void **state)
{
	static char body[REGISTRATION_BODY_MAX + 64];
	struct oauth_result result;
	struct registration *r = NULL;

	(void)state;
	(void)snprintf(body, sizeof(body),
		       "{\"client_id\":\"c\",\"token_endpoint_auth_method\":\"none\",\"x\":\"%*s\"}",
		       (int)REGISTRATION_BODY_MAX - 66, "");
	assert_int_equal(parse(&r, &result, NULL, 201, body), 0);
	registration_free(LK_STEAL(r));
	memset(body + strlen(body) - 1, ' ', 2);
	body[REGISTRATION_BODY_MAX] = '}';
	assert_int_equal(
		registration_parse(&r, &result, &w.settings, NULL, 201, body, REGISTRATION_BODY_MAX + 1, NOW_S),
		-EBADMSG);
	for (size_t len = REGISTRATION_ID_MAX; len <= REGISTRATION_ID_MAX + 1; len++) {
		char id[REGISTRATION_ID_MAX + 2] = "";

		memset(id, 'i', len);
		(void)snprintf(body, sizeof(body), "{\"client_id\":\"%s\",\"token_endpoint_auth_method\":\"none\"}",
			       id);
		assert_int_equal(parse(&r, &result, NULL, 201, body), len > REGISTRATION_ID_MAX ? -EBADMSG : 0);
		registration_free(r);
		r = NULL;
	}
}

/* REG-07: what is new takes the place of the old, and what was not repeated stays. */
static void updates(void **state)
{
	LK_CLEANUP(registration_freep) struct registration *old = NULL, *same = NULL, *turned = NULL;
	struct oauth_result result;

	(void)state;
	old = good(NULL, "{\"client_id\":\"c\",\"client_secret\":\"s\",\"client_secret_expires_at\":1700000900," BASIC
			 "," MANAGED "}");
	same = good(old, "{\"client_id\":\"c\"," BASIC "}");
	assert_string_equal(secret_data(same->client_secret), "s");
	assert_int_equal(same->secret_expires_s, 1700000900);
	assert_string_equal(same->uri, "https://idp.example/reg/c?x=1");
	assert_string_equal(secret_data(same->token), "rat-1");
	turned = good(same, "{\"client_id\":\"c\",\"client_secret\":\"s2\"," BASIC
			    ",\"registration_access_token\":\"rat-2\"}");
	assert_string_equal(secret_data(turned->client_secret), "s2");
	assert_int_equal(turned->secret_expires_s, 0);
	assert_string_equal(turned->uri, "https://idp.example/reg/c?x=1");
	assert_string_equal(secret_data(turned->token), "rat-2");
	registration_free(LK_STEAL(same));
	assert_int_equal(parse(&same, &result, old, 200, "{\"client_id\":\"d\"," BASIC "}"), -EBADMSG);
	assert_null(same);
}

/* REG-02: at two thirds of the life of a secret, whatever clock the provider has. */
static void renewal(void **state)
{
	static const struct {
		int64_t expires_s, renew_s;
	} rows[] = {{0, 0}, {NOW_S + 900, NOW_S + 600}, {NOW_S + 1, NOW_S}, {NOW_S - 5, NOW_S}, {1, NOW_S}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		LK_CLEANUP(registration_freep) struct registration *r = NULL;
		char body[256];

		(void)snprintf(body, sizeof(body),
			       "{\"client_id\":\"c\",\"client_secret\":\"s\",\"client_secret_expires_at\":%lld}",
			       (long long)rows[i].expires_s);
		r = good(NULL, body);
		assert_int_equal(registration_renew_at_s(r), rows[i].renew_s);
	}
}

static void kept(void **state)
{
	LK_CLEANUP(registration_freep) struct registration *r = NULL, *again = NULL;
	LK_CLEANUP(secret_freep) struct secret *text = NULL, *bad = NULL;

	(void)state;
	r = good(NULL, "{\"client_id\":\"c\",\"client_secret\":\"s\\\"\\\\\",\"client_secret_expires_at\":1700000900,"
		       "\"n\":1.5,"
		       "\"o\":{\"a\":[true]}," BASIC "," MANAGED "}");
	assert_int_equal(registration_encode(&text, r), 0);
	assert_int_equal(registration_decode(&again, &w.settings, text), 0);
	assert_string_equal(again->client_id, "c");
	assert_string_equal(secret_data(again->client_secret), "s\"\\");
	assert_int_equal(again->secret_expires_s, 1700000900);
	assert_int_equal(again->received_s, NOW_S);
	assert_string_equal(again->uri, r->uri);
	assert_string_equal(secret_data(again->token), "rat-1");
	assert_non_null(json_object_object_get(again->reply, "o"));
	assert_int_equal(secret_copy(&bad, "{\"received_s\":1}", 16), 0);
	assert_int_equal(registration_decode(&again, &w.settings, bad), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request),
		cmocka_unit_test(update_says_it_all),
		cmocka_unit_test(update_with_a_secret),
		cmocka_unit_test(what_came_back),
		cmocka_unit_test(refused),
		cmocka_unit_test(limits),
		cmocka_unit_test(updates),
		cmocka_unit_test(renewal),
		cmocka_unit_test(kept),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
