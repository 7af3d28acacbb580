/* SPDX-License-Identifier: MIT */
/* A store of an older release becomes one of today with all that was in it, or stays what it was. C1, C3, I9. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "helper/base/secret.h"
#include "helper/vault/schema.h"
#include "helper/vault/store_internal.h"
#include "helper/vault/store_standing.h"
#include "tests/unit/vault/faulty_vfs.h"
#include "tests/unit/vault/stores.h"

/* Written out a second time, as release 1 wrote it: what is out there does not change with the program. */
static const char schema_1[] =
	"CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), "
	"generation INTEGER NOT NULL CHECK (typeof(generation) = 'integer' AND generation >= 0));"
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
	"UNIQUE (name), UNIQUE (issuer, subject));"
	"INSERT INTO meta VALUES (1, 42);"
	"INSERT INTO account VALUES (1879048192, 1879048192, 'alice', 'https://id.example', 's1', 'p', 'Alice', "
	"'/home/alice', '/bin/bash', '{\"a\":1}', 1, 1700000000, 1700000001);"
	"INSERT INTO account VALUES (1879048193, 1879048193, 'bob', 'https://id.example', 's2', 'p', '', "
	"'/home/bob', '/bin/bash', '{}', 2, 1700000000, 0);"
	"PRAGMA application_id = 1282102065; PRAGMA user_version = 1;";

/* As the one after it did. */
static const char schema_2[] =
	"CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), "
	"generation INTEGER NOT NULL CHECK (typeof(generation) = 'integer' AND generation >= 0));"
	"CREATE TABLE account (uid INTEGER PRIMARY KEY NOT NULL CHECK (uid BETWEEN 1 AND 2147483647), "
	"gid INTEGER NOT NULL CHECK (typeof(gid) = 'integer' AND gid BETWEEN 1 AND 2147483647), "
	"name TEXT NOT NULL CHECK (typeof(name) = 'text' AND length(CAST(name AS BLOB)) BETWEEN 1 AND 32), "
	"issuer TEXT NOT NULL CHECK (typeof(issuer) = 'text' AND length(CAST(issuer AS BLOB)) BETWEEN 1 AND 1024), "
	"subject TEXT CHECK (CASE WHEN subject IS NULL THEN state = 3 ELSE typeof(subject) = 'text' AND "
	"length(CAST(subject AS BLOB)) BETWEEN 1 AND 512 END), "
	"provider TEXT NOT NULL CHECK (typeof(provider) = 'text' AND length(CAST(provider AS BLOB)) BETWEEN 1 AND 64), "
	"gecos TEXT NOT NULL CHECK (typeof(gecos) = 'text' AND length(CAST(gecos AS BLOB)) BETWEEN 0 AND 127), "
	"home TEXT NOT NULL CHECK (typeof(home) = 'text' AND length(CAST(home AS BLOB)) BETWEEN 1 AND 255), "
	"shell TEXT NOT NULL CHECK (typeof(shell) = 'text' AND length(CAST(shell AS BLOB)) BETWEEN 1 AND 127), "
	"facts TEXT NOT NULL CHECK (typeof(facts) = 'text' AND length(CAST(facts AS BLOB)) BETWEEN 2 AND 65536), "
	"state INTEGER NOT NULL CHECK (typeof(state) = 'integer' AND state IN (1, 2, 3)), "
	"created_s INTEGER NOT NULL CHECK (typeof(created_s) = 'integer' AND created_s >= 0), "
	"last_sign_in_s INTEGER NOT NULL CHECK (typeof(last_sign_in_s) = 'integer' AND last_sign_in_s >= 0), "
	"UNIQUE (name), UNIQUE (issuer, subject));"
	"CREATE INDEX account_gid ON account (gid);"
	"CREATE TABLE retired_name (name TEXT PRIMARY KEY NOT NULL CHECK (typeof(name) = 'text' AND length(CAST(name "
	"AS BLOB)) BETWEEN 1 AND 32), "
	"uid INTEGER NOT NULL CHECK (typeof(uid) = 'integer' AND uid BETWEEN 1 AND 2147483647), "
	"retired_s INTEGER NOT NULL CHECK (typeof(retired_s) = 'integer' AND retired_s >= 0));"
	"CREATE TABLE retired_id (id INTEGER PRIMARY KEY NOT NULL CHECK (id BETWEEN 1 AND 2147483647), "
	"name TEXT NOT NULL CHECK (typeof(name) = 'text' AND length(CAST(name AS BLOB)) BETWEEN 1 AND 32), "
	"retired_s INTEGER NOT NULL CHECK (typeof(retired_s) = 'integer' AND retired_s >= 0));"
	"CREATE TABLE own_group (gid INTEGER PRIMARY KEY NOT NULL CHECK (gid BETWEEN 1 AND 2147483647), "
	"name TEXT NOT NULL CHECK (typeof(name) = 'text' AND length(CAST(name AS BLOB)) BETWEEN 1 AND 32), "
	"state INTEGER NOT NULL CHECK (typeof(state) = 'integer' AND state IN (1, 2)), "
	"created_s INTEGER NOT NULL CHECK (typeof(created_s) = 'integer' AND created_s >= 0), UNIQUE (name));"
	"CREATE TABLE local_account (name TEXT PRIMARY KEY NOT NULL CHECK (typeof(name) = 'text' AND length(CAST(name "
	"AS BLOB)) BETWEEN 1 AND 32), "
	"issuer TEXT NOT NULL CHECK (typeof(issuer) = 'text' AND length(CAST(issuer AS BLOB)) BETWEEN 1 AND 1024), "
	"subject TEXT NOT NULL CHECK (typeof(subject) = 'text' AND length(CAST(subject AS BLOB)) BETWEEN 1 AND 512), "
	"facts TEXT NOT NULL CHECK (typeof(facts) = 'text' AND length(CAST(facts AS BLOB)) BETWEEN 2 AND 65536), "
	"last_sign_in_s INTEGER NOT NULL CHECK (typeof(last_sign_in_s) = 'integer' AND last_sign_in_s >= 0));"
	"INSERT INTO meta VALUES (1, 42);"
	"INSERT INTO account VALUES (1879048192, 1879048192, 'alice', 'https://id.example', 's1', 'p', 'Alice', "
	"'/home/alice', '/bin/bash', '{\"a\":1}', 1, 1700000000, 1700000001);"
	"INSERT INTO account VALUES (1879048193, 1879048193, 'bob', 'https://id.example', 's2', 'p', '', "
	"'/home/bob', '/bin/bash', '{}', 2, 1700000000, 0);"
	"INSERT INTO retired_name VALUES ('carol', 1879048192, 1700000000);"
	"INSERT INTO own_group VALUES (1879048200, 'staff', 1, 1700000000);"
	"INSERT INTO local_account VALUES ('olga', 'https://id.example', 's3', '{}', 1700000002);"
	"PRAGMA application_id = 1282102065; PRAGMA user_version = 2;";

