/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include "helper/vault/kept_tokens.h"
#include "helper/vault/owner.h"
#include "helper/vault/store.h"

/* Grants that are over here and of which the provider has not heard yet (RFC 7009): sealed like kept tokens, so that a restart
 * loses none. Nothing of them is used for anything else, or handed out. Of one owner the last eight are kept. */

struct revocation {
	int64_t id; /* is given anew after the row is dropped */
	uint32_t uid;
	char *issuer;
	char *subject;
	struct kept_tokens *tokens; /* NULL: no key here opens it; of no use to anybody */
	int64_t since_s;
};

void revocation_done(struct revocation *r);

/**
 * store_revoke_tokens() - what is kept for @uid is kept no more and waits for its revocation, in one transaction
 * Nothing is opened for it. Forgetting the account, or giving it another uid, does the same by itself.
 * @ret_id: of what waits now; 0 where nothing was kept. May be NULL
 * Return: 0 also where nothing is kept, as store_insert().
 */
int store_revoke_tokens(struct store *s, uint32_t uid, int64_t *ret_id);

/** store_find_revocation() - that one, as store_next_revocation() */
int store_find_revocation(struct store *s, int64_t id, struct revocation *ret);

/** store_put_revocation() - for tokens that were never kept. @ret_id: as above. Return: 0 durable, -ENOKEY nothing can be sealed, -EINVAL nothing that
 *  can be kept, -E2BIG, -EIO, as store_insert(). */
int store_put_revocation(struct store *s, const struct row_owner *o, const struct kept_tokens *t, int64_t *ret_id);

/** store_next_revocation() - the first with an id above @after. @ret: set only on 0; revocation_done().
 *  Return: 0, -ENOENT, as the look-ups. */
int store_next_revocation(struct store *s, int64_t after, struct revocation *ret);

/** store_drop_revocation() - the provider has heard of it, or never will. Return: 0 also where it is not there, as store_insert(). */
int store_drop_revocation(struct store *s, int64_t id);
