/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

/* When to ask next: RFC 8628 section 3.5, as a pure function of what happened. */

#define POLL_INTERVAL_DEFAULT_S 5u
#define POLL_INTERVAL_MAX_S 60u
#define POLL_JITTER_MIN_MS 500u
#define POLL_JITTER_MAX_MS 1000u

struct poll {
	uint32_t interval_s; /* the provider's, grown by every slow_down */
	uint32_t backoff_s;  /* 0, or the longer wait after failures */
	uint32_t margin_ms;
};

enum poll_event {
	POLL_PENDING,
	POLL_SLOW_DOWN,
	POLL_FAILURE, /* no reply, or one that is not about our question */
};

/** poll_init() - @interval_s 0 when the provider named none (DEV-05) */
void poll_init(struct poll *p, uint32_t interval_s, uint32_t margin_ms);

/** poll_note() - @their_interval_s: a new interval that came with slow_down, or 0 */
void poll_note(struct poll *p, enum poll_event event, uint32_t their_interval_s);

/**
 * poll_wait_ms() - how long to wait from the end of the last exchange on
 * @random: any number; it becomes a jitter of POLL_JITTER_MIN_MS..POLL_JITTER_MAX_MS, since servers that count strictly
 *          answer slow_down to whoever comes exactly on time
 */
uint64_t poll_wait_ms(const struct poll *p, uint32_t retry_after_s, uint32_t random);
