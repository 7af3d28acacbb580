/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "helper/jose/jws.h"

/* The rules of OpenID Connect Core 3.1.3.7 and RFC 8725 for an ID token. */

#define ID_TOKEN_SKEW_S 60
#define ID_TOKEN_SUBJECT_MAX 255u

struct id_token_expectation {
	const char *issuer;         /* compared byte by byte */
	bool issuer_is_template;    /* Entra: "{tenantid}" in issuer stands for the token's own tid */
	const char *const *tenants; /* NULL-terminated allow-list for that tid; required with a template */
	const char *client_id;      /* aud and azp */
	const char *nonce;          /* NULL: none was sent; a nonce in the token is then ignored */
	const char *access_token;   /* for at_hash where present; NULL to skip */
	uint32_t algorithms;        /* as in jws_verify() */
	int64_t now_s;
	int64_t max_age_s; /* oldest iat accepted, in seconds; 0: 600 */
};

enum id_token_outcome {
	ID_TOKEN_VALID = 0,
	ID_TOKEN_MALFORMED = 100,
	ID_TOKEN_ISSUER,
	ID_TOKEN_AUDIENCE,
	ID_TOKEN_AUTHORIZED_PARTY,
	ID_TOKEN_EXPIRED,
	ID_TOKEN_NOT_YET, /* nbf, or iat in the future: probably a clock */
	ID_TOKEN_TOO_OLD,
	ID_TOKEN_NONCE,
	ID_TOKEN_AT_HASH,
	ID_TOKEN_SUBJECT, /* missing, empty, over 255 bytes, not printable ASCII */
	ID_TOKEN_TYPE,    /* typ says that it is something else: at+jwt, logout+jwt, ... */
};

/**
 * id_token_check() - verify signature, then every claim
 * @ret_claims: the claims; set only on 0; release with json_object_put()
 * Return: 0; an enum jws_outcome > 0; an enum id_token_outcome > 0; or a negative errno as jws_verify().
 */
int id_token_check(struct json_object **ret_claims, const char *token, size_t len, const struct jwk_set *keys,
		   const struct id_token_expectation *expect);

/** id_token_check_claims() - the second half alone, on an already verified JWS */
int id_token_check_claims(struct json_object **ret_claims, const struct jws *jws,
			  const struct id_token_expectation *expect);

/** id_token_outcome_text() - a few words for the log, for both kinds of positive outcome */
const char *id_token_outcome_text(int outcome);
