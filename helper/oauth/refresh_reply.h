/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

#include "helper/oauth/dialect.h"
#include "helper/oauth/outcome.h"
#include "helper/oauth/token.h"

/* A reply to a refresh request: RFC 6749 sections 5 and 6. Who is told "no" by mistake loses her work, and who is told "yes"
 * by mistake is a stranger, so every reply has exactly one of these meanings. */

enum refresh_outcome {
	REFRESH_DONE = 0,    /* there are tokens */
	REFRESH_GONE,        /* the provider says no: the grant is no more */
	REFRESH_DEAD,        /* the token is of no use any more; only the person can bring another */
	REFRESH_UNREACHABLE, /* neither; nothing was done with the token */
	REFRESH_LOST,        /* neither; the token may have been used up, and its successor lost */
	REFRESH_BUSY,        /* neither; another request with this token is under way */
};

/**
 * refresh_reply_parse() - what a reply means
 * @ret:    set for REFRESH_DONE only
 * @result: outcome and a line for the log; OAUTH_DONE for REFRESH_DONE
 * Return: an enum refresh_outcome. Out of memory after the reply was sent is REFRESH_LOST.
 */
enum refresh_outcome refresh_reply_parse(struct token_set **ret, struct oauth_result *result, const struct dialect *d,
					 unsigned status, const char *body, size_t len);
