/* SPDX-License-Identifier: MIT */
/* The growing buffer: its maximum is exact, its first fault sticks, and what leaves is wiped. */
#include "helper/base/buf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/secret.h"

/* Every maximum up to beyond the first two growth steps, filled byte by byte and at once. */
static void test_maximum_is_exact(void **state)
{
	char bytes[700];

	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	for (size_t max = 0; max < sizeof(bytes) - 1; max++) {
		LK_CLEANUP(buf_done) struct buf slow;
		LK_CLEANUP(buf_done) struct buf fast;

		buf_init(&slow, max);
		for (size_t i = 0; i < max; i++)
			buf_append(&slow, bytes, 1);
		assert_int_equal(buf_fault(&slow), 0);
		assert_int_equal(slow.len, max);

		buf_init(&fast, max);
		buf_append(&fast, bytes, max);
		assert_int_equal(buf_fault(&fast), 0);
		assert_int_equal(fast.data[max], '\0');

		buf_append(&fast, "", 0);
		assert_int_equal(buf_fault(&fast), 0);
		buf_append(&fast, bytes, 1);
		assert_int_equal(buf_fault(&fast), -E2BIG);
		assert_int_equal(fast.len, max);
	}
}

static void test_first_fault_sticks(void **state)
{
	LK_CLEANUP(buf_done) struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_append_text(&b, "abc");
	buf_append_text(&b, "de");
	assert_int_equal(buf_fault(&b), -E2BIG);
	buf_append_text(&b, "d");
	buf_printf(&b, "%d", 1);
	assert_string_equal(b.data, "abc");
	assert_null(buf_steal(&b));
	assert_int_equal(buf_fault(&b), -E2BIG);
}

static void test_printf_at_the_edge(void **state)
{
	LK_CLEANUP(buf_done) struct buf b;

	(void)state;
	buf_init(&b, 8);
	buf_printf(&b, "%s", "");
	assert_string_equal(b.data, "");
	buf_printf(&b, "%d-%s", 12, "abc");
	assert_string_equal(b.data, "12-abc");
	buf_printf(&b, "%s", "xy");
	assert_string_equal(b.data, "12-abcxy");
	buf_printf(&b, "%s", "z");
	assert_int_equal(buf_fault(&b), -E2BIG);
	assert_string_equal(b.data, "12-abcxy");
}

static void test_consume_wipes(void **state)
{
	LK_CLEANUP(buf_done) struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_consume(&b, 3);
	buf_append_text(&b, "secret-rest");
	buf_consume(&b, 0);
	assert_int_equal(b.len, 11);
	buf_consume(&b, 7);
	assert_string_equal(b.data, "rest");
	assert_memory_equal(b.data + 4, "\0\0\0\0\0\0\0", 7);
	buf_consume(&b, 99);
	assert_int_equal(b.len, 0);
	assert_memory_equal(b.data, "\0\0\0\0", 4);
	buf_append_text(&b, "again");
	assert_string_equal(b.data, "again");
}

static void test_steal(void **state)
{
	LK_CLEANUP(buf_done) struct buf b;
	char *text;

	(void)state;
	buf_init(&b, 100);
	text = buf_steal(&b);
	assert_string_equal(text, "");
	secret_free_string(text);

	buf_append(&b, "a\0b", 3);
	text = buf_steal(&b);
	assert_memory_equal(text, "a\0b\0", 4);
	secret_free_string(text);
	assert_null(b.data);
	assert_int_equal(b.len, 0);

	buf_append_text(&b, "next");
	assert_string_equal(b.data, "next");
}

static void test_absurd_sizes(void **state)
{
	LK_CLEANUP(buf_done) struct buf b;

	(void)state;
	buf_init(&b, SIZE_MAX);
	buf_append_text(&b, "x");
	buf_append(&b, "", SIZE_MAX - 1);
	assert_int_equal(buf_fault(&b), -E2BIG);
	assert_string_equal(b.data, "x");
	buf_done(&b);
	assert_int_equal(buf_fault(&b), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_maximum_is_exact),
		cmocka_unit_test(test_first_fault_sticks),
		cmocka_unit_test(test_printf_at_the_edge),
		cmocka_unit_test(test_consume_wipes),
		cmocka_unit_test(test_steal),
		cmocka_unit_test(test_absurd_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
