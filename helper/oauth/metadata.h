/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include <json-c/json.h>

#include "helper/oauth/provider.h"

/* Where discovery documents lie and what of them counts: RFC 8414, OpenID Connect Discovery. Pure. */

enum metadata_place {
	METADATA_OPENID,  /* appended to the issuer */
	METADATA_RFC8414, /* inserted between host and path */
};

/** metadata_url() - Return: 0, -EBADMSG for an issuer that is no usable URL, -ENOMEM. Release with free(). */
int metadata_url(char **ret, const char *issuer, enum metadata_place place);

/**
 * metadata_token_issuer() - what a document's issuer member and a token's iss must be
 * @ret_is_template: "{tenantid}" stands in it (MD-03); else it is the configured issuer
 * Return: 0, -ENOMEM. Release with free().
 */
int metadata_token_issuer(char **ret, bool *ret_is_template, const struct provider_settings *s);

/** metadata_is_needed() - false when settings and dialect name every endpoint */
bool metadata_is_needed(const struct provider_settings *s);

struct metadata_endpoints {
	char *device; /* each NULL where the provider has none */
	char *ciba;
	char *token;
	char *userinfo;
	char *jwks;
	char *authorization;
	char *pushed_authorization;
	char *introspection;
	char *revocation;
	char *registration;
	bool sends_issuer; /* RFC 9207 section 3: answers of the authorization endpoint name the issuer */
};

void metadata_endpoints_done(struct metadata_endpoints *e);

/**
 * metadata_endpoints() - settings first, then @document (NULL for none), then the dialect's paths
 * @why: reason, OAUTH_DETAIL_MAX bytes, filled for -EBADMSG
 * Return: 0, -EBADMSG, -ENOMEM.
 */
int metadata_endpoints(struct metadata_endpoints *ret, const struct provider_settings *s, struct json_object *document,
		       char *why);
