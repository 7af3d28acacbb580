/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "helper/jose/jws.h"

/* What proves that a program is there: an assertion that it has signed itself over a nonce of ours (RFC 7521, 7523), or an
 * ID token of the CI system that it runs in, which knows no nonce. */

#define ASSERTION_SKEW_S 60
#define ASSERTION_FAR_S 300             /* no exp of an assertion is further away (AS-04) */
#define WORKLOAD_LIFE_MAX_S (24 * 3600) /* from iat to exp: for so long it is remembered that it was used */
#define ASSERTION_ID_MAX 255u

struct assertion_expectation {
	const char *issuer; /* this and the next three are compared byte by byte */
	const char *subject;
	const char *audience; /* the only one */
	const char *nonce;
	int64_t asked_s;     /* when the nonce was made */
	uint32_t algorithms; /* as in jws_verify() */
	int64_t now_s;
};

struct workload_expectation {
	const char *issuer;
	const char *audience; /* the only one */
	const char *subject;  /* pattern: '*' stands for any bytes or none, everything else for itself */
	const char *const *
		claims; /* NULL-terminated, NAME=PATTERN, each of which must fit a text, number or truth value; NULL: none */
	uint32_t algorithms;
	int64_t now_s;
};

enum assertion_outcome {
	ASSERTION_VALID = 0,
	ASSERTION_MALFORMED = 300,
	ASSERTION_TYPE,
	ASSERTION_ISSUER,
	ASSERTION_SUBJECT,
	ASSERTION_AUDIENCE,
	ASSERTION_NONCE,
	ASSERTION_CLAIM, /* one of those that a workload must have */
	ASSERTION_ID,
	ASSERTION_BEHIND, /* older than the nonce in it, so one of the clocks is wrong; or of a workload: see EXPIRED */
	ASSERTION_AHEAD,  /* of the future: the same */
	ASSERTION_EXPIRED,
	ASSERTION_FAR, /* good for too long */
};

/* What a caller remembers of one that was good. */
struct assertion_facts {
	char id[ASSERTION_ID_MAX + 1]; /* jti; "" where a workload's token has none */
	int64_t expires_s;             /* from then on it is refused by its age alone */
	int64_t off_s; /* how far its clock seems to be ahead of ours; for BEHIND and AHEAD, which are no facts, too */
};

/**
 * assertion_check() - signature first, so that nobody without the key learns anything by a claim
 * @ret: meaningful on 0; off_s alone for ASSERTION_BEHIND and ASSERTION_AHEAD
 * Return: 0; an enum jws_outcome > 0; an enum assertion_outcome > 0; negative errno as jws_verify().
 */
int assertion_check(struct assertion_facts *ret, const char *token, size_t len, const struct jwk_set *keys,
		    const struct assertion_expectation *expect);

/** assertion_check_claims() - the second half alone, on a verified JWS */
int assertion_check_claims(struct assertion_facts *ret, const struct jws *jws,
			   const struct assertion_expectation *expect);

/** workload_check() and workload_check_claims() - the same for an ID token of a CI system */
int workload_check(struct assertion_facts *ret, const char *token, size_t len, const struct jwk_set *keys,
		   const struct workload_expectation *expect);
int workload_check_claims(struct assertion_facts *ret, const struct jws *jws,
			  const struct workload_expectation *expect);

/** pattern_fits() - '*' stands for any bytes or none; in a time that grows with the product of both lengths at most */
bool pattern_fits(const char *pattern, const char *text);

/** assertion_outcome_text() - a few words for the log, also for an enum jws_outcome */
const char *assertion_outcome_text(int outcome);
