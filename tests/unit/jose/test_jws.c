/* SPDX-License-Identifier: MIT */
/*
 * JWS: headers that try to talk the check into something, the choice of the key
 * (T2 to T11, JW-01 to JW-09, ID-01, ID-06 to ID-08). The tokens are signed well: the rule at hand alone refuses them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "helper/base/json.h"
#include "helper/jose/base64url.h"
#include "helper/jose/jws.h"
#include "tests/unit/jose/make_token.h"

#define ALL UINT32_MAX
#define CLAIMS "{\"sub\":\"alice\"}"

static char token[TOKEN_MAX];
static struct jwk_set *p256; /* the key that signs, kid "k" */

static int verify(const struct jwk_set *keys, uint32_t allowed)
{
	struct jws j = {0};
	int r = jws_verify(&j, token, strlen(token), keys, allowed);

	if (r != JWS_VALID) {
		assert_null(j.header);
		assert_null(j.payload);
		assert_int_equal(j.payload_len, 0);
	}
	jws_done(&j);
	return r;
}

/* Signs header and payload with the key of p256, whatever the header says. */
static int try_header(const char *header)
{
	test_token(token, JWS_ES256, test_key(JWS_ES256, 0), header, CLAIMS);
	return verify(p256, ALL);
}

struct row {
	const char *header;
	int expected;
};

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int r = try_header(rows[i].header);

		if (r != rows[i].expected)
			fail_msg("%s: %d instead of %d", rows[i].header, r, rows[i].expected);
	}
}

static void test_valid_token(void **state)
{
	struct jws j;
	const char *alg;

	(void)state;
	test_token(token, JWS_ES256, test_key(JWS_ES256, 0), "{\"alg\":\"ES256\",\"kid\":\"k\"}", CLAIMS);
	assert_int_equal(jws_verify(&j, token, strlen(token), p256, 1u << JWS_ES256), JWS_VALID);
	assert_int_equal(j.algorithm, JWS_ES256);
	assert_int_equal(j.payload_len, strlen(CLAIMS));
	assert_string_equal(j.payload, CLAIMS);
	assert_int_equal(json_read_string(j.header, "alg", 16, &alg), 0);
	assert_string_equal(alg, "ES256");
	jws_done(&j);
	assert_null(j.header);
	assert_null(j.payload);
	jws_done(&j);
}

