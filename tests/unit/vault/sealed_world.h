/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/vault/seal.h"
#include "tests/unit/vault/stores.h"

/* A store with the seal that it keeps secrets by. */

static const unsigned char key[SEAL_KEY_SIZE] = {1};

struct world {
	struct seal *seal;
	struct store *store;
};

static inline void world_done(struct world *w)
{
	store_close(w->store);
	seal_free(w->seal);
}

/** open_world() - the store of @s, sealed by the key above; release with world_done() */
static inline struct world open_world(const struct scratch *s)
{
	struct world w = {.store = NULL};

	assert_int_equal(seal_new(&w.seal), 0);
	assert_int_equal(seal_add_key(w.seal, key), 0);
	assert_int_equal(store_open(&w.store, stores_path(s)), 0);
	store_use_seal(w.store, w.seal);
	return w;
}
