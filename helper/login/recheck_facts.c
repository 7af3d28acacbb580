/* SPDX-License-Identifier: MIT */
/*
 * After a refresh: are the tokens still of the same person (T20, ID-17), and is that person in other groups now, or has
 * another address. The yes is stored last, when all that hangs on it is on the map. An ID token's auth_time, acr and amr are
 * not looked at: nobody has proved anything since the sign-in.
 */
#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/login/log.h"
#include "helper/login/recheck_job.h"
#include "helper/login/service_account.h"
#include "helper/login/wanted.h"
#include "helper/vault/store_standing.h"

static const struct provider_settings *settings_of(const struct recheck_job *j)
{
	return provider_settings(j->lp->provider);
}

static void finish_good(struct recheck_job *j)
{
	struct standing st = {.state = STANDING_GOOD, .checked_s = clock_realtime_s()};
	struct row_owner owner = recheck_person_owner(j->person);
	/* A no about a service account ends when the provider grants again: nobody could sign in to it. */
	int r = j->service != NULL ? store_put_standing(j->ctx->store, &owner, &st)
				   : store_note_standing(j->ctx->store, &owner, &st);

	if (r == -EACCES) {
		recheck_job_finish(j, RECHECK_REFUSED, "refused meanwhile");
		return;
	}
	if (r < 0) {
		recheck_job_finish(j, RECHECK_FAILED, "the provider's yes cannot be stored");
		return;
	}
	j->person->failure_until_ms = 0;
	j->person->knows_until = true;
	j->person->until_s = j->kept->refresh_token == NULL ? j->kept->expires_s : 0;
	if (j->scope == NULL && j->resource == NULL)
		recheck_person_hold(j->person, j->tokens);
	recheck_job_finish(j, RECHECK_GOOD, "");
}

static void on_published(void *userdata, int error, const char *detail)
{
	struct recheck_job *j = userdata;

	j->publish = NULL;
	j->ctx->is_map_current = error == 0 && j->map_changes == j->ctx->map_changes;
	if (recheck_job_is_void(j))
		return;
	if (error != 0)
		recheck_job_finish(j, RECHECK_FAILED, detail);
	else
		finish_good(j);
}

/* I17: whoever has left a group has left it on the map before the yes. */
static void publish(struct recheck_job *j, bool is_local)
{
	if (is_local || j->ctx->is_map_current) {
		finish_good(j);
		return;
	}
	j->map_changes = j->ctx->map_changes;
	if (publisher_request(j->ctx->publisher, on_published, j, &j->publish) < 0)
		recheck_job_finish(j, RECHECK_FAILED, "out of memory");
}

/* Return: 0, 1 the map must be published, negative errno. */
static int note_facts(struct recheck_job *j, const struct account *account, bool is_local)
{
	LK_CLEANUP(json_object_putp) struct json_object *facts = NULL;
	struct accounts *accounts = j->ctx->accounts;
	int r = access_facts(&facts, j->ctx->access, j->who->claims, settings_of(j));

	if (r < 0)
		return r;
	if (!is_local)
		return accounts_note_facts(accounts, account->issuer, account->subject, json_text(facts));
	if (strcmp(account->facts, json_text(facts)) == 0)
		return 0;
	return accounts_note_local_facts(accounts, account, json_text(facts));
}

static void use_claims(struct recheck_job *j)
{
	LK_CLEANUP(account_freep) struct account *account = NULL;
	bool is_local = accounts_issuer_of_local(j->ctx->accounts, j->person->name) != NULL;
	int r = recheck_person_account(j->person, &account);

	if (r == -ENOENT) {
		recheck_job_finish(j, RECHECK_NO_TOKEN, "the account was forgotten meanwhile");
		return;
	}
	if (r == 0)
		r = note_facts(j, account, is_local);
	if (r < 0) {
		recheck_job_finish(j, RECHECK_FAILED, "what the provider says of the person cannot be stored");
		return;
	}
	if (r > 0) {
		j->ctx->map_changes++;
		j->ctx->is_map_current = false;
	}
	publish(j, is_local);
}

static const char *group_claim_of(const struct recheck_job *j)
{
	return j->ctx->access->group_claim != NULL ? j->ctx->access->group_claim : "groups";
}

