/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include "helper/oauth/actor.h"
#include "helper/oauth/introspect.h"

/* What an introspection says of a token that somebody has brought: RFC 7662 with members of RFC 8693 section 4.1 and RFC 9470
 * section 6.2. Unlike of one of our own, everything that tells whose it is, and that it is meant for us, must be said. Pure. */

/* All of it is borrowed; each but the first two may be NULL or 0. */
struct introspect_presented {
	const char *subject;        /* whose it must be: "sub", byte by byte */
	const char *const *clients; /* whom it may have been issued to: "client_id"; NULL-terminated */
	const char *issuer;         /* "iss", where it is said */
	const char *audience;       /* must be in "aud" */
	const char *scope;          /* words that must all be in "scope" */
	const char *const *classes; /* one of which "acr" must be */
	uint32_t max_age_s;         /* since "auth_time" */
	int64_t now_s;
};

#define INTROSPECT_TEXT_MAX 100u

/* What is not said is empty. */
struct introspect_facts {
	int64_t expires_s; /* 0: not said */
	char client[INTROSPECT_TEXT_MAX + 1];
	char actor[ACTOR_SIZE]; /* actor_read() */
};

/**
 * introspect_presented_parse() - read one reply with status 200
 * @ret: set for INTROSPECT_ACTIVE only; its texts are printable ASCII
 * Active is JSON true (INT-01, INT-02), now (INT-03), of the right subject, client, issuer, audience and scope, and as strong as
 * wanted (INT-07). A token that is bound to a key ("cnf": RFC 8705, RFC 9449), or is a refresh token, is not one to be believed from
 * whoever has it.
 * Return: an enum introspect_outcome; INTROSPECT_UNREACHABLE for what cannot be read. @result says why for the log.
 */
enum introspect_outcome introspect_presented_parse(struct introspect_facts *ret, struct oauth_result *result,
						   const struct introspect_presented *expect, const char *body,
						   size_t len);
