/* SPDX-License-Identifier: MIT */
/* Asking the provider again, by refresh token: who waits, what the store has at each step, and what each answer leads to.
 * Checklist OA-13, BCP-05, BCP-11, ID-17; threats R14, T20, C1, C2, C8, I17. */
#include <errno.h>

#include "helper/vault/store_revocations.h"
#include "tests/unit/login/recheck_world.h"

#define IN_STAFF "{\"preferred_username\":\"alice\",\"name\":\"Alice A.\",\"groups\":[\"staff\"]}"

/* The sign-in keeps the refresh token and the yes; within the age nobody is asked. */
static void kept_at_the_sign_in(void **state)
{
	struct alice *a = *state;
	struct answer answer;

	assert_kept(a, "rt-1", false);
	assert_int_equal(standing_of(a).state, STANDING_GOOD);
	assert_int_equal(standing_of(a).checked_s, START_S);
	pass(300);
	assert_int_equal(ask(a, &answer, 300), 1);
	assert_int_equal(answer.told, 1);
	assert_int_equal(answer.result.outcome, RECHECK_GOOD);
	assert_int_equal(answer.result.good_s, START_S);
	assert_int_equal(fake.refreshes, 0);
	pass(1);
	assert_int_equal(ask(a, &answer, 300), 0);
	recheck_free(answer.handle);
}

/* R14: a hundred at once, one request, and each hears the same; what came is stored before it is used. */
static void a_hundred_at_once(void **state)
{
	struct answer answers[100];
	struct alice *a = *state;
	unsigned prepared = fake.prepared;

	pass(400);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(ask(a, &answers[i], 300), 0);
	assert_int_equal(fake.prepared, prepared + 1);
	assert_kept(a, "rt-1", false);
	fake_prepared(OAUTH_DONE);
	assert_string_equal(fake.refreshed, "rt-1 -");
	assert_false(fake.was_again);
	assert_kept(a, "rt-1", true); /* C1: noted before it was sent */

	fake_refreshed(REFRESH_DONE, "rt-2", "at-2", "id", 300);
	assert_kept(a, "rt-2", false);
	assert_non_null(fake.identity_done); /* and only now is the access token used */
	assert_int_equal(standing_of(a).checked_s, START_S);
	fake_identity(OAUTH_DONE, ISSUER, ALICE_ID, ALICE);
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(answers[i].told, 1);
		assert_int_equal(answers[i].result.outcome, RECHECK_GOOD);
		assert_int_equal(answers[i].result.good_s, START_S + 400);
	}
	assert_int_equal(fake.refreshes, 1);
	assert_int_equal(standing_of(a).checked_s, START_S + 400);
	assert_int_equal(ask(a, &answers[0], 300), 1);
}

/* Whoever asked may go; the answer is stored all the same, for it holds the only token that works. */
static void everybody_leaves(void **state)
{
	struct alice *a = *state;
	struct answer answer;

	ask_until_refresh(a, &answer);
	recheck_free(answer.handle);
	fake_refreshed(REFRESH_DONE, "rt-2", "at-2", "id", 300);
	fake_identity(OAUTH_DONE, ISSUER, ALICE_ID, ALICE);
	assert_int_equal(answer.told, 0);
	assert_kept(a, "rt-2", false);
}

/* BCP-11: a no is durable, is never asked again, and one sign-in heals it. */
static void refused(void **state)
{
	struct alice *a = *state;
	struct answer answer;

	ask_until_refresh(a, &answer);
	fake_refreshed(REFRESH_GONE, NULL, NULL, NULL, 0);
	assert_int_equal(answer.told, 1);
	assert_int_equal(answer.result.outcome, RECHECK_REFUSED);
	assert_kept(a, "-", false);
	assert_int_equal(standing_of(a).state, STANDING_REFUSED);
	assert_string_equal(standing_of(a).reason, "detail");

	assert_int_equal(ask(a, &answer, 3600), 1);
	assert_int_equal(answer.result.outcome, RECHECK_REFUSED);
	assert_int_equal(fake.refreshes, 1);

	sign_in_alice(a, "rt-9", "at-9");
	assert_int_equal(standing_of(a).state, STANDING_GOOD);
	assert_kept(a, "rt-9", false);
	assert_int_equal(ask(a, &answer, 1), 1);
	assert_int_equal(answer.result.outcome, RECHECK_GOOD);
}

