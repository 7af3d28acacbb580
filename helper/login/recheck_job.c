/* SPDX-License-Identifier: MIT */
/*
 * The tokens of one question. Before a refresh token is sent, the store says that it is under way; before anything of a reply
 * is used, the store has the next refresh token. So whoever is killed in the middle knows afterwards what may have happened,
 * and no token is ever shown twice by two who do not know of each other (R14, C1).
 */
#include "helper/login/recheck_job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "helper/base/clock.h"
#include "helper/base/text.h"
#include "helper/login/audit.h"
#include "helper/login/log.h"
#include "helper/login/service_account.h"
#include "helper/login/standing.h"

#define FAILURE_MEMORY_MS 2000u
#define FAILURE_MEMORY_MAX_MS 60000u /* however long the provider wants to be left alone: people wait here */

void recheck_job_free(struct recheck_job *j)
{
	if (j == NULL)
		return;
	provider_wait_cancel(j->prepare);
	refresh_free(j->refresh);
	introspect_free(j->introspect);
	jwt_bearer_free(j->grant);
	identity_check_free(j->check);
	group_check_free(j->groups);
	publish_wait_cancel(j->publish);
	kept_tokens_free(j->kept);
	token_set_free(j->tokens);
	identity_free(j->who);
	free(j->scope);
	free(j->resource);
	secret_free(j->assertion);
	free(j);
}

/* --- how it ends --------------------------------------------------------------------------------------------------- */

static void audit(const struct recheck_job *j, const struct recheck_result *result)
{
	static const struct {
		const char *word;
		int priority;
	} words[] = {
		[RECHECK_GOOD] = {"good", LOG_INFO},           [RECHECK_REFUSED] = {"refused", LOG_NOTICE},
		[RECHECK_NO_TOKEN] = {"no-token", LOG_NOTICE}, [RECHECK_UNREACHABLE] = {"unavailable", LOG_WARNING},
		[RECHECK_FAILED] = {"no-store", LOG_ERR},
	};
	const struct audit_event event = {
		.kind = AUDIT_REFRESH,
		.priority = words[result->outcome].priority,
		.result = words[result->outcome].word,
		.user = j->person->name,
		.reference = j->reference,
		.provider = provider_settings(j->lp->provider)->name,
		.subject = j->person->subject,
		.uid = j->person->uid,
		.detail = result->detail[0] != '\0' ? result->detail : NULL,
	};

	audit_write(&event);
}

static bool is_of_its_own(const struct recheck_job *j)
{
	return j->scope != NULL || j->resource != NULL;
}

static int64_t last_good_s(const struct recheck_person *p)
{
	struct row_owner owner = recheck_person_owner(p);
	struct standing st = {.state = STANDING_UNKNOWN};

	return store_find_standing(p->all->ctx->store, &owner, &st) == 0 && st.state == STANDING_GOOD ? st.checked_s
												      : 0;
}

static uint32_t lifetime_of(const struct recheck_job *j)
{
	return j->tokens != NULL ? j->tokens->expires_in_s : 0;
}

static void end(struct recheck_job *j, const struct recheck_end *e)
{
	struct recheck_person *p = j->person;

	p->job = NULL;
	recheck_job_done(p, e);
	recheck_job_free(j);
}

void recheck_job_finish(struct recheck_job *j, enum recheck_outcome outcome, const char *detail)
{
	struct recheck_end e = {
		.result = {.outcome = outcome, .good_s = last_good_s(j->person)},
		.scope = j->scope,
		.resource = j->resource,
	};

	(void)snprintf(e.result.detail, sizeof(e.result.detail), "%s", detail);
	memcpy(e.result.reference, j->reference, sizeof(e.result.reference));
	if (outcome == RECHECK_GOOD) {
		e.token = j->tokens->access_token;
		e.lifetime_s = lifetime_of(j);
	}
	audit(j, &e.result);
	end(j, &e);
}

