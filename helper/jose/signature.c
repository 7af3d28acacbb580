/* SPDX-License-Identifier: MIT */
/*
 * Checks one signature with one key. The length is known from the key before OpenSSL looks at a byte, and ECDSA's
 * numbers are checked for their range here as well: r = s = 0 has opened other people's doors.
 */
#include "helper/jose/key.h"

#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "helper/jose/jws.h"

LK_DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free);

/* SEQUENCE of two INTEGERs, each with a sign byte, and the lengths, of which the outer may need two bytes */
#define DER_MAX (3u + 2u * (2u + 1u + KEY_COORDINATE_MAX))

static bool is_zero(const unsigned char *number, size_t size)
{
	unsigned char any = 0;

	for (size_t i = 0; i < size; i++)
		any |= number[i];
	return any == 0;
}

/* 1 .. order - 1; both are big-endian and of one length */
static bool is_in_range(const unsigned char *number, const unsigned char *order, size_t size)
{
	return !is_zero(number, size) && memcmp(number, order, size) < 0;
}

/* An INTEGER that is not 0, in as few bytes as it takes. Return: bytes written. */
static size_t der_integer(unsigned char *out, const unsigned char *number, size_t size)
{
	size_t sign;

	while (*number == 0) {
		number++;
		size--;
	}
	sign = *number >= 0x80u ? 1 : 0;
	out[0] = 0x02;
	out[1] = (unsigned char)(size + sign);
	out[2] = 0;
	memcpy(out + 2 + sign, number, size);
	return 2 + sign + size;
}

/* JWS has r and s side by side (RFC 7518 section 3.4), OpenSSL wants them in DER. */
static size_t der_signature(unsigned char out[DER_MAX], const unsigned char *signature, size_t size)
{
	unsigned char body[DER_MAX];
	size_t head = 2;
	size_t len;

	len = der_integer(body, signature, size);
	len += der_integer(body + len, signature + size, size);
	out[0] = 0x30;
	if (len >= 0x80) {
		out[1] = 0x81;
		head = 3;
	}
	out[head - 1] = (unsigned char)len;
	memcpy(out + head, body, len);
	return head + len;
}

bool key_set_padding(EVP_PKEY_CTX *ctx, const struct jws_algorithm_facts *facts)
{
	if (facts->kind != JWK_RSA)
		return true;
	if (!facts->is_pss)
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;

	/* RFC 7518 section 3.5: the salt is as long as the digest, MGF1 uses the same digest (OpenSSL's default) */
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static int prepare_one(EVP_MD_CTX **ret, EVP_PKEY *pkey, const struct jws_algorithm_facts *facts)
{
	LK_CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey_ctx = NULL; /* belongs to ctx */

	if (!ctx)
		return -ENOMEM;
	if (EVP_DigestVerifyInit_ex(ctx, &pkey_ctx, facts->digest, NULL, NULL, pkey, NULL) != 1 ||
	    !key_set_padding(pkey_ctx, facts))
		return KEY_UNUSABLE;
	*ret = LK_STEAL(ctx);
	return 0;
}

int key_prepare(struct jwk *k)
{
	for (enum jws_algorithm a = JWS_RS256; a < JWS_ALGORITHMS; a++) {
		int r = key_fits(k, a) ? prepare_one(&k->prepared[a], k->pkey, jws_algorithm_facts(a)) : 0;

		if (r != 0)
			return r;
	}
	return 0;
}

static int verify(EVP_MD_CTX *prepared, const unsigned char *signature, size_t signature_len, const void *text,
		  size_t len)
{
	LK_CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (!ctx)
		return -ENOMEM;
	if (EVP_MD_CTX_copy_ex(ctx, prepared) != 1)
		return -EIO;

	/* Below 0 stands for bad form as well as for failure: all but 1 is a refusal. */
	return EVP_DigestVerify(ctx, signature, signature_len, text, len) == 1 ? 0 : JWS_BAD_SIGNATURE;
}

int key_verify(const struct jwk *k, enum jws_algorithm a, const unsigned char *signature, size_t signature_len,
	       const void *text, size_t len)
{
	unsigned char der[DER_MAX];
	size_t half = k->signature_size / 2;
	int r;

	if (!key_fits(k, a) || signature_len != k->signature_size)
		return JWS_BAD_SIGNATURE;
	if (k->kind != JWK_RSA && k->kind != JWK_ED25519) {
		if (!is_in_range(signature, k->order, half) || !is_in_range(signature + half, k->order, half))
			return JWS_BAD_SIGNATURE;
		signature_len = der_signature(der, signature, half);
		signature = der;
	}

	(void)ERR_set_mark();
	r = verify(k->prepared[a], signature, signature_len, text, len);
	(void)ERR_pop_to_mark();
	return r;
}
