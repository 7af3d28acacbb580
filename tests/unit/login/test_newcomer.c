/* SPDX-License-Identifier: MIT */
/*
 * Somebody new, where another source of NSS may know the name or the number (I1, I11): asked when the sign-in begins, and
 * again before anything is bound.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper/accounts/expected.h"
#include "helper/base/clock.h"
#include "helper/login/attempt.h"
#include "helper/protocol/names.h"
#include "tests/unit/login/fake_oauth.h"
#include "tests/unit/login/world.h"

static const char *said_after_sources(struct world *w, enum sources_outcome outcome, uint32_t id)
{
	fake_sources(outcome, id);
	return w->said;
}

/* Known by name elsewhere: refused before anybody has to approve, and the flow ends. */
static void test_i1_name_at_once(void **state)
{
	struct world *w = *state;

	fake.holds_sources = true;
	begin_for(w, "alice");
	fake_prepared(OAUTH_DONE);
	fake_challenge();
	assert_string_equal(fake.sources_asked.name, "alice");
	assert_in_range(fake.sources_asked.uid, ACCOUNTS_UID_MIN_DEFAULT, ACCOUNTS_UID_MAX_DEFAULT);
	assert_int_equal(fake.sources_asked.gid, fake.sources_asked.uid);
	assert_string_equal(said_after_sources(w, SOURCES_NAME, 0), REASON_NAME_TAKEN);
	assert_null(fake.flow_events);
	assert_int_equal(stored(w), 0);
}

/* The answer comes after the approval: nothing is bound before it is there. */
static void test_i1_name_late(void **state)
{
	struct world *w = *state;

	fake.holds_sources = true;
	until_identity(w, "alice");
	fake_identity(OAUTH_DONE, ISSUER, "s-1", ALICE);
	assert_int_equal(fake.asked_sources, 2);
	assert_int_equal(stored(w), 0);
	assert_string_equal(said_after_sources(w, SOURCES_NAME, 0), REASON_NAME_TAKEN);
	assert_int_equal(stored(w), 0);

	until_identity(w, "alice");
	fake_identity(OAUTH_DONE, ISSUER, "s-1", ALICE);
	assert_string_equal(said_after_sources(w, SOURCES_NOBODY, 0), "challenge");
	assert_int_equal(stored(w), 1);
	fake_published(0);
	assert_string_equal(w->said, "granted");

	/* Who has an account is not asked about. */
	fake.asked_sources = 0;
	sign_in(w, "alice", "s-1", ALICE);
	assert_string_equal(w->said, "granted");
	assert_int_equal(fake.asked_sources, 0);
}

/* Whoever is not let in, or is not the account, causes no question after the first. */
static void test_others_are_not_asked_about(void **state)
{
	struct world *w = *state;

	sign_in(w, "alice", "s-2", BOB);
	assert_string_equal(w->said, REASON_WRONG_ACCOUNT);
	assert_int_equal(fake.asked_sources, 1);
}

static void test_sources_that_do_not_answer(void **state)
{
	struct world *w = *state;

	fake.holds_sources = true;
	begin_for(w, "alice");
	/* It may be better by the time that it matters. */
	assert_string_equal(said_after_sources(w, SOURCES_UNKNOWN, 0), "");
	fake_prepared(OAUTH_DONE);
	fake_challenge();
	fake_tokens(OAUTH_DONE);
	fake_identity(OAUTH_DONE, ISSUER, "s-1", ALICE);
	assert_string_equal(said_after_sources(w, SOURCES_UNKNOWN, 0), REASON_NO_STORE);
	assert_int_equal(stored(w), 0);
}

/* I11: the number is somebody's elsewhere. The next one is kept for the name, and who holds the first must come again. */
static void test_i11_number(void **state)
{
	struct world *w = *state;
	struct attempt_request request = {
		.user = "alice", .service = "sshd", .source = "192.0.2.7", .has_screen = true};
	uint32_t first;

	fake.holds_sources = true;
	begin(w, &request);
	first = fake.sources_asked.uid;
	assert_string_equal(said_after_sources(w, SOURCES_ID, first), "");
	assert_int_equal(fake.sources_asked.uid, first + 1);
	assert_string_equal(said_after_sources(w, SOURCES_ID, first + 1), "");
	assert_int_equal(fake.sources_asked.uid, first + 2);
	assert_string_equal(said_after_sources(w, SOURCES_NOBODY, 0), "");

	request.has_seen = true;
	request.seen_uid = first + 2;
	request.seen_gid = first + 2;
	request.seen_home = "/home/alice";
	request.seen_shell = "/bin/sh";
	begin(w, &request);
	assert_int_equal(fake.sources_asked.uid, first + 2);
	assert_string_equal(said_after_sources(w, SOURCES_ID, first + 2), "");
	assert_string_equal(said_after_sources(w, SOURCES_NOBODY, 0), REASON_CONNECT_AGAIN);

	request.seen_uid = first + 3;
	request.seen_gid = first + 3;
	fake.holds_sources = false;
	begin(w, &request);
	fake_prepared(OAUTH_DONE);
	fake_tokens(OAUTH_DONE);
	fake_identity(OAUTH_DONE, ISSUER, "s-1", ALICE);
	fake_published(0);
	assert_string_equal(w->said, "granted");
	assert_int_equal(w->uid, first + 3);
}

