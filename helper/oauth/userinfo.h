/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "helper/jose/jwk.h"
#include "helper/oauth/outcome.h"

/* Replies of the userinfo endpoint, plain or signed: OpenID Connect Core section 5.3. */

#define USERINFO_REFUSED 1
#define USERINFO_UNKNOWN_KEY 2

struct userinfo_expectation {
	const char *subject; /* of the ID token; NULL where the provider has none */
	const char *issuer;  /* of a signed reply, where it says so */
	const char *client_id;
	const struct jwk_set *keys;
	uint32_t algorithms; /* as in jws_verify() */
};

/**
 * userinfo_parse() - read one reply with status 200
 * Return: 0 with @ret set (json_object_put()), USERINFO_REFUSED with @result filled, USERINFO_UNKNOWN_KEY, -ENOMEM.
 */
int userinfo_parse(struct json_object **ret, struct oauth_result *result, const struct userinfo_expectation *expect,
		   const char *content_type, const char *body, size_t len);

/** userinfo_merge() - add to @claims what it lacks: never the claims that make a token valid, never a "verified" mark for
 *  another value than the one in @claims. Return: 0, -ENOMEM. */
int userinfo_merge(struct json_object *claims, struct json_object *userinfo);

/** userinfo_result_from_status() - for a reply with another status than 200 */
void userinfo_result_from_status(struct oauth_result *result, unsigned status);
