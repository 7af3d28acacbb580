/* SPDX-License-Identifier: MIT */
/*
 * The store's tables. SQLite keeps any type in any column unless a CHECK says otherwise; each column has one, so that a
 * row written by a faulty program fails when it is written and not when somebody logs in by it.
 */
#include "helper/vault/schema.h"

/* clang-format off */
static const char meta[] =
	"CREATE TABLE meta ("
	"id INTEGER PRIMARY KEY CHECK (id = 1), "
	"generation INTEGER NOT NULL CHECK (typeof(generation) = 'integer' AND generation >= 0))";

/* The rowid is the uid: unique by nature. Forgotten accounts keep their row, so name, uid and identity stay taken. */
static const char account[] =
	"CREATE TABLE account ("
	"uid INTEGER PRIMARY KEY NOT NULL CHECK (uid BETWEEN 1 AND 2147483647), "
	"gid INTEGER NOT NULL CHECK (typeof(gid) = 'integer' AND gid BETWEEN 1 AND 2147483647), "
	"name TEXT NOT NULL CHECK (typeof(name) = 'text' AND length(CAST(name AS BLOB)) BETWEEN 1 AND 32), "
	"issuer TEXT NOT NULL CHECK (typeof(issuer) = 'text' AND length(CAST(issuer AS BLOB)) BETWEEN 1 AND 1024), "
	"subject TEXT NOT NULL CHECK (typeof(subject) = 'text' AND length(CAST(subject AS BLOB)) BETWEEN 1 AND 512), "
	"provider TEXT NOT NULL CHECK (typeof(provider) = 'text' AND length(CAST(provider AS BLOB)) BETWEEN 1 AND 64), "
	"gecos TEXT NOT NULL CHECK (typeof(gecos) = 'text' AND length(CAST(gecos AS BLOB)) BETWEEN 0 AND 127), "
	"home TEXT NOT NULL CHECK (typeof(home) = 'text' AND length(CAST(home AS BLOB)) BETWEEN 1 AND 255), "
	"shell TEXT NOT NULL CHECK (typeof(shell) = 'text' AND length(CAST(shell AS BLOB)) BETWEEN 1 AND 127), "
	"facts TEXT NOT NULL CHECK (typeof(facts) = 'text' AND length(CAST(facts AS BLOB)) BETWEEN 2 AND 65536), "
	"state INTEGER NOT NULL CHECK (typeof(state) = 'integer' AND state IN (1, 2)), "
	"created_s INTEGER NOT NULL CHECK (typeof(created_s) = 'integer' AND created_s >= 0), "
	"last_sign_in_s INTEGER NOT NULL CHECK (typeof(last_sign_in_s) = 'integer' AND last_sign_in_s >= 0), "
	"UNIQUE (name), UNIQUE (issuer, subject))";
/* clang-format on */

const struct schema_object schema_objects[SCHEMA_OBJECTS] = {{"meta", meta}, {"account", account}};

const char schema_first_rows[] = "INSERT INTO meta (id, generation) VALUES (1, 0)";
