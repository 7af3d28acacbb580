/* SPDX-License-Identifier: MIT */
/* A service that asks for more than who somebody is: which way a sign-in goes, how the person is named to the provider, and
 * what its answer must say. CB-02, CB-13, CB-14, CB-16, SU-02, SU-05. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/clock.h"
#include "helper/login/pushes.h"
#include "helper/protocol/names.h"
#include "tests/unit/login/account_phase.h"
#include "tests/unit/login/fake_oauth.h"
#include "tests/unit/login/world.h"

#define START_MS 1000000u
#define START_S 1700000000

static void begin_sudo(struct world *w, bool has_screen)
{
	const struct attempt_request request = {.user = "alice", .service = "sudo", .has_screen = has_screen};

	begin(w, &request);
	if (strcmp(w->said, "") == 0)
		fake_prepared(OAUTH_DONE);
}

/* Somebody has signed in by the name before. */
static void be_known(struct world *w)
{
	sign_in(w, "alice", "a-1", ALICE);
	assert_string_equal(w->said, "granted");
	fake_reset();
}

static void use(struct world *w, enum flow_method first, size_t n)
{
	w->policy.methods[0] = first;
	w->policy.methods[1] = FLOW_DEVICE;
	w->policy.n_methods = n;
}

static void answer(struct world *w, const char *subject, const char *claims)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "{\"preferred_username\":\"alice\",\"name\":\"Alice A.\",\"iat\":%d%s}",
		       START_S, claims);
	fake_challenge();
	assert_string_equal(w->said, "challenge");
	fake_tokens(OAUTH_DONE);
	fake_identity(OAUTH_DONE, ISSUER, subject, text);
	if (fake.publish_done != NULL)
		fake_published(0);
}

/* SU-01: all of it is asked for, and CB-02: by what was proved before. */
static void what_is_asked(void **state)
{
	char phr[] = "phr";
	char *acr[] = {phr, NULL};
	struct world *w = *state;

	w->settings.dialect = dialect_find("keycloak");
	w->policy.acr = acr;
	w->policy.has_max_age = true;
	w->policy.max_age_s = 300;
	begin_sudo(w, true);
	assert_string_equal(fake.asked, "host db1.example, subject -, hint -, acr phr, age 300");
	w->policy.acr = NULL;
	w->policy.has_max_age = false;
	be_known(w);

	use(w, FLOW_CIBA, 1);
	begin_sudo(w, true);
	assert_int_equal(fake.method, FLOW_CIBA);
	assert_string_equal(fake.asked, "host db1.example, subject a-1, hint alice, acr -, age not 300");
	assert_string_equal(fake.wanted, "");
}

/* The answer counts, whatever was asked for; a person who is turned away for it is not bound and changes nothing. */
static void the_answer_is_checked(void **state)
{
	char phr[] = "phr", mfa[] = "mfa";
	char *acr[] = {phr, NULL}, *amr[] = {mfa, NULL};
	struct world *w = *state;
	static const struct {
		const char *claims, *said;
	} table[] = {
		{"", REASON_NOT_TOLD},
		{",\"acr\":\"phr\",\"amr\":[\"mfa\"]", REASON_NOT_TOLD},
		{",\"acr\":\"phr\",\"auth_time\":1700000000", REASON_NOT_TOLD},
		{",\"auth_time\":1700000000,\"amr\":[\"mfa\"]", REASON_NOT_TOLD},
		{",\"acr\":\"pwd\",\"auth_time\":1700000000,\"amr\":[\"mfa\"]", REASON_TOO_WEAK},
		{",\"acr\":\"phr\",\"auth_time\":1700000000,\"amr\":[\"pwd\"]", REASON_TOO_WEAK},
		{",\"acr\":\"phr\",\"auth_time\":1699990000,\"amr\":[\"mfa\"]", REASON_TOO_OLD},
		{",\"acr\":\"phr\",\"auth_time\":1700000000,\"amr\":[\"pwd\",\"mfa\"]", "granted"},
	};

	w->policy.acr = acr;
	w->policy.amr = amr;
	w->policy.has_max_age = true;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		limits_free(w->ctx.codes);
		assert_int_equal(limits_new(&w->ctx.codes, 3, 60000, 16), 0);
		begin_sudo(w, true);
		answer(w, "a-1", table[i].claims);
		assert_string_equal(w->said, table[i].said);
		assert_int_equal(stored(w), strcmp(table[i].said, "granted") == 0);
		assert_int_equal(fake.flows, i + 1); /* SU-05: nobody is asked again by itself */
	}
}

