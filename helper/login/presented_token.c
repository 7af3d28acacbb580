/* SPDX-License-Identifier: MIT */
/*
 * A token that this host cannot judge by itself: an access token of the account's own provider, which is asked about it, and one
 * of another provider, which the account's own exchanges. Nothing that could be a password or belongs elsewhere is sent
 * anywhere, and whose a token is says the provider, never the token.
 */
#include "helper/login/presented_kinds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/secret.h"
#include "helper/jose/jws.h"
#include "helper/login/context.h"
#include "helper/login/token_cache.h"
#include "helper/oauth/actor.h"
#include "helper/oauth/identity.h"
#include "helper/oauth/introspect_presented.h"
#include "helper/oauth/token_exchange.h"
#include "helper/protocol/names.h"

/* RFC 6749 section 10.10: 128 bits of chance have 22 characters. What people type at a prompt is shorter. */
#define TOKEN_MIN 22u

struct job {
	const struct presented_request *request;
	const struct login_provider *lp;
	presented_done_fn done;
	void *userdata;
	struct secret *token;
	const char *own_client[2]; /* NULL-terminated, for the introspection */
	struct provider_wait *prepare;
	struct introspect *introspect;
	struct token_exchange *exchange;
	struct identity_check *identity;
};

static void free_job(void *job)
{
	struct job *j = job;

	if (j == NULL)
		return;
	provider_wait_cancel(j->prepare);
	introspect_free(j->introspect);
	token_exchange_free(j->exchange);
	identity_check_free(j->identity);
	secret_free(j->token);
	free(j);
}
LK_DEFINE_CLEANUP(struct job *, free_job);

/* --- what becomes of it -------------------------------------------------------------------------------------------- */

static void refuse(struct job *j, const char *reason, const char *what, const char *detail)
{
	struct presented_result result = {.reason = NULL};

	presented_refuse(&result, reason, "%s: %s", what, detail);
	j->done(j->userdata, &result);
}

/* INT-04: what is wrong with this host's own client, or on the way, says nothing about the token. */
static const char *reason_of(enum oauth_outcome outcome)
{
	switch (outcome) {
	case OAUTH_DENIED:
	case OAUTH_EXPIRED:
	case OAUTH_PROVIDER_REFUSED:
	case OAUTH_TOKEN_INVALID:
	case OAUTH_TOKEN_REFUSED:
	case OAUTH_TOO_WEAK:
	case OAUTH_NOT_ADMITTED:
	case OAUTH_WRONG_PROOF:
		return REASON_NOT_BELIEVED;
	case OAUTH_CLIENT_REFUSED:
		return REASON_CONFIGURATION;
	case OAUTH_DONE:
	case OAUTH_UNREACHABLE:
	case OAUTH_BAD_REPLY:
	case OAUTH_THROTTLED:
	case OAUTH_NO_MEMORY:
		break;
	}
	return REASON_UNAVAILABLE;
}

/* TX-07: who acts for the account stands in the log beside it. */
static void describe(struct presented_result *result, const char *what, const char *actor)
{
	presented_refuse(result, NULL, "by %s%s%s", what, actor[0] != '\0' ? ", acting: " : "", actor);
}

/* --- an access token of the account's own provider ------------------------------------------------------------------ */

static void on_introspected(void *userdata, enum introspect_outcome outcome, const struct oauth_result *result)
{
	struct job *j = userdata;
	const struct presented_request *r = j->request;
	struct presented_result proved = {.reason = REASON_NOT_BELIEVED};
	const struct introspect_facts *facts = introspect_facts(j->introspect);
	char what[INTROSPECT_TEXT_MAX + 40];

	if (outcome != INTROSPECT_ACTIVE) {
		refuse(j, outcome == INTROSPECT_INACTIVE ? REASON_NOT_BELIEVED : reason_of(result->outcome),
		       "access token", result->detail);
		return;
	}
	(void)snprintf(what, sizeof(what), "access token of client %s", facts->client);
	describe(&proved, what, facts->actor);
	token_cache_put(r->ctx->token_cache, r->account->name, r->text, r->len, facts->expires_s,
			r->account->token_cache_s, proved.detail);
	j->done(j->userdata, &proved);
}

static void on_prepared(void *userdata, const struct oauth_result *result)
{
	struct job *j = userdata;
	const struct service_account *s = j->request->account;
	const struct introspect_presented expect = {
		.subject = s->identity_subject,
		.clients = s->token_clients != NULL ? (const char *const *)s->token_clients : j->own_client,
		.audience = s->token_audience,
		.scope = s->token_scope,
		.classes = (const char *const *)s->token_classes,
		.max_age_s = s->token_max_age_s,
	};
	int r;

	j->prepare = NULL;
	if (result->outcome != OAUTH_DONE) {
		refuse(j, reason_of(result->outcome), "access token", result->detail);
		return;
	}
	r = introspect_presented_start(&j->introspect, j->lp->provider, j->request->ctx->fetch, j->token, &expect,
				       on_introspected, j);
	if (r == -EINVAL)
		refuse(j, REASON_CONFIGURATION, "access token",
		       "the provider has no introspection, or this client no way to prove itself");
	else if (r < 0)
		refuse(j, REASON_UNAVAILABLE, "access token", "the request cannot be made");
}

/* --- another provider's token ---------------------------------------------------------------------------------------- */

