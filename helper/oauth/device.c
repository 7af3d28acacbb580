/* SPDX-License-Identifier: MIT */
/* One device authorization from the request for a code to its end: ask, show, poll. The code lives in this struct alone
 * and is wiped with it, so a flow that was freed can never be redeemed (D6). Must never poll early, nor go on after an
 * answer that RFC 8628 section 3.5 calls final. */
#include "helper/oauth/device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "helper/base/clock.h"
#include "helper/oauth/device_reply.h"
#include "helper/oauth/error.h"
#include "helper/oauth/poll.h"
#include "helper/oauth/request.h"

#define START_TIMEOUT_MS 10000u
#define POLL_TIMEOUT_MS 15000u
#define POLL_TIMEOUT_MIN_MS 2000u /* an answer on the last moment still counts */
#define TIMER_ACCURACY_US 50000u

struct device_flow {
	struct provider *provider;
	sd_event *event;
	struct fetch_client *fetch;
	struct device_flow_events events;
	void *userdata;

	struct fetch_call *call; /* at most one of call and timer is set */
	sd_event_source *timer;
	uint64_t due_ms;      /* what timer waits for */
	uint64_t deadline_ms; /* the end of the code or of the caller's patience, whichever comes first */
	struct secret *device_code;
	struct secret *user_code; /* as shown, to keep it out of details */
	struct poll poll;
	bool has_failed; /* the last exchange brought nothing; failure says why */
	struct oauth_result failure;
};

static const struct provider_settings *settings_of(const struct device_flow *f)
{
	return provider_settings(f->provider);
}

static void stop(struct device_flow *f)
{
	fetch_cancel(LK_STEAL(f->call));
	sd_event_source_disable_unref(LK_STEAL(f->timer));
	secret_free(LK_STEAL(f->device_code));
	secret_free(LK_STEAL(f->user_code));
}

void device_flow_free(struct device_flow *f)
{
	if (f == NULL)
		return;
	stop(f);
	free(f);
}

/* The callee may free the flow: nobody touches it after this. */
static void finish(struct device_flow *f, const struct oauth_result *result, struct token_set *tokens)
{
	struct oauth_result copy = *result;

	oauth_result_hide(&copy, f->device_code);
	oauth_result_hide(&copy, f->user_code);
	oauth_result_hide(&copy, settings_of(f)->client_secret);
	stop(f);
	f->events.done(f->userdata, &copy, tokens);
}

static void finish_with(struct device_flow *f, enum oauth_outcome outcome, const char *detail)
{
	struct oauth_result result;

	oauth_result_set(&result, outcome, "%s", detail);
	finish(f, &result, NULL);
}

