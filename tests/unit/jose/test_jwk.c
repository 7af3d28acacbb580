/* SPDX-License-Identifier: MIT */
/*
 * JWK Sets: which keys are taken, which are left out and what makes a whole set worthless (N12, JW-01, JW-03).
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
#include <openssl/bn.h>
#include <openssl/core_names.h>

#include "helper/base/json.h"
#include "helper/jose/base64url.h"
#include "helper/jose/jwk.h"
#include "tests/unit/jose/make_token.h"
#include "tests/unit/jose/vectors.h"

#define P256_X "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
#define P256_Y "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
#define P256 "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\""
#define ED25519_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define ED25519 "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED25519_X "\""
#define ZERO_32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* Result of parsing {"keys":[members]}: a count, or an errno below 0 */
static int parse(const char *members)
{
	LK_CLEANUP(jwk_set_freep) struct jwk_set *set = NULL;
	size_t size = strlen(members) + 16;
	char *text = malloc(size);
	int r;

	assert_non_null(text);
	(void)snprintf(text, size, "{\"keys\":[%s]}", members);
	r = jwk_set_parse(&set, text, strlen(text));
	free(text);
	if (r != 0) {
		assert_null(set);
		return r;
	}
	return (int)jwk_set_count(set);
}

struct row {
	const char *members;
	int expected;
};

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int r = parse(rows[i].members);

		if (r != rows[i].expected)
			fail_msg("%s: %d instead of %d", rows[i].members, r, rows[i].expected);
	}
}

static void test_curves(void **state)
{
	static const struct row rows[] = {
		{"{" P256 "}", 1},
		{"{" ED25519 "}", 1},
		{"{" P256 "},{" ED25519 "}", 2},
		/* off the curve, the point at infinity, a coordinate above the prime */
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_X "\"}", -ENOKEY},
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_Y "\",\"y\":\"" P256_X "\"}", -ENOKEY},
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" ZERO_32 "\",\"y\":\"" ZERO_32 "\"}", -ENOKEY},
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"__________________________________________8\",\"y\":"
		 "\"__________________________________________8\"}",
		 -ENOKEY},
		/* 31 and 33 bytes; not base64url; missing; of another type */
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7A\",\"y\":"
		 "\"" P256_Y "\"}",
		 -ENOKEY},
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"ADCgQkzSHClEg4otdckrN-duog2fAIk6O07uijwKr-w-\",\"y\":"
		 "\"" P256_Y "\"}",
		 -ENOKEY},
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "=\",\"y\":\"" P256_Y "\"}", -ENOKEY},
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\"}", -ENOKEY},
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":1}", -ENOKEY},
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"\"}", -ENOKEY},
		/* the wrong curve for the point, unknown curves, names in another case */
		{"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", -ENOKEY},
		{"{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", -ENOKEY},
		{"{\"kty\":\"EC\",\"crv\":\"p-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", -ENOKEY},
		{"{\"kty\":\"EC\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", -ENOKEY},
		{"{\"kty\":\"OKP\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", -ENOKEY},
		{"{\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"" ED25519_X "\"}", -ENOKEY},
		{"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ED25519_X "\"}", -ENOKEY},
		{"{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"" ED25519_X "\"}", -ENOKEY},
		{"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ\"}", -ENOKEY},
		{"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURoA\"}",
		 -ENOKEY},
	};

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

/* RFC 7518 section 6.2.1.2: a coordinate has its full length, also when the byte that is missing would be zero. */
static void test_coordinate_without_its_last_zero(void **state)
{
	unsigned char x[32] = {0};
	BIGNUM *n = NULL;
	EVP_PKEY *key = NULL;
	char jwk[1024];
	char full[64];
	char *at;

	(void)state;
	do {
		EVP_PKEY_free(key);
		key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
		assert_non_null(key);
		assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &n), 1);
		assert_int_equal(BN_bn2binpad(n, x, sizeof(x)), sizeof(x));
	} while (x[31] != 0);

	test_jwk(jwk, sizeof(jwk), key, "");
	assert_int_equal(parse(jwk), 1);
	base64url_encode(full, x, sizeof(x));
	at = strstr(jwk, full);
	assert_non_null(at);
	memmove(at + 42, at + 43, strlen(at + 43) + 1);
	assert_int_equal(parse(jwk), -ENOKEY);
	BN_free(n);
	EVP_PKEY_free(key);
}

