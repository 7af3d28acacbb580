/* SPDX-License-Identifier: MIT */
/*
 * Timer, listing, accounts, map: one run after another. A listing becomes accounts in small pieces, each one transaction,
 * with the lowest priority of the event loop. Only a listing that is complete removes anybody, and nobody is removed who
 * ever signed in.
 */
#include "helper/login/directory_sync.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>

#include "helper/accounts/expected.h"
#include "helper/base/clock.h"
#include "helper/login/log.h"

#define PEOPLE_AT_ONCE 50u    /* in one transaction: a sign-in waits for one of them at most */
#define ACCOUNTS_AT_ONCE 500u /* that are looked at, not written */
#define FAILURE_FIRST_MS 60000u
#define MS_PER_S UINT64_C(1000)

enum phase {
	PHASE_WAITS = 0,
	PHASE_LISTS,
	PHASE_EXPECTS,
	PHASE_WITHDRAWS,
};

struct directory_sync {
	struct login_context *ctx;
	const struct login_provider *lp;
	const struct directory_settings *settings;
	struct directory *directory;

	enum phase phase;
	sd_event_source *source;           /* the next run, or the next piece of this one */
	struct directory_listing *listing; /* holds the texts of people */
	struct expected_person *people;    /* by name */
	size_t n_people;
	size_t n_done;
	size_t n_unfit; /* no name for this host */
	char cursor[NAME_MAX_LEN + 1];
	struct expected_counts counts;

	struct publish_wait *publish;
	uint64_t map_changes; /* when it was asked for */

	unsigned n_failures; /* one after another */
	size_t last_n_people;
	size_t last_n_left_out;
	int64_t last_run_s;
	int64_t last_success_s;
	char fault[OAUTH_DETAIL_MAX]; /* "": the last run went well */
};

static const char *name_of(const struct directory_sync *s)
{
	return provider_settings(s->lp->provider)->name;
}

static const char *issuer_of(const struct directory_sync *s)
{
	return provider_settings(s->lp->provider)->issuer;
}

/* --- when --------------------------------------------------------------------------------------------------------- */

static int on_due(sd_event_source *source, uint64_t usec, void *userdata);

static void wait_ms(struct directory_sync *s, uint64_t ms)
{
	s->phase = PHASE_WAITS;
	s->source = sd_event_source_disable_unref(s->source);
	/* without memory for a timer there is no next run; the accounts stay as they are */
	if (sd_event_add_time_relative(s->ctx->event, &s->source, CLOCK_MONOTONIC, ms * 1000, 0, on_due, s) < 0)
		log_line(LOG_ERR, "directory of %s: no timer could be made; it is not read any more", name_of(s));
}

/* Spreads out; it needs no secrecy. @below: 1 or more */
static uint64_t random_below(uint64_t below)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != (ssize_t)sizeof(number))
		number = clock_monotonic_ms();
	return number % below;
}

static uint64_t next_ms(const struct directory_sync *s)
{
	uint64_t refresh_ms = s->settings->refresh_s * MS_PER_S;
	uint64_t failure_ms = FAILURE_FIRST_MS;

	if (s->n_failures == 0)
		return refresh_ms - refresh_ms / 10 + random_below(refresh_ms / 5 + 1);
	for (unsigned i = 1; i < s->n_failures && failure_ms < refresh_ms; i++)
		failure_ms *= 2;
	failure_ms = failure_ms < refresh_ms ? failure_ms : refresh_ms;
	/* SC-09: however impatient this host is */
	if (failure_ms < directory_retry_after_s(s->directory) * MS_PER_S)
		failure_ms = directory_retry_after_s(s->directory) * MS_PER_S;
	return failure_ms + random_below(failure_ms / 10 + 1);
}

/* --- the end of a run --------------------------------------------------------------------------------------------- */

static void run_drop(struct directory_sync *s)
{
	directory_listing_free(LK_STEAL(s->listing));
	free(LK_STEAL(s->people));
	s->n_people = 0;
}

static void on_published(void *userdata, int error, const char *detail)
{
	struct directory_sync *s = userdata;

	s->publish = NULL;
	s->ctx->is_map_current = error == 0 && s->map_changes == s->ctx->map_changes;
	if (error != 0)
		log_line(LOG_WARNING, "directory of %s: the map could not be published: %s", name_of(s), detail);
}

