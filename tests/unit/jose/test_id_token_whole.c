/* SPDX-License-Identifier: MIT */
/*
 * ID tokens from first to last: signature and claims together, and which of the two speaks first (T15, JW-05, ID-06).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "helper/base/json.h"
#include "helper/jose/id_token.h"
#include "tests/unit/jose/make_token.h"

#define NOW INT64_C(1800000000)
#define ISSUER "https://login.example.com/realms/house"
#define CLIENT "latchkey"
#define ALL UINT32_MAX

static const struct id_token_expectation usual = {
	.issuer = ISSUER,
	.client_id = CLIENT,
	.algorithms = ALL,
	.now_s = NOW,
};

static const char claims_text[] = "{\"iss\":\"" ISSUER "\",\"sub\":\"248289761001\",\"aud\":\"" CLIENT
				  "\",\"exp\":1800000300,\"iat\":1799999995,\"name\":\"Alice\"}";

static void test_whole_token(void **state)
{
	LK_CLEANUP(jwk_set_freep) struct jwk_set *keys = test_key_set(test_key(JWS_RS256, 0), ",\"kid\":\"k\"");
	static char token[TOKEN_MAX];
	struct id_token_expectation e = usual;
	struct json_object *claims = NULL;
	const char *name;

	(void)state;
	test_token(token, JWS_RS256, test_key(JWS_RS256, 0), "{\"alg\":\"RS256\",\"kid\":\"k\"}", claims_text);
	e.algorithms = 1u << JWS_RS256;
	assert_int_equal(id_token_check(&claims, token, strlen(token), keys, &e), ID_TOKEN_VALID);
	assert_int_equal(json_read_string(claims, "name", 64, &name), 0);
	assert_string_equal(name, "Alice");
	json_object_put(claims);
	claims = NULL;

	e.algorithms = 1u << JWS_ES256;
	assert_int_equal(id_token_check(&claims, token, strlen(token), keys, &e), JWS_ALGORITHM);
	e.algorithms = 0;
	assert_int_equal(id_token_check(&claims, token, strlen(token), keys, &e), JWS_ALGORITHM);
	e.algorithms = ALL;
	e.now_s = NOW + 100000;
	assert_int_equal(id_token_check(&claims, token, strlen(token), keys, &e), ID_TOKEN_EXPIRED);
	assert_null(claims);
}

/* A bad signature is found before any claim is looked at. */
static void test_signature_comes_first(void **state)
{
	LK_CLEANUP(jwk_set_freep) struct jwk_set *keys = test_key_set(test_key(JWS_ES256, 0), "");
	static char token[TOKEN_MAX];
	struct json_object *claims = NULL;

	(void)state;
	test_token(token, JWS_ES256, test_key(JWS_ES256, 1), "{\"alg\":\"ES256\"}", "not even JSON");
	assert_int_equal(id_token_check(&claims, token, strlen(token), keys, &usual), JWS_BAD_SIGNATURE);
	test_token(token, JWS_ES256, test_key(JWS_ES256, 0), "{\"alg\":\"ES256\"}", "not even JSON");
	assert_int_equal(id_token_check(&claims, token, strlen(token), keys, &usual), ID_TOKEN_MALFORMED);
	assert_null(claims);
}

/* T15, JW-05: the key of a second provider, which is trusted for itself, signs in the name of the first. */
static void test_mixed_up_providers(void **state)
{
	LK_CLEANUP(jwk_set_freep) struct jwk_set *first = test_key_set(test_key(JWS_ES256, 0), ",\"kid\":\"k\"");
	LK_CLEANUP(jwk_set_freep) struct jwk_set *second = test_key_set(test_key(JWS_ES256, 1), ",\"kid\":\"k\"");
	static char token[TOKEN_MAX];
	struct id_token_expectation other = usual;
	struct json_object *claims = NULL;

	(void)state;
	test_token(token, JWS_ES256, test_key(JWS_ES256, 1), "{\"alg\":\"ES256\",\"kid\":\"k\"}", claims_text);
	other.issuer = "https://second.example";
	assert_int_equal(id_token_check(&claims, token, strlen(token), first, &usual), JWS_BAD_SIGNATURE);
	assert_int_equal(id_token_check(&claims, token, strlen(token), second, &other), ID_TOKEN_ISSUER);
	assert_null(claims);
}

static int release(void **state)
{
	(void)state;
	test_keys_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_token),
		cmocka_unit_test(test_signature_comes_first),
		cmocka_unit_test(test_mixed_up_providers),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
