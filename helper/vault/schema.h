/* SPDX-License-Identifier: MIT */
#pragma once

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

/* The tables of the store, and what tells its file from other SQLite databases. */

#define SCHEMA_APPLICATION_ID 0x4c6b5331 /* "LkS1" */
#define SCHEMA_VERSION 4
#define SCHEMA_TEXT_MAX 4096u

struct schema_object {
	const char *name;
	const char *sql; /* as SQLite keeps it */
};

struct schema {
	int version;
	const struct schema_object *objects;
	size_t n_objects;
};

/** schema_find() - the schema of that version; NULL where this program knows none */
const struct schema *schema_find(int64_t version);

/** schema_make() - in a transaction of its own, all of the newest schema into an empty database. Return: 0, negative errno. */
int schema_make(sqlite3 *db);

/**
 * schema_check() - exactly the objects of one schema that we know: no trigger, no view, no index besides
 * @ret: which one; set only on 0
 * Return: 0, -EUCLEAN, -EPROTONOSUPPORT a newer one, other negative errno.
 */
int schema_check(sqlite3 *db, const struct schema **ret);

/**
 * schema_migrate() - from @from to the newest, in one transaction: whoever is killed in the middle has the old one
 * @from: as schema_check() found it, and the content has been checked too
 * Return: 0, negative errno.
 */
int schema_migrate(sqlite3 *db, const struct schema *from);
