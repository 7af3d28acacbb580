/* SPDX-License-Identifier: MIT */
/*
 * References: the form that people read out, and nothing else.
 */
#include "helper/base/reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_form(void **state)
{
	char one[REFERENCE_LEN + 1], other[REFERENCE_LEN + 1];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		reference_new(one);
		assert_true(reference_is_valid(one));
		/* nothing that is read as something else */
		assert_null(strpbrk(one, "ILOUilou"));
	}
	reference_new(other);
	assert_string_not_equal(one, other);
}

/* What a caller says of its own is believed in this form alone. */
static void test_foreign(void **state)
{
	static const char *const bad[] = {"",          "7F3K2Q9M",  "7F3K-2Q9",   "7F3K-2Q9MM",
					  "7f3k-2q9m", "7F3K_2Q9M", "7F3K-2Q9\n", "7F3I-2Q9M",
					  "-F3K-2Q9M", "7F3K-2Q-M", "7F3K-2Q9 "};

	(void)state;
	assert_true(reference_is_valid("7F3K-2Q9M"));
	assert_false(reference_is_valid(NULL));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(reference_is_valid(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
