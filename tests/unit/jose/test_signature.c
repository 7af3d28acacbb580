/* SPDX-License-Identifier: MIT */
/*
 * One signature and one key: every algorithm accepts its own and refuses whatever was made another way, is of another
 * length or holds numbers that no signer makes (T12, JW-02, JW-03).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "helper/jose/algorithm.h"
#include "helper/jose/jws.h"
#include "helper/jose/key.h"
#include "tests/unit/jose/make_token.h"

#define SIZE 1024u

static const char text[] = "eyJhbGciOiJ4In0.eyJzdWIiOiJhbGljZSJ9";
static const size_t text_len = sizeof(text) - 1;

static struct jwk_set *sets[JWS_ALGORITHMS];

/* The public half of test_key(a, 0) */
static const struct jwk *public_key(enum jws_algorithm a)
{
	if (!sets[a])
		sets[a] = test_key_set(test_key(a, 0), "");
	return &sets[a]->keys[0];
}

static int check(enum jws_algorithm a, const unsigned char *signature, size_t len)
{
	return key_verify(public_key(a), a, signature, len, text, text_len);
}

static void test_each_algorithm_accepts_its_own(void **state)
{
	(void)state;
	for (enum jws_algorithm a = JWS_RS256; a < JWS_ALGORITHMS; a++) {
		unsigned char signature[SIZE];
		size_t len = test_sign(signature, sizeof(signature), a, test_key(a, 0), text, text_len);

		assert_int_equal(check(a, signature, len), 0);
		assert_int_equal(key_verify(public_key(a), a, signature, len, text, text_len - 1), JWS_BAD_SIGNATURE);
		assert_int_equal(key_verify(public_key(a), a, signature, len, text + 1, text_len - 1),
				 JWS_BAD_SIGNATURE);
	}
}

/* A signature of each algorithm, offered as one of each other */
static void test_no_algorithm_accepts_another(void **state)
{
	(void)state;
	for (enum jws_algorithm made = JWS_RS256; made < JWS_ALGORITHMS; made++) {
		unsigned char signature[SIZE];
		size_t len = test_sign(signature, sizeof(signature), made, test_key(made, 0), text, text_len);

		for (enum jws_algorithm a = JWS_NONE; a <= JWS_ALGORITHMS; a++)
			if (a != made)
				assert_int_equal(key_verify(public_key(made), a, signature, len, text, text_len),
						 JWS_BAD_SIGNATURE);
	}
}

static void test_other_key_of_the_same_kind(void **state)
{
	(void)state;
	for (enum jws_algorithm a = JWS_RS256; a < JWS_ALGORITHMS; a++) {
		unsigned char signature[SIZE];
		size_t len = test_sign(signature, sizeof(signature), a, test_key(a, 1), text, text_len);

		assert_int_equal(check(a, signature, len), JWS_BAD_SIGNATURE);
	}
}

/* Every byte changed, and every length from none to double, the bytes being right as far as they go */
static void test_every_byte_and_every_length(void **state)
{
	(void)state;
	for (enum jws_algorithm a = JWS_RS256; a < JWS_ALGORITHMS; a++) {
		unsigned char signature[SIZE] = {0};
		size_t len = test_sign(signature, sizeof(signature), a, test_key(a, 0), text, text_len);

		memset(signature + len, 0, sizeof(signature) - len);
		for (size_t at = 0; at < len; at++) {
			signature[at] ^= 1;
			assert_int_equal(check(a, signature, len), JWS_BAD_SIGNATURE);
			signature[at] ^= 1;
		}
		for (size_t other = 0; other <= 2 * len; other++)
			if (other != len)
				assert_int_equal(check(a, signature, other), JWS_BAD_SIGNATURE);
		assert_int_equal(check(a, signature, len), 0);
	}
}

static const enum jws_algorithm elliptic[] = {JWS_ES256, JWS_ES384, JWS_ES512};

static void put_number(unsigned char *at, const BIGNUM *n, size_t size)
{
	assert_true(BN_bn2binpad(n, at, (int)size) >= 0);
}

/* r and s each 0, 1, n - 1, n, n + 1 and all ones, together and beside a number that is right */
static void test_numbers_that_no_signer_makes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(elliptic) / sizeof(elliptic[0]); i++) {
		enum jws_algorithm a = elliptic[i];
		unsigned char good[SIZE];
		unsigned char numbers[6][KEY_COORDINATE_MAX] = {{0}};
		size_t size = test_sign(good, sizeof(good), a, test_key(a, 0), text, text_len) / 2;
		BIGNUM *n = NULL;

		assert_int_equal(EVP_PKEY_get_bn_param(test_key(a, 0), OSSL_PKEY_PARAM_EC_ORDER, &n), 1);
		numbers[1][size - 1] = 1;
		put_number(numbers[3], n, size);
		assert_int_equal(BN_sub_word(n, 1), 1);
		put_number(numbers[2], n, size);
		assert_int_equal(BN_add_word(n, 2), 1);
		put_number(numbers[4], n, size);
		memset(numbers[5], 0xff, size);
		BN_free(n);

		for (size_t r = 0; r < 7; r++)
			for (size_t s = 0; s < 7; s++) {
				unsigned char bad[SIZE];

				memcpy(bad, r < 6 ? numbers[r] : good, size);
				memcpy(bad + size, s < 6 ? numbers[s] : good + size, size);
				assert_int_equal(check(a, bad, 2 * size), r == 6 && s == 6 ? 0 : JWS_BAD_SIGNATURE);
			}
	}
}

