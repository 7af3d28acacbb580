/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What a PIN may be, and how often one may guess. Pure. */

#define PIN_MIN 6u
#define PIN_MAX 64u
#define PIN_FAILURES_MAX 10u /* then none is right any more, until the person has signed in at the provider */
#define PIN_FAILURES_FREE 3u /* so many follow each other without a delay */

/** pin_fault() - NULL, or why nobody should choose this one, as the end of "That PIN ..." in ASCII */
const char *pin_fault(const char *pin, size_t len);

enum pin_gate {
	PIN_GATE_OPEN = 0,
	PIN_GATE_WAIT,   /* not yet */
	PIN_GATE_CLOCK,  /* the last failure lies in the future: the clock was set back, and says nothing */
	PIN_GATE_LOCKED, /* not any more */
};

/**
 * pin_gate() - may one guess now
 * @failures:   so far, since the last time that it was right
 * @ret_wait_s: for PIN_GATE_WAIT how long until one may
 * The delay begins with 30 s after PIN_FAILURES_FREE failures and doubles with each one more.
 */
enum pin_gate pin_gate(uint32_t failures, int64_t last_failure_s, int64_t now_s, int64_t *ret_wait_s);
