/* SPDX-License-Identifier: MIT */
/* Threats C3, I9, L15: a store that is damaged, foreign, open to others or older than it should be is refused and left
 * as it is. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "tests/unit/vault/stores.h"

struct bytes {
	unsigned char *data;
	size_t len;
};

static void bytes_done(struct bytes *b)
{
	free(b->data);
}

static struct bytes read_bytes(const struct scratch *s, const char *name)
{
	int fd = open(scratch_name(s, name), O_RDONLY | O_CLOEXEC);
	struct bytes b = {0};
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	b.len = (size_t)st.st_size;
	b.data = malloc(b.len + 1);
	assert_non_null(b.data);
	assert_int_equal(read(fd, b.data, b.len), st.st_size);
	close(fd);
	return b;
}

static void write_bytes(const struct scratch *s, const char *name, const void *data, size_t len)
{
	assert_true(scratch_write(s, name, data, len, 0600));
}

static bool exists(const struct scratch *s, const char *name)
{
	return access(scratch_name(s, name), F_OK) == 0;
}

static int open_result(const struct scratch *s)
{
	struct store *store = NULL;
	int r = store_open(&store, stores_path(s));

	assert_true(r == 0 || store == NULL);
	store_close(store);
	return r;
}

static void copy_file(const struct scratch *s, const char *from, const char *to)
{
	LK_CLEANUP(bytes_done) struct bytes b = read_bytes(s, from);

	write_bytes(s, to, b.data, b.len);
}

/* Refused with this result, and not a byte of it changed. */
static void refused(const struct scratch *s, const void *data, size_t len, int expected)
{
	LK_CLEANUP(bytes_done) struct bytes after = {0};
	int r;

	write_bytes(s, "private/store.db", data, len);
	r = open_result(s);
	if (expected == 0)
		assert_true(r < 0);
	else
		assert_int_equal(r, expected);
	after = read_bytes(s, "private/store.db");
	assert_int_equal(after.len, len);
	assert_memory_equal(after.data, data, len);
}

static void foreign_content(void **state)
{
	static const char text[] = "this is not a database, though it is longer than the hundred bytes of a header: "
				   "0123456789012345678901234567890123456789";
	unsigned char noise[8192];
	uint32_t x = 1;

	for (size_t i = 0; i < sizeof(noise); i++) {
		x = x * 1664525 + 1013904223;
		noise[i] = (unsigned char)(x >> 24);
	}
	refused(*state, "", 0, -EUCLEAN);
	refused(*state, "x", 1, -EUCLEAN);
	refused(*state, text, sizeof(text), -EUCLEAN);
	refused(*state, noise, sizeof(noise), -EUCLEAN);
	memcpy(noise, "SQLite format 3", 16);
	refused(*state, noise, sizeof(noise), -EUCLEAN);
}

static void every_truncation(void **state)
{
	LK_CLEANUP(bytes_done) struct bytes good = {0};

	stores_fill(*state, 100);
	good = read_bytes(*state, "private/store.db");
	assert_true(good.len > 5 * 4096);
	for (size_t len = 0; len < good.len; len += 512)
		refused(*state, good.data, len, -EUCLEAN);
	write_bytes(*state, "private/store.db", good.data, good.len);
	assert_int_equal(open_result(*state), 0);
}

static int compare_account(void *userdata, const struct account *a)
{
	unsigned *n = userdata;
	const struct account *good = stores_account(*n);

	(*n)++;
	return strcmp(a->name, good->name) != 0 || a->uid != good->uid || strcmp(a->issuer, good->issuer) != 0 ||
	       strcmp(a->subject, good->subject) != 0;
}

/* SQLite has no checksums, but who is who is written twice, in the table and in its indexes: one wrong byte is noticed,
 * or it is not in an identity. */
static void wrong_bytes(void **state)
{
	LK_CLEANUP(bytes_done) struct bytes good = {0};
	unsigned n_refused = 0, n_accepted = 0;

	stores_fill(*state, 30);
	good = read_bytes(*state, "private/store.db");
	for (size_t at = 0; at < good.len; at += 37) {
		struct store *s = NULL;
		int r;

		good.data[at] ^= 0xff;
		write_bytes(*state, "private/store.db", good.data, good.len);
		good.data[at] ^= 0xff;
		r = store_open(&s, stores_path(*state));
		if (r < 0) {
			n_refused++;
			continue;
		}
		for (unsigned n = 0; r == 0 && n < 30;) {
			r = store_each(s, n ? stores_account(n - 1)->name : NULL, 30, compare_account, &n);
			if (r < 0)
				break;
			assert_int_equal(r, 0);
			assert_int_equal(n, 30);
		}
		n_accepted++;
		store_close(s);
	}
	assert_true(n_refused > 100);
	assert_true(n_accepted > 0);
}

