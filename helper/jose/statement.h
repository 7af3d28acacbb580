/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "helper/jose/jws.h"

/* A provider's signed statement that something has happened: a security event token, RFC 8417. Logout tokens of OpenID
 * Connect are one kind (logout_token.h), events of Shared Signals another (security_event.h); neither is ever an ID token,
 * and no ID token is one of them. */

#define STATEMENT_ID_MAX 255u
#define STATEMENT_SKEW_S 60

struct statement_expectation {
	const char *issuer;         /* compared byte by byte */
	bool issuer_is_template;    /* as in struct id_token_expectation */
	const char *const *tenants; /* the same */
	const char *audience;
	uint32_t algorithms; /* as in jws_verify() */
	int64_t now_s;
};

enum statement_outcome {
	STATEMENT_VALID = 0,
	STATEMENT_MALFORMED = 200,
	STATEMENT_TYPE, /* typ, or the claims, say that it is something else */
	STATEMENT_ISSUER,
	STATEMENT_AUDIENCE,
	STATEMENT_EXPIRED,
	STATEMENT_NOT_YET, /* of the future: probably a clock */
	STATEMENT_ID,      /* jti is missing or not printable ASCII */
	STATEMENT_EVENTS,  /* there is no event in it, or not the one that must be */
	STATEMENT_ABOUT,   /* nothing says whom it is about */
};

/**
 * statement_check_common() - what both kinds have: the type, the issuer, the audience, "iat", "jti", and "events" as an object
 * @types:      NULL-terminated, as "typ" may be, in lower case and without "application/"
 * @may_lack:   "typ" may be missing
 * @ret_claims: set only on 0; release with json_object_put()
 * Return: 0, an enum statement_outcome > 0, -ENOMEM.
 */
int statement_check_common(struct json_object **ret_claims, const struct jws *jws,
			   const struct statement_expectation *expect, const char *const *types, bool may_lack);

/** statement_outcome_text() - a few words for the log, also for an enum jws_outcome */
const char *statement_outcome_text(int outcome);
