/* SPDX-License-Identifier: MIT */
/*
 * The word by which a person and the helper's log speak of one attempt: it goes from the sign-in to the account phase, and
 * into the system's log; a helper that says something else in its place gets nowhere with it.
 */
#include "pam_module/signin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <security/pam_modules.h>

#include "tests/unit/pam_module/fake.h"

#define VERSION_REPLY "{\"parameters\":{\"release\":\"x\",\"protocol\":1,\"minimum\":1}}"
#define GRANTED(reference)                                                                                             \
	"{\"parameters\":{\"state\":\"granted\",\"account\":{\"name\":\"alice\",\"uid\":1879048193,"                   \
	"\"gid\":1879048193},\"reference\":" reference "}}"
#define DENIED(reference)                                                                                              \
	"{\"error\":\"io.latchkey.Denied\",\"parameters\":{\"reason\":\"refused\",\"message\":\"No.\","                \
	"\"reference\":" reference "}}"

static int setup(void **state)
{
	(void)state;
	fake_reset();
	fake_step(VERSION_REPLY, 0);
	return 0;
}

static int authenticate(void)
{
	const char *argv[] = {"conversation=live"};

	return pam_sm_authenticate(fake_pamh(), 0, 1, argv);
}

static int account_phase(void)
{
	return pam_sm_acct_mgmt(fake_pamh(), 0, 0, NULL);
}

static void test_of_a_sign_in(void **state)
{
	(void)state;
	fake_step(GRANTED("\"7F3K-2Q9M\""), 0);
	assert_int_equal(authenticate(), PAM_SUCCESS);
	assert_string_equal(fake.logged[0].text, "user alice: signed in (7F3K-2Q9M)");
	assert_string_equal(signin_reference(fake_pamh(), "alice"), "7F3K-2Q9M");
	assert_null(signin_reference(fake_pamh(), "bob"));
	fake_step(VERSION_REPLY, 0);
	fake_step("{}", 0);
	assert_int_equal(account_phase(), PAM_SUCCESS);
	assert_non_null(strstr(fake.calls[3], "\"signed_in\":true,\"reference\":\"7F3K-2Q9M\"}"));
}

/* A sign-in counts also where the helper has no such word. */
static void test_none(void **state)
{
	static const char *const replies[] = {GRANTED("null"), GRANTED("7"), GRANTED("\"7f3k-2q9m\""),
					      GRANTED("\"7F3K-2Q9M \"")};

	(void)state;
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		fake_reset();
		fake_step(VERSION_REPLY, 0);
		fake_step(replies[i], 0);
		assert_int_equal(authenticate(), PAM_SUCCESS);
		assert_string_equal(signin_reference(fake_pamh(), "alice"), "");
		fake_step(VERSION_REPLY, 0);
		fake_step("{}", 0);
		assert_int_equal(account_phase(), PAM_SUCCESS);
		assert_non_null(strstr(fake.calls[3], "\"signed_in\":true}"));
	}
}

/* What cron and others log where nobody reads a message. R12: nothing else of the helper's gets in there. */
static void test_of_a_refusal(void **state)
{
	(void)state;
	fake_step(DENIED("\"7F3K-2Q9M\""), 0);
	assert_int_equal(account_phase(), PAM_PERM_DENIED);
	assert_string_equal(fake.logged[0].text, "user (unknown): refused (refused, reference 7F3K-2Q9M)");
	fake_reset();
	fake_step(VERSION_REPLY, 0);
	fake_step(DENIED("\"x\\nuser root: signed in\""), 0);
	assert_int_equal(account_phase(), PAM_PERM_DENIED);
	assert_string_equal(fake.logged[0].text, "user (unknown): refused (refused)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_of_a_sign_in, setup),
		cmocka_unit_test_setup(test_none, setup),
		cmocka_unit_test_setup(test_of_a_refusal, setup),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fake_reset();
	return failed;
}
