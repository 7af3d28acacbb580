/* SPDX-License-Identifier: MIT */
/* Sign-ins while the provider gives no answer: by a PIN, within limits, and never after a no. */
#include <crypt.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/clock.h"
#include "helper/login/account_check.h"
#include "helper/login/break_glass.h"
#include "helper/login/offline.h"
#include "helper/login/pins.h"
#include "helper/login/recheck.h"
#include "helper/protocol/names.h"
#include "helper/vault/store_standing.h"
#include "helper/vault/store_tokens.h"
#include "tests/unit/login/fake_oauth.h"
#include "tests/unit/login/world.h"

#define NOW INT64_C(1700000000)

static struct recheck_result answer_of_provider;
static struct seal *seal;
static char own_section[] = "sshd";

char *__wrap_crypt_rn(const char *phrase, const char *setting, void *data, int size);
char *__wrap_crypt_rn(const char *phrase, const char *setting, void *data, int size)
{
	struct crypt_data *d = data;

	(void)size;
	(void)setting;
	(void)snprintf(d->output, sizeof(d->output), "$y$%s", phrase);
	return d->output;
}

int __wrap_recheck_start(struct recheck **ret, struct login_context *ctx, const struct account *account,
			 uint32_t max_age_s, recheck_done_fn done, void *userdata);
int __wrap_recheck_start(struct recheck **ret, struct login_context *ctx, const struct account *account,
			 uint32_t max_age_s, recheck_done_fn done, void *userdata)
{
	(void)ret;
	(void)ctx;
	(void)account;
	(void)max_age_s;
	done(userdata, &answer_of_provider);
	return 1;
}

static int setup(void **state)
{
	static const unsigned char key[SEAL_KEY_SIZE] = {1};
	struct world *w;

	if (world_setup(state) < 0 || seal_new(&seal) < 0 || seal_add_key(seal, key) < 0)
		return -1;
	w = *state;
	store_use_seal(w->ctx.store, seal);
	w->policy.offline_max_age_s = 3600;
	w->policy.offline_pin = true;
	w->policy.recheck_s = 300;
	w->policy.sign_in_age_s = ACCESS_ANY_AGE;
	limits_free(w->ctx.codes);
	answer_of_provider = (struct recheck_result){.outcome = RECHECK_UNREACHABLE, .detail = "no route"};
	return limits_new(&w->ctx.codes, 100, 60000, 16);
}

static int teardown(void **state)
{
	int r = world_teardown(state);

	seal_free(seal);
	return r;
}

static struct attempt_request at_terminal(void)
{
	return (struct attempt_request){.user = "alice", .service = "sudo", .has_screen = true, .answers = true};
}

/* Until something is said: the hash comes from another thread. */
static void type(struct world *w, const char *text)
{
	w->said[0] = '\0';
	assert_int_equal(attempt_answer(w->attempt, text, strlen(text)), 0);
	while (w->said[0] == '\0')
		assert_true(sd_event_run(w->loop, UINT64_MAX) >= 0);
}

static void approve(struct world *w, const struct attempt_request *request)
{
	begin(w, request);
	fake_prepared(OAUTH_DONE);
	fake_challenge();
	fake_tokens(OAUTH_DONE);
	fake_identity(OAUTH_DONE, ISSUER, "sub-1", ALICE);
	if (fake.publish_done != NULL)
		fake_published(0);
}

static struct row_owner alice(const struct world *w)
{
	return (struct row_owner){.uid = w->uid, .issuer = ISSUER, .subject = "sub-1"};
}

static void provider_said(struct world *w, enum standing_state state, int64_t when_s)
{
	const struct standing st = {.state = state, .checked_s = when_s, .reason = "gone"};
	struct row_owner o = alice(w);

	assert_int_equal(store_put_standing(w->ctx.store, &o, &st), 0);
}

/* Alice has signed in, chosen a PIN, and the provider stood by her just now. */
static void alice_has_a_pin(struct world *w)
{
	struct attempt_request request = at_terminal();

	approve(w, &request);
	assert_string_equal(w->said, "new-pin");
	type(w, "294718");
	assert_string_equal(w->said, "new-pin-again");
	type(w, "294718");
	assert_string_equal(w->said, "granted");
	provider_said(w, STANDING_GOOD, NOW);
}

