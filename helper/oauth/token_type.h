/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

/* What kind of token something is: RFC 8693 section 3, and RFC 9068 for "jwt" in an exchange. */

#define TOKEN_TYPE_ACCESS_TOKEN "urn:ietf:params:oauth:token-type:access_token"
#define TOKEN_TYPE_ID_TOKEN "urn:ietf:params:oauth:token-type:id_token"
#define TOKEN_TYPE_JWT "urn:ietf:params:oauth:token-type:jwt"

/**
 * token_type_uri() - "access-token", "id-token", "jwt", "saml1", "saml2", or one of their URIs
 * Refresh tokens are not among them: nobody gets one by an exchange here.
 * Return: the URI, or NULL.
 */
const char *token_type_uri(const char *word);