/* Also after a run that failed half way: what was stored is to be seen. */
static void publish(struct directory_sync *s)
{
	if (s->counts.n_new + s->counts.n_changed + s->counts.n_withdrawn == 0)
		return;
	s->ctx->is_map_current = false;
	s->map_changes = ++s->ctx->map_changes;
	publish_wait_cancel(LK_STEAL(s->publish));
	if (publisher_request(s->ctx->publisher, on_published, s, &s->publish) < 0)
		log_line(LOG_WARNING, "directory of %s: the map could not be published: out of memory", name_of(s));
}

static void end_run(struct directory_sync *s)
{
	publish(s);
	run_drop(s);
	s->last_run_s = clock_realtime_s();
	wait_ms(s, next_ms(s));
}

/* A fault that stays is said once: the status shows it. */
static void fail(struct directory_sync *s, const char *why)
{
	bool is_news = strcmp(s->fault, why) != 0;

	(void)snprintf(s->fault, sizeof(s->fault), "%s", why);
	s->n_failures++;
	if (is_news)
		log_line(LOG_WARNING, "provider %s: %s; who was listed before stays", name_of(s), why);
	end_run(s);
}

static void fail_store(struct directory_sync *s, int error)
{
	char why[OAUTH_DETAIL_MAX];

	(void)snprintf(why, sizeof(why), "directory: the store cannot be written: %s", strerror(-error));
	fail(s, why);
}

static void succeed(struct directory_sync *s)
{
	const struct expected_counts *c = &s->counts;
	bool is_news = s->last_success_s == 0 || s->fault[0] != '\0' || c->n_new + c->n_withdrawn > 0;

	s->last_n_people = s->n_people - c->n_refused;
	s->last_n_left_out = s->n_unfit + c->n_refused;
	s->last_success_s = clock_realtime_s();
	s->n_failures = 0;
	s->fault[0] = '\0';
	if (is_news)
		log_line(LOG_INFO, "directory of %s: %zu people, %zu of them new, %zu gone, %zu left out", name_of(s),
			 s->last_n_people, c->n_new, c->n_withdrawn, s->last_n_left_out);
	end_run(s);
}

/* --- pieces ------------------------------------------------------------------------------------------------------- */

static int on_piece(sd_event_source *source, void *userdata);

static void go_on(struct directory_sync *s)
{
	s->source = sd_event_source_disable_unref(s->source);
	if (sd_event_add_defer(s->ctx->event, &s->source, on_piece, s) < 0 ||
	    sd_event_source_set_priority(s->source, SD_EVENT_PRIORITY_IDLE) < 0)
		fail(s, "directory: out of memory");
}

static void expect_some(struct directory_sync *s)
{
	size_t n = s->n_people - s->n_done;
	int r;

	if (n > PEOPLE_AT_ONCE)
		n = PEOPLE_AT_ONCE;
	r = accounts_expect(s->ctx->accounts, name_of(s), issuer_of(s), s->people + s->n_done, n, clock_realtime_s(),
			    &s->counts);
	if (r < 0) {
		fail_store(s, r);
		return;
	}
	s->n_done += n;
	if (s->n_done == s->n_people)
		s->phase = PHASE_WITHDRAWS;
	go_on(s);
}

