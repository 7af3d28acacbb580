/* SPDX-License-Identifier: MIT */
/* Whose name is it: the table of what NSS and /etc/passwd can say, and that doubt is never "somebody else's". */
#include "pam_module/ownership.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/pam_module/fake.h"

static int setup(void **state)
{
	(void)state;
	fake_reset();
	return 0;
}

static int find(const char *name)
{
	struct owned_account a = {0};
	int r = ownership_find(&a, name);

	if (r != 0) {
		assert_null(a.name);
		assert_null(a.home);
	}
	owned_account_done(&a);
	assert_int_equal(fake.n_maps_open, 0);
	return r;
}

static void test_ours(void **state)
{
	struct owned_account a;

	(void)state;
	assert_int_equal(ownership_find(&a, "alice"), 0);
	assert_string_equal(a.name, "alice");
	assert_string_equal(a.home, "/home/alice");
	assert_string_equal(a.shell, "/bin/bash");
	assert_int_equal(a.uid, FAKE_UID);
	assert_int_equal(a.gid, FAKE_UID);
	assert_false(a.is_local);
	owned_account_done(&a);
}

/* A placeholder is known by the range of new accounts that the map names; nobody has told this module of it before. */
static void test_range(void **state)
{
	static const struct {
		uint32_t uid;
		int expected;
	} cases[] = {
		{1, OWNERSHIP_OTHER},
		{1000, OWNERSHIP_OTHER},
		{65534, OWNERSHIP_OTHER},
		{199999, OWNERSHIP_OTHER},
		{200000, 0},
		{299999, 0},
		{300000, OWNERSHIP_OTHER},
		{0x70000000, OWNERSHIP_OTHER},
		{0x80000000, OWNERSHIP_OTHER},
		{0xFFFFFFFF, OWNERSHIP_OTHER},
		{0, OWNERSHIP_OTHER}, /* for the fake: unknown */
	};

	(void)state;
	fake.range_min = 200000;
	fake.range_max = 299999;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake.nss_uid = cases[i].uid;
		assert_int_equal(find("alice"), cases[i].expected);
	}
}

/* Who is on the map is ours whatever the number, an id from before the range or from another range included. */
static void test_on_the_map(void **state)
{
	(void)state;
	fake.map_name = "alice";
	fake.map_uid = fake.nss_uid = 20001;
	assert_int_equal(find("alice"), 0);
	assert_int_equal(find("bob"), OWNERSHIP_OTHER);
	/* Another source or a cache answers first: not ours to let in, nor to let pass. */
	fake.nss_uid = 20002;
	assert_int_equal(find("alice"), -EUCLEAN);
	fake.passwd = "alice:x:20002:20002::/:/bin/sh\n";
	assert_int_equal(find("alice"), OWNERSHIP_OTHER);
	/* An id that belongs to the system is never ours. */
	fake.passwd = "";
	fake.map_uid = fake.nss_uid = 999;
	assert_int_equal(find("alice"), OWNERSHIP_OTHER);
}

/* Root's configuration binds an identity to a line of /etc/passwd. */
static void test_bound_local_account(void **state)
{
	struct owned_account a;

	(void)state;
	fake.map_name = "local";
	fake.map_uid = fake.nss_uid = 1000;
	fake.map_is_local = true;
	assert_int_equal(ownership_find(&a, "local"), 0);
	assert_true(a.is_local);
	owned_account_done(&a);
	/* Without the mark the same name is not ours. */
	fake.map_is_local = false;
	assert_int_equal(find("local"), OWNERSHIP_OTHER);
	/* A service account may be one of the system's. */
	fake.map_uid = fake.nss_uid = 34;
	assert_int_equal(find("local"), OWNERSHIP_OTHER);
	fake.map_is_local = true;
	assert_int_equal(ownership_find(&a, "local"), 0);
	assert_true(a.is_local);
	owned_account_done(&a);
	assert_int_equal(find("other"), OWNERSHIP_OTHER);
	/* No mark makes root ours. */
	fake.map_name = "root";
	fake.map_uid = 5;
	fake.nss_uid = 0;
	fake.map_is_local = true;
	assert_int_equal(find("root"), OWNERSHIP_OTHER);
	fake.nss_uid = 5;
	assert_int_equal(find("root"), OWNERSHIP_OTHER);
}

/* Without a map: local names are not ours, the default range is, and what cannot be told is no "somebody else". */
static void test_no_map(void **state)
{
	static const struct {
		int error;
		int local, in_default_range, elsewhere;
	} cases[] = {
		{-ENOENT, OWNERSHIP_OTHER, 0, OWNERSHIP_OTHER},
		{-EPERM, OWNERSHIP_OTHER, 0, -EPERM},
		{-EBADMSG, OWNERSHIP_OTHER, 0, -EBADMSG},
		{-EACCES, OWNERSHIP_OTHER, 0, -EACCES},
		{-EIO, OWNERSHIP_OTHER, 0, -EIO},
		{-EMFILE, -EMFILE, -EMFILE, -EMFILE},
		{-ENFILE, -ENFILE, -ENFILE, -ENFILE},
		{-ENOMEM, -ENOMEM, -ENOMEM, -ENOMEM},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_reset();
		fake.map_error = cases[i].error;
		fake.nss_uid = 1000;
		assert_int_equal(find("local"), cases[i].local);
		assert_int_equal(find("alice"), cases[i].elsewhere);
		fake.nss_uid = FAKE_UID;
		assert_int_equal(find("alice"), cases[i].in_default_range);
		fake.nss_uid = 999;
		assert_int_equal(find("root"), OWNERSHIP_OTHER);
		assert_int_equal(find("alice"), cases[i].local); /* which may be marked as a service's */
		fake.nss_uid = FAKE_UID;
		fake.passwd_error = -EACCES;
		assert_true(find("alice") < 0);
	}
}

