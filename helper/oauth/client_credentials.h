/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/secret.h"
#include "helper/oauth/provider.h"

/* A token of this host's own, for nobody in particular: RFC 6749 section 4.4. It is kept in memory alone. */

struct client_credentials;

/** @result: OAUTH_DONE when client_credentials_token() has one now */
typedef void (*client_credentials_done_fn)(void *userdata, const struct oauth_result *result);

/**
 * client_credentials_new() - everything must outlive it, also @scope
 * @client: whom this host is at the token endpoint of @p, with its secret; a client without one is refused later
 * @scope:  NULL: none is asked for
 * Return: 0, -ENOMEM.
 */
int client_credentials_new(struct client_credentials **ret, struct provider *p, struct fetch_client *fetch,
			   const struct provider_settings *client, const char *scope);
void client_credentials_free(struct client_credentials *c);
LK_DEFINE_CLEANUP(struct client_credentials *, client_credentials_free);

/**
 * client_credentials_prepare() - have a token with at least a third of its life left
 * @done: runs once, from the event loop, and only for 0; may free @c
 * Return: 0 under way, 1 one is at hand, -EBUSY while the last call is under way, -ENOMEM.
 */
int client_credentials_prepare(struct client_credentials *c, client_credentials_done_fn done, void *userdata);

/** client_credentials_cancel() - @done of the last prepare will not run */
void client_credentials_cancel(struct client_credentials *c);

/** client_credentials_token() - valid until the next call of prepare or drop; NULL when there is none */
const struct secret *client_credentials_token(const struct client_credentials *c);

/** client_credentials_drop() - forget a token that somebody did not accept */
void client_credentials_drop(struct client_credentials *c);
