/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "helper/base/cleanup.h"
#include "helper/oauth/outcome.h"

/*
 * That an introspection said yes, for a short time: RFC 7662 section 4 (INT-05). In memory alone, by the hash of account and token;
 * a no is never kept. Whoever revokes a token waits for so long, so root sets the time, and by default it is none.
 */

#define TOKEN_CACHE_MAX 64u

struct token_cache;

/** token_cache_new() - Return: 0, -ENOMEM. */
int token_cache_new(struct token_cache **ret);
void token_cache_free(struct token_cache *c);
LK_DEFINE_CLEANUP(struct token_cache *, token_cache_free);

/**
 * token_cache_put() - the provider has said yes now
 * @expires_s: when the token ends, by the wall clock; 0: it was not said, and nothing is kept
 * @max_s:     for how long at most; 0: nothing is kept
 * @proved:    what to say of it, ASCII
 * Where there is no room the oldest goes.
 */
void token_cache_put(struct token_cache *c, const char *account, const char *token, size_t len, int64_t expires_s,
		     uint32_t max_s, const char *proved);

/** token_cache_find() - @ret: what was said of it, OAUTH_DETAIL_MAX bytes; set only on 0. Return: 0, -ENOENT. */
int token_cache_find(struct token_cache *c, const char *account, const char *token, size_t len, char *ret);
