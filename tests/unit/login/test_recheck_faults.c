/* SPDX-License-Identifier: MIT */
/* A re-check on a full disk, at each of its writes. Threats C1, C2, C8. No file can be written from fill_disk(true) on. */
#include <errno.h>

#include "tests/unit/login/recheck_world.h"

/* Before the request: what cannot be noted is not sent. */
static void before_it_is_sent(void **state)
{
	struct alice *a = *state;
	struct answer answer;

	assert_int_equal(ask(a, &answer, 0), 0);
	fill_disk(true);
	fake_prepared(OAUTH_DONE);
	fill_disk(false);
	assert_int_equal(fake.refreshes, 0);
	assert_int_equal(answer.result.outcome, RECHECK_FAILED);
	assert_kept(a, "rt-1", false);
	/* it is over when there is room again */
	ask_until_refresh(a, &answer);
	assert_false(fake.was_again);
	recheck_free(answer.handle);
}

/* After the answer: its access token is not used, memory has the only refresh token that works, and the store gets it when it
 * can. Whoever starts anew in between knows that an answer was lost. */
static void after_the_answer(void **state)
{
	struct alice *a = *state;
	struct answer answer;
	unsigned identities = fake.identities;

	ask_until_refresh(a, &answer);
	fill_disk(true);
	fake_refreshed(REFRESH_DONE, "rt-2", "at-2", "id", 300);
	assert_int_equal(answer.result.outcome, RECHECK_FAILED);
	assert_int_equal(fake.identities, identities);
	assert_kept(a, "rt-1", true);

	assert_int_equal(ask(a, &answer, 0), 1);
	assert_int_equal(answer.result.outcome, RECHECK_FAILED);
	assert_int_equal(fake.refreshes, 1);
	fill_disk(false);
	ask_until_refresh(a, &answer);
	assert_string_equal(fake.refreshed, "rt-2 -");
	assert_false(fake.was_again);
	fake_refreshed(REFRESH_DONE, "rt-3", "at-3", "id", 300);
	fake_identity(OAUTH_DONE, ISSUER, ALICE_ID, ALICE);
	assert_int_equal(answer.result.outcome, RECHECK_GOOD);
	assert_kept(a, "rt-3", false);
}

/* The yes: without it on the disk there is none. */
static void the_yes(void **state)
{
	struct alice *a = *state;
	struct answer answer;

	pass(100);
	ask_until_refresh(a, &answer);
	fake_refreshed(REFRESH_DONE, "rt-2", "at-2", "id", 300);
	fill_disk(true);
	fake_identity(OAUTH_DONE, ISSUER, ALICE_ID, ALICE);
	fill_disk(false);
	assert_int_equal(answer.result.outcome, RECHECK_FAILED);
	assert_int_equal(standing_of(a).checked_s, START_S);
	assert_kept(a, "rt-2", false);
}

/* The no: it counts all the same, and is stored at the first look when there is room. */
static void the_no(void **state)
{
	struct alice *a = *state;
	struct row_owner owner = owner_of(a);
	struct answer answer;
	struct standing st;

	ask_until_refresh(a, &answer);
	fill_disk(true);
	fake_refreshed(REFRESH_GONE, NULL, NULL, NULL, 0);
	assert_int_equal(answer.result.outcome, RECHECK_REFUSED);
	assert_int_equal(ask(a, &answer, 3600), 1);
	assert_int_equal(answer.result.outcome, RECHECK_REFUSED);
	assert_int_equal(store_find_standing(a->w->ctx.store, &owner, &st), 0);
	assert_int_equal(st.state, STANDING_GOOD);
	fill_disk(false);
	assert_int_equal(ask(a, &answer, 3600), 1);
	assert_int_equal(answer.result.outcome, RECHECK_REFUSED);
	assert_int_equal(store_find_standing(a->w->ctx.store, &owner, &st), 0);
	assert_int_equal(st.state, STANDING_REFUSED);
	assert_kept(a, "-", false);
}

/* A token of no use that cannot be dropped: it opens nothing. */
static void the_end_of_a_token(void **state)
{
	struct alice *a = *state;
	struct answer answer;

	ask_until_refresh(a, &answer);
	fill_disk(true);
	fake_refreshed(REFRESH_DEAD, NULL, NULL, NULL, 0);
	fill_disk(false);
	assert_int_equal(answer.result.outcome, RECHECK_NO_TOKEN);
	assert_kept(a, "rt-1", true);
	ask_until_refresh(a, &answer);
	assert_true(fake.was_again);
	recheck_free(answer.handle);
}

/* A sign-in whose yes cannot be stored is none: what is stored may contradict it. */
static void the_sign_in(void **state)
{
	struct alice *a = *state;

	assert_int_equal(standing_refuse(&a->w->ctx, a->account, "gone"), 0);
	fake.refresh_token = "rt-5";
	until_identity(a->w, "alice");
	fill_disk(true);
	fake_identity(OAUTH_DONE, ISSUER, ALICE_ID, ALICE);
	if (fake.publish_done != NULL)
		fake_published(0);
	fill_disk(false);
	assert_string_not_equal(a->w->said, "granted");
	assert_int_equal(standing_of(a).state, STANDING_REFUSED);
	assert_kept(a, "-", false);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, alice_setup, alice_teardown)
	const struct CMUnitTest tests[] = {
		TEST(before_it_is_sent),  TEST(after_the_answer), TEST(the_yes), TEST(the_no),
		TEST(the_end_of_a_token), TEST(the_sign_in),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
