/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/base/secret.h"
#include "helper/oauth/dialect.h"
#include "helper/oauth/outcome.h"

/* A reply of the token endpoint: RFC 6749 section 5. */

struct token_set {
	struct secret *access_token;  /* always there */
	struct secret *refresh_token; /* or NULL */
	struct secret *id_token;      /* or NULL */
	char *scope;                  /* or NULL: as requested */
	char *nonce;                  /* that its ID token must carry; NULL: none was sent */
	char *issued_token_type;      /* of an exchange: what access_token is, a URI, where it was said; else NULL */
	bool is_bearer;               /* false: an exchange brought something that must not be shown as one (TX-03) */
	uint32_t expires_in_s;        /* 0: not said; at most 86400 */
};

void token_set_free(struct token_set *t);
LK_DEFINE_CLEANUP(struct token_set *, token_set_free);

enum token_reply {
	TOKEN_REPLY_TOKENS = 0,
	TOKEN_REPLY_PENDING,
	TOKEN_REPLY_SLOW_DOWN,
	TOKEN_REPLY_ERROR, /* result says which */
	TOKEN_REPLY_RETRY, /* 5xx, 429 without a body, html: ask again later */
};

/**
 * token_reply_parse() - read one reply; the error member decides on any HTTP status, JSON first, then form-encoded
 * @ret:            set only for TOKEN_REPLY_TOKENS
 * @ret_interval_s: a larger interval that came with slow_down, else 0
 * @result:         filled for TOKEN_REPLY_ERROR
 * Return: an enum token_reply, or -ENOMEM.
 */
int token_reply_parse(struct token_set **ret, uint32_t *ret_interval_s, struct oauth_result *result,
		      const struct dialect *d, unsigned status, const char *body, size_t len);

/**
 * token_reply_explain() - why a request that nobody has to approve brought no tokens
 * @result: filled, but for TOKEN_REPLY_ERROR, of which it says so already, and TOKEN_REPLY_TOKENS
 * @reply:  as token_reply_parse() returned it, -ENOMEM included
 * @what:   was asked for, for the log
 */
void token_reply_explain(struct oauth_result *result, int reply, const char *what, unsigned status);

/**
 * token_reply_parse_exchanged() - the same for a token exchange: RFC 8693 section 2.2.1
 * issued_token_type must be there, unless the dialect leaves it out, and token_type may be N_A.
 */
int token_reply_parse_exchanged(struct token_set **ret, uint32_t *ret_interval_s, struct oauth_result *result,
				const struct dialect *d, unsigned status, const char *body, size_t len);
