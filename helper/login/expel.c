/* SPDX-License-Identifier: MIT */
/*
 * One small machine for each person: grace, SIGTERM, SIGKILL until nobody is found, one more look, end. Each step is one
 * question to latchkey-root, which remembers nothing. Before each the standing is asked: whom the provider has let in again
 * is left alone.
 */
#include "helper/login/expel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "helper/accounts/root_call.h"
#include "helper/base/clock.h"
#include "helper/login/audit.h"
#include "helper/login/expel_internal.h"
#include "helper/login/log.h"
#include "helper/login/standing.h"

#define MS_PER_S UINT64_C(1000)
#define STROKE_US (UINT64_C(10) * 1000000)
#define FAULT_FIRST_MS UINT64_C(2000)
#define FAULT_MAX_MS UINT64_C(300000)

struct expulsion {
	TAILQ_ENTRY(expulsion) link;
	struct expulsions *all;
	uint32_t uid;
	char name[NAME_MAX_LEN + 1];
	char provider[64];
	char why[200];
	sd_event_source *timer; /* the next stroke */
	struct root_call *call; /* or the one under way */
	uint64_t n_found;       /* most that a stroke found */
	unsigned int n_strokes;
	unsigned int n_quiet;  /* looks that found nobody, one after another */
	unsigned int n_faults; /* the same, of those that failed */
	char fault[sizeof(((struct publish_answer *)NULL)->reason)];
};

static void strike(struct expulsion *e);

static void expulsion_free(struct expulsion *e)
{
	TAILQ_REMOVE(&e->all->list, e, link);
	e->all->n--;
	root_call_free(e->call);
	(void)sd_event_source_disable_unref(e->timer);
	free(e);
}

static void audit(const struct expulsion *e, int priority, const char *result, const char *detail)
{
	const struct audit_event event = {
		.kind = AUDIT_SESSION_END,
		.priority = priority,
		.result = result,
		.user = e->name,
		.provider = e->provider,
		.uid = e->uid,
		.detail = detail,
	};

	audit_write(&event);
}

/* --- when --------------------------------------------------------------------------------------------------------- */

static int on_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct expulsion *e = userdata;

	(void)s;
	(void)usec;
	e->timer = sd_event_source_disable_unref(e->timer);
	strike(e);
	return 0;
}

static int wait_ms(struct expulsion *e, uint64_t ms)
{
	return sd_event_add_time_relative(e->all->ctx->event, &e->timer, CLOCK_MONOTONIC, ms * 1000, 0, on_timer, e) < 0
		       ? -ENOMEM
		       : 0;
}

/* The next stroke. Without memory for a timer it never comes: that is the one thing which cannot be tried again. */
static void go_on(struct expulsion *e, uint64_t ms)
{
	if (wait_ms(e, ms) == 0)
		return;
	audit(e, LOG_ERR, "failed", "out of memory");
	expulsion_free(e);
}

static void fault(struct expulsion *e, const char *what)
{
	uint64_t ms = FAULT_FIRST_MS;

	if (strcmp(e->fault, what) != 0) {
		(void)snprintf(e->fault, sizeof(e->fault), "%s", what);
		audit(e, LOG_WARNING, "delayed", what);
	}
	for (unsigned int i = 0; i < e->n_faults && ms < FAULT_MAX_MS; i++)
		ms *= 2;
	e->n_faults++;
	e->n_quiet = 0;
	go_on(e, ms < FAULT_MAX_MS ? ms : FAULT_MAX_MS);
}

/* --- strokes ------------------------------------------------------------------------------------------------------ */

static void found(struct expulsion *e, uint64_t n)
{
	char text[sizeof(e->why) + 64];

	if (e->n_found == 0) {
		(void)snprintf(text, sizeof(text), "%llu processes; %s", (unsigned long long)n, e->why);
		audit(e, LOG_NOTICE, "begun", text);
	}
	if (n > e->n_found)
		e->n_found = n;
	e->n_quiet = 0;
	go_on(e, e->n_strokes == 1 ? e->all->settings->term_ms : e->all->settings->kill_ms);
}

static void found_nobody(struct expulsion *e)
{
	if (++e->n_quiet < 2) {
		go_on(e, e->all->settings->quiet_ms);
		return;
	}
	if (e->n_found > 0 || e->fault[0] != '\0')
		audit(e, LOG_NOTICE, "done", e->why);
	expulsion_free(e);
}

