/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "helper/jose/jwk.h"

/* JWS in compact serialisation only: RFC 7515 section 3.1, signatures by OpenSSL's EVP. */

#define JWS_MAX_BYTES (64u * 1024u)

enum jws_outcome {
	JWS_VALID = 0,
	JWS_MALFORMED =
		1,       /* not three canonical base64url parts, header not strict JSON, crit, b64, zip, cty JWT, JWE */
	JWS_ALGORITHM,   /* missing, none, HMAC, unknown, or not in the caller's set */
	JWS_UNKNOWN_KEY, /* no key of the set has this kid (or, without kid, fits the algorithm): a refetch may help */
	JWS_BAD_SIGNATURE,
};

struct jws {
	struct json_object *header;
	char *payload; /* NUL-terminated; payload_len bytes */
	size_t payload_len;
	enum jws_algorithm algorithm;
};

/**
 * jws_verify() - check one token against a set of keys
 * @ret:     set only on JWS_VALID; release with jws_done()
 * @allowed: bit (1u << algorithm) for each algorithm that configuration allows
 *
 * The algorithm must be allowed and fit the key's type, curve and "alg". Nothing in the header chooses a key but
 * kid, by exact match; jwk, jku, x5u, x5c and x5t are ignored (T5). No more than 4 keys are tried.
 *
 * Return: an enum jws_outcome, or -E2BIG, -ENOMEM, -EIO when OpenSSL fails. RFC 7515 section 5.2, RFC 8725.
 */
int jws_verify(struct jws *ret, const char *token, size_t len, const struct jwk_set *keys, uint32_t allowed);

/**
 * jws_decode() - take a token apart without judging it: for display only ("latchkey inspect")
 * What the header asks for is not looked at (algorithm is JWS_NONE where it names none of ours), and the signature
 * may be empty. Return: 0, JWS_MALFORMED, -E2BIG, -ENOMEM.
 */
int jws_decode(struct jws *ret, const char *token, size_t len);

void jws_done(struct jws *j);
const char *jws_outcome_text(int outcome);