/* What schema 3 knew besides, behind schema_2. */
static const char schema_3[] =
	"CREATE TABLE kept_token (uid INTEGER PRIMARY KEY NOT NULL CHECK (uid BETWEEN 1 AND 4294967294), "
	"issuer TEXT NOT NULL CHECK (typeof(issuer) = 'text' AND length(CAST(issuer AS BLOB)) BETWEEN 1 AND "
	"1024), subject TEXT NOT NULL CHECK (typeof(subject) = 'text' AND length(CAST(subject AS BLOB)) "
	"BETWEEN 1 AND 512), key_id TEXT NOT NULL CHECK (typeof(key_id) = 'text' AND length(CAST(key_id AS "
	"BLOB)) = 16), sealed BLOB NOT NULL CHECK (typeof(sealed) = 'blob' AND length(sealed) BETWEEN 30 AND "
	"262144), stored_s INTEGER NOT NULL CHECK (typeof(stored_s) = 'integer' AND stored_s >= 0), "
	"is_locked INTEGER NOT NULL CHECK (typeof(is_locked) = 'integer' AND is_locked IN (0, 1)));CREATE "
	"TABLE standing (uid INTEGER PRIMARY KEY NOT NULL CHECK (uid BETWEEN 1 AND 4294967294), issuer TEXT "
	"NOT NULL CHECK (typeof(issuer) = 'text' AND length(CAST(issuer AS BLOB)) BETWEEN 1 AND 1024), "
	"subject TEXT NOT NULL CHECK (typeof(subject) = 'text' AND length(CAST(subject AS BLOB)) BETWEEN 1 "
	"AND 512), state INTEGER NOT NULL CHECK (typeof(state) = 'integer' AND state IN (1, 2)), checked_s "
	"INTEGER NOT NULL CHECK (typeof(checked_s) = 'integer' AND checked_s >= 0), reason TEXT NOT NULL "
	"CHECK (typeof(reason) = 'text' AND length(CAST(reason AS BLOB)) BETWEEN 0 AND 255), auth_time_s "
	"INTEGER NOT NULL CHECK (typeof(auth_time_s) = 'integer' AND auth_time_s >= 0), acr TEXT NOT NULL "
	"CHECK (typeof(acr) = 'text' AND length(CAST(acr AS BLOB)) BETWEEN 0 AND 255), amr TEXT NOT NULL "
	"CHECK (typeof(amr) = 'text' AND length(CAST(amr AS BLOB)) BETWEEN 0 AND 1024), sid TEXT NOT NULL "
	"CHECK (typeof(sid) = 'text' AND length(CAST(sid AS BLOB)) BETWEEN 0 AND 255));CREATE TABLE pin (uid "
	"INTEGER PRIMARY KEY NOT NULL CHECK (uid BETWEEN 1 AND 4294967294), issuer TEXT NOT NULL CHECK "
	"(typeof(issuer) = 'text' AND length(CAST(issuer AS BLOB)) BETWEEN 1 AND 1024), subject TEXT NOT "
	"NULL CHECK (typeof(subject) = 'text' AND length(CAST(subject AS BLOB)) BETWEEN 1 AND 512), key_id "
	"TEXT NOT NULL CHECK (typeof(key_id) = 'text' AND length(CAST(key_id AS BLOB)) = 16), sealed BLOB "
	"NOT NULL CHECK (typeof(sealed) = 'blob' AND length(sealed) BETWEEN 30 AND 262144), failures INTEGER "
	"NOT NULL CHECK (typeof(failures) = 'integer' AND failures BETWEEN 0 AND 2147483647), last_failure_s "
	"INTEGER NOT NULL CHECK (typeof(last_failure_s) = 'integer' AND last_failure_s >= 0), set_s INTEGER "
	"NOT NULL CHECK (typeof(set_s) = 'integer' AND set_s >= 0));CREATE TABLE break_glass (name TEXT "
	"PRIMARY KEY NOT NULL CHECK (typeof(name) = 'text' AND length(CAST(name AS BLOB)) BETWEEN 1 AND 32), "
	"until_s INTEGER NOT NULL CHECK (typeof(until_s) = 'integer' AND until_s >= 0), reason TEXT NOT NULL "
	"CHECK (typeof(reason) = 'text' AND length(CAST(reason AS BLOB)) BETWEEN 1 AND 255), created_s "
	"INTEGER NOT NULL CHECK (typeof(created_s) = 'integer' AND created_s >= 0), created_by TEXT NOT NULL "
	"CHECK (typeof(created_by) = 'text' AND length(CAST(created_by AS BLOB)) BETWEEN 1 AND 64), seen_s "
	"INTEGER NOT NULL CHECK (typeof(seen_s) = 'integer' AND seen_s >= 0));CREATE TABLE used_jti (issuer "
	"TEXT NOT NULL CHECK (typeof(issuer) = 'text' AND length(CAST(issuer AS BLOB)) BETWEEN 1 AND 1024), "
	"jti TEXT NOT NULL CHECK (typeof(jti) = 'text' AND length(CAST(jti AS BLOB)) BETWEEN 1 AND 512), "
	"expires_s INTEGER NOT NULL CHECK (typeof(expires_s) = 'integer' AND expires_s >= 0), PRIMARY KEY "
	"(issuer, jti));CREATE INDEX used_jti_expires ON used_jti (expires_s);"
	"INSERT INTO kept_token VALUES (1879048192, 'https://id.example', 's1', '0123456789abcdef', zeroblob(40), "
	"1700000003, 1);"
	"INSERT INTO standing VALUES (1879048192, 'https://id.example', 's1', 2, 1700000004, 'gone', 0, '', '', '');"
	"INSERT INTO used_jti VALUES ('https://id.example', 'j', 1700000005);"
	"PRAGMA user_version = 3;";

