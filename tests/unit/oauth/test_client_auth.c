/* SPDX-License-Identifier: MIT */
/*
 * A client that proves itself by a key: private_key_jwt (OpenID Connect Core section 9, RFC 7523; AS-01 to AS-04, AS-06) and
 * TLS (RFC 8705; ML-01, ML-02).
 */
#include "helper/oauth/client_auth.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "helper/base/json.h"
#include "helper/jose/jws.h"
#include "helper/oauth/client_credentials.h"
#include "helper/oauth/introspect.h"
#include "helper/oauth/refresh.h"
#include "helper/oauth/revoke.h"
#include "tests/unit/jose/make_token.h"
#include "tests/unit/oauth/world.h"

#define REQUESTS_MAX 64u

static const char type_parameter[] =
	"client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
static const char metadata[] = "{\"issuer\":\"https://idp.example\","
			       "\"device_authorization_endpoint\":\"https://idp.example/device\","
			       "\"backchannel_authentication_endpoint\":\"https://idp.example/ciba\","
			       "\"token_endpoint\":\"https://idp.example/token\","
			       "\"introspection_endpoint\":\"https://idp.example/introspect\","
			       "\"revocation_endpoint\":\"https://idp.example/revoke\","
			       "\"jwks_uri\":\"https://idp.example/jwks\"}";
static const char refused[] = "{\"error\":\"invalid_client\",\"error_description\":\"assertion iat is in the future\"}";

struct answer {
	unsigned told;
	struct oauth_result result;
};

static struct jwk_set *set;

static struct signing_key *make_key(void)
{
	BIO *out = BIO_new(BIO_s_mem());
	struct signing_key *k = NULL;
	char *text = NULL;
	long len;

	assert_non_null(out);
	assert_int_equal(PEM_write_bio_PrivateKey(out, test_key(JWS_ES256, 0), NULL, NULL, 0, NULL, NULL), 1);
	len = BIO_get_mem_data(out, &text);
	assert_int_equal(signing_key_from_pem(&k, text, (size_t)len, JWS_NONE), 0);
	BIO_free(out);
	return k;
}

static void begin(struct world *w)
{
	world_init(w, "generic");
	w->settings.client_auth = CLIENT_AUTH_PRIVATE_KEY_JWT;
	w->settings.client_key = make_key();
	world_prepare_with(w, metadata);
}

static void end(struct world *w)
{
	struct signing_key *k = w->settings.client_key;

	world_text(&w->settings.client_assertion_audience, NULL);
	world_done(w);
	signing_key_unref(k);
}

/* What follows @name and '='; a JWT needs no decoding. */
static void parameter(char *ret, size_t size, const char *body, const char *name)
{
	const char *at = strstr(body, name);
	size_t len;

	assert_non_null(at);
	at += strlen(name);
	len = strcspn(at, "&");
	assert_true(len < size);
	memcpy(ret, at, len);
	ret[len] = '\0';
}

