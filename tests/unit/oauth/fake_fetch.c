/* SPDX-License-Identifier: MIT */
/* The network and the clock of these tests, both by script. A callback never runs from within fetch_start(), as with the
 * real client. */
#include "tests/unit/oauth/fake_fetch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/buf.h"
#include "helper/base/clock.h"

#define SCRIPT_MAX 256u
#define STEPS_MAX 10000u

struct script_entry {
	enum fetch_outcome outcome;
	unsigned status;
	char *content_type;
	char *body;
	int64_t date_s;
	uint32_t retry_after_s;
	uint64_t takes_ms;
};

struct fetch_call {
	struct fetch_call *next;
	struct fake_request *request;
	const struct script_entry *entry; /* NULL: hangs */
	uint64_t due_ms;
	fetch_done_fn done;
	void *userdata;
};

struct sd_event_source {
	struct sd_event_source *next;
	uint64_t due_ms;
	uint64_t waits_ms;
	bool is_enabled;
	sd_event_time_handler_t on_time;
	sd_event_handler_t on_defer;
	void *userdata;
};

struct fake_fetch fake;

static struct script_entry script[SCRIPT_MAX];
static size_t n_script, next_script;
static struct fetch_call *calls;
static struct sd_event_source *sources;
static uint64_t now_ms;

static void set_now(uint64_t ms)
{
	now_ms = ms;
	clock_freeze(ms, FAKE_START_S + fake.wall_jump_s + (int64_t)((ms - FAKE_START_MS) / 1000));
}

void fake_reset(void)
{
	for (size_t i = 0; i < fake.n_requests; i++) {
		free(fake.requests[i].url);
		free(fake.requests[i].headers);
		free(fake.requests[i].body);
	}
	for (size_t i = 0; i < n_script; i++) {
		free(script[i].content_type);
		free(script[i].body);
	}
	while (calls != NULL)
		fetch_cancel(calls);
	while (sources != NULL)
		(void)sd_event_source_disable_unref(sources);
	fake = (struct fake_fetch){0};
	n_script = next_script = 0;
	set_now(FAKE_START_MS);
}

size_t fake_leaks(void)
{
	size_t n = 0;

	for (struct fetch_call *c = calls; c != NULL; c = c->next)
		n++;
	for (struct sd_event_source *s = sources; s != NULL; s = s->next)
		n++;
	return n;
}

static struct script_entry *script_add(enum fetch_outcome outcome)
{
	assert_true(n_script < SCRIPT_MAX);
	script[n_script] = (struct script_entry){.outcome = outcome};
	return &script[n_script++];
}

void fake_reply_typed(unsigned status, const char *content_type, const char *body)
{
	struct script_entry *e = script_add(FETCH_DONE);

	e->status = status;
	e->content_type = strdup(content_type);
	e->body = strdup(body);
	assert_non_null(e->content_type);
	assert_non_null(e->body);
}

void fake_reply(unsigned status, const char *body)
{
	fake_reply_typed(status, "application/json", body);
}

void fake_failure(enum fetch_outcome outcome)
{
	(void)script_add(outcome);
}

void fake_reply_takes(uint64_t ms)
{
	script[n_script - 1].takes_ms = ms;
}

void fake_reply_dated(int64_t date_s)
{
	script[n_script - 1].date_s = date_s;
}

void fake_reply_retry_after(uint32_t s)
{
	script[n_script - 1].retry_after_s = s;
}

struct fake_request *fake_last(void)
{
	assert_true(fake.n_requests > 0);
	return &fake.requests[fake.n_requests - 1];
}

/* --- the client --- */

static struct fake_request *keep_request(const struct fetch_request *request)
{
	struct fake_request *kept = &fake.requests[fake.n_requests++];
	struct buf headers;

	assert_true(fake.n_requests <= FAKE_REQUESTS_MAX);
	assert_non_null(request->profile);
	buf_init(&headers, 256 * 1024);
	for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++) {
		buf_append_text(&headers, request->headers[i]);
		buf_append_text(&headers, "\n");
	}
	kept->url = strdup(request->url);
	kept->headers = buf_steal(&headers);
	kept->body = request->body != NULL ? strndup(request->body, request->body_len) : NULL;
	kept->at_ms = now_ms;
	kept->timeout_ms = request->timeout_ms;
	assert_non_null(kept->url);
	assert_non_null(kept->headers);
	assert_in_range(request->timeout_ms, 1, FETCH_TIMEOUT_MAX_MS);
	return kept;
}

int fetch_start(struct fetch_client *c, const struct fetch_request *request, fetch_done_fn done, void *userdata,
		struct fetch_call **ret)
{
	struct fetch_call *call;