/* T2, T3, JW-02: the algorithm is one of the table, by exact name */
static void test_algorithm_names(void **state)
{
	static const struct row rows[] = {
		{"{\"alg\":\"ES256\",\"kid\":\"k\"}", JWS_VALID},
		{"{\"alg\":\"ES256\"}", JWS_VALID},
		{"{\"alg\":\"none\"}", JWS_ALGORITHM},
		{"{\"alg\":\"None\"}", JWS_ALGORITHM},
		{"{\"alg\":\"NONE\"}", JWS_ALGORITHM},
		{"{\"alg\":\"nOnE\"}", JWS_ALGORITHM},
		{"{\"alg\":\"\"}", JWS_ALGORITHM},
		{"{\"alg\":null}", JWS_ALGORITHM},
		{"{\"alg\":[\"ES256\"]}", JWS_ALGORITHM},
		{"{\"alg\":{\"ES256\":1}}", JWS_ALGORITHM},
		{"{\"alg\":256}", JWS_ALGORITHM},
		{"{\"alg\":true}", JWS_ALGORITHM},
		{"{\"kid\":\"k\"}", JWS_ALGORITHM},
		{"{}", JWS_ALGORITHM},
		{"{\"ALG\":\"ES256\"}", JWS_ALGORITHM},
		{"{\"alg\":\"es256\"}", JWS_ALGORITHM},
		{"{\"alg\":\"ES256 \"}", JWS_ALGORITHM},
		{"{\"alg\":\"ES256\\n\"}", JWS_ALGORITHM},
		{"{\"alg\":\"HS256\"}", JWS_ALGORITHM},
		{"{\"alg\":\"HS384\"}", JWS_ALGORITHM},
		{"{\"alg\":\"HS512\"}", JWS_ALGORITHM},
		{"{\"alg\":\"RSA1_5\"}", JWS_ALGORITHM},
		{"{\"alg\":\"dir\"}", JWS_ALGORITHM},
		{"{\"alg\":\"PBES2-HS256+A128KW\"}", JWS_ALGORITHM},
		{"{\"alg\":\"ES256K\"}", JWS_ALGORITHM},
	};

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

/* T5, JW-04: places to find a key are not looked at; T6: kid is a name and nothing else */
static void test_header_does_not_choose(void **state)
{
	static const struct row rows[] = {
		{"{\"alg\":\"ES256\",\"kid\":\"k\",\"jku\":\"https://evil.example/keys\"}", JWS_VALID},
		{"{\"alg\":\"ES256\",\"kid\":\"k\",\"x5u\":\"https://evil.example/cert\"}", JWS_VALID},
		{"{\"alg\":\"ES256\",\"kid\":\"k\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"}}", JWS_VALID},
		{"{\"alg\":\"ES256\",\"kid\":\"k\",\"x5c\":[\"MIIB\"],\"x5t\":\"AA\",\"x5t#S256\":\"AA\"}", JWS_VALID},
		{"{\"alg\":\"ES256\",\"kid\":\"K\"}", JWS_UNKNOWN_KEY},
		{"{\"alg\":\"ES256\",\"kid\":\"k \"}", JWS_UNKNOWN_KEY},
		{"{\"alg\":\"ES256\",\"kid\":\"kk\"}", JWS_UNKNOWN_KEY},
		{"{\"alg\":\"ES256\",\"kid\":\"../../dev/null\"}", JWS_UNKNOWN_KEY},
		{"{\"alg\":\"ES256\",\"kid\":\"' OR 1=1--\"}", JWS_UNKNOWN_KEY},
		{"{\"alg\":\"ES256\",\"kid\":\"https://evil.example/keys\"}", JWS_UNKNOWN_KEY},
		{"{\"alg\":\"ES256\",\"kid\":\"k\\u0000\"}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"kid\":\"\"}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"kid\":null}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"kid\":1}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"kid\":[\"k\"]}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"kid\":\"x\",\"kid\":\"k\"}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"k\\u0069d\":\"k\"}", JWS_VALID},
	};

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

/* T7, T9, JW-06: what changes the meaning of the rest is refused in every form */
static void test_header_extensions(void **state)
{
	static const struct row rows[] = {
		{"{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"crit\":[\"alg\"]}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"crit\":[]}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"crit\":\"exp\"}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"crit\":null}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":true}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"b64\":false}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"zip\":\"DEF\"}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"enc\":\"A128GCM\"}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"cty\":\"JWT\"}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"cty\":\"jwt\"}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"cty\":\"application/JWT\"}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"cty\":null}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"cty\":[\"JWT\"]}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"cty\":\"json\"}", JWS_VALID},
		{"{\"alg\":\"ES256\",\"typ\":\"anything\"}", JWS_VALID},
		{"{\"alg\":\"ES256\",\"unknown\":{\"a\":[1]}}", JWS_VALID},
	};

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

/* T8, JW-07, JW-10: strict JSON */
static void test_header_json(void **state)
{
	static const struct row rows[] = {
		{"{\"alg\":\"ES256\",\"alg\":\"none\"}", JWS_MALFORMED},
		{"{\"alg\":\"none\",\"alg\":\"ES256\"}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"al\\u0067\":\"ES256\"}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"x\":{\"a\":1,\"a\":2}}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\"}x", JWS_MALFORMED},
		{"{\"alg\":\"ES256\"}{}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",}", JWS_MALFORMED},
		{"{alg:\"ES256\"}", JWS_MALFORMED},
		{"{'alg':'ES256'}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\"/**/}", JWS_MALFORMED},
		{"\xef\xbb\xbf{\"alg\":\"ES256\"}", JWS_MALFORMED},
		{"{\"alg\":\"ES256\",\"x\":\"\xff\"}", JWS_MALFORMED},
		{"[\"ES256\"]", JWS_MALFORMED},
		{"\"ES256\"", JWS_MALFORMED},
		{"null", JWS_MALFORMED},
		{"1", JWS_MALFORMED},
		{" ", JWS_MALFORMED},
		{" {\"alg\":\"ES256\"} ", JWS_VALID},
	};
	static const char with_nul[] = "{\"alg\":\"ES256\"}\0";

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
	test_token_bytes(token, JWS_ES256, test_key(JWS_ES256, 0), with_nul, sizeof(with_nul) - 1, CLAIMS,
			 strlen(CLAIMS));
	assert_int_equal(verify(p256, ALL), JWS_MALFORMED);
}

static void sign_hmac(const char *digest, const void *secret, size_t len)
{
	char header[64];
	char *dot;
	unsigned char mac[64];
	size_t mac_len = 0;

	(void)snprintf(header, sizeof(header), "{\"alg\":\"HS%s\"}", digest + 3);
	test_join(token, header, CLAIMS, "", 0);
	dot = strrchr(token, '.');
	assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, digest, NULL, secret, len, (const unsigned char *)token,
				  (size_t)(dot - token), mac, sizeof(mac), &mac_len));
	base64url_encode(dot + 1, mac, mac_len);
}

