/* SPDX-License-Identifier: MIT */
/* What the store holds and hands out; threats I6 to I9. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "helper/vault/store_internal.h"
#include "tests/unit/vault/stores.h"

static void insert_and_find(void **state)
{
	LK_CLEANUP(store_closep) struct store *s = NULL;
	LK_CLEANUP(account_freep) struct account *by_name = NULL, *by_identity = NULL, *by_uid = NULL, *none = NULL;
	const struct account *a = stores_account(7);

	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	assert_int_equal(store_count(s), 0);
	assert_int_equal(store_find_name(s, "u00007", &none), -ENOENT);
	assert_int_equal(store_insert(s, a), 0);
	assert_int_equal(store_count(s), 1);
	assert_int_equal(store_find_name(s, "u00007", &by_name), 0);
	assert_int_equal(store_find_identity(s, "https://id.example", "s7", &by_identity), 0);
	assert_int_equal(store_find_uid(s, a->uid, &by_uid), 0);
	assert_string_equal(by_name->name, "u00007");
	assert_string_equal(by_name->issuer, "https://id.example");
	assert_string_equal(by_name->subject, "s7");
	assert_string_equal(by_name->provider, "p");
	assert_string_equal(by_name->gecos, "Full Name");
	assert_string_equal(by_name->home, "/home/u00007");
	assert_string_equal(by_name->shell, "/bin/bash");
	assert_string_equal(by_name->facts, "{}");
	assert_int_equal(by_name->uid, 1879048199);
	assert_int_equal(by_name->gid, 1879048199);
	assert_int_equal(by_name->state, ACCOUNT_ACTIVE);
	assert_int_equal(by_name->created_s, 1700000000);
	assert_int_equal(by_name->last_sign_in_s, 0);
	assert_string_equal(by_identity->name, "u00007");
	assert_string_equal(by_uid->name, "u00007");

	assert_int_equal(store_find_name(s, "U00007", &none), -ENOENT);
	assert_int_equal(store_find_name(s, "u0000", &none), -ENOENT);
	assert_int_equal(store_find_identity(s, "https://id.example/", "s7", &none), -ENOENT);
	assert_int_equal(store_find_identity(s, "https://id.example", "S7", &none), -ENOENT);
	assert_int_equal(store_find_identity(s, "https://id.example", "s7 ", &none), -ENOENT);
	assert_int_equal(store_find_identity(s, "' OR 1=1--", "s7", &none), -ENOENT);
	assert_null(none);
}

static void unique(void **state)
{
	LK_CLEANUP(store_closep) struct store *s = NULL;
	struct account a = *stores_account(1);
	char other_name[] = "other", other_subject[] = "other";

	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	assert_int_equal(store_insert(s, &a), 0);
	assert_int_equal(store_insert(s, &a), -EEXIST);
	/* only the name, only the uid, only the identity */
	a.uid++;
	a.gid++;
	a.subject = other_subject;
	assert_int_equal(store_insert(s, &a), -EEXIST);
	a.uid--;
	a.gid--;
	a.name = other_name;
	assert_int_equal(store_insert(s, &a), -EEXIST);
	a = *stores_account(1);
	a.uid++;
	a.gid++;
	a.name = other_name;
	assert_int_equal(store_insert(s, &a), -EEXIST);
	/* a tombstone keeps all three */
	a = *stores_account(1);
	a.state = ACCOUNT_FORGOTTEN;
	assert_int_equal(store_update(s, &a), 0);
	assert_int_equal(store_count(s), 0);
	a.state = ACCOUNT_ACTIVE;
	assert_int_equal(store_insert(s, &a), -EEXIST);
	a.uid++;
	a.gid++;
	a.name = other_name;
	a.subject = other_subject;
	assert_int_equal(store_insert(s, &a), 0);
	assert_int_equal(store_count(s), 1);
}

static void survives_closing(void **state)
{
	LK_CLEANUP(store_closep) struct store *s = NULL;
	LK_CLEANUP(account_freep) struct account *a = NULL;

	stores_fill(*state, 5);
	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	assert_int_equal(store_count(s), 5);
	assert_int_equal(store_find_name(s, "u00004", &a), 0);
}

