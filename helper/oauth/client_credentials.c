/* SPDX-License-Identifier: MIT */
/* Gets a token for the host itself and keeps it while it is young. Must never be had for a client without a secret, since
 * anybody could be that, and never lies anywhere but in memory: a restart asks anew. */
#include "helper/oauth/client_credentials.h"

#include <errno.h>
#include <stdlib.h>

#include "helper/base/clock.h"
#include "helper/oauth/error.h"
#include "helper/oauth/form.h"
#include "helper/oauth/request.h"
#include "helper/oauth/token.h"

#define TOKEN_TIMEOUT_MS 10000u
/* For a reply that does not say how long its token lives; one that is refused earlier is dropped by who used it. */
#define UNSAID_LIFETIME_S 300u

struct client_credentials {
	struct provider *provider;
	struct fetch_client *fetch;
	const struct provider_settings *client;
	const char *scope;

	struct secret *token;
	uint64_t renew_ms; /* from then on another one is asked for */

	struct provider_wait *wait;
	struct oauth_call *call;
	client_credentials_done_fn done;
	void *userdata;
};

int client_credentials_new(struct client_credentials **ret, struct provider *p, struct fetch_client *fetch,
			   const struct provider_settings *client, const char *scope)
{
	struct client_credentials *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return -ENOMEM;
	c->provider = p;
	c->fetch = fetch;
	c->client = client;
	c->scope = scope;
	*ret = c;
	return 0;
}

void client_credentials_cancel(struct client_credentials *c)
{
	provider_wait_cancel(LK_STEAL(c->wait));
	oauth_call_cancel(LK_STEAL(c->call));
}

void client_credentials_drop(struct client_credentials *c)
{
	secret_free(LK_STEAL(c->token));
}

void client_credentials_free(struct client_credentials *c)
{
	if (c == NULL)
		return;
	client_credentials_cancel(c);
	client_credentials_drop(c);
	free(c);
}

const struct secret *client_credentials_token(const struct client_credentials *c)
{
	return c->token;
}

/* The callee may free @c: nobody touches it after this. */
static void finish(struct client_credentials *c, const struct oauth_result *result)
{
	struct oauth_result copy = *result;

	client_auth_explain(&copy, c->provider, c->client);
	oauth_result_hide(&copy, c->token);
	c->done(c->userdata, &copy);
}

static void fail(struct client_credentials *c, enum oauth_outcome outcome, const char *why)
{
	struct oauth_result result;

	oauth_result_set(&result, outcome, "token of this host: %s", why);
	finish(c, &result);
}

/* RFC 6749 section 4.4.3: a refresh token should not come along; it would be a second thing to keep, and is not. */
static void use_tokens(struct client_credentials *c, struct token_set *tokens)
{
	uint32_t lifetime_s = tokens->expires_in_s != 0 ? tokens->expires_in_s : UNSAID_LIFETIME_S;

	c->token = LK_STEAL(tokens->access_token);
	c->renew_ms = clock_monotonic_ms() + (uint64_t)lifetime_s * 1000 * 2 / 3;
	finish(c, &(struct oauth_result){.outcome = OAUTH_DONE});
}

static void judge(struct client_credentials *c, const struct fetch_reply *reply)
{
	LK_CLEANUP(token_set_freep) struct token_set *tokens = NULL;
	struct oauth_result result = {.outcome = OAUTH_BAD_REPLY};
	uint32_t interval_s;
	int r = token_reply_parse(&tokens, &interval_s, &result, c->client->dialect, reply->status, reply->body,
				  reply->body_len);

	if (r == TOKEN_REPLY_TOKENS) {
		use_tokens(c, tokens);
		return;
	}
	token_reply_explain(&result, r, "token of this host", reply->status);
	finish(c, &result);
}

static void on_reply(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	struct client_credentials *c = userdata;
	struct oauth_result result;

	c->call = NULL;
	if (outcome != FETCH_DONE) {
		oauth_result_from_fetch(&result, "token of this host", outcome, detail);
		finish(c, &result);
		return;
	}
	provider_note_date(c->provider, reply->date_s);
	judge(c, reply);
}

static int ask(struct client_credentials *c)
{
	LK_CLEANUP(form_done) struct form form = {0};

	form_init(&form);
	form_add(&form, "grant_type", "client_credentials");
	form_add(&form, "scope", c->scope);
	return request_post(c->fetch, c->client, provider_token_endpoint(c->provider), &form, false, TOKEN_TIMEOUT_MS,
			    on_reply, c, &c->call);
}

static void on_prepared(void *userdata, const struct oauth_result *result)
{
	struct client_credentials *c = userdata;

	c->wait = NULL;
	if (result->outcome != OAUTH_DONE)
		finish(c, result);
	else if (!client_auth_is_proof(c->client))
		fail(c, OAUTH_CLIENT_REFUSED, "a client that proves nothing cannot have one (RFC 6749 section 4.4)");
	else if (ask(c) < 0)
		fail(c, OAUTH_NO_MEMORY, "the request cannot be made");
}

int client_credentials_prepare(struct client_credentials *c, client_credentials_done_fn done, void *userdata)
{
	if (c->wait != NULL || c->call != NULL)
		return -EBUSY;
	if (c->token != NULL && clock_monotonic_ms() < c->renew_ms)
		return 1;
	client_credentials_drop(c);
	c->done = done;
	c->userdata = userdata;
	return provider_prepare(c->provider, on_prepared, c, &c->wait);
}
