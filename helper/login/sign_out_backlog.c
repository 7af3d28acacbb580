/* SPDX-License-Identifier: MIT */
/*
 * Tells providers later what they could not be told at once (RFC 7009 section 2.2.1): in rounds over what waits in the store, one
 * row at a time, from a minute to an hour apart. A round leaves a provider alone that has failed in it. Nothing here is
 * waited for, and nothing that is in the rows can be used for anything else.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "helper/base/clock.h"
#include "helper/login/log.h"
#include "helper/login/sign_out_internal.h"

#define FIRST_WAIT_S 60u
#define MAX_WAIT_S 3600u
#define PROVIDER_WAIT_MAX_S 86400u
#define AT_LOAD_S 5u
/* A grant that nobody uses has ended by itself at most providers. */
#define GIVE_UP_S (INT64_C(30) * 86400)

static int on_round(sd_event_source *source, uint64_t usec, void *userdata);

static int arm(struct sign_outs *s, uint64_t ms, sd_event_time_handler_t fn)
{
	struct sign_out_backlog *b = &s->backlog;
	int r;

	b->timer = sd_event_source_disable_unref(b->timer);
	r = sd_event_add_time_relative(s->ctx->event, &b->timer, CLOCK_BOOTTIME, ms * 1000, 0, fn, s);
	if (r < 0)
		return -ENOMEM;
	(void)sd_event_source_set_priority(b->timer, SD_EVENT_PRIORITY_IDLE);
	return 0;
}

static void end_row(struct sign_out_backlog *b)
{
	provider_wait_cancel(LK_STEAL(b->prepare));
	revoke_free(LK_STEAL(b->revoke));
	revocation_done(&b->row);
	b->lp = NULL;
}

void sign_out_backlog_done(struct sign_outs *s)
{
	end_row(&s->backlog);
	s->backlog.timer = sd_event_source_disable_unref(s->backlog.timer);
	free(s->backlog.failed_issuer);
	s->backlog.failed_issuer = NULL;
}

/* --- one row ------------------------------------------------------------------------------------------------------ */

/* The callee of a timer: what is on the stack of a reply belongs to whoever is freed by the next row. */
static int on_next(sd_event_source *source, uint64_t usec, void *userdata);

static void go_on(struct sign_outs *s)
{
	int64_t id = s->backlog.row.id;

	end_row(&s->backlog);
	s->backlog.row.id = id;
	if (arm(s, 0, on_next) < 0)
		log_line(LOG_ERR, "revocations have to wait for a restart: out of memory");
}

static void fail(struct sign_outs *s, const char *detail, uint32_t retry_after_s)
{
	struct sign_out_backlog *b = &s->backlog;

	log_line(LOG_INFO, "a revocation for uid %u has to wait: %s", b->row.uid, detail);
	b->has_failed = true;
	if (retry_after_s > b->retry_after_s)
		b->retry_after_s = retry_after_s;
	free(b->failed_issuer);
	b->failed_issuer = LK_STEAL(b->row.issuer);
	go_on(s);
}

static void audit(struct sign_outs *s, const char *result, const char *detail)
{
	const struct sign_out_backlog *b = &s->backlog;
	LK_CLEANUP(account_freep) struct account *a = NULL;
	bool is_known = store_find_uid(s->ctx->store, b->row.uid, &a) == 0 && a->subject != NULL &&
			strcmp(a->issuer, b->row.issuer) == 0 && strcmp(a->subject, b->row.subject) == 0;

	sign_out_audit(result, is_known ? a->name : NULL,
		       b->lp != NULL ? provider_settings(b->lp->provider)->name : NULL, b->row.subject, b->row.uid,
		       detail);
}

static void settle(struct sign_outs *s, const char *result, const char *detail)
{
	int r = store_drop_revocation(s->ctx->store, s->backlog.row.id);

	/* Asking once more does no harm. */
	if (r < 0) {
		fail(s, strerror(-r), 0);
		return;
	}
	audit(s, result, detail);
	go_on(s);
}

static void on_revoked(void *userdata, enum revoke_outcome outcome, const struct oauth_result *result,
		       uint32_t retry_after_s)
{
	struct sign_outs *s = userdata;

	switch (outcome) {
	case REVOKE_DONE:
		settle(s, "done", NULL);
		return;
	case REVOKE_NOT_SUPPORTED:
		settle(s, "not-supported", result->detail);
		return;
	case REVOKE_CLIENT_REFUSED:
	case REVOKE_UNREACHABLE:
		fail(s, result->detail, retry_after_s);
		return;
	}
}