static void test_purposes_and_labels(void **state)
{
	static const struct row rows[] = {
		{"{" P256 ",\"use\":\"sig\"}", 1},
		{"{" P256 ",\"use\":\"enc\"}", -ENOKEY},
		{"{" P256 ",\"use\":\"SIG\"}", -ENOKEY},
		{"{" P256 ",\"use\":\"\"}", -ENOKEY},
		{"{" P256 ",\"use\":null}", -ENOKEY},
		{"{" P256 ",\"use\":[\"sig\"]}", -ENOKEY},
		{"{" P256 ",\"key_ops\":[\"verify\"]}", 1},
		{"{" P256 ",\"key_ops\":[\"encrypt\",\"verify\"]}", 1},
		{"{" P256 ",\"key_ops\":[\"sign\"]}", -ENOKEY},
		{"{" P256 ",\"key_ops\":[]}", -ENOKEY},
		{"{" P256 ",\"key_ops\":[1,null,{}]}", -ENOKEY},
		{"{" P256 ",\"key_ops\":\"verify\"}", -ENOKEY},
		{"{" P256 ",\"alg\":\"ES256\"}", 1},
		{"{" P256 ",\"alg\":\"ES384\"}", -ENOKEY},
		{"{" P256 ",\"alg\":\"RS256\"}", -ENOKEY},
		{"{" P256 ",\"alg\":\"HS256\"}", -ENOKEY},
		{"{" P256 ",\"alg\":\"none\"}", -ENOKEY},
		{"{" P256 ",\"alg\":\"ECDH-ES\"}", -ENOKEY},
		{"{" P256 ",\"alg\":\"es256\"}", -ENOKEY},
		{"{" P256 ",\"alg\":\"\"}", -ENOKEY},
		{"{" P256 ",\"alg\":null}", -ENOKEY},
		{"{" P256 ",\"alg\":256}", -ENOKEY},
		{"{" ED25519 ",\"alg\":\"EdDSA\"}", 1},
		{"{" P256 ",\"kid\":\"k\"}", 1},
		{"{" P256 ",\"kid\":\"\"}", -ENOKEY},
		{"{" P256 ",\"kid\":7}", -ENOKEY},
		{"{" P256 ",\"kid\":null}", -ENOKEY},
		{"{" P256 ",\"kid\":\"k\"},{" P256 ",\"kid\":\"k\"}", 2},
		{"{" P256 ",\"x5c\":[\"nonsense\"],\"x5t\":\"AA\",\"issuer\":\"https://x\"}", 1},
	};

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_key_types(void **state)
{
	static const struct row rows[] = {
		{"{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75\"}", -ENOKEY},
		{"{\"kty\":\"oct\",\"k\":\"\"},{" P256 "}", 1},
		{"{\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\",\"pub\":\"AAAA\"}", -ENOKEY},
		{"{\"kty\":\"ec\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", -ENOKEY},
		{"{\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", -ENOKEY},
		{"{\"kty\":null,\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", -ENOKEY},
		{"{\"kty\":[\"EC\"],\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", -ENOKEY},
		{"{}", -ENOKEY},
		{"1,null,true,\"x\",[],{}", -ENOKEY},
		{"1,null,true,\"x\",[],{},{" ED25519 "}", 1},
		{"", -ENOKEY},
	};

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

/* A private part of any kind refuses the whole set, whatever else is in it. */
static void test_private_parts_refuse_the_set(void **state)
{
	static const char *const names[] = {"d", "p", "q", "dp", "dq", "qi", "oth"};
	static const char *const values[] = {"\"AQAB\"", "\"\"", "null", "[]", "1"};
	static const char *const kinds[] = {P256, ED25519, "\"kty\":\"RSA\"", "\"kty\":\"EC\",\"use\":\"enc\""};

	(void)state;
	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++)
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++)
			for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
				char members[1024];

				(void)snprintf(members, sizeof(members), "{" P256 "},{%s,\"%s\":%s},{" ED25519 "}",
					       kinds[k], names[n], values[v]);
				assert_int_equal(parse(members), -EBADMSG);
			}
}

/* A number of exactly @bits bits, all ones but for what @low says of the last byte */
static void number_of_bits(char *text, size_t bits, unsigned char low)
{
	unsigned char bytes[2100];
	size_t size = (bits + 7) / 8;

	assert_true(size <= sizeof(bytes));
	memset(bytes, 0xff, size);
	if (bits % 8 != 0)
		bytes[0] = (unsigned char)(0xffu >> (8 - bits % 8));
	if (size > 0)
		bytes[size - 1] = low;
	base64url_encode(text, bytes, size);
}

static int parse_rsa(const char *n, const char *e)
{
	char members[9000];

	(void)snprintf(members, sizeof(members), "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}", n, e);
	return parse(members);
}