/* A number that the provider tells is not ours to change: it is asked about when it is known. */
static void test_i12_told_number(void **state)
{
	struct world *w = *state;

	w->lp.uid_claim = "uid";
	fake.holds_sources = true;
	until_identity(w, "alice");
	assert_int_equal(fake.sources_asked.uid, 0);
	fake_identity(OAUTH_DONE, ISSUER, "s-1", "{\"preferred_username\":\"alice\",\"uid\":1879050000}");
	assert_int_equal(fake.sources_asked.uid, 1879050000);
	assert_string_equal(said_after_sources(w, SOURCES_ID, 1879050000), REASON_CONFIGURATION);
	assert_int_equal(stored(w), 0);
}

/* What a directory keeps was given out without asking; what an administrator keeps was decided. */
static void test_expected(void **state)
{
	struct world *w = *state;
	struct expected_person person = {.subject = "s-1"};
	const struct account_pin pin = {.name = "bob", .uid = 1879050001, .provider = "example", .issuer = ISSUER};
	struct expected_counts counts = {0};
	size_t at, n_new;

	strcpy(person.name, "alice");
	assert_int_equal(accounts_expect(w->ctx.accounts, "example", ISSUER, &person, 1, 1, &counts), 0);
	assert_int_equal(accounts_pin(w->ctx.accounts, &pin, 1, 1, &at, &n_new), 0);

	fake.holds_sources = true;
	begin_for(w, "alice");
	assert_string_equal(fake.sources_asked.name, "alice");
	assert_string_equal(said_after_sources(w, SOURCES_NAME, 0), REASON_NAME_TAKEN);
	begin_for(w, "alice");
	assert_string_equal(said_after_sources(w, SOURCES_ID, fake.sources_asked.uid), REASON_CONFIGURATION);

	fake.asked_sources = 0;
	sign_in(w, "bob", "s-2", BOB);
	assert_string_equal(w->said, "granted");
	assert_int_equal(fake.asked_sources, 0);
}

/* I6: somebody who was renamed gets a name that is new here; her number is hers. */
static void test_i6_new_name(void **state)
{
	struct world *w = *state;

	sign_in(w, "alice", "s-1", ALICE);
	fake.holds_sources = true;
	until_identity(w, "ally");
	fake_identity(OAUTH_DONE, ISSUER, "s-1", "{\"preferred_username\":\"ally\"}");
	assert_string_equal(fake.sources_asked.name, "ally");
	assert_int_equal(fake.sources_asked.uid, 0);
	assert_string_equal(said_after_sources(w, SOURCES_NAME, 0), REASON_NAME_TAKEN);
}

/* While the answer was on its way the number went to somebody else: the next one is asked about. */
static void test_changes_meanwhile(void **state)
{
	struct world *w = *state;
	struct account_pin pin = {.name = "carol", .provider = "example", .issuer = ISSUER};
	size_t at, n_new;

	fake.holds_sources = true;
	until_identity(w, "alice");
	fake_identity(OAUTH_DONE, ISSUER, "s-1", ALICE);
	pin.uid = fake.sources_asked.uid;
	assert_int_equal(accounts_pin(w->ctx.accounts, &pin, 1, 1, &at, &n_new), 0);
	fake_sources(SOURCES_NOBODY, 0);
	assert_int_equal(fake.published, 0);
	assert_int_equal(fake.sources_asked.uid, pin.uid + 1);
	fake_sources(SOURCES_NOBODY, 0);
	fake_published(0);
	assert_string_equal(w->said, "granted");
	assert_int_equal(w->uid, pin.uid + 1);
}

/* Another source has all of them, it says: an end, and no child for each number of the range. */
static void test_rounds(void **state)
{
	struct world *w = *state;
	unsigned rounds = 0;

	fake.holds_sources = true;
	until_identity(w, "alice");
	fake_identity(OAUTH_DONE, ISSUER, "s-1", ALICE);
	for (; fake.sources_done != NULL; rounds++)
		fake_sources(SOURCES_ID, fake.sources_asked.uid);
	assert_int_equal(rounds, 64);
	assert_string_equal(w->said, REASON_NO_STORE);
	assert_int_equal(stored(w), 0);
}

/* Lookups of strangers, as many as there are places and more, do not take the number of somebody who is approving; a promise
 * lasts as long as a login may. */
static void test_promises_give_way(void **state)
{
	struct world *w = *state;
	char name[NAME_MAX_LEN + 1];

	begin_for(w, "alice");
	clock_freeze(1000000 + 840000, 1700000840);
	for (unsigned i = 0; i < 1100; i++) {
		LK_CLEANUP(account_freep) struct account *a = NULL;

		(void)snprintf(name, sizeof(name), "guess%u", i);
		assert_int_equal(accounts_reserve(w->ctx.accounts, name, ISSUER, LOGIN_PROMISE_MS, &a), 0);
	}
	assert_true(accounts_is_held(w->ctx.accounts, "alice"));
	clock_freeze(1000000 + 840000 + 899999, 1700001739);
	assert_true(accounts_is_held(w->ctx.accounts, name));
	clock_freeze(1000000 + 840000 + 900000, 1700001740);
	assert_false(accounts_is_held(w->ctx.accounts, name));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_i1_name_at_once),
		TEST(test_i1_name_late),
		TEST(test_others_are_not_asked_about),
		TEST(test_sources_that_do_not_answer),
		TEST(test_i11_number),
		TEST(test_i12_told_number),
		TEST(test_expected),
		TEST(test_i6_new_name),
		TEST(test_changes_meanwhile),
		TEST(test_rounds),
		TEST(test_promises_give_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
