/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/accounts/accounts.h"
#include "tests/unit/scratch.h"

/* A machine of its own for tests of accounts: its users, its store, its settings. */

#define ISSUER "https://id.example"
#define OTHER_ISSUER "https://other.example"

struct world {
	struct scratch scratch;
	struct localdb *local;
	struct store *store;
	struct accounts *accounts;
	struct account_settings settings;
	struct account *account; /* of the last call */
	bool is_new;
};

int world_setup(void **state);
int world_teardown(void **state);

/** world_write() - a file of that machine */
void world_write(struct world *w, const char *name, const char *text);

/** world_open() / world_close() - start and stop everything; world_setup() has started it */
void world_open(struct world *w);
void world_close(struct world *w);

/** bind_as() - one sign-in; the account is in @w->account. Return: as accounts_bind(). */
int bind_as(struct world *w, const char *name, const char *issuer, const char *subject);
int bind_person(struct world *w, const struct account_person *person);
int reserve(struct world *w, const char *name, uint32_t hold_ms);
