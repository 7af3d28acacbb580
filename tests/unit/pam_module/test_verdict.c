/* SPDX-License-Identifier: MIT */
/* The table of PAM codes: no row lets anybody in or shrugs, and its texts fit where they go. */
#include "pam_module/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <security/pam_modules.h>

static void assert_refusal(int code)
{
	assert_int_not_equal(code, PAM_SUCCESS);
	assert_int_not_equal(code, PAM_IGNORE);
	assert_int_not_equal(code, PAM_NEW_AUTHTOK_REQD); /* "required" takes it for a success */
	assert_in_range(code, 1, PAM_INCOMPLETE);
}

static void assert_plain(const char *text)
{
	assert_in_range(strlen(text), 1, 900);
	for (; *text; text++)
		assert_in_range(*text, ' ', '~');
}

static void test_every_row(void **state)
{
	(void)state;
	for (int v = VERDICT_REFUSED; v <= VERDICT_MISCONFIGURED; v++) {
		assert_refusal(verdict_sign_in_code((enum verdict)v, false));
		assert_refusal(verdict_sign_in_code((enum verdict)v, true));
		assert_refusal(verdict_account_code((enum verdict)v));
		if (verdict_text((enum verdict)v))
			assert_plain(verdict_text((enum verdict)v));
		assert_plain(verdict_log_text((enum verdict)v));
		/* the only row that hands on to the next module */
		assert_int_equal(verdict_account_code((enum verdict)v) == PAM_USER_UNKNOWN, v == VERDICT_NOT_OURS);
		assert_int_equal(verdict_sign_in_code((enum verdict)v, true) == PAM_USER_UNKNOWN,
				 v == VERDICT_NOT_OURS);
	}
}

/* R8, DEV-16: what sshd and sudo do not repeat. */
static void test_refusal_is_not_repeated(void **state)
{
	(void)state;
	assert_int_equal(verdict_sign_in_code(VERDICT_REFUSED, true), PAM_MAXTRIES);
	assert_int_equal(verdict_sign_in_code(VERDICT_REFUSED, false), PAM_CRED_INSUFFICIENT);
	assert_int_equal(verdict_sign_in_code(VERDICT_LOST, true), PAM_MAXTRIES);
	assert_int_equal(verdict_sign_in_code(VERDICT_GIVEN_UP, false), PAM_ABORT);
	assert_int_equal(verdict_sign_in_code(VERDICT_UNAVAILABLE, true), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(verdict_sign_in_code(VERDICT_UNAVAILABLE, false), PAM_AUTHINFO_UNAVAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_refusal_is_not_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
