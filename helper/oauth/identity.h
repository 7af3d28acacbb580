/* SPDX-License-Identifier: MIT */
#pragma once

#include <json-c/json.h>

#include "helper/oauth/provider.h"
#include "helper/oauth/token.h"

/* Who a token reply is about: ID token verified, userinfo fetched where claims are missing, subjects compared. */

struct identity {
	char *issuer;               /* as configured, also where tokens of many tenants name their own */
	char *subject;              /* for Entra "tid/oid"; for GitHub the number as text */
	struct json_object *claims; /* ID token's claims, completed (never overridden) by userinfo's */
};

void identity_free(struct identity *i);
LK_DEFINE_CLEANUP(struct identity *, identity_free);

struct identity_check;
typedef void (*identity_done_fn)(void *userdata, const struct oauth_result *result, struct identity *identity);

/**
 * identity_check_start() - judge @tokens, which are copied, as is @wanted_claims
 * @ret:           set only for 0
 * @wanted_claims: NULL-terminated names, or JSON pointers; userinfo is asked only if one is missing from the ID token
 * @done:          runs once, from the event loop or, when nothing had to be fetched, before this returns with 1;
 *                 owns @identity (set for OAUTH_DONE only)
 * An unknown key leads to at most one refetch; userinfo's sub must equal the ID token's (ID-16, T21).
 * Return: 0 under way, 1 @done ran already, -ENOMEM.
 */
int identity_check_start(struct identity_check **ret, struct provider *p, struct fetch_client *fetch,
			 const struct token_set *tokens, const char *const *wanted_claims, identity_done_fn done,
			 void *userdata);

/**
 * identity_again_start() - the same of tokens that were had without the person: OpenID Connect Core section 12.2
 * An ID token is judged as ever where there is one; where there is none userinfo alone says whose the access token is, which
 * is one of our own grant (OA-15). Who it must be is the caller's to compare (T20, ID-17).
 */
int identity_again_start(struct identity_check **ret, struct provider *p, struct fetch_client *fetch,
			 const struct token_set *tokens, const char *const *wanted_claims, identity_done_fn done,
			 void *userdata);

/**
 * identity_of_service_start() - the same of a service account's token, where an ID token came with it
 * @client_id: whom it is for, which need not be the provider's client; copied. Userinfo is not asked.
 */
int identity_of_service_start(struct identity_check **ret, struct provider *p, struct fetch_client *fetch,
			      const char *client_id, const struct token_set *tokens, identity_done_fn done,
			      void *userdata);

/** identity_check_free() - @done will not run any more. Accepts NULL. */
void identity_check_free(struct identity_check *c);
