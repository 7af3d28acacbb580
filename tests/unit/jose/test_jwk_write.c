/* SPDX-License-Identifier: MIT */
/*
 * Public keys as others read them, and public keys in PEM: both end in a JWK that our own reader takes.
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
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "helper/base/json.h"
#include "helper/jose/jwk_write.h"
#include "helper/jose/jws.h"
#include "helper/jose/key.h"
#include "tests/unit/jose/make_token.h"
#include "tests/unit/jose/vectors.h"

static EVP_PKEY *only_key(const struct jwk_set *set)
{
	assert_int_equal(jwk_set_count(set), 1);
	return set->keys[0].pkey;
}

static void test_thumbprints_of_the_standards(void **state)
{
	LK_CLEANUP(jwk_set_freep) struct jwk_set *ed25519 = NULL;
	char kid[JWK_THUMBPRINT_CHARS + 1];

	(void)state;
	assert_int_equal(jwk_set_parse(&ed25519, rfc8037_a2_keys, strlen(rfc8037_a2_keys)), 0);
	assert_int_equal(jwk_thumbprint(kid, only_key(ed25519)), 0);
	assert_string_equal(kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"); /* RFC 8037 appendix A.3 */
}

static void test_what_is_written_is_read(void **state)
{
	static const enum jws_algorithm all[] = {JWS_RS256, JWS_ES256, JWS_ES384, JWS_ES512, JWS_EDDSA};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		LK_CLEANUP(buf_done) struct buf text = {.max = 4096};
		LK_CLEANUP(json_object_putp) struct json_object *jwk = NULL;
		char kid[JWK_THUMBPRINT_CHARS + 1];
		EVP_PKEY *pkey = test_key(all[i], 0);
		struct jwk k = {0};

		assert_int_equal(jwk_write(&text, pkey, all[i]), 0);
		assert_int_equal(json_parse(&jwk, text.data, text.len), 0);
		assert_int_equal(key_read(&k, jwk), 0);
		assert_int_equal(EVP_PKEY_eq(k.pkey, pkey), 1);
		assert_int_equal(k.pinned, all[i]);
		assert_int_equal(jwk_thumbprint(kid, pkey), 0);
		assert_string_equal(k.kid, kid);
		assert_false(json_object_object_get_ex(jwk, "d", NULL));
		key_done(&k);
	}
}

static size_t append_pem(char *out, size_t size, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	size_t used = strlen(out);
	char *text;
	size_t len;

	assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
	len = (size_t)BIO_get_mem_data(bio, &text);
	assert_true(used + len < size);
	memcpy(out + used, text, len);
	out[used + len] = '\0';
	BIO_free(bio);
	return used + len;
}

static void append_certificate(char *out, size_t size, EVP_PKEY *key)
{
	X509 *x = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	size_t used = strlen(out);
	char *text;
	size_t len;

	assert_int_equal(X509_set_pubkey(x, key), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), 0));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 3600));
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(bio, x), 1);
	len = (size_t)BIO_get_mem_data(bio, &text);
	assert_true(used + len < size);
	memcpy(out + used, text, len);
	out[used + len] = '\0';
	BIO_free(bio);
	X509_free(x);
}

static int count(const char *text)
{
	LK_CLEANUP(jwk_set_freep) struct jwk_set *set = NULL;
	int r = jwk_set_from_pem(&set, text, strlen(text));

	return r < 0 ? r : (int)jwk_set_count(set);
}

/* Keys and certificates among each other; text around them is a comment, as it is everywhere with PEM. */
static void test_pem(void **state)
{
	LK_CLEANUP(jwk_set_freep) struct jwk_set *set = NULL;
	char text[16384] = "the robot's keys\n";
	char token[TOKEN_MAX], kid[JWK_THUMBPRINT_CHARS + 1], header[128];
	struct jws j;

	(void)state;
	(void)append_pem(text, sizeof(text), test_key(JWS_RS256, 0));
	(void)append_pem(text, sizeof(text), test_key(JWS_EDDSA, 0));
	append_certificate(text, sizeof(text), test_key(JWS_ES256, 0));
	assert_int_equal(jwk_set_from_pem(&set, text, strlen(text)), 0);
	assert_int_equal(jwk_set_count(set), 3);

	/* found by its thumbprint, and without any name */
	assert_int_equal(jwk_thumbprint(kid, test_key(JWS_ES256, 0)), 0);
	(void)snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"kid\":\"%s\"}", kid);
	test_token(token, JWS_ES256, test_key(JWS_ES256, 0), header, "{}");
	assert_int_equal(jws_verify(&j, token, strlen(token), set, 1u << JWS_ES256), JWS_VALID);
	jws_done(&j);
	test_token(token, JWS_EDDSA, test_key(JWS_EDDSA, 0), "{\"alg\":\"EdDSA\"}", "{}");
	assert_int_equal(jws_verify(&j, token, strlen(token), set, 1u << JWS_EDDSA), JWS_VALID);
	jws_done(&j);
	test_token(token, JWS_ES256, test_key(JWS_ES256, 1), "{\"alg\":\"ES256\"}", "{}");
	assert_int_equal(jws_verify(&j, token, strlen(token), set, 1u << JWS_ES256), JWS_BAD_SIGNATURE);
}

static void test_pem_that_is_refused(void **state)
{
	EVP_PKEY *weak = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
	BIO *bio = BIO_new(BIO_s_mem());
	char text[64 * 1024] = "", key[8192] = "";

	(void)state;
	assert_int_equal(count(""), -EBADMSG);
	assert_int_equal(count("no key\n"), -EBADMSG);
	assert_int_equal(count("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), -EBADMSG);

	/* too weak: left out, as from a JWK Set */
	(void)append_pem(text, sizeof(text), weak);
	assert_int_equal(count(text), -ENOKEY);
	(void)append_pem(text, sizeof(text), test_key(JWS_ES256, 0));
	assert_int_equal(count(text), 1);

	/* a private key has no business there (N12) */
	assert_int_equal(PEM_write_bio_PrivateKey(bio, test_key(JWS_ES256, 1), NULL, NULL, 0, NULL, NULL), 1);
	assert_true(BIO_read(bio, key, (int)sizeof(key) - 1) > 0);
	(void)strcat(text, key);
	assert_int_equal(count(text), -EBADMSG);

	/* JWK_SET_MAX_KEYS are good, one more is not */
	text[0] = '\0';
	for (size_t i = 0; i < JWK_SET_MAX_KEYS; i++)
		(void)append_pem(text, sizeof(text), test_key(JWS_ES256, 0));
	assert_int_equal(count(text), JWK_SET_MAX_KEYS);
	(void)append_pem(text, sizeof(text), test_key(JWS_ES256, 0));
	assert_int_equal(count(text), -E2BIG);
	BIO_free(bio);
	EVP_PKEY_free(weak);
}

static int teardown(void **state)
{
	(void)state;
	test_keys_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thumbprints_of_the_standards),
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_pem),
		cmocka_unit_test(test_pem_that_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