static void finish_at_deadline(struct device_flow *f)
{
	if (f->has_failed)
		finish(f, &f->failure, NULL);
	else
		finish_with(f, OAUTH_EXPIRED, "nobody approved in time");
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

static int arm(struct device_flow *f)
{
	uint64_t now_ms = clock_monotonic_ms();
	uint64_t wait_ms = f->due_ms > now_ms ? f->due_ms - now_ms : 0;

	sd_event_source_disable_unref(LK_STEAL(f->timer));
	return sd_event_add_time_relative(f->event, &f->timer, CLOCK_BOOTTIME, wait_ms * 1000, TIMER_ACCURACY_US,
					  on_timer, f);
}

/* Counted from now, the end of the last exchange: servers count from either end of it (DEV-11, Auth0). */
static int arm_next_poll(struct device_flow *f, uint32_t retry_after_s)
{
	f->due_ms = clock_monotonic_ms() + poll_wait_ms(&f->poll, retry_after_s, random_number());
	if (f->due_ms > f->deadline_ms)
		f->due_ms = f->deadline_ms;
	return arm(f);
}

static void wait_for_next_poll(struct device_flow *f, uint32_t retry_after_s)
{
	if (arm_next_poll(f, retry_after_s) < 0)
		finish_with(f, OAUTH_NO_MEMORY, "no timer");
}

static void wait_after_failure(struct device_flow *f, uint32_t retry_after_s)
{
	f->has_failed = true;
	poll_note(&f->poll, POLL_FAILURE, 0);
	wait_for_next_poll(f, retry_after_s);
}

static void on_poll_reply(struct device_flow *f, const struct fetch_reply *reply)
{
	struct token_set *tokens = NULL;
	struct oauth_result result = {.outcome = OAUTH_DONE};
	uint32_t interval_s;
	int r = token_reply_parse(&tokens, &interval_s, &result, settings_of(f)->dialect, reply->status, reply->body,
				  reply->body_len);

	switch (r) {
	case TOKEN_REPLY_TOKENS:
		finish(f, &result, tokens);
		return;
	case TOKEN_REPLY_PENDING:
	case TOKEN_REPLY_SLOW_DOWN:
		f->has_failed = false;
		poll_note(&f->poll, r == TOKEN_REPLY_PENDING ? POLL_PENDING : POLL_SLOW_DOWN, interval_s);
		wait_for_next_poll(f, reply->retry_after_s);
		return;
	case TOKEN_REPLY_RETRY:
		oauth_result_set(&f->failure, OAUTH_UNREACHABLE, "token endpoint: HTTP %u", reply->status);
		wait_after_failure(f, reply->retry_after_s);
		return;
	case TOKEN_REPLY_ERROR:
		finish(f, &result, NULL);
		return;
	default:
		finish_with(f, OAUTH_NO_MEMORY, "token reply");
	}
}

static void on_poll_done(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply,
			 const char *detail)
{
	struct device_flow *f = userdata;

	f->call = NULL;
	if (outcome == FETCH_DONE) {
		provider_note_date(f->provider, reply->date_s);
		on_poll_reply(f, reply);
		return;
	}
	oauth_result_from_fetch(&f->failure, "token endpoint", outcome, detail);
	/* a reply that broke off is the network's doing as well (DEV-14) */
	if (f->failure.outcome == OAUTH_UNREACHABLE || outcome == FETCH_BAD_REPLY)
		wait_after_failure(f, 0);
	else
		finish(f, &f->failure, NULL);
}

static int start_poll(struct device_flow *f, uint64_t left_ms)
{
	LK_CLEANUP(form_done) struct form form = {0};
	const struct provider_settings *s = settings_of(f);
	uint32_t timeout_ms = left_ms < POLL_TIMEOUT_MS ? (uint32_t)left_ms : POLL_TIMEOUT_MS;

	if (timeout_ms < POLL_TIMEOUT_MIN_MS)
		timeout_ms = POLL_TIMEOUT_MIN_MS;

	form_init(&form);
	form_add(&form, "grant_type", s->dialect->device_grant_type);
	form_add_secret(&form, s->dialect->device_code_parameter, f->device_code);
	return request_post(f->fetch, s, provider_token_endpoint(f->provider), &form, false, timeout_ms, on_poll_done,
			    f, &f->call);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct device_flow *f = userdata;
	uint64_t now_ms = clock_monotonic_ms();

	(void)source;
	(void)usec;
	if (now_ms < f->due_ms) {
		/* the event loop's idea of now is a little older than ours */
		if (arm(f) < 0)
			finish_with(f, OAUTH_NO_MEMORY, "no timer");
		return 0;
	}
	sd_event_source_disable_unref(LK_STEAL(f->timer));
	if (now_ms >= f->deadline_ms)
		finish_at_deadline(f);
	else if (start_poll(f, f->deadline_ms - now_ms) < 0)
		finish_with(f, OAUTH_NO_MEMORY, "token request");
	return 0;
}

/* Where a person may be sent to: the hosts that this provider's own settings and metadata name. */
static struct device_reply_rules rules_of(const struct device_flow *f)
{
	const struct provider_settings *s = settings_of(f);

	return (struct device_reply_rules){
		.dialect = s->dialect,
		.issuer = s->issuer,
		.endpoints = {provider_device_endpoint(f->provider), provider_token_endpoint(f->provider),
			      provider_authorization_endpoint(f->provider)},
		.hosts = s->verification_hosts,
		.allow_loopback_http = s->fetch.allow_loopback_http,
	};
}

static void accept_code(struct device_flow *f, struct device_reply *reply)
{
	struct device_challenge challenge = reply->challenge;
	uint32_t own_limit_s = settings_of(f)->code_lifetime_s;
	uint64_t now_ms = clock_monotonic_ms();
	uint64_t end_ms;

	if (own_limit_s > 0 && challenge.expires_in_s > own_limit_s)
		challenge.expires_in_s = own_limit_s;
	end_ms = now_ms + (uint64_t)challenge.expires_in_s * 1000;
	if (end_ms < f->deadline_ms)
		f->deadline_ms = end_ms;
	challenge.expires_in_s = f->deadline_ms > now_ms ? (uint32_t)((f->deadline_ms - now_ms) / 1000) : 0;

	f->device_code = LK_STEAL(reply->device_code);
	poll_init(&f->poll, reply->interval_s, settings_of(f)->dialect->poll_margin_ms);
	if (secret_copy(&f->user_code, challenge.user_code, strlen(challenge.user_code)) < 0)
		finish_with(f, OAUTH_NO_MEMORY, "device reply");
	else if (arm_next_poll(f, 0) < 0)
		finish_with(f, OAUTH_NO_MEMORY, "no timer");
	else
		f->events.challenge(f->userdata, &challenge);
	secret_wipe(&challenge, sizeof(challenge));
}

static void on_start_done(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply,
			  const char *detail)
{
	LK_CLEANUP(device_reply_done) struct device_reply parsed = {0};
	struct device_flow *f = userdata;
	struct device_reply_rules rules = rules_of(f);
	struct oauth_result result;
	int r;

	f->call = NULL;
	if (outcome == FETCH_TIMEOUT)
		provider_note_silence(f->provider);
	if (outcome != FETCH_DONE) {
		oauth_result_from_fetch(&result, "device endpoint", outcome, detail);
		finish(f, &result, NULL);
		return;
	}
	provider_note_date(f->provider, reply->date_s);
	r = device_reply_parse(&parsed, &result, &rules, reply->status, reply->body, reply->body_len);
	if (r < 0)
		finish_with(f, OAUTH_NO_MEMORY, "device reply");
	else if (r > 0)
		finish(f, &result, NULL);
	else
		accept_code(f, &parsed);
}

static int ask_for_code(struct device_flow *f, uint32_t lifetime_s)
{
	LK_CLEANUP(form_done) struct form form = {0};
	const struct provider_settings *s = settings_of(f);
	uint32_t timeout_ms = lifetime_s < START_TIMEOUT_MS / 1000 ? lifetime_s * 1000 : START_TIMEOUT_MS;

	form_init(&form);
	form_add_encoded(&form, s->dialect->device_start_parameters);
	request_add_scope(&form, s, s->scope != NULL ? s->scope : s->dialect->default_scope);
	return request_post(f->fetch, s, provider_device_endpoint(f->provider), &form, s->dialect->secret_at_poll_only,
			    timeout_ms, on_start_done, f, &f->call);
}

/* The end comes from the event loop, as it would after a request. */
static int refuse_unasked(struct device_flow *f)
{
	oauth_result_set(&f->failure, OAUTH_UNREACHABLE, "device endpoint: did not answer a moment ago");
	f->has_failed = true;
	f->due_ms = f->deadline_ms = clock_monotonic_ms();
	return arm(f);
}

int device_flow_start(struct device_flow **ret, struct provider *p, sd_event *event, struct fetch_client *fetch,
		      uint32_t lifetime_s, const struct device_flow_events *events, void *userdata)
{
	LK_CLEANUP(device_flow_freep) struct device_flow *f = NULL;
	int r;

	if (provider_device_endpoint(p) == NULL || provider_token_endpoint(p) == NULL || lifetime_s == 0)
		return -EINVAL;
	f = malloc(sizeof(*f));
	if (f == NULL)
		return -ENOMEM;
	*f = (struct device_flow){
		.provider = p,
		.event = event,
		.fetch = fetch,
		.events = *events,
		.userdata = userdata,
		.deadline_ms = clock_monotonic_ms() + (uint64_t)lifetime_s * 1000,
	};
	r = provider_was_silent(p) ? refuse_unasked(f) : ask_for_code(f, lifetime_s);
	if (r < 0)
		return r == -EINVAL ? -EINVAL : -ENOMEM;
	*ret = LK_STEAL(f);
	return 0;
}
