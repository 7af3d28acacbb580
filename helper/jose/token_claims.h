/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

/* The claims that every token of a provider has, whatever it is for. For helper/jose itself. */

#define TOKEN_TEXT_MAX 2048u
#define TOKEN_SUBJECT_MAX 255u

bool token_claims_has(const struct json_object *o, const char *name);

/** token_claims_is() - is the member there, and exactly this text? NULL equals nothing. */
bool token_claims_is(const struct json_object *o, const char *name, const char *text);

/**
 * token_claims_read_date() - a NumericDate, whose fraction is cut off: an expiry then comes earlier (RFC 7519 section 2)
 * Return: 0, -ENOENT, -EBADMSG for anything but a number from 0 to 2^53.
 */
int token_claims_read_date(const struct json_object *claims, const char *name, int64_t *ret);

/**
 * token_claims_has_issuer() - is "iss" this one, byte by byte
 * @is_template: Entra: "{tenantid}" in @issuer stands for the token's own tid, which must be one of @tenants
 */
bool token_claims_has_issuer(const struct json_object *claims, const char *issuer, bool is_template,
			     const char *const *tenants);

/** token_claims_has_audience() - is "aud" @audience, or a list of at most 64 texts with it. @ret_others: somebody else is meant
 *  as well */
bool token_claims_has_audience(const struct json_object *claims, const char *audience, bool *ret_others);

/** token_claims_is_plain() - 1 to @max bytes of printable ASCII */
bool token_claims_is_plain(const char *text, size_t max);

/** token_claims_read_subject() - OpenID Connect Core section 2: at most 255 ASCII characters; what is stored, logged and
 *  compared is these bytes. Return: 0, -ENOENT, -EBADMSG. */
int token_claims_read_subject(const struct json_object *claims, const char **ret);
