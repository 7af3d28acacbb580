/* SPDX-License-Identifier: MIT */
/* Threats I6, I9, I11, I12: what an administrator can do to accounts, and that none of it gives one person's name, number or
 * past to another without a step of its own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/accounts/world.h"

#define MIN 70000u

static struct id_range earlier = {1000, 59999};

static int setup(void **state)
{
	struct world *w;
	int r = world_setup(state);

	w = *state;
	w->settings.uid_min = MIN;
	w->settings.uid_max = MIN + 99;
	w->settings.migrated_ids = (struct id_ranges){&earlier, 1};
	return r;
}

static int pin_all(struct world *w, const struct account_pin *pins, size_t n, size_t *at, size_t *n_new)
{
	*n_new = 99;
	return accounts_pin(w->accounts, pins, n, 1700000000, at, n_new);
}

static int pin(struct world *w, const char *name, uint32_t uid, const char *subject)
{
	const struct account_pin p = {.name = name, .uid = uid, .provider = "p", .issuer = ISSUER, .subject = subject};
	size_t at, n_new;

	return pin_all(w, &p, 1, &at, &n_new);
}

static const struct account *find(struct world *w, const char *name)
{
	account_free(LK_STEAL(w->account));
	return store_find_name(w->store, name, &w->account) == 0 ? w->account : NULL;
}

static void pinned(void **state)
{
	struct world *w = *state;

	assert_int_equal(pin(w, "alice", 20001, NULL), 0);
	assert_int_equal(pin(w, "bob", MIN + 5, "sub-bob"), 0);
	assert_int_equal(find(w, "alice")->uid, 20001);
	assert_int_equal(w->account->gid, 20001);
	assert_int_equal(w->account->state, ACCOUNT_EXPECTED);
	assert_string_equal(w->account->home, "/home/alice");
	assert_null(w->account->subject);
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), 0);
	assert_int_equal(w->account->uid, 20001);
	assert_int_equal(bind_as(w, "bob", ISSUER, "sub-bob"), 0);
	assert_int_equal(w->account->uid, MIN + 5);

	/* said again it is as it was; said otherwise it is refused */
	assert_int_equal(pin(w, "alice", 20001, NULL), 0);
	assert_int_equal(pin(w, "alice", 20001, "sub-alice"), 0);
	assert_int_equal(pin(w, "alice", 20002, NULL), ACCOUNT_NAME_TAKEN);
	assert_int_equal(pin(w, "alice", 20001, "sub-other"), ACCOUNT_NAME_TAKEN);
	assert_int_equal(pin(w, "carol", 20001, NULL), ACCOUNT_ID_TAKEN);
	assert_int_equal(pin(w, "carol", MIN + 5, NULL), ACCOUNT_ID_TAKEN);
	assert_int_equal(pin(w, "carol", 20002, "sub-bob"), ACCOUNT_IDENTITY_TAKEN);
	assert_null(find(w, "carol"));
}

/* I11, I12 */
static void numbers(void **state)
{
	static const struct {
		uint32_t id;
		int result;
	} rows[] = {
		{1, ACCOUNT_ID_NOT_ALLOWED},
		{999, ACCOUNT_ID_NOT_ALLOWED},
		{1000, ACCOUNT_ID_TAKEN},
		{1001, ACCOUNT_ID_TAKEN},
		{3005, ACCOUNT_ID_TAKEN},
		{60000, ACCOUNT_ID_NOT_ALLOWED},
		{61184, ACCOUNT_ID_NOT_ALLOWED},
		{65519, ACCOUNT_ID_NOT_ALLOWED},
		{65534, ACCOUNT_ID_NOT_ALLOWED},
		{65535, ACCOUNT_ID_NOT_ALLOWED},
		{MIN - 1, ACCOUNT_ID_NOT_ALLOWED},
		{MIN + 100, ACCOUNT_ID_NOT_ALLOWED},
		{UINT32_C(0x80000000), ACCOUNT_ID_NOT_ALLOWED},
		{UINT32_MAX, ACCOUNT_ID_NOT_ALLOWED},
	};
	struct world *w = *state;
	struct account_pin p = {.name = "carol", .uid = MIN, .provider = "p", .issuer = ISSUER};
	size_t at, n_new;

	world_write(w, "etc/subuid", "local:3000:10\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(pin(w, "carol", rows[i].id, NULL), rows[i].result);
		p.gid = rows[i].id;
		assert_int_equal(pin_all(w, &p, 1, &at, &n_new), rows[i].result);
	}
	p.gid = 20001;
	assert_int_equal(pin_all(w, &p, 1, &at, &n_new), 0);
	assert_int_equal(find(w, "carol")->gid, 20001);
	assert_int_equal(pin(w, "dave", 20001, NULL), ACCOUNT_ID_TAKEN);
}

