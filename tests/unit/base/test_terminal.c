/* SPDX-License-Identifier: MIT */
/* Colours go to a terminal alone, and to none of somebody who does not want them. */
#include "helper/base/terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <pty.h>
#include <unistd.h>

#include <cmocka.h>

static void test_colours(void **state)
{
	int master = -1;
	int slave = -1;
	FILE *terminal;
	FILE *file = tmpfile();

	(void)state;
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	terminal = fdopen(slave, "w");
	assert_non_null(terminal);
	assert_non_null(file);
	assert_int_equal(setenv("TERM", "xterm", 1), 0);
	assert_int_equal(unsetenv("NO_COLOR"), 0);
	assert_true(terminal_has_colours(terminal));
	assert_false(terminal_has_colours(file));
	assert_int_equal(setenv("NO_COLOR", "", 1), 0);
	assert_true(terminal_has_colours(terminal));
	assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
	assert_false(terminal_has_colours(terminal));
	assert_int_equal(unsetenv("NO_COLOR"), 0);
	assert_int_equal(setenv("TERM", "dumb", 1), 0);
	assert_false(terminal_has_colours(terminal));
	assert_int_equal(unsetenv("TERM"), 0);
	assert_false(terminal_has_colours(terminal));
	(void)fclose(file);
	(void)fclose(terminal);
	(void)close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_colours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
