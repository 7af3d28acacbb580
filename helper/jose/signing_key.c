/* SPDX-License-Identifier: MIT */
/*
 * Holds a private key and signs with it. What the key can do is settled once, when it is there: an algorithm that does not
 * go with it is refused before anything is signed. Must never hand out, print or keep a copy of what is secret in it.
 */
#include "helper/jose/signing_key_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>

#include "helper/base/text.h"

LK_DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free);
LK_DEFINE_CLEANUP(ECDSA_SIG *, ECDSA_SIG_free);

static const struct {
	enum jws_algorithm usual;
	size_t coordinate;
} kinds[] = {
	[JWK_RSA] = {JWS_RS256, 0},  [JWK_P256] = {JWS_ES256, 32},   [JWK_P384] = {JWS_ES384, 48},
	[JWK_P521] = {JWS_NONE, 66}, [JWK_ED25519] = {JWS_EDDSA, 0},
};

bool signing_algorithm_is_known(enum jws_algorithm a)
{
	static const enum jws_algorithm known[] = {JWS_RS256, JWS_PS256, JWS_ES256, JWS_ES384, JWS_EDDSA};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i] == a)
			return true;
	return false;
}

static int prepare(EVP_MD_CTX **ret, EVP_PKEY *pkey, OSSL_LIB_CTX *library, const struct jws_algorithm_facts *facts)
{
	LK_CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey_ctx = NULL; /* belongs to ctx */

	if (ctx == NULL)
		return -ENOMEM;
	if (EVP_DigestSignInit_ex(ctx, &pkey_ctx, facts->digest, library, NULL, pkey, NULL) != 1 ||
	    !key_set_padding(pkey_ctx, facts))
		return -EIO;
	*ret = LK_STEAL(ctx);
	return 0;
}

int signing_key_settle(struct signing_key *k, EVP_PKEY *pkey, EVP_PKEY *public)
{
	EVP_PKEY *shown = public != NULL ? public : pkey;
	const struct jws_algorithm_facts *facts = NULL;
	char kid[JWK_THUMBPRINT_CHARS + 1];
	EVP_MD_CTX *prepared = NULL;
	enum jwk_kind kind;
	enum jws_algorithm a = JWS_NONE;
	int bits = EVP_PKEY_get_bits(shown);
	int r = key_kind_of(&kind, shown) < 0 || kinds[kind].usual == JWS_NONE ? SIGNING_KIND : 0;

	if (r == 0 && kind == JWK_RSA && (bits < KEY_RSA_MIN_BITS || bits > KEY_RSA_MAX_BITS))
		r = SIGNING_WEAK;
	if (r == 0) {
		a = k->wanted == JWS_NONE ? kinds[kind].usual : k->wanted;
		facts = jws_algorithm_facts(a);
		if (facts == NULL || facts->kind != kind || !signing_algorithm_is_known(a))
			r = SIGNING_ALGORITHM;
	}
	if (r == 0 && k->device == NULL)
		r = prepare(&prepared, pkey, NULL, facts);
	if (r == 0)
		r = jwk_thumbprint(kid, shown);
	if (r != 0) {
		EVP_MD_CTX_free(prepared);
		EVP_PKEY_free(pkey);
		EVP_PKEY_free(public);
		return r;
	}
	EVP_MD_CTX_free(k->prepared);
	EVP_PKEY_free(k->pkey);
	EVP_PKEY_free(k->public);
	memcpy(k->kid, kid, sizeof(k->kid));
	k->prepared = prepared;
	k->pkey = pkey;
	k->public = public;
	k->actual = a;
	k->coordinate = kinds[kind].coordinate;
	return 0;
}

void signing_key_forget(struct signing_key *k)
{
	EVP_MD_CTX_free(k->prepared);
	EVP_PKEY_free(k->pkey);
	EVP_PKEY_free(k->public);
	OSSL_LIB_CTX_free(k->library); /* last: they live in it */
	k->prepared = NULL;
	k->pkey = NULL;
	k->public = NULL;
	k->library = NULL;
	k->kid[0] = '\0';
}

struct signing_key *signing_key_ref(struct signing_key *k)
{
	(void)atomic_fetch_add(&k->refs, 1);
	return k;
}

void signing_key_unref(struct signing_key *k)
{
	if (k == NULL || atomic_fetch_sub(&k->refs, 1) > 1)
		return;
	signing_key_forget(k);
	free(k->device);
	free(k->path);
	free(k);
}

bool signing_key_is_slow(const struct signing_key *k)
{
	return k->device != NULL;
}