static void on_answer(void *userdata, int error, const struct publish_answer *answer, const char *detail)
{
	char reason[sizeof(answer->reason)];
	struct expulsion *e = userdata;
	uint64_t n;
	uint32_t status;

	if (error < 0) {
		root_call_free(LK_STEAL(e->call));
		fault(e, detail);
		return;
	}
	/* the answer goes with the call */
	memcpy(reason, answer->reason, sizeof(reason));
	n = answer->n_found;
	status = answer->status;
	root_call_free(LK_STEAL(e->call));
	e->n_strokes++;
	if (status != PUBLISH_DONE && status != END_SESSION_STRUCK) {
		fault(e, reason);
		return;
	}
	e->n_faults = 0;
	if (status == PUBLISH_DONE)
		found_nobody(e);
	else
		found(e, n);
}

/* Return: 1 go on, 0 the provider does not say no any more, -ENOENT there is no such account. A store that cannot be read
 * keeps nobody here. */
static int is_still_out(const struct expulsion *e)
{
	LK_CLEANUP(account_freep) struct account *a = NULL;
	struct login_context *ctx = e->all->ctx;
	struct standing_view view;
	int r = accounts_find_local(ctx->accounts, e->name, &a);

	if (r == -ENOENT)
		r = store_find_name(ctx->store, e->name, &a);
	if (r == 0 && (a->uid != e->uid || a->state == ACCOUNT_FORGOTTEN))
		r = -ENOENT;
	if (r == 0 && standing_read(ctx, a, &view) == 0 && view.state != STANDING_REFUSED)
		return 0;
	return r == -ENOENT ? r : 1;
}

static void strike(struct expulsion *e)
{
	struct publish_question q = {
		.magic = PUBLISH_MAGIC, .verb = e->n_strokes == 0 ? END_SESSION : END_SESSION_NOW, .uid = e->uid};
	int r = is_still_out(e);

	if (r <= 0) {
		if (e->n_strokes > 0)
			audit(e, LOG_NOTICE, "stopped",
			      r == 0 ? "the person has signed in again" : "the account is no more");
		expulsion_free(e);
		return;
	}
	if (root_call_start(&e->call, e->all->ctx->event, e->all->settings->root_socket, &q, -1, STROKE_US, on_answer,
			    e) < 0)
		fault(e, "out of memory");
}

/* --- the beginning ------------------------------------------------------------------------------------------------ */

static uint64_t grace_left_ms(const struct expulsions *x, int64_t since_s)
{
	int64_t gone_s = clock_realtime_s() - since_s;
	int64_t grace_s = (int64_t)x->settings->grace_s;

	/* A clock that was set back: the whole of it. */
	if (gone_s < 0)
		gone_s = 0;
	return gone_s >= grace_s ? 0 : (uint64_t)(grace_s - gone_s) * MS_PER_S;
}

int expel_person(struct login_context *ctx, const struct account *account, int64_t since_s, const char *why)
{
	struct expulsions *x = ctx->expulsions;
	struct expulsion *e;

	if (x == NULL || !x->settings->is_on || account->uid < ACCOUNTS_ID_FLOOR)
		return 0;
	TAILQ_FOREACH(e, &x->list, link)
	if (e->uid == account->uid)
		return 0;

	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return -ENOMEM;
	e->all = x;
	e->uid = account->uid;
	(void)snprintf(e->name, sizeof(e->name), "%s", account->name);
	(void)snprintf(e->provider, sizeof(e->provider), "%s", account->provider);
	(void)snprintf(e->why, sizeof(e->why), "%s", why);
	TAILQ_INSERT_TAIL(&x->list, e, link);
	x->n++;
	if (wait_ms(e, grace_left_ms(x, since_s)) < 0) {
		expulsion_free(e);
		return -ENOMEM;
	}
	return 0;
}

int expulsions_new(struct expulsions **ret, struct login_context *ctx, const struct expel_settings *settings)
{
	struct expulsions *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return -ENOMEM;
	x->ctx = ctx;
	x->settings = settings;
	TAILQ_INIT(&x->list);
	*ret = x;
	return 0;
}

void expulsions_free(struct expulsions *x)
{
	struct expulsion *e;

	if (x == NULL)
		return;
	(void)sd_event_source_disable_unref(x->resume);
	while ((e = TAILQ_FIRST(&x->list)) != NULL)
		expulsion_free(e);
	free(x);
}

size_t expulsions_count(const struct expulsions *x)
{
	return x->n;
}
