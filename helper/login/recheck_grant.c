/* SPDX-License-Identifier: MIT */
/*
 * The question about a service account: does the provider still give this host a token for it. Nothing is kept of it but the token in
 * memory and the provider's word. The key is read anew for each question, so that one that was rotated counts at once.
 */
#include <errno.h>
#include <stdio.h>

#include "helper/login/recheck_job.h"
#include "helper/login/service_account.h"
#include "helper/oauth/dialect.h"

static void on_granted(void *userdata, enum grant_outcome outcome, const struct oauth_result *result,
		       struct token_set *tokens, uint32_t retry_after_s)
{
	LK_CLEANUP(token_set_freep) struct token_set *owned = tokens;
	struct recheck_job *j = userdata;

	jwt_bearer_free(LK_STEAL(j->grant));
	if (recheck_job_is_void(j))
		return;
	switch (outcome) {
	case GRANT_DONE:
		/* RFC 7521 section 4.1: a refresh token should not come along; the key is better than that, and it is not kept. */
		j->tokens = LK_STEAL(owned);
		recheck_facts_start(j);
		return;
	case GRANT_REFUSED:
		recheck_job_refuse(j, result->detail);
		return;
	case GRANT_UNREACHABLE:
		break;
	}
	recheck_job_fail(j, result->detail, retry_after_s);
}

static void fail(struct recheck_job *j, const char *what, int r)
{
	char detail[OAUTH_DETAIL_MAX];

	(void)snprintf(detail, sizeof(detail), "%s: %s", what, signing_text(r));
	recheck_job_fail(j, detail, 0);
}

/* @ret: NULL where the section names none. Return: 0, as signing_key_new(). */
static int load_key(struct signing_key **ret, const struct recheck_job *j)
{
	static const struct signing_places nowhere = {.keys = NULL};
	const struct service_account *s = j->service;
	enum jws_algorithm algorithm = s->algorithm;

	if (s->key == NULL)
		return 0;
	if (algorithm == JWS_NONE && provider_settings(j->lp->provider)->dialect->grant_needs_rs256)
		algorithm = JWS_RS256;
	return signing_key_new(ret, s->key, algorithm, j->ctx->key_places != NULL ? j->ctx->key_places : &nowhere);
}

void recheck_grant_start(struct recheck_job *j)
{
	LK_CLEANUP(signing_key_unrefp) struct signing_key *key = NULL;
	const struct service_account *s = j->service;
	struct jwt_bearer_request request = {
		.is_client_credentials = s->grant == SERVICE_GRANT_CLIENT_CREDENTIALS,
		.client_id = s->client_id,
		.subject = s->subject,
		.audience = s->audience,
		.scope = j->scope != NULL ? j->scope : s->scope,
		.resource = j->resource,
		.signer = j->ctx->signer,
	};
	int r = j->assertion == NULL ? load_key(&key, j) : 0;

	if (r != 0) {
		fail(j, "the key of the service account cannot be used", r);
		return;
	}
	if (j->scope != NULL && provider_settings(j->lp->provider)->dialect->grant_names_no_scope) {
		recheck_job_finish(j, RECHECK_NO_TOKEN, "this provider's grant knows no scope");
		return;
	}
	if (key == NULL && j->assertion == NULL && s->grant == SERVICE_GRANT_JWT_BEARER) {
		recheck_job_finish(j, RECHECK_NO_TOKEN, "without a key only a robot's assertion can ask");
		return;
	}
	request.key = key;
	request.assertion = j->assertion;
	r = jwt_bearer_start(&j->grant, j->lp->provider, j->ctx->fetch, &request, on_granted, j);
	if (r != 0)
		fail(j, "the grant cannot be asked for", r);
}