static void change(const struct scratch *s, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(stores_path(s), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void schemas(void **state)
{
	static const struct {
		const char *sql;
		int expected;
	} rows[] = {
		{"PRAGMA user_version = 5", -EPROTONOSUPPORT},
		{"PRAGMA user_version = 3", -EUCLEAN},
		{"PRAGMA user_version = 2", -EUCLEAN},
		{"PRAGMA user_version = 1", -EUCLEAN},
		{"PRAGMA user_version = 2147483647", -EPROTONOSUPPORT},
		{"PRAGMA user_version = 0", -EUCLEAN},
		{"PRAGMA user_version = -1", 0},
		{"PRAGMA application_id = 0", -EUCLEAN},
		{"DROP TABLE account", -EUCLEAN},
		{"DROP TABLE meta", -EUCLEAN},
		{"DROP TABLE retired_id", -EUCLEAN},
		{"DROP INDEX account_gid", -EUCLEAN},
		{"DELETE FROM meta", -EUCLEAN},
		{"CREATE TABLE more (a)", -EUCLEAN},
		{"CREATE VIEW v AS SELECT 1", -EUCLEAN},
		{"CREATE TRIGGER t AFTER INSERT ON account BEGIN UPDATE account SET gid = 1; END", -EUCLEAN},
		{"CREATE INDEX i ON account (gid)", -EUCLEAN},
		{"ALTER TABLE account ADD COLUMN more TEXT", -EUCLEAN},
		{"PRAGMA ignore_check_constraints = ON; UPDATE account SET gid = 0", -EUCLEAN},
		{"PRAGMA ignore_check_constraints = ON; UPDATE account SET name = x'6100' WHERE name = 'u00001'",
		 -EUCLEAN},
	};
	LK_CLEANUP(bytes_done) struct bytes good = {0};

	stores_fill(*state, 3);
	good = read_bytes(*state, "private/store.db");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r;

		write_bytes(*state, "private/store.db", good.data, good.len);
		change(*state, rows[i].sql);
		r = open_result(*state);
		if (rows[i].expected == 0 ? r >= 0 : r != rows[i].expected)
			fail_msg("%s: %d", rows[i].sql, r);
	}
	write_bytes(*state, "private/store.db", good.data, good.len);
	assert_int_equal(open_result(*state), 0);
}

/* A name in the table that its index does not know would be given out a second time. */
static void index_without_row(void **state)
{
	stores_fill(*state, 3);
	change(*state, "PRAGMA writable_schema = ON;"
		       "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = "
		       "'sqlite_autoindex_account_2') WHERE name = 'sqlite_autoindex_account_1'");
	assert_int_equal(open_result(*state), -EUCLEAN);
}

static void modes(void **state)
{
	const struct scratch *s = *state;
	static const mode_t open_to_others[] = {0640, 0620, 0604, 0602, 0666, 0610};

	stores_fill(s, 1);
	for (size_t i = 0; i < sizeof(open_to_others) / sizeof(open_to_others[0]); i++) {
		assert_int_equal(chmod(stores_path(s), open_to_others[i]), 0);
		assert_int_equal(open_result(s), -EPERM);
	}
	assert_int_equal(chmod(stores_path(s), 0600), 0);
	assert_int_equal(chmod(scratch_name(s, "private/store.db.mark"), 0644), 0);
	assert_int_equal(open_result(s), -EPERM);
	assert_int_equal(chmod(scratch_name(s, "private/store.db.mark"), 0600), 0);
	assert_int_equal(chmod(scratch_name(s, "private"), 0750), 0);
	assert_int_equal(open_result(s), -EPERM);
	assert_int_equal(chmod(scratch_name(s, "private"), 0701), 0);
	assert_int_equal(open_result(s), -EPERM);
	assert_int_equal(chmod(scratch_name(s, "private"), 0700), 0);
	assert_int_equal(open_result(s), 0);
}

static void wrong_owner(void **state)
{
	const struct scratch *s = *state;

	if (geteuid() != 0)
		skip();
	stores_fill(s, 1);
	assert_int_equal(chown(stores_path(s), 12345, 0), 0);
	assert_int_equal(open_result(s), -EPERM);
	assert_int_equal(chown(stores_path(s), 0, 0), 0);
	assert_int_equal(chown(scratch_name(s, "private"), 12345, 0), 0);
	assert_int_equal(open_result(s), -EPERM);
	assert_int_equal(chown(scratch_name(s, "private"), 0, 0), 0);
	assert_int_equal(open_result(s), 0);
}

/* L15: what is planted at our paths */
static void planted(void **state)
{
	static const char *const names[] = {"private/store.db", "private/store.db-wal", "private/store.db-journal",
					    "private/store.db-shm", "private/store.db.mark"};
	const struct scratch *s = *state;

	stores_fill(s, 1);
	write_bytes(s, "elsewhere", "untouched", 9);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		bool was_there = exists(s, names[i]);

		if (was_there)
			assert_int_equal(rename(scratch_name(s, names[i]), scratch_name(s, "kept")), 0);
		assert_int_equal(symlink(scratch_name(s, "elsewhere"), scratch_name(s, names[i])), 0);
		assert_int_equal(open_result(s), -EPERM);
		assert_int_equal(unlink(scratch_name(s, names[i])), 0);
		assert_int_equal(mkfifo(scratch_name(s, names[i]), 0600), 0);
		assert_int_equal(open_result(s), -EPERM);
		assert_int_equal(unlink(scratch_name(s, names[i])), 0);
		assert_int_equal(mkdir(scratch_name(s, names[i]), 0700), 0);
		assert_true(open_result(s) < 0);
		assert_int_equal(rmdir(scratch_name(s, names[i])), 0);
		if (was_there)
			assert_int_equal(rename(scratch_name(s, "kept"), scratch_name(s, names[i])), 0);
	}
	/* a second name for the file: somebody else may hold it */
	assert_int_equal(link(stores_path(s), scratch_name(s, "second")), 0);
	assert_int_equal(open_result(s), -EPERM);
	assert_int_equal(unlink(scratch_name(s, "second")), 0);
	assert_int_equal(open_result(s), 0);
}