/* The same numbers in DER, swapped, without a leading zero, with one more: only side by side in full length */
static void test_forms_of_ecdsa(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(elliptic) / sizeof(elliptic[0]); i++) {
		enum jws_algorithm a = elliptic[i];
		unsigned char good[SIZE];
		unsigned char bad[SIZE] = {0};
		unsigned char *to = bad;
		size_t len = test_sign(good, sizeof(good), a, test_key(a, 0), text, text_len);
		ECDSA_SIG *numbers = ECDSA_SIG_new();
		int der;

		assert_int_equal(ECDSA_SIG_set0(numbers, BN_bin2bn(good, (int)len / 2, NULL),
						BN_bin2bn(good + len / 2, (int)len / 2, NULL)),
				 1);
		der = i2d_ECDSA_SIG(numbers, &to);
		assert_true(der > 0);
		assert_int_equal(check(a, bad, (size_t)der), JWS_BAD_SIGNATURE);
		ECDSA_SIG_free(numbers);

		memcpy(bad, good + len / 2, len / 2);
		memcpy(bad + len / 2, good, len / 2);
		assert_int_equal(check(a, bad, len), JWS_BAD_SIGNATURE);

		bad[0] = 0;
		memcpy(bad + 1, good, len);
		assert_int_equal(check(a, bad, len + 1), JWS_BAD_SIGNATURE);
		assert_int_equal(check(a, good + 1, len - 1), JWS_BAD_SIGNATURE);
		assert_int_equal(check(a, good, len), 0);
	}
}

/* Small numbers have zeros in front, which the form for OpenSSL drops: sign until both r and s had one. */
static void test_numbers_with_zeros_in_front(void **state)
{
	bool seen_r = false;
	bool seen_s = false;

	(void)state;
	for (unsigned i = 0; i < 50000 && !(seen_r && seen_s); i++) {
		unsigned char signature[SIZE];
		size_t len = test_sign(signature, sizeof(signature), JWS_ES256, test_key(JWS_ES256, 0), text, text_len);

		if (signature[0] != 0 && signature[32] != 0)
			continue;
		seen_r = seen_r || signature[0] == 0;
		seen_s = seen_s || signature[32] == 0;
		assert_int_equal(check(JWS_ES256, signature, len), 0);
	}
	assert_true(seen_r && seen_s);
}

/* s = 0, 1, n - 1, n, n + 1, all ones: for both paddings */
static void test_rsa_numbers(void **state)
{
	(void)state;
	for (enum jws_algorithm a = JWS_RS256; a <= JWS_PS512; a++) {
		unsigned char bad[256] = {0};
		BIGNUM *n = NULL;

		assert_int_equal(check(a, bad, sizeof(bad)), JWS_BAD_SIGNATURE);
		bad[255] = 1;
		assert_int_equal(check(a, bad, sizeof(bad)), JWS_BAD_SIGNATURE);
		assert_int_equal(EVP_PKEY_get_bn_param(test_key(a, 0), OSSL_PKEY_PARAM_RSA_N, &n), 1);
		put_number(bad, n, sizeof(bad));
		assert_int_equal(check(a, bad, sizeof(bad)), JWS_BAD_SIGNATURE);
		assert_int_equal(BN_sub_word(n, 1), 1);
		put_number(bad, n, sizeof(bad));
		assert_int_equal(check(a, bad, sizeof(bad)), JWS_BAD_SIGNATURE);
		assert_int_equal(BN_add_word(n, 2), 1);
		put_number(bad, n, sizeof(bad));
		assert_int_equal(check(a, bad, sizeof(bad)), JWS_BAD_SIGNATURE);
		memset(bad, 0xff, sizeof(bad));
		assert_int_equal(check(a, bad, sizeof(bad)), JWS_BAD_SIGNATURE);
		BN_free(n);
	}
}