static void update(void **state)
{
	LK_CLEANUP(store_closep) struct store *s = NULL;
	LK_CLEANUP(account_freep) struct account *found = NULL;
	char words[] = "Other: Name", subject[] = "moved", facts[] = "{\"a\":1}", other[] = "u99999";
	struct account a = *stores_account(1);

	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	assert_int_equal(store_update(s, &a), -ENOENT);
	assert_int_equal(store_insert(s, &a), 0);
	a.gecos = words;
	a.facts = facts;
	a.last_sign_in_s = 42;
	/* not among what may change */
	a.gid = 1;
	a.subject = subject;
	a.created_s = 1;
	assert_int_equal(store_update(s, &a), 0);
	assert_int_equal(store_find_name(s, "u00001", &found), 0);
	assert_string_equal(found->gecos, "Other: Name");
	assert_string_equal(found->facts, "{\"a\":1}");
	assert_int_equal(found->last_sign_in_s, 42);
	assert_int_equal(found->gid, 1879048193);
	assert_string_equal(found->subject, "s1");
	assert_int_equal(found->created_s, 1700000000);
	/* name and uid of two accounts */
	a.name = other;
	assert_int_equal(store_update(s, &a), -ENOENT);
}

static int collect(void *userdata, const struct account *a)
{
	char *names = userdata;

	strcat(names, a->name);
	strcat(names, a->state == ACCOUNT_ACTIVE ? " " : "! ");
	return strstr(names, "stop") ? 77 : 0;
}

static void pages(void **state)
{
	LK_CLEANUP(store_closep) struct store *s = NULL;
	struct account a;
	char stop[] = "stop", names[256] = "";

	stores_fill(*state, 5);
	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	a = *stores_account(2);
	a.state = ACCOUNT_FORGOTTEN;
	assert_int_equal(store_update(s, &a), 0);
	assert_int_equal(store_each(s, NULL, 100, collect, names), 0);
	assert_string_equal(names, "u00000 u00001 u00002! u00003 u00004 ");
	names[0] = '\0';
	assert_int_equal(store_each(s, NULL, 2, collect, names), 0);
	assert_string_equal(names, "u00000 u00001 ");
	names[0] = '\0';
	assert_int_equal(store_each(s, "u00001", 2, collect, names), 0);
	assert_string_equal(names, "u00002! u00003 ");
	names[0] = '\0';
	assert_int_equal(store_each(s, "u00004", 2, collect, names), 0);
	assert_int_equal(store_each(s, NULL, 0, collect, names), 0);
	assert_string_equal(names, "");
	/* the callback's word is handed on, and the store goes on working */
	a = *stores_account(9);
	a.name = stop;
	assert_int_equal(store_insert(s, &a), 0);
	assert_int_equal(store_each(s, NULL, SIZE_MAX, collect, names), 77);
	assert_int_equal(store_count(s), 5);
}

static int compare_entry(void *userdata, const struct account *a)
{
	unsigned *n = userdata;
	const struct account *expected = stores_account(*n);

	assert_string_equal(a->name, expected->name);
	assert_int_equal(a->uid, expected->uid);
	assert_int_equal(a->gid, expected->gid);
	assert_string_equal(a->issuer, expected->issuer);
	assert_string_equal(a->gecos, expected->gecos);
	assert_string_equal(a->home, expected->home);
	assert_string_equal(a->shell, expected->shell);
	assert_string_equal(a->facts, expected->facts);
	assert_int_equal(a->state, *n == 3 ? ACCOUNT_FORGOTTEN : ACCOUNT_ACTIVE);
	assert_null(a->subject);
	assert_null(a->provider);
	assert_int_equal(a->created_s, 0);
	++*n;
	return 0;
}