enum jws_algorithm signing_key_algorithm(const struct signing_key *k)
{
	return k->pkey != NULL ? k->actual : k->wanted;
}

const char *signing_key_kid(const struct signing_key *k)
{
	return k->kid;
}

EVP_PKEY *signing_key_pkey(const struct signing_key *k)
{
	return k->pkey;
}

EVP_PKEY *signing_key_public(const struct signing_key *k)
{
	return k->public != NULL ? k->public : k->pkey;
}

/* OpenSSL's DER as two numbers side by side (RFC 7518 section 3.4) */
static int flatten(unsigned char *out, size_t *len, size_t coordinate)
{
	const unsigned char *at = out;
	LK_CLEANUP(ECDSA_SIG_freep) ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)*len);

	if (signature == NULL || BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, (int)coordinate) < 0 ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + coordinate, (int)coordinate) < 0)
		return -EIO;
	*len = 2 * coordinate;
	return 0;
}

/* Looking up what signs costs as much as a signature by elliptic curves: what a PEM key needs is found once. */
static int new_context(EVP_MD_CTX **ret, const struct signing_key *k)
{
	LK_CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = NULL;

	if (k->prepared == NULL)
		return prepare(ret, k->pkey, k->library, jws_algorithm_facts(k->actual));
	ctx = EVP_MD_CTX_new();
	if (ctx == NULL)
		return -ENOMEM;
	if (EVP_MD_CTX_copy_ex(ctx, k->prepared) != 1)
		return -EIO;
	*ret = LK_STEAL(ctx);
	return 0;
}

static int sign(const struct signing_key *k, const void *text, size_t len, unsigned char *out, size_t *ret_len)
{
	LK_CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = NULL;
	int r = new_context(&ctx, k);

	*ret_len = SIGNING_SIGNATURE_MAX;
	if (r == 0 && EVP_DigestSign(ctx, out, ret_len, text, len) != 1)
		r = -EIO;
	if (r == -EIO && k->device != NULL)
		return SIGNING_NO_DEVICE;
	return r == 0 && k->coordinate > 0 ? flatten(out, ret_len, k->coordinate) : r;
}

int signing_key_sign(struct signing_key *k, const void *text, size_t len, unsigned char out[SIGNING_SIGNATURE_MAX],
		     size_t *ret_len)
{
	int r;

	if (k->pkey == NULL)
		return SIGNING_NOT_OPEN;
	(void)ERR_set_mark();
	r = sign(k, text, len, out, ret_len);
	(void)ERR_pop_to_mark();
	if (r ==
	    SIGNING_NO_DEVICE) /* whoever comes next reaches for it anew: a token may have been taken out and put in */
		signing_key_forget(k);
	return r;
}

static const char *outcome_text(enum signing_outcome o)
{
	switch (o) {
	case SIGNING_SOURCE:
		return "it is not named as a key: NAME, /path, credential:NAME, pkcs11:... or tpm:...";
	case SIGNING_FORM:
		return "it is not a private key in PEM";
	case SIGNING_ENCRYPTED:
		return "it wants a passphrase, and nobody is there to type it";
	case SIGNING_WEAK:
		return "an RSA key needs 2048 bits at least, and 8192 at most";
	case SIGNING_KIND:
		return "it is of a type that signs nothing here: RSA, P-256, P-384 and Ed25519 do";
	case SIGNING_ALGORITHM:
		return "the algorithm does not go with the key";
	case SIGNING_NO_DRIVER:
		return "OpenSSL's driver for such a key is not installed";
	case SIGNING_NO_DEVICE:
		return "the token or TPM is not there, has no such key, or refuses to use it";
	case SIGNING_PIN_FILE:
		return "the file of its PIN is not there, or others than its owner may use it";
	case SIGNING_NOT_OPEN:
		return "the token or TPM has not been reached";
	}
	return "unknown outcome";
}

const char *signing_text(int r)
{
	if (r > 0)
		return outcome_text((enum signing_outcome)r);
	switch (r) {
	case 0:
		return "good";
	case -ENOENT:
		return "there is no such file";
	case -EPERM:
		return "others than its owner may use it, or its owner is neither root nor the helper";
	case -ELOOP:
		return "it is a symbolic link";
	case -EMLINK:
		return "the file has a second name";
	case -EINVAL:
		return "it is not a regular file";
	case -E2BIG:
		return "it is too long for a key";
	case -ETIMEDOUT:
		return "the token or TPM gives no answer";
	case -EBUSY:
		return "too many signatures are waiting for the token or TPM";
	default:
		return strerror(-r);
	}
}
