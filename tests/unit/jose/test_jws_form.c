/* SPDX-License-Identifier: MIT */
/*
 * The outer form of a JWS: three parts, one spelling, bounds; and what can be shown of a token that nobody verified
 * (T9 to T12, JW-09).
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

/* Signs header and payload with the key of p256. */
static int try_header(const char *header)
{
	test_token(token, JWS_ES256, test_key(JWS_ES256, 0), header, CLAIMS);
	return verify(p256, ALL);
}

/* T10: anything but three parts, none of them empty */
static void test_parts(void **state)
{
	static const char *const texts[] = {
		"",
		".",
		"..",
		"...",
		"....",
		"a",
		"a.b",
		"a.b.c.d",
		"a.b.c.d.e",
		"a.b.c.d.e.f",
		"{}",
		"null",
		"eyJhbGciOiJFUzI1NiJ9",
		"eyJhbGciOiJFUzI1NiJ9.",
		"eyJhbGciOiJFUzI1NiJ9..",
		"eyJhbGciOiJFUzI1NiJ9.e30",
		"eyJhbGciOiJFUzI1NiJ9.e30.",
		"eyJhbGciOiJFUzI1NiJ9..AAAA",
		".e30.AAAA",
		".e30.",
		"..AAAA",
		"eyJhbGciOiJFUzI1NiJ9.e30.AAAA.",
		".eyJhbGciOiJFUzI1NiJ9.e30.AAAA",
		"eyJhbGciOiJFUzI1NiJ9.e30.AAAA.AAAA",
		"eyJhbGciOiJFUzI1NiJ9.e30..AAAA",
		"eyJhbGciOiJFUzI1NiJ9. .AAAA",
		"Bearer eyJhbGciOiJFUzI1NiJ9.e30.AAAA",
		"{\"payload\":\"e30\",\"protected\":\"eyJhbGciOiJFUzI1NiJ9\",\"signature\":\"AAAA\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		(void)strcpy(token, texts[i]);
		if (verify(p256, ALL) != JWS_MALFORMED)
			fail_msg("%s", texts[i]);
	}
}

/* T10: dots alone, as many as fit and far more. Nothing is allocated for a part before there are exactly three. */
static void test_many_dots(void **state)
{
	size_t many = 1000000;
	char *dots = malloc(many);
	struct jws j;

	(void)state;
	assert_non_null(dots);
	memset(dots, '.', many);
	assert_int_equal(jws_verify(&j, dots, JWS_MAX_BYTES, p256, ALL), JWS_MALFORMED);
	assert_int_equal(jws_verify(&j, dots, many, p256, ALL), -E2BIG);
	free(dots);
}

/* T11, JW-09: of 64 last characters of each part one is right, and nothing may be added anywhere. */
static void test_one_spelling(void **state)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	static const char *const additions[] = {"=", "==", " ", "\n", "\r\n", "\t", ".", "+", "/", "%3D"};
	char good[1024];

	(void)state;
	assert_int_equal(try_header("{\"alg\":\"ES256\",\"kid\":\"k\"} "), JWS_VALID);
	(void)strcpy(good, token);
	for (char *dot = strchr(good, '.');; dot = strchr(dot + 1, '.')) {
		size_t at = dot ? (size_t)(dot - good) : strlen(good);

		for (size_t i = 0; i < 64; i++) {
			(void)strcpy(token, good);
			token[at - 1] = alphabet[i];
			assert_int_equal(verify(p256, ALL) == JWS_VALID, good[at - 1] == alphabet[i]);
		}
		for (size_t i = 0; i < sizeof(additions) / sizeof(additions[0]); i++) {
			(void)snprintf(token, sizeof(token), "%.*s%s%s", (int)at, good, additions[i], good + at);
			assert_int_equal(verify(p256, ALL), JWS_MALFORMED);
		}
		if (!dot)
			break;
	}
	(void)snprintf(token, sizeof(token), " %s", good);
	assert_int_equal(verify(p256, ALL), JWS_MALFORMED);
}

/* Every truncation, every byte changed to another of the alphabet, a byte too many, a NUL anywhere */
static void test_cut_and_changed(void **state)
{
	char good[1024];
	size_t len;
	struct jws j;

	(void)state;
	assert_int_equal(try_header("{\"alg\":\"ES256\",\"kid\":\"k\"}"), JWS_VALID);
	(void)strcpy(good, token);
	len = strlen(good);
	for (size_t cut = 0; cut < len; cut++)
		assert_true(jws_verify(&j, good, cut, p256, ALL) > 0);
	assert_int_equal(jws_verify(&j, good, len + 1, p256, ALL), JWS_MALFORMED);
	for (size_t at = 0; at < len; at++) {
		char kept = good[at];

		good[at] = kept == 'A' ? 'B' : 'A';
		assert_true(jws_verify(&j, good, len, p256, ALL) > 0);
		good[at] = '\0';
		assert_int_equal(jws_verify(&j, good, len, p256, ALL), JWS_MALFORMED);
		good[at] = kept;
	}
	assert_int_equal(jws_verify(&j, good, len, p256, ALL), JWS_VALID);
	jws_done(&j);
}

