/* SPDX-License-Identifier: MIT */
/* Ending somebody's sessions, step by step: latchkey-root, the timers and the standing are stand-ins (I17, C8, C10). */
#include "helper/login/expel.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <cmocka.h>

#include "helper/accounts/root_call.h"
#include "helper/base/clock.h"
#include "helper/login/audit.h"
#include "helper/login/standing.h"
#include "helper/vault/store_standing.h"
#include "tests/unit/login/world.h"

#define MS UINT64_C(1000)

/* A timer or a question to latchkey-root that is under way; the last one of each kind. */
static struct {
	sd_event_time_handler_t timer;
	void *timer_userdata;
	uint64_t us;
	unsigned int n_timers;
	bool no_timers;
	root_call_done_fn done;
	void *userdata;
	struct publish_question question;
	unsigned int n_calls;
	bool no_calls;
	enum standing_state standing;
	int standing_error;
	char audit[1024]; /* "result:detail\n" of each event */
} seen;

int __wrap_sd_event_add_time_relative(sd_event *e, sd_event_source **s, clockid_t clock, uint64_t usec,
				      uint64_t accuracy, sd_event_time_handler_t callback, void *userdata);
int __wrap_root_call_start(struct root_call **ret, sd_event *event, const char *socket_path,
			   const struct publish_question *q, int memfd, uint64_t patience_us, root_call_done_fn done,
			   void *userdata);
void __wrap_root_call_free(struct root_call *c);
int __wrap_standing_read(struct login_context *ctx, const struct account *account, struct standing_view *ret);
void __wrap_audit_write(const struct audit_event *e);

int __wrap_sd_event_add_time_relative(sd_event *e, sd_event_source **s, clockid_t clock, uint64_t usec,
				      uint64_t accuracy, sd_event_time_handler_t callback, void *userdata)
{
	(void)e;
	(void)s;
	(void)accuracy;
	assert_int_equal(clock, CLOCK_MONOTONIC);
	if (seen.no_timers)
		return -ENOMEM;
	seen.timer = callback;
	seen.timer_userdata = userdata;
	seen.us = usec;
	seen.n_timers++;
	return 0;
}

int __wrap_root_call_start(struct root_call **ret, sd_event *event, const char *socket_path,
			   const struct publish_question *q, int memfd, uint64_t patience_us, root_call_done_fn done,
			   void *userdata)
{
	(void)event;
	(void)patience_us;
	if (seen.no_calls)
		return -ENOMEM;
	assert_string_equal(socket_path, "/root");
	assert_int_equal(memfd, -1);
	*ret = NULL;
	seen.question = *q;
	seen.done = done;
	seen.userdata = userdata;
	seen.n_calls++;
	return 0;
}

void __wrap_root_call_free(struct root_call *c)
{
	assert_null(c);
	seen.done = NULL;
}

int __wrap_standing_read(struct login_context *ctx, const struct account *account, struct standing_view *ret)
{
	(void)ctx;
	assert_string_equal(account->name, "alice");
	*ret = (struct standing_view){.state = seen.standing};
	return seen.standing_error;
}

void __wrap_audit_write(const struct audit_event *e)
{
	size_t at = strlen(seen.audit);

	if (e->kind != AUDIT_SESSION_END)
		return;
	assert_string_equal(e->user, "alice");
	assert_in_range(at, 0, sizeof(seen.audit) - 1);
	(void)snprintf(seen.audit + at, sizeof(seen.audit) - at, "%s:%s\n", e->result, e->detail);
}

static const struct expel_settings settings = {
	.is_on = true, .grace_s = 30, .root_socket = "/root", .term_ms = 5000, .kill_ms = 1000, .quiet_ms = 10000};

static struct world *begin_world(void **state)
{
	struct world *w = *state;

	memset(&seen, 0, sizeof(seen));
	sign_in(w, "alice", "s1", ALICE);
	seen.n_timers = 0;
	seen.standing = STANDING_REFUSED;
	assert_int_equal(expulsions_new(&w->ctx.expulsions, &w->ctx, &settings), 0);
	return w;
}

static void end_world(struct world *w)
{
	expulsions_free(w->ctx.expulsions);
	w->ctx.expulsions = NULL;
}

static void expel_alice(struct world *w, int64_t since_s)
{
	struct account *a = NULL;

	assert_int_equal(store_find_name(w->ctx.store, "alice", &a), 0);
	assert_int_equal(expel_person(&w->ctx, a, since_s, "provider says invalid_grant"), 0);
	account_free(a);
}