/* A token that is of no use says nothing of the person: nobody is refused for good, and nobody comes in by it. */
static void dead(void **state)
{
	struct alice *a = *state;
	struct answer answer;

	ask_until_refresh(a, &answer);
	fake_refreshed(REFRESH_DEAD, NULL, NULL, NULL, 0);
	assert_int_equal(answer.result.outcome, RECHECK_NO_TOKEN);
	assert_kept(a, "-", false);
	assert_int_equal(standing_of(a).state, STANDING_GOOD);
	pass(1);
	assert_int_equal(ask(a, &answer, 0), 1);
	assert_int_equal(answer.result.outcome, RECHECK_NO_TOKEN);
	assert_int_equal(fake.refreshes, 1);
}

/* Neither yes nor no; and for two seconds the provider is left alone. */
static void unreachable(void **state)
{
	struct alice *a = *state;
	struct answer answer;

	pass(100);
	ask_until_refresh(a, &answer);
	fake_refreshed(REFRESH_UNREACHABLE, NULL, NULL, NULL, 0);
	assert_int_equal(answer.result.outcome, RECHECK_UNREACHABLE);
	assert_int_equal(answer.result.good_s, START_S);
	assert_kept(a, "rt-1", false); /* it was not used: the note is taken back */
	assert_int_equal(standing_of(a).state, STANDING_GOOD);
	assert_int_equal(standing_of(a).checked_s, START_S);

	pass(1);
	assert_int_equal(ask(a, &answer, 0), 1);
	assert_int_equal(answer.result.outcome, RECHECK_UNREACHABLE);
	pass(1);
	assert_int_equal(ask(a, &answer, 0), 0);
	fake_prepared(OAUTH_UNREACHABLE);
	assert_int_equal(answer.result.outcome, RECHECK_UNREACHABLE);
	assert_int_equal(fake.refreshes, 1);
}

/* After a lost answer the store goes on saying so, until there is another one. */
static void lost(void **state)
{
	struct alice *a = *state;
	struct answer answer;

	ask_until_refresh(a, &answer);
	fake_refreshed(REFRESH_LOST, NULL, NULL, NULL, 0);
	assert_int_equal(answer.result.outcome, RECHECK_UNREACHABLE);
	assert_kept(a, "rt-1", true);
	pass(2);
	ask_until_refresh(a, &answer);
	assert_true(fake.was_again);
	fake_refreshed(REFRESH_UNREACHABLE, NULL, NULL, NULL, 0);
	assert_kept(a, "rt-1", true); /* not for this request to take back */
	pass(2);
	ask_until_refresh(a, &answer);
	fake_refreshed(REFRESH_DONE, NULL, "at-2", "id", 300);
	assert_kept(a, "rt-1", false); /* none came: the one that was shown stays good */
	fake_identity(OAUTH_DONE, ISSUER, ALICE_ID, ALICE);
	assert_int_equal(answer.result.outcome, RECHECK_GOOD);
}

/* T20, ID-17: somebody else's tokens are nobody's, and the last yes counts no more. */
static void tokens_of_somebody_else(void **state)
{
	static const char *const others[][2] = {{ISSUER, "bob-2"}, {"https://other.example", ALICE_ID}};
	struct alice *a = *state;
	struct answer answer;

	for (size_t i = 0; i < 2; i++) {
		ask_until_refresh(a, &answer);
		fake_refreshed(REFRESH_DONE, "rt-2", "at-2", "id", 300);
		fake_identity(OAUTH_DONE, others[i][0], others[i][1], ALICE);
		assert_int_equal(answer.result.outcome, RECHECK_NO_TOKEN);
		assert_kept(a, "-", false);
		assert_int_equal(standing_of(a).state, STANDING_UNKNOWN);
		assert_int_equal(ask(a, &answer, 3600), 1);
		assert_int_equal(answer.result.outcome, RECHECK_NO_TOKEN);
		sign_in_alice(a, "rt-1", "at-1");
	}
}