/* T3: the public key in each form that it is known in, and no key at all, as the secret of an HMAC */
static void test_public_key_as_hmac_secret(void **state)
{
	static const enum jws_algorithm kinds[] = {JWS_RS256, JWS_ES256, JWS_ES384, JWS_ES512, JWS_EDDSA};
	static const char *const digests[] = {"SHA256", "SHA384", "SHA512"};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		EVP_PKEY *key = test_key(kinds[i], 0);
		LK_CLEANUP(jwk_set_freep) struct jwk_set *keys = test_key_set(key, "");
		BIO *pem = BIO_new(BIO_s_mem());
		unsigned char *der = NULL;
		int der_len = i2d_PUBKEY(key, &der);
		char jwk[8192];
		const void *secrets[4];
		size_t lengths[4];
		char *pem_text;

		assert_int_equal(PEM_write_bio_PUBKEY(pem, key), 1);
		lengths[0] = (size_t)BIO_get_mem_data(pem, &pem_text);
		secrets[0] = pem_text;
		secrets[1] = der;
		lengths[1] = (size_t)der_len;
		test_jwk(jwk, sizeof(jwk), key, "");
		secrets[2] = jwk;
		lengths[2] = strlen(jwk);
		secrets[3] = "";
		lengths[3] = 0;
		for (size_t d = 0; d < sizeof(digests) / sizeof(digests[0]); d++)
			for (size_t s = 0; s < 4; s++) {
				sign_hmac(digests[d], secrets[s], lengths[s]);
				assert_int_equal(verify(keys, ALL), JWS_ALGORITHM);
			}
		OPENSSL_free(der);
		BIO_free(pem);
	}
}

/* T4, JW-01, ID-07: each algorithm against each set of allowed ones and against a key pinned to each */
static void test_pinned_algorithm(void **state)
{
	(void)state;
	for (enum jws_algorithm a = JWS_RS256; a < JWS_ALGORITHMS; a++) {
		LK_CLEANUP(jwk_set_freep) struct jwk_set *keys = test_key_set(test_key(a, 0), ",\"kid\":\"k\"");
		char header[64];

		(void)snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"kid\":\"k\"}", jws_algorithm_name(a));
		test_token(token, a, test_key(a, 0), header, CLAIMS);
		assert_int_equal(verify(keys, 0), JWS_ALGORITHM);
		assert_int_equal(verify(keys, 1u << JWS_NONE), JWS_ALGORITHM);
		assert_int_equal(verify(keys, ~(1u << a)), JWS_ALGORITHM);
		assert_int_equal(verify(keys, 1u << a), JWS_VALID);
	}
}

