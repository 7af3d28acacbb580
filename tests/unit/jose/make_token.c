/* SPDX-License-Identifier: MIT */
/*
 * Makes keys and tokens for the tests of this folder. Signs with OpenSSL directly, so that nothing here shares code
 * with what it tries, but for the encoder of base64url, which has tests of its own.
 */
#include "tests/unit/jose/make_token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "helper/jose/algorithm.h"
#include "helper/jose/base64url.h"

#define NUMBERS 8u
#define SIGNATURE_MAX 1024u

static EVP_PKEY *keys[JWS_ALGORITHMS][NUMBERS];

static void demand(int ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "cannot make a test token: %s\n", what);
	exit(99);
}

/* The algorithms of one kind share their keys. */
static enum jws_algorithm first_of_kind(enum jws_algorithm a)
{
	return jws_algorithm_facts(a)->kind == JWK_RSA ? JWS_RS256 : a;
}

static EVP_PKEY *make_key(enum jwk_kind kind)
{
	static const char *const groups[] = {[JWK_P256] = "P-256", [JWK_P384] = "P-384", [JWK_P521] = "P-521"};

	if (kind == JWK_RSA)
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	if (kind == JWK_ED25519)
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return EVP_PKEY_Q_keygen(NULL, NULL, "EC", groups[kind]);
}

EVP_PKEY *test_key(enum jws_algorithm a, unsigned number)
{
	EVP_PKEY **key = &keys[first_of_kind(a)][number % NUMBERS];

	if (!*key)
		*key = make_key(jws_algorithm_facts(a)->kind);
	demand(*key != NULL, "key");
	return *key;
}

void test_keys_done(void)
{
	for (size_t a = 0; a < JWS_ALGORITHMS; a++)
		for (size_t n = 0; n < NUMBERS; n++) {
			EVP_PKEY_free(keys[a][n]);
			keys[a][n] = NULL;
		}
}

/* A number of the key as base64url, padded to @size bytes; 0: as short as it is */
static void number_text(char *out, EVP_PKEY *key, const char *name, size_t size)
{
	unsigned char bytes[SIGNATURE_MAX];
	BIGNUM *n = NULL;

	demand(EVP_PKEY_get_bn_param(key, name, &n) == 1, name);
	if (size == 0)
		size = (size_t)BN_num_bytes(n);
	demand(size <= sizeof(bytes) && BN_bn2binpad(n, bytes, (int)size) >= 0, name);
	base64url_encode(out, bytes, size);
	BN_free(n);
}

void test_jwk(char *out, size_t size, EVP_PKEY *key, const char *extra)
{
	char first[2 * SIGNATURE_MAX];
	char second[2 * SIGNATURE_MAX];
	int n;

	if (EVP_PKEY_is_a(key, "RSA")) {
		number_text(first, key, OSSL_PKEY_PARAM_RSA_N, 0);
		number_text(second, key, OSSL_PKEY_PARAM_RSA_E, 0);
		n = snprintf(out, size, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"%s}", first, second, extra);
	} else if (EVP_PKEY_is_a(key, "EC")) {
		int bits = EVP_PKEY_get_bits(key);

		number_text(first, key, OSSL_PKEY_PARAM_EC_PUB_X, ((size_t)bits + 7) / 8);
		number_text(second, key, OSSL_PKEY_PARAM_EC_PUB_Y, ((size_t)bits + 7) / 8);
		n = snprintf(out, size, "{\"kty\":\"EC\",\"crv\":\"P-%d\",\"x\":\"%s\",\"y\":\"%s\"%s}", bits, first,
			     second, extra);
	} else {
		unsigned char bytes[32];
		size_t len = sizeof(bytes);

		demand(EVP_PKEY_get_raw_public_key(key, bytes, &len) == 1, "raw key");
		base64url_encode(first, bytes, len);
		n = snprintf(out, size, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"%s}", first, extra);
	}
	demand(n > 0 && (size_t)n < size, "JWK");
}

