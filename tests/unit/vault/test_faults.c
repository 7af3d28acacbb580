/* SPDX-License-Identifier: MIT */
/* Threats C1, C2, C4: a disk that is full, that fails at any call, or that loses power. Whatever was acknowledged is
 * there afterwards, whatever was refused is not, and the store opens. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "helper/vault/store_internal.h"
#include "tests/unit/vault/faulty_vfs.h"
#include "tests/unit/vault/stores.h"

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

static void expect_account(struct store *s, unsigned n, bool expected)
{
	LK_CLEANUP(account_freep) struct account *a = NULL;

	assert_int_equal(store_find_name(s, stores_account(n)->name, &a), expected ? 0 : -ENOENT);
}

static void expect_stored(const struct scratch *scratch, unsigned n, bool expected)
{
	LK_CLEANUP(store_closep) struct store *s = NULL;

	assert_int_equal(store_open(&s, stores_path(scratch)), 0);
	expect_account(s, 0, true);
	expect_account(s, n, expected);
}

/* Each kind of call fails in turn, at its n-th time during one insert, for every n. */
static void insert_fails(void **state)
{
	static const struct {
		int calls;
		int error;
		int expected;
	} rows[] = {
		{FAULTY_WRITE, SQLITE_FULL, -ENOSPC},    {FAULTY_WRITE, SQLITE_IOERR_WRITE, -EIO},
		{FAULTY_WRITE, SQLITE_READONLY, -EROFS}, {FAULTY_SYNC, SQLITE_IOERR_FSYNC, -EIO},
		{FAULTY_READ, SQLITE_IOERR_READ, -EIO},
	};
	struct store *s = NULL;
	unsigned next = 1;

	stores_fill(*state, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (unsigned after = 0;; after++) {
			bool failed;
			int r;

			assert_int_equal(store_open(&s, stores_path(*state)), 0);
			faulty_fail(rows[i].calls, after, rows[i].error);
			r = store_insert(s, stores_account(next));
			failed = faulty_count() > after;
			assert_int_equal(r, failed ? rows[i].expected : 0);
			/* the disk is well again: the same store goes on */
			faulty_fail(0, 0, 0);
			expect_account(s, next, r == 0);
			assert_int_equal(store_insert(s, stores_account(next + 1)), 0);
			store_close(s);
			expect_stored(*state, next, r == 0);
			expect_stored(*state, next + 1, true);
			next += 2;
			if (!failed)
				break;
		}
	}
}

static void update_fails(void **state)
{
	struct account a = *stores_account(0);
	struct store *s = NULL;

	stores_fill(*state, 1);
	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	a.state = ACCOUNT_FORGOTTEN;
	faulty_fail(FAULTY_WRITE, 0, SQLITE_FULL);
	assert_int_equal(store_update(s, &a), -ENOSPC);
	faulty_fail(0, 0, 0);
	assert_int_equal(store_count(s), 1);
	assert_int_equal(store_update(s, &a), 0);
	assert_int_equal(store_count(s), 0);
	store_close(s);
}

/* A first start on a disk that fails leaves nothing that would be taken for a store. */
static void creation_fails(void **state)
{
	static const int kinds[] = {FAULTY_WRITE, FAULTY_SYNC};
	struct store *s = NULL;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (unsigned after = 0;; after++) {
			bool failed;
			int r;

			faulty_fail(kinds[i], after, SQLITE_FULL);
			r = store_open(&s, stores_path(*state));
			failed = faulty_count() > after;
			faulty_fail(0, 0, 0);
			if (!failed) {
				assert_int_equal(r, 0);
				store_close(s);
				break;
			}
			if (r == 0)
				store_close(s);
			else
				assert_int_equal(r, -ENOSPC);
			/* and the next start succeeds */
			s = NULL;
			assert_int_equal(store_open(&s, stores_path(*state)), 0);
			assert_int_equal(store_count(s), 0);
			store_close(s);
			s = NULL;
			assert_int_equal(unlink(stores_path(*state)), 0);
		}
		assert_int_equal(unlink(stores_path(*state)), 0);
	}
}

