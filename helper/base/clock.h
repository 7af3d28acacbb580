/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

/* Time for everything that decides by time. Deadlines use the monotonic clock, token dates the wall clock. */

/** clock_monotonic_ms() - milliseconds since some fixed point; never goes back, counts time in suspend */
uint64_t clock_monotonic_ms(void);

/** clock_realtime_s() - seconds since the epoch, UTC */
int64_t clock_realtime_s(void);

/** clock_freeze() - tests only: both clocks stand still at these values until the next call */
void clock_freeze(uint64_t monotonic_ms, int64_t realtime_s);

/** clock_thaw() - tests only: back to the machine's clocks */
void clock_thaw(void);
