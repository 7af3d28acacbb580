/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include <systemd/sd-event.h>

#include "helper/oauth/provider.h"
#include "helper/oauth/token.h"

/*
 * Asks the token endpoint for what a person is about to approve, until there is an end: RFC 8628 sections 3.4 and 3.5, and
 * CIBA Core sections 10.1 and 11, which have the same rules.
 */

struct token_poll;

struct token_poll_request {
	const char *grant_type;
	const char *code_parameter;
	uint32_t interval_s;  /* 0: the provider named none (DEV-05, CB-07) */
	uint32_t timeout_ms;  /* of one request */
	uint64_t deadline_ms; /* of the whole, by the monotonic clock (DEV-18) */
};

/** @tokens: set for OAUTH_DONE only; the callee owns it. The poll may be freed from within. */
typedef void (*token_poll_done_fn)(void *userdata, const struct oauth_result *result, struct token_set *tokens);

/**
 * token_poll_start() - the first question comes one interval from now (DEV-11)
 * @request: its texts must outlive the poll
 * @code:    taken over, also on failure; wiped with the poll, so that a poll that was freed can never be redeemed (D6)
 * slow_down adds 5 s for good (DEV-12, CB-10), failures double the wait up to 60 s (DEV-14), Retry-After is waited for
 * (CB-09), waits run from the later of request and reply with jitter. One question at a time (CB-08).
 * Return: 0, -ENOMEM.
 */
int token_poll_start(struct token_poll **ret, struct provider *p, sd_event *event, struct fetch_client *fetch,
		     struct secret *code, const struct token_poll_request *request, token_poll_done_fn done,
		     void *userdata);

/** token_poll_refuse() - asks nobody, and ends with @result from the event loop after @wait_ms. Return: 0, -ENOMEM. */
int token_poll_refuse(struct token_poll **ret, struct provider *p, sd_event *event, uint64_t wait_ms,
		      const struct oauth_result *result, token_poll_done_fn done, void *userdata);

/** token_poll_free() - @done will not run any more. Accepts NULL. */
void token_poll_free(struct token_poll *t);