static void unreachable(struct world *w, const struct attempt_request *request)
{
	begin(w, request);
	fake_prepared(OAUTH_UNREACHABLE);
}

static void right_pin(void **state)
{
	struct world *w = *state;
	struct attempt_request request = at_terminal();

	alice_has_a_pin(w);
	unreachable(w, &request);
	assert_string_equal(w->said, "pin");
	type(w, "294718");
	assert_string_equal(w->said, "granted");
	/* the question is answered once */
	assert_int_equal(attempt_answer(w->attempt, "294718", 6), -ENOENT);
}

/* CVE-2025-53013 of others: offline, any PIN was right. */
static void wrong_pin(void **state)
{
	struct world *w = *state;
	struct attempt_request request = at_terminal();

	alice_has_a_pin(w);
	unreachable(w, &request);
	type(w, "294719");
	assert_string_equal(w->said, "pin");
	type(w, "294718 ");
	assert_string_equal(w->said, "pin");
	type(w, "29471");
	assert_string_equal(w->said, REASON_WRONG_PIN);
	/* three in a row: one waits now, also with the right one, and is not even asked */
	unreachable(w, &request);
	assert_string_equal(w->said, REASON_PIN_BLOCKED);
	clock_freeze(1000000, NOW + 30);
	unreachable(w, &request);
	assert_string_equal(w->said, "pin");
	type(w, "");
	assert_string_equal(w->said, REASON_WRONG_PIN);
	unreachable(w, &request);
	type(w, "294718");
	assert_string_equal(w->said, "granted");
}

static void too_old(void **state)
{
	struct world *w = *state;
	struct attempt_request request = at_terminal();

	alice_has_a_pin(w);
	provider_said(w, STANDING_GOOD, NOW - 3600);
	unreachable(w, &request);
	assert_string_equal(w->said, "pin");
	/* while the person types */
	provider_said(w, STANDING_GOOD, NOW - 3601);
	type(w, "294718");
	assert_string_equal(w->said, REASON_UNAVAILABLE);
	unreachable(w, &request);
	assert_string_equal(w->said, REASON_UNAVAILABLE);
	/* C5: a clock that was set back makes nothing younger */
	provider_said(w, STANDING_GOOD, NOW + 60);
	unreachable(w, &request);
	assert_string_equal(w->said, REASON_UNAVAILABLE);
	w->policy.offline_max_age_s = 0;
	provider_said(w, STANDING_GOOD, NOW);
	unreachable(w, &request);
	assert_string_equal(w->said, REASON_UNAVAILABLE);
}

/* I17: a no is never overruled by being offline afterwards, not by break-glass either. */
static void refused_before(void **state)
{
	struct world *w = *state;
	struct attempt_request request = at_terminal();

	alice_has_a_pin(w);
	assert_int_equal(break_glass_open(w->ctx.break_glasses, "alice", 3600, "x", "root"), 0);
	unreachable(w, &request);
	assert_string_equal(w->said, "pin");
	provider_said(w, STANDING_REFUSED, NOW);
	type(w, "294718");
	assert_string_equal(w->said, REASON_UNAVAILABLE);
	unreachable(w, &request);
	assert_string_equal(w->said, REASON_UNAVAILABLE);
}

/* Only silence is one: what the provider says counts. */
static void only_unreachable(void **state)
{
	static const enum oauth_outcome others[] = {OAUTH_DENIED,           OAUTH_EXPIRED,   OAUTH_CLIENT_REFUSED,
						    OAUTH_PROVIDER_REFUSED, OAUTH_THROTTLED, OAUTH_TOKEN_INVALID,
						    OAUTH_NO_MEMORY};
	struct world *w = *state;
	struct attempt_request request = at_terminal();

	alice_has_a_pin(w);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		begin(w, &request);
		fake_prepared(others[i]);
		assert_string_not_equal(w->said, "pin");
	}
	/* N8: a captive portal is no answer */
	begin(w, &request);
	fake_prepared(OAUTH_BAD_REPLY);
	assert_string_equal(w->said, "pin");
	/* gone before there was a code, and after */
	begin(w, &request);
	fake_prepared(OAUTH_DONE);
	fake_tokens(OAUTH_UNREACHABLE);
	assert_string_equal(w->said, "pin");
	begin(w, &request);
	fake_prepared(OAUTH_DONE);
	fake_challenge();
	fake_tokens(OAUTH_UNREACHABLE);
	assert_string_equal(w->said, REASON_UNAVAILABLE);
}