static int setup(void **state)
{
	int r = stores_setup(state);

	faulty_install();
	return r;
}

static int teardown(void **state)
{
	faulty_remove();
	return stores_teardown(state);
}

static void change(const struct scratch *s, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(stores_path(s), &db), SQLITE_OK);
	assert_int_equal(store_run(db, "PRAGMA locking_mode = EXCLUSIVE"), 0);
	assert_int_equal(store_run(db, sql), 0);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(chmod(stores_path(s), 0600), 0);
}

static int64_t number(const struct scratch *s, const char *sql)
{
	int64_t found = -1;
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(stores_path(s), &db), SQLITE_OK);
	/* the file system of these tests has no shared memory */
	assert_int_equal(store_run(db, "PRAGMA locking_mode = EXCLUSIVE"), 0);
	assert_int_equal(store_ask(db, sql, &found, NULL, 0), 0);
	sqlite3_close(db);
	assert_int_equal(chmod(stores_path(s), 0600), 0);
	return found;
}

static void expect_whole(const struct scratch *scratch)
{
	LK_CLEANUP(store_closep) struct store *s = NULL;
	LK_CLEANUP(account_freep) struct account *alice = NULL, *bob = NULL;

	assert_int_equal(store_open(&s, stores_path(scratch)), 0);
	assert_int_equal(store_find_identity(s, "https://id.example", "s1", &alice), 0);
	assert_string_equal(alice->name, "alice");
	assert_int_equal(alice->uid, 1879048192);
	assert_int_equal(alice->gid, 1879048192);
	assert_string_equal(alice->gecos, "Alice");
	assert_string_equal(alice->home, "/home/alice");
	assert_string_equal(alice->facts, "{\"a\":1}");
	assert_int_equal(alice->state, ACCOUNT_ACTIVE);
	assert_int_equal(alice->created_s, 1700000000);
	assert_int_equal(alice->last_sign_in_s, 1700000001);
	assert_int_equal(store_find_name(s, "bob", &bob), 0);
	assert_int_equal(bob->state, ACCOUNT_FORGOTTEN);
	assert_int_equal(s->generation, 42);
	assert_int_equal(s->mark.value, 42);
}

