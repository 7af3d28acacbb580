/* SPDX-License-Identifier: MIT */
/* Access tokens that are handed out, and grants that have nothing else. Checklist OA-11, OA-13, INT-02, INT-05, BT-03. */
#include <errno.h>

#include "tests/unit/login/recheck_world.h"

static int ask_token(struct alice *a, struct answer *answer, const char *scope)
{
	const struct recheck_token_request request = {.scope = scope};

	*answer = (struct answer){0};
	return recheck_token_start(&answer->handle, &a->w->ctx, a->account, &request, on_token, answer);
}

static void refreshed(const char *refresh_token, const char *access_token, uint32_t expires_in_s)
{
	fake_refreshed(REFRESH_DONE, refresh_token, access_token, "id", expires_in_s);
	fake_identity(OAUTH_DONE, ISSUER, ALICE_ID, ALICE);
}

/* OA-11: the sign-in's own, until a third of its life is left; it is never in the store. */
static void renewed_in_time(void **state)
{
	struct alice *a = *state;
	struct answer answer;

	assert_int_equal(ask_token(a, &answer, NULL), 1);
	assert_int_equal(answer.result.outcome, RECHECK_GOOD);
	assert_string_equal(answer.token, "at-1");
	assert_int_equal(answer.lifetime_s, 300);
	pass(199);
	assert_int_equal(ask_token(a, &answer, NULL), 1);
	assert_int_equal(answer.lifetime_s, 101);
	pass(1);
	assert_int_equal(ask_token(a, &answer, NULL), 0);
	fake_prepared(OAUTH_DONE);
	refreshed("rt-2", "at-2", 600);
	assert_string_equal(answer.token, "at-2");
	assert_int_equal(answer.lifetime_s, 600);
	pass(399);
	assert_int_equal(ask_token(a, &answer, NULL), 1);
	assert_string_equal(answer.token, "at-2");
}

/* OA-13: a part of the scope is another token; both are asked for one after the other, and the yes answers everybody. */
static void a_token_of_its_own(void **state)
{
	struct answer own, whole, check, other;
	struct alice *a = *state;

	pass(250);
	assert_int_equal(ask_token(a, &own, "openid"), 0);
	assert_int_equal(ask_token(a, &whole, NULL), 0);
	assert_int_equal(ask_token(a, &other, "email"), 0);
	assert_int_equal(ask(a, &check, 0), 0);
	fake_prepared(OAUTH_DONE);
	assert_string_equal(fake.refreshed, "rt-1 openid");
	refreshed("rt-2", "at-own", 60);
	assert_string_equal(own.token, "at-own");
	assert_int_equal(check.result.outcome, RECHECK_GOOD);
	assert_int_equal(whole.told, 0);
	fake_prepared(OAUTH_DONE);
	assert_string_equal(fake.refreshed, "rt-2 -");
	refreshed("rt-3", "at-whole", 60);
	assert_string_equal(whole.token, "at-whole");
	assert_int_equal(other.told, 0);
	fake_prepared(OAUTH_DONE);
	assert_string_equal(fake.refreshed, "rt-3 email");
	refreshed(NULL, "at-other", 60);
	assert_string_equal(other.token, "at-other");
	assert_int_equal(own.told, 1);
	/* the narrow ones are not what the next one gets */
	assert_int_equal(ask_token(a, &whole, NULL), 1);
	assert_string_equal(whole.token, "at-whole");
}

/* A no answers all of them, and nobody gets a token after it. */
static void refused(void **state)
{
	struct answer own, whole;
	struct alice *a = *state;

	pass(250);
	assert_int_equal(ask_token(a, &own, "openid"), 0);
	assert_int_equal(ask_token(a, &whole, NULL), 0);
	fake_prepared(OAUTH_DONE);
	fake_refreshed(REFRESH_GONE, NULL, NULL, NULL, 0);
	assert_int_equal(own.result.outcome, RECHECK_REFUSED);
	assert_int_equal(whole.result.outcome, RECHECK_REFUSED);
	assert_string_equal(whole.token, "");
	assert_int_equal(ask_token(a, &whole, NULL), 1);
	assert_int_equal(whole.result.outcome, RECHECK_REFUSED);

	sign_in_alice(a, "rt-5", "at-5");
	assert_int_equal(ask_token(a, &whole, NULL), 1);
	assert_string_equal(whole.token, "at-5");
	assert_int_equal(standing_refuse(&a->w->ctx, a->account, "gone"), 0);
	assert_int_equal(ask_token(a, &whole, NULL), 1);
	assert_string_equal(whole.token, "");
}

