/* SPDX-License-Identifier: MIT */
/*
 * Makes an OpenSSL key of a JSON Web Key. Only what can check a signature that we accept comes through; numbers are
 * bounded before OpenSSL sees them, so that a hostile key cannot buy computing time. Private keys are never loaded.
 */
#include "helper/jose/key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>

#include "helper/base/json.h"
#include "helper/jose/base64url.h"

LK_DEFINE_CLEANUP(EVP_PKEY_CTX *, EVP_PKEY_CTX_free);
LK_DEFINE_CLEANUP(BIGNUM *, BN_free);
LK_DEFINE_CLEANUP(OSSL_PARAM_BLD *, OSSL_PARAM_BLD_free);
LK_DEFINE_CLEANUP(OSSL_PARAM *, OSSL_PARAM_free);

#define RSA_NUMBER_MAX (KEY_RSA_MAX_BITS / 8 + 1) /* some libraries put a zero byte in front */
#define RSA_EXPONENT_MAX_BITS 64
#define TEXT_MAX 2048u /* base64url of the longest number with room to spare */
#define ED25519_SIZE 32u

/* RFC 7518 section 6.2.1.1, RFC 8037 section 2 */
static const struct curve {
	const char *kty;
	char crv[8];
	const char *group; /* OpenSSL's name for it */
	enum jwk_kind kind;
	size_t size; /* of a coordinate */
} curves[] = {
	{"EC", "P-256", SN_X9_62_prime256v1, JWK_P256, 32},
	{"EC", "P-384", SN_secp384r1, JWK_P384, 48},
	{"EC", "P-521", SN_secp521r1, JWK_P521, 66},
	{"OKP", "Ed25519", "", JWK_ED25519, ED25519_SIZE},
};

/* Members of RFC 7518 sections 6.2.2 and 6.3.2 and RFC 8037 section 2 that only a private key has */
static bool has_private_part(const struct json_object *jwk)
{
	static const char *const names[] = {"d", "p", "q", "dp", "dq", "qi", "oth"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (json_object_object_get_ex(jwk, names[i], NULL))
			return true;
	return false;
}

static bool has_member(const struct json_object *jwk, const char *name)
{
	return json_object_object_get_ex(jwk, name, NULL) != 0;
}

/* RFC 7517 sections 4.2 and 4.3: absent means that the key serves any purpose */
static bool may_verify(const struct json_object *jwk)
{
	struct json_object *operations;
	const char *use;

	if (has_member(jwk, "use") && (json_read_string(jwk, "use", 16, &use) != 0 || strcmp(use, "sig") != 0))
		return false;
	if (!has_member(jwk, "key_ops"))
		return true;
	if (json_read_array(jwk, "key_ops", 16, &operations) != 0)
		return false;

	for (size_t i = 0; i < json_object_array_length(operations); i++) {
		struct json_object *o = json_object_array_get_idx(operations, i);

		if (json_object_is_type(o, json_type_string) && strcmp(json_object_get_string(o), "verify") == 0)
			return true;
	}
	return false;
}

/* Return: number of bytes, or -EBADMSG */
static ssize_t read_bytes(const struct json_object *jwk, const char *name, unsigned char *out, size_t size)
{
	const char *text;
	ssize_t n;

	if (json_read_string(jwk, name, TEXT_MAX, &text) != 0)
		return -EBADMSG;
	n = base64url_decode(out, size, text, strlen(text));
	return n < 0 ? -EBADMSG : n;
}

/* Return: 0, KEY_UNUSABLE, -ENOMEM */
static int read_number(BIGNUM **ret, const struct json_object *jwk, const char *name)
{
	unsigned char bytes[RSA_NUMBER_MAX];
	ssize_t n = read_bytes(jwk, name, bytes, sizeof(bytes));

	if (n < 0)
		return KEY_UNUSABLE;
	*ret = BN_bin2bn(bytes, (int)n, NULL);
	return *ret ? 0 : -ENOMEM;
}

static int make_pkey(EVP_PKEY **ret, const char *type, OSSL_PARAM *params)
{
	LK_CLEANUP(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);

	if (!ctx)
		return -ENOMEM;
	if (EVP_PKEY_fromdata_init(ctx) != 1 || EVP_PKEY_fromdata(ctx, ret, EVP_PKEY_PUBLIC_KEY, params) != 1)
		return KEY_UNUSABLE;
	return 0;
}

static int read_rsa(struct jwk *k, const struct json_object *jwk)
{
	LK_CLEANUP(OSSL_PARAM_BLD_freep) OSSL_PARAM_BLD *builder = NULL;
	LK_CLEANUP(OSSL_PARAM_freep) OSSL_PARAM *params = NULL;
	LK_CLEANUP(BN_freep) BIGNUM *n = NULL;
	LK_CLEANUP(BN_freep) BIGNUM *e = NULL;
	int r;

	r = read_number(&n, jwk, "n");
	if (r != 0)
		return r;
	r = read_number(&e, jwk, "e");
	if (r != 0)
		return r;

	/* The exponent's length is the price of each check: with one as long as the modulus a check takes as long
	 * as a signature. */
	if (BN_num_bits(n) < KEY_RSA_MIN_BITS || BN_num_bits(n) > KEY_RSA_MAX_BITS || !BN_is_odd(n) ||
	    BN_num_bits(e) > RSA_EXPONENT_MAX_BITS || !BN_is_odd(e) || BN_is_one(e))
		return KEY_UNUSABLE;

	builder = OSSL_PARAM_BLD_new();
	if (!builder || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) != 1)
		return -ENOMEM;
	params = OSSL_PARAM_BLD_to_param(builder);
	if (!params)
		return -ENOMEM;

	k->kind = JWK_RSA;
	k->signature_size = ((size_t)BN_num_bits(n) + 7) / 8;
	return make_pkey(&k->pkey, "RSA", params);
}

