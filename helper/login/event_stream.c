/* SPDX-License-Identifier: MIT */
/*
 * Timer, question, events one by one, acknowledgement with the next question, which follows at once where something was heard.
 * An event is done with when what it asks for is in the store, or when it is none that this host could ever believe; then, and
 * only then, the transmitter hears so (SS-06).
 */
#include "helper/login/event_stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/login/log.h"
#include "helper/login/notice.h"
#include "helper/oauth/statement_check.h"

#define MS_PER_S UINT64_C(1000)
#define FIRST_MS 2000u
#define FAILURE_MAX_MS (UINT64_C(900) * MS_PER_S)
/* Longer than a transmitter goes on sending what was acknowledged; what comes later still is old, and does no harm. */
#define KEEP_S (7 * 86400)

struct event_stream {
	struct login_context *ctx;
	const struct login_provider *lp;
	const struct event_settings *settings;
	sd_event_source *timer;
	struct event_poll *poll;
	struct json_object *acks;   /* ids, for the next question */
	struct json_object *faults; /* the same: id -> what is wrong with it */

	/* The answer that is being worked off. */
	struct json_object *sets;
	bool has_more;
	bool must_wait; /* something could not be done: no question at once */
	struct statement_check *check;
	struct security_event event;
	char id[EVENT_REPLY_ID_MAX + 1]; /* the one under way, "": none */
	int judged;                      /* what the last try of it came to */

	unsigned int n_failures; /* one after another */
	char fault[OAUTH_DETAIL_MAX];
};

static const char *name_of(const struct event_stream *s)
{
	return provider_settings(s->lp->provider)->name;
}

/* --- when --------------------------------------------------------------------------------------------------------- */

static void ask(struct event_stream *s);

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct event_stream *s = userdata;

	(void)source;
	(void)usec;
	s->timer = sd_event_source_disable_unref(s->timer);
	ask(s);
	return 0;
}

static void wait_ms(struct event_stream *s, uint64_t ms)
{
	s->timer = sd_event_source_disable_unref(s->timer);
	if (sd_event_add_time_relative(s->ctx->event, &s->timer, CLOCK_MONOTONIC, ms * 1000, 0, on_timer, s) < 0)
		log_line(LOG_ERR, "events of %s: no timer could be made; they are not asked for any more", name_of(s));
}

/* Spreads a fleet out; it needs no secrecy. */
static uint64_t around(uint64_t ms)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != (ssize_t)sizeof(number))
		number = clock_monotonic_ms();
	return ms - ms / 10 + number % (ms / 5 + 1);
}

static void fail(struct event_stream *s, const char *why, uint32_t retry_after_s)
{
	uint64_t ms = s->settings->interval_s * MS_PER_S;

	if (strcmp(s->fault, why) != 0) {
		(void)snprintf(s->fault, sizeof(s->fault), "%s", why);
		log_line(LOG_WARNING, "provider %s: %s", name_of(s), why);
	}
	for (unsigned int i = 0; i < s->n_failures && ms < FAILURE_MAX_MS; i++)
		ms *= 2;
	s->n_failures++;
	ms = around(ms < FAILURE_MAX_MS ? ms : FAILURE_MAX_MS);
	wait_ms(s, ms > retry_after_s * MS_PER_S ? ms : retry_after_s * MS_PER_S);
}

/* --- one event ---------------------------------------------------------------------------------------------------- */

static void next_event(struct event_stream *s);

static void note_ack(struct event_stream *s, const char *id)
{
	struct json_object *text = json_object_new_string(id);

	/* without memory it comes again, and is known then */
	if (text == NULL || json_object_array_add(s->acks, text) != 0)
		json_object_put(text);
}

/* RFC 8935 section 2.4, which RFC 8936 section 2.2 takes over. */
static const char *fault_code(int judged)
{
	switch (judged) {
	case JWS_UNKNOWN_KEY:
		return "invalid_key";
	case JWS_BAD_SIGNATURE:
		return "authentication_failed";
	case STATEMENT_ISSUER:
		return "invalid_issuer";
	case STATEMENT_AUDIENCE:
		return "invalid_audience";
	default:
		return "invalid_request";
	}
}

static void note_fault(struct event_stream *s, const char *id, int judged, const char *why)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();
	struct json_object *code = json_object_new_string(fault_code(judged));
	struct json_object *text = json_object_new_string(why);

	log_line(LOG_WARNING, "events of %s: one is not believed: %s", name_of(s), why);
	if (o == NULL || code == NULL || json_object_object_add(o, "err", code) != 0) {
		json_object_put(code);
		json_object_put(text);
		return;
	}
	if (text == NULL || json_object_object_add(o, "description", text) != 0)
		json_object_put(text);
	if (json_object_object_add(s->faults, id, json_object_get(o)) != 0)
		json_object_put(o);
}