struct jwk_set *test_parse_set(const char *members)
{
	struct jwk_set *set = NULL;
	size_t size = strlen(members) + 16;
	char *text = malloc(size);

	demand(text != NULL, "memory");
	(void)snprintf(text, size, "{\"keys\":[%s]}", members);
	demand(jwk_set_parse(&set, text, strlen(text)) == 0, "key set");
	free(text);
	return set;
}

struct jwk_set *test_key_set(EVP_PKEY *key, const char *extra)
{
	char jwk[8192];

	test_jwk(jwk, sizeof(jwk), key, extra);
	return test_parse_set(jwk);
}

/* OpenSSL's DER to the two numbers side by side */
static size_t flat_signature(unsigned char *out, size_t size, const unsigned char *der, size_t len)
{
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)len);

	demand(signature != NULL, "DER");
	demand(BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, (int)size) >= 0, "r");
	demand(BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + size, (int)size) >= 0, "s");
	ECDSA_SIG_free(signature);
	return 2 * size;
}

size_t test_sign(unsigned char *out, size_t size, enum jws_algorithm a, EVP_PKEY *key, const void *text, size_t len)
{
	const struct jws_algorithm_facts *facts = jws_algorithm_facts(a);
	unsigned char bytes[SIGNATURE_MAX];
	size_t signature_len = sizeof(bytes);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey_ctx = NULL;

	demand(ctx && EVP_DigestSignInit_ex(ctx, &pkey_ctx, facts->digest, NULL, NULL, key, NULL) == 1, "context");
	if (facts->is_pss)
		demand(EVP_PKEY_CTX_set_rsa_padding(pkey_ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
			       EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey_ctx, RSA_PSS_SALTLEN_DIGEST) == 1,
		       "padding");
	demand(EVP_DigestSign(ctx, bytes, &signature_len, text, len) == 1, "signature");
	EVP_MD_CTX_free(ctx);

	demand(size >= SIGNATURE_MAX, "room for a signature");
	if (EVP_PKEY_is_a(key, "EC"))
		return flat_signature(out, ((size_t)EVP_PKEY_get_bits(key) + 7) / 8, bytes, signature_len);
	memcpy(out, bytes, signature_len);
	return signature_len;
}

/* Return: length of what was written, which ends in a dot */
static size_t begin_token(char token[TOKEN_MAX], const void *header, size_t header_len, const void *payload,
			  size_t payload_len)
{
	size_t used = base64url_encoded_size(header_len);

	demand(used + base64url_encoded_size(payload_len) + base64url_encoded_size(SIGNATURE_MAX) + 3 <= TOKEN_MAX,
	       "too long");
	base64url_encode(token, header, header_len);
	token[used++] = '.';
	base64url_encode(token + used, payload, payload_len);
	used += base64url_encoded_size(payload_len);
	token[used++] = '.';
	return used;
}

void test_join(char token[TOKEN_MAX], const char *header, const char *payload, const void *signature, size_t len)
{
	size_t used = begin_token(token, header, strlen(header), payload, strlen(payload));

	demand(len <= SIGNATURE_MAX, "signature too long");
	base64url_encode(token + used, signature, len);
}

void test_token_bytes(char token[TOKEN_MAX], enum jws_algorithm a, EVP_PKEY *key, const void *header, size_t header_len,
		      const void *payload, size_t payload_len)
{
	unsigned char signature[SIGNATURE_MAX];
	size_t used = begin_token(token, header, header_len, payload, payload_len);
	size_t len = test_sign(signature, sizeof(signature), a, key, token, used - 1);

	base64url_encode(token + used, signature, len);
}

void test_token(char token[TOKEN_MAX], enum jws_algorithm a, EVP_PKEY *key, const char *header, const char *payload)
{
	test_token_bytes(token, a, key, header, strlen(header), payload, strlen(payload));
}