/* An ID token that must not be believed, or userinfo that cannot be had, is neither yes nor no. */
static void an_identity_that_cannot_be_known(void **state)
{
	static const enum oauth_outcome outcomes[] = {OAUTH_TOKEN_INVALID, OAUTH_UNREACHABLE, OAUTH_TOKEN_REFUSED,
						      OAUTH_THROTTLED};
	struct alice *a = *state;
	struct answer answer;

	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		ask_until_refresh(a, &answer);
		fake_refreshed(REFRESH_DONE, "rt-2", "at-2", "id", 300);
		fake_identity(outcomes[i], NULL, NULL, NULL);
		assert_int_equal(answer.result.outcome, RECHECK_UNREACHABLE);
		assert_kept(a, "rt-2", false);
		assert_int_equal(standing_of(a).checked_s, START_S);
		pass(3);
	}
}

/* I17: who has left a group has left it on the map before the yes, or there is none. */
static void other_groups(void **state)
{
	static char name[] = "staff", value[] = "staff";
	static char *values[] = {value, NULL};
	static struct group_rule rule = {.name = name, .claim_values = values, .issuer = ISSUER};
	struct alice *a = *state;
	struct answer answer;
	unsigned published;

	a->w->account_settings.groups = (struct group_rules){&rule, 1};
	a->w->access.groups = &a->w->account_settings.groups;
	ask_until_refresh(a, &answer);
	fake_refreshed(REFRESH_DONE, "rt-2", "at-2", "id", 300);
	assert_string_equal(fake.wanted, "groups ");
	published = fake.published;
	fake_identity(OAUTH_DONE, ISSUER, ALICE_ID, IN_STAFF);
	assert_int_equal(fake.published, published + 1);
	assert_int_equal(answer.told, 0);
	pass(1);
	fake_published(-EIO);
	assert_int_equal(answer.result.outcome, RECHECK_FAILED);
	assert_int_equal(standing_of(a).checked_s, START_S);

	/* nothing has changed since, but the map is still to come */
	ask_until_refresh(a, &answer);
	fake_refreshed(REFRESH_DONE, "rt-3", "at-3", "id", 300);
	fake_identity(OAUTH_DONE, ISSUER, ALICE_ID, IN_STAFF);
	assert_int_equal(answer.told, 0);
	fake_published(0);
	assert_int_equal(answer.result.outcome, RECHECK_GOOD);
	assert_int_equal(standing_of(a).checked_s, START_S + 1);

	ask_until_refresh(a, &answer);
	fake_refreshed(REFRESH_DONE, "rt-4", "at-4", "id", 300);
	published = fake.published;
	fake_identity(OAUTH_DONE, ISSUER, ALICE_ID, IN_STAFF);
	assert_int_equal(answer.result.outcome, RECHECK_GOOD);
	assert_int_equal(fake.published, published);
}

/* Without an ID token, and with nothing that somebody wants to know, the provider's word about the grant suffices. */
static void no_id_token(void **state)
{
	struct alice *a = *state;
	struct answer answer;
	unsigned identities = fake.identities;

	fake.has_userinfo = true;
	ask_until_refresh(a, &answer);
	fake_refreshed(REFRESH_DONE, "rt-2", "at-2", NULL, 300);
	assert_int_equal(answer.result.outcome, RECHECK_GOOD);
	assert_int_equal(fake.identities, identities);
}

/* The refresh tokens of which the provider is to hear, each followed by a blank; the access token where it is alone. */
static void assert_waiting(struct alice *a, const char *expected)
{
	struct revocation r = {.id = 0};
	char found[128] = "";
	int64_t at = 0;

	while (store_next_revocation(a->w->ctx.store, at, &r) == 0) {
		const struct kept_tokens *t = r.tokens;

		at = r.id;
		assert_non_null(t);
		(void)strncat(found, secret_data(t->refresh_token != NULL ? t->refresh_token : t->access_token), 40);
		(void)strncat(found, " ", 2);
		revocation_done(&r);
	}
	assert_string_equal(found, expected);
}