static void fields(void **state)
{
	static const struct {
		const char *home;
		const char *shell;
		const char *subject;
		int result;
	} rows[] = {
		{"/home/x", "/bin/zsh", "s", 0},
		{"/srv/x", NULL, NULL, ACCOUNT_OUT_OF_BOUNDS},
		{"/home/", NULL, NULL, ACCOUNT_FIELD_INVALID},
		{"home/x", NULL, NULL, ACCOUNT_FIELD_INVALID},
		{"/home/../etc", NULL, NULL, ACCOUNT_FIELD_INVALID},
		{"/home/./x", NULL, NULL, ACCOUNT_FIELD_INVALID},
		{"/home//x", NULL, NULL, ACCOUNT_FIELD_INVALID},
		{"/home/x:y", NULL, NULL, ACCOUNT_FIELD_INVALID},
		{"/home/x\ny", NULL, NULL, ACCOUNT_FIELD_INVALID},
		{NULL, "bash", NULL, ACCOUNT_FIELD_INVALID},
		{NULL, "/bin/ba:sh", NULL, ACCOUNT_FIELD_INVALID},
		{NULL, "", NULL, ACCOUNT_FIELD_INVALID},
		{NULL, NULL, "", ACCOUNT_FIELD_INVALID},
	};
	static const char *const names[] = {"", "Alice", "a b", "0", "root:x", "local", "devs", "root", "backup-agent"};
	struct world *w = *state;
	size_t at, n_new;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct account_pin p = {.name = i == 0 ? "x" : "y",
					      .uid = MIN + (uint32_t)i,
					      .provider = "p",
					      .issuer = ISSUER,
					      .home = rows[i].home,
					      .shell = rows[i].shell,
					      .subject = rows[i].subject};

		if (pin_all(w, &p, 1, &at, &n_new) != rows[i].result)
			fail_msg("row %zu", i);
	}
	assert_string_equal(find(w, "x")->shell, "/bin/zsh");
	assert_string_equal(w->account->subject, "s");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_true(pin(w, names[i], MIN + 90, NULL) > 0);
	assert_int_equal(store_count(w->store), 0);
}

/* All of an import or nothing, and which one is at fault. */
static void imports(void **state)
{
	struct world *w = *state;
	struct account_pin pins[4] = {
		{.name = "u0", .uid = 20000, .provider = "p", .issuer = ISSUER},
		{.name = "u1", .uid = 20001, .provider = "p", .issuer = ISSUER, .subject = "s1"},
		{.name = "u2", .uid = 20002, .provider = "p", .issuer = ISSUER},
		{.name = "u3", .uid = 20003, .provider = "p", .issuer = ISSUER},
	};
	size_t at, n_new;

	pins[3].uid = 1000;
	assert_int_equal(pin_all(w, pins, 4, &at, &n_new), ACCOUNT_ID_TAKEN);
	assert_int_equal(at, 3);
	assert_int_equal(n_new, 99);
	pins[3].uid = 20001;
	assert_int_equal(pin_all(w, pins, 4, &at, &n_new), ACCOUNT_ID_TAKEN);
	assert_int_equal(at, 3);
	pins[3].uid = 20003;
	pins[2].name = "u0";
	assert_int_equal(pin_all(w, pins, 4, &at, &n_new), ACCOUNT_NAME_TAKEN);
	assert_int_equal(at, 2);
	pins[2].name = "u2";
	pins[2].subject = "s1";
	assert_int_equal(pin_all(w, pins, 4, &at, &n_new), ACCOUNT_IDENTITY_TAKEN);
	assert_int_equal(at, 2);
	for (size_t i = 0; i < 4; i++)
		assert_null(find(w, pins[i].name));

	pins[2].subject = "s2";
	assert_int_equal(pin_all(w, pins, 3, &at, &n_new), 0);
	assert_int_equal(n_new, 3);
	assert_int_equal(pin_all(w, pins, 4, &at, &n_new), 0);
	assert_int_equal(n_new, 1);
	assert_int_equal(pin_all(w, pins, 0, &at, &n_new), 0);
	assert_int_equal(n_new, 0);
	assert_int_equal(pin_all(w, pins, ACCOUNTS_PINS_MAX + 1, &at, &n_new), -E2BIG);
}

