/* SPDX-License-Identifier: MIT */
/*
 * The examples of RFC 7515, 7517, 7520, 7797 and 8037: what is ours to accept is accepted, the rest is refused with
 * the outcome that fits (T24). Every accepted one is refused again with one bit changed.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helper/jose/jws.h"
#include "tests/unit/jose/make_token.h"
#include "tests/unit/jose/vectors.h"

#define ALL_ALGORITHMS UINT32_MAX

static const struct vector {
	const char *name;
	const char *keys;
	const char *token;
	int outcome;
	enum jws_algorithm algorithm;
	const char *payload_start;
} vectors[] = {
	{"7515 A.1 HS256", rfc7515_a2_keys, rfc7515_a1_token, JWS_ALGORITHM, JWS_NONE, NULL},
	{"7515 A.2 RS256", rfc7515_a2_keys, rfc7515_a2_token, JWS_VALID, JWS_RS256, "{\"iss\":\"joe\""},
	{"7515 A.3 ES256", rfc7515_a3_keys, rfc7515_a3_token, JWS_VALID, JWS_ES256, "{\"iss\":\"joe\""},
	{"7515 A.4 ES512", rfc7515_a4_keys, rfc7515_a4_token, JWS_VALID, JWS_ES512, "Payload"},
	{"7515 A.5 none", rfc7515_a2_keys, rfc7515_a5_token, JWS_ALGORITHM, JWS_NONE, NULL},
	{"7515 A.6 general JSON", rfc7515_a2_keys, rfc7515_a6_text, JWS_MALFORMED, JWS_NONE, NULL},
	{"7515 A.7 flattened JSON", rfc7515_a3_keys, rfc7515_a7_text, JWS_MALFORMED, JWS_NONE, NULL},
	{"7515 E crit", rfc7515_a2_keys, rfc7515_appendix_e_token, JWS_MALFORMED, JWS_NONE, NULL},
	{"7520 4.1 RS256", rfc7520_3_keys, rfc7520_4_1_token, JWS_VALID, JWS_RS256, "It\xe2\x80\x99s a dangerous"},
	{"7520 4.2 PS384", rfc7520_3_keys, rfc7520_4_2_token, JWS_VALID, JWS_PS384, "It\xe2\x80\x99s a dangerous"},
	{"7520 4.3 ES512", rfc7520_3_keys, rfc7520_4_3_token, JWS_VALID, JWS_ES512, "It\xe2\x80\x99s a dangerous"},
	{"7520 4.4 HS256", rfc7520_3_keys, rfc7520_4_4_token, JWS_ALGORITHM, JWS_NONE, NULL},
	{"7520 5.1 JWE", rfc7520_3_keys, rfc7520_5_1_token, JWS_MALFORMED, JWS_NONE, NULL},
	{"7797 4.2 b64", rfc7515_a2_keys, rfc7797_4_2_token, JWS_MALFORMED, JWS_NONE, NULL},
	{"8037 A.4 EdDSA", rfc8037_a2_keys, rfc8037_a4_token, JWS_VALID, JWS_EDDSA, "Example of Ed25519 signing"},
};

static struct jwk_set *parse(const char *text)
{
	struct jwk_set *set = NULL;

	assert_int_equal(jwk_set_parse(&set, text, strlen(text)), 0);
	return set;
}

static void check_vector(const struct vector *v)
{
	LK_CLEANUP(jwk_set_freep) struct jwk_set *keys = parse(v->keys);
	struct jws j = {0};

	assert_int_equal(jws_verify(&j, v->token, strlen(v->token), keys, ALL_ALGORITHMS), v->outcome);
	if (v->outcome != JWS_VALID) {
		assert_null(j.header);
		assert_null(j.payload);
		return;
	}
	assert_int_equal(j.algorithm, v->algorithm);
	assert_memory_equal(j.payload, v->payload_start, strlen(v->payload_start));
	assert_int_equal(strlen(j.payload), j.payload_len);
	jws_done(&j);
}

static void test_tokens_of_the_standards(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		print_message("%s\n", vectors[i].name);
		check_vector(&vectors[i]);
	}
}

/* Changes one character of the payload to another of the alphabet. */
static void test_changed_vectors_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *v = &vectors[i];
		LK_CLEANUP(jwk_set_freep) struct jwk_set *keys = parse(v->keys);
		char token[4096];
		struct jws j;
		char *dot;

		if (v->outcome != JWS_VALID)
			continue;
		assert_true(strlen(v->token) < sizeof(token));
		(void)strcpy(token, v->token);
		dot = strchr(token, '.');
		dot[1] = dot[1] == 'A' ? 'B' : 'A';
		assert_int_equal(jws_verify(&j, token, strlen(token), keys, ALL_ALGORITHMS), JWS_BAD_SIGNATURE);
	}
}

/* RFC 7517 appendix A: the set with a key for encryption has one key for us, the private and the symmetric one none. */
static void test_key_sets_of_the_standards(void **state)
{
	struct jwk_set *set = parse(rfc7517_a1_keys);

	(void)state;
	assert_int_equal(jwk_set_count(set), 1);
	jwk_set_free(set);
	set = NULL;
	assert_int_equal(jwk_set_parse(&set, rfc7517_a2_keys, strlen(rfc7517_a2_keys)), -EBADMSG);
	assert_null(set);
	assert_int_equal(jwk_set_parse(&set, rfc7517_a3_keys, strlen(rfc7517_a3_keys)), -ENOKEY);
	assert_null(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens_of_the_standards),
		cmocka_unit_test(test_changed_vectors_are_refused),
		cmocka_unit_test(test_key_sets_of_the_standards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