static void test_rsa_modulus(void **state)
{
	static const struct {
		size_t bits;
		unsigned char low;
		int expected;
	} rows[] = {
		{1, 1, -ENOKEY},        {512, 0xff, -ENOKEY},  {1024, 0xff, -ENOKEY}, {2047, 0xff, -ENOKEY},
		{2048, 0xff, 1},        {2048, 0xfe, -ENOKEY}, {3072, 0xff, 1},       {4096, 0xff, 1},
		{8192, 0xff, 1},        {8193, 0xff, -ENOKEY}, {8200, 0xff, -ENOKEY}, {8208, 0xff, -ENOKEY},
		{16384, 0xff, -ENOKEY},
	};
	char n[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		number_of_bits(n, rows[i].bits, rows[i].low);
		if (parse_rsa(n, "AQAB") != rows[i].expected)
			fail_msg("%zu bits, last byte %x", rows[i].bits, rows[i].low);
	}
	assert_int_equal(parse_rsa("", "AQAB"), -ENOKEY);
	assert_int_equal(parse("{\"kty\":\"RSA\",\"e\":\"AQAB\"}"), -ENOKEY);
	assert_int_equal(parse("{\"kty\":\"RSA\",\"n\":65537,\"e\":\"AQAB\"}"), -ENOKEY);
}

/* Leading zero bytes do not make a short modulus long. */
static void test_rsa_modulus_with_zeros_in_front(void **state)
{
	unsigned char bytes[257] = {0};
	char n[512];

	(void)state;
	memset(bytes + 1, 0xff, 256);
	base64url_encode(n, bytes, 257);
	assert_int_equal(parse_rsa(n, "AQAB"), 1);
	bytes[1] = 0x7f;
	base64url_encode(n, bytes, 257);
	assert_int_equal(parse_rsa(n, "AQAB"), -ENOKEY);
}

/* The exponent is what a check costs: bounded here, so that no verification time needs to be measured (N12). */
static void test_rsa_exponent(void **state)
{
	char n[4096];
	char e[4096];

	(void)state;
	number_of_bits(n, 2048, 0xff);
	assert_int_equal(parse_rsa(n, "AQAB"), 1);
	assert_int_equal(parse_rsa(n, "Aw"), 1);
	assert_int_equal(parse_rsa(n, "AAAAAw"), 1);
	assert_int_equal(parse_rsa(n, "AQ"), -ENOKEY);   /* 1 */
	assert_int_equal(parse_rsa(n, "AA"), -ENOKEY);   /* 0 */
	assert_int_equal(parse_rsa(n, "Ag"), -ENOKEY);   /* 2 */
	assert_int_equal(parse_rsa(n, "AQAA"), -ENOKEY); /* 65536 */
	assert_int_equal(parse_rsa(n, ""), -ENOKEY);
	assert_int_equal(parse_rsa(n, "AQAB="), -ENOKEY);
	number_of_bits(e, 64, 0xff);
	assert_int_equal(parse_rsa(n, e), 1);
	number_of_bits(e, 65, 0xff);
	assert_int_equal(parse_rsa(n, e), -ENOKEY);
	number_of_bits(e, 2048, 0xff);
	assert_int_equal(parse_rsa(n, e), -ENOKEY);
	assert_int_equal(parse("{\"kty\":\"RSA\",\"n\":\"AQAB\"}"), -ENOKEY);
}

static void test_kid_length(void **state)
{
	char members[1024];

	(void)state;
	for (int len = JWK_KID_MAX - 1; len <= (int)JWK_KID_MAX + 1; len++) {
		(void)snprintf(members, sizeof(members), "{" P256 ",\"kid\":\"%0*d\"}", len, 0);
		assert_int_equal(parse(members), len <= (int)JWK_KID_MAX ? 1 : -ENOKEY);
	}
}

/* @n times the same member, with commas */
static char *repeat(const char *member, size_t n)
{
	size_t len = strlen(member);
	char *text = malloc(n * (len + 1) + 1);
	char *end = text;

	assert_non_null(text);
	for (size_t i = 0; i < n; i++) {
		memcpy(end, member, len);
		end += len;
		*end++ = ',';
	}
	end[-1] = '\0';
	return text;
}

static void test_number_of_keys(void **state)
{
	static const struct {
		const char *member;
		size_t n;
		int expected;
	} rows[] = {
		{"{" P256 "}", 1, 1},
		{"{" P256 "}", JWK_SET_MAX_KEYS, (int)JWK_SET_MAX_KEYS},
		{"{" P256 "}", JWK_SET_MAX_KEYS + 1, -E2BIG},
		{"{}", JWK_SET_MAX_KEYS, -ENOKEY},
		{"{}", JWK_SET_MAX_KEYS + 1, -E2BIG},
		{"{}", 10000, -E2BIG},
		{"{" P256 "}", 10000, -E2BIG}, /* by its bytes */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *members = repeat(rows[i].member, rows[i].n);

		assert_int_equal(parse(members), rows[i].expected);
		free(members);
	}
}