/* A local user is taken over with its number, and has no account of ours until it is removed. */
static void migration(void **state)
{
	struct world *w = *state;

	world_write(w, "etc/passwd",
		    "root:x:0:0::/root:/bin/sh\nlocal:x:1000:1000::/home/local:/bin/sh\n"
		    "alice:x:1200:1200::/home/alice:/bin/sh\n");
	world_write(w, "etc/group", "root:x:0:\nlocal:x:1000:\nalice:x:1200:\n");
	assert_int_equal(pin(w, "alice", 1201, NULL), ACCOUNT_NAME_LOCAL);
	assert_int_equal(pin(w, "bob", 1200, NULL), ACCOUNT_ID_TAKEN);
	assert_int_equal(pin(w, "alice", 1200, NULL), 0);
	assert_int_equal(accounts_name_is_possible(w->accounts, "alice"), 0);
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), ACCOUNT_NAME_LOCAL);
	world_write(w, "etc/passwd", "root:x:0:0::/root:/bin/sh\nlocal:x:1000:1000::/home/local:/bin/sh\n");
	world_write(w, "etc/group", "root:x:0:\nlocal:x:1000:\n");
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), 0);
	assert_int_equal(w->account->uid, 1200);
}

/* I6: by hand as by claim. */
static void renamed(void **state)
{
	struct world *w = *state;
	uint32_t uid;

	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), 0);
	uid = w->account->uid;
	assert_int_equal(bind_as(w, "bob", ISSUER, "sub-bob"), 0);
	account_free(LK_STEAL(w->account));
	assert_int_equal(accounts_rename(w->accounts, "nobody-there", "x", 1, &w->account), -ENOENT);
	assert_int_equal(accounts_rename(w->accounts, "alice", "bob", 1, &w->account), ACCOUNT_NAME_TAKEN);
	assert_int_equal(accounts_rename(w->accounts, "alice", "local", 1, &w->account), ACCOUNT_NAME_LOCAL);
	assert_int_equal(accounts_rename(w->accounts, "alice", "A", 1, &w->account), ACCOUNT_FIELD_INVALID);
	assert_int_equal(accounts_rename(w->accounts, "alice", "alice2", 1, &w->account), 0);
	assert_int_equal(w->account->uid, uid);
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-new"), ACCOUNT_NAME_RETIRED);
	assert_int_equal(bind_as(w, "alice2", ISSUER, "sub-alice"), 0);
	assert_int_equal(w->account->uid, uid);
	account_free(LK_STEAL(w->account));
	assert_int_equal(accounts_rename(w->accounts, "bob", "alice", 1, &w->account), ACCOUNT_NAME_RETIRED);
	assert_int_equal(accounts_rename(w->accounts, "alice2", "alice2", 1, &w->account), ACCOUNT_NAME_TAKEN);
}

/* I9: the numbers that an account leaves behind are nobody's. */
static void moved(void **state)
{
	struct world *w = *state;
	uint32_t first, old = 0;

	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), 0);
	first = w->account->uid;
	assert_int_equal(bind_as(w, "alice2", ISSUER, "sub-alice"), 0);
	account_free(LK_STEAL(w->account));
	assert_int_equal(accounts_move(w->accounts, "alice2", 1000, 0, 1, &w->account, &old), ACCOUNT_ID_TAKEN);
	assert_int_equal(accounts_move(w->accounts, "alice2", 999, 0, 1, &w->account, &old), ACCOUNT_ID_NOT_ALLOWED);
	assert_int_equal(accounts_move(w->accounts, "alice", 20001, 0, 1, &w->account, &old), -ENOENT);
	assert_int_equal(accounts_move(w->accounts, "alice2", 20001, 0, 1, &w->account, &old), 0);
	assert_int_equal(old, first);
	assert_int_equal(w->account->uid, 20001);
	assert_int_equal(w->account->gid, 20001);
	assert_true(accounts_was_called(w->accounts, "alice", w->account));
	assert_int_equal(pin(w, "bob", first, NULL), ACCOUNT_ID_TAKEN);
	account_free(LK_STEAL(w->account));
	assert_int_equal(accounts_move(w->accounts, "alice2", first, 0, 1, &w->account, &old), ACCOUNT_ID_TAKEN);

	/* with a group of its own number: kept, then changed, then the uid's again */
	assert_int_equal(accounts_move(w->accounts, "alice2", 20001, 20002, 1, &w->account, &old), 0);
	assert_int_equal(w->account->gid, 20002);
	account_free(LK_STEAL(w->account));
	assert_int_equal(accounts_move(w->accounts, "alice2", 20003, 0, 1, &w->account, &old), 0);
	assert_int_equal(w->account->gid, 20002);
	account_free(LK_STEAL(w->account));
	assert_int_equal(accounts_move(w->accounts, "alice2", 20003, 20003, 1, &w->account, &old), 0);
	for (uint32_t id = 20001; id <= 20003; id++)
		assert_int_equal(pin(w, "bob", id, NULL), ACCOUNT_ID_TAKEN);
	assert_int_equal(pin(w, "bob", 20004, NULL), 0);
	assert_int_equal(bind_as(w, "alice2", ISSUER, "sub-alice"), 0);
	assert_int_equal(w->account->uid, 20003);
}

