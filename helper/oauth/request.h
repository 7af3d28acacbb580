/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "helper/oauth/client_auth.h"
#include "helper/oauth/form.h"
#include "helper/oauth/provider.h"

/* The shapes of request that every flow uses. All send Accept and User-Agent; @url is used as it is, with the query
 * that it may have (RFC 6749 section 3.2). */

/** request_add_scope() - @words with blanks between them, as the provider wants them separated; NULL adds nothing */
void request_add_scope(struct form *form, const struct provider_settings *s, const char *words);

/* A request with client authentication under way: an exchange, and before it the signature where the client has a key. */
struct oauth_call;

/** oauth_call_cancel() - as fetch_cancel(): @done will not run. Accepts NULL. */
void oauth_call_cancel(struct oauth_call *call);
LK_DEFINE_CLEANUP(struct oauth_call *, oauth_call_cancel);

/**
 * request_post() - post @form to an endpoint that knows clients
 * @form:      its client authentication is added here; released by the caller
 * @is_public: as in client_auth_add()
 * @ret:       for oauth_call_cancel(), valid until @done ran
 * Return: as fetch_start() and client_auth_add(), -EIO the client's key does not sign; else @done runs once, from the event loop, never from within.
 */
int request_post(struct fetch_client *fetch, const struct provider_settings *s, const char *url, struct form *form,
		 bool is_public, uint32_t timeout_ms, fetch_done_fn done, void *userdata, struct oauth_call **ret);

/**
 * request_get() - get a document, with a bearer token where one is given
 * @accept: media types
 * @bearer: or NULL
 */
int request_get(struct fetch_client *fetch, const struct provider_settings *s, const char *url, const char *accept,
		const struct secret *bearer, uint32_t timeout_ms, fetch_done_fn done, void *userdata,
		struct fetch_call **ret);

/**
 * request_post_json() - post a JSON text to an endpoint that knows people by their token
 * @text: copied
 */
int request_post_json(struct fetch_client *fetch, const struct provider_settings *s, const char *url, const char *text,
		      const struct secret *bearer, uint32_t timeout_ms, fetch_done_fn done, void *userdata,
		      struct fetch_call **ret);

/**
 * request_json() - the same by any method that latchkey-fetch knows (RFC 7591, 7592)
 * @method: "PUT", "DELETE"; NULL: POST
 * @text:   copied; NULL: no body
 * @bearer: or NULL
 */
int request_json(struct fetch_client *fetch, const struct provider_settings *s, const char *method, const char *url,
		 const char *text, const struct secret *bearer, uint32_t timeout_ms, fetch_done_fn done, void *userdata,
		 struct fetch_call **ret);
