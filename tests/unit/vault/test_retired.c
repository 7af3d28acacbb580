/* SPDX-License-Identifier: MIT */
/* Threats I6, I9, C2: names and numbers of the past. Each change moves the high-water mark, and is all of it or nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "helper/vault/store_internal.h"
#include "tests/unit/vault/faulty_vfs.h"
#include "tests/unit/vault/stores.h"

#define FIRST 1879048192u /* of stores_account(0) */

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

/* One change of account 0, whose name is u00000. */
static int rename_it(struct store *s)
{
	char name[] = "other";
	struct account a = *stores_account(0);

	a.name = name;
	return store_rename(s, "u00000", &a, 5);
}

static int move_it(struct store *s)
{
	return store_move(s, stores_account(0), 5000, 5001, 5);
}

static int remove_it(struct store *s)
{
	return store_remove(s, stores_account(0), true, 5);
}

static int insert_one(struct store *s)
{
	return store_insert(s, stores_account(7));
}

static bool has_name(struct store *s, const char *name)
{
	LK_CLEANUP(account_freep) struct account *a = NULL;

	return store_find_name(s, name, &a) == 0;
}

static uint32_t retired_uid(struct store *s, const char *name)
{
	uint32_t uid = 0;

	return store_find_retired(s, name, &uid) == 0 ? uid : 0;
}

static bool is_free(struct store *s, uint32_t id)
{
	uint32_t found;

	return store_free_uid(s, id, id, &found) == 0;
}

static void renamed(void **state)
{
	LK_CLEANUP(store_closep) struct store *s = NULL;
	struct account a;
	char first[] = "u00000", second[] = "u00001";

	stores_fill(*state, 2);
	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	assert_int_equal(rename_it(s), 0);
	assert_false(has_name(s, "u00000"));
	assert_true(has_name(s, "other"));
	assert_int_equal(retired_uid(s, "u00000"), FIRST);
	assert_int_equal(retired_uid(s, "other"), 0);
	/* nobody else gets it, whether new or renamed; its own account does */
	a = *stores_account(9);
	a.name = first;
	assert_int_equal(store_insert(s, &a), -EEXIST);
	a = *stores_account(1);
	a.name = first;
	assert_int_equal(store_rename(s, "u00001", &a, 5), -EEXIST);
	a = *stores_account(0);
	a.name = second;
	assert_int_equal(store_rename(s, "other", &a, 5), -EEXIST);
	a.name = first;
	assert_int_equal(store_rename(s, "other", &a, 6), 0);
	assert_int_equal(retired_uid(s, "u00000"), 0);
	assert_int_equal(retired_uid(s, "other"), FIRST);
	assert_int_equal(store_rename(s, "nobody-there", &a, 6), -EEXIST);
	assert_int_equal(store_release(s, "other"), 0);
	assert_int_equal(store_release(s, "other"), -ENOENT);
	assert_int_equal(retired_uid(s, "other"), 0);
}

static void moved(void **state)
{
	LK_CLEANUP(store_closep) struct store *s = NULL;
	LK_CLEANUP(account_freep) struct account *a = NULL;
	char other[] = "other";
	struct account now;

	stores_fill(*state, 2);
	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	assert_int_equal(rename_it(s), 0);
	now = *stores_account(0);
	assert_int_equal(store_move(s, &now, 5000, 5001, 5), -ENOENT); /* no longer called so */
	now.name = other;
	assert_int_equal(store_move(s, &now, 5000, 5001, 5), 0);
	assert_int_equal(store_find_uid(s, 5000, &a), 0);
	assert_int_equal(a->gid, 5001);
	assert_int_equal(retired_uid(s, "u00000"), 5000); /* the former name follows */
	assert_false(is_free(s, FIRST));
	assert_false(is_free(s, 5000));
	assert_false(is_free(s, 5001));
	now.uid = 5000;
	now.gid = 5001;
	assert_int_equal(store_move(s, &now, FIRST + 1, FIRST + 1, 5), -EEXIST);
	assert_int_equal(store_move(s, &now, 5001, 5001, 5), 0);
	assert_false(is_free(s, 5000));
	assert_false(is_free(s, 5001));
}

static void removed(void **state)
{
	LK_CLEANUP(store_closep) struct store *s = NULL;

	stores_fill(*state, 2);
	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	assert_int_equal(remove_it(s), 0);
	assert_int_equal(remove_it(s), -ENOENT);
	assert_int_equal(retired_uid(s, "u00000"), FIRST);
	assert_int_equal(store_remove(s, stores_account(1), false, 5), 0);
	assert_int_equal(retired_uid(s, "u00001"), 0);
	assert_false(is_free(s, FIRST));
	assert_false(is_free(s, FIRST + 1));
	assert_int_equal(store_insert(s, stores_account(1)), -EEXIST);
}