/* Not over the network, unless that service's own section says so; and only where somebody can be asked. */
static void where_it_counts(void **state)
{
	struct world *w = *state;
	struct attempt_request request = at_terminal();

	alice_has_a_pin(w);
	request.answers = false;
	unreachable(w, &request);
	assert_string_equal(w->said, REASON_UNAVAILABLE);
	request.answers = true;
	request.source = "192.0.2.7";
	unreachable(w, &request);
	assert_string_equal(w->said, REASON_UNAVAILABLE);
	request.source = NULL;
	request.service = "sshd";
	unreachable(w, &request);
	assert_string_equal(w->said, REASON_UNAVAILABLE);
	w->policy.service = own_section;
	request.source = "192.0.2.7";
	unreachable(w, &request);
	assert_string_equal(w->said, "pin");
	w->policy.offline_pin = false;
	unreachable(w, &request);
	assert_string_equal(w->said, REASON_UNAVAILABLE);
	w->policy.service = NULL;
	request = at_terminal();
	unreachable(w, &request);
	assert_string_equal(w->said, REASON_UNAVAILABLE);
}

/* T23: a PIN is no second factor. */
static void too_weak(void **state)
{
	static char mfa[] = "mfa", *acr[] = {mfa, NULL};
	struct world *w = *state;
	struct attempt_request request = at_terminal();

	alice_has_a_pin(w);
	w->policy.acr = acr;
	unreachable(w, &request);
	assert_string_equal(w->said, REASON_UNAVAILABLE);
}

static void no_pin(void **state)
{
	struct world *w = *state;
	struct attempt_request request = at_terminal();

	unreachable(w, &request); /* nobody ever signed in */
	assert_string_equal(w->said, REASON_UNAVAILABLE);
	w->policy.offline_pin = false;
	approve(w, &request);
	assert_string_equal(w->said, "granted");
	w->policy.offline_pin = true;
	provider_said(w, STANDING_GOOD, NOW);
	unreachable(w, &request);
	assert_string_equal(w->said, REASON_UNAVAILABLE);
}

static void chosen_once(void **state)
{
	struct world *w = *state;
	struct attempt_request request = at_terminal();

	approve(w, &request);
	type(w, "1234");
	assert_string_equal(w->said, "new-pin");
	type(w, "294718");
	type(w, "294719");
	assert_string_equal(w->said, "new-pin");
	/* the third time in vain: the sign-in counts all the same */
	type(w, "111111");
	assert_string_equal(w->said, "granted");
	approve(w, &request);
	type(w, "");
	assert_string_equal(w->said, "granted");
	/* whoever wants none is not asked again and again */
	approve(w, &request);
	assert_string_equal(w->said, "granted");
	/* but when they ask for it */
	request.chooses_pin = true;
	approve(w, &request);
	type(w, "");
	assert_string_equal(w->said, REASON_PIN_NOT_SET);
	approve(w, &request);
	type(w, "294718");
	type(w, "294718");
	assert_string_equal(w->said, "granted");
	w->policy.offline_pin = false;
	begin(w, &request);
	assert_string_equal(w->said, REASON_PIN_NOT_SET);
}

/* T1: whoever else approves chooses nothing for alice. */
static void not_by_another(void **state)
{
	struct world *w = *state;
	struct attempt_request request = at_terminal();

	alice_has_a_pin(w);
	request.chooses_pin = true;
	begin(w, &request);
	fake_prepared(OAUTH_DONE);
	fake_challenge();
	fake_tokens(OAUTH_DONE);
	fake_identity(OAUTH_DONE, ISSUER, "sub-2", BOB);
	assert_string_equal(w->said, REASON_WRONG_ACCOUNT);
	/* and with the provider out of reach there is no new one */
	unreachable(w, &request);
	assert_string_equal(w->said, REASON_UNAVAILABLE);
}

