/* SPDX-License-Identifier: MIT */
/* Ranges of ids: what may be written and what is in them. */
#include "helper/base/id_range.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void ranges(void **state)
{
	struct id_ranges r = {0};

	(void)state;
	assert_false(id_ranges_have(&r, 1000));
	assert_int_equal(id_ranges_add(&r, "1000-1002 70000", 1000), 0);
	assert_int_equal(id_ranges_add(&r, " 2147483646-2147483647\t", 1000), 0);
	assert_int_equal(r.n, 3);
	assert_false(id_ranges_have(&r, 999));
	assert_true(id_ranges_have(&r, 1000));
	assert_true(id_ranges_have(&r, 1002));
	assert_false(id_ranges_have(&r, 1003));
	assert_false(id_ranges_have(&r, 69999));
	assert_true(id_ranges_have(&r, 70000));
	assert_false(id_ranges_have(&r, 70001));
	assert_true(id_ranges_have(&r, 2147483647));
	assert_false(id_ranges_have(&r, 2147483648));
	assert_false(id_ranges_have(&r, 0));
	id_ranges_done(&r);
}

static void refusals(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"999",
		"0",
		"-1",
		"1000-",
		"-2000",
		"1000-999",
		"1000--2",
		"1e3",
		"0x1000",
		"01000",
		"+1000",
		"1000.0",
		"1000-2147483648",
		"2147483648",
		"1000,2000",
		"1000 - 2000",
		"1000 2000 x",
		"4294967296",
		"1000-4294967295",
	};
	struct id_ranges r = {0};
	char text[ID_RANGES_MAX * 5 + 8] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (id_ranges_add(&r, texts[i], 1000) != -EINVAL)
			fail_msg("accepted: '%s'", texts[i]);
		assert_int_equal(r.n, 0);
	}
	for (unsigned i = 0; i < ID_RANGES_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%u ", 2000 + i);
	assert_int_equal(id_ranges_add(&r, text, 1000), 0);
	assert_int_equal(id_ranges_add(&r, "1000", 1000), -E2BIG);
	assert_int_equal(r.n, ID_RANGES_MAX);
	id_ranges_done(&r);
	strcat(text, "1000");
	assert_int_equal(id_ranges_add(&r, text, 1000), -E2BIG);
	id_ranges_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