static void on_prepared(void *userdata, const struct oauth_result *result)
{
	struct sign_outs *s = userdata;
	struct sign_out_backlog *b = &s->backlog;
	int r;

	b->prepare = NULL;
	if (result->outcome != OAUTH_DONE) {
		fail(s, result->detail, 0);
		return;
	}
	r = revoke_start(&b->revoke, b->lp->provider, s->ctx->event, s->ctx->fetch, b->row.tokens->refresh_token,
			 b->row.tokens->access_token, on_revoked, s);
	if (r == -ENOSYS)
		settle(s, "not-supported", "the provider has no revocation endpoint");
	else if (r < 0)
		fail(s, strerror(-r), 0);
}

/* --- a round ------------------------------------------------------------------------------------------------------ */

static void end_round(struct sign_outs *s)
{
	struct sign_out_backlog *b = &s->backlog;
	uint32_t wait_s = FIRST_WAIT_S;

	b->row.id = 0;
	b->is_in_round = false;
	free(LK_STEAL(b->failed_issuer));
	b->timer = sd_event_source_disable_unref(b->timer);
	if (!b->has_failed) {
		/* what comes by itself: a grant that was orphaned, or an account that got another uid */
		b->n_rounds = 0;
		wait_s = MAX_WAIT_S;
	}
	for (unsigned i = 0; i < b->n_rounds && wait_s < MAX_WAIT_S; i++)
		wait_s *= 2;
	if (wait_s > MAX_WAIT_S)
		wait_s = MAX_WAIT_S;
	if (b->retry_after_s > wait_s)
		wait_s = b->retry_after_s < PROVIDER_WAIT_MAX_S ? b->retry_after_s : PROVIDER_WAIT_MAX_S;
	b->n_rounds += b->has_failed ? 1 : 0;
	if (arm(s, wait_s * UINT64_C(1000), on_round) < 0)
		log_line(LOG_ERR, "revocations have to wait for a restart: out of memory");
}

/* The row that was read. Return: whether it is under way, or somebody else's. */
static void begin_row(struct sign_outs *s)
{
	struct sign_out_backlog *b = &s->backlog;

	if (clock_realtime_s() - b->row.since_s > GIVE_UP_S) {
		settle(s, "failed", "the provider could not be told for thirty days");
		return;
	}
	if (sign_out_is_under_way(s, b->row.id)) {
		go_on(s);
		return;
	}
	b->lp = login_provider_of_issuer(s->ctx, b->row.issuer);
	if (b->lp == NULL || b->row.tokens == NULL ||
	    (b->failed_issuer != NULL && strcmp(b->failed_issuer, b->row.issuer) == 0)) {
		b->has_failed = true;
		go_on(s);
		return;
	}
	if (provider_prepare(b->lp->provider, on_prepared, s, &b->prepare) < 0)
		fail(s, "out of memory", 0);
}

static int on_next(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct sign_outs *s = userdata;
	struct sign_out_backlog *b = &s->backlog;
	int r = store_next_revocation(s->ctx->store, b->row.id, &b->row);

	(void)source;
	(void)usec;
	b->timer = sd_event_source_disable_unref(b->timer);
	if (r == 0) {
		begin_row(s);
		return 0;
	}
	if (r != -ENOENT) {
		log_line(LOG_WARNING, "revocations that wait cannot be read: %s", strerror(-r));
		b->has_failed = true;
	}
	end_round(s);
	return 0;
}

static int on_round(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct sign_outs *s = userdata;

	s->backlog.is_in_round = true;
	s->backlog.row.id = 0;
	s->backlog.has_failed = false;
	s->backlog.retry_after_s = 0;
	return on_next(source, usec, userdata);
}

int sign_out_backlog_wake(struct sign_outs *s, uint32_t wait_s)
{
	struct sign_out_backlog *b = &s->backlog;

	/* Should this round be over, another follows soon. */
	if (b->lp != NULL || b->is_in_round) {
		b->has_failed = true;
		return 0;
	}
	/* Nor is one put off that is to come because of a failure. */
	if (b->timer != NULL && b->n_rounds > 0)
		return 0;
	return arm(s, (wait_s > 0 ? wait_s : AT_LOAD_S) * UINT64_C(1000), on_round);
}