/* Judges the assertion of a request, and remembers that no other had its number. */
static void check_request(const struct fake_request *q, const char *audience, const char *seen[REQUESTS_MAX], size_t *n)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = NULL;
	const char *text;
	char token[2048];
	struct jws j;
	int64_t iat, exp;

	/* AS-01 */
	assert_non_null(strstr(q->body, type_parameter));
	assert_null(strstr(strstr(q->body, "client_assertion=") + 1, "client_assertion="));
	assert_null(strstr(q->body, "client_secret"));
	assert_null(strstr(q->headers, "Authorization"));
	assert_null(strstr(q->url, "client_assertion"));
	assert_non_null(strstr(q->body, "client_id=client&"));

	parameter(token, sizeof(token), q->body, "client_assertion=");
	assert_int_equal(jws_verify(&j, token, strlen(token), set, 1u << JWS_ES256), 0);
	assert_int_equal(json_parse(&o, j.payload, j.payload_len), 0);
	jws_done(&j);
	/* AS-02, AS-03 */
	assert_int_equal(json_read_string(o, "iss", 64, &text), 0);
	assert_string_equal(text, "client");
	assert_int_equal(json_read_string(o, "sub", 64, &text), 0);
	assert_string_equal(text, "client");
	assert_int_equal(json_read_string(o, "aud", 64, &text), 0);
	assert_string_equal(text, audience);
	/* AS-04 */
	assert_int_equal(json_read_int(o, "iat", 0, INT64_MAX, &iat), 0);
	assert_int_equal(json_read_int(o, "exp", 0, INT64_MAX, &exp), 0);
	assert_in_range(iat - FAKE_START_S, 0, 1000);
	assert_true(exp - iat > 0 && exp - iat <= 300);
	assert_int_equal(json_read_string(o, "jti", 64, &text), 0);
	for (size_t i = 0; i < *n; i++)
		assert_string_not_equal(text, seen[i]);
	assert_true(*n < REQUESTS_MAX);
	seen[*n] = strdup(text);
	assert_non_null(seen[*n]);
	(*n)++;
}

static void check_all(const char *audience, size_t expected)
{
	const char *seen[REQUESTS_MAX] = {NULL};
	size_t n = 0;

	assert_int_equal(fake.n_requests, expected);
	for (size_t i = 0; i < fake.n_requests; i++)
		check_request(&fake.requests[i], audience, seen, &n);
	for (size_t i = 0; i < n; i++)
		free((char *)(uintptr_t)seen[i]);
}

/* A code, three polls: each has an assertion of its own. */
static void as_04_device_and_polls(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	fake_reply(200, "{\"device_code\":\"d\",\"user_code\":\"U\",\"verification_uri\":\"https://idp.example/d\","
			"\"expires_in\":600,\"interval\":1}");
	fake_reply(400, "{\"error\":\"authorization_pending\"}");
	fake_failure(FETCH_BROKEN);
	fake_reply(400, "{\"error\":\"access_denied\"}");
	assert_int_equal(world_start(&w, 600), 0);
	fake_run_ms(60000);
	assert_int_equal(w.ended, 1);
	check_all("https://idp.example", 4);
	end(&w);
}

static void as_04_ciba(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	w.request.host = "workstation";
	w.request.subject = "248289761001";
	fake_reply(200, "{\"auth_req_id\":\"a\",\"expires_in\":120,\"interval\":1}");
	fake_reply(400, "{\"error\":\"access_denied\"}");
	assert_int_equal(world_start_method(&w, FLOW_CIBA, 60), 0);
	fake_run_ms(60000);
	assert_int_equal(w.ended, 1);
	check_all("https://idp.example", 2);
	end(&w);
}

static void on_refreshed(void *userdata, enum refresh_outcome outcome, const struct oauth_result *result,
			 struct token_set *tokens, uint32_t retry_after_s)
{
	struct answer *a = userdata;

	(void)outcome;
	(void)retry_after_s;
	token_set_free(tokens);
	a->told++;
	a->result = *result;
}

static void on_introspected(void *userdata, enum introspect_outcome outcome, const struct oauth_result *result)
{
	(void)outcome;
	on_refreshed(userdata, REFRESH_LOST, result, NULL, 0);
}

static void on_revoked(void *userdata, enum revoke_outcome outcome, const struct oauth_result *result,
		       uint32_t retry_after_s)
{
	(void)outcome;
	(void)retry_after_s;
	on_refreshed(userdata, REFRESH_LOST, result, NULL, 0);
}

static void on_token(void *userdata, const struct oauth_result *result)
{
	on_refreshed(userdata, REFRESH_LOST, result, NULL, 0);
}

