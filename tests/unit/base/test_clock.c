/* SPDX-License-Identifier: MIT */
/* The clocks: real ones move forward, frozen ones stand still. */
#include "helper/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

static void test_monotonic_counts_suspend(void **state)
{
	struct timespec before, after;
	uint64_t now;

	(void)state;
	assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &before), 0);
	now = clock_monotonic_ms();
	assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &after), 0);
	assert_true(now >= (uint64_t)before.tv_sec * 1000 + (uint64_t)before.tv_nsec / 1000000);
	assert_true(now <= (uint64_t)after.tv_sec * 1000 + (uint64_t)after.tv_nsec / 1000000);
}

static void test_realtime_is_the_wall_clock(void **state)
{
	int64_t before = (int64_t)time(NULL), now = clock_realtime_s();

	(void)state;
	assert_true(now >= before - 1 && now <= (int64_t)time(NULL) + 1);
}

static void test_freeze_and_thaw(void **state)
{
	(void)state;
	clock_freeze(5, -7);
	assert_int_equal(clock_monotonic_ms(), 5);
	assert_int_equal(clock_realtime_s(), -7);
	clock_freeze(UINT64_MAX, INT64_MAX);
	assert_true(clock_monotonic_ms() == UINT64_MAX);
	assert_true(clock_realtime_s() == INT64_MAX);
	clock_thaw();
	assert_true(clock_monotonic_ms() != UINT64_MAX);
	assert_true(clock_realtime_s() > 1600000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_monotonic_counts_suspend),
		cmocka_unit_test(test_realtime_is_the_wall_clock),
		cmocka_unit_test(test_freeze_and_thaw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
