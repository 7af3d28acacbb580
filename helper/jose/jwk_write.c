/* SPDX-License-Identifier: MIT */
/*
 * Writes public keys. The members stand in the order of RFC 7638, so that the text of a key is also what its thumbprint is
 * made of.
 */
#include "helper/jose/jwk_write.h"

#include <errno.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/sha.h>

#include "helper/jose/base64url.h"
#include "helper/jose/key.h"

LK_DEFINE_CLEANUP(BIGNUM *, BN_free);

#define NUMBER_MAX (KEY_RSA_MAX_BITS / 8)
#define MEMBERS_MAX 4096u

static void write_bytes(struct buf *out, const unsigned char *bytes, size_t len)
{
	char text[(NUMBER_MAX + 2) / 3 * 4 + 1];

	base64url_encode(text, bytes, len);
	buf_append_text(out, text);
}

/* @size: 0: as few bytes as it takes (RFC 7518 section 6.3.1) */
static int write_number(struct buf *out, EVP_PKEY *pkey, const char *name, size_t size)
{
	LK_CLEANUP(BN_freep) BIGNUM *n = NULL;
	unsigned char bytes[NUMBER_MAX];

	if (EVP_PKEY_get_bn_param(pkey, name, &n) != 1)
		return -EINVAL;
	if (size == 0)
		size = (size_t)BN_num_bytes(n);
	if (size > sizeof(bytes) || BN_bn2binpad(n, bytes, (int)size) < 0)
		return -EINVAL;
	write_bytes(out, bytes, size);
	return 0;
}

static int write_rsa(struct buf *out, EVP_PKEY *pkey)
{
	int r;

	buf_append_text(out, "\"e\":\"");
	r = write_number(out, pkey, OSSL_PKEY_PARAM_RSA_E, 0);
	buf_append_text(out, "\",\"kty\":\"RSA\",\"n\":\"");
	if (r == 0)
		r = write_number(out, pkey, OSSL_PKEY_PARAM_RSA_N, 0);
	buf_append_text(out, "\"");
	return r;
}

static int write_ec(struct buf *out, EVP_PKEY *pkey, const char *crv, size_t size)
{
	int r;

	buf_printf(out, "\"crv\":\"%s\",\"kty\":\"EC\",\"x\":\"", crv);
	r = write_number(out, pkey, OSSL_PKEY_PARAM_EC_PUB_X, size);
	buf_append_text(out, "\",\"y\":\"");
	if (r == 0)
		r = write_number(out, pkey, OSSL_PKEY_PARAM_EC_PUB_Y, size);
	buf_append_text(out, "\"");
	return r;
}

static int write_ed25519(struct buf *out, EVP_PKEY *pkey)
{
	unsigned char bytes[32];
	size_t len = sizeof(bytes);

	if (EVP_PKEY_get_raw_public_key(pkey, bytes, &len) != 1)
		return -EINVAL;
	buf_append_text(out, "\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"");
	write_bytes(out, bytes, len);
	buf_append_text(out, "\"");
	return 0;
}

static int write_members(struct buf *out, EVP_PKEY *pkey)
{
	enum jwk_kind kind;
	int r = key_kind_of(&kind, pkey);

	if (r < 0)
		return r;
	switch (kind) {
	case JWK_RSA:
		return write_rsa(out, pkey);
	case JWK_P256:
		return write_ec(out, pkey, "P-256", 32);
	case JWK_P384:
		return write_ec(out, pkey, "P-384", 48);
	case JWK_P521:
		return write_ec(out, pkey, "P-521", 66);
	case JWK_ED25519:
		return write_ed25519(out, pkey);
	}
	return -EINVAL;
}

/* Both at once: the members without their braces, and the thumbprint of them */
static int describe(struct buf *members, char thumbprint[JWK_THUMBPRINT_CHARS + 1], EVP_PKEY *pkey)
{
	LK_CLEANUP(buf_done) struct buf whole = {.max = MEMBERS_MAX};
	unsigned char digest[SHA256_DIGEST_LENGTH];
	int r = write_members(members, pkey);

	if (r == 0)
		r = buf_fault(members);
	if (r < 0)
		return r;
	buf_append_text(&whole, "{");
	buf_append(&whole, members->data, members->len);
	buf_append_text(&whole, "}");
	if (buf_fault(&whole) < 0)
		return buf_fault(&whole);
	if (EVP_Digest(whole.data, whole.len, digest, NULL, EVP_sha256(), NULL) != 1)
		return -EIO;
	base64url_encode(thumbprint, digest, sizeof(digest));
	return 0;
}

static int describe_quietly(struct buf *members, char thumbprint[JWK_THUMBPRINT_CHARS + 1], EVP_PKEY *pkey)
{
	int r;

	(void)ERR_set_mark();
	r = describe(members, thumbprint, pkey);
	(void)ERR_pop_to_mark();
	return r;
}

int jwk_thumbprint(char ret[JWK_THUMBPRINT_CHARS + 1], EVP_PKEY *pkey)
{
	LK_CLEANUP(buf_done) struct buf members = {.max = MEMBERS_MAX};

	return describe_quietly(&members, ret, pkey);
}

int jwk_write(struct buf *out, EVP_PKEY *pkey, enum jws_algorithm algorithm)
{
	LK_CLEANUP(buf_done) struct buf members = {.max = MEMBERS_MAX};
	char thumbprint[JWK_THUMBPRINT_CHARS + 1];
	int r = describe_quietly(&members, thumbprint, pkey);

	if (r < 0)
		return r;
	buf_printf(out, "{%s,\"kid\":\"%s\",\"use\":\"sig\"", members.data, thumbprint);
	if (algorithm != JWS_NONE)
		buf_printf(out, ",\"alg\":\"%s\"", jws_algorithm_name(algorithm));
	buf_append_text(out, "}");
	return buf_fault(out);
}