static void entries(void **state)
{
	LK_CLEANUP(store_closep) struct store *s = NULL;
	struct account a;
	unsigned n = 0;

	stores_fill(*state, 7);
	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	a = *stores_account(3);
	a.state = ACCOUNT_FORGOTTEN;
	assert_int_equal(store_update(s, &a), 0);
	for (unsigned page = 0; page < 4; page++)
		assert_int_equal(store_each_uid(s, n > 0 ? stores_account(n - 1)->uid : 0, 2, compare_entry, &n), 0);
	assert_int_equal(n, 7);
}

static void free_uids(void **state)
{
	LK_CLEANUP(store_closep) struct store *s = NULL;
	struct account a;
	uint32_t uid = 1;

	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	for (uint32_t i = 0; i < 8; i++) {
		a = *stores_account(i);
		a.uid = i < 4 ? 100 + i : 102 + i; /* 100 to 103, 106 to 109 */
		a.gid = a.uid;
		assert_int_equal(store_insert(s, &a), 0);
	}
	assert_int_equal(store_free_uid(s, 50, 200, &uid), 0);
	assert_int_equal(uid, 50);
	assert_int_equal(store_free_uid(s, 100, 200, &uid), 0);
	assert_int_equal(uid, 104);
	assert_int_equal(store_free_uid(s, 103, 200, &uid), 0);
	assert_int_equal(uid, 104);
	assert_int_equal(store_free_uid(s, 105, 200, &uid), 0);
	assert_int_equal(uid, 105);
	assert_int_equal(store_free_uid(s, 107, 200, &uid), 0);
	assert_int_equal(uid, 110);
	uid = 1;
	assert_int_equal(store_free_uid(s, 106, 109, &uid), -ENOENT);
	assert_int_equal(store_free_uid(s, 107, 107, &uid), -ENOENT);
	assert_int_equal(store_free_uid(s, 100, 103, &uid), -ENOENT);
	assert_int_equal(store_free_uid(s, 5, 4, &uid), -ENOENT);
	assert_int_equal(uid, 1);
	assert_int_equal(store_free_uid(s, 109, 110, &uid), 0);
	assert_int_equal(uid, 110);
}

static void run(struct store *s, const char *sql)
{
	assert_int_equal(store_run(s->db, sql), 0);
}

/* I9, I11: whatever has, or had, a number keeps it from everybody else. */
static void numbers_of_others(void **state)
{
	LK_CLEANUP(store_closep) struct store *s = NULL;
	struct account a = *stores_account(1);
	char group[] = "admins", gone[] = "gone";
	uint32_t uid = 0;

	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	run(s, "INSERT INTO retired_id VALUES (101, 'gone', 1); INSERT INTO retired_name VALUES ('gone', 101, 1);"
	       "INSERT INTO own_group VALUES (102, 'admins', 1, 1), (104, 'old', 2, 1)");
	a.uid = 100;
	a.gid = 103;
	assert_int_equal(store_insert(s, &a), 0);
	assert_int_equal(store_free_uid(s, 100, 110, &uid), 0);
	assert_int_equal(uid, 105);
	assert_int_equal(store_free_uid(s, 99, 110, &uid), 0);
	assert_int_equal(uid, 99);
	for (uint32_t taken = 100; taken < 105; taken++)
		assert_int_equal(store_free_uid(s, taken, taken, &uid), -ENOENT);

	/* as uid, and as gid */
	for (uint32_t taken = 101; taken < 105; taken++) {
		a = *stores_account(2);
		a.uid = a.gid = taken;
		assert_int_equal(store_insert(s, &a), -EEXIST);
		a.uid = 200;
		assert_int_equal(store_insert(s, &a), -EEXIST);
	}
	a.gid = 100; /* the private group of somebody else */
	assert_int_equal(store_insert(s, &a), -EEXIST);
	a.gid = 200;
	a.name = gone;
	assert_int_equal(store_insert(s, &a), -EEXIST);
	a.name = group;
	assert_int_equal(store_insert(s, &a), -EEXIST);
	a.name = stores_account(2)->name;
	assert_int_equal(store_insert(s, &a), 0);
}

