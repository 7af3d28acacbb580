/* SPDX-License-Identifier: MIT */
/* Polls for tokens. The code lives in this struct alone and is wiped with it. Must never poll early, nor go on after an
 * answer that is final. */
#include "helper/oauth/token_poll.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "helper/base/clock.h"
#include "helper/oauth/error.h"
#include "helper/oauth/poll.h"
#include "helper/oauth/request.h"

#define POLL_TIMEOUT_MIN_MS 2000u /* an answer on the last moment still counts */
#define TIMER_ACCURACY_US 50000u

struct token_poll {
	struct provider *provider;
	sd_event *event;
	struct fetch_client *fetch;
	struct token_poll_request request;
	token_poll_done_fn done;
	void *userdata;

	struct oauth_call *call; /* at most one of call and timer is set */
	sd_event_source *timer;
	uint64_t due_ms; /* what timer waits for */
	struct secret *code;
	struct poll poll;
	bool has_failed; /* the last exchange brought nothing; failure says why */
	struct oauth_result failure;
};

static void stop(struct token_poll *t)
{
	oauth_call_cancel(LK_STEAL(t->call));
	sd_event_source_disable_unref(LK_STEAL(t->timer));
	secret_free(LK_STEAL(t->code));
}

void token_poll_free(struct token_poll *t)
{
	if (t == NULL)
		return;
	stop(t);
	free(t);
}
LK_DEFINE_CLEANUP(struct token_poll *, token_poll_free);

/* The callee may free the poll: nobody touches it after this. */
static void finish(struct token_poll *t, const struct oauth_result *result, struct token_set *tokens)
{
	struct oauth_result copy = *result;

	oauth_result_hide(&copy, t->code);
	client_auth_explain(&copy, t->provider, provider_settings(t->provider));
	stop(t);
	t->done(t->userdata, &copy, tokens);
}

static void finish_with(struct token_poll *t, enum oauth_outcome outcome, const char *detail)
{
	struct oauth_result result;

	oauth_result_set(&result, outcome, "%s", detail);
	finish(t, &result, NULL);
}

static void finish_at_deadline(struct token_poll *t)
{
	if (t->has_failed)
		finish(t, &t->failure, NULL);
	else
		finish_with(t, OAUTH_EXPIRED, "nobody approved in time");
}

/* Jitter needs no secrecy; without random numbers the longest is as good. */
static uint32_t random_number(void)
{
	uint32_t number;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != (ssize_t)sizeof(number))
		return POLL_JITTER_MAX_MS - POLL_JITTER_MIN_MS;
	return number;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata);

static int arm(struct token_poll *t)
{
	uint64_t now_ms = clock_monotonic_ms();
	uint64_t wait_ms = t->due_ms > now_ms ? t->due_ms - now_ms : 0;

	sd_event_source_disable_unref(LK_STEAL(t->timer));
	return sd_event_add_time_relative(t->event, &t->timer, CLOCK_BOOTTIME, wait_ms * 1000, TIMER_ACCURACY_US,
					  on_timer, t);
}

/* Counted from now, the end of the last exchange: servers count from either end of it (DEV-11, Auth0). */
static int arm_next(struct token_poll *t, uint32_t retry_after_s)
{
	t->due_ms = clock_monotonic_ms() + poll_wait_ms(&t->poll, retry_after_s, random_number());
	if (t->due_ms > t->request.deadline_ms)
		t->due_ms = t->request.deadline_ms;
	return arm(t);
}

static void wait_for_next(struct token_poll *t, uint32_t retry_after_s)
{
	if (arm_next(t, retry_after_s) < 0)
		finish_with(t, OAUTH_NO_MEMORY, "no timer");
}

static void wait_after_failure(struct token_poll *t, uint32_t retry_after_s)
{
	t->has_failed = true;
	poll_note(&t->poll, POLL_FAILURE, 0);
	wait_for_next(t, retry_after_s);
}

