/* SPDX-License-Identifier: MIT */
/*
 * Who waits for what. An answer that is known is given at once; else all who ask about an account wait for one request. Must
 * never begin a second one for an account while the first is under way, nor answer with a yes older than was asked for.
 */
#include "helper/login/recheck.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/clock.h"
#include "helper/login/recheck_internal.h"
#include "helper/login/standing.h"

#define SERVICE_REFUSAL_S 2 /* for how long a no to a service account counts at least */

void recheck_free(struct recheck *w)
{
	if (w == NULL)
		return;
	if (w->list != NULL)
		TAILQ_REMOVE(w->list, w, entry);
	free(w->scope);
	free(w->resource);
	secret_free(w->assertion);
	free(w);
}

static bool is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_of_its_own(const char *scope, const char *resource)
{
	return scope != NULL || resource != NULL;
}

static void set(struct recheck_result *result, enum recheck_outcome outcome, int64_t good_s, const char *detail)
{
	result->outcome = outcome;
	result->good_s = good_s;
	(void)snprintf(result->detail, sizeof(result->detail), "%.*s", (int)sizeof(result->detail) - 1, detail);
}

/* INT-05: where there is only an access token, a yes holds no longer than that. */
static bool is_past_its_end(struct recheck_person *p)
{
	LK_CLEANUP(kept_tokens_freep) struct kept_tokens *kept = NULL;
	struct row_owner owner = recheck_person_owner(p);

	if (!p->knows_until) {
		if (store_find_tokens(p->all->ctx->store, &owner, &kept) == 0 && kept->refresh_token == NULL)
			p->until_s = kept->expires_s;
		p->knows_until = true;
	}
	return p->until_s != 0 && clock_realtime_s() >= p->until_s;
}

/* Whoever comes in a loop does not make the provider work. */
static bool is_young(const struct standing_view *standing, uint32_t max_age_s)
{
	return standing->age_s < SERVICE_REFUSAL_S || standing->age_s <= (int64_t)max_age_s;
}

/* Return: whether @result is the answer. */
static bool is_known(struct recheck_person *p, const struct account *account, uint32_t max_age_s,
		     struct recheck_result *result)
{
	struct standing_view standing;
	int r = standing_read(p->all->ctx, account, &standing);

	if (r < 0) {
		set(result, RECHECK_FAILED, 0, "the store cannot be read");
		return true;
	}
	if (standing.state == STANDING_REFUSED && (p->service == NULL || is_young(&standing, max_age_s))) {
		set(result, RECHECK_REFUSED, 0, standing.reason);
		return true;
	}
	if (standing.state == STANDING_GOOD && max_age_s > 0 && standing.age_s <= (int64_t)max_age_s &&
	    !is_past_its_end(p)) {
		set(result, RECHECK_GOOD, standing.checked_s, "");
		return true;
	}
	if (clock_monotonic_ms() < p->failure_until_ms) {
		*result = p->failure;
		return true;
	}
	return false;
}

static int waiter_new(struct recheck **ret, const struct recheck_token_request *request)
{
	LK_CLEANUP(recheck_freep) struct recheck *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return -ENOMEM;
	if (request != NULL && request->scope != NULL && (w->scope = strdup(request->scope)) == NULL)
		return -ENOMEM;
	if (request != NULL && request->resource != NULL && (w->resource = strdup(request->resource)) == NULL)
		return -ENOMEM;
	*ret = LK_STEAL(w);
	return 0;
}

static void enqueue(struct recheck_list *list, struct recheck *w)
{
	TAILQ_INSERT_TAIL(list, w, entry);
	w->list = list;
}

/* Return: 0 @w waits, 1 @result is the answer, -ENOMEM. */
static int wait_for_job(struct recheck_person *p, struct recheck *w, struct recheck_result *result)
{
	int r = p->job != NULL ? 0 : recheck_job_start(p, w, result);

	if (r == 0)
		enqueue(&p->waits, w);
	return r;
}

int recheck_start(struct recheck **ret, struct login_context *ctx, const struct account *account, uint32_t max_age_s,
		  recheck_done_fn done, void *userdata)
{
	LK_CLEANUP(recheck_freep) struct recheck *w = NULL;
	struct recheck_person *p = recheck_person_get(ctx->rechecks, account);
	struct recheck_result result = {.outcome = RECHECK_FAILED};
	int r = p != NULL ? waiter_new(&w, NULL) : -ENOMEM;

	if (r < 0)
		return r;
	w->done = done;
	w->userdata = userdata;
	p->asked_ms = clock_monotonic_ms();
	r = is_known(p, account, max_age_s, &result) ? 1 : wait_for_job(p, w, &result);
	if (r < 0)
		return r;
	if (r == 1 && result.outcome == RECHECK_GOOD)
		recheck_background_seen(p);
	if (r == 1)
		done(userdata, &result);
	else
		*ret = LK_STEAL(w);
	return r;
}