/* What an older request brings after a new sign-in counts for nothing, be it a yes or a no. */
static void a_sign_in_in_between(void **state)
{
	static const enum refresh_outcome outcomes[] = {REFRESH_DONE, REFRESH_GONE, REFRESH_DEAD, REFRESH_LOST};
	struct alice *a = *state;
	struct answer answer;

	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		refresh_done_fn refresh_done;
		void *refresh_userdata;

		ask_until_refresh(a, &answer);
		refresh_done = fake.refresh_done;
		refresh_userdata = fake.refresh_userdata;
		sign_in_alice(a, "rt-7", "at-7");
		fake.refresh_done = refresh_done;
		fake.refresh_userdata = refresh_userdata;
		fake_refreshed(outcomes[i], "rt-old", "at-old", "id", 300);
		assert_int_equal(standing_of(a).state, STANDING_GOOD);
		assert_kept(a, "rt-7", false);
		/* whoever waited waits for an answer about the new grant */
		assert_int_equal(answer.told, 0);
		fake_prepared(OAUTH_DONE);
		assert_string_equal(fake.refreshed, "rt-7 -");
		fake_refreshed(REFRESH_DONE, "rt-8", "at-8", "id", 300);
		fake_identity(OAUTH_DONE, ISSUER, ALICE_ID, ALICE);
		assert_int_equal(answer.result.outcome, RECHECK_GOOD);
	}
	/* REV-06: an older answer is nobody's reason to revoke anything */
	assert_waiting(a, "");
}

/* A no from elsewhere (an event, a logout) while the provider's answer is on its way. */
static void refused_in_between(void **state)
{
	struct alice *a = *state;
	struct answer answer;

	ask_until_refresh(a, &answer);
	assert_int_equal(standing_refuse(&a->w->ctx, a->account, "session-revoked"), 0);
	fake_refreshed(REFRESH_DONE, "rt-2", "at-2", "id", 300);
	assert_int_equal(answer.result.outcome, RECHECK_REFUSED);
	assert_kept(a, "-", false);
	assert_string_equal(standing_of(a).reason, "session-revoked");
}

static void logged_out_in_between(void **state)
{
	struct alice *a = *state;
	struct answer answer;

	ask_until_refresh(a, &answer);
	assert_int_equal(recheck_forget(&a->w->ctx, a->account, NULL), 0);
	assert_int_equal(standing_of(a).state, STANDING_UNKNOWN);
	fake_refreshed(REFRESH_DONE, "rt-2", "at-2", "id", 300);
	assert_int_equal(answer.result.outcome, RECHECK_NO_TOKEN);
	assert_kept(a, "-", false);
	/* REV-06: what came too late is revoked like what was kept */
	assert_waiting(a, "rt-1 rt-2 ");

	/* but not a no */
	assert_int_equal(standing_refuse(&a->w->ctx, a->account, "gone"), 0);
	assert_int_equal(recheck_forget(&a->w->ctx, a->account, NULL), 0);
	assert_int_equal(standing_of(a).state, STANDING_REFUSED);
}

/* A clock that was set back makes no yes young. */
static void clock_set_back(void **state)
{
	struct alice *a = *state;
	struct answer answer;

	clock_freeze(clock_monotonic_ms(), START_S - 100);
	assert_true(standing_of(a).age_s == INT64_MAX);
	assert_int_equal(ask(a, &answer, 3600), 0);
	recheck_free(answer.handle);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, alice_setup, alice_teardown)
	const struct CMUnitTest tests[] = {
		TEST(kept_at_the_sign_in),
		TEST(a_hundred_at_once),
		TEST(everybody_leaves),
		TEST(refused),
		TEST(dead),
		TEST(unreachable),
		TEST(lost),
		TEST(tokens_of_somebody_else),
		TEST(an_identity_that_cannot_be_known),
		TEST(other_groups),
		TEST(no_id_token),
		TEST(a_sign_in_in_between),
		TEST(refused_in_between),
		TEST(logged_out_in_between),
		TEST(clock_set_back),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
