/* SPDX-License-Identifier: MIT */
/*
 * The two clocks that decisions use, in one place so that tests can stop them. Must never mix the two: a deadline by
 * the wall clock would move when an administrator sets the time.
 */
#include "helper/base/clock.h"

#include <stdbool.h>
#include <time.h>

static struct {
	bool is_frozen;
	uint64_t monotonic_ms;
	int64_t realtime_s;
} frozen;

uint64_t clock_monotonic_ms(void)
{
	struct timespec now = {0};

	if (frozen.is_frozen)
		return frozen.monotonic_ms;

	/* BOOTTIME, since a code's life goes on while a laptop sleeps. Both clocks exist on every Linux that we build
	 * for, so the call cannot fail. */
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

int64_t clock_realtime_s(void)
{
	struct timespec now = {0};

	if (frozen.is_frozen)
		return frozen.realtime_s;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec;
}

void clock_freeze(uint64_t monotonic_ms, int64_t realtime_s)
{
	frozen.monotonic_ms = monotonic_ms;
	frozen.realtime_s = realtime_s;
	frozen.is_frozen = true;
}

void clock_thaw(void)
{
	frozen.is_frozen = false;
}