/* The timer that is set must be of @ms; afterwards a question of @verb is under way, or none for 0. */
static void tick(struct world *w, uint64_t ms, uint32_t verb)
{
	sd_event_time_handler_t timer = seen.timer;
	unsigned int n = seen.n_calls;

	assert_non_null(timer);
	assert_int_equal(seen.us, ms * MS);
	seen.timer = NULL;
	assert_int_equal(timer(NULL, 0, seen.timer_userdata), 0);
	assert_int_equal(seen.n_calls, n + (verb != 0));
	if (verb == 0)
		return;
	assert_int_equal(seen.question.verb, verb);
	assert_int_equal(seen.question.uid, w->uid);
	assert_int_equal(seen.question.magic, PUBLISH_MAGIC);
}

static void answer(uint32_t status, uint64_t n, const char *reason)
{
	struct publish_answer a = {.magic = PUBLISH_MAGIC, .status = status, .n_found = n};

	(void)snprintf(a.reason, sizeof(a.reason), "%s", reason);
	assert_non_null(seen.done);
	seen.done(seen.userdata, 0, &a, "");
}

/* SIGTERM, SIGKILL as often as somebody is found, then two looks that find nobody. */
static void test_until_nobody_is_left(void **state)
{
	struct world *w = begin_world(state);

	expel_alice(w, clock_realtime_s());
	assert_int_equal(expulsions_count(w->ctx.expulsions), 1);
	tick(w, 30000, END_SESSION);
	answer(END_SESSION_STRUCK, 7, "");
	assert_string_equal(seen.audit, "begun:7 processes; provider says invalid_grant\n");
	tick(w, 5000, END_SESSION_NOW);
	answer(END_SESSION_STRUCK, 2, "");
	tick(w, 1000, END_SESSION_NOW);
	answer(END_SESSION_STRUCK, 1, "");
	tick(w, 1000, END_SESSION_NOW);
	answer(PUBLISH_DONE, 0, "");
	/* Somebody came in between: a login that was under way. */
	tick(w, 10000, END_SESSION_NOW);
	answer(END_SESSION_STRUCK, 1, "");
	tick(w, 1000, END_SESSION_NOW);
	answer(PUBLISH_DONE, 0, "");
	assert_int_equal(expulsions_count(w->ctx.expulsions), 1);
	tick(w, 10000, END_SESSION_NOW);
	answer(PUBLISH_DONE, 0, "");
	assert_int_equal(expulsions_count(w->ctx.expulsions), 0);
	assert_string_equal(seen.audit,
			    "begun:7 processes; provider says invalid_grant\ndone:provider says invalid_grant\n");
	end_world(w);
}

/* Who runs nothing here causes no event; and a second word changes nothing. */
static void test_nobody_there(void **state)
{
	struct world *w = begin_world(state);

	expel_alice(w, clock_realtime_s());
	expel_alice(w, clock_realtime_s());
	assert_int_equal(seen.n_timers, 1);
	assert_int_equal(expulsions_count(w->ctx.expulsions), 1);
	tick(w, 30000, END_SESSION);
	answer(PUBLISH_DONE, 0, "");
	tick(w, 10000, END_SESSION_NOW);
	answer(PUBLISH_DONE, 0, "");
	assert_int_equal(expulsions_count(w->ctx.expulsions), 0);
	assert_string_equal(seen.audit, "");
	end_world(w);
}

/* What of the grace time is over counts, and a clock that was set back gives the whole of it. */
static void test_grace(void **state)
{
	static const struct {
		int64_t ago_s;
		uint64_t ms;
	} table[] = {{0, 30000}, {10, 20000},  {29, 1000},  {30, 0},
		     {31, 0},    {1000000, 0}, {-5, 30000}, {-1000000, 30000}};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct world *w = i == 0 ? begin_world(state) : *state;

		if (i > 0)
			assert_int_equal(expulsions_new(&w->ctx.expulsions, &w->ctx, &settings), 0);
		expel_alice(w, clock_realtime_s() - table[i].ago_s);
		assert_int_equal(seen.us, table[i].ms * MS);
		end_world(w);
	}
}

/* Who signs in again is left alone, in the grace time and in the middle. */
static void test_signed_in_again(void **state)
{
	struct world *w = begin_world(state);

	expel_alice(w, clock_realtime_s());
	seen.standing = STANDING_GOOD;
	tick(w, 30000, 0);
	assert_int_equal(expulsions_count(w->ctx.expulsions), 0);
	assert_string_equal(seen.audit, "");

	seen.standing = STANDING_REFUSED;
	expel_alice(w, clock_realtime_s());
	tick(w, 30000, END_SESSION);
	answer(END_SESSION_STRUCK, 1, "");
	seen.standing = STANDING_GOOD;
	tick(w, 5000, 0);
	assert_int_equal(expulsions_count(w->ctx.expulsions), 0);
	assert_non_null(strstr(seen.audit, "stopped:the person has signed in again\n"));
	end_world(w);
}