static void test_documents_that_are_no_set(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"{}",
		"[]",
		"null",
		"1",
		"\"keys\"",
		"{\"keys\":null}",
		"{\"keys\":{}}",
		"{\"keys\":\"\"}",
		"{\"keys\":1}",
		"{\"Keys\":[]}",
		"[{\"keys\":[]}]",
		"{\"keys\":[{" P256 "}]}x",
		"{\"keys\":[{" P256 "},]}",
		"{\"keys\":[{" P256 "}],\"keys\":[]}",
		"{\"keys\":[{" P256 ",\"x\":\"" P256_X "\"}]}",
		"{\"keys\":[{" P256 ",\"kid\":\"a\",\"k\\u0069d\":\"b\"}]}",
		"{'keys':[{" P256 "}]}",
		"\xef\xbb\xbf{\"keys\":[{" P256 "}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct jwk_set *set = NULL;

		if (jwk_set_parse(&set, texts[i], strlen(texts[i])) != -EBADMSG)
			fail_msg("%s", texts[i]);
		assert_null(set);
	}
}

/* Every truncation, a byte too many, a NUL within; a NUL after the end is a byte too many as well. */
static void test_cut_and_extended_sets(void **state)
{
	size_t len = strlen(rfc7517_a1_keys);
	char text[2048];
	struct jwk_set *set = NULL;

	(void)state;
	assert_true(len + 2 < sizeof(text));
	(void)strcpy(text, rfc7517_a1_keys);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(jwk_set_parse(&set, text, cut), -EBADMSG);
	assert_int_equal(jwk_set_parse(&set, text, len + 1), -EBADMSG);
	text[len] = '}';
	assert_int_equal(jwk_set_parse(&set, text, len + 1), -EBADMSG);
	for (size_t at = 0; at < len; at += 7) {
		char kept = text[at];

		text[at] = '\0';
		assert_int_equal(jwk_set_parse(&set, text, len), -EBADMSG);
		text[at] = kept;
	}
	assert_null(set);
}

static void test_size_of_the_text(void **state)
{
	char *text = malloc(JSON_MAX_BYTES + 1);
	struct jwk_set *set = NULL;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', JSON_MAX_BYTES + 1);
	memcpy(text, rfc7517_a1_keys, strlen(rfc7517_a1_keys));
	assert_int_equal(jwk_set_parse(&set, text, JSON_MAX_BYTES), 0);
	jwk_set_free(set);
	set = NULL;
	assert_int_equal(jwk_set_parse(&set, text, JSON_MAX_BYTES + 1), -E2BIG);
	assert_null(set);
	free(text);
}

/* Every kind of key that OpenSSL makes for us can be read. */
static void test_every_kind(void **state)
{
	(void)state;
	for (enum jws_algorithm a = JWS_RS256; a < JWS_ALGORITHMS; a++) {
		char extra[64];
		LK_CLEANUP(jwk_set_freep) struct jwk_set *set = NULL;

		(void)snprintf(extra, sizeof(extra), ",\"alg\":\"%s\"", jws_algorithm_name(a));
		set = test_key_set(test_key(a, 0), extra);
		assert_int_equal(jwk_set_count(set), 1);
	}
	test_keys_done();
}

static void test_algorithm_names(void **state)
{
	static const char *const others[] = {
		"none",  "None",   "NONE",   "nOnE",   "HS256",  "HS384",   "HS512",  "rs256",
		"Rs256", "RS256 ", " RS256", "RS25",   "RS2567", "RS1",     "ES256K", "ES521",
		"PS255", "EDDSA",  "eddsa",  "RSA1_5", "dir",    "A256GCM", "",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(jws_algorithm_from_name(others[i]), JWS_NONE);
	assert_int_equal(jws_algorithm_from_name(NULL), JWS_NONE);
	for (enum jws_algorithm a = JWS_RS256; a < JWS_ALGORITHMS; a++)
		assert_int_equal(jws_algorithm_from_name(jws_algorithm_name(a)), a);
	assert_string_equal(jws_algorithm_name(JWS_NONE), "none");
	assert_string_equal(jws_algorithm_name(JWS_ALGORITHMS), "none");
}

static void test_nothing(void **state)
{
	(void)state;
	assert_int_equal(jwk_set_count(NULL), 0);
	jwk_set_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_curves),
		cmocka_unit_test(test_coordinate_without_its_last_zero),
		cmocka_unit_test(test_purposes_and_labels),
		cmocka_unit_test(test_key_types),
		cmocka_unit_test(test_private_parts_refuse_the_set),
		cmocka_unit_test(test_rsa_modulus),
		cmocka_unit_test(test_rsa_modulus_with_zeros_in_front),
		cmocka_unit_test(test_rsa_exponent),
		cmocka_unit_test(test_kid_length),
		cmocka_unit_test(test_number_of_keys),
		cmocka_unit_test(test_documents_that_are_no_set),
		cmocka_unit_test(test_cut_and_extended_sets),
		cmocka_unit_test(test_size_of_the_text),
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_algorithm_names),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