/* How long the person took counts from when the flow was begun, and not from when the provider was made ready. */
static void max_age_0_is_for_this_request(void **state)
{
	struct world *w = *state;

	w->policy.has_max_age = true;
	w->policy.max_age_s = 0;
	begin_sudo(w, true);
	clock_freeze(START_MS + 30000, START_S); /* the token is of the same moment as its iat */
	answer(w, "a-1", ",\"auth_time\":1699999970");
	assert_string_equal(w->said, "granted");

	begin_sudo(w, true);
	answer(w, "a-1", ",\"auth_time\":1699999970");
	assert_string_equal(w->said, REASON_TOO_OLD);
}

/* T1, CB-13: a request that somebody else has approved. */
static void ciba_for_somebody_else(void **state)
{
	struct world *w = *state;

	be_known(w);
	use(w, FLOW_CIBA, 1);
	begin_sudo(w, false);
	fake_challenge();
	fake_tokens(OAUTH_DONE);
	fake_identity(OAUTH_DONE, ISSUER, "b-2", BOB);
	assert_string_equal(w->said, REASON_WRONG_ACCOUNT);
}

/* CIBA asks people whom this host knows; for others it is the next method or none. */
static void unknown_people(void **state)
{
	struct world *w = *state;

	use(w, FLOW_CIBA, 1);
	begin_sudo(w, true);
	assert_string_equal(w->said, REASON_NOT_ALLOWED);
	assert_int_equal(fake.flows, 0);

	use(w, FLOW_CIBA, 2);
	begin_sudo(w, true);
	assert_int_equal(fake.method, FLOW_DEVICE);
	answer(w, "a-1", "");
	assert_string_equal(w->said, "granted");

	begin_sudo(w, true);
	assert_int_equal(fake.method, FLOW_CIBA);
	assert_string_equal(fake.asked, "host db1.example, subject a-1, hint -, acr -, age not 0");
}

/* Where nothing that is shown reaches anybody, nothing that must be read is begun. */
static void without_a_screen(void **state)
{
	struct world *w = *state;

	be_known(w);
	begin_sudo(w, false);
	assert_string_equal(w->said, REASON_NO_SCREEN);
	assert_int_equal(fake.flows, 0);

	use(w, FLOW_CIBA, 2);
	begin_sudo(w, false);
	assert_int_equal(fake.method, FLOW_CIBA);
	answer(w, "a-1", "");
	assert_string_equal(w->said, "granted");

	fake.has_no_ciba = true;
	limits_free(w->ctx.codes);
	assert_int_equal(limits_new(&w->ctx.codes, 3, 60000, 16), 0);
	begin_sudo(w, false);
	assert_string_equal(w->said, REASON_NO_SCREEN);
	use(w, FLOW_CIBA, 1);
	begin_sudo(w, true);
	assert_string_equal(w->said, REASON_CONFIGURATION);
}

