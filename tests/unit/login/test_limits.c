/* SPDX-License-Identifier: MIT */
/* Threat R5: how many events a key may have, in bounded memory. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/clock.h"
#include "helper/login/limits.h"

static int teardown(void **state)
{
	(void)state;
	clock_thaw();
	return 0;
}

static void burst_and_refill(void **state)
{
	LK_CLEANUP(limits_freep) struct limits *l = NULL;

	(void)state;
	clock_freeze(0, 0);
	assert_int_equal(limits_new(&l, 3, 10000, 100), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(limits_take(l, "a"), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(limits_take(l, "a"), -EDQUOT);
	assert_int_equal(limits_take(l, "b"), 0);
	clock_freeze(9999, 0);
	assert_int_equal(limits_take(l, "a"), -EDQUOT);
	clock_freeze(10000, 0);
	assert_int_equal(limits_take(l, "a"), 0);
	assert_int_equal(limits_take(l, "a"), -EDQUOT);
	/* the burst is all there ever is, however long one waits */
	clock_freeze(10000000, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(limits_take(l, "a"), 0);
	assert_int_equal(limits_take(l, "a"), -EDQUOT);
}

static void bounds(void **state)
{
	LK_CLEANUP(limits_freep) struct limits *none = NULL, *one = NULL;

	(void)state;
	clock_freeze(5, 0);
	assert_int_equal(limits_new(&none, 1, 0, 1), -EINVAL);
	assert_int_equal(limits_new(&none, 1, 1, 0), -EINVAL);
	assert_null(none);
	assert_int_equal(limits_new(&none, 0, 1, 1), 0);
	assert_int_equal(limits_take(none, "a"), -EDQUOT);
	assert_int_equal(limits_new(&one, UINT32_MAX, UINT32_MAX, 1), 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(limits_take(one, "a"), 0);
	limits_free(NULL);
}

/* As many keys as allowed, the one idle for longest goes first, also when keys come back. */
static void oldest_key_goes(void **state)
{
	LK_CLEANUP(limits_freep) struct limits *l = NULL;

	(void)state;
	clock_freeze(0, 0);
	assert_int_equal(limits_new(&l, 1, 1000000, 3), 0);
	assert_int_equal(limits_take(l, "a"), 0);
	assert_int_equal(limits_take(l, "b"), 0);
	assert_int_equal(limits_take(l, "c"), 0);
	assert_int_equal(limits_take(l, "a"), -EDQUOT); /* used: b is the oldest now */
	assert_int_equal(limits_take(l, "d"), 0);
	assert_int_equal(limits_take(l, "a"), -EDQUOT);
	assert_int_equal(limits_take(l, "c"), -EDQUOT);
	assert_int_equal(limits_take(l, "d"), -EDQUOT);
	assert_int_equal(limits_take(l, "b"), 0); /* forgotten, so new; a goes */
	assert_int_equal(limits_take(l, "a"), 0);
}

static void many_keys(void **state)
{
	LK_CLEANUP(limits_freep) struct limits *l = NULL;
	char key[32];

	(void)state;
	clock_freeze(0, 0);
	assert_int_equal(limits_new(&l, 1, 1000000, 1000), 0);
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(key, sizeof(key), "key-%u", i);
		assert_int_equal(limits_take(l, key), 0);
	}
	for (unsigned i = 99000; i < 100000; i++) {
		snprintf(key, sizeof(key), "key-%u", i);
		assert_int_equal(limits_take(l, key), -EDQUOT);
	}
}

static void single_key_table(void **state)
{
	LK_CLEANUP(limits_freep) struct limits *l = NULL;

	(void)state;
	clock_freeze(0, 0);
	assert_int_equal(limits_new(&l, 1, 10000, 1), 0);
	assert_int_equal(limits_take(l, "a"), 0);
	assert_int_equal(limits_take(l, "a"), -EDQUOT);
	assert_int_equal(limits_take(l, "b"), 0);
	assert_int_equal(limits_take(l, "b"), -EDQUOT);
}

/* Do two spellings share one bucket? */
static bool is_same(const char *a, const char *b)
{
	LK_CLEANUP(limits_freep) struct limits *l = NULL;

	clock_freeze(0, 0);
	assert_int_equal(limits_new(&l, 1, 10000, 10), 0);
	assert_int_equal(limits_take(l, a), 0);
	return limits_take(l, b) == -EDQUOT;
}

static void addresses(void **state)
{
	char long_a[100], long_b[100];

	(void)state;
	assert_true(is_same("192.0.2.1", "192.0.2.1"));
	assert_false(is_same("192.0.2.1", "192.0.2.2"));
	assert_true(is_same("2001:db8::1", "2001:db8::ffff:1"));
	assert_true(is_same("2001:db8::1", "2001:0DB8:0:0:1:2:3:4"));
	assert_false(is_same("2001:db8::1", "2001:db8:0:1::1"));
	assert_true(is_same("fe80::1%eth0", "fe80::2"));
	assert_true(is_same("::ffff:192.0.2.1", "192.0.2.1"));
	assert_false(is_same("::ffff:192.0.2.1", "::ffff:192.0.2.2"));
	assert_false(is_same("", "a"));
	memset(long_a, 'x', sizeof(long_a));
	memset(long_b, 'x', sizeof(long_b));
	long_a[99] = '\0';
	long_b[99] = '\0';
	long_b[63] = 'y';
	assert_true(is_same(long_a, long_b));
	long_b[62] = 'y';
	assert_false(is_same(long_a, long_b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(burst_and_refill), cmocka_unit_test(bounds),
		cmocka_unit_test(oldest_key_goes),  cmocka_unit_test(many_keys),
		cmocka_unit_test(single_key_table), cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
