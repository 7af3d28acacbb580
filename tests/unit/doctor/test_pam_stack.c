/* SPDX-License-Identifier: MIT */
/* How stacks are read and how they end; that Linux-PAM agrees is tried by tests/module/test_pam_stacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "helper/doctor/pam_run.h"

#define PROFILE "[success=done user_unknown=ignore module_unknown=ignore default=die]"
#define UNIX "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n"
#define ACCOUNT_UNIX                                                                                                   \
	"account [success=1 default=ignore] pam_unix.so\naccount requisite pam_deny.so\naccount required "             \
	"pam_permit.so\n"

static void read_stack(struct pam_stack *s, const char *text, enum pam_phase phase)
{
	*s = (struct pam_stack){0};
	assert_int_equal(pam_stack_parse(s, text, strlen(text), phase), 0);
}

static struct pam_ends ends_of(const char *text, enum pam_phase phase, bool is_local, int latchkey)
{
	const struct pam_scenario scenario = {
		.phase = phase, .is_local = is_local, .passwords_count = true, .latchkey = latchkey};
	struct pam_stack s;
	struct pam_ends ends;

	read_stack(&s, text, phase);
	pam_run(&ends, &s, &scenario);
	pam_stack_done(&s);
	return ends;
}

/* I3: a no of Latchkey is one whatever the others say, its yes counts, and local people come in. */
static void test_the_profile(void **state)
{
	static const char auth[] = "auth " PROFILE " pam_latchkey.so\n" UNIX;
	static const char account[] = "account " PROFILE " pam_latchkey.so\n" ACCOUNT_UNIX;
	static const int refusals[] = {PAM_CODE_PERM_DENIED, PAM_CODE_AUTHINFO_UNAVAIL, PAM_CODE_MAXTRIES,
				       PAM_CODE_ABORT};

	(void)state;
	assert_true(ends_of(auth, PAM_PHASE_AUTH, false, PAM_CODE_SUCCESS).can_succeed);
	assert_true(ends_of(account, PAM_PHASE_ACCOUNT, false, PAM_CODE_SUCCESS).can_succeed);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		assert_false(ends_of(auth, PAM_PHASE_AUTH, false, refusals[i]).can_succeed);
		assert_false(ends_of(account, PAM_PHASE_ACCOUNT, false, refusals[i]).can_succeed);
	}
	assert_true(ends_of(auth, PAM_PHASE_AUTH, true, PAM_CODE_USER_UNKNOWN).can_succeed);
	assert_true(ends_of(account, PAM_PHASE_ACCOUNT, true, PAM_CODE_USER_UNKNOWN).can_succeed);
	assert_true(ends_of(auth, PAM_PHASE_AUTH, true, PAM_CODE_MODULE_UNKNOWN).can_succeed);
}

static void test_stacks_with_a_fault(void **state)
{
	(void)state;
	/* sufficient and optional forget a no */
	assert_true(ends_of("account sufficient pam_latchkey.so\n" ACCOUNT_UNIX, PAM_PHASE_ACCOUNT, false,
			    PAM_CODE_PERM_DENIED)
			    .can_succeed);
	assert_true(
		ends_of("auth optional pam_latchkey.so\n" UNIX, PAM_PHASE_AUTH, false, PAM_CODE_AUTH_ERR).can_succeed);
	/* required makes local people fail */
	assert_false(ends_of("auth required pam_latchkey.so\n" UNIX, PAM_PHASE_AUTH, true, PAM_CODE_USER_UNKNOWN)
			     .can_succeed);
	/* whoever passes before is not asked about */
	assert_true(ends_of("account sufficient pam_unix.so\naccount " PROFILE " pam_latchkey.so\n", PAM_PHASE_ACCOUNT,
			    false, PAM_CODE_PERM_DENIED)
			    .can_succeed_unasked);
	/* a module that nobody knows may say anything */
	assert_true(ends_of("auth sufficient pam_other.so\nauth requisite pam_latchkey.so\n", PAM_PHASE_AUTH, false,
			    PAM_CODE_AUTH_ERR)
			    .can_succeed_unasked);
	/* a yes is not the end */
	assert_false(ends_of("auth optional pam_latchkey.so\nauth requisite pam_deny.so\n", PAM_PHASE_AUTH, false,
			     PAM_CODE_SUCCESS)
			     .can_succeed);
	/* a jump too far is a no */
	assert_false(ends_of("auth [success=2 default=die] pam_latchkey.so\nauth required pam_permit.so\n",
			     PAM_PHASE_AUTH, false, PAM_CODE_SUCCESS)
			     .can_succeed);
}

static void test_lines(void **state)
{
	static const char text[] =
		"# all\nAUTH  required\t/lib/security/pam_unix.so nullok # why\n"
		"-auth [default=die] \\\n\n pam_x.so\nauth\nauth [success=odd default=ok] pam_y.so\n";
	struct pam_stack s;

	(void)state;
	read_stack(&s, text, PAM_PHASE_AUTH);
	assert_int_equal(s.n, 4);
	assert_true(pam_rule_is(&s.rules[0], "pam_unix.so"));
	assert_int_equal(s.rules[0].line, 2);
	assert_int_equal(s.rules[0].actions[PAM_CODE_AUTH_ERR], PAM_DO_BAD);
	assert_true(pam_rule_is(&s.rules[1], "pam_x.so"));
	assert_int_equal(s.rules[1].actions[PAM_CODE_SUCCESS], PAM_DO_DIE);
	assert_int_equal(s.rules[2].kind, PAM_RULE_FAULT);
	assert_int_equal(s.rules[3].actions[PAM_CODE_AUTH_ERR], PAM_DO_BAD);
	assert_ptr_equal(pam_stack_find(&s, "pam_x.so"), &s.rules[1]);
	assert_null(pam_stack_find(&s, "pam_latchkey.so"));
	pam_stack_done(&s);
}

static void test_limits(void **state)
{
	static char text[(PAM_STACK_RULES_MAX + 1) * 32];
	char line[1100];
	struct pam_stack s;

	(void)state;
	text[0] = '\0';
	for (unsigned i = 0; i < PAM_STACK_RULES_MAX; i++)
		strcat(text, "auth required pam_permit.so\n");
	read_stack(&s, text, PAM_PHASE_AUTH);
	assert_int_equal(s.n, PAM_STACK_RULES_MAX);
	pam_stack_done(&s);
	strcat(text, "auth required pam_permit.so\n");
	assert_int_equal(pam_stack_parse(&s, text, strlen(text), PAM_PHASE_AUTH), -E2BIG);

	memset(line, 'a', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	assert_int_equal(pam_stack_parse(&s, line, strlen(line), PAM_PHASE_AUTH), -EBADMSG);
	assert_int_equal(pam_stack_parse(&s, "auth \\", 6, PAM_PHASE_AUTH), -EBADMSG);

	/* more ways than are tried: said, and not taken for good */
	text[0] = '\0';
	for (unsigned i = 0; i < 64; i++)
		strcat(text, "auth optional pam_other.so\n");
	assert_true(ends_of(text, PAM_PHASE_AUTH, false, PAM_CODE_SUCCESS).is_too_complex);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_profile),
		cmocka_unit_test(test_stacks_with_a_fault),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
