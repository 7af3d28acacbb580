/* SPDX-License-Identifier: MIT */
/* Asks for a service account's token: an assertion is signed, sent once, and the reply judged. Must never show an assertion to anybody
 * but the token endpoint, nor send one twice. */
#include "helper/oauth/jwt_bearer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/text.h"
#include "helper/oauth/error.h"
#include "helper/oauth/request.h"

#define GRANT_TIMEOUT_MS 10000u
#define GRANT_TYPE "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define CLIENT_ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

struct jwt_bearer {
	struct provider *provider;
	struct fetch_client *fetch;
	struct provider_settings client; /* who is at the token endpoint: borrowed texts, but for the client id */
	char *client_id;
	bool is_public; /* the client's own secret or key is not shown */
	bool is_client_credentials;
	char *scope;
	char *resource;

	struct signer_job *signing;
	struct secret *assertion;
	struct oauth_call *call;
	jwt_bearer_done_fn done;
	void *userdata;
};

void jwt_bearer_free(struct jwt_bearer *b)
{
	if (b == NULL)
		return;
	signer_cancel(b->signing);
	oauth_call_cancel(b->call);
	secret_free(b->assertion);
	free(b->client_id);
	free(b->scope);
	free(b->resource);
	free(b);
}

/* The callee may free @b: nobody touches it after this. */
static void finish(struct jwt_bearer *b, enum grant_outcome outcome, const struct oauth_result *result,
		   struct token_set *tokens, uint32_t retry_after_s)
{
	struct oauth_result copy = *result;

	oauth_result_hide(&copy, b->assertion);
	client_auth_explain(&copy, b->provider, &b->client);
	b->done(b->userdata, outcome, &copy, tokens, retry_after_s);
}

static void on_reply(void *userdata, enum fetch_outcome fetched, const struct fetch_reply *reply, const char *detail)
{
	LK_CLEANUP(token_set_freep) struct token_set *tokens = NULL;
	enum grant_outcome outcome = GRANT_UNREACHABLE;
	struct jwt_bearer *b = userdata;
	struct oauth_result result;

	b->call = NULL;
	if (fetched != FETCH_DONE) {
		oauth_result_from_fetch(&result, "grant", fetched, detail);
	} else {
		provider_note_date(b->provider, reply->date_s);
		outcome = grant_reply_parse(&tokens, &result, b->client.dialect, b->is_client_credentials,
					    provider_clock_difference_s(b->provider), reply->status, reply->body,
					    reply->body_len);
	}
	finish(b, outcome, &result, LK_STEAL(tokens), fetched == FETCH_DONE ? reply->retry_after_s : 0);
}

static int send(struct jwt_bearer *b)
{
	LK_CLEANUP(form_done) struct form form = {0};

	form_init(&form);
	if (b->is_client_credentials) {
		form_add(&form, "grant_type", "client_credentials");
		if (b->assertion != NULL)
			form_add(&form, "client_assertion_type", CLIENT_ASSERTION_TYPE);
		form_add_secret(&form, "client_assertion", b->assertion);
	} else {
		form_add(&form, "grant_type", GRANT_TYPE);
		form_add_secret(&form, "assertion", b->assertion);
	}
	if (b->scope != NULL && !b->client.dialect->grant_names_no_scope)
		request_add_scope(&form, &b->client, b->scope);
	form_add(&form, "resource", b->resource);
	return request_post(b->fetch, &b->client, provider_token_endpoint(b->provider), &form, b->is_public,
			    GRANT_TIMEOUT_MS, on_reply, b, &b->call);
}

static void on_signed(void *userdata, int r, const struct secret *assertion)
{
	struct jwt_bearer *b = userdata;
	struct oauth_result result;

	b->signing = NULL;
	if (r == 0)
		r = secret_copy(&b->assertion, secret_data(assertion), secret_len(assertion));
	if (r == 0)
		r = send(b);
	if (r == 0)
		return;
	oauth_result_set(&result, OAUTH_CLIENT_REFUSED, "grant: the key does not sign: %s", signing_text(r));
	finish(b, GRANT_UNREACHABLE, &result, NULL, 0);
}

/* Who the client is, and by what it proves that: the provider's own client as configured, any other by the assertion alone. */
static int set_client(struct jwt_bearer *b, const struct jwt_bearer_request *request)
{
	const struct provider_settings *s = provider_settings(b->provider);
	const char *client_id = request->client_id != NULL ? request->client_id : s->client_id;
	int r = text_copy(&b->client_id, client_id);

	if (r < 0)
		return r;
	if (b->client_id == NULL)
		return -EINVAL;
	b->client = *s;
	b->client.client_id = b->client_id;
	b->is_public = s->client_id == NULL || strcmp(client_id, s->client_id) != 0 ||
		       s->dialect->grant_is_by_assertion || (request->is_client_credentials && request->key != NULL);
	return 0;
}

/* Return: 0 it was sent or is being signed; as jwt_bearer_start(). */
static int begin(struct jwt_bearer *b, const struct jwt_bearer_request *request)
{
	const struct assertion_claims claims = {
		.iss = b->client_id,
		.sub = request->is_client_credentials ? b->client_id : request->subject,
		.aud = request->audience != NULL ? request->audience : b->client.issuer,
		.lifetime_s = JWT_BEARER_LIFETIME_S,
	};
	int r;

	if (request->key != NULL) {
		r = signer_start(&b->signing, &b->assertion, request->signer, request->key, &claims, on_signed, b);
		return r != 0 || b->signing != NULL ? r : send(b);
	}
	if (request->assertion != NULL) {
		r = secret_copy(&b->assertion, secret_data(request->assertion), secret_len(request->assertion));
		return r < 0 ? r : send(b);
	}
	/* RFC 6749 section 4.4: anybody could be a client that proves nothing. */
	if (!request->is_client_credentials || b->is_public || b->client.client_auth == CLIENT_AUTH_NONE)
		return -EINVAL;
	return send(b);
}

int jwt_bearer_start(struct jwt_bearer **ret, struct provider *p, struct fetch_client *fetch,
		     const struct jwt_bearer_request *request, jwt_bearer_done_fn done, void *userdata)
{
	LK_CLEANUP(jwt_bearer_freep) struct jwt_bearer *b = calloc(1, sizeof(*b));
	int r;

	if (b == NULL)
		return -ENOMEM;
	b->provider = p;
	b->fetch = fetch;
	b->is_client_credentials = request->is_client_credentials;
	b->done = done;
	b->userdata = userdata;
	r = set_client(b, request);
	if (r == 0)
		r = text_copy(&b->scope, request->scope);
	if (r == 0)
		r = text_copy(&b->resource, request->resource);
	if (r == 0)
		r = begin(b, request);
	if (r == 0)
		*ret = LK_STEAL(b);
	return r;
}