static void on_reply(struct token_poll *t, const struct fetch_reply *reply)
{
	struct token_set *tokens = NULL;
	struct oauth_result result = {.outcome = OAUTH_DONE};
	uint32_t interval_s;
	int r = token_reply_parse(&tokens, &interval_s, &result, provider_settings(t->provider)->dialect, reply->status,
				  reply->body, reply->body_len);

	switch (r) {
	case TOKEN_REPLY_TOKENS:
		finish(t, &result, tokens);
		return;
	case TOKEN_REPLY_PENDING:
	case TOKEN_REPLY_SLOW_DOWN:
		t->has_failed = false;
		poll_note(&t->poll, r == TOKEN_REPLY_PENDING ? POLL_PENDING : POLL_SLOW_DOWN, interval_s);
		wait_for_next(t, reply->retry_after_s);
		return;
	case TOKEN_REPLY_RETRY:
		oauth_result_set(&t->failure, OAUTH_UNREACHABLE, "token endpoint: HTTP %u", reply->status);
		wait_after_failure(t, reply->retry_after_s);
		return;
	case TOKEN_REPLY_ERROR:
		finish(t, &result, NULL);
		return;
	default:
		finish_with(t, OAUTH_NO_MEMORY, "token reply");
	}
}

static void on_done(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	struct token_poll *t = userdata;

	t->call = NULL;
	if (outcome == FETCH_DONE) {
		provider_note_date(t->provider, reply->date_s);
		on_reply(t, reply);
		return;
	}
	oauth_result_from_fetch(&t->failure, "token endpoint", outcome, detail);
	/* a reply that broke off is the network's doing as well (DEV-14) */
	if (t->failure.outcome == OAUTH_UNREACHABLE || outcome == FETCH_BAD_REPLY)
		wait_after_failure(t, 0);
	else
		finish(t, &t->failure, NULL);
}

static int ask(struct token_poll *t, uint64_t left_ms)
{
	LK_CLEANUP(form_done) struct form form = {0};
	uint32_t timeout_ms = left_ms < t->request.timeout_ms ? (uint32_t)left_ms : t->request.timeout_ms;

	if (timeout_ms < POLL_TIMEOUT_MIN_MS)
		timeout_ms = POLL_TIMEOUT_MIN_MS;

	form_init(&form);
	form_add(&form, "grant_type", t->request.grant_type);
	form_add_secret(&form, t->request.code_parameter, t->code);
	return request_post(t->fetch, provider_settings(t->provider), provider_token_endpoint(t->provider), &form,
			    false, timeout_ms, on_done, t, &t->call);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct token_poll *t = userdata;
	uint64_t now_ms = clock_monotonic_ms();

	(void)source;
	(void)usec;
	if (now_ms < t->due_ms) {
		/* the event loop's idea of now is a little older than ours */
		if (arm(t) < 0)
			finish_with(t, OAUTH_NO_MEMORY, "no timer");
		return 0;
	}
	sd_event_source_disable_unref(LK_STEAL(t->timer));
	if (now_ms >= t->request.deadline_ms)
		finish_at_deadline(t);
	else if (ask(t, t->request.deadline_ms - now_ms) < 0)
		finish_with(t, OAUTH_NO_MEMORY, "token request");
	return 0;
}

int token_poll_start(struct token_poll **ret, struct provider *p, sd_event *event, struct fetch_client *fetch,
		     struct secret *code, const struct token_poll_request *request, token_poll_done_fn done,
		     void *userdata)
{
	LK_CLEANUP(token_poll_freep) struct token_poll *t = malloc(sizeof(*t));

	if (t == NULL) {
		secret_free(code);
		return -ENOMEM;
	}
	*t = (struct token_poll){
		.provider = p,
		.event = event,
		.fetch = fetch,
		.request = *request,
		.done = done,
		.userdata = userdata,
		.code = code,
	};
	poll_init(&t->poll, request->interval_s, provider_settings(p)->dialect->poll_margin_ms);
	if (arm_next(t, 0) < 0)
		return -ENOMEM;
	*ret = LK_STEAL(t);
	return 0;
}

int token_poll_refuse(struct token_poll **ret, struct provider *p, sd_event *event, uint64_t wait_ms,
		      const struct oauth_result *result, token_poll_done_fn done, void *userdata)
{
	LK_CLEANUP(token_poll_freep) struct token_poll *t = malloc(sizeof(*t));

	if (t == NULL)
		return -ENOMEM;
	*t = (struct token_poll){
		.provider = p,
		.event = event,
		.done = done,
		.userdata = userdata,
		.has_failed = true,
		.failure = *result,
		.due_ms = clock_monotonic_ms() + wait_ms,
	};
	t->request.deadline_ms = t->due_ms;
	if (arm(t) < 0)
		return -ENOMEM;
	*ret = LK_STEAL(t);
	return 0;
}