	(void)c;
	if (fake.start_result != 0)
		return fake.start_result;
	call = calloc(1, sizeof(*call));
	assert_non_null(call);
	call->request = keep_request(request);
	call->done = done;
	call->userdata = userdata;
	call->due_ms = now_ms + request->timeout_ms;
	if (next_script < n_script) {
		call->entry = &script[next_script++];
		call->due_ms = now_ms + call->entry->takes_ms;
	}
	call->next = calls;
	calls = call;
	*ret = call;
	return 0;
}

static void call_unlink(struct fetch_call *call)
{
	struct fetch_call **at = &calls;

	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
}

void fetch_cancel(struct fetch_call *call)
{
	if (call == NULL)
		return;
	call->request->is_cancelled = true;
	call_unlink(call);
	free(call);
}

static void deliver(struct fetch_call *call)
{
	const struct script_entry *e = call->entry;
	fetch_done_fn done = call->done;
	void *userdata = call->userdata;

	call->request->answered_ms = now_ms;
	call_unlink(call);
	free(call);
	if (e == NULL) {
		done(userdata, FETCH_TIMEOUT, NULL, "too slow");
	} else if (e->outcome != FETCH_DONE) {
		done(userdata, e->outcome, NULL, "by script");
	} else {
		struct fetch_reply reply = {
			.status = e->status,
			.content_type = e->content_type,
			.date_s = e->date_s,
			.retry_after_s = e->retry_after_s,
			.body = e->body,
			.body_len = strlen(e->body),
		};

		done(userdata, FETCH_DONE, &reply, "");
	}
}

const char *fetch_outcome_text(enum fetch_outcome outcome)
{
	return outcome == FETCH_TIMEOUT ? "timed out" : "failed";
}

/* --- the event loop --- */

static struct sd_event_source *source_add(uint64_t due_ms, void *userdata)
{
	struct sd_event_source *s = calloc(1, sizeof(*s));
	struct sd_event_source **at = &sources;

	assert_non_null(s);
	s->due_ms = due_ms;
	s->waits_ms = due_ms - now_ms;
	s->is_enabled = true;
	s->userdata = userdata;
	while (*at != NULL)
		at = &(*at)->next;
	*at = s;
	return s;
}

int sd_event_add_time_relative(sd_event *event, sd_event_source **ret, clockid_t clock, uint64_t usec,
			       uint64_t accuracy, sd_event_time_handler_t callback, void *userdata)
{
	(void)event;
	(void)clock;
	(void)accuracy;
	if (fake.timer_result != 0)
		return fake.timer_result;
	*ret = source_add(now_ms + (usec + 999) / 1000, userdata);
	(*ret)->on_time = callback;
	return 0;
}

int sd_event_add_defer(sd_event *event, sd_event_source **ret, sd_event_handler_t callback, void *userdata)
{
	(void)event;
	if (fake.timer_result != 0)
		return fake.timer_result;
	*ret = source_add(now_ms, userdata);
	(*ret)->on_defer = callback;
	return 0;
}

sd_event_source *sd_event_source_disable_unref(sd_event_source *s)
{
	struct sd_event_source **at = &sources;

	if (s == NULL)
		return NULL;
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	free(s);
	return NULL;
}

/* Too early by the test's wish, but a short wait is kept: else who asks for the rest would never get on. */
static uint64_t fires_ms(const struct sd_event_source *s)
{
	return s->waits_ms > 2 * fake.timers_early_ms ? s->due_ms - fake.timers_early_ms : s->due_ms;
}

/* The next thing that happens until @until_ms: a reply or a source, the earliest of all. */
static bool step(uint64_t until_ms)
{
	struct sd_event_source *source = NULL;
	struct fetch_call *call = NULL;

	for (struct sd_event_source *s = sources; s != NULL; s = s->next) {
		if (s->is_enabled && (source == NULL || fires_ms(s) < fires_ms(source)))
			source = s;
	}
	for (struct fetch_call *c = calls; c != NULL; c = c->next) {
		if (call == NULL || c->due_ms <= call->due_ms)
			call = c;
	}
	if (call != NULL && source != NULL && fires_ms(source) < call->due_ms)
		call = NULL;
	if (call != NULL) {
		if (call->due_ms > until_ms)
			return false;
		if (call->due_ms > now_ms)
			set_now(call->due_ms);
		deliver(call);
		return true;
	}
	if (source == NULL || fires_ms(source) > until_ms)
		return false;
	if (fires_ms(source) > now_ms)
		set_now(fires_ms(source));
	source->is_enabled = false; /* one shot, before the callback, which may free it */
	if (source->on_time != NULL)
		(void)source->on_time(source, now_ms * 1000, source->userdata);
	else
		(void)source->on_defer(source, source->userdata);
	return true;
}

void fake_run_ms(uint64_t ms)
{
	uint64_t until_ms = now_ms + ms;

	for (size_t steps = 0; step(until_ms); steps++)
		assert_true(steps < STEPS_MAX); /* a loop that would spin */
	set_now(until_ms);
}

void fake_run(void)
{
	fake_run_ms(0);
}