/* An approval at the provider ends what wrong guesses have begun. */
static void approval_unlocks(void **state)
{
	struct world *w = *state;
	struct attempt_request request = at_terminal();

	alice_has_a_pin(w);
	unreachable(w, &request);
	for (int i = 0; i < 3; i++)
		type(w, "294719");
	unreachable(w, &request);
	assert_string_equal(w->said, REASON_PIN_BLOCKED);
	approve(w, &request);
	assert_string_equal(w->said, "granted");
	unreachable(w, &request);
	assert_string_equal(w->said, "pin");
}

static void on_checked(void *userdata, const struct account_check_answer *answer)
{
	struct world *w = userdata;

	(void)snprintf(w->said, sizeof(w->said), "%s", answer->reason == NULL ? "begins" : answer->reason);
}

/* Return: may alice begin a session with a key? */
static bool session_begins(struct world *w)
{
	const struct account_check_request request = {.user = "alice", .service = "sshd"};
	LK_CLEANUP(account_check_freep) struct account_check *check = NULL;

	assert_int_equal(account_check_start(&check, &w->ctx, &request, on_checked, w), 0);
	return strcmp(w->said, "begins") == 0;
}

/* Keys, cron, su: the last word of the provider, while it is young enough. */
static void account_phase(void **state)
{
	struct world *w = *state;

	alice_has_a_pin(w);
	assert_true(session_begins(w));
	provider_said(w, STANDING_GOOD, NOW - 3600);
	assert_true(session_begins(w));
	provider_said(w, STANDING_GOOD, NOW - 3601);
	assert_false(session_begins(w));
	assert_string_equal(w->said, REASON_UNAVAILABLE);
	provider_said(w, STANDING_GOOD, NOW);
	w->policy.offline_max_age_s = 0;
	assert_false(session_begins(w));
	w->policy.offline_max_age_s = 3600;
	provider_said(w, STANDING_REFUSED, NOW);
	assert_false(session_begins(w));
	provider_said(w, STANDING_GOOD, NOW);
	answer_of_provider.outcome = RECHECK_NO_TOKEN;
	assert_false(session_begins(w));
	answer_of_provider.outcome = RECHECK_FAILED;
	assert_false(session_begins(w));
	answer_of_provider.outcome = RECHECK_REFUSED;
	assert_false(session_begins(w));
	answer_of_provider.outcome = RECHECK_UNREACHABLE;
	assert_true(session_begins(w));
	/* policy is policy */
	w->policy.everyone = false;
	assert_false(session_begins(w));
}

static void break_glass(void **state)
{
	struct world *w = *state;
	struct attempt_request request = at_terminal();

	alice_has_a_pin(w);
	provider_said(w, STANDING_GOOD, NOW - 100000);
	w->policy.offline_max_age_s = 0;
	w->policy.offline_pin = false;
	assert_false(session_begins(w));
	assert_int_equal(break_glass_open(w->ctx.break_glasses, "alice", 3600, "provider down", "root"), 0);
	assert_true(session_begins(w));
	answer_of_provider.outcome = RECHECK_NO_TOKEN;
	assert_true(session_begins(w));
	answer_of_provider.outcome = RECHECK_UNREACHABLE;
	unreachable(w, &request);
	assert_string_equal(w->said, "pin");
	type(w, "294718");
	assert_string_equal(w->said, "granted");
	/* sshd takes no PIN by it */
	request.service = "sshd";
	unreachable(w, &request);
	assert_string_equal(w->said, REASON_UNAVAILABLE);
	clock_freeze(1000000 + 3600000, NOW + 3599);
	assert_false(session_begins(w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(right_pin, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_pin, setup, teardown),
		cmocka_unit_test_setup_teardown(too_old, setup, teardown),
		cmocka_unit_test_setup_teardown(refused_before, setup, teardown),
		cmocka_unit_test_setup_teardown(only_unreachable, setup, teardown),
		cmocka_unit_test_setup_teardown(where_it_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(too_weak, setup, teardown),
		cmocka_unit_test_setup_teardown(no_pin, setup, teardown),
		cmocka_unit_test_setup_teardown(chosen_once, setup, teardown),
		cmocka_unit_test_setup_teardown(not_by_another, setup, teardown),
		cmocka_unit_test_setup_teardown(approval_unlocks, setup, teardown),
		cmocka_unit_test_setup_teardown(account_phase, setup, teardown),
		cmocka_unit_test_setup_teardown(break_glass, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
