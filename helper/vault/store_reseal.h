/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/vault/seal.h"
#include "helper/vault/store.h"

/* After the key has changed: what older keys have sealed is sealed anew, a piece at a time. */

struct reseal {
	size_t kind;   /* of the rows that come next */
	int64_t after; /* their ids */
	size_t n_resealed;
	size_t n_unreadable; /* no key here opens them: they stay, should it come back, and whose they are signs in again */
};

/** reseal_init() - from the start */
void reseal_init(struct reseal *r);

/**
 * store_reseal() - up to @limit rows, durably and all of them or none
 * Begins with what the store's key has not sealed itself. Who is killed begins anew, and finds less to do.
 * Return: 1 there may be more, 0 all of it is done, -ENOKEY, as store_insert(); on a fault *@r is as before.
 */
int store_reseal(struct store *s, struct reseal *r, size_t limit);