static void test_key_pinned_to_another_algorithm(void **state)
{
	(void)state;
	for (enum jws_algorithm made = JWS_RS256; made <= JWS_PS512; made++)
		for (enum jws_algorithm pinned = JWS_RS256; pinned <= JWS_PS512; pinned++) {
			LK_CLEANUP(jwk_set_freep) struct jwk_set *keys = NULL;
			char text[64];

			(void)snprintf(text, sizeof(text), ",\"kid\":\"k\",\"alg\":\"%s\"", jws_algorithm_name(pinned));
			keys = test_key_set(test_key(pinned, 0), text);
			(void)snprintf(text, sizeof(text), "{\"alg\":\"%s\",\"kid\":\"k\"}", jws_algorithm_name(made));
			test_token(token, made, test_key(made, 0), text, CLAIMS);
			assert_int_equal(verify(keys, ALL), made == pinned ? JWS_VALID : JWS_ALGORITHM);
		}
}

/* ES384 with a key of P-256: named, the key is the wrong one; not named, there is none */
static void test_curve_of_another_algorithm(void **state)
{
	(void)state;
	assert_int_equal(try_header("{\"alg\":\"ES384\",\"kid\":\"k\"}"), JWS_ALGORITHM);
	assert_int_equal(try_header("{\"alg\":\"ES384\"}"), JWS_UNKNOWN_KEY);
	assert_int_equal(try_header("{\"alg\":\"RS256\",\"kid\":\"k\"}"), JWS_ALGORITHM);
	assert_int_equal(try_header("{\"alg\":\"EdDSA\",\"kid\":\"k\"}"), JWS_ALGORITHM);
}

/* T5: a stranger signs, and brings the key along in the header */
static void test_key_brought_along(void **state)
{
	char jwk[1024];
	char header[2048];

	(void)state;
	test_jwk(jwk, sizeof(jwk), test_key(JWS_ES256, 1), "");
	(void)snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"kid\":\"k\",\"jwk\":%s}", jwk);
	test_token(token, JWS_ES256, test_key(JWS_ES256, 1), header, CLAIMS);
	assert_int_equal(verify(p256, ALL), JWS_BAD_SIGNATURE);
	(void)snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"jwk\":%s}", jwk);
	test_token(token, JWS_ES256, test_key(JWS_ES256, 1), header, CLAIMS);
	assert_int_equal(verify(p256, ALL), JWS_BAD_SIGNATURE);
}

/* A set of @n keys, number 0 to n - 1, all with kid "k" or none of them */
static struct jwk_set *several_keys(size_t n, const char *extra)
{
	char members[8192] = "";
	char jwk[1024];

	for (size_t i = 0; i < n; i++) {
		test_jwk(jwk, sizeof(jwk), test_key(JWS_ES256, (unsigned)i), extra);
		if (i > 0)
			(void)strcat(members, ",");
		(void)strcat(members, jwk);
	}
	return test_parse_set(members);
}

/* N12: one kid may stand for several keys, of which four are tried and no more, so that a check has a bound */
static void test_number_of_keys_tried(void **state)
{
	static const char *const headers[] = {"{\"alg\":\"ES256\",\"kid\":\"k\"}", "{\"alg\":\"ES256\"}"};

	(void)state;
	for (size_t h = 0; h < 2; h++) {
		LK_CLEANUP(jwk_set_freep) struct jwk_set *keys = several_keys(6, ",\"kid\":\"k\"");

		for (unsigned i = 0; i < 6; i++) {
			test_token(token, JWS_ES256, test_key(JWS_ES256, i), headers[h], CLAIMS);
			assert_int_equal(verify(keys, ALL), i < 4 ? JWS_VALID : JWS_BAD_SIGNATURE);
		}
	}
}