/* A method that wants something typed needs somebody who can type, and where nobody else asks it is gone after the device flow. */
static void something_to_type(void **state)
{
	struct attempt_request request = {.user = "alice", .service = "sudo", .has_screen = true};
	char redirect[] = "http://127.0.0.1:8123/latchkey";
	struct world *w = *state;

	use(w, FLOW_CODE, 1);
	begin_sudo(w, true);
	assert_string_equal(w->said, REASON_NO_SCREEN);
	assert_int_equal(fake.flows, 0);

	use(w, FLOW_CODE, 0);
	w->settings.redirect_uri = redirect;
	request.answers = true;
	begin(w, &request);
	fake_prepared(OAUTH_DONE);
	assert_int_equal(fake.method, FLOW_DEVICE);
	fake.has_no_device = true;
	begin(w, &request);
	fake_prepared(OAUTH_DONE);
	w->settings.redirect_uri = NULL;
	assert_string_equal(w->said, REASON_CONFIGURATION); /* the fake's second way is as closed */

	fake.has_no_device = false;
	limits_free(w->ctx.codes);
	assert_int_equal(limits_new(&w->ctx.codes, 3, 60000, 16), 0);
	use(w, FLOW_CODE, 1);
	begin(w, &request);
	fake_prepared(OAUTH_DONE);
	assert_int_equal(fake.method, FLOW_CODE);
	fake_challenge();
	assert_int_equal(attempt_answer(w->attempt, "early", 5), -ENOENT);
	fake_question();
	assert_string_equal(w->said, "sign-in");
	assert_string_equal(w->asked, "Paste it");
	assert_int_equal(attempt_answer(w->attempt, "typed", 5), 0);
	assert_string_equal(fake.typed, "typed");
	assert_int_equal(attempt_answer(w->attempt, "twice", 5), -ENOENT);
	fake_tokens(OAUTH_DONE);
	fake_identity(OAUTH_DONE, ISSUER, "a-1", ALICE);
	fake_published(0);
	assert_string_equal(w->said, "granted");
}

/* What ends while somebody types is told with the answer: until then there is no call that it could be told in. */
static void too_late(void **state)
{
	const struct attempt_request request = {
		.user = "alice", .service = "sudo", .has_screen = true, .answers = true};
	struct world *w = *state;

	use(w, FLOW_CODE, 1);
	begin(w, &request);
	fake_prepared(OAUTH_DONE);
	fake_challenge();
	fake_question();
	fake_tokens(OAUTH_EXPIRED);
	assert_string_equal(w->said, "sign-in");
	assert_int_equal(attempt_answer(w->attempt, "typed", 5), 0);
	assert_string_equal(w->said, REASON_EXPIRED);
	assert_string_equal(fake.typed, "");
}

static void push(struct world *w)
{
	limits_free(w->ctx.codes);
	assert_int_equal(limits_new(&w->ctx.codes, 3, 60000, 16), 0);
	begin_sudo(w, true);
}

/* CB-16: a second one would be how a tired person is made to say yes. */
static void one_push_at_a_time(void **state)
{
	struct world *w = *state;

	be_known(w);
	use(w, FLOW_CIBA, 1);

	push(w); /* one that ends in a yes makes room */
	answer(w, "a-1", "");
	assert_string_equal(w->said, "granted");
	assert_int_equal(fake.flows, 1);

	push(w); /* one that was left does not: it is still on the phone */
	fake_challenge();
	push(w);
	assert_string_equal(w->said, REASON_PUSH_PENDING);
	assert_int_equal(fake.flows, 2);
	clock_freeze(START_MS + 599000, START_S);
	push(w);
	assert_string_equal(w->said, REASON_PUSH_PENDING);
	clock_freeze(START_MS + 600000, START_S);

	push(w); /* nor does a no */
	assert_int_equal(fake.flows, 3);
	fake_challenge();
	fake_tokens(OAUTH_DENIED);
	assert_string_equal(w->said, REASON_DENIED);
	push(w);
	assert_string_equal(w->said, REASON_PUSH_PENDING);

	use(w, FLOW_CIBA, 2); /* a code that has to be typed tires nobody */
	push(w);
	assert_int_equal(fake.method, FLOW_DEVICE);
	use(w, FLOW_CIBA, 1);
	clock_freeze(START_MS + 1200000, START_S);

	push(w); /* one that was never sent leaves no trace */
	fake_tokens(OAUTH_UNREACHABLE);
	assert_string_equal(w->said, REASON_UNAVAILABLE);
	push(w);
	assert_string_equal(w->said, "");
	attempt_free(LK_STEAL(w->attempt)); /* left while it was being sent: it may be there */
	push(w);
	assert_string_equal(w->said, REASON_PUSH_PENDING);
}

