/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include <json-c/json.h>

#include "helper/base/buf.h"
#include "helper/base/secret.h"
#include "helper/jose/signing_key.h"

/* Assertions that this host signs about itself or about a service account: RFC 7523 sections 2 and 3. */

#define ASSERTION_LIFETIME_MAX_S 300 /* AS-04 */
#define ASSERTION_TEXT_MAX 2048u     /* bytes of iss, sub, aud */
#define ASSERTION_JTI_CHARS 22u      /* 128 bit */
#define ASSERTION_PAYLOAD_MAX (16u * 1024u)

struct assertion_claims {
	const char *iss;
	const char *sub;
	const char *aud;
	int64_t lifetime_s;        /* 1..ASSERTION_LIFETIME_MAX_S */
	struct json_object *extra; /* further members; NULL: none. Borrowed */
	const char *typ;           /* of the header; NULL: "JWT" */
};

/**
 * assertion_make() - claims, iat of now, exp and a jti that was never used, signed
 * @ret: set only on 0
 * @k:   opened here where it is not: of a token or TPM that may block
 * Each call makes a new jti, so a retry is another assertion (AS-04).
 * Return: 0; as jws_sign(); -EINVAL: a claim is missing or too long, the lifetime is out of range, or @extra names a claim
 * that is set here; -EIO no random numbers.
 */
int assertion_make(struct secret **ret, struct signing_key *k, const struct assertion_claims *claims);

/**
 * assertion_payload() - the same, not signed yet: for who has it signed by another thread
 * @out: with room for ASSERTION_PAYLOAD_MAX bytes
 * Return: 0, -EINVAL, -EIO, -ENOMEM, -E2BIG.
 */
int assertion_payload(struct buf *out, const struct assertion_claims *claims);
const char *assertion_typ(const struct assertion_claims *claims);
