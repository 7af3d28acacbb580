/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include "helper/base/secret.h"
#include "helper/vault/owner.h"
#include "helper/vault/store.h"

/* PINs of people for the time when no provider answers: their hashes, sealed, and how often somebody guessed wrong. */

#define PIN_HASH_MAX 512u

struct pin_record {
	struct secret *hash; /* as crypt(5) writes it */
	uint32_t failures;   /* since the last time that it was right; those under way count */
	int64_t last_failure_s;
	int64_t set_s;
};

void pin_record_done(struct pin_record *p);

/** store_put_pin() - @hash: 1 to PIN_HASH_MAX bytes. No failure counts any more.
 *  Return: 0 durable, -ENOKEY nothing can be sealed, -EINVAL, as store_insert(). */
int store_put_pin(struct store *s, const struct row_owner *o, const struct secret *hash, int64_t now_s);

/** store_find_pin() - @ret: set only on 0; pin_record_done(). Return: 0, -ENOENT, -EKEYREJECTED it does not open: there is no
 *  PIN until a new one is set; as the look-ups. */
int store_find_pin(struct store *s, const struct row_owner *o, struct pin_record *ret);

/** store_count_pin_failure() - one more; to be called before the comparison. @ret: how many now, this one included.
 *  Return: 0 durable, -ENOENT, as store_insert(). */
int store_count_pin_failure(struct store *s, const struct row_owner *o, int64_t now_s, uint32_t *ret);

/** store_clear_pin_failures() - it was right. Return: 0, -ENOENT, as store_insert(). */
int store_clear_pin_failures(struct store *s, const struct row_owner *o);

/** store_drop_pin() - Return: 0 also where there is none, as store_insert(). */
int store_drop_pin(struct store *s, uint32_t uid);
