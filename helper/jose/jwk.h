/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

#include <openssl/evp.h>

#include "helper/base/cleanup.h"

/* JSON Web Keys, public ones only: RFC 7517, 7518 section 6, 8037. */

#define JWK_SET_MAX_KEYS 64u
#define JWK_KID_MAX 256u

enum jws_algorithm {
	JWS_NONE = 0, /* never accepted; the value of "not set" */
	JWS_RS256,
	JWS_RS384,
	JWS_RS512,
	JWS_PS256,
	JWS_PS384,
	JWS_PS512,
	JWS_ES256,
	JWS_ES384,
	JWS_ES512,
	JWS_EDDSA,
	JWS_ALGORITHMS,
};

/** jws_algorithm_from_name() - exact, case-sensitive; JWS_NONE for everything else, "none" and HMAC included */
enum jws_algorithm jws_algorithm_from_name(const char *name);
const char *jws_algorithm_name(enum jws_algorithm a);

struct jwk_set;

/**
 * jwk_set_parse() - read a JWK Set
 * Keys that cannot verify a signature we accept are skipped (other kty, use "enc", RSA below 2048 or above 8192 bits
 * or with an exponent that is even, 1 or longer than 64 bits, a point off its curve, an unknown curve). A key with
 * private parts, a "keys" that is no array and more than JWK_SET_MAX_KEYS keys refuse the whole set (threat N12). Two keys
 * with one kid and one kty: both are kept and both are tried.
 * Return: 0, -EBADMSG, -E2BIG, -ENOMEM; -ENOKEY when no usable key is left.
 */
int jwk_set_parse(struct jwk_set **ret, const char *text, size_t len);
size_t jwk_set_count(const struct jwk_set *set);
void jwk_set_free(struct jwk_set *set);
LK_DEFINE_CLEANUP(struct jwk_set *, jwk_set_free);
