/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/oauth/dialect.h"
#include "helper/oauth/outcome.h"
#include "helper/oauth/token.h"

/* A reply to a service account's grant: RFC 7521 section 4.1, RFC 7523 section 3.1. A no ends sessions, so it must be one about
 * the account, and not about our key, our client or our clock. */

enum grant_outcome {
	GRANT_DONE = 0,    /* there are tokens */
	GRANT_REFUSED,     /* the provider says no to the account */
	GRANT_UNREACHABLE, /* neither: the provider could not be asked, or does not take our word for who we are */
};

#define GRANT_CLOCK_TOLERANCE_S 60

/**
 * grant_reply_parse() - what a reply means
 * @is_client: the account is the client (client credentials): then a no to the client is one to the account
 * @clock_difference_s: the provider's clock less this host's; 0: not known. Beyond GRANT_CLOCK_TOLERANCE_S a no that gives no
 *                      other reason is the clock's (AS-06), and the line for the log says which way it is off
 * @ret:    set for GRANT_DONE only
 * @result: outcome and a line for the log; OAUTH_DONE for GRANT_DONE
 * Return: an enum grant_outcome.
 */
enum grant_outcome grant_reply_parse(struct token_set **ret, struct oauth_result *result, const struct dialect *d,
				     bool is_client, int64_t clock_difference_s, unsigned status, const char *body,
				     size_t len);