void recheck_job_fail(struct recheck_job *j, const char *detail, uint32_t retry_after_s)
{
	struct recheck_person *p = j->person;
	uint64_t ms = retry_after_s * UINT64_C(1000);

	if (ms < FAILURE_MEMORY_MS)
		ms = FAILURE_MEMORY_MS;
	if (ms > FAILURE_MEMORY_MAX_MS)
		ms = FAILURE_MEMORY_MAX_MS;
	p->failure = (struct recheck_result){.outcome = RECHECK_UNREACHABLE, .good_s = last_good_s(p)};
	(void)snprintf(p->failure.detail, sizeof(p->failure.detail), "%s", detail);
	memcpy(p->failure.reference, j->reference, sizeof(p->failure.reference));
	p->failure_until_ms = clock_monotonic_ms() + ms;
	recheck_job_finish(j, RECHECK_UNREACHABLE, detail);
}

void recheck_job_refuse(struct recheck_job *j, const char *detail)
{
	const struct account account = {
		.uid = j->person->uid,
		.name = j->person->name,
		.issuer = j->person->issuer,
		.subject = j->person->subject,
		.provider = provider_settings(j->lp->provider)->name,
	};

	(void)standing_refuse(j->ctx, &account, detail);
	recheck_job_finish(j, RECHECK_REFUSED, detail);
}

void recheck_job_drop(struct recheck_job *j, const char *detail)
{
	int r = store_drop_tokens(j->ctx->store, j->person->uid);

	/* Should it stay, the same answer comes the next time. */
	if (r < 0)
		log_line(LOG_WARNING, "a token of %s that is of no use could not be dropped: %s", j->person->name,
			 strerror(-r));
	kept_tokens_free(LK_STEAL(j->person->unstored));
	secret_free(LK_STEAL(j->person->access_token));
	recheck_job_finish(j, RECHECK_NO_TOKEN, detail);
}

bool recheck_job_is_void(struct recheck_job *j)
{
	if (j->generation == j->person->generation)
		return false;
	end(j, &(struct recheck_end){.result = {.outcome = RECHECK_FAILED}, .is_void = true});
	return true;
}

/* --- by refresh token ---------------------------------------------------------------------------------------------- */

static int store_kept(struct recheck_job *j)
{
	struct row_owner owner = recheck_person_owner(j->person);

	return store_renew_tokens(j->ctx->store, &owner, j->kept, clock_realtime_s());
}

static void fail_store(struct recheck_job *j, int error, const char *what)
{
	char detail[OAUTH_DETAIL_MAX];

	if (error == -ENOENT) {
		recheck_job_finish(j, RECHECK_NO_TOKEN, "what was kept was dropped meanwhile");
		return;
	}
	(void)snprintf(detail, sizeof(detail), "%s: %s", what, strerror(-error));
	recheck_job_finish(j, RECHECK_FAILED, detail);
}

/* The store takes what came, before anything is done with it. Where it cannot, memory has it: the next question begins with
 * storing it, and if the helper ends before, the store knows that an answer was lost. */
static void take_tokens(struct recheck_job *j, struct token_set *tokens)
{
	struct kept_tokens *kept = j->kept;
	int r;

	j->tokens = tokens;
	if (tokens->refresh_token != NULL) {
		secret_free(kept->refresh_token);
		kept->refresh_token = LK_STEAL(tokens->refresh_token);
	}
	kept->refreshing_s = 0;
	if (!is_of_its_own(j))
		kept->expires_s = tokens->expires_in_s > 0 ? clock_realtime_s() + tokens->expires_in_s : 0;
	r = store_kept(j);
	if (r < 0) {
		if (r != -ENOENT)
			j->person->unstored = LK_STEAL(j->kept);
		fail_store(j, r, "the new refresh token cannot be stored");
		return;
	}
	recheck_facts_start(j);
}

/* It was not sent, or was refused for another reason: what the store says of it may be taken back. If that fails, it only
 * says too much. */
static void take_back_note(struct recheck_job *j)
{
	if (j->was_under_way || j->kept->refreshing_s == 0)
		return;
	j->kept->refreshing_s = 0;
	(void)store_kept(j);
}

/* Signed out, forgotten or refused while the provider gave new ones: the old one, which waits for its revocation, may not end
 * these. */
static void revoke_orphans(const struct recheck_job *j, const struct token_set *t)
{
	const struct recheck_person *p = j->person;
	const struct account account = {.name = p->name, .issuer = p->issuer, .subject = p->subject, .uid = p->uid};

	recheck_revoke_later(j->ctx, &account, t->refresh_token, t->access_token, NULL);
}