/* Without a refresh token: introspection. Its yes holds no longer than the token (INT-05). */
static void introspection(void **state)
{
	struct alice *a = *state;
	struct answer answer;

	sign_in_alice(a, NULL, "at-7");
	assert_kept(a, "at-7", false);
	fake.can_introspect = true;
	pass(299);
	assert_int_equal(ask(a, &answer, 3600), 1);
	assert_int_equal(answer.result.outcome, RECHECK_GOOD);
	assert_int_equal(ask(a, &answer, 0), 0);
	fake_prepared(OAUTH_DONE);
	fake_introspected(INTROSPECT_ACTIVE);
	assert_int_equal(answer.result.outcome, RECHECK_GOOD);
	assert_int_equal(fake.introspections, 1);
	assert_int_equal(fake.refreshes, 0);

	pass(1);
	assert_int_equal(ask(a, &answer, 3600), 0);
	fake_prepared(OAUTH_DONE);
	assert_int_equal(answer.result.outcome, RECHECK_NO_TOKEN); /* it has ended: of the person nothing is said */
	assert_int_equal(standing_of(a).state, STANDING_GOOD);
	assert_kept(a, "-", false);
}

static void introspection_says_no(void **state)
{
	struct alice *a = *state;
	struct answer answer;

	sign_in_alice(a, NULL, "at-7");
	fake.can_introspect = true;
	assert_int_equal(ask(a, &answer, 0), 0);
	fake_prepared(OAUTH_DONE);
	fake_introspected(INTROSPECT_UNREACHABLE);
	assert_int_equal(answer.result.outcome, RECHECK_UNREACHABLE);
	assert_int_equal(standing_of(a).state, STANDING_GOOD);
	pass(2);
	assert_int_equal(ask(a, &answer, 0), 0);
	fake_prepared(OAUTH_DONE);
	fake_introspected(INTROSPECT_INACTIVE);
	assert_int_equal(answer.result.outcome, RECHECK_REFUSED);
	assert_int_equal(standing_of(a).state, STANDING_REFUSED);
}

/* Nothing to introspect with: userinfo. BT-03: 401 there is the provider's word about its own token. */
static void userinfo(void **state)
{
	struct alice *a = *state;
	struct answer answer;

	fake.has_userinfo = true;
	sign_in_alice(a, NULL, "at-7");
	assert_int_equal(ask(a, &answer, 0), 0);
	fake_prepared(OAUTH_DONE);
	fake_identity(OAUTH_DONE, ISSUER, ALICE_ID, ALICE);
	assert_int_equal(answer.result.outcome, RECHECK_GOOD);

	assert_int_equal(ask(a, &answer, 0), 0);
	fake_prepared(OAUTH_DONE);
	fake_identity(OAUTH_UNREACHABLE, NULL, NULL, NULL);
	assert_int_equal(answer.result.outcome, RECHECK_UNREACHABLE);
	pass(2);
	assert_int_equal(ask(a, &answer, 0), 0);
	fake_prepared(OAUTH_DONE);
	fake_identity(OAUTH_TOKEN_REFUSED, NULL, NULL, NULL);
	assert_int_equal(answer.result.outcome, RECHECK_REFUSED);
}

/* Neither endpoint is there, or no token at all: a sign-in each time. */
static void nothing_to_ask_with(void **state)
{
	struct alice *a = *state;
	struct answer answer;

	sign_in_alice(a, NULL, "at-7");
	assert_int_equal(ask(a, &answer, 0), 0);
	fake_prepared(OAUTH_DONE);
	assert_int_equal(answer.result.outcome, RECHECK_NO_TOKEN);

	sign_in_alice(a, NULL, NULL);
	assert_int_equal(ask(a, &answer, 0), 1);
	assert_int_equal(answer.result.outcome, RECHECK_NO_TOKEN);
	assert_int_equal(ask(a, &answer, 60), 1);
	assert_int_equal(answer.result.outcome, RECHECK_GOOD); /* the sign-in itself was a yes */
}

/* Neither is there a key to open it with: sign in again, and nobody is refused. */
static void sealed_with_another_key(void **state)
{
	static const unsigned char key[SEAL_KEY_SIZE] = {9};
	struct alice *a = *state;
	struct seal *other;
	struct answer answer;

	assert_int_equal(seal_new(&other), 0);
	assert_int_equal(seal_add_key(other, key), 0);
	store_use_seal(a->w->ctx.store, other);
	assert_int_equal(ask(a, &answer, 0), 1);
	assert_int_equal(answer.result.outcome, RECHECK_NO_TOKEN);
	assert_int_equal(standing_of(a).state, STANDING_GOOD);
	sign_in_alice(a, "rt-2", "at-2");
	assert_kept(a, "rt-2", false);
	/* without any key the sign-in counts, and nothing is kept of it: least of all what was kept before */
	store_use_seal(a->w->ctx.store, NULL);
	sign_in_alice(a, "rt-3", "at-3");
	assert_kept(a, "-", false);
	assert_int_equal(ask(a, &answer, 0), 1);
	assert_int_equal(answer.result.outcome, RECHECK_NO_TOKEN);
	store_use_seal(a->w->ctx.store, a->seal);
	seal_free(other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, alice_setup, alice_teardown)
	const struct CMUnitTest tests[] = {
		TEST(renewed_in_time),     TEST(a_token_of_its_own),      TEST(refused),
		TEST(introspection),       TEST(introspection_says_no),   TEST(userinfo),
		TEST(nothing_to_ask_with), TEST(sealed_with_another_key),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