/* Who was forgotten is on no map that latchkey-root could know. */
static void test_forgotten(void **state)
{
	struct world *w = begin_world(state);
	struct account *a = NULL;

	expel_alice(w, clock_realtime_s());
	assert_int_equal(store_find_name(w->ctx.store, "alice", &a), 0);
	a->state = ACCOUNT_FORGOTTEN;
	assert_int_equal(store_update(w->ctx.store, a), 0);
	account_free(a);
	tick(w, 30000, 0);
	assert_int_equal(expulsions_count(w->ctx.expulsions), 0);
	end_world(w);
}

/* A fault is said once and tried again, ever more slowly; a store that cannot be read keeps nobody here. */
static void test_faults(void **state)
{
	static const uint64_t waits_ms[] = {2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 300000, 300000};
	struct world *w = begin_world(state);

	seen.standing_error = -EIO;
	seen.standing = STANDING_GOOD;
	expel_alice(w, clock_realtime_s());
	tick(w, 30000, END_SESSION);
	seen.done(seen.userdata, -ECONNREFUSED, NULL, "latchkey-root cannot be reached");
	for (size_t i = 0; i < sizeof(waits_ms) / sizeof(waits_ms[0]); i++) {
		tick(w, waits_ms[i], END_SESSION);
		seen.done(seen.userdata, -ECONNREFUSED, NULL, "latchkey-root cannot be reached");
	}
	assert_string_equal(seen.audit, "delayed:latchkey-root cannot be reached\n");
	/* No stroke has been struck yet, so the first one is the gentle one. */
	tick(w, 300000, END_SESSION);
	answer(PUBLISH_REFUSED, 0, "the uid is nobody's on the published map");
	assert_non_null(strstr(seen.audit, "delayed:the uid is nobody's on the published map\n"));
	tick(w, 300000, END_SESSION_NOW);
	answer(PUBLISH_FAILED, 0, "the signal: Operation not permitted");
	seen.no_calls = true;
	tick(w, 300000, 0);
	seen.no_calls = false;
	tick(w, 300000, END_SESSION_NOW);
	/* A status that there is not. */
	answer(99, 0, "?");
	tick(w, 300000, END_SESSION_NOW);
	answer(PUBLISH_DONE, 0, "");
	/* One that finds nobody, a fault, and one more: not twice in a row. */
	tick(w, 10000, END_SESSION_NOW);
	seen.done(seen.userdata, -EPROTO, NULL, "latchkey-root gave no proper answer");
	tick(w, 2000, END_SESSION_NOW);
	answer(PUBLISH_DONE, 0, "");
	tick(w, 10000, END_SESSION_NOW);
	answer(PUBLISH_DONE, 0, "");
	assert_int_equal(expulsions_count(w->ctx.expulsions), 0);
	assert_non_null(strstr(seen.audit, "done:"));
	end_world(w);
}

static void test_off_and_without_memory(void **state)
{
	static const struct expel_settings off = {.is_on = false, .root_socket = "/root"};
	struct world *w = begin_world(state);
	struct account *a = NULL;

	seen.no_timers = true;
	assert_int_equal(store_find_name(w->ctx.store, "alice", &a), 0);
	assert_int_equal(expel_person(&w->ctx, a, 0, "x"), -ENOMEM);
	assert_int_equal(expulsions_count(w->ctx.expulsions), 0);
	assert_int_equal(expulsions_resume(w->ctx.expulsions), -ENOMEM);
	end_world(w);

	assert_int_equal(expel_person(&w->ctx, a, 0, "x"), 0);
	assert_int_equal(expulsions_new(&w->ctx.expulsions, &w->ctx, &off), 0);
	assert_int_equal(expel_person(&w->ctx, a, 0, "x"), 0);
	assert_int_equal(expulsions_resume(w->ctx.expulsions), 0);
	assert_int_equal(expulsions_count(w->ctx.expulsions), 0);
	account_free(a);
	end_world(w);
}

static void remember(struct world *w, uint32_t uid, const char *subject, int state, int64_t checked_s)
{
	const struct row_owner owner = {.uid = uid, .issuer = ISSUER, .subject = subject};
	struct standing st = {.checked_s = checked_s, .reason = "provider says no"};

	st.state = state;
	assert_int_equal(store_put_standing(w->ctx.store, &owner, &st), 0);
}

/* C8: after a restart the ones who were refused before are looked at, and only they: not who is good, not whom another
 * identity's row is about, not who is no account's. */