static void on_refreshed(void *userdata, enum refresh_outcome outcome, const struct oauth_result *result,
			 struct token_set *tokens, uint32_t retry_after_s)
{
	LK_CLEANUP(token_set_freep) struct token_set *owned = tokens;
	struct recheck_job *j = userdata;

	refresh_free(LK_STEAL(j->refresh));
	if (owned != NULL && j->generation != j->person->generation)
		revoke_orphans(j, owned);
	if (recheck_job_is_void(j))
		return;
	switch (outcome) {
	case REFRESH_DONE:
		take_tokens(j, LK_STEAL(owned));
		return;
	case REFRESH_GONE:
		recheck_job_refuse(j, result->detail);
		return;
	case REFRESH_DEAD:
		recheck_job_drop(j, result->detail);
		return;
	case REFRESH_UNREACHABLE:
	case REFRESH_BUSY:
		take_back_note(j);
		break;
	case REFRESH_LOST:
		break;
	}
	recheck_job_fail(j, result->detail, retry_after_s);
}

static void ask_refresh(struct recheck_job *j)
{
	struct refresh_request request = {
		.refresh_token = j->kept->refresh_token,
		.granted_scope = j->kept->scope,
		.scope = j->scope,
		.resource = j->resource,
	};
	int r = 0;

	j->was_under_way = j->kept->refreshing_s > 0;
	request.is_again = j->was_under_way;
	if (!j->was_under_way && !provider_settings(j->lp->provider)->dialect->keeps_used_refresh_token) {
		j->kept->refreshing_s = clock_realtime_s();
		r = store_kept(j);
	}
	if (r < 0) {
		fail_store(j, r, "that a refresh is under way cannot be stored, so nothing was sent");
		return;
	}
	r = refresh_start(&j->refresh, j->lp->provider, j->ctx->event, j->ctx->fetch, &request, on_refreshed, j);
	if (r < 0) {
		take_back_note(j);
		recheck_job_finish(j, RECHECK_FAILED,
				   r == -EINVAL ? "this client cannot be as it is configured"
						: "the refresh request cannot be made");
	}
}

/* --- by access token ----------------------------------------------------------------------------------------------- */

/* The token itself is what the facts are asked with. */
static void use_access_token(struct recheck_job *j)
{
	int64_t left_s = j->kept->expires_s - clock_realtime_s();

	j->tokens = calloc(1, sizeof(*j->tokens));
	if (j->tokens == NULL || secret_copy(&j->tokens->access_token, secret_data(j->kept->access_token),
					     secret_len(j->kept->access_token)) < 0) {
		recheck_job_finish(j, RECHECK_FAILED, "out of memory");
		return;
	}
	if (j->kept->expires_s > 0 && left_s > 0)
		j->tokens->expires_in_s = (uint32_t)left_s;
	recheck_facts_start(j);
}

static void on_introspected(void *userdata, enum introspect_outcome outcome, const struct oauth_result *result)
{
	struct recheck_job *j = userdata;

	introspect_free(LK_STEAL(j->introspect));
	if (recheck_job_is_void(j))
		return;
	switch (outcome) {
	case INTROSPECT_ACTIVE:
		use_access_token(j);
		return;
	case INTROSPECT_INACTIVE:
		recheck_job_refuse(j, result->detail);
		return;
	case INTROSPECT_UNREACHABLE:
		break;
	}
	recheck_job_fail(j, result->detail, 0);
}

static void ask_about_access_token(struct recheck_job *j)
{
	int64_t expires_s = j->kept->expires_s;

	if (expires_s > 0 && clock_realtime_s() >= expires_s) {
		recheck_job_drop(j, "the access token has ended, and no refresh token came with it");
		return;
	}
	if (is_of_its_own(j)) {
		recheck_job_finish(j, RECHECK_NO_TOKEN, "a token of its own needs a refresh token");
		return;
	}
	if (!introspect_is_possible(j->lp->provider)) {
		use_access_token(j);
		return;
	}
	if (introspect_start(&j->introspect, j->lp->provider, j->ctx->fetch, j->kept->access_token, on_introspected,
			     j) < 0)
		recheck_job_finish(j, RECHECK_FAILED, "the question about the access token cannot be made");
}

/* --- how it begins ------------------------------------------------------------------------------------------------- */