static void folders(void **state)
{
	const struct scratch *s = *state;
	struct store *store = NULL;
	char path[5000];

	assert_int_equal(symlink(scratch_name(s, "private"), scratch_name(s, "link")), 0);
	assert_int_equal(store_open(&store, scratch_name(s, "link/store.db")), -EPERM);
	assert_int_equal(store_open(&store, scratch_name(s, "nowhere/store.db")), -ENOENT);
	assert_int_equal(store_open(&store, "store.db"), -EINVAL);
	assert_int_equal(store_open(&store, "/store.db"), -EINVAL);
	assert_int_equal(store_open(&store, scratch_name(s, "private/")), -EINVAL);
	memset(path, '/', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(store_open(&store, path), -EINVAL);
	snprintf(path, sizeof(path), "%s/private/%0250d", s->path, 1);
	assert_int_equal(store_open(&store, path), -ENAMETOOLONG);
	assert_null(store);
	/* nothing was made on the way */
	assert_false(exists(s, "private/store.db"));
}

/* I9: deleted, or put back from a backup */
static void behind_its_mark(void **state)
{
	const struct scratch *s = *state;
	struct store *store = NULL;

	stores_fill(s, 2);
	copy_file(s, "private/store.db", "backup");
	assert_int_equal(store_open(&store, stores_path(s)), 0);
	assert_int_equal(store_insert(store, stores_account(5)), 0);
	store_close(store);

	copy_file(s, "backup", "private/store.db");
	assert_int_equal(open_result(s), -ESTALE);
	assert_int_equal(unlink(stores_path(s)), 0);
	assert_int_equal(open_result(s), -ESTALE);
	assert_false(exists(s, "private/store.db"));

	/* the administrator's explicit step */
	assert_int_equal(unlink(scratch_name(s, "private/store.db.mark")), 0);
	copy_file(s, "backup", "private/store.db");
	assert_int_equal(open_result(s), 0);
	assert_true(exists(s, "private/store.db.mark"));
	assert_int_equal(open_result(s), 0);
}

/* A backup from before an account was kept for one identity would let another have it. What else is known of whoever is
 * expected may go back. */
static void keeping_for_somebody_counts(void **state)
{
	static char gecos[] = "G", subject[] = "one";
	const struct scratch *s = *state;
	struct account a = *stores_account(1);

	a.state = ACCOUNT_EXPECTED;
	a.subject = NULL;
	for (int with_subject = 0; with_subject <= 1; with_subject++) {
		struct store *store = NULL;

		assert_int_equal(store_open(&store, stores_path(s)), 0);
		if (!with_subject)
			assert_int_equal(store_insert(store, &a), 0);
		store_close(store);
		copy_file(s, "private/store.db", "backup");
		assert_int_equal(store_open(&store, stores_path(s)), 0);
		a.gecos = gecos;
		a.subject = with_subject ? subject : NULL;
		assert_int_equal(store_expect(store, &a), 0);
		store_close(store);
		copy_file(s, "backup", "private/store.db");
		assert_int_equal(open_result(s), with_subject ? -ESTALE : 0);
	}
}

/* A backup from before an account was forgotten would bring it back to life. */
static void forgetting_counts(void **state)
{
	const struct scratch *s = *state;
	struct store *store = NULL;
	struct account a;

	stores_fill(s, 2);
	copy_file(s, "private/store.db", "backup");
	assert_int_equal(store_open(&store, stores_path(s)), 0);
	a = *stores_account(1);
	a.state = ACCOUNT_FORGOTTEN;
	assert_int_equal(store_update(store, &a), 0);
	store_close(store);
	copy_file(s, "backup", "private/store.db");
	assert_int_equal(open_result(s), -ESTALE);
}

/* Nothing was ever given out: there is nothing to protect. And sign-ins alone give nothing out. */
static void unused_store_may_go(void **state)
{
	const struct scratch *s = *state;
	struct store *store = NULL;
	struct account a;

	assert_int_equal(open_result(s), 0);
	assert_int_equal(unlink(stores_path(s)), 0);
	assert_int_equal(open_result(s), 0);

	stores_fill(s, 1);
	copy_file(s, "private/store.db", "backup");
	assert_int_equal(store_open(&store, stores_path(s)), 0);
	a = *stores_account(0);
	a.last_sign_in_s = 99;
	assert_int_equal(store_update(store, &a), 0);
	store_close(store);
	copy_file(s, "backup", "private/store.db");
	assert_int_equal(open_result(s), 0);
}

static void damaged_mark(void **state)
{
	const struct scratch *s = *state;
	LK_CLEANUP(bytes_done) struct bytes mark = {0};

	stores_fill(s, 5);
	mark = read_bytes(s, "private/store.db.mark");
	assert_int_equal(mark.len, 1024);
	write_bytes(s, "private/store.db.mark", "", 0);
	assert_int_equal(open_result(s), -EUCLEAN);
	write_bytes(s, "private/store.db.mark", mark.data, 23);
	assert_int_equal(open_result(s), -EUCLEAN);
	/* the slot of the last value torn: the one before counts, and the store is ahead of it */
	memset(mark.data + 512 + 4, 0, 10);
	write_bytes(s, "private/store.db.mark", mark.data, mark.len);
	assert_int_equal(open_result(s), 0);
	/* the other slot's value torn while its magic is whole */
	mark.data[8] ^= 0x80;
	write_bytes(s, "private/store.db.mark", mark.data, mark.len);
	assert_int_equal(open_result(s), -EUCLEAN);
	mark.data[8] ^= 0x80;
	/* both torn */
	memset(mark.data + 4, 0, 10);
	write_bytes(s, "private/store.db.mark", mark.data, mark.len);
	assert_int_equal(open_result(s), -EUCLEAN);
}

/* What an interrupted first start leaves behind does not stop the next. */
static void unfinished_creation(void **state)
{
	const struct scratch *s = *state;

	write_bytes(s, "private/store.db.new", "half", 4);
	assert_int_equal(open_result(s), 0);
	assert_false(exists(s, "private/store.db.new"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(foreign_content, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(every_truncation, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(wrong_bytes, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(schemas, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(index_without_row, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(modes, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(wrong_owner, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(planted, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(folders, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(behind_its_mark, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(keeping_for_somebody_counts, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(forgetting_counts, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(unused_store_may_go, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(damaged_mark, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(unfinished_creation, stores_setup, stores_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