static void on_identity(void *userdata, const struct oauth_result *result, struct identity *identity)
{
	LK_CLEANUP(identity_freep) struct identity *who = identity;
	struct presented_result proved = {.reason = REASON_NOT_BELIEVED};
	struct job *j = userdata;
	const struct service_account *s = j->request->account;
	char actor[ACTOR_SIZE];

	if (result->outcome != OAUTH_DONE || who == NULL) {
		refuse(j, reason_of(result->outcome), "exchange", result->detail);
		return;
	}
	if (strcmp(who->issuer, s->issuer) != 0 || strcmp(who->subject, s->identity_subject) != 0) {
		refuse(j, REASON_NOT_BELIEVED, "exchange", "it is a token of somebody else");
		return;
	}
	actor_read(actor, who->claims);
	describe(&proved, "token exchange", actor);
	j->done(j->userdata, &proved);
}

static void on_exchanged(void *userdata, const struct oauth_result *result, struct token_set *tokens)
{
	LK_CLEANUP(token_set_freep) struct token_set *t = tokens;
	static const char *const none[] = {NULL};
	struct job *j = userdata;

	token_exchange_free(LK_STEAL(j->exchange));
	if (result->outcome != OAUTH_DONE || t == NULL) {
		refuse(j, reason_of(result->outcome), "exchange", result->detail);
		return;
	}
	/* What is no bearer token cannot be shown to userinfo (TX-03). */
	if (!t->is_bearer && t->id_token == NULL) {
		refuse(j, REASON_NOT_BELIEVED, "exchange", "what came back does not tell whose it is");
		return;
	}
	if (identity_again_start(&j->identity, j->lp->provider, j->request->ctx->fetch, t, none, on_identity, j) < 0)
		refuse(j, REASON_UNAVAILABLE, "exchange", "out of memory");
}

static int start_exchange_of(struct job *j, bool is_jws)
{
	const struct service_account *s = j->request->account;
	const char *const audiences[] = {s->exchange_audience, NULL};
	const struct token_exchange_request request = {
		.subject_token = j->token,
		.subject_token_type = s->exchange_token_type != NULL ? token_type_uri(s->exchange_token_type)
				      : is_jws                       ? TOKEN_TYPE_JWT
								     : TOKEN_TYPE_ACCESS_TOKEN,
		.audiences = audiences,
		.scope = s->exchange_scope != NULL ? s->exchange_scope : "openid",
	};

	return token_exchange_start(&j->exchange, j->lp->provider, j->request->ctx->fetch, &request, on_exchanged, j);
}

/* --- the beginning ---------------------------------------------------------------------------------------------------- */

/* Return: 0, 1 @done ran already, -ENOMEM. */
static int begin(struct job **ret, const struct presented_request *r, const char *what, presented_done_fn done,
		 void *userdata)
{
	LK_CLEANUP(free_jobp) struct job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return -ENOMEM;
	j->request = r;
	j->lp = login_provider_of_issuer(r->ctx, r->account->issuer);
	j->own_client[0] = r->account->client_id;
	j->done = done;
	j->userdata = userdata;
	if (r->len < TOKEN_MIN) {
		refuse(j, REASON_NOT_BELIEVED, what, "it is too short for one");
		return 1;
	}
	if (j->lp == NULL) {
		refuse(j, REASON_CONFIGURATION, what, "the account's provider is not configured");
		return 1;
	}
	if (secret_copy(&j->token, r->text, r->len) < 0)
		return -ENOMEM;
	*ret = LK_STEAL(j);
	return 0;
}

static int start_access_token(void **ret, const struct presented_request *r, presented_done_fn done, void *userdata)
{
	LK_CLEANUP(free_jobp) struct job *j = NULL;
	struct presented_result known = {.reason = NULL};
	int result;

	if (r->account->token_cache_s > 0 &&
	    token_cache_find(r->ctx->token_cache, r->account->name, r->text, r->len, known.detail) == 0) {
		done(userdata, &known);
		return 1;
	}
	result = begin(&j, r, "access token", done, userdata);
	if (result != 0)
		return result;
	result = provider_prepare(j->lp->provider, on_prepared, j, &j->prepare);
	if (result == 0)
		*ret = LK_STEAL(j);
	return result;
}

static int start_exchange(void **ret, const struct presented_request *r, presented_done_fn done, void *userdata)
{
	LK_CLEANUP(free_jobp) struct job *j = NULL;
	LK_CLEANUP(jws_done) struct jws jws = {0};
	int result = begin(&j, r, "exchange", done, userdata);

	if (result != 0)
		return result;
	result = start_exchange_of(j, jws_decode(&jws, r->text, r->len) == 0);
	if (result == 0)
		*ret = LK_STEAL(j);
	return result == -EINVAL || result == -E2BIG ? -ENOMEM : result;
}

/* One that names an issuer is for whoever is that issuer, and nobody else sees it. */
static bool is_access_token(const struct presented_request *r, const struct presented_look *look)
{
	return look->issuer == NULL || strcmp(look->issuer, r->account->issuer) == 0;
}

static bool is_for_exchange(const struct presented_request *r, const struct presented_look *look)
{
	if (r->account->exchange_issuer != NULL)
		return look->issuer != NULL && strcmp(look->issuer, r->account->exchange_issuer) == 0;
	return look->issuer == NULL;
}

const struct presented_kind presented_kind_exchange = {
	.word = "exchange",
	.flag = SERVICE_ACCEPTS_EXCHANGE,
	.recognises = is_for_exchange,
	.start = start_exchange,
	.free = free_job,
};

const struct presented_kind presented_kind_access_token = {
	.word = "access-token",
	.flag = SERVICE_ACCEPTS_ACCESS_TOKEN,
	.recognises = is_access_token,
	.start = start_access_token,
	.free = free_job,
};
