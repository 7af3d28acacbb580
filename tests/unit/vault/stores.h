/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include "helper/vault/store.h"
#include "tests/unit/scratch.h"

/* A folder as a store wants it, and accounts to fill it with. */

/** stores_setup() / stores_teardown() - *state is a struct scratch with private folder "private" */
int stores_setup(void **state);
int stores_teardown(void **state);

/** stores_path() - of the store of that folder */
const char *stores_path(const struct scratch *s);

/** stores_account() - a good account with number @n; its texts are static until the next call */
const struct account *stores_account(unsigned n);

/** stores_fill() - make a store with accounts 0 to @n - 1 and close it */
void stores_fill(const struct scratch *s, unsigned n);
