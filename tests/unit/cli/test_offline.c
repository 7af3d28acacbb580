/* SPDX-License-Identifier: MIT */
/* Command lines of "pin", "break-glass" and "approvals": what is refused before the helper is asked. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/cli/verbs.h"
#include "tests/unit/cli/capture.h"

static const struct verb verbs[] = {
	{"approvals", "[...]", "", verb_approvals},
	{"pin", "[...]", "", verb_pin},
	{"break-glass", "[NAME]", "", verb_break_glass},
	{NULL, NULL, NULL, NULL},
};

static enum command_exit run(const char *const *words)
{
	struct capture c;
	enum command_exit status = capture_run(&c, verbs, words);

	assert_string_equal(c.out_text, "");
	assert_true(strlen(c.err_text) > 0);
	capture_free(&c);
	return status;
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})
#define NOWHERE "--socket", "/nonexistent/socket"

static void test_misuse(void **state)
{
	(void)state;
	assert_int_equal(RUN("pin"), COMMAND_MISUSE);
	assert_int_equal(RUN("pin", "set"), COMMAND_MISUSE);
	assert_int_equal(RUN("pin", "alice"), COMMAND_MISUSE);
	assert_int_equal(RUN("pin", "clear", "alice", "bob"), COMMAND_MISUSE);
	assert_int_equal(RUN("pin", "set", "alice", "--for", "4h"), COMMAND_MISUSE);
	assert_int_equal(RUN("approvals", "revoke"), COMMAND_MISUSE);
	assert_int_equal(RUN("approvals", "alice", "bob"), COMMAND_MISUSE);
	assert_int_equal(RUN("break-glass", "--for", "4h", "--reason", "x"), COMMAND_MISUSE);
	assert_int_equal(RUN("break-glass", "alice"), COMMAND_MISUSE);
	assert_int_equal(RUN("break-glass", "alice", "--for", "4h"), COMMAND_MISUSE);
	assert_int_equal(RUN("break-glass", "alice", "--reason", "x"), COMMAND_MISUSE);
	assert_int_equal(RUN("break-glass", "alice", "--end", "--reason", "x"), COMMAND_MISUSE);
}

static void test_times(void **state)
{
	static const char *const bad[] = {"4",  "h",    "0h",     "-1h", "4H",           "1.5h",
					  "8d", "169h", "10081m", "4h ", "99999999999h", "4hh"};
	static const char *const good[] = {"1m", "4h", "7d", "168h", "10080m"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(RUN("break-glass", "alice", "--for", bad[i], "--reason", "x", NOWHERE),
				 COMMAND_MISUSE);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(RUN("break-glass", "alice", "--for", good[i], "--reason", "x", NOWHERE),
				 COMMAND_UNREACHABLE);
}

static void test_no_helper(void **state)
{
	(void)state;
	assert_int_equal(RUN("pin", "clear", "alice", NOWHERE), COMMAND_UNREACHABLE);
	assert_int_equal(RUN("pin", "set", "alice", NOWHERE), COMMAND_UNREACHABLE);
	assert_int_equal(RUN("break-glass", NOWHERE), COMMAND_UNREACHABLE);
	assert_int_equal(RUN("break-glass", "alice", "--end", NOWHERE), COMMAND_UNREACHABLE);
	assert_int_equal(RUN("approvals", NOWHERE), COMMAND_UNREACHABLE);
	assert_int_equal(RUN("approvals", "revoke", "alice", NOWHERE), COMMAND_UNREACHABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_no_helper),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