/* The longest token and one byte more: the payload takes what the rest leaves. */
static void test_longest_token(void **state)
{
	static const char header[] = "{\"alg\":\"ES256\"}";
	size_t room = JWS_MAX_BYTES - base64url_encoded_size(strlen(header)) - base64url_encoded_size(64) - 2;
	size_t payload_len = (size_t)base64url_decoded_size(room);
	char *payload = malloc(payload_len + 1);
	struct jws j;

	(void)state;
	assert_non_null(payload);
	memset(payload, ' ', payload_len + 1);
	test_token_bytes(token, JWS_ES256, test_key(JWS_ES256, 0), header, strlen(header), payload, payload_len);
	assert_int_equal(strlen(token), JWS_MAX_BYTES);
	assert_int_equal(jws_verify(&j, token, JWS_MAX_BYTES, p256, ALL), JWS_VALID);
	assert_int_equal(j.payload_len, payload_len);
	jws_done(&j);

	test_token_bytes(token, JWS_ES256, test_key(JWS_ES256, 0), header, strlen(header), payload, payload_len + 1);
	assert_true(strlen(token) > JWS_MAX_BYTES);
	assert_int_equal(jws_verify(&j, token, strlen(token), p256, ALL), -E2BIG);
	assert_int_equal(jws_decode(&j, token, strlen(token)), -E2BIG);
	free(payload);
}

/* T12: a signature longer than any key's is no reason to read on */
static void test_long_signature(void **state)
{
	unsigned char signature[1025] = {1};

	(void)state;
	test_join(token, "{\"alg\":\"ES256\"}", CLAIMS, signature, 1024);
	assert_int_equal(verify(p256, ALL), JWS_BAD_SIGNATURE);
	(void)strcat(token, "AAAA");
	assert_int_equal(verify(p256, ALL), JWS_MALFORMED);
}

/* A JWS may carry any bytes; what they mean is for others to judge. */
static void test_payload_of_any_bytes(void **state)
{
	static const char bytes[] = "a\0b\xff\n";
	struct jws j;

	(void)state;
	test_token_bytes(token, JWS_ES256, test_key(JWS_ES256, 0), "{\"alg\":\"ES256\"}", 15, bytes, sizeof(bytes) - 1);
	assert_int_equal(jws_verify(&j, token, strlen(token), p256, ALL), JWS_VALID);
	assert_int_equal(j.payload_len, sizeof(bytes) - 1);
	assert_memory_equal(j.payload, bytes, sizeof(bytes));
	jws_done(&j);
}

/* For display: what cannot be verified can be looked at, and is marked by its algorithm. */
static void test_decode(void **state)
{
	static const struct {
		const char *header;
		enum jws_algorithm algorithm;
	} rows[] = {
		{"{\"alg\":\"RS256\"}", JWS_RS256},
		{"{\"alg\":\"none\"}", JWS_NONE},
		{"{\"alg\":\"HS256\"}", JWS_NONE},
		{"{}", JWS_NONE},
		{"{\"alg\":\"ES256\",\"crit\":[\"x\"]}", JWS_ES256},
	};
	static const char *const malformed[] = {"",
						".",
						"..",
						"a.b.c",
						"e30.e30",
						"e30..AAAA",
						"e30.e30.A",
						"e30.e30.A=",
						"e30.e30.AAAA.",
						"W10.e30.AAAA",
						"e30.e30=.AAAA"};
	struct jws j;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t len = 0; len <= 6; len += 3) {
			test_join(token, rows[i].header, CLAIMS, "abcdef", len);
			assert_int_equal(jws_decode(&j, token, strlen(token)), 0);
			assert_int_equal(j.algorithm, rows[i].algorithm);
			assert_string_equal(j.payload, CLAIMS);
			jws_done(&j);
		}
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		if (jws_decode(&j, malformed[i], strlen(malformed[i])) != JWS_MALFORMED)
			fail_msg("%s", malformed[i]);
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
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_many_dots),
		cmocka_unit_test(test_one_spelling),
		cmocka_unit_test(test_cut_and_changed),
		cmocka_unit_test(test_longest_token),
		cmocka_unit_test(test_long_signature),
		cmocka_unit_test(test_payload_of_any_bytes),
		cmocka_unit_test(test_decode),
	};

	return cmocka_run_group_tests(tests, make_keys, release);
}
