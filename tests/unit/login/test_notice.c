/* SPDX-License-Identifier: MIT */
/* What a provider tells by itself, and whom it may speak of (BL-05, BL-06, BL-08, SS-05, SS-08, T15, T19, I5, I17). The standing
 * and the re-check are stand-ins that note who was meant. */
#include "helper/login/notice.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "helper/base/clock.h"
#include "helper/login/recheck.h"
#include "helper/login/standing.h"
#include "helper/vault/store_jti.h"
#include "helper/vault/store_standing.h"
#include "tests/unit/login/world.h"

static struct {
	char done[512]; /* "refuse alice: why\n", "recheck alice\n", "pin UID\n" */
	int refuse_result;
	int pin_result;
} seen;

int __wrap_standing_refuse(struct login_context *ctx, const struct account *account, const char *why);
int __wrap_recheck_start(struct recheck **ret, struct login_context *ctx, const struct account *account,
			 uint32_t max_age_s, recheck_done_fn done, void *userdata);
int __wrap_store_drop_pin(struct store *s, uint32_t uid);

static void note(const char *what, const char *name, const char *why)
{
	size_t at = strlen(seen.done);

	(void)snprintf(seen.done + at, sizeof(seen.done) - at, "%s %s%s\n", what, name, why);
}

int __wrap_standing_refuse(struct login_context *ctx, const struct account *account, const char *why)
{
	(void)ctx;
	note("refuse", account->name, why + strlen("the provider says"));
	return seen.refuse_result;
}

int __wrap_recheck_start(struct recheck **ret, struct login_context *ctx, const struct account *account,
			 uint32_t max_age_s, recheck_done_fn done, void *userdata)
{
	(void)ctx;
	(void)userdata;
	assert_non_null(done);
	assert_int_equal(max_age_s, 0);
	*ret = NULL;
	note("recheck", account->name, "");
	return 1;
}

int __wrap_store_drop_pin(struct store *s, uint32_t uid)
{
	(void)s;
	assert_true(uid != 0);
	note("pin", "dropped", "");
	return seen.pin_result;
}

static struct notice usual(struct world *w)
{
	(void)w;
	return (struct notice){.issuer = ISSUER,
			       .id = "j1",
			       .subject_issuer = ISSUER,
			       .subject = "s1",
			       .happened_s = clock_realtime_s(),
			       .keep_until_s = clock_realtime_s() + 100,
			       .actions = EVENT_REFUSES,
			       .name = "session-revoked"};
}

static struct world *begin_world(void **state)
{
	struct world *w = *state;

	sign_in(w, "alice", "s1", ALICE);
	sign_in(w, "bob", "s2", BOB);
	memset(&seen, 0, sizeof(seen));
	return w;
}

static int apply(struct world *w, const struct notice *n, size_t expected)
{
	size_t found = 99;
	int r = notice_apply(&w->ctx, &w->lp, n, &found);

	if (r == 0)
		assert_int_equal(found, expected);
	return r;
}

/* BL-05, T19, SS-08: what was done counts once, by issuer and id. */
static void test_once(void **state)
{
	struct world *w = begin_world(state);
	struct notice n = usual(w);

	assert_int_equal(apply(w, &n, 1), 0);
	assert_string_equal(seen.done, "refuse alice session-revoked\n");
	assert_int_equal(apply(w, &n, 0), NOTICE_KNOWN);
	n.subject = "s2";
	assert_int_equal(apply(w, &n, 0), NOTICE_KNOWN);
	assert_string_equal(seen.done, "refuse alice session-revoked\n");
	n.id = "j2";
	assert_int_equal(apply(w, &n, 1), 0);
	assert_string_equal(seen.done, "refuse alice session-revoked\nrefuse bob session-revoked\n");
}

/* SS-05: each action, and several at once; a re-check has no sense for who is refused anyway. */
static void test_actions(void **state)
{
	static const struct {
		unsigned int actions;
		const char *done;
	} table[] = {
		{0, ""},
		{EVENT_REFUSES, "refuse alice session-revoked\n"},
		{EVENT_DROPS_PIN, "pin dropped\n"},
		{EVENT_RECHECKS, "recheck alice\n"},
		{EVENT_DROPS_PIN | EVENT_RECHECKS, "pin dropped\nrecheck alice\n"},
		{EVENT_REFUSES | EVENT_RECHECKS | EVENT_DROPS_PIN, "pin dropped\nrefuse alice session-revoked\n"},
	};
	struct world *w = begin_world(state);
	struct notice n = usual(w);
	char id[8];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		seen.done[0] = '\0';
		(void)snprintf(id, sizeof(id), "a%zu", i);
		n.id = id;
		n.actions = table[i].actions;
		assert_int_equal(apply(w, &n, table[i].actions != 0), 0);
		assert_string_equal(seen.done, table[i].done);
	}
}

