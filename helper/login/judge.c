/* SPDX-License-Identifier: MIT */
/*
 * What is asked after a flow brought tokens, and in which order: identity, groups, the person, other sources of NSS, the map.
 * Success is given in one place, grant().
 */
#include "helper/login/judge_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/text.h"
#include "helper/login/recheck.h"
#include "helper/login/refusal.h"
#include "helper/login/wanted.h"
#include "helper/protocol/names.h"

void judge_free(struct judge *j)
{
	if (j == NULL)
		return;

	identity_check_free(j->check);
	group_check_free(j->groups);
	newcomer_free(j->newcomer);
	publish_wait_cancel(j->publish);
	token_set_free(j->tokens);
	account_free(j->finding.account);
	json_object_put(j->facts);
	identity_free(j->identity);
	free(j);
}

const struct judge_finding *judge_finding(const struct judge *j)
{
	return &j->finding;
}

void judge_refuse(struct judge *j, const char *reason, const char *detail)
{
	token_set_free(LK_STEAL(j->tokens));
	j->events.refused(j->userdata, reason, detail);
}

bool judge_differs_from_seen(const struct judge *j)
{
	const struct judge_request *r = &j->request;
	const struct account *account = j->finding.account;

	if (!r->has_seen)
		return false;
	return r->seen_uid != account->uid || r->seen_gid != account->gid || strcmp(r->seen_home, account->home) != 0 ||
	       strcmp(r->seen_shell, account->shell) != 0;
}

/* The one place where somebody is let in: finding.account is who it is, stored and on the map, and the tokens and the claims
 * are still held. Whatever is to be kept of them for that account is kept here, durably, before anybody hears of the yes. */
static void grant(struct judge *j)
{
	int r = recheck_kept(j->ctx, j->finding.account, j->tokens, j->identity->claims);

	if (r < 0) {
		judge_refuse(j, REASON_NO_STORE, "the provider's yes could not be stored");
		return;
	}
	token_set_free(LK_STEAL(j->tokens));
	j->events.granted(j->userdata, j->finding.account);
}

/* An administrator may have forgotten it while the map was on its way. */
static bool is_still_there(const struct judge *j)
{
	LK_CLEANUP(account_freep) struct account *now = NULL;

	return store_find_name(j->ctx->store, j->finding.account->name, &now) == 0 && now->state == ACCOUNT_ACTIVE;
}

/* The account is stored and on the map. */
static void finish(struct judge *j)
{
	if (!is_still_there(j)) {
		judge_refuse(j, REASON_NOT_ALLOWED, "the account was forgotten meanwhile");
		return;
	}
	if (judge_differs_from_seen(j)) {
		judge_refuse(j, REASON_CONNECT_AGAIN, "the caller holds an older answer of NSS");
		return;
	}

	grant(j);
}

static void on_published(void *userdata, int error, const char *detail)
{
	struct judge *j = userdata;

	j->publish = NULL;
	j->ctx->is_map_current = error == 0 && j->map_changes == j->ctx->map_changes;
	if (error != 0) {
		judge_refuse(j, REASON_NO_STORE, detail);
		return;
	}
	finish(j);
}

static void publish(struct judge *j)
{
	if (j->ctx->is_map_current) {
		finish(j);
		return;
	}
	j->map_changes = j->ctx->map_changes;
	if (publisher_request(j->ctx->publisher, on_published, j, &j->publish) < 0)
		judge_refuse(j, REASON_NO_STORE, "out of memory");
}

static void on_newcomer(void *userdata, const struct newcomer_result *result)
{
	struct judge *j = userdata;

	if (result->outcome != SOURCES_NOBODY)
		judge_refuse(j, result->reason, result->detail);
	else if (judge_bind(j, &j->person))
		publish(j);
}

/* Nothing of a local account is published: the map has the mark, and /etc/passwd the rest. */
static void decide(struct judge *j)
{
	if (!judge_person(j))
		return;
	if (j->request.is_local) {
		grant(j);
		return;
	}
	if (judge_fill(j, &j->person) && newcomer_start(&j->newcomer, j->ctx, &j->person, true, on_newcomer, j) < 0)
		judge_refuse(j, REASON_UNAVAILABLE, "out of memory");
}

static const char *group_claim_of(const struct judge *j)
{
	return j->ctx->access->group_claim != NULL ? j->ctx->access->group_claim : "groups";
}

static void on_groups(void *userdata, const struct oauth_result *result, struct json_object *groups)
{
	struct judge *j = userdata;

	if (result->outcome != OAUTH_DONE || groups == NULL) {
		judge_refuse(j, refusal_of_oauth(result->outcome), result->detail);
		return;
	}
	if (json_object_object_add(j->identity->claims, group_claim_of(j), json_object_get(groups)) < 0) {
		json_object_put(groups);
		judge_refuse(j, REASON_UNAVAILABLE, "out of memory");
		return;
	}
	decide(j);
}

/* Somebody in more groups than a token has room for. Where no group means anything here, nobody is asked. */
static void ask_groups(struct judge *j)
{
	LK_CLEANUP(text_free_listp) char **ids = NULL;

	if (wanted_groups(&ids, j->ctx->access, j->identity->issuer) < 0 ||
	    group_check_start(&j->groups, j->request.lp->provider, j->ctx->fetch, j->tokens->access_token,
			      (const char *const *)ids, on_groups, j) < 0)
		judge_refuse(j, REASON_UNAVAILABLE, "out of memory");
}

static void on_identity(void *userdata, const struct oauth_result *result, struct identity *identity)
{
	struct judge *j = userdata;

	j->identity = identity;
	if (result->outcome != OAUTH_DONE || identity == NULL) {
		judge_refuse(j, refusal_of_oauth(result->outcome), result->detail);
		return;
	}
	j->finding.subject = identity->subject;
	if (group_check_is_needed(provider_settings(j->request.lp->provider), identity->claims, group_claim_of(j)))
		ask_groups(j);
	else
		decide(j);
}

int judge_start(struct judge **ret, struct login_context *ctx, const struct judge_request *request,
		struct token_set *tokens, const struct judge_events *events, void *userdata)
{
	const struct login_provider *lp = request->lp;
	struct wanted_claims wanted;
	struct judge *j;

	j = calloc(1, sizeof(*j));
	if (j == NULL) {
		token_set_free(tokens);
		return -ENOMEM;
	}
	j->ctx = ctx;
	j->request = *request;
	j->events = *events;
	j->userdata = userdata;
	j->tokens = tokens;

	*ret = j;
	wanted_claims_init(&wanted, ctx->access, lp->names->claim, lp->gecos_claim, request->is_known);
	wanted_claims_add(&wanted, lp->uid_claim);
	wanted_claims_add(&wanted, lp->gid_claim);
	wanted_claims_add(&wanted, access_login_hint_claim(provider_settings(lp->provider)));
	if (identity_check_start(&j->check, lp->provider, ctx->fetch, tokens, wanted.names, on_identity, j) < 0)
		judge_refuse(j, REASON_UNAVAILABLE, "out of memory");
	return 0;
}