static void on_prepared(void *userdata, const struct oauth_result *result)
{
	struct recheck_job *j = userdata;

	j->prepare = NULL;
	if (recheck_job_is_void(j))
		return;
	if (result->outcome != OAUTH_DONE)
		recheck_job_fail(j, result->detail, 0);
	else if (j->service != NULL)
		recheck_grant_start(j);
	else if (j->kept->refresh_token != NULL)
		ask_refresh(j);
	else
		ask_about_access_token(j);
}

static int answer(struct recheck_person *p, struct recheck_result *result, enum recheck_outcome outcome,
		  const char *detail)
{
	*result = (struct recheck_result){.outcome = outcome, .good_s = last_good_s(p)};
	(void)snprintf(result->detail, sizeof(result->detail), "%.*s", (int)sizeof(result->detail) - 1, detail);
	return 1;
}

/* What could not be stored is newer than what is. Return: 0, 1 @result is the answer. */
static int load_kept(struct recheck_person *p, struct kept_tokens **ret, struct recheck_result *result)
{
	struct row_owner owner = recheck_person_owner(p);
	struct store *store = p->all->ctx->store;
	int r;

	if (p->unstored != NULL) {
		r = store_renew_tokens(store, &owner, p->unstored, clock_realtime_s());
		if (r < 0 && r != -ENOENT)
			return answer(p, result, RECHECK_FAILED, "the new refresh token still cannot be stored");
		kept_tokens_free(LK_STEAL(p->unstored));
	}
	r = store_find_tokens(store, &owner, ret);
	if (r == -ENOENT)
		return answer(p, result, RECHECK_NO_TOKEN, "no token is kept of this account");
	if (r == -EKEYREJECTED)
		return answer(p, result, RECHECK_NO_TOKEN, "the token that is kept cannot be opened any more");
	return r < 0 ? answer(p, result, RECHECK_FAILED, "the store cannot be read") : 0;
}

/* A no that came while somebody waited for another answer. */
static bool is_refused(struct recheck_person *p, struct recheck_result *result)
{
	struct row_owner owner = recheck_person_owner(p);
	struct standing st = {.state = STANDING_UNKNOWN};

	if (p->unstored_refusal != NULL) {
		(void)answer(p, result, RECHECK_REFUSED, p->unstored_refusal);
		return true;
	}
	if (store_find_standing(p->all->ctx->store, &owner, &st) == 0 && st.state == STANDING_REFUSED) {
		(void)answer(p, result, RECHECK_REFUSED, st.reason);
		return true;
	}
	return false;
}

static int take_wish(struct recheck_job *j, struct recheck *w)
{
	if (text_copy(&j->scope, w->scope) < 0 || text_copy(&j->resource, w->resource) < 0)
		return -ENOMEM;
	w->is_asking = w->assertion != NULL;
	return w->is_asking ? secret_copy(&j->assertion, secret_data(w->assertion), secret_len(w->assertion)) : 0;
}

int recheck_job_start(struct recheck_person *p, struct recheck *w, struct recheck_result *result)
{
	LK_CLEANUP(kept_tokens_freep) struct kept_tokens *kept = NULL;
	const struct login_provider *lp = login_provider_of_issuer(p->all->ctx, p->issuer);
	struct recheck_job *j;

	if (p->service == NULL && is_refused(p, result))
		return 1;
	if (lp == NULL)
		return answer(p, result, RECHECK_NO_TOKEN, "the account's provider is not configured any more");
	if (p->service != NULL && p->service->grant == SERVICE_GRANT_NONE)
		return answer(p, result, RECHECK_NO_TOKEN, "grant=none: there is nothing to ask the provider with");
	if (p->service != NULL)
		kept = calloc(1, sizeof(*kept));
	else if (load_kept(p, &kept, result) != 0)
		return 1;
	if (kept == NULL)
		return -ENOMEM;

	j = calloc(1, sizeof(*j));
	if (j == NULL)
		return -ENOMEM;
	j->person = p;
	j->ctx = p->all->ctx;
	j->lp = lp;
	j->service = p->service;
	reference_new(j->reference);
	j->generation = p->generation;
	j->kept = LK_STEAL(kept);
	if ((w != NULL && take_wish(j, w) < 0) || provider_prepare(lp->provider, on_prepared, j, &j->prepare) < 0) {
		recheck_job_free(j);
		return -ENOMEM;
	}
	p->job = j;
	return 0;
}