/* What schema 2 knew besides. */
static void expect_whole_2(const struct scratch *scratch)
{
	LK_CLEANUP(store_closep) struct store *s = NULL;
	LK_CLEANUP(secret_free_stringp) char *facts = NULL;
	struct own_group g;
	uint32_t uid = 0;
	int64_t last_s = 0;

	assert_int_equal(store_open(&s, stores_path(scratch)), 0);
	assert_int_equal(store_find_retired(s, "carol", &uid), 0);
	assert_int_equal(uid, 1879048192);
	assert_int_equal(store_find_group(s, "staff", &g), 0);
	assert_int_equal(g.gid, 1879048200);
	assert_int_equal(store_find_local(s, "olga", "https://id.example", "s3", &facts, &last_s), 0);
	assert_int_equal(last_s, 1700000002);
}

static void from_2(void **state)
{
	change(*state, schema_2);
	expect_whole(*state);
	expect_whole_2(*state);
	assert_int_equal(number(*state, "PRAGMA user_version"), SCHEMA_VERSION);
	assert_int_equal(number(*state, "SELECT count(*) FROM kept_token"), 0);
	assert_int_equal(number(*state, "SELECT count(*) FROM account"), 2);
}

static void make_3(const struct scratch *s)
{
	change(s, schema_2);
	change(s, schema_3);
}

/* What is kept of sign-ins, and whoever was refused, stays. */
static void from_3(void **state)
{
	make_3(*state);
	expect_whole(*state);
	expect_whole_2(*state);
	assert_int_equal(number(*state, "PRAGMA user_version"), SCHEMA_VERSION);
	assert_int_equal(number(*state, "SELECT is_locked FROM kept_token WHERE uid = 1879048192"), 1);
	assert_int_equal(number(*state, "SELECT state FROM standing WHERE reason = 'gone'"), STANDING_REFUSED);
	assert_int_equal(number(*state, "SELECT expires_s FROM used_jti WHERE jti = 'j'"), 1700000005);
	assert_int_equal(number(*state, "SELECT count(*) FROM pending_revocation"), 0);
}

static void from_1(void **state)
{
	struct store *s = NULL;

	change(*state, schema_1);
	expect_whole(*state);
	expect_whole(*state);
	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	assert_int_equal(store_insert(s, stores_account(5)), 0);
	store_close(s);
	assert_int_equal(number(*state, "PRAGMA user_version"), SCHEMA_VERSION);
	assert_int_equal(number(*state, "SELECT count(*) FROM sqlite_schema WHERE tbl_name = 'account_1'"), 0);
	assert_int_equal(number(*state, "SELECT count(*) FROM account"), 3);
}

