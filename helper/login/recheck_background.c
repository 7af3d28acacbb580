/* SPDX-License-Identifier: MIT */
/*
 * Asks again about those who have a session, so that one ends when the provider says that the person is gone. Each account
 * has its own timer, at half the life of its token and a tenth sooner or later; a few questions at a time are under way, so
 * that neither this host nor the provider sees a burst. Whoever has no session and has not been asked about for a day
 * is left alone: the next session asks.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>
#include <unistd.h>

#include "helper/base/clock.h"
#include "helper/login/log.h"
#include "helper/login/recheck_internal.h"

#define MS_PER_S UINT64_C(1000)
#define AT_ONCE_MAX 4u
#define SATURATED_MS 1000u        /* at least until the next try when so many are under way, */
#define SATURATED_SPREAD_MS 9000u /* and so much more at most */
#define REMEMBERED_MS (UINT64_C(24) * 3600 * MS_PER_S)
#define WATCH_SPREAD_MS 500u /* for service accounts, at the start */
#define LOAD_AT_ONCE 50u
#define LOAD_SPREAD_MS 50u /* between two accounts of the store, at the start */

/* Spreads out; it needs no secrecy. @below: 1 or more */
static uint64_t random_below(uint64_t below)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != (ssize_t)sizeof(number))
		number = clock_monotonic_ms();
	return number % below;
}

static int on_due(sd_event_source *source, uint64_t usec, void *userdata);

static void disarm(struct recheck_person *p)
{
	p->timer = sd_event_source_disable_unref(p->timer);
}

static void arm(struct recheck_person *p, uint64_t ms)
{
	int r;

	disarm(p);
	r = sd_event_add_time_relative(p->all->ctx->event, &p->timer, CLOCK_BOOTTIME, ms * 1000, 0, on_due, p);
	if (r >= 0)
		(void)sd_event_source_set_priority(p->timer, SD_EVENT_PRIORITY_IDLE);
	else
		log_line(LOG_ERR, "no timer could be made: %s is not asked about until the next session", p->name);
}

static uint64_t around(uint64_t ms)
{
	return ms - ms / 10 + random_below(ms / 5 + 1);
}

/* Whoever comes meanwhile finds the next token, and not the old one at its end. */
static uint64_t shortly_before(uint64_t ms)
{
	return ms - random_below(ms / 10 + 1);
}

/* Half the life of a token, within the bounds; of a service account's, which somebody is to find ready, two thirds. */
static uint64_t interval_ms(const struct recheck_person *p)
{
	const struct recheck_settings *s = &p->all->settings;
	uint64_t s_half = p->lifetime_s > 0 ? p->lifetime_s / 2 : s->max_s;
	uint64_t now_ms = clock_monotonic_ms();

	if (p->service != NULL && p->access_token != NULL && p->token_renew_ms > now_ms)
		s_half = (p->token_renew_ms - now_ms) / MS_PER_S;

	if (s_half > s->max_s)
		s_half = s->max_s;
	if (s_half < s->min_s)
		s_half = s->min_s;
	return s_half * MS_PER_S;
}

/* While the provider cannot be asked: twice as long each time. */
static uint64_t failure_ms(const struct recheck_person *p)
{
	const struct recheck_settings *s = &p->all->settings;
	uint64_t ms = s->min_s * MS_PER_S;

	for (unsigned i = 1; i < p->n_failures && ms < s->max_s * MS_PER_S; i++)
		ms *= 2;
	return ms < s->max_s * MS_PER_S ? ms : s->max_s * MS_PER_S;
}

/* logind has a file for whoever has a session; without logind nobody knows, and everybody is asked about. */
static bool has_session(const struct recheck_person *p)
{
	const char *folder = p->all->settings.users_folder;
	char path[256];
	int n = snprintf(path, sizeof(path), "%s/%" PRIu32, folder, p->uid);

	return n < 0 || (size_t)n >= sizeof(path) || access(path, F_OK) == 0 || access(folder, F_OK) < 0;
}

static bool is_watched(const struct recheck_person *p)
{
	return (p->asked_ms != 0 && clock_monotonic_ms() - p->asked_ms < REMEMBERED_MS) || has_session(p);
}

/* Nobody knows what was before this run, nor who has a session where there is no logind. */
static bool is_unused(struct recheck_person *p)
{
	uint64_t last_ms = p->all->started_ms, now_ms = clock_monotonic_ms();

	if (p->all->settings.unused_s == 0)
		return false;
	if (has_session(p)) {
		p->used_ms = now_ms;
		return false;
	}
	last_ms = p->asked_ms > last_ms ? p->asked_ms : last_ms;
	last_ms = p->used_ms > last_ms ? p->used_ms : last_ms;
	return now_ms - last_ms >= p->all->settings.unused_s * MS_PER_S;
}

static void give_back(struct recheck_person *p, const struct account *account)
{
	int r = recheck_forget(p->all->ctx, account, NULL);

	if (r == 0)
		log_line(LOG_NOTICE, "nobody has used what %s was granted for %" PRIu32 " s: it is given back", p->name,
			 p->all->settings.unused_s);
	else
		log_line(LOG_WARNING, "what %s was granted could not be given back: %s", p->name, strerror(-r));
	if (r < 0)
		arm(p, around(p->all->settings.max_s * MS_PER_S));
}