/* RSA signs in the way that the caller sets up */
static size_t sign_with(unsigned char *out, const char *digest, int padding, int salt, const char *mgf1)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey_ctx = NULL;
	size_t len = SIZE;

	assert_int_equal(EVP_DigestSignInit_ex(ctx, &pkey_ctx, digest, NULL, NULL, test_key(JWS_RS256, 0), NULL), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pkey_ctx, padding), 1);
	if (padding == RSA_PKCS1_PSS_PADDING)
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey_ctx, salt), 1);
	if (mgf1)
		assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md_name(pkey_ctx, mgf1, NULL), 1);
	assert_int_equal(EVP_DigestSign(ctx, out, &len, (const unsigned char *)text, text_len), 1);
	EVP_MD_CTX_free(ctx);
	return len;
}

/* RFC 7518 section 3.5: the salt has the length of the digest, and both digests are the same one. */
static void test_pss_parameters(void **state)
{
	static const int salts[] = {0, 1, 20, 31, 33, 48, 64, RSA_PSS_SALTLEN_MAX};
	unsigned char signature[SIZE];
	size_t len;

	(void)state;
	len = sign_with(signature, "SHA256", RSA_PKCS1_PSS_PADDING, 32, NULL);
	assert_int_equal(check(JWS_PS256, signature, len), 0);
	for (size_t i = 0; i < sizeof(salts) / sizeof(salts[0]); i++) {
		len = sign_with(signature, "SHA256", RSA_PKCS1_PSS_PADDING, salts[i], NULL);
		assert_int_equal(check(JWS_PS256, signature, len), JWS_BAD_SIGNATURE);
	}
	len = sign_with(signature, "SHA256", RSA_PKCS1_PSS_PADDING, 32, "SHA1");
	assert_int_equal(check(JWS_PS256, signature, len), JWS_BAD_SIGNATURE);
}

static void test_other_digests(void **state)
{
	static const char *const digests[] = {"SHA1", "SHA224", "SHA384", "SHA512", "SHA3-256", "SHA512-256"};
	unsigned char signature[SIZE];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		len = sign_with(signature, digests[i], RSA_PKCS1_PADDING, 0, NULL);
		assert_int_equal(check(JWS_RS256, signature, len), JWS_BAD_SIGNATURE);
		len = sign_with(signature, digests[i], RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST, NULL);
		assert_int_equal(check(JWS_PS256, signature, len), JWS_BAD_SIGNATURE);
	}
}

/* RFC 8032 section 5.1.7: S above the order of the group is refused, so that a signature has one form. */
static void test_ed25519_has_one_form(void **state)
{
	static const char order_hex[] = "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed";
	unsigned char signature[SIZE];
	unsigned char s[32];
	unsigned char swapped[32];
	size_t len = test_sign(signature, sizeof(signature), JWS_EDDSA, test_key(JWS_EDDSA, 0), text, text_len);
	BIGNUM *order = NULL;
	BIGNUM *number;

	(void)state;
	assert_int_equal(len, 64);
	assert_true(BN_hex2bn(&order, order_hex) > 0);
	for (size_t i = 0; i < 32; i++)
		swapped[31 - i] = signature[32 + i];
	number = BN_bin2bn(swapped, 32, NULL);
	assert_int_equal(BN_add(number, number, order), 1);
	put_number(s, number, sizeof(s));
	for (size_t i = 0; i < 32; i++)
		signature[32 + i] = s[31 - i];
	BN_free(number);
	BN_free(order);
	assert_int_equal(check(JWS_EDDSA, signature, len), JWS_BAD_SIGNATURE);
}

/* A check leaves nothing behind that a later one could trip over. */
static void test_checks_are_independent(void **state)
{
	(void)state;
	for (enum jws_algorithm a = JWS_RS256; a < JWS_ALGORITHMS; a++) {
		unsigned char good[SIZE];
		unsigned char bad[SIZE];
		size_t len = test_sign(good, sizeof(good), a, test_key(a, 0), text, text_len);

		memcpy(bad, good, len);
		bad[len / 2] ^= 0x40;
		for (int i = 0; i < 5; i++) {
			assert_int_equal(check(a, bad, len), JWS_BAD_SIGNATURE);
			assert_int_equal(check(a, good, len), 0);
		}
	}
}

static int release(void **state)
{
	(void)state;
	for (size_t a = 0; a < JWS_ALGORITHMS; a++)
		jwk_set_free(sets[a]);
	test_keys_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_algorithm_accepts_its_own),
		cmocka_unit_test(test_no_algorithm_accepts_another),
		cmocka_unit_test(test_other_key_of_the_same_kind),
		cmocka_unit_test(test_every_byte_and_every_length),
		cmocka_unit_test(test_numbers_that_no_signer_makes),
		cmocka_unit_test(test_forms_of_ecdsa),
		cmocka_unit_test(test_numbers_with_zeros_in_front),
		cmocka_unit_test(test_rsa_numbers),
		cmocka_unit_test(test_pss_parameters),
		cmocka_unit_test(test_other_digests),
		cmocka_unit_test(test_ed25519_has_one_form),
		cmocka_unit_test(test_checks_are_independent),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
