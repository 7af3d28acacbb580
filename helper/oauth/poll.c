/* SPDX-License-Identifier: MIT */
/* Computes the waits between polls. No wait may ever be shorter than the provider's interval, whatever happened. */
#include "helper/oauth/poll.h"

static uint32_t clamp(uint32_t value)
{
	if (value < 1)
		return 1;
	return value > POLL_INTERVAL_MAX_S ? POLL_INTERVAL_MAX_S : value;
}

void poll_init(struct poll *p, uint32_t interval_s, uint32_t margin_ms)
{
	*p = (struct poll){
		.interval_s = interval_s == 0 ? POLL_INTERVAL_DEFAULT_S : clamp(interval_s),
		.margin_ms = margin_ms,
	};
}

void poll_note(struct poll *p, enum poll_event event, uint32_t their_interval_s)
{
	uint32_t wait_s = p->backoff_s > p->interval_s ? p->backoff_s : p->interval_s;

	switch (event) {
	case POLL_PENDING:
		p->backoff_s = 0;
		break;
	case POLL_SLOW_DOWN:
		p->backoff_s = 0;
		p->interval_s = clamp(p->interval_s + 5);
		if (their_interval_s > p->interval_s)
			p->interval_s = clamp(their_interval_s);
		break;
	case POLL_FAILURE:
		p->backoff_s = clamp(wait_s * 2);
		break;
	}
}

uint64_t poll_wait_ms(const struct poll *p, uint32_t retry_after_s, uint32_t random)
{
	uint32_t wait_s = p->backoff_s > p->interval_s ? p->backoff_s : p->interval_s;

	if (retry_after_s > wait_s)
		wait_s = retry_after_s;
	return (uint64_t)wait_s * 1000 + p->margin_ms + POLL_JITTER_MIN_MS +
	       random % (POLL_JITTER_MAX_MS - POLL_JITTER_MIN_MS + 1);
}