/* Keys that cannot be meant do not count among the four. */
static void test_other_keys_are_passed_over(void **state)
{
	LK_CLEANUP(jwk_set_freep) struct jwk_set *keys = NULL;
	char members[16384] = "";
	char jwk[4096];

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		test_jwk(jwk, sizeof(jwk), test_key(JWS_ES384, i), ",\"kid\":\"k\"");
		(void)strcat(strcat(members, jwk), ",");
		test_jwk(jwk, sizeof(jwk), test_key(JWS_ES256, i + 1), ",\"kid\":\"other\"");
		(void)strcat(strcat(members, jwk), ",");
		test_jwk(jwk, sizeof(jwk), test_key(JWS_ES256, i + 1), "");
		(void)strcat(strcat(members, jwk), ",");
	}
	test_jwk(jwk, sizeof(jwk), test_key(JWS_ES256, 0), ",\"kid\":\"k\"");
	(void)strcat(members, jwk);
	keys = test_parse_set(members);
	test_token(token, JWS_ES256, test_key(JWS_ES256, 0), "{\"alg\":\"ES256\",\"kid\":\"k\"}", CLAIMS);
	assert_int_equal(verify(keys, ALL), JWS_VALID);
}

/* The good one fails, then a key of another kind with the same kid follows: still a bad signature */
static void test_outcome_with_mixed_keys(void **state)
{
	LK_CLEANUP(jwk_set_freep) struct jwk_set *keys = NULL;
	char members[4096];
	char jwk[1024];

	(void)state;
	test_jwk(members, sizeof(members), test_key(JWS_ES256, 0), ",\"kid\":\"k\"");
	test_jwk(jwk, sizeof(jwk), test_key(JWS_ES384, 0), ",\"kid\":\"k\"");
	(void)strcat(strcat(members, ","), jwk);
	keys = test_parse_set(members);
	test_token(token, JWS_ES256, test_key(JWS_ES256, 1), "{\"alg\":\"ES256\",\"kid\":\"k\"}", CLAIMS);
	assert_int_equal(verify(keys, ALL), JWS_BAD_SIGNATURE);
	test_token(token, JWS_ES384, test_key(JWS_ES384, 0), "{\"alg\":\"ES384\",\"kid\":\"k\"}", CLAIMS);
	assert_int_equal(verify(keys, ALL), JWS_VALID);
}

static void test_no_keys(void **state)
{
	(void)state;
	test_token(token, JWS_ES256, test_key(JWS_ES256, 0), "{\"alg\":\"ES256\"}", CLAIMS);
	assert_int_equal(verify(NULL, ALL), JWS_UNKNOWN_KEY);
	test_token(token, JWS_RS256, test_key(JWS_RS256, 0), "{\"alg\":\"RS256\"}", CLAIMS);
	assert_int_equal(verify(p256, ALL), JWS_UNKNOWN_KEY);
}

static void test_outcome_texts(void **state)
{
	(void)state;
	for (int a = JWS_VALID; a <= JWS_BAD_SIGNATURE; a++)
		for (int b = a + 1; b <= JWS_BAD_SIGNATURE + 1; b++)
			assert_string_not_equal(jws_outcome_text(a), jws_outcome_text(b));
	assert_string_equal(jws_outcome_text(-EIO), jws_outcome_text(JWS_BAD_SIGNATURE + 1));
}

static int make_keys(void **state)
{
	(void)state;
	p256 = test_key_set(test_key(JWS_ES256, 0), ",\"kid\":\"k\"");
	return 0;
}

static int release(void **state)
{
	(void)state;
	jwk_set_free(p256);
	test_keys_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid_token),
		cmocka_unit_test(test_algorithm_names),
		cmocka_unit_test(test_header_does_not_choose),
		cmocka_unit_test(test_header_extensions),
		cmocka_unit_test(test_header_json),
		cmocka_unit_test(test_public_key_as_hmac_secret),
		cmocka_unit_test(test_pinned_algorithm),
		cmocka_unit_test(test_key_pinned_to_another_algorithm),
		cmocka_unit_test(test_curve_of_another_algorithm),
		cmocka_unit_test(test_key_brought_along),
		cmocka_unit_test(test_number_of_keys_tried),
		cmocka_unit_test(test_other_keys_are_passed_over),
		cmocka_unit_test(test_outcome_with_mixed_keys),
		cmocka_unit_test(test_no_keys),
		cmocka_unit_test(test_outcome_texts),
	};

	return cmocka_run_group_tests(tests, make_keys, release);
}