static void refresh_once(struct world *w, struct answer *a)
{
	LK_CLEANUP(secret_freep) struct secret *token = NULL;
	struct refresh_request request = {0};
	struct refresh *r;

	assert_int_equal(secret_copy(&token, "rt", 2), 0);
	request.refresh_token = token;
	*a = (struct answer){0};
	assert_int_equal(refresh_start(&r, w->provider, NULL, NULL, &request, on_refreshed, a), 0);
	fake_run_ms(60000);
	assert_int_equal(a->told, 1);
	refresh_free(r);
}

/* Every other request that has client authentication, and again where one is tried again. */
static void as_04_all_other_requests(void **state)
{
	LK_CLEANUP(secret_freep) struct secret *token = NULL;
	struct client_credentials *c;
	struct introspect *i;
	struct revoke *r;
	struct answer a = {0};
	struct world w;

	(void)state;
	begin(&w);
	world_text(&w.settings.client_assertion_audience, "https://idp.example/token");
	refresh_once(&w, &a);
	assert_int_equal(secret_copy(&token, "at", 2), 0);
	assert_true(introspect_is_possible(w.provider));
	assert_int_equal(introspect_start(&i, w.provider, NULL, token, on_introspected, &a), 0);
	fake_run_ms(60000);
	introspect_free(i);
	assert_int_equal(revoke_start(&r, w.provider, NULL, NULL, token, NULL, on_revoked, &a), 0);
	fake_run_ms(300000);
	revoke_free(r);
	assert_int_equal(client_credentials_new(&c, w.provider, NULL, &w.settings, "s"), 0);
	assert_int_equal(client_credentials_prepare(c, on_token, &a), 0);
	fake_run_ms(60000);
	client_credentials_free(c);
	assert_int_equal(a.told, 4);
	check_all("https://idp.example/token", 1 + 1 + 3 + 1);
	end(&w);
}

