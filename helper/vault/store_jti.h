/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include "helper/vault/store.h"

/* Statements that count once: logout tokens, security events, assertions. */

/** store_use_jti() - @expires_s: after which the statement counts for nothing anyway, so that its id need not be kept.
 *  Return: 0 the first time, and durable; -EEXIST it was used before; as store_insert(). */
int store_use_jti(struct store *s, const char *issuer, const char *jti, int64_t expires_s);

/** store_find_jti() - for who acts first and uses the id afterwards, since acting twice is better than never.
 *  Return: 0 it was used, -ENOENT, as the look-ups. */
int store_find_jti(struct store *s, const char *issuer, const char *jti);

/** store_forget_jti() - those that expired before @now_s. Return: 0, as store_insert(). */
int store_forget_jti(struct store *s, int64_t now_s);
