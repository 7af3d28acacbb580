/* SPDX-License-Identifier: MIT */
/* Threats I1, I11, I14, L15, L23: what the machine's own files say is taken, however badly they are written. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helper/accounts/localdb.h"
#include "tests/unit/scratch.h"

struct world {
	struct scratch scratch;
	struct localdb *local;
};

static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
			     "daemon:x:1:1::/:/usr/sbin/nologin\n"
			     "\n"
			     "# comment:x:77:77::/:\n"
			     "  blanks:x:1500:1501::/:\n"
			     "+nis:x:1600:1600::/:\n"
			     "+@netgroup\n"
			     "-gone:x:1601:1601::/:\n"
			     "short:x:1700\n"
			     "nofields\n"
			     "notnumber:x:abc:def::/:\n"
			     "empty:x:::::\n"
			     "zeros:x:0001800: 1801::/:\n"
			     "rubbish:x:1900xyz:1901::/:\n"
			     "huge:x:4294967296:4294967297::/:\n"
			     "max:x:4294967295:4294967295::/:\n"
			     "last:x:2000:2001::/:/bin/sh";

static void write_file(struct world *w, const char *name, const char *text)
{
	assert_true(scratch_write(&w->scratch, name, text, strlen(text), 0644));
}

static int setup(void **state)
{
	static struct world w;

	assert_true(scratch_new(&w.scratch));
	assert_int_equal(mkdir(scratch_name(&w.scratch, "etc"), 0755), 0);
	write_file(&w, "etc/passwd", passwd);
	write_file(&w, "etc/group", "root:x:0:\nsudo:x:27:alice\nbroken\ndevs:x:3000:a,b\n+:::\n");
	write_file(&w, "etc/subuid", "alice:100000:65536\nbob:165536:65536\nbad:x:y\nzero:5:0\nend:4294967290:100\n");
	write_file(&w, "etc/subgid", "alice:300000:1\n");
	assert_int_equal(localdb_new(&w.local, w.scratch.path), 0);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	localdb_free(w->local);
	scratch_done(&w->scratch);
	return 0;
}

/* Fail closed: before the files were read, everybody is local. */
static void unread_is_taken(void **state)
{
	struct world *w = *state;

	assert_true(localdb_has_user(w->local, "alice"));
	assert_true(localdb_has_group(w->local, "alice"));
	assert_true(localdb_has_uid(w->local, 1879048192));
	assert_true(localdb_has_gid(w->local, 1879048192));
	assert_true(localdb_in_subid(w->local, 1879048192));
	localdb_free(NULL);
}

static void users(void **state)
{
	static const char *const known[] = {"root",  "daemon", "blanks",  "short", "nofields", "notnumber",
					    "empty", "zeros",  "rubbish", "huge",  "max",      "last"};
	static const char *const unknown[] = {"", "alice", "nis", "+nis", "gone", "comment", "roo", "roott", "sudo"};
	struct world *w = *state;

	assert_int_equal(localdb_refresh(w->local), 0);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_true(localdb_has_user(w->local, known[i]));
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_false(localdb_has_user(w->local, unknown[i]));
}

static void groups(void **state)
{
	struct world *w = *state;

	assert_int_equal(localdb_refresh(w->local), 0);
	assert_true(localdb_has_group(w->local, "sudo"));
	assert_true(localdb_has_group(w->local, "broken"));
	assert_true(localdb_has_group(w->local, "devs"));
	assert_false(localdb_has_group(w->local, "alice"));
	assert_false(localdb_has_group(w->local, "daemon"));
}

/* I11: numbers of users, of groups, of users' groups that no group line knows. */
static void numbers(void **state)
{
	static const uint32_t uids[] = {0, 1, 1500, 1700, 1800, 1900, 2000, 4294967295};
	static const uint32_t gids[] = {0, 1, 27, 1501, 1801, 1901, 2001, 3000, 4294967295};
	static const uint32_t free_ids[] = {2, 77, 1600, 1601, 2002, 3001, 4294967294};
	struct world *w = *state;

	assert_int_equal(localdb_refresh(w->local), 0);
	for (size_t i = 0; i < sizeof(uids) / sizeof(uids[0]); i++)
		assert_true(localdb_has_uid(w->local, uids[i]));
	for (size_t i = 0; i < sizeof(gids) / sizeof(gids[0]); i++)
		assert_true(localdb_has_gid(w->local, gids[i]));
	for (size_t i = 0; i < sizeof(free_ids) / sizeof(free_ids[0]); i++) {
		assert_false(localdb_has_uid(w->local, free_ids[i]));
		assert_false(localdb_has_gid(w->local, free_ids[i]));
	}
	assert_false(localdb_has_uid(w->local, 27));
	assert_false(localdb_has_gid(w->local, 1500));
}