static void ask(struct recheck_person *p)
{
	struct recheck_result result = {.outcome = RECHECK_FAILED};
	int r = recheck_job_start(p, NULL, &result);

	if (r == 0) {
		p->is_waiting = true;
		p->all->n_background++;
	} else {
		recheck_background_end(p, &result);
	}
}

static int on_due(sd_event_source *source, uint64_t usec, void *userdata)
{
	LK_CLEANUP(account_freep) struct account *account = NULL;
	struct recheck_person *p = userdata;

	(void)source;
	(void)usec;
	disarm(p);
	if (p->job != NULL || recheck_person_account(p, &account) == -ENOENT)
		return 0; /* its end sets the next one; or there is nobody to ask about */
	if (account != NULL && is_unused(p))
		give_back(p, account);
	else if (!is_watched(p))
		arm(p, around(p->all->settings.max_s * MS_PER_S));
	else if (p->all->n_background >= AT_ONCE_MAX)
		arm(p, SATURATED_MS + random_below(SATURATED_SPREAD_MS));
	else
		ask(p);
	return 0;
}

void recheck_background_end(struct recheck_person *p, const struct recheck_result *result)
{
	if (p->is_waiting) {
		p->is_waiting = false;
		p->all->n_background--;
	}
	if (p->all->settings.max_s == 0)
		return;
	if (result == NULL) {
		arm(p, around(interval_ms(p)));
		return;
	}
	switch (result->outcome) {
	case RECHECK_GOOD:
		p->n_failures = 0;
		arm(p, p->service != NULL ? shortly_before(interval_ms(p)) : around(interval_ms(p)));
		return;
	case RECHECK_UNREACHABLE:
	case RECHECK_FAILED:
		p->n_failures++;
		arm(p, around(failure_ms(p)));
		return;
	case RECHECK_REFUSED:
	case RECHECK_NO_TOKEN:
		break;
	}
	disarm(p);
}

void recheck_watch(struct login_context *ctx, const struct account *account)
{
	struct recheck_person *p = recheck_person_get(ctx->rechecks, account);

	if (p == NULL || ctx->rechecks->settings.max_s == 0)
		return;
	p->asked_ms = clock_monotonic_ms();
	if (p->job == NULL)
		arm(p, random_below(WATCH_SPREAD_MS));
}

void recheck_background_seen(struct recheck_person *p)
{
	if (p->timer == NULL && p->job == NULL && p->all->settings.max_s > 0)
		arm(p, around(interval_ms(p)));
}

/* --- after a start ------------------------------------------------------------------------------------------------- */

/* @n: how many before it, so that thousands do not come due together */
static int watch(struct rechecks *all, const struct account *account, uint64_t n)
{
	struct recheck_person *p;
	int64_t age_s = clock_realtime_s() - account->last_sign_in_s;
	uint64_t spread_ms = all->settings.min_s * MS_PER_S;

	if (account->state != ACCOUNT_ACTIVE || account->subject == NULL)
		return 0;
	p = recheck_person_get(all, account);
	if (p == NULL)
		return -ENOMEM;
	if (p->timer != NULL || p->job != NULL)
		return 0;
	if (p->asked_ms == 0 && age_s >= 0 && (uint64_t)age_s * MS_PER_S < REMEMBERED_MS &&
	    clock_monotonic_ms() > (uint64_t)age_s * MS_PER_S)
		p->asked_ms = clock_monotonic_ms() - (uint64_t)age_s * MS_PER_S;
	if (spread_ms < n * LOAD_SPREAD_MS)
		spread_ms = n * LOAD_SPREAD_MS;
	arm(p, random_below(spread_ms + 1));
	return 0;
}

/* One without tokens is found out at its first question. */
static int watch_local(void *userdata, const struct account *account)
{
	struct rechecks *all = userdata;

	return account->last_sign_in_s > 0 ? watch(all, account, 0) : 0;
}

/* Return: 0, -ENOENT there are no more, other negative errno. */
static int load_one(struct rechecks *all)
{
	LK_CLEANUP(account_freep) struct account *account = NULL;
	struct kept_note note = {.uid = 0};
	int r = store_next_tokens(all->ctx->store, all->loaded_uid, &note);

	if (r < 0)
		return r;
	all->loaded_uid = note.uid;
	kept_note_done(&note);
	r = store_find_uid(all->ctx->store, all->loaded_uid, &account);
	if (r == 0)
		r = watch(all, account, ++all->n_loaded);
	return r == -ENOENT ? 0 : r;
}

static int on_load(sd_event_source *source, void *userdata)
{
	struct rechecks *all = userdata;
	size_t at = 0;
	int r = 0;

	if (all->n_loaded == 0)
		r = accounts_each_local(all->ctx->accounts, &at, watch_local, all);
	for (size_t i = 0; r == 0 && i < LOAD_AT_ONCE; i++)
		r = load_one(all);
	if (r == 0)
		return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	if (r != -ENOENT)
		log_line(LOG_WARNING, "not everybody who has signed in is asked about before their next session: %s",
			 strerror(-r));
	all->load = sd_event_source_disable_unref(all->load);
	return 0;
}

int recheck_background_load(struct rechecks *all)
{
	int r = sd_event_add_defer(all->ctx->event, &all->load, on_load, all);

	return r < 0 ? r : sd_event_source_set_priority(all->load, SD_EVENT_PRIORITY_IDLE);
}
