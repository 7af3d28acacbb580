/* SPDX-License-Identifier: MIT */
/* Which PINs are refused, and how often one may guess. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helper/login/pin_rules.h"

static void refused(void **state)
{
	static const char *const bad[] = {
		"",
		"1",
		"12345",
		"111111",
		"123456",
		"654321",
		"abcdef",
		"121212",
		"123123",
		"abcabc",
		"1231231",
		"aaaaaaa",
		"12345\t",
		"\x7f"
		"29471",
		"29471\n",
		"29471\xc3\xa4",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(pin_fault(bad[i], strlen(bad[i])));
	assert_non_null(pin_fault("2947\0"
				  "1",
				  6));
}

static void accepted(void **state)
{
	static const char *const good[] = {"294718", "112233", "123450", "correct horse", "~~ ~! ~", "135790"};
	char longest[PIN_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_null(pin_fault(good[i], strlen(good[i])));
	memset(longest, 'x', sizeof(longest));
	longest[3] = 'y';
	assert_null(pin_fault(longest, PIN_MAX));
	assert_non_null(pin_fault(longest, PIN_MAX + 1));
}

/* 3 at once, then 30 s, 60 s, 120 s, ... and after the tenth none. */
static void delays(void **state)
{
	int64_t wait_s = -1;

	(void)state;
	for (uint32_t n = 0; n < 3; n++)
		assert_int_equal(pin_gate(n, 1000, 1000, &wait_s), PIN_GATE_OPEN);
	for (uint32_t n = 3; n < 10; n++) {
		int64_t delay_s = 30 << (n - 3);

		assert_int_equal(pin_gate(n, 1000, 1000, &wait_s), PIN_GATE_WAIT);
		assert_int_equal(wait_s, delay_s);
		assert_int_equal(pin_gate(n, 1000, 1000 + delay_s - 1, &wait_s), PIN_GATE_WAIT);
		assert_int_equal(wait_s, 1);
		assert_int_equal(pin_gate(n, 1000, 1000 + delay_s, &wait_s), PIN_GATE_OPEN);
	}
	assert_int_equal(pin_gate(10, 0, INT64_MAX, &wait_s), PIN_GATE_LOCKED);
	assert_int_equal(pin_gate(UINT32_MAX, 0, INT64_MAX, &wait_s), PIN_GATE_LOCKED);
}

/* C5, N20: a clock that was set back opens nothing. */
static void clock_set_back(void **state)
{
	int64_t wait_s = -1;

	(void)state;
	assert_int_equal(pin_gate(2, 1000, 999, &wait_s), PIN_GATE_OPEN);
	assert_int_equal(pin_gate(3, 1000, 999, &wait_s), PIN_GATE_CLOCK);
	assert_int_equal(pin_gate(9, INT64_MAX, 0, &wait_s), PIN_GATE_CLOCK);
	assert_int_equal(pin_gate(10, INT64_MAX, 0, &wait_s), PIN_GATE_LOCKED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(accepted),
		cmocka_unit_test(delays),
		cmocka_unit_test(clock_set_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