static void subordinate_ids(void **state)
{
	struct world *w = *state;
	uint32_t last = 7;

	assert_int_equal(localdb_refresh(w->local), 0);
	assert_false(localdb_in_subid(w->local, 99999));
	assert_true(localdb_in_subid(w->local, 100000));
	assert_true(localdb_in_subid(w->local, 165535));
	assert_true(localdb_in_subid(w->local, 165536));
	assert_true(localdb_in_subid(w->local, 231071));
	assert_false(localdb_in_subid(w->local, 231072));
	assert_true(localdb_in_subid(w->local, 300000));
	assert_false(localdb_in_subid(w->local, 300001));
	assert_false(localdb_in_subid(w->local, 5));
	/* beyond 32 bits: to the end */
	assert_true(localdb_in_subid(w->local, 4294967295));
	assert_false(localdb_in_subid(w->local, 4294967289));

	assert_true(localdb_subid_last(w->local, 100000, &last));
	assert_int_equal(last, 165535);
	assert_false(localdb_subid_last(w->local, 231072, &last));
	assert_int_equal(last, 165535);
}

static void overlapping_ranges(void **state)
{
	struct world *w = *state;

	write_file(w, "etc/subuid", "a:1000000:1000\nb:1000100:10\nc:1000999:2\nd:1000000:1\n");
	assert_int_equal(localdb_refresh(w->local), 0);
	assert_true(localdb_in_subid(w->local, 1000500));
	assert_true(localdb_in_subid(w->local, 1001000));
	assert_false(localdb_in_subid(w->local, 1001001));
	assert_false(localdb_in_subid(w->local, 999999));
}

static void changes_are_seen(void **state)
{
	struct world *w = *state;

	assert_int_equal(localdb_refresh(w->local), 0);
	assert_false(localdb_has_user(w->local, "alice"));
	write_file(w, "etc/passwd.new", "alice:x:5000:5000::/:\n");
	assert_int_equal(rename(scratch_name(&w->scratch, "etc/passwd.new"), scratch_name(&w->scratch, "etc/passwd")),
			 0);
	assert_int_equal(localdb_refresh(w->local), 0);
	assert_true(localdb_has_user(w->local, "alice"));
	assert_true(localdb_has_uid(w->local, 5000));
	assert_false(localdb_has_user(w->local, "daemon"));
	assert_true(localdb_has_group(w->local, "sudo"));
}

static void subid_files_may_be_missing(void **state)
{
	struct world *w = *state;

	assert_int_equal(unlink(scratch_name(&w->scratch, "etc/subuid")), 0);
	assert_int_equal(unlink(scratch_name(&w->scratch, "etc/subgid")), 0);
	assert_int_equal(localdb_refresh(w->local), 0);
	assert_false(localdb_in_subid(w->local, 100000));
	write_file(w, "etc/subuid", "alice:100000:65536\n");
	assert_int_equal(localdb_refresh(w->local), 0);
	assert_true(localdb_in_subid(w->local, 100000));
	assert_int_equal(unlink(scratch_name(&w->scratch, "etc/subuid")), 0);
	assert_int_equal(localdb_refresh(w->local), 0);
	assert_false(localdb_in_subid(w->local, 100000));
}

/* What was known stays known when a file goes away; the caller is told. */
static void failures_keep_the_old(void **state)
{
	struct world *w = *state;

	assert_int_equal(localdb_refresh(w->local), 0);
	assert_int_equal(unlink(scratch_name(&w->scratch, "etc/passwd")), 0);
	assert_int_equal(localdb_refresh(w->local), -ENOENT);
	assert_true(localdb_has_user(w->local, "daemon"));
	assert_false(localdb_has_user(w->local, "alice"));

	/* L15: a link, a FIFO, a file that others can write */
	assert_int_equal(symlink("/etc/passwd", scratch_name(&w->scratch, "etc/passwd")), 0);
	assert_int_equal(localdb_refresh(w->local), -ELOOP);
	assert_int_equal(unlink(scratch_name(&w->scratch, "etc/passwd")), 0);
	assert_int_equal(mkfifo(scratch_name(&w->scratch, "etc/passwd"), 0644), 0);
	assert_true(localdb_refresh(w->local) < 0);
	assert_int_equal(unlink(scratch_name(&w->scratch, "etc/passwd")), 0);
	assert_true(scratch_write(&w->scratch, "etc/passwd", "a:x:1:1:::\n", 11, 0666));
	assert_int_equal(localdb_refresh(w->local), -EPERM);
	assert_true(localdb_has_user(w->local, "daemon"));
}

/* Every cut of a file: no crash, and each line that is whole is known. */
static void every_cut(void **state)
{
	struct world *w = *state;
	const char *second = strchr(passwd, '\n') + 1;
	size_t first_len = (size_t)(second - passwd);

	for (size_t len = 0; len < sizeof(passwd); len++) {
		struct localdb *local = NULL;

		assert_true(scratch_write(&w->scratch, "etc/passwd", passwd, len, 0644));
		assert_int_equal(localdb_new(&local, w->scratch.path), 0);
		assert_int_equal(localdb_refresh(local), 0);
		assert_int_equal(localdb_has_user(local, "root"), len >= 4);
		assert_int_equal(localdb_has_uid(local, 0), len >= 8);
		assert_int_equal(localdb_has_user(local, "daemon"), len >= first_len + 6);
		localdb_free(local);
	}
}