/* L23, I1: /etc/passwd wins whatever another source says about the name. */
static void test_local_file_wins(void **state)
{
	static const struct {
		const char *passwd;
		int expected;
	} cases[] = {
		{"alice:x:1000:1000::/:/bin/sh\n", OWNERSHIP_OTHER},
		{"root:x:0:0::/:/bin/sh\nalice:x:1000:1000::/:/bin/sh", OWNERSHIP_OTHER},
		{"alice:", OWNERSHIP_OTHER},
		{"root:x:0:0::/:/bin/sh\n\n\nalice:x", OWNERSHIP_OTHER},
		{"alic:x:1:1\nalicee:x:1:1\nxalice:x:1:1\n alice:x:1:1\n", 0},
		{"bob:x:1:1:alice:/:\n", 0},
		{"alice", 0},
		{"alice\n", 0},
		{"#alice:x:1:1\n", 0},
		{"", 0},
		{"\n", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake.passwd = cases[i].passwd;
		assert_int_equal(find("alice"), cases[i].expected);
	}
}

static void test_every_truncation(void **state)
{
	static const char text[] = "root:x:0:0::/:/bin/sh\nalice:x:1000:1000::/:/bin/sh\nbob:x:1:1::/:/bin/sh\n";
	size_t whole = (size_t)(strstr(text, "alice:") - text) + strlen("alice:");

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		char *exact = malloc(len + 1); /* so that a sanitizer sees one byte too many */

		memcpy(exact, text, len);
		assert_int_equal(ownership_text_has_name(exact, len, "alice"), len >= whole);
		free(exact);
	}
}

static void test_doubt(void **state)
{
	static const int errors[] = {EMFILE, ENFILE, ENOMEM, EIO, EACCES, EINTR, EAGAIN};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fake_reset();
		fake.nss_error = errors[i];
		assert_int_equal(find("alice"), -errors[i]);
		assert_int_equal(find("local"), OWNERSHIP_OTHER); /* local accounts still get in */
		fake.passwd_error = -errors[i];
		assert_int_equal(find("local"), -errors[i]);

		fake_reset();
		fake.passwd_error = -errors[i];
		assert_int_equal(find("alice"), -errors[i]);
		fake.nss_uid = 1000; /* somebody else's beyond doubt */
		assert_int_equal(find("alice"), OWNERSHIP_OTHER);
	}
	fake_reset();
	fake.nss_error = ENOENT;
	assert_int_equal(find("alice"), OWNERSHIP_OTHER);
	fake.nss_error = ESRCH;
	assert_int_equal(find("alice"), OWNERSHIP_OTHER);
}

static void test_strange_records(void **state)
{
	(void)state;
	fake.nss_name = "alice";
	assert_int_equal(find("Alice"), -EUCLEAN);
	assert_int_equal(find("alice@example.com"), -EUCLEAN);
	fake_reset();
	fake.nss_home = "/home/\xff";
	assert_int_equal(find("alice"), -EUCLEAN);
	fake_reset();
	fake.nss_shell = NULL;
	assert_int_equal(find("alice"), -EUCLEAN);
	fake_reset();
	fake.nss_error = ERANGE;
	assert_int_equal(find("alice"), -ERANGE);
}

static void test_big_record(void **state)
{
	static char home[40000];

	(void)state;
	memset(home, 'h', sizeof(home) - 1);
	fake.nss_home = home;
	assert_int_equal(find("alice"), 0);
	assert_in_range(fake.n_nss_asked, 6, 7);
}

static void test_grammar(void **state)
{
	char name[66];

	(void)state;
	assert_true(ownership_name_is_plain("a"));
	assert_true(ownership_name_is_plain("_apt"));
	assert_true(ownership_name_is_plain("alice.b@example.com"));
	assert_true(ownership_name_is_plain("svc+x-1"));
	assert_false(ownership_name_is_plain(""));
	for (int c = 1; c < 256; c++) {
		char text[] = {'a', (char)c, '\0'};
		bool is_plain =
			strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@+-", c) != NULL;

		assert_int_equal(ownership_name_is_plain(text), is_plain);
	}
	memset(name, 'a', sizeof(name));
	name[64] = '\0';
	assert_false(ownership_name_is_plain(name));
	name[63] = '\0';
	assert_true(ownership_name_is_plain(name));
	assert_int_equal(find(NULL), OWNERSHIP_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ours, setup),
		cmocka_unit_test_setup(test_range, setup),
		cmocka_unit_test_setup(test_on_the_map, setup),
		cmocka_unit_test_setup(test_bound_local_account, setup),
		cmocka_unit_test_setup(test_no_map, setup),
		cmocka_unit_test_setup(test_local_file_wins, setup),
		cmocka_unit_test_setup(test_every_truncation, setup),
		cmocka_unit_test_setup(test_doubt, setup),
		cmocka_unit_test_setup(test_strange_records, setup),
		cmocka_unit_test_setup(test_big_record, setup),
		cmocka_unit_test_setup(test_grammar, setup),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fake_reset();
	return failed;
}
