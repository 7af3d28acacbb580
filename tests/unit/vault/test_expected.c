/* SPDX-License-Identifier: MIT */
/* Accounts kept for somebody, and many changes as one: threats C1, C2, C4, I8. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "tests/unit/vault/faulty_vfs.h"
#include "tests/unit/vault/stores.h"

#define BATCH 40u

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

static struct account expected(unsigned n, const char *subject)
{
	static char kept[16];
	struct account a = *stores_account(n);

	a.state = ACCOUNT_EXPECTED;
	a.subject = NULL;
	if (subject != NULL) {
		(void)snprintf(kept, sizeof(kept), "%s", subject);
		a.subject = kept;
	}
	return a;
}

static void subject_is(struct store *s, unsigned n, const char *subject)
{
	LK_CLEANUP(account_freep) struct account *a = NULL;

	assert_int_equal(store_find_name(s, stores_account(n)->name, &a), 0);
	if (subject != NULL)
		assert_string_equal(a->subject, subject);
	else
		assert_null(a->subject);
}

static void what_is_expected_may_change(void **state)
{
	static char facts[] = "{\"x\":1}", gecos[] = "G", provider[] = "q";
	LK_CLEANUP(account_freep) struct account *found = NULL;
	LK_CLEANUP(store_closep) struct store *s = NULL;
	struct account a;

	stores_fill(*state, 1);
	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	a = expected(1, NULL);
	assert_int_equal(store_insert(s, &a), 0);
	a = expected(1, "one");
	a.facts = facts;
	a.gecos = gecos;
	a.provider = provider;
	assert_int_equal(store_expect(s, &a), 0);
	assert_int_equal(store_find_identity(s, a.issuer, "one", &found), 0);
	assert_string_equal(found->facts, facts);
	assert_string_equal(found->gecos, gecos);
	assert_string_equal(found->provider, provider);
	assert_int_equal(found->state, ACCOUNT_EXPECTED);
	assert_string_equal(found->home, a.home);

	/* somebody else's identity */
	a = expected(1, "s0");
	assert_int_equal(store_expect(s, &a), -EEXIST);
	subject_is(s, 1, "one");
	a = expected(1, NULL);
	assert_int_equal(store_expect(s, &a), 0);
	subject_is(s, 1, NULL);

	/* I8: an account that is somebody's, or another number, is out of reach */
	a = expected(0, "evil");
	assert_int_equal(store_expect(s, &a), -ENOENT);
	subject_is(s, 0, "s0");
	a = expected(1, "evil");
	a.uid++;
	assert_int_equal(store_expect(s, &a), -ENOENT);
	subject_is(s, 1, NULL);
}

static void a_batch_is_one_change(void **state)
{
	LK_CLEANUP(account_freep) struct account *found = NULL;
	LK_CLEANUP(store_closep) struct store *s = NULL;
	struct account a;
	uint32_t uid;

	stores_fill(*state, 1);
	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	assert_int_equal(store_batch_begin(s), 0);
	assert_int_equal(store_batch_begin(s), -EBUSY);
	assert_int_equal(store_insert(s, stores_account(1)), 0);
	/* look-ups see it: the next number is another one */
	assert_int_equal(store_free_uid(s, stores_account(1)->uid, stores_account(9)->uid, &uid), 0);
	assert_int_equal(uid, stores_account(2)->uid);
	/* taken: the batch goes on as if it had not been asked */
	assert_int_equal(store_insert(s, stores_account(0)), -EEXIST);
	a = expected(2, "two");
	assert_int_equal(store_insert(s, &a), 0);
	assert_int_equal(store_batch_end(s, 0), 0);
	assert_int_equal(store_count(s), 2);

	/* given up by whoever began it */
	assert_int_equal(store_batch_begin(s), 0);
	assert_int_equal(store_insert(s, stores_account(3)), 0);
	assert_int_equal(store_batch_end(s, -ECANCELED), -ECANCELED);
	assert_int_equal(store_find_name(s, stores_account(3)->name, &found), -ENOENT);

	/* or spoiled by a fault within, whatever came after it */
	assert_int_equal(store_batch_begin(s), 0);
	assert_int_equal(store_insert(s, stores_account(3)), 0);
	a = expected(7, NULL);
	assert_int_equal(store_expect(s, &a), -ENOENT);
	assert_int_equal(store_insert(s, stores_account(4)), -ENOENT);
	assert_int_equal(store_batch_end(s, 0), -ENOENT);
	assert_int_equal(store_find_name(s, stores_account(3)->name, &found), -ENOENT);
	assert_int_equal(store_insert(s, stores_account(4)), 0);

	/* an empty one is no change */
	assert_int_equal(store_batch_begin(s), 0);
	assert_int_equal(store_batch_end(s, 0), 0);
}

static int insert_many(struct store *s, unsigned first)
{
	int r = store_batch_begin(s);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < BATCH; i++) {
		struct account a = expected(first + i, NULL);

		(void)store_insert(s, &a);
	}
	return store_batch_end(s, 0);
}

/* Each kind of call fails in turn, at its n-th time during one batch, for every n: all of it is there, or nothing. */
static void batch_fails(void **state)
{
	static const int kinds[] = {FAULTY_WRITE, FAULTY_SYNC, FAULTY_READ};
	struct store *s = NULL;
	unsigned next = 1;

	stores_fill(*state, 1);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (unsigned after = 0;; after++) {
			LK_CLEANUP(account_freep) struct account *first = NULL;
			LK_CLEANUP(account_freep) struct account *last = NULL;
			bool failed;
			int r;

			assert_int_equal(store_open(&s, stores_path(*state)), 0);
			faulty_fail(kinds[i], after, SQLITE_FULL);
			r = insert_many(s, next);
			failed = faulty_count() > after;
			faulty_fail(0, 0, 0);
			assert_int_equal(r < 0, failed);
			store_close(s);
			assert_int_equal(store_open(&s, stores_path(*state)), 0);
			assert_int_equal(store_find_name(s, stores_account(next)->name, &first), r == 0 ? 0 : -ENOENT);
			assert_int_equal(store_find_name(s, stores_account(next + BATCH - 1)->name, &last),
					 r == 0 ? 0 : -ENOENT);
			/* the same store goes on */
			assert_int_equal(store_insert(s, stores_account(next + BATCH)), 0);
			store_close(s);
			next += BATCH + 1;
			if (!failed)
				break;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_expected_may_change, setup, teardown),
		cmocka_unit_test_setup_teardown(a_batch_is_one_change, setup, teardown),
		cmocka_unit_test_setup_teardown(batch_fails, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