static void zero_bytes_and_long_lines(void **state)
{
	struct world *w = *state;
	static char text[200000];

	/* libc would see "eve" here */
	assert_true(scratch_write(&w->scratch, "etc/passwd", "eve\0x:x:1:1:::\nbob:x:2:2:::\n", 28, 0644));
	assert_int_equal(localdb_refresh(w->local), 0);
	assert_true(localdb_has_user(w->local, "eve"));
	assert_true(localdb_has_user(w->local, "bob"));

	memset(text, 'a', sizeof(text));
	memcpy(text + sizeof(text) - 12, "\nbob:x:2:2:::", 12);
	assert_true(scratch_write(&w->scratch, "etc/passwd", text, sizeof(text), 0644));
	assert_int_equal(localdb_refresh(w->local), 0);
	assert_true(localdb_has_user(w->local, "bob"));
}

static void many_users(void **state)
{
	struct world *w = *state;
	size_t size = 50000 * 32, len = 0;
	char *text = malloc(size);

	assert_non_null(text);
	for (unsigned i = 0; i < 50000; i++)
		len += (size_t)snprintf(text + len, size - len, "user%u:x:%u:%u:::\n", i, 10000 + i, 200000 + i);
	assert_true(scratch_write(&w->scratch, "etc/passwd", text, len, 0644));
	free(text);
	assert_int_equal(localdb_refresh(w->local), 0);
	assert_true(localdb_has_user(w->local, "user0"));
	assert_true(localdb_has_user(w->local, "user49999"));
	assert_false(localdb_has_user(w->local, "user50000"));
	assert_true(localdb_has_uid(w->local, 59999));
	assert_false(localdb_has_uid(w->local, 60000));
	assert_true(localdb_has_gid(w->local, 249999));
}

/* The line of a local account that belongs to an identity must leave nothing to guess. */
static void one_user(void **state)
{
	static const char text[] = "root:x:0:0::/root:/bin/sh\nolgas:x:1:1::/:/bin/sh\n"
				   "olga:x:1000:100:Olga,,,:/home/olga:/bin/zsh\nolga:x:0:0::/:/bin/sh\n"
				   "bare:x:1001:1001\nnohome:x:1002:1002:::/bin/sh\nnoshell:x:1003:1003::/:\n"
				   "odd: x:01004:1004::/:/bin/sh\nblank:x: 1005:1005::/:/bin/sh\n"
				   "name:x:abc:1::/:/bin/sh\nhuge:x:4294967296:1::/:/bin/sh\n#olgb:x:1:1::/:/\n"
				   "last:x:1006:1006::/:/bin/sh";
	static const char *const unusable[] = {"bare", "nohome", "noshell", "odd", "blank", "name", "huge"};
	struct world *w = *state;
	struct local_user u = {.uid = 7};

	write_file(w, "etc/passwd", text);
	assert_int_equal(localdb_find_user(w->local, "olga", &u), 0);
	assert_int_equal(u.uid, 1000);
	assert_int_equal(u.gid, 100);
	assert_string_equal(u.home, "/home/olga");
	assert_string_equal(u.shell, "/bin/zsh");
	assert_int_equal(localdb_find_user(w->local, "last", &u), 0);
	assert_int_equal(u.uid, 1006);
	for (size_t i = 0; i < sizeof(unusable) / sizeof(unusable[0]); i++)
		assert_int_equal(localdb_find_user(w->local, unusable[i], &u), -EUCLEAN);
	assert_int_equal(localdb_find_user(w->local, "olg", &u), -ENOENT);
	assert_int_equal(localdb_find_user(w->local, "olgb", &u), -ENOENT);
	assert_int_equal(localdb_find_user(w->local, "", &u), -ENOENT);
	write_file(w, "etc/passwd", "olga:x:1001:1001::/:/bin/sh\n");
	assert_int_equal(localdb_find_user(w->local, "olga", &u), 0); /* what is there now */
	assert_int_equal(u.uid, 1001);
	assert_int_equal(unlink(scratch_name(&w->scratch, "etc/passwd")), 0);
	assert_int_equal(localdb_find_user(w->local, "olga", &u), -ENOENT);
}

static void too_large(void **state)
{
	struct world *w = *state;

	assert_int_equal(localdb_refresh(w->local), 0);
	assert_int_equal(truncate(scratch_name(&w->scratch, "etc/passwd"), 16 * 1024 * 1024 + 1), 0);
	assert_int_equal(localdb_refresh(w->local), -E2BIG);
	assert_true(localdb_has_user(w->local, "daemon"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(unread_is_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(users, setup, teardown),
		cmocka_unit_test_setup_teardown(groups, setup, teardown),
		cmocka_unit_test_setup_teardown(numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(subordinate_ids, setup, teardown),
		cmocka_unit_test_setup_teardown(overlapping_ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(changes_are_seen, setup, teardown),
		cmocka_unit_test_setup_teardown(subid_files_may_be_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(failures_keep_the_old, setup, teardown),
		cmocka_unit_test_setup_teardown(every_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(zero_bytes_and_long_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(many_users, setup, teardown),
		cmocka_unit_test_setup_teardown(one_user, setup, teardown),
		cmocka_unit_test_setup_teardown(too_large, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
