/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>
#include <openssl/evp.h>

#include "helper/jose/algorithm.h"
#include "helper/jose/jwk.h"

/* One public key, and the check of one signature with it. For helper/jose itself. */

#define KEY_RSA_MIN_BITS 2048
#define KEY_RSA_MAX_BITS 8192
#define KEY_SIGNATURE_MAX (KEY_RSA_MAX_BITS / 8)
#define KEY_COORDINATE_MAX 66u

struct jwk {
	char *kid; /* NULL: none */
	enum jwk_kind kind;
	enum jws_algorithm pinned; /* "alg" of the key; JWS_NONE: any that goes with its kind */
	EVP_PKEY *pkey;
	EVP_MD_CTX *prepared[JWS_ALGORITHMS];    /* copied for each check; NULL where !key_fits() */
	size_t signature_size;                   /* in bytes, exactly, as JWS has it */
	unsigned char order[KEY_COORDINATE_MAX]; /* of an elliptic curve's group, as long as a coordinate */
};

struct jwk_set {
	size_t count;
	struct jwk keys[JWK_SET_MAX_KEYS];
};

enum key_outcome {
	KEY_UNUSABLE = 1, /* not for us: leave it out */
	KEY_PRIVATE,      /* private parts in a public document */
};

/**
 * key_read() - one member of a JWK Set
 * @ret: set only on 0; release with key_done()
 * Return: 0, an enum key_outcome, -ENOMEM.
 */
int key_read(struct jwk *ret, const struct json_object *jwk);
void key_done(struct jwk *k);

/** key_kind_of() - what kind of key OpenSSL holds. Return: 0, -EINVAL none of ours. */
int key_kind_of(enum jwk_kind *ret, EVP_PKEY *pkey);

/** key_fits() - may this key check signatures of algorithm @a; false for JWS_NONE */
bool key_fits(const struct jwk *k, enum jws_algorithm a);

/**
 * key_prepare() - make the contexts that each check starts from, so that no check pays for looking up algorithms
 * Return: 0, KEY_UNUSABLE where OpenSSL or its configuration will have none of it, -ENOMEM.
 */
int key_prepare(struct jwk *k);

/**
 * key_verify() - is @signature, in the form of RFC 7518 section 3, one of @k over @text
 * @a: an algorithm that key_fits()
 * Return: 0, JWS_BAD_SIGNATURE, -ENOMEM, -EIO when OpenSSL fails.
 */
int key_verify(const struct jwk *k, enum jws_algorithm a, const unsigned char *signature, size_t signature_len,
	       const void *text, size_t len);

/** key_set_padding() - of a check or a signature by @facts. Return: did OpenSSL take it. */
bool key_set_padding(EVP_PKEY_CTX *ctx, const struct jws_algorithm_facts *facts);
