/* SPDX-License-Identifier: MIT */
/*
 * Makes the tables, holds what is found against them, and brings those of an older release to today's. A migration is
 * one transaction: before its commit the file is the old one, behind it the new one, and never anything between.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "helper/vault/schema.h"
#include "helper/vault/store_internal.h"

static const char first_rows[] = "INSERT INTO meta (id, generation) VALUES (1, 0)";

/* The table keeps its rows and gets new rules: SQLite cannot change the rules of one that exists. */
static const char set_accounts_aside[] = "ALTER TABLE account RENAME TO account_1";
static const char take_accounts_over[] =
	"INSERT INTO account SELECT uid, gid, name, issuer, subject, provider, gecos, home, shell, facts, state, "
	"created_s, last_sign_in_s FROM account_1; DROP TABLE account_1";

static bool has_object(const struct schema *s, const struct schema_object *wanted)
{
	for (size_t i = 0; i < s->n_objects; i++)
		if (strcmp(s->objects[i].name, wanted->name) == 0)
			return strcmp(s->objects[i].sql, wanted->sql) == 0;
	return false;
}

/* Each of the newest objects that @old has not, or not as it is now; all of them where it is NULL. */
static int add_objects(sqlite3 *db, const struct schema *old)
{
	const struct schema *newest = schema_find(SCHEMA_VERSION);
	int r = 0;

	for (size_t i = 0; r == 0 && i < newest->n_objects; i++) {
		const struct schema_object *object = &newest->objects[i];

		if (!old || !has_object(old, object))
			r = store_run(db, object->sql);
	}
	return r;
}

static int identify_and_commit(sqlite3 *db)
{
	char identify[128];

	snprintf(identify, sizeof(identify), "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
		 SCHEMA_APPLICATION_ID, SCHEMA_VERSION);
	return store_run(db, identify);
}

int schema_make(sqlite3 *db)
{
	int r = store_run(db, "BEGIN IMMEDIATE");

	if (r == 0)
		r = add_objects(db, NULL);
	if (r == 0)
		r = store_run(db, first_rows);
	return r < 0 ? r : identify_and_commit(db);
}

static int check_object(sqlite3 *db, const struct schema_object *object)
{
	char found[SCHEMA_TEXT_MAX], question[128];
	int r;

	snprintf(question, sizeof(question), "SELECT sql FROM sqlite_schema WHERE name = '%s'", object->name);
	r = store_ask(db, question, NULL, found, sizeof(found));
	return r == 0 && strcmp(found, object->sql) != 0 ? -EUCLEAN : r;
}

int schema_check(sqlite3 *db, const struct schema **ret)
{
	int64_t id = 0, version = 0, n = 0;
	const struct schema *schema;
	int r;

	r = store_ask(db, "PRAGMA application_id", &id, NULL, 0);
	if (r == 0)
		r = store_ask(db, "PRAGMA user_version", &version, NULL, 0);
	if (r == 0)
		r = store_ask(db, "SELECT count(*) FROM sqlite_schema WHERE sql IS NOT NULL", &n, NULL, 0);
	if (r < 0)
		return r;
	if (version > SCHEMA_VERSION)
		return -EPROTONOSUPPORT;
	schema = schema_find(version);
	if (id != SCHEMA_APPLICATION_ID || !schema || n != (int64_t)schema->n_objects)
		return -EUCLEAN;
	for (size_t i = 0; r == 0 && i < schema->n_objects; i++)
		r = check_object(db, &schema->objects[i]);
	if (r == 0)
		*ret = schema;
	return r;
}

int schema_migrate(sqlite3 *db, const struct schema *from)
{
	bool has_old_accounts = from->version == 1;
	int r;

	if (from->version == SCHEMA_VERSION)
		return 0;
	r = store_run(db, "BEGIN IMMEDIATE");
	if (r == 0 && has_old_accounts)
		r = store_run(db, set_accounts_aside);
	if (r == 0)
		r = add_objects(db, from);
	if (r == 0 && has_old_accounts)
		r = store_run(db, take_accounts_over);
	return r < 0 ? r : identify_and_commit(db);
}