/* I6, I9: the one step by which a name of the past may be somebody else's, who gets another number. */
static void released(void **state)
{
	struct world *w = *state;
	uint32_t uid, old = 0;

	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), 0);
	uid = w->account->uid;
	assert_int_equal(accounts_release_name(w->accounts, "alice", 1, &old), -EBUSY);
	assert_int_equal(accounts_release_name(w->accounts, "bob", 1, &old), -ENOENT);
	assert_int_equal(bind_as(w, "aliceb", ISSUER, "sub-alice"), 0);
	assert_int_equal(accounts_release_name(w->accounts, "alice", 1, &old), 0);
	assert_int_equal(old, uid);
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-new"), 0);
	assert_int_not_equal(w->account->uid, uid);
	assert_int_equal(bind_as(w, "aliceb", ISSUER, "sub-alice"), 0);
	assert_int_equal(w->account->uid, uid);

	account_free(LK_STEAL(w->account));
	assert_int_equal(accounts_forget(w->accounts, "aliceb", &w->account), 0);
	assert_int_equal(accounts_release_name(w->accounts, "aliceb", 1, &old), 0);
	assert_int_equal(old, uid);
	/* both the person and the name may come again, neither with the old number */
	assert_int_equal(bind_as(w, "aliceb", ISSUER, "sub-third"), 0);
	assert_int_not_equal(w->account->uid, uid);
	assert_int_equal(bind_as(w, "alicec", ISSUER, "sub-alice"), 0);
	assert_int_not_equal(w->account->uid, uid);
	assert_int_equal(pin(w, "dave", uid, NULL), ACCOUNT_ID_TAKEN);
	assert_int_equal(accounts_release_name(w->accounts, "aliceb", 1, &old), -EBUSY);
}

/* One that nobody used leaves name and number behind as well. */
static void expected_and_forgotten(void **state)
{
	struct world *w = *state;
	uint32_t old;

	assert_int_equal(pin(w, "alice", 20001, NULL), 0);
	assert_int_equal(accounts_forget(w->accounts, "alice", &w->account), 0);
	assert_int_equal(w->account->state, ACCOUNT_FORGOTTEN);
	assert_null(find(w, "alice"));
	assert_int_equal(bind_as(w, "alice", ISSUER, "s"), ACCOUNT_NAME_RETIRED);
	assert_int_equal(pin(w, "bob", 20001, NULL), ACCOUNT_ID_TAKEN);
	assert_int_equal(accounts_release_name(w->accounts, "alice", 1, &old), 0);
	assert_int_equal(bind_as(w, "alice", ISSUER, "s"), 0);
	assert_int_not_equal(w->account->uid, 20001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pinned, setup, world_teardown),
		cmocka_unit_test_setup_teardown(numbers, setup, world_teardown),
		cmocka_unit_test_setup_teardown(fields, setup, world_teardown),
		cmocka_unit_test_setup_teardown(imports, setup, world_teardown),
		cmocka_unit_test_setup_teardown(migration, setup, world_teardown),
		cmocka_unit_test_setup_teardown(renamed, setup, world_teardown),
		cmocka_unit_test_setup_teardown(moved, setup, world_teardown),
		cmocka_unit_test_setup_teardown(released, setup, world_teardown),
		cmocka_unit_test_setup_teardown(expected_and_forgotten, setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