/* T15, I5: a provider speaks of its own people, known by issuer and subject. */
static void test_whom(void **state)
{
	struct world *w = begin_world(state);
	struct notice n = usual(w);

	n.subject_issuer = "https://other.example";
	assert_int_equal(apply(w, &n, 0), 0);
	n.id = "j2";
	n.subject_issuer = ISSUER "/";
	assert_int_equal(apply(w, &n, 0), 0);
	n.id = "j3";
	n.subject_issuer = ISSUER;
	n.subject = "S1";
	assert_int_equal(apply(w, &n, 0), 0);
	n.id = "j4";
	n.subject = "alice";
	assert_int_equal(apply(w, &n, 0), 0);
	n.id = "j5";
	n.subject = NULL;
	n.subject_issuer = NULL;
	assert_int_equal(apply(w, &n, 0), 0);
	assert_string_equal(seen.done, "");
	/* all of them count as heard */
	assert_int_equal(apply(w, &n, 0), NOTICE_KNOWN);
	/* a stream of its own issuer, about people of the provider */
	n.id = "j6";
	n.issuer = "https://events.example";
	n.subject_issuer = ISSUER;
	n.subject = "s1";
	assert_int_equal(apply(w, &n, 1), 0);
	assert_string_equal(seen.done, "refuse alice session-revoked\n");
}

/* Who has signed in again since is left alone, give or take what clocks differ by. */
static void test_older_than_sign_in(void **state)
{
	struct world *w = begin_world(state);
	struct notice n = usual(w);

	n.happened_s -= 61;
	assert_int_equal(apply(w, &n, 1), 0);
	assert_string_equal(seen.done, "");
	n.id = "j2";
	n.happened_s += 1;
	assert_int_equal(apply(w, &n, 1), 0);
	assert_string_equal(seen.done, "refuse alice session-revoked\n");
}

/* What could not be made to last comes again: its id is not used up. */
static void test_failure_comes_again(void **state)
{
	struct world *w = begin_world(state);
	struct notice n = usual(w);

	seen.refuse_result = -ENOSPC;
	assert_int_equal(apply(w, &n, 0), -ENOSPC);
	assert_int_equal(store_find_jti(w->ctx.store, ISSUER, "j1"), -ENOENT);
	seen.refuse_result = 0;
	seen.pin_result = -EIO;
	n.actions = EVENT_REFUSES | EVENT_DROPS_PIN;
	seen.done[0] = '\0';
	assert_int_equal(apply(w, &n, 0), -EIO);
	assert_string_equal(seen.done, "pin dropped\n");
	seen.pin_result = 0;
	assert_int_equal(apply(w, &n, 1), 0);
	assert_int_equal(store_find_jti(w->ctx.store, ISSUER, "j1"), 0);
}

/* BL-06: a logout that names a session and nobody. */
static void test_session(void **state)
{
	struct world *w = begin_world(state);
	struct notice n = usual(w);
	struct account *a = NULL;
	struct standing st = {.state = STANDING_GOOD, .checked_s = 1, .sid = "session-9"};
	struct row_owner owner = {.issuer = ISSUER, .subject = "s2"};

	assert_int_equal(store_find_name(w->ctx.store, "bob", &a), 0);
	owner.uid = a->uid;
	account_free(a);
	assert_int_equal(store_put_standing(w->ctx.store, &owner, &st), 0);
	n.subject = NULL;
	n.session = "session-8";
	assert_int_equal(apply(w, &n, 0), 0);
	assert_string_equal(seen.done, "");
	n.id = "j2";
	n.session = "session-9";
	assert_int_equal(apply(w, &n, 1), 0);
	assert_string_equal(seen.done, "refuse bob session-revoked\n");
	/* another issuer's session of the same name */
	n.id = "j3";
	n.issuer = "https://events.example";
	assert_int_equal(apply(w, &n, 0), 0);
	assert_string_equal(seen.done, "refuse bob session-revoked\n");
}

/* Forgotten accounts, and who is expected, have nothing that could end. */
static void test_who_is_no_account(void **state)
{
	struct world *w = begin_world(state);
	struct notice n = usual(w);
	struct account *a = NULL;

	assert_int_equal(store_find_name(w->ctx.store, "alice", &a), 0);
	a->state = ACCOUNT_FORGOTTEN;
	assert_int_equal(store_update(w->ctx.store, a), 0);
	account_free(a);
	assert_int_equal(apply(w, &n, 0), 0);
	assert_string_equal(seen.done, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_once, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_actions, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_whom, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_older_than_sign_in, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_failure_comes_again, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_session, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_who_is_no_account, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
