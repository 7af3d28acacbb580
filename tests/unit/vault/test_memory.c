/* SPDX-License-Identifier: MIT */
/* Threat C6 for the store: each of SQLite's allocations fails in turn; the result is -ENOMEM and nothing is lost. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "tests/unit/vault/stores.h"

static sqlite3_mem_methods real;
static unsigned remaining; /* allocations that still succeed, when is_counting */
static bool is_counting, has_failed;

static bool may_allocate(void)
{
	if (!is_counting)
		return true;
	if (remaining > 0) {
		remaining--;
		return true;
	}
	has_failed = true;
	return false;
}

static void *failing_malloc(int size)
{
	return may_allocate() ? real.xMalloc(size) : NULL;
}

static void *failing_realloc(void *p, int size)
{
	return may_allocate() ? real.xRealloc(p, size) : NULL;
}

static void fail_after(unsigned n)
{
	remaining = n;
	has_failed = false;
	is_counting = true;
}

static int group_setup(void **state)
{
	sqlite3_mem_methods failing;

	(void)state;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real), SQLITE_OK);
	failing = real;
	failing.xMalloc = failing_malloc;
	failing.xRealloc = failing_realloc;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &failing), SQLITE_OK);
	/* Without its own pool SQLite asks for each small piece. */
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK);
	return 0;
}

static void opening(void **state)
{
	unsigned n = 0;

	stores_fill(*state, 3);
	for (has_failed = true; has_failed; n++) {
		struct store *s = NULL;
		int r;

		fail_after(n);
		r = store_open(&s, stores_path(*state));
		is_counting = false;
		/* some allocations are a convenience that SQLite does without */
		if (r == 0 ? !s : r != -ENOMEM || !has_failed || s)
			fail_msg("allocation %u: %d", n, r);
		store_close(s);
	}
	assert_true(n > 100);
	stores_fill(*state, 0);
}

static void inserting(void **state)
{
	unsigned n = 0;

	for (has_failed = true; has_failed; n++) {
		LK_CLEANUP(store_closep) struct store *s = NULL;
		LK_CLEANUP(account_freep) struct account *a = NULL;
		int r;

		assert_int_equal(store_open(&s, stores_path(*state)), 0);
		fail_after(n);
		r = store_insert(s, stores_account(n));
		is_counting = false;
		assert_true(r == 0 || (r == -ENOMEM && has_failed));
		assert_int_equal(store_find_name(s, stores_account(n)->name, &a), r == 0 ? 0 : -ENOENT);
		/* and the store goes on */
		assert_int_equal(store_insert(s, stores_account(n)), r == 0 ? -EEXIST : 0);
	}
	assert_true(n > 3);
}

static void finding(void **state)
{
	LK_CLEANUP(store_closep) struct store *s = NULL;

	stores_fill(*state, 3);
	for (has_failed = true, remaining = 0; has_failed;) {
		static unsigned n;
		LK_CLEANUP(account_freep) struct account *a = NULL;
		int r;

		store_close(LK_STEAL(s));
		assert_int_equal(store_open(&s, stores_path(*state)), 0);
		fail_after(n++);
		r = store_find_identity(s, "https://id.example", "s1", &a);
		is_counting = false;
		assert_true(r == 0 ? a != NULL : r == -ENOMEM && has_failed && !a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(opening, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(inserting, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(finding, stores_setup, stores_teardown),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