/* I6, I9: what nobody gets again can be looked at: names in their order and numbers in theirs, each once. */
static void listed(void **state)
{
	LK_CLEANUP(store_closep) struct store *s = NULL;
	struct account a;
	char other[] = "other";
	struct retired r = {.name = "untouched"};

	stores_fill(*state, 3);
	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	assert_int_equal(store_next_retired_name(s, NULL, &r), -ENOENT);
	assert_int_equal(store_next_retired_id(s, 0, &r), -ENOENT);
	assert_string_equal(r.name, "untouched");

	assert_int_equal(rename_it(s), 0);
	a = *stores_account(0);
	a.name = other;
	assert_int_equal(store_move(s, &a, 5000, 5001, 6), 0);
	assert_int_equal(store_remove(s, stores_account(1), true, 7), 0);
	assert_int_equal(store_remove(s, stores_account(2), false, INT64_MAX), 0);

	assert_int_equal(store_next_retired_name(s, NULL, &r), 0);
	assert_string_equal(r.name, "u00000");
	assert_int_equal(r.id, 5000); /* its account's, as that has it now */
	assert_int_equal(r.since_s, 5);
	assert_string_equal(r.called_now, "other");
	assert_int_equal(store_next_retired_name(s, r.name, &r), 0);
	assert_string_equal(r.name, "u00001");
	assert_int_equal(r.id, FIRST + 1);
	assert_int_equal(r.since_s, 7);
	assert_string_equal(r.called_now, ""); /* that account is no more */
	assert_int_equal(store_next_retired_name(s, r.name, &r), -ENOENT);

	assert_int_equal(store_next_retired_id(s, 0, &r), 0);
	assert_int_equal(r.id, FIRST);
	assert_string_equal(r.name, "other");
	assert_int_equal(r.since_s, 6);
	assert_string_equal(r.called_now, "");
	assert_int_equal(store_next_retired_id(s, r.id, &r), 0);
	assert_int_equal(r.id, FIRST + 1);
	assert_int_equal(store_next_retired_id(s, r.id, &r), 0);
	assert_int_equal(r.id, FIRST + 2);
	assert_int_equal(r.since_s, INT64_MAX);
	assert_int_equal(store_next_retired_id(s, r.id, &r), -ENOENT);
	assert_int_equal(store_next_retired_id(s, UINT32_MAX, &r), -ENOENT);
}

/* I9: an older store would give the name or number to somebody else, so each of these makes it older. */
static void each_moves_the_mark(void **state)
{
	static int (*const changes[])(struct store * s) = {rename_it, move_it, remove_it, insert_one};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		LK_CLEANUP(store_closep) struct store *s = NULL;
		uint64_t before;

		stores_fill(*state, 2);
		assert_int_equal(store_open(&s, stores_path(*state)), 0);
		before = s->generation;
		assert_int_equal(changes[i](s), 0);
		assert_int_equal(s->generation, before + 1);
		assert_int_equal(s->mark.value, before + 1);
		if (i == 0) {
			assert_int_equal(store_release(s, "u00000"), 0);
			assert_int_equal(s->mark.value, before + 2);
		}
		store_close(LK_STEAL(s));
		assert_int_equal(unlink(stores_path(*state)), 0);
		assert_int_equal(unlink(scratch_name(*state, "private/store.db.mark")), 0);
	}
}

/* C2: the disk fails at any write of a change: nothing of it happened, and the next try succeeds. */
static void disk_full(void **state)
{
	static int (*const changes[])(struct store * s) = {rename_it, move_it, remove_it};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		bool failed = true;

		for (unsigned after = 0; failed; after++) {
			LK_CLEANUP(store_closep) struct store *s = NULL;
			int r;

			stores_fill(*state, 1);
			assert_int_equal(store_open(&s, stores_path(*state)), 0);
			faulty_fail(FAULTY_WRITE, after, SQLITE_FULL);
			r = changes[i](s);
			failed = faulty_count() > after;
			faulty_fail(0, 0, 0);
			assert_int_equal(r, failed ? -ENOSPC : 0);
			if (failed) {
				assert_true(has_name(s, "u00000"));
				assert_int_equal(retired_uid(s, "u00000"), 0);
				assert_true(is_free(s, 5000));
				assert_int_equal(changes[i](s), 0);
			}
			store_close(LK_STEAL(s));
			assert_int_equal(unlink(stores_path(*state)), 0);
			assert_int_equal(unlink(scratch_name(*state, "private/store.db.mark")), 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(renamed, setup, teardown),
		cmocka_unit_test_setup_teardown(moved, setup, teardown),
		cmocka_unit_test_setup_teardown(removed, setup, teardown),
		cmocka_unit_test_setup_teardown(listed, setup, teardown),
		cmocka_unit_test_setup_teardown(each_moves_the_mark, setup, teardown),
		cmocka_unit_test_setup_teardown(disk_full, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