/* C4: power goes while the store is open, after each of many acknowledged changes. */
static void power_cut(void **state)
{
	stores_fill(*state, 1);
	for (unsigned n = 1; n < 20; n++) {
		int status = 0;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			struct store *s = NULL;
			int r = store_open(&s, stores_path(*state));

			for (unsigned i = (n - 1) * n / 2 + 1; r == 0 && i <= n * (n + 1) / 2; i++)
				r = store_insert(s, stores_account(i));
			faulty_power_cut();
			_exit(r == 0 ? 0 : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		for (unsigned i = (n - 1) * n / 2 + 1; i <= n * (n + 1) / 2; i++)
			expect_stored(*state, i, true);
	}
}

/* The shim proves itself: without the sync the same cut loses the account. */
static void power_cut_without_sync(void **state)
{
	int status = 0;
	pid_t pid;

	stores_fill(*state, 1);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		sqlite3 *db = NULL;
		int r = sqlite3_open(stores_path(*state), &db);

		r |= sqlite3_exec(db,
				  "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF;"
				  "UPDATE account SET gecos = 'lost'",
				  NULL, NULL, NULL);
		faulty_power_cut();
		_exit(r == SQLITE_OK ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	LK_CLEANUP(store_closep) struct store *s = NULL;
	LK_CLEANUP(account_freep) struct account *a = NULL;

	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	assert_int_equal(store_find_name(s, "u00000", &a), 0);
	assert_string_equal(a->gecos, "Full Name");
}

/* C1: killed at the n-th write or sync of an insert, for every n. */
static void killed(void **state)
{
	bool was_killed = true;

	stores_fill(*state, 1);
	for (unsigned n = 0; was_killed; n++) {
		int status = 0;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			struct store *s = NULL;
			int r = store_open(&s, stores_path(*state));

			faulty_kill(FAULTY_WRITE | FAULTY_SYNC, n);
			if (r == 0)
				r = store_insert(s, stores_account(n + 1));
			_exit(r == 0 ? 0 : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		was_killed = WIFSIGNALED(status);
		if (!was_killed) {
			assert_int_equal(status, 0);
			expect_stored(*state, n + 1, true);
		} else {
			/* there or not there, never half; and both ways the store goes on */
			LK_CLEANUP(store_closep) struct store *s = NULL;
			LK_CLEANUP(account_freep) struct account *a = NULL;
			int r;

			assert_int_equal(store_open(&s, stores_path(*state)), 0);
			r = store_find_name(s, stores_account(n + 1)->name, &a);
			assert_true(r == 0 || r == -ENOENT);
			assert_int_equal(store_insert(s, stores_account(n + 1)), r == 0 ? -EEXIST : 0);
		}
		assert_true(n < 100);
	}
}

/* The mark cannot be written: what was committed stands, but nothing more is given out until it can. */
static void mark_fails(void **state)
{
	LK_CLEANUP(store_closep) struct store *s = NULL;
	int full = open("/dev/full", O_RDWR | O_CLOEXEC), real;

	assert_true(full >= 0);
	stores_fill(*state, 1);
	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	real = s->mark.fd;
	s->mark.fd = full;
	assert_int_equal(store_insert(s, stores_account(1)), 0);
	assert_int_equal(store_insert(s, stores_account(2)), -ENOSPC);
	expect_account(s, 1, true);
	expect_account(s, 2, false);
	s->mark.fd = real;
	close(full);
	assert_int_equal(store_insert(s, stores_account(2)), 0);
	assert_int_equal(s->mark.value, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(insert_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(update_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(creation_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(power_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(power_cut_without_sync, setup, teardown),
		cmocka_unit_test_setup_teardown(mark_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(killed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