/* fromdata refuses a point that is not on the curve; the quick check says so again and refuses infinity. */
static bool is_point_sound(EVP_PKEY *pkey)
{
	LK_CLEANUP(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);

	return ctx && EVP_PKEY_public_check_quick(ctx) == 1;
}

static int read_ec(struct jwk *k, const struct json_object *jwk, const struct curve *curve)
{
	unsigned char point[1 + 2 * KEY_COORDINATE_MAX] = {POINT_CONVERSION_UNCOMPRESSED};
	LK_CLEANUP(BN_freep) BIGNUM *order = NULL;
	char group[sizeof(curve->crv)];
	OSSL_PARAM params[3];
	int r;

	if (read_bytes(jwk, "x", point + 1, curve->size) != (ssize_t)curve->size ||
	    read_bytes(jwk, "y", point + 1 + curve->size, curve->size) != (ssize_t)curve->size)
		return KEY_UNUSABLE;

	memcpy(group, curve->crv, sizeof(group));
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
	params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * curve->size);
	params[2] = OSSL_PARAM_construct_end();
	k->kind = curve->kind;
	k->signature_size = 2 * curve->size;
	r = make_pkey(&k->pkey, "EC", params);
	if (r != 0)
		return r;
	if (!is_point_sound(k->pkey))
		return KEY_UNUSABLE;

	if (EVP_PKEY_get_bn_param(k->pkey, OSSL_PKEY_PARAM_EC_ORDER, &order) != 1 ||
	    BN_bn2binpad(order, k->order, (int)curve->size) < 0)
		return -ENOMEM;
	return 0;
}

static int read_ed25519(struct jwk *k, const struct json_object *jwk)
{
	unsigned char bytes[ED25519_SIZE];

	if (read_bytes(jwk, "x", bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes))
		return KEY_UNUSABLE;
	k->kind = JWK_ED25519;
	k->signature_size = 2 * sizeof(bytes);
	k->pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, bytes, sizeof(bytes));
	return k->pkey ? 0 : -ENOMEM;
}

static int read_public_part(struct jwk *k, const struct json_object *jwk)
{
	const char *kty;
	const char *crv;

	if (json_read_string(jwk, "kty", 16, &kty) != 0)
		return KEY_UNUSABLE;
	if (strcmp(kty, "RSA") == 0)
		return read_rsa(k, jwk);
	if (json_read_string(jwk, "crv", 16, &crv) != 0)
		return KEY_UNUSABLE;

	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (strcmp(kty, curves[i].kty) != 0 || strcmp(crv, curves[i].crv) != 0)
			continue;
		return curves[i].kind == JWK_ED25519 ? read_ed25519(k, jwk) : read_ec(k, jwk, &curves[i]);
	}
	return KEY_UNUSABLE;
}

/* "kid" and "alg": either absent or such that a token can name them */
static int read_labels(struct jwk *k, const struct json_object *jwk)
{
	const char *text;

	if (has_member(jwk, "alg")) {
		if (json_read_string(jwk, "alg", 16, &text) != 0)
			return KEY_UNUSABLE;
		k->pinned = jws_algorithm_from_name(text);
		if (k->pinned == JWS_NONE)
			return KEY_UNUSABLE;
	}
	if (has_member(jwk, "kid")) {
		if (json_read_string(jwk, "kid", JWK_KID_MAX, &text) != 0)
			return KEY_UNUSABLE;
		k->kid = strdup(text);
		if (!k->kid)
			return -ENOMEM;
	}
	return 0;
}

static int read_whole(struct jwk *k, const struct json_object *jwk)
{
	int r = read_labels(k, jwk);

	if (r == 0)
		r = read_public_part(k, jwk);
	if (r == 0 && k->pinned != JWS_NONE && !key_fits(k, k->pinned))
		r = KEY_UNUSABLE;
	if (r == 0)
		r = key_prepare(k);
	return r;
}

int key_read(struct jwk *ret, const struct json_object *jwk)
{
	struct jwk k = {.pinned = JWS_NONE};
	int r;

	if (!json_object_is_type(jwk, json_type_object))
		return KEY_UNUSABLE;
	if (has_private_part(jwk))
		return KEY_PRIVATE;
	if (!may_verify(jwk))
		return KEY_UNUSABLE;

	(void)ERR_set_mark();
	r = read_whole(&k, jwk);
	(void)ERR_pop_to_mark();
	if (r != 0) {
		key_done(&k);
		return r;
	}
	*ret = k;
	return 0;
}

void key_done(struct jwk *k)
{
	for (size_t a = 0; a < JWS_ALGORITHMS; a++)
		EVP_MD_CTX_free(k->prepared[a]);
	EVP_PKEY_free(k->pkey);
	free(k->kid);
	*k = (struct jwk){0};
}

int key_kind_of(enum jwk_kind *ret, EVP_PKEY *pkey)
{
	char group[32] = "";

	if (EVP_PKEY_is_a(pkey, "RSA")) {
		*ret = JWK_RSA;
		return 0;
	}
	if (EVP_PKEY_is_a(pkey, "ED25519")) {
		*ret = JWK_ED25519;
		return 0;
	}
	/* A curve that is spelled out in numbers has no name. */
	if (!EVP_PKEY_is_a(pkey, "EC") || EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (strcmp(group, curves[i].group) == 0) {
			*ret = curves[i].kind;
			return 0;
		}
	return -EINVAL;
}

bool key_fits(const struct jwk *k, enum jws_algorithm a)
{
	const struct jws_algorithm_facts *facts = jws_algorithm_facts(a);

	return facts && facts->kind == k->kind && (k->pinned == JWS_NONE || k->pinned == a);
}