/* Only who has not signed in yet may be nobody in particular. */
static void expected(void **state)
{
	LK_CLEANUP(store_closep) struct store *s = NULL;
	LK_CLEANUP(account_freep) struct account *found = NULL;
	struct account a = *stores_account(1);

	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	a.subject = NULL;
	assert_int_equal(store_insert(s, &a), -EINVAL);
	a.state = ACCOUNT_FORGOTTEN;
	assert_int_equal(store_insert(s, &a), -EINVAL);
	a.state = ACCOUNT_EXPECTED;
	assert_int_equal(store_insert(s, &a), 0);
	assert_int_equal(store_find_name(s, "u00001", &found), 0);
	assert_null(found->subject);
	assert_int_equal(found->state, ACCOUNT_EXPECTED);
	/* many of one issuer, and one with an identity */
	a = *stores_account(2);
	a.subject = NULL;
	a.state = ACCOUNT_EXPECTED;
	assert_int_equal(store_insert(s, &a), 0);
	a = *stores_account(3);
	a.state = ACCOUNT_EXPECTED;
	assert_int_equal(store_insert(s, &a), 0);
	a = *stores_account(4);
	snprintf(a.subject, sizeof("s3"), "s3");
	assert_int_equal(store_insert(s, &a), -EEXIST);
	assert_int_equal(store_count(s), 0);
}

/* A row that this program would not write is refused when it is written. */
static void limits_of_fields(void **state)
{
	LK_CLEANUP(store_closep) struct store *s = NULL;
	static char text[70000];
	char empty[] = "";
	struct account a;

	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	const struct {
		size_t field;
		size_t max;
		bool may_be_empty;
	} rows[] = {
		{offsetof(struct account, name), 32, false},     {offsetof(struct account, issuer), 1024, false},
		{offsetof(struct account, subject), 512, false}, {offsetof(struct account, provider), 64, false},
		{offsetof(struct account, gecos), 127, true},    {offsetof(struct account, home), 255, false},
		{offsetof(struct account, shell), 127, false},   {offsetof(struct account, facts), 65536, false},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char **field = (char **)(void *)((char *)&a + rows[i].field);

		memset(text, 'x', sizeof(text));
		text[rows[i].max + 1] = '\0';
		a = *stores_account(100 + i);
		*field = text;
		assert_int_equal(store_insert(s, &a), -EINVAL);
		text[rows[i].max] = '\0';
		assert_int_equal(store_insert(s, &a), 0);
		a = *stores_account(200 + i);
		*field = empty;
		assert_int_equal(store_insert(s, &a), rows[i].may_be_empty ? 0 : -EINVAL);
		a = *stores_account(300 + i);
		*field = NULL;
		assert_int_equal(store_insert(s, &a), -EINVAL);
	}
	a = *stores_account(1);
	a.uid = 0;
	assert_int_equal(store_insert(s, &a), -EINVAL);
	a.uid = UINT32_C(0x80000000);
	assert_int_equal(store_insert(s, &a), -EINVAL);
	a = *stores_account(1);
	a.gid = 0;
	assert_int_equal(store_insert(s, &a), -EINVAL);
	a = *stores_account(1);
	a.created_s = -1;
	assert_int_equal(store_insert(s, &a), -EINVAL);
}

/* One process: a second one is told, and the first goes on. */
static void second_opener(void **state)
{
	LK_CLEANUP(store_closep) struct store *s = NULL;
	int result = -1, status = 0;
	pid_t pid;

	stores_fill(*state, 2);
	assert_int_equal(store_open(&s, stores_path(*state)), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct store *other = NULL;

		result = store_open(&other, stores_path(*state));
		_exit(result == -EBUSY && !other ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(store_insert(s, stores_account(5)), 0);
	assert_int_equal(store_count(s), 3);
}

static void nothing_to_free(void **state)
{
	(void)state;
	store_close(NULL);
	account_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(insert_and_find, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(unique, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(survives_closing, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(update, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(pages, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(entries, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(free_uids, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(numbers_of_others, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(expected, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(limits_of_fields, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(second_opener, stores_setup, stores_teardown),
		cmocka_unit_test(nothing_to_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
