/* SPDX-License-Identifier: MIT */
/*
 * The store has what was given and until when, and the latest time that the clock has shown. This process adds an end that
 * no clock can move. Whatever says that it is over wins, and what is over is taken out of the store.
 */
#include "helper/login/break_glass.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "helper/base/clock.h"
#include "helper/login/audit.h"
#include "helper/login/log.h"

#define LOOK_USEC (60u * 1000u * 1000u)

/* What is open as far as this process knows. */
struct known {
	char name[33];
	uint64_t end_ms; /* clock_monotonic_ms(); 0: over, whatever the store has */
};

struct break_glasses {
	struct store *store;
	sd_event_source *timer;
	struct known known[BREAK_GLASS_MAX];
	size_t n;
};

static struct known *find_known(struct break_glasses *g, const char *name)
{
	for (size_t i = 0; i < g->n; i++)
		if (strcmp(g->known[i].name, name) == 0)
			return &g->known[i];
	return NULL;
}

/* Return: NULL where there are too many. */
static struct known *add_known(struct break_glasses *g, const char *name)
{
	struct known *k = find_known(g, name);

	for (size_t i = 0; k == NULL && i < g->n; i++)
		if (g->known[i].end_ms == 0)
			k = &g->known[i];
	if (k == NULL && g->n < BREAK_GLASS_MAX)
		k = &g->known[g->n++];
	if (k != NULL)
		(void)snprintf(k->name, sizeof(k->name), "%s", name);
	return k;
}

static void note(int priority, const char *result, const struct break_glass *b, const char *detail)
{
	const struct audit_event e = {
		.kind = AUDIT_BREAK_GLASS,
		.priority = priority,
		.result = result,
		.user = b->name,
		.detail = detail,
	};

	audit_write(&e);
}

static int take_out(struct break_glasses *g, const struct break_glass *b, const char *why)
{
	struct known *k = find_known(g, b->name);
	int r = store_drop_break_glass(g->store, b->name);

	if (k != NULL && r == 0)
		*k = g->known[--g->n];
	else if (k != NULL)
		k->end_ms = 0;
	if (r < 0)
		log_line(LOG_ERR, "a break-glass that is over could not be taken out of the store: %s", strerror(-r));
	note(LOG_NOTICE, "over", b, why);
	return r;
}

/* Return: NULL while it is open, or why it is not. */
static const char *over(struct break_glasses *g, const struct break_glass *b)
{
	int64_t now_s = clock_realtime_s();
	uint64_t now_ms = clock_monotonic_ms();
	struct known *k = find_known(g, b->name);

	if (now_s >= b->until_s)
		return "its time is over";
	if (now_s + BREAK_GLASS_BACK_S < b->seen_s || now_s + BREAK_GLASS_BACK_S < b->created_s)
		return "the clock was set back";
	if (k == NULL) {
		k = add_known(g, b->name);
		if (k == NULL)
			return "too many are open";
		k->end_ms = now_ms + (uint64_t)(b->until_s - now_s) * 1000;
	}
	return now_ms >= k->end_ms ? "its time is over" : NULL;
}

bool break_glass_find(struct break_glasses *g, const char *name, struct break_glass *ret)
{
	struct break_glass b;
	const char *why;

	if (store_find_break_glass(g->store, name, &b) < 0)
		return false;
	why = over(g, &b);
	if (why != NULL) {
		(void)take_out(g, &b, why);
		return false;
	}
	if (ret != NULL)
		*ret = b;
	return true;
}

void break_glass_each(struct break_glasses *g, bool (*fn)(void *userdata, const struct break_glass *b), void *userdata)
{
	struct break_glass b;
	const char *after = NULL;
	char last[sizeof(b.name)];

	while (store_next_break_glass(g->store, after, &b) == 0) {
		memcpy(last, b.name, sizeof(last));
		after = last;
		if (break_glass_find(g, last, &b) && !fn(userdata, &b))
			return;
	}
}

static bool count(void *userdata, const struct break_glass *b)
{
	size_t *n = userdata;

	(void)b;
	++*n;
	return true;
}

static void watch(struct break_glasses *g)
{
	if (sd_event_source_set_time_relative(g->timer, LOOK_USEC) < 0 ||
	    sd_event_source_set_enabled(g->timer, SD_EVENT_ONESHOT) < 0)
		log_line(LOG_WARNING, "break-glass is looked at only when it is used");
}

/* Takes out what is over, and holds on to how late it is. */
static int on_look(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct break_glasses *g = userdata;
	size_t n = 0;

	(void)source;
	(void)usec;
	break_glass_each(g, count, &n);
	if (n == 0)
		return 0;
	(void)store_see_break_glass(g->store, clock_realtime_s());
	watch(g);
	return 0;
}

int break_glasses_new(struct break_glasses **ret, sd_event *event, struct store *store)
{
	LK_CLEANUP(break_glasses_freep) struct break_glasses *g = calloc(1, sizeof(*g));
	int r;

	if (g == NULL)
		return -ENOMEM;
	g->store = store;
	r = sd_event_add_time(event, &g->timer, CLOCK_BOOTTIME, 0, 0, on_look, g);
	if (r < 0)
		return r;
	*ret = LK_STEAL(g);
	return 0;
}

void break_glasses_free(struct break_glasses *g)
{
	if (g == NULL)
		return;
	sd_event_source_disable_unref(g->timer);
	free(g);
}

int break_glass_open(struct break_glasses *g, const char *name, int64_t lifetime_s, const char *reason, const char *by)
{
	struct break_glass b = {.created_s = clock_realtime_s()};
	size_t n_open = 0;
	struct known *k;
	int r;

	if (lifetime_s < BREAK_GLASS_MIN_S || lifetime_s > BREAK_GLASS_MAX_S || reason[0] == '\0' ||
	    strlen(reason) > BREAK_GLASS_REASON_MAX || strlen(name) >= sizeof(b.name))
		return -EINVAL;
	break_glass_each(g, count, &n_open);
	if (n_open >= BREAK_GLASS_MAX && !break_glass_find(g, name, NULL))
		return -E2BIG;
	(void)snprintf(b.name, sizeof(b.name), "%s", name);
	(void)snprintf(b.reason, sizeof(b.reason), "%s", reason);
	(void)snprintf(b.created_by, sizeof(b.created_by), "%s", by);
	b.until_s = b.created_s + lifetime_s;
	r = store_put_break_glass(g->store, &b);
	if (r < 0)
		return r;
	k = add_known(g, name);
	if (k != NULL)
		k->end_ms = clock_monotonic_ms() + (uint64_t)lifetime_s * 1000;
	note(LOG_ALERT, "given", &b, reason);
	watch(g);
	return 0;
}

int break_glass_close(struct break_glasses *g, const char *name)
{
	struct break_glass b;

	if (!break_glass_find(g, name, &b))
		return -ENOENT;
	return take_out(g, &b, "ended by an administrator");
}