/* Killed at the n-th write or sync, for every n: the next start finds all of it, in the old form or in the new. */
static void killed_from(void **state, const char *schema, int version)
{
	unsigned n_old = 0;
	bool was_killed = true;

	for (unsigned n = 0; was_killed; n++) {
		int status = 0;
		pid_t pid;

		change(*state, schema);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			struct store *s = NULL;

			faulty_kill(FAULTY_WRITE | FAULTY_SYNC, n);
			_exit(store_open(&s, stores_path(*state)) == 0 ? 0 : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		was_killed = WIFSIGNALED(status);
		if (!was_killed)
			assert_int_equal(status, 0);
		n_old += number(*state, "PRAGMA user_version") == version;
		expect_whole(*state);
		if (version == 2)
			expect_whole_2(*state);
		assert_int_equal(unlink(stores_path(*state)), 0);
		assert_int_equal(unlink(scratch_name(*state, "private/store.db.mark")), 0);
		assert_true(n < 200);
	}
	assert_true(n_old > 5);
}

static void killed(void **state)
{
	killed_from(state, schema_1, 1);
	killed_from(state, schema_2, 2);
}

static void disk_full_from(void **state, const char *schema)
{
	struct store *s = NULL;
	bool failed = true;

	for (unsigned after = 0; failed; after++) {
		int r;

		change(*state, schema);
		faulty_fail(FAULTY_WRITE, after, SQLITE_FULL);
		r = store_open(&s, stores_path(*state));
		failed = faulty_count() > after;
		faulty_fail(0, 0, 0);
		assert_true(r == 0 || (failed && r == -ENOSPC));
		if (r == 0)
			store_close(s);
		expect_whole(*state);
		assert_int_equal(unlink(stores_path(*state)), 0);
		assert_int_equal(unlink(scratch_name(*state, "private/store.db.mark")), 0);
	}
}

static void disk_full(void **state)
{
	disk_full_from(state, schema_1);
	disk_full_from(state, schema_2);
}

/* What is not exactly a store of release 1 stays what it is. */
static void refused(void **state)
{
	static const struct {
		const char *sql;
		int expected;
	} rows[] = {
		{"CREATE TABLE retired_name (name)", -EUCLEAN},
		{"DROP TABLE account", -EUCLEAN},
		{"ALTER TABLE account ADD COLUMN more TEXT", -EUCLEAN},
		{"CREATE TRIGGER t AFTER INSERT ON account BEGIN UPDATE account SET gid = 1; END", -EUCLEAN},
		{"PRAGMA ignore_check_constraints = ON; UPDATE account SET gid = 0", -EUCLEAN},
		{"PRAGMA user_version = 0", -EUCLEAN},
		{"PRAGMA user_version = 2", -EUCLEAN},
		{"PRAGMA user_version = 3", -EUCLEAN},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct store *s = NULL;

		change(*state, schema_1);
		change(*state, rows[i].sql);
		if (store_open(&s, stores_path(*state)) != rows[i].expected)
			fail_msg("%s", rows[i].sql);
		assert_int_not_equal(number(*state, "SELECT count(*) FROM sqlite_schema"), 0);
		assert_int_equal(number(*state, "SELECT count(*) FROM sqlite_schema WHERE name = 'own_group'"), 0);
		assert_int_equal(unlink(stores_path(*state)), 0);
	}
}

/* I9: an old store that is behind its mark is not migrated either. */
static void behind_its_mark(void **state)
{
	struct store *s = NULL;

	change(*state, schema_1);
	expect_whole(*state);
	assert_int_equal(unlink(stores_path(*state)), 0);
	change(*state, schema_1);
	change(*state, "UPDATE meta SET generation = 41");
	assert_int_equal(store_open(&s, stores_path(*state)), -ESTALE);
	assert_int_equal(number(*state, "PRAGMA user_version"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(from_1, setup, teardown),
		cmocka_unit_test_setup_teardown(from_3, setup, teardown),
		cmocka_unit_test_setup_teardown(from_2, setup, teardown),
		cmocka_unit_test_setup_teardown(killed, setup, teardown),
		cmocka_unit_test_setup_teardown(disk_full, setup, teardown),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test_setup_teardown(behind_its_mark, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