/* AS-05, AS-06: one request and no more, and the line names the clock that is wrong. */
static void as_06_clock(void **state)
{
	static const struct {
		int64_t date_s;
		const char *begins;
	} rows[] = {
		{FAKE_START_S - 600, "the clock of this host is 600 s ahead of the provider's: provider says "},
		{FAKE_START_S + 600, "the clock of this host is 600 s behind the provider's: provider says "},
		{FAKE_START_S + 5, "provider says invalid_client"},
		{0, "provider says invalid_client: assertion iat is in the future"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w;

		begin(&w);
		fake_reply(401, refused);
		fake_reply_dated(rows[i].date_s);
		assert_int_equal(world_start(&w, 600), 0);
		fake_run_ms(600000);
		assert_int_equal(fake.n_requests, 1);
		assert_int_equal(w.result.outcome, OAUTH_CLIENT_REFUSED);
		if (strstr(w.result.detail, rows[i].begins) != w.result.detail)
			fail_msg("%s", w.result.detail);
		end(&w);
	}
}

/* The clock is no reason where no assertion was shown, or another one failed. */
static void as_06_only_for_assertions(void **state)
{
	struct answer a;
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_secret(&w, CLIENT_AUTH_POST, "s");
	world_prepare_with(&w, metadata);
	fake_reply(401, refused);
	fake_reply_dated(FAKE_START_S - 600);
	refresh_once(&w, &a);
	assert_null(strstr(a.result.detail, "clock"));
	world_done(&w);
	begin(&w);
	fake_reply(400, "{\"error\":\"invalid_grant\"}");
	fake_reply_dated(FAKE_START_S - 600);
	refresh_once(&w, &a);
	assert_null(strstr(a.result.detail, "clock"));
	end(&w);
}

static void a_key_is_needed(void **state)
{
	struct answer a = {0};
	struct client_credentials *c;
	struct signing_key *k;
	struct world w;

	(void)state;
	begin(&w);
	k = LK_STEAL(w.settings.client_key);
	assert_int_equal(client_credentials_new(&c, w.provider, NULL, &w.settings, "s"), 0);
	assert_int_equal(client_credentials_prepare(c, on_token, &a), 0);
	fake_run();
	assert_int_equal(a.result.outcome, OAUTH_CLIENT_REFUSED);
	assert_int_equal(fake.n_requests, 0);
	assert_false(introspect_is_possible(w.provider));
	client_credentials_free(c);
	w.settings.client_key = k;
	end(&w);
}

/* ML-01: by TLS the request names the client, and nothing else proves it. */
static void ml_01_client_id(void **state)
{
	struct answer a;
	struct world w;

	(void)state;
	world_init(&w, "generic");
	w.settings.client_auth = CLIENT_AUTH_MTLS;
	world_prepare_with(&w, metadata);
	assert_true(introspect_is_possible(w.provider));
	refresh_once(&w, &a);
	assert_string_equal(fake_last()->body, "grant_type=refresh_token&refresh_token=rt&client_id=client");
	assert_null(strstr(fake_last()->headers, "Authorization"));
	world_done(&w);
}

/* ML-02: a client that shows a certificate goes to the aliases, every other one does not; what has none stays. */
static void ml_02_aliases(void **state)
{
	static const char text[] = "{\"issuer\":\"https://idp.example\",\"token_endpoint\":\"https://idp.example/t\","
				   "\"revocation_endpoint\":\"https://idp.example/r\","
				   "\"jwks_uri\":\"https://idp.example/j\",\"mtls_endpoint_aliases\":{"
				   "\"token_endpoint\":\"https://mtls.example/t\",\"other\":5}}";
	struct world w;

	(void)state;
	for (enum client_auth method = CLIENT_AUTH_NONE; method <= CLIENT_AUTH_MTLS; method++) {
		world_init(&w, "generic");
		w.settings.client_auth = method;
		world_prepare_with(&w, text);
		assert_string_equal(provider_token_endpoint(w.provider),
				    method == CLIENT_AUTH_MTLS ? "https://mtls.example/t" : "https://idp.example/t");
		assert_string_equal(provider_revocation_endpoint(w.provider), "https://idp.example/r");
		world_done(&w);
	}
}

/* N2: an alias is an endpoint like every other. */
static void ml_02_bad_aliases(void **state)
{
	static const char *const bad[] = {
		"5",
		"[]",
		"\"https://idp.example/t\"",
		"{\"token_endpoint\":5}",
		"{\"token_endpoint\":\"http://a.example/\"}",
		"{\"userinfo_endpoint\":\"https://169.254.169.254/\"}",
	};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[512], why[OAUTH_DETAIL_MAX];
		struct json_object *o = NULL;

		(void)snprintf(text, sizeof(text),
			       "{\"issuer\":\"https://idp.example\",\"token_endpoint\":\"https://idp.example/t\","
			       "\"jwks_uri\":\"https://idp.example/j\",\"mtls_endpoint_aliases\":%s}",
			       bad[i]);
		assert_int_equal(provider_metadata_check(&o, &w.settings, text, strlen(text), why), -EBADMSG);
	}
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_04_device_and_polls),    cmocka_unit_test(as_04_ciba),
		cmocka_unit_test(as_04_all_other_requests),  cmocka_unit_test(as_06_clock),
		cmocka_unit_test(as_06_only_for_assertions), cmocka_unit_test(a_key_is_needed),
		cmocka_unit_test(ml_01_client_id),           cmocka_unit_test(ml_02_aliases),
		cmocka_unit_test(ml_02_bad_aliases),
	};
	char text[4096], key[2048], kid[128];
	struct signing_key *k = make_key();
	int r;

	(void)snprintf(kid, sizeof(kid), ",\"kid\":\"%s\"", signing_key_kid(k));
	signing_key_unref(k);
	test_jwk(key, sizeof(key), test_key(JWS_ES256, 0), kid);
	(void)snprintf(text, sizeof(text), "{\"keys\":[%s]}", key);
	if (jwk_set_parse(&set, text, strlen(text)) < 0)
		return 1;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	jwk_set_free(set);
	test_keys_done();
	return r;
}