static void on_groups(void *userdata, const struct oauth_result *result, struct json_object *groups)
{
	struct recheck_job *j = userdata;

	group_check_free(LK_STEAL(j->groups));
	if (recheck_job_is_void(j))
		return;
	if (result->outcome != OAUTH_DONE || groups == NULL) {
		recheck_job_fail(j, result->detail, 0);
		return;
	}
	if (json_object_object_add(j->who->claims, group_claim_of(j), json_object_get(groups)) < 0) {
		json_object_put(groups);
		recheck_job_finish(j, RECHECK_FAILED, "out of memory");
		return;
	}
	use_claims(j);
}

static void ask_groups(struct recheck_job *j)
{
	LK_CLEANUP(text_free_listp) char **ids = NULL;

	if (wanted_groups(&ids, j->ctx->access, j->who->issuer) < 0 ||
	    group_check_start(&j->groups, j->lp->provider, j->ctx->fetch, j->tokens->access_token,
			      (const char *const *)ids, on_groups, j) < 0)
		recheck_job_finish(j, RECHECK_FAILED, "out of memory");
}

/* T20: then nothing of what was kept is to be trusted, the last yes included. */
static void drop_foreign(struct recheck_job *j)
{
	if (j->service != NULL) {
		recheck_job_refuse(j, "the token is another identity's than the service account's");
		return;
	}
	log_line(LOG_WARNING, "a refresh for %s brought tokens of somebody else: all of them are dropped",
		 j->person->name);
	(void)store_drop_standing(j->ctx->store, j->person->uid);
	recheck_job_drop(j, "the provider's tokens are of another person");
}

static void on_identity(void *userdata, const struct oauth_result *result, struct identity *identity)
{
	struct recheck_job *j = userdata;

	j->who = identity;
	if (recheck_job_is_void(j))
		return;
	if (result->outcome == OAUTH_TOKEN_REFUSED && j->kept->refresh_token == NULL) {
		recheck_job_refuse(j, result->detail);
		return;
	}
	if (result->outcome != OAUTH_DONE || identity == NULL) {
		recheck_job_fail(j, result->detail, 0);
		return;
	}
	if (strcmp(identity->issuer, j->person->issuer) != 0 || strcmp(identity->subject, j->person->subject) != 0) {
		drop_foreign(j);
		return;
	}
	if (group_check_is_needed(settings_of(j), identity->claims, group_claim_of(j)))
		ask_groups(j);
	else
		use_claims(j);
}

/* Without an ID token and with nothing to ask, the provider's word about the grant is all there is (section 12.2). Where the
 * subject is made of claims that userinfo does not have, it cannot be compared. */
static bool has_identity(const struct recheck_job *j, const struct wanted_claims *wanted)
{
	const struct dialect *d = settings_of(j)->dialect;

	if (j->tokens->id_token != NULL || !d->has_id_token)
		return true;
	if (provider_userinfo_endpoint(j->lp->provider) == NULL || d->tenant_claim != NULL)
		return false;
	/* the access token alone was asked about: by introspection, or else by this */
	return wanted->names[0] != NULL || (j->kept->refresh_token == NULL && !introspect_is_possible(j->lp->provider));
}

/* What it is for is in root's configuration, so that the provider gave it a token is enough, unless an ID token says whose. */
static void judge_service(struct recheck_job *j)
{
	if (j->tokens->id_token == NULL)
		publish(j, accounts_issuer_of_local(j->ctx->accounts, j->person->name) != NULL);
	else if (identity_of_service_start(&j->check, j->lp->provider, j->ctx->fetch, j->service->client_id, j->tokens,
					   on_identity, j) < 0)
		recheck_job_finish(j, RECHECK_FAILED, "out of memory");
}

void recheck_facts_start(struct recheck_job *j)
{
	const struct login_provider *lp = j->lp;
	struct wanted_claims wanted;

	if (j->service != NULL) {
		judge_service(j);
		return;
	}
	wanted_claims_init(&wanted, j->ctx->access, lp->names->claim, lp->gecos_claim, true);
	wanted_claims_add(&wanted, access_login_hint_claim(settings_of(j)));
	if (has_identity(j, &wanted)) {
		if (identity_again_start(&j->check, lp->provider, j->ctx->fetch, j->tokens, wanted.names, on_identity,
					 j) < 0)
			recheck_job_finish(j, RECHECK_FAILED, "out of memory");
		return;
	}
	if (j->kept->refresh_token == NULL && !introspect_is_possible(lp->provider)) {
		recheck_job_drop(j, "there is no refresh token, and no endpoint that knows the access token");
		return;
	}
	publish(j, accounts_issuer_of_local(j->ctx->accounts, j->person->name) != NULL);
}
