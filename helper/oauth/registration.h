/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "helper/base/secret.h"
#include "helper/oauth/outcome.h"
#include "helper/oauth/provider.h"

/* What this host asks for when it registers itself as a client, and what comes back: RFC 7591, RFC 7592. Pure. */

#define REGISTRATION_BODY_MAX (32u * 1024u)
#define REGISTRATION_TEXT_MAX (48u * 1024u) /* of registration_encode() */
#define REGISTRATION_ID_MAX 255u
#define REGISTRATION_TOKEN_MAX 8192u
#define REGISTRATION_SECRET_MAX 4096u

struct registration {
	char *client_id;
	enum client_auth client_auth; /* what the provider has made of the wish (REG-03) */
	struct secret *client_secret; /* NULL where the method needs none */
	int64_t secret_expires_s;     /* 0: never */
	int64_t received_s;           /* by this host's clock */
	char *uri;                    /* as given (REG-06); NULL: the provider lets nobody change what is registered */
	struct secret *token;         /* for uri; both or neither */
	struct json_object *reply;    /* the whole, merged with what an update did not repeat */
};

void registration_free(struct registration *r);
LK_DEFINE_CLEANUP(struct registration *, registration_free);

/* What is wanted. Borrowed for the call. */
struct registration_wish {
	const char *host;
	enum client_auth client_auth; /* none, basic, post or private_key_jwt */
	const char *jwks;             /* a JWK Set's text for private_key_jwt; else NULL */
	enum jws_algorithm algorithm; /* of the assertions */
	bool uses_ciba;
	bool uses_client_credentials;
	const char *own_scope; /* of the tokens that the host has for itself; NULL: none */
};

/**
 * registration_request() - the body of a registration, or of an update where @old is given
 * An update repeats everything that @old has, but for what the provider gave and what the wish says anew (REG-08).
 * Return: 0, -ENOMEM, -EINVAL @wish->jwks is no JWK Set. Release with json_put_wiped().
 */
int registration_request(struct json_object **ret, const struct provider_settings *s,
			 const struct registration_wish *wish, const struct registration *old);

/**
 * registration_parse() - read a reply to a registration (201) or an update (200)
 * @old: the registration before an update: what the reply does not repeat stays (RFC 7592 section 2.2); else NULL
 * @ret: set only on 0
 * Return: 0; -EBADMSG and @result says what is wrong with it; -ENOMEM.
 */
int registration_parse(struct registration **ret, struct oauth_result *result, const struct provider_settings *s,
		       const struct registration *old, unsigned status, const char *body, size_t len, int64_t now_s);

/** registration_encode() - as it is kept, and back. Return: 0, -E2BIG, -EBADMSG, -ENOMEM. */
int registration_encode(struct secret **ret, const struct registration *r);
int registration_decode(struct registration **ret, const struct provider_settings *s, const struct secret *text);

/** registration_renew_at_s() - when a secret that ends is to be renewed, at two thirds of its life (REG-02); 0: never */
int64_t registration_renew_at_s(const struct registration *r);
