/* SPDX-License-Identifier: MIT */
#pragma once

#include <sqlite3.h>
#include <stdint.h>

#include "helper/vault/mark.h"
#include "helper/vault/store.h"

/* What the files of the store share; nobody else includes this. */

enum store_statement {
	STATEMENT_FIND_NAME,
	STATEMENT_FIND_IDENTITY,
	STATEMENT_FIND_UID,
	STATEMENT_STATE,
	STATEMENT_FREE_UID,
	STATEMENT_INSERT,
	STATEMENT_UPDATE,
	STATEMENT_EACH,
	STATEMENT_COUNT,
	STATEMENT_BEGIN,
	STATEMENT_COMMIT,
	STATEMENT_ROLLBACK,
	STATEMENT_ADVANCE,
	STORE_STATEMENTS,
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[STORE_STATEMENTS];
	struct mark mark;
	uint64_t generation; /* as committed: grows with each account given out or taken back */
};

/** store_errno() - what a result of SQLite is in our terms: 0 or negative errno */
int store_errno(int result);

/** store_prepare() - compile all statements. Return: 0, negative errno. */
int store_prepare(struct store *s);