int recheck_start_presented(struct recheck **ret, struct login_context *ctx, const struct account *account,
			    const struct secret *assertion, recheck_done_fn done, void *userdata)
{
	LK_CLEANUP(recheck_freep) struct recheck *w = NULL;
	struct recheck_person *p = recheck_person_get(ctx->rechecks, account);
	struct recheck_result result = {.outcome = RECHECK_FAILED};
	int r = p != NULL ? waiter_new(&w, NULL) : -ENOMEM;

	if (r == 0)
		r = secret_copy(&w->assertion, secret_data(assertion), secret_len(assertion));
	if (r < 0)
		return r;
	w->done = done;
	w->userdata = userdata;
	p->asked_ms = clock_monotonic_ms();
	r = is_known(p, account, 0, &result) ? 1 : wait_for_job(p, w, &result);
	if (r == 1)
		done(userdata, &result);
	else if (r == 0)
		*ret = LK_STEAL(w);
	return r;
}

int recheck_token_start(struct recheck **ret, struct login_context *ctx, const struct account *account,
			const struct recheck_token_request *request, recheck_token_fn done, void *userdata)
{
	LK_CLEANUP(recheck_freep) struct recheck *w = NULL;
	struct recheck_person *p = recheck_person_get(ctx->rechecks, account);
	struct recheck_result result = {.outcome = RECHECK_FAILED};
	uint64_t now_ms = clock_monotonic_ms();
	int r = p != NULL ? waiter_new(&w, request) : -ENOMEM;

	if (r < 0)
		return r;
	w->token_done = done;
	w->userdata = userdata;
	p->asked_ms = now_ms;
	if (is_known(p, account, 0, &result)) {
		done(userdata, &result, NULL, 0);
		return 1;
	}
	if (!is_of_its_own(w->scope, w->resource) && p->access_token != NULL && now_ms < p->token_renew_ms) {
		set(&result, RECHECK_GOOD, clock_realtime_s(), "");
		done(userdata, &result, p->access_token, (uint32_t)((p->token_end_ms - now_ms) / 1000));
		return 1;
	}
	r = wait_for_job(p, w, &result);
	if (r == 1)
		done(userdata, &result, NULL, 0);
	if (r == 0)
		*ret = LK_STEAL(w);
	return r;
}

/* A yes or no about the account answers all of them; a token only those who want that one. */
static bool is_answered_by(const struct recheck *w, const struct recheck_end *end)
{
	/* Whoever shows an assertion wants to know what the provider says of that. */
	if (w->assertion != NULL && !w->is_asking)
		return false;
	if (w->token_done == NULL || end->result.outcome == RECHECK_REFUSED || end->result.outcome == RECHECK_NO_TOKEN)
		return true;
	return is_same(w->scope, end->scope) && is_same(w->resource, end->resource);
}

/* The list is of those who are answered in this turn: whoever asks from within waits for the next one. */
static void answer_all(struct recheck_list *list, const struct recheck_end *end)
{
	struct recheck *w;

	while ((w = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, w, entry);
		w->list = NULL;
		if (w->done != NULL)
			w->done(w->userdata, &end->result);
		else
			w->token_done(w->userdata, &end->result, end->token, end->lifetime_s);
	}
}

static void take_answered(struct recheck_list *list, struct recheck_person *p, const struct recheck_end *end)
{
	struct recheck *w, *next;

	for (w = TAILQ_FIRST(&p->waits); w != NULL; w = next) {
		next = TAILQ_NEXT(w, entry);
		if (!is_answered_by(w, end))
			continue;
		TAILQ_REMOVE(&p->waits, w, entry);
		enqueue(list, w);
	}
}

/* For those who are left: what was not for them, or counts for nothing. */
static void begin_next(struct recheck_person *p)
{
	struct recheck *first = TAILQ_FIRST(&p->waits);
	struct recheck_end end = {.result = {.outcome = RECHECK_FAILED}};
	struct recheck_list list = TAILQ_HEAD_INITIALIZER(list);
	int r;

	if (first == NULL || p->job != NULL)
		return;
	r = recheck_job_start(p, first, &end.result);
	if (r == 0)
		return;
	if (r < 0)
		set(&end.result, RECHECK_FAILED, 0, "out of memory");
	for (struct recheck *w; (w = TAILQ_FIRST(&p->waits)) != NULL;) {
		TAILQ_REMOVE(&p->waits, w, entry);
		enqueue(&list, w);
	}
	answer_all(&list, &end);
}

void recheck_job_done(struct recheck_person *p, const struct recheck_end *end)
{
	struct recheck_list list = TAILQ_HEAD_INITIALIZER(list);

	if (!end->is_void)
		take_answered(&list, p, end);
	recheck_background_end(p, end->is_void ? NULL : &end->result);
	begin_next(p);
	answer_all(&list, end);
}
