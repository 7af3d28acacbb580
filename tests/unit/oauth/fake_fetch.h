/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/fetch/client.h"

/* Stands in, at link time, for the fetch client and for the event loop's timers, on a clock that stands still: a script
 * of replies is given out in order, and time passes only in fake_run_ms(). Requests are kept to be looked at. */

#define FAKE_START_MS 1000000u
#define FAKE_START_S 1700000000
#define FAKE_REQUESTS_MAX 256u

struct fake_request {
	char *url;
	char *headers; /* each followed by a newline */
	char *body;    /* NULL: GET */
	uint64_t at_ms;
	uint64_t answered_ms; /* 0 while it hangs */
	uint32_t timeout_ms;
	bool is_cancelled;
};

struct fake_fetch {
	struct fake_request requests[FAKE_REQUESTS_MAX];
	size_t n_requests;
	uint64_t timers_early_ms; /* fire so much too early, as a loop with an old idea of now does */
	int64_t wall_jump_s;      /* what somebody did to the wall clock; seen after the next step */
	int start_result;         /* what fetch_start() returns, when not 0 */
	int timer_result;         /* what setting a timer returns, when not 0 */
};

extern struct fake_fetch fake;

/** fake_reset() - forget everything; the clock is frozen at FAKE_START_MS and FAKE_START_S */
void fake_reset(void);

/** fake_leaks() - requests and timers that nobody took back */
size_t fake_leaks(void);

/* Add one reply to the script. A request beyond the script hangs until its own timeout. */
void fake_reply(unsigned status, const char *body);
void fake_reply_typed(unsigned status, const char *content_type, const char *body);
void fake_failure(enum fetch_outcome outcome);

/* Change the reply that was added last. */
void fake_reply_takes(uint64_t ms);
void fake_reply_dated(int64_t date_s);
void fake_reply_retry_after(uint32_t s);

/** fake_run() - whatever is due now; fake_run_ms() - let so much time pass */
void fake_run(void);
void fake_run_ms(uint64_t ms);

/** fake_last() - the newest request; there must be one */
struct fake_request *fake_last(void);
