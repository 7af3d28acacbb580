/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include "helper/vault/kept_tokens.h"
#include "helper/vault/seal.h"
#include "helper/vault/store.h"

/* Kept tokens, sealed. They go with their account: forgotten, removed or given another uid, whoever it is signs in again. */

/** store_use_seal() - what closes and opens the sealed rows from now on; stays the caller's and must outlive the store. Without
 *  one, or with one that has no key, nothing is kept. */
void store_use_seal(struct store *s, const struct seal *seal);

/** store_put_tokens() - of an interactive sign-in; what was kept before, of whomever, goes.
 *  Return: 0 durable, -ENOKEY nothing can be sealed, -EINVAL nothing that can be kept, -EIO, as store_insert(). */
int store_put_tokens(struct store *s, const struct row_owner *o, const struct kept_tokens *t, int64_t now_s);

/**
 * store_renew_tokens() - newer ones in the place of those that are kept
 * Return: as store_put_tokens(); -ENOENT nothing is kept for this owner any more (signed out, forgotten, somebody else's
 * sign-in): the new tokens are nobody's and had better be revoked.
 */
int store_renew_tokens(struct store *s, const struct row_owner *o, const struct kept_tokens *t, int64_t now_s);

/** store_find_tokens() - @ret: set only on 0; kept_tokens_free().
 *  Return: 0, -ENOENT, -EKEYREJECTED what is kept does not open: sign in again; as the look-ups. */
int store_find_tokens(struct store *s, const struct row_owner *o, struct kept_tokens **ret);

/** store_lock_tokens() - nothing of them is handed out until the next store_put_tokens(), that is, sign-in. Return: 0 durable,
 *  -ENOENT nothing is kept, as store_insert(). */
int store_lock_tokens(struct store *s, const struct row_owner *o);

/** store_check_lock() - may they be handed out. Return: 0, -EACCES locked, -ENOENT nothing is kept, as the look-ups. */
int store_check_lock(struct store *s, const struct row_owner *o);

/** store_drop_tokens() - Return: 0 also where nothing is kept, as store_insert(). */
int store_drop_tokens(struct store *s, uint32_t uid);

struct kept_note {
	uint32_t uid;
	char *issuer;
	char *subject;
	char key_id[SEAL_KEY_ID_SIZE];
	int64_t stored_s;
};

void kept_note_done(struct kept_note *n);

/** store_next_tokens() - for whom something is kept, by the first uid after @after. @ret: set only on 0; kept_note_done().
 *  Return: 0, -ENOENT, as the look-ups. */
int store_next_tokens(struct store *s, uint32_t after, struct kept_note *ret);