static int by_name(const void *a, const void *b)
{
	const struct expected_person *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static bool is_listed(void *userdata, const struct account *a)
{
	const struct directory_sync *s = userdata;
	struct expected_person key = {.subject = NULL};

	if (strcmp(a->issuer, issuer_of(s)) != 0)
		return true;
	(void)snprintf(key.name, sizeof(key.name), "%s", a->name);
	return bsearch(&key, s->people, s->n_people, sizeof(*s->people), by_name) != NULL;
}

static void withdraw_some(struct directory_sync *s)
{
	int r = accounts_withdraw(s->ctx->accounts, s->cursor, ACCOUNTS_AT_ONCE, is_listed, s, &s->counts);

	if (r < 0)
		fail_store(s, r);
	else if (r == 0)
		succeed(s);
	else
		go_on(s);
}

static int on_piece(sd_event_source *source, void *userdata)
{
	struct directory_sync *s = userdata;

	(void)source;
	if (s->phase == PHASE_EXPECTS)
		expect_some(s);
	else
		withdraw_some(s);
	return 0;
}

/* --- a run -------------------------------------------------------------------------------------------------------- */

/* Those who could have an account here: the name is what the rule makes of it, as at a sign-in, and some section could let
 * somebody of that name in. */
static int choose_people(struct directory_sync *s)
{
	s->people = calloc(s->listing->n, sizeof(*s->people));
	if (s->people == NULL)
		return -ENOMEM;
	s->n_unfit = s->listing->n_skipped;
	for (size_t i = 0; i < s->listing->n; i++) {
		const struct directory_person *from = &s->listing->people[i];
		struct expected_person *p = &s->people[s->n_people];
		char why[128];

		if (name_from_claim(p->name, from->name, strlen(from->name), s->lp->names, why) != 0 ||
		    !access_name_is_possible(s->ctx->access, p->name)) {
			s->n_unfit++;
			continue;
		}
		p->subject = from->subject;
		p->gecos = from->title;
		s->n_people++;
	}
	qsort(s->people, s->n_people, sizeof(*s->people), by_name);
	return 0;
}

static void on_listing(void *userdata, const struct oauth_result *result, struct directory_listing *listing)
{
	struct directory_sync *s = userdata;

	s->listing = listing;
	if (result->outcome != OAUTH_DONE) {
		fail(s, result->detail);
		return;
	}
	if (choose_people(s) < 0) {
		fail(s, "directory: out of memory");
		return;
	}
	/* More likely a rule that was changed than a directory whose people all left. */
	if (s->n_people == 0) {
		fail(s, "directory: the name rule and the access sections leave nobody whom it lists");
		return;
	}
	s->phase = PHASE_EXPECTS;
	s->n_done = 0;
	s->cursor[0] = '\0';
	go_on(s);
}

static int on_due(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct directory_sync *s = userdata;

	(void)source;
	(void)usec;
	s->source = sd_event_source_disable_unref(s->source);
	s->phase = PHASE_LISTS;
	s->counts = (struct expected_counts){0};
	if (directory_start(s->directory, on_listing, s) < 0)
		fail(s, "directory: out of memory");
	return 0;
}

int directory_sync_new(struct directory_sync **ret, struct login_context *ctx, const struct login_provider *lp,
		       const struct directory_settings *settings)
{
	LK_CLEANUP(directory_sync_freep) struct directory_sync *s = calloc(1, sizeof(*s));
	int r;

	if (s == NULL)
		return -ENOMEM;
	s->ctx = ctx;
	s->lp = lp;
	s->settings = settings;
	r = directory_new(&s->directory, lp->provider, ctx->event, ctx->fetch, settings);
	if (r < 0)
		return r;
	/* a sixtieth of the interval, two minutes at most */
	r = settings->refresh_s < 7200 ? (int)settings->refresh_s : 7200;
	wait_ms(s, MS_PER_S + random_below((uint64_t)r * MS_PER_S / 60 + 1));
	*ret = LK_STEAL(s);
	return 0;
}

void directory_sync_free(struct directory_sync *s)
{
	if (s == NULL)
		return;
	directory_free(s->directory);
	s->source = sd_event_source_disable_unref(s->source);
	publish_wait_cancel(s->publish);
	run_drop(s);
	free(s);
}

void directory_sync_status(const struct directory_sync *s, struct directory_sync_status *ret)
{
	*ret = (struct directory_sync_status){
		.is_running = s->phase != PHASE_WAITS,
		.n_people = s->last_n_people,
		.n_left_out = s->last_n_left_out,
		.last_run_s = s->last_run_s,
		.last_success_s = s->last_success_s,
		.fault = s->fault[0] != '\0' ? s->fault : NULL,
	};
}

/* --- directories that are no more --------------------------------------------------------------------------------- */

struct issuers {
	const char *const *names;
};

static bool has_directory(void *userdata, const struct account *a)
{
	const struct issuers *issuers = userdata;

	for (const char *const *name = issuers->names; *name != NULL; name++) {
		if (strcmp(*name, a->issuer) == 0)
			return true;
	}
	return false;
}

int directory_sync_end_others(struct accounts *accounts, const char *const *issuers)
{
	struct issuers kept = {.names = issuers};
	struct expected_counts counts = {0};
	char cursor[NAME_MAX_LEN + 1] = "";
	int r;

	do
		r = accounts_withdraw(accounts, cursor, ACCOUNTS_AT_ONCE, has_directory, &kept, &counts);
	while (r > 0);
	return r;
}