/* Return: 0 it is done with, negative errno: let it come again. */
static int use_event(struct event_stream *s)
{
	const struct security_event *e = &s->event;
	const struct notice notice = {
		.issuer = e->issuer,
		.id = e->id,
		.subject_issuer = e->subject_issuer,
		.subject = e->subject,
		.happened_s = e->happened_s,
		.keep_until_s = clock_realtime_s() + KEEP_S,
		.actions = e->actions,
		.name = e->name,
	};
	size_t n;
	int r = notice_apply(s->ctx, s->lp, &notice, &n);

	if (r == 0 && n == 0)
		log_line(LOG_INFO, "events of %s: %s, which is nothing to anybody here", name_of(s), e->name);
	return r == NOTICE_KNOWN ? 0 : r;
}

static int try_event(void *userdata, const struct jwk_set *keys, const struct statement_expectation *expect)
{
	struct json_object *token = NULL;
	struct event_stream *s = userdata;

	(void)json_object_object_get_ex(s->sets, s->id, &token);
	s->judged = security_event_check(&s->event, json_object_get_string(token),
					 (size_t)json_object_get_string_len(token), keys, expect);
	return s->judged;
}

static void on_checked(void *userdata, const struct oauth_result *result)
{
	struct event_stream *s = userdata;
	int r;

	statement_check_free(LK_STEAL(s->check));
	if (result->outcome == OAUTH_TOKEN_INVALID) {
		note_fault(s, s->id, s->judged, result->detail);
	} else if (result->outcome != OAUTH_DONE) {
		s->must_wait = true;
	} else if (strcmp(s->event.id, s->id) != 0) {
		note_fault(s, s->id, STATEMENT_ID, "it came under another id than its own");
	} else {
		r = use_event(s);
		if (r == 0)
			note_ack(s, s->id);
		else
			s->must_wait = true;
	}
	security_event_done(&s->event);
	json_object_object_del(s->sets, s->id);
	next_event(s);
}

/* --- one answer --------------------------------------------------------------------------------------------------- */

static void end_answer(struct event_stream *s)
{
	bool has_news;

	json_object_put(LK_STEAL(s->sets));
	if (s->must_wait) {
		fail(s, "events: what one asks for could not be done; it is to come again", 0);
		return;
	}
	s->n_failures = 0;
	s->fault[0] = '\0';
	has_news = json_object_array_length(s->acks) > 0 || json_object_object_length(s->faults) > 0;
	wait_ms(s, has_news || s->has_more ? 0 : around(s->settings->interval_s * MS_PER_S));
}

static void next_event(struct event_stream *s)
{
	struct json_object_iterator at = json_object_iter_begin(s->sets);
	struct json_object_iterator end = json_object_iter_end(s->sets);

	if (json_object_iter_equal(&at, &end)) {
		end_answer(s);
		return;
	}
	/* event_reply_parse() bounds it */
	(void)snprintf(s->id, sizeof(s->id), "%s", json_object_iter_peek_name(&at));
	if (statement_check_start(&s->check, s->lp->provider, s->settings->issuer, s->settings->audience, try_event,
				  on_checked, s) < 0) {
		s->must_wait = true;
		end_answer(s);
	}
}

static void on_answer(void *userdata, const struct oauth_result *result, const struct event_reply *reply,
		      uint32_t retry_after_s)
{
	struct event_stream *s = userdata;

	if (result->outcome != OAUTH_DONE) {
		char why[OAUTH_DETAIL_MAX];

		memcpy(why, result->detail, sizeof(why));
		event_poll_free(LK_STEAL(s->poll));
		fail(s, why, retry_after_s);
		return;
	}
	/* The transmitter has heard what the question said. */
	json_object_put(s->acks);
	json_object_put(s->faults);
	s->acks = json_object_new_array();
	s->faults = json_object_new_object();
	s->sets = json_object_get(reply->sets);
	s->has_more = reply->has_more;
	s->must_wait = false;
	event_poll_free(LK_STEAL(s->poll));
	if (s->acks == NULL || s->faults == NULL) {
		s->must_wait = true;
		end_answer(s);
		return;
	}
	next_event(s);
}

static void ask(struct event_stream *s)
{
	if (s->acks == NULL)
		s->acks = json_object_new_array();
	if (s->faults == NULL)
		s->faults = json_object_new_object();
	if (s->acks == NULL || s->faults == NULL ||
	    event_poll_start(&s->poll, s->lp->provider, s->ctx->fetch, s->settings, s->acks, s->faults, on_answer, s) <
		    0)
		fail(s, "events: out of memory", 0);
}

int event_stream_new(struct event_stream **ret, struct login_context *ctx, const struct login_provider *lp,
		     const struct event_settings *settings)
{
	LK_CLEANUP(event_stream_freep) struct event_stream *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -ENOMEM;
	s->ctx = ctx;
	s->lp = lp;
	s->settings = settings;
	if (sd_event_add_time_relative(ctx->event, &s->timer, CLOCK_MONOTONIC, around(FIRST_MS) * 1000, 0, on_timer,
				       s) < 0)
		return -ENOMEM;
	*ret = LK_STEAL(s);
	return 0;
}

void event_stream_free(struct event_stream *s)
{
	if (s == NULL)
		return;
	(void)sd_event_source_disable_unref(s->timer);
	event_poll_free(s->poll);
	statement_check_free(s->check);
	security_event_done(&s->event);
	json_object_put(s->acks);
	json_object_put(s->faults);
	json_object_put(s->sets);
	free(s);
}