/* A key, or a sudo that remembers, is held against the last sign-in. */
static void sessions_without_a_sign_in(void **state)
{
	char phr[] = "phr";
	char *acr[] = {phr, NULL};
	struct world *w = *state;

	begin_sudo(w, true);
	answer(w, "a-1", ",\"acr\":\"phr\",\"amr\":[\"mfa\"],\"auth_time\":1700000000");
	assert_string_equal(w->said, "granted");
	w->policy.acr = acr;
	w->policy.has_max_age = true;
	w->policy.max_age_s = 600;
	w->policy.recheck_s = 3600;
	w->policy.sign_in_age_s = ACCESS_ANY_AGE;
	assert_null(check_phase(w, "alice", false));
	clock_freeze(START_MS + 700000, START_S + 700);
	assert_string_equal(check_phase(w, "alice", false), REASON_TOO_OLD);
	assert_null(check_phase(w, "alice", true));
	clock_freeze(START_MS + 700000, START_S - 700); /* set back: it proves nothing */
	assert_string_equal(check_phase(w, "alice", false), REASON_NOT_TOLD);
	clock_freeze(START_MS + 700000, START_S);
	w->policy.max_age_s = 0;
	assert_string_equal(check_phase(w, "alice", false), REASON_SIGN_IN_NEEDED);
	w->policy.max_age_s = 600;
	phr[0] = 'x';
	assert_string_equal(check_phase(w, "alice", false), REASON_TOO_WEAK);
	w->policy.acr = NULL;
	w->policy.amr = acr;
	assert_string_equal(check_phase(w, "alice", false), REASON_TOO_WEAK);
}

static void pushes_of_many(void **state)
{
	LK_CLEANUP(pushes_freep) struct pushes *p = NULL;
	char subject[16];

	(void)state;
	clock_freeze(START_MS, START_S);
	assert_int_equal(pushes_new(&p), 0);
	for (unsigned i = 0; i < PUSHES_MAX; i++) {
		(void)snprintf(subject, sizeof(subject), "%u", i);
		assert_int_equal(pushes_take(p, "https://a", subject, 60), 0);
	}
	assert_int_equal(pushes_take(p, "https://b", "7", 60), -EDQUOT);
	assert_int_equal(pushes_take(p, "https://a", "7", 60), -EBUSY);
	pushes_release(p, "https://b", "7");
	assert_int_equal(pushes_take(p, "https://b", "7", 60), -EDQUOT);
	pushes_release(p, "https://a", "7");
	assert_int_equal(pushes_take(p, "https://b", "7", 60), 0);
	pushes_keep(p, "https://b", "7", 120);
	clock_freeze(START_MS + 60000, START_S);
	assert_int_equal(pushes_take(p, "https://b", "7", 60), -EBUSY);
	for (unsigned i = 0; i < 10; i++) {
		(void)snprintf(subject, sizeof(subject), "%u", i);
		assert_int_equal(pushes_take(p, "https://a", subject, 60), 0);
	}
	clock_thaw();
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(what_is_asked),
		IN_WORLD(the_answer_is_checked),
		IN_WORLD(max_age_0_is_for_this_request),
		IN_WORLD(ciba_for_somebody_else),
		IN_WORLD(unknown_people),
		IN_WORLD(without_a_screen),
		IN_WORLD(something_to_type),
		IN_WORLD(too_late),
		IN_WORLD(one_push_at_a_time),
		IN_WORLD(sessions_without_a_sign_in),
		cmocka_unit_test(pushes_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
