/* SPDX-License-Identifier: MIT */
/*
 * Who is known to the re-check: one record for each account that was asked about or has kept tokens. A record is of one
 * identity; when another one has the uid, everything in it goes.
 */
#include "helper/login/recheck_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/clock.h"
#include "helper/login/service_account.h"

#define UNSAID_LIFETIME_S 300u

struct row_owner recheck_person_owner(const struct recheck_person *p)
{
	return (struct row_owner){.uid = p->uid, .issuer = p->issuer, .subject = p->subject};
}

void recheck_person_reset(struct recheck_person *p)
{
	p->generation++;
	secret_free(LK_STEAL(p->access_token));
	kept_tokens_free(LK_STEAL(p->unstored));
	free(LK_STEAL(p->unstored_refusal));
	p->knows_until = false;
	p->until_s = 0;
	p->failure_until_ms = 0;
	p->n_failures = 0;
}

void recheck_person_hold(struct recheck_person *p, const struct token_set *tokens)
{
	uint64_t lifetime_ms = (tokens->expires_in_s > 0 ? tokens->expires_in_s : UNSAID_LIFETIME_S) * UINT64_C(1000);
	uint64_t now_ms = clock_monotonic_ms();

	secret_free(LK_STEAL(p->access_token));
	if (secret_copy(&p->access_token, secret_data(tokens->access_token), secret_len(tokens->access_token)) < 0)
		return; /* the next who wants one has it fetched */
	p->token_renew_ms = now_ms + lifetime_ms * 2 / 3;
	p->token_end_ms = now_ms + lifetime_ms;
	p->lifetime_s = tokens->expires_in_s;
}

static void person_free(struct recheck_person *p)
{
	struct recheck *w;

	recheck_job_free(p->job);
	if (p->is_waiting)
		p->all->n_background--;
	while ((w = TAILQ_FIRST(&p->waits)) != NULL) {
		TAILQ_REMOVE(&p->waits, w, entry);
		w->list = NULL; /* its owner frees it */
	}
	recheck_person_reset(p);
	sd_event_source_disable_unref(p->timer);
	free(p->name);
	free(p->issuer);
	free(p->subject);
	free(p);
}

static bool is_text(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static int set_text(char **target, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		return -ENOMEM;
	free(*target);
	*target = copy;
	return 0;
}

struct recheck_person *recheck_person_find(struct rechecks *all, const struct account *account)
{
	struct recheck_person *p = all->buckets[account->uid % RECHECK_BUCKETS];

	while (p != NULL && p->uid != account->uid)
		p = p->next;
	if (p == NULL || account->subject == NULL || !is_text(p->issuer, account->issuer) ||
	    !is_text(p->subject, account->subject))
		return NULL;
	return p;
}

/* Of another identity: forgotten, moved, or given to somebody else. */
static void drop_other(struct rechecks *all, uint32_t uid)
{
	struct recheck_person **at = &all->buckets[uid % RECHECK_BUCKETS];

	while (*at != NULL && (*at)->uid != uid)
		at = &(*at)->next;
	if (*at != NULL) {
		struct recheck_person *p = *at;

		*at = p->next;
		person_free(p);
	}
}

/* One whose name somebody else holds is no service's. */
static const struct service_account *service_of(struct rechecks *all, const struct account *account)
{
	const struct service_account *s = service_account_find(all->ctx, account->name);
	const char *detail = NULL;

	return s != NULL && service_account_is(s, account, &detail) ? s : NULL;
}

struct recheck_person *recheck_person_get(struct rechecks *all, const struct account *account)
{
	struct recheck_person *p = recheck_person_find(all, account);

	if (p != NULL) {
		if (is_text(p->name, account->name))
			return p;
		if (set_text(&p->name, account->name) < 0)
			return NULL;
		p->service = service_of(all, account);
		return p;
	}
	if (account->subject == NULL)
		return NULL;
	drop_other(all, account->uid);
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	TAILQ_INIT(&p->waits);
	p->all = all;
	p->uid = account->uid;
	p->service = service_of(all, account);
	if (set_text(&p->name, account->name) < 0 || set_text(&p->issuer, account->issuer) < 0 ||
	    set_text(&p->subject, account->subject) < 0) {
		person_free(p);
		return NULL;
	}
	p->next = all->buckets[p->uid % RECHECK_BUCKETS];
	all->buckets[p->uid % RECHECK_BUCKETS] = p;
	return p;
}

int recheck_person_account(const struct recheck_person *p, struct account **ret)
{
	LK_CLEANUP(account_freep) struct account *account = NULL;
	struct login_context *ctx = p->all->ctx;
	int r;

	if (accounts_issuer_of_local(ctx->accounts, p->name) != NULL)
		r = accounts_find_local(ctx->accounts, p->name, &account);
	else
		r = store_find_uid(ctx->store, p->uid, &account);
	if (r < 0)
		return r;
	if (account->state != ACCOUNT_ACTIVE || account->uid != p->uid || account->subject == NULL ||
	    !is_text(account->issuer, p->issuer) || !is_text(account->subject, p->subject))
		return -ENOENT;
	*ret = LK_STEAL(account);
	return 0;
}

int rechecks_new(struct rechecks **ret, struct login_context *ctx, const struct recheck_settings *settings)
{
	struct rechecks *all = calloc(1, sizeof(*all));
	int r;

	if (all == NULL)
		return -ENOMEM;
	all->ctx = ctx;
	all->settings = *settings;
	all->started_ms = clock_monotonic_ms();
	r = settings->max_s > 0 ? recheck_background_load(all) : 0;
	if (r < 0) {
		rechecks_free(all);
		return r;
	}
	*ret = all;
	return 0;
}

void rechecks_free(struct rechecks *all)
{
	if (all == NULL)
		return;
	for (size_t i = 0; i < RECHECK_BUCKETS; i++) {
		struct recheck_person *p;

		while ((p = all->buckets[i]) != NULL) {
			all->buckets[i] = p->next;
			person_free(p);
		}
	}
	sd_event_source_disable_unref(all->load);
	free(all);
}
