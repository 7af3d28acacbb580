/* SPDX-License-Identifier: MIT */
/* The waits between polls as a pure function. Checklist DEV-05, DEV-11, DEV-12, DEV-14, threats D3, N11. */
#include "helper/oauth/poll.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void start_values(void **state)
{
	static const uint32_t table[][2] = {{0, 5}, {1, 1}, {5, 5}, {60, 60}, {61, 60}, {UINT32_MAX, 60}};
	struct poll p;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		poll_init(&p, table[i][0], 0);
		assert_int_equal(p.interval_s, table[i][1]);
	}
}

/* Never earlier than the interval, whatever the random number: servers may count strictly. */
static void jitter_only_adds(void **state)
{
	static const uint32_t numbers[] = {0, 1, 250, 499, 500, 501, 502, 1000, UINT32_MAX};
	struct poll p;

	(void)state;
	for (uint32_t margin_ms = 0; margin_ms <= 1000; margin_ms += 500) {
		poll_init(&p, 5, margin_ms);
		for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
			assert_in_range(poll_wait_ms(&p, 0, numbers[i]), 5500 + margin_ms, 6000 + margin_ms);
	}
	assert_int_equal(poll_wait_ms(&p, 0, 0), 6500);
	assert_int_equal(poll_wait_ms(&p, 0, 500), 7000);
	assert_int_equal(poll_wait_ms(&p, 0, 501), 6500);
	assert_int_equal(poll_wait_ms(&p, 3, 0), 6500); /* a shorter Retry-After shortens nothing */
	assert_int_equal(poll_wait_ms(&p, 3600, 0), 3601500);
}

struct move {
	enum poll_event event;
	uint32_t theirs_s;
	uint32_t interval_s, wait_s;
};

/* Every event in every state that another event leads to. */
static void events(void **state)
{
	static const struct move moves[] = {
		{POLL_PENDING, 0, 5, 5},     {POLL_SLOW_DOWN, 0, 10, 10},    {POLL_PENDING, 0, 10, 10},
		{POLL_FAILURE, 0, 10, 20},   {POLL_FAILURE, 0, 10, 40},      {POLL_FAILURE, 0, 10, 60},
		{POLL_FAILURE, 0, 10, 60},   {POLL_SLOW_DOWN, 0, 15, 15},    {POLL_FAILURE, 0, 15, 30},
		{POLL_PENDING, 0, 15, 15},   {POLL_SLOW_DOWN, 18, 20, 20},   {POLL_SLOW_DOWN, 30, 30, 30},
		{POLL_SLOW_DOWN, 0, 35, 35}, {POLL_SLOW_DOWN, 1000, 60, 60}, {POLL_SLOW_DOWN, 0, 60, 60},
		{POLL_FAILURE, 0, 60, 60},   {POLL_PENDING, 0, 60, 60},
	};
	struct poll p;

	(void)state;
	poll_init(&p, 5, 0);
	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		poll_note(&p, moves[i].event, moves[i].theirs_s);
		assert_int_equal(p.interval_s, moves[i].interval_s);
		assert_int_equal(poll_wait_ms(&p, 0, 0), moves[i].wait_s * 1000 + 500);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_values),
		cmocka_unit_test(jitter_only_adds),
		cmocka_unit_test(events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