static void test_resume(void **state)
{
	struct world *w = begin_world(state);
	int64_t now_s = clock_realtime_s();

	remember(w, w->uid, "s1", STANDING_REFUSED, now_s - 10);
	remember(w, w->uid + 1, "nobody", STANDING_REFUSED, now_s - 10);
	assert_int_equal(expulsions_resume(w->ctx.expulsions), 0);
	tick(w, 50, 0);
	assert_int_equal(expulsions_count(w->ctx.expulsions), 1);
	tick(w, 50, 0); /* the row that is nobody's */
	tick(w, 50, 0); /* the end */
	assert_null(seen.timer);
	assert_int_equal(expulsions_count(w->ctx.expulsions), 1);
	end_world(w);

	for (int i = 0; i < 2; i++) {
		remember(w, w->uid, i == 0 ? "s1" : "another", i == 0 ? STANDING_GOOD : STANDING_REFUSED, now_s - 10);
		assert_int_equal(expulsions_new(&w->ctx.expulsions, &w->ctx, &settings), 0);
		assert_int_equal(expulsions_resume(w->ctx.expulsions), 0);
		tick(w, 50, 0);
		tick(w, 50, 0);
		tick(w, 50, 0);
		assert_null(seen.timer);
		assert_int_equal(expulsions_count(w->ctx.expulsions), 0);
		end_world(w);
	}
}

/* Freed in the middle: with a timer set, and with a question under way. */
static void test_freed_on_the_way(void **state)
{
	struct world *w = begin_world(state);

	expel_alice(w, clock_realtime_s());
	end_world(w);
	assert_int_equal(expulsions_new(&w->ctx.expulsions, &w->ctx, &settings), 0);
	expel_alice(w, clock_realtime_s());
	tick(w, 30000, END_SESSION);
	end_world(w);
	assert_null(seen.done);
}

struct once {
	struct expel_once *e;
	unsigned told;
	uint64_t n_found;
	char fault[64];
};

static void on_once(void *userdata, uint64_t n_found, const char *fault)
{
	struct once *o = userdata;

	o->told++;
	o->n_found = n_found;
	(void)snprintf(o->fault, sizeof(o->fault), "%s", fault ? fault : "");
	expel_once_free(LK_STEAL(o->e));
}

/* For whoever is forgotten: no grace, and an end that comes whatever happens. */
static void test_once(void **state)
{
	struct expel_settings off = settings;
	struct world *w = begin_world(state);
	struct once o = {.told = 0};

	assert_int_equal(expel_once_start(&o.e, &w->ctx, w->uid, on_once, &o), 0);
	assert_int_equal(seen.question.verb, END_SESSION);
	assert_int_equal(seen.question.uid, w->uid);
	answer(END_SESSION_STRUCK, 7, "");
	tick(w, 5000, END_SESSION_NOW);
	answer(END_SESSION_STRUCK, 1, "");
	tick(w, 1000, END_SESSION_NOW);
	assert_int_equal(o.told, 0);
	answer(PUBLISH_DONE, 0, "");
	assert_int_equal(o.told, 1);
	assert_int_equal(o.n_found, 7);
	assert_string_equal(o.fault, "");

	/* what does not end keeps nobody waiting */
	assert_int_equal(expel_once_start(&o.e, &w->ctx, w->uid, on_once, &o), 0);
	answer(END_SESSION_STRUCK, 1, "");
	tick(w, 5000, END_SESSION_NOW);
	answer(END_SESSION_STRUCK, 1, "");
	tick(w, 1000, END_SESSION_NOW);
	answer(END_SESSION_STRUCK, 1, "");
	tick(w, 1000, END_SESSION_NOW);
	answer(END_SESSION_STRUCK, 1, "");
	assert_int_equal(o.told, 2);
	assert_string_equal(o.fault, "some of it does not end");

	/* nor does latchkey-root, with or without an answer */
	assert_int_equal(expel_once_start(&o.e, &w->ctx, w->uid, on_once, &o), 0);
	answer(PUBLISH_REFUSED, 0, "the uid is nobody's on the published map");
	assert_string_equal(o.fault, "the uid is nobody's on the published map");
	assert_int_equal(expel_once_start(&o.e, &w->ctx, w->uid, on_once, &o), 0);
	seen.done(seen.userdata, -ECONNREFUSED, NULL, "cannot connect");
	assert_string_equal(o.fault, "cannot connect");

	assert_int_equal(expel_once_start(&o.e, &w->ctx, w->uid, on_once, &o), 0);
	expel_once_free(LK_STEAL(o.e));
	assert_int_equal(o.told, 4);
	end_world(w);
	off.is_on = false;
	assert_int_equal(expulsions_new(&w->ctx.expulsions, &w->ctx, &off), 0);
	assert_int_equal(expel_once_start(&o.e, &w->ctx, w->uid, on_once, &o), 1);
	end_world(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_once, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_until_nobody_is_left, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_nobody_there, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_grace, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_signed_in_again, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_forgotten, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_faults, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_off_and_without_memory, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_resume, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_freed_on_the_way, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
