/* SPDX-License-Identifier: MIT */
/* What latchkey-root reads of the configuration and of the machine's own files. */
#include "helper/root/settings.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "helper/root/locals.h"

static void test_defaults_and_values(void **state)
{
	static const char text[] = "[accounts]\nuid_min = 1000000\nuid_max=1999999\nhome = /srv/h/%u\n"
				   "reserved_names = boss chief\nreserved_names = admin\nshell = /bin/zsh\nunknown = "
				   "x\n[other]\nuid_min = 3\n";
	LK_CLEANUP(settings_freep) struct settings *defaults = NULL;
	LK_CLEANUP(settings_freep) struct settings *s = NULL;
	struct ini_fault fault;

	(void)state;
	assert_int_equal(settings_load_text(&defaults, "", 0, &fault), 0);
	assert_int_equal(defaults->uid_min, 0x70000000);
	assert_int_equal(defaults->uid_max, 0x7FFFFFFE);
	assert_string_equal(defaults->home_base, "/home/");
	assert_int_equal(settings_load_text(&s, text, strlen(text), &fault), 0);
	assert_int_equal(s->uid_min, 1000000);
	assert_int_equal(s->uid_max, 1999999);
	assert_string_equal(s->home_base, "/srv/h/");
	assert_string_equal(s->reserved_names[1], "chief");
	assert_string_equal(s->reserved_names[2], "admin");
	assert_null(s->reserved_names[3]);
}

/* What the published header says, and what may stand between its ends. */
static void test_ranges(void **state)
{
	static const char text[] = "[accounts]\nuid_min = 1000000\nuid_max = 1999999\n";
	LK_CLEANUP(settings_freep) struct settings *s = NULL;
	struct ini_fault fault;
	uint32_t min;
	uint32_t max;

	(void)state;
	assert_int_equal(settings_load_text(&s, text, strlen(text), &fault), 0);
	settings_hull(s, &min, &max);
	assert_int_equal(min, 1000000);
	assert_int_equal(max, 1999999);
	assert_false(settings_allows_id(s, 999999));
	assert_true(settings_allows_id(s, 1000000));
	assert_true(settings_allows_id(s, 1999999));
	assert_false(settings_allows_id(s, 2000000));
	assert_false(settings_allows_id(s, 0));
}

/* Root's ranges: a map with ids in the gaps between them is refused. */
static void test_migrated_ids(void **state)
{
	static const char text[] = "[accounts]\nmigrated_ids = 1000-59999\nmigrated_ids = 70000 80000-80001\n";
	LK_CLEANUP(settings_freep) struct settings *s = NULL;
	struct settings *bad = NULL;
	struct ini_fault fault;
	uint32_t min, max;

	(void)state;
	assert_int_equal(settings_load_text(&s, text, strlen(text), &fault), 0);
	settings_hull(s, &min, &max);
	assert_int_equal(min, 1000);
	assert_int_equal(max, 0x7FFFFFFE);
	assert_true(settings_allows_id(s, 1000));
	assert_true(settings_allows_id(s, 59999));
	assert_false(settings_allows_id(s, 60000));
	assert_true(settings_allows_id(s, 70000));
	assert_false(settings_allows_id(s, 70001));
	assert_true(settings_allows_id(s, 0x70000000));
	assert_int_equal(settings_load_text(&bad, "[accounts]\nmigrated_ids = 999\n", 32, &fault), -EINVAL);
	assert_int_equal(settings_load_text(&bad, "[accounts]\nmigrated_ids = 0-70\n", 33, &fault), -EINVAL);
	assert_null(bad);
}

static void test_groups(void **state)
{
	static const char text[] = "[group devs]\nclaim_values = a b\n[group nfs]\ngid = 5000\nprovider = x\n"
				   "[group docker]\nclaim_values = d\n[group docker]\nlocal = yes\n";
	LK_CLEANUP(settings_freep) struct settings *s = NULL;
	struct ini_fault fault;
	uint32_t min, max;

	(void)state;
	assert_int_equal(settings_load_text(&s, text, strlen(text), &fault), 0);
	assert_int_equal(s->n_groups, 3);
	assert_int_equal(settings_find_group(s, "devs")->gid, 0);
	assert_false(settings_find_group(s, "devs")->is_local);
	assert_int_equal(settings_find_group(s, "nfs")->gid, 5000);
	assert_true(settings_find_group(s, "docker")->is_local);
	assert_null(settings_find_group(s, "dev"));
	settings_hull(s, &min, &max);
	assert_int_equal(min, 5000);
	assert_int_equal(max, 0x7FFFFFFE);
}

static void test_too_many_groups(void **state)
{
	LK_CLEANUP(settings_freep) struct settings *s = NULL;
	char text[32 * (SETTINGS_GROUPS_MAX + 1)];
	struct ini_fault fault;
	size_t len = 0;

	(void)state;
	for (unsigned int i = 0; i <= SETTINGS_GROUPS_MAX; i++) {
		int n = snprintf(text + len, sizeof(text) - len, "[group g%u]\nlocal=no\n", i);

		if (i == SETTINGS_GROUPS_MAX)
			assert_int_equal(settings_load_text(&s, text, len, &fault), 0);
		len += (size_t)n;
	}
	settings_free(LK_STEAL(s));
	assert_int_equal(settings_load_text(&s, text, len, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "more than 256 [group] sections"));
}

static void test_refusals(void **state)
{
	static const char *const texts[] = {
		"[accounts]\nuid_min = 999\n",
		"[accounts]\nuid_min = 0\n",
		"[accounts]\nuid_min = -1\n",
		"[accounts]\nuid_min = 0x1000\n",
		"[accounts]\nuid_min = 01000\n",
		"[accounts]\nuid_max = 4294967295\n",
		"[accounts]\nuid_max = 4294967296\n",
		"[accounts]\nuid_max = 99999999999999999999\n",
		"[accounts]\nuid_min = 5000\nuid_max = 4999\n",
		"[accounts]\nhome = home/%u\n",
		"[accounts]\nhome = /home/alice\n",
		"[accounts]\nhome = %u\n",
		"[accounts]\nhome = /home/../%u\n",
		"[group x]\ngid = 999\n",
		"[group x]\ngid = 4294967295\n",
		"[group x]\nlocal = true\n",
	};
	struct settings *s = NULL;
	struct ini_fault fault;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		fault.text[0] = '\0';
		assert_int_equal(settings_load_text(&s, texts[i], strlen(texts[i]), &fault), -EINVAL);
		assert_string_not_equal(fault.text, "");
		assert_null(s);
	}
}

static void test_locals(void **state)
{
	static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n#comment:x:7:\n+nis::::::\nodd\nodder:x\n"
				     "worse:x:abc:1::/:/\nlast:x:4294967295:0::/:/";
	LK_CLEANUP(locals_freep) struct locals *l = NULL;

	(void)state;
	assert_int_equal(locals_new(&l), 0);
	assert_false(locals_has_name(l, "root"));
	assert_false(locals_has_id(l, 0));
	assert_int_equal(locals_add_users(l, passwd, strlen(passwd)), 0);
	assert_true(locals_has_name(l, "root"));
	assert_true(locals_has_id(l, 0));
	assert_true(locals_has_name(l, "odd"));
	assert_true(locals_has_name(l, "odder"));
	assert_true(locals_has_name(l, "worse"));
	assert_true(locals_has_name(l, "last"));
	assert_true(locals_has_id(l, UINT32_MAX));
	assert_false(locals_has_id(l, 1));
	assert_false(locals_has_id(l, 7));
	assert_false(locals_has_name(l, "roo"));
	assert_false(locals_has_name(l, ""));
	assert_int_equal(locals_add_groups(l, "staff:x:50:\n", 12), 0);
	assert_true(locals_has_id(l, 50));
	assert_true(locals_has_name(l, "root"));
}

static void test_users_by_name(void **state)
{
	static const char passwd[] = "olga:x:1000:100:Olga:/home/olga:/bin/sh\nolga:x:0:0::/:/bin/sh\nodd:x:1001\n"
				     "odder:x:1002:staff::/:/\nolgas:x:1003:1003::/:/\n";
	LK_CLEANUP(locals_freep) struct locals *l = NULL;
	uint32_t uid = 0;
	uint32_t gid = 0;

	(void)state;
	assert_int_equal(locals_new(&l), 0);
	assert_int_equal(locals_add_groups(l, "olga:x:5:\n1006:x:1006:1006\n", 27), 0);
	assert_false(locals_get_user(l, "olga", &uid, &gid)); /* a group is no user */
	assert_false(locals_get_user(l, "1006", &uid, &gid));
	assert_int_equal(locals_add_users(l, passwd, strlen(passwd)), 0);
	assert_true(locals_get_user(l, "olga", &uid, &gid));
	assert_int_equal(uid, 1000); /* the first line, as everybody reads it */
	assert_int_equal(gid, 100);
	assert_false(locals_get_user(l, "odd", &uid, &gid));
	assert_false(locals_get_user(l, "odder", &uid, &gid));
	assert_false(locals_get_user(l, "olg", &uid, &gid));
	assert_false(locals_get_user(l, "", &uid, &gid));
}

static void test_local_accounts(void **state)
{
	static const char text[] = "[local-account olga]\nsubject = x\nprovider = main\n[local-account deploy]\n"
				   "subject=y\n[service-account backup]\nservices=cron\n[service-account deploy]\n"
				   "key=k\n";
	char many[SETTINGS_LOCAL_ACCOUNTS_MAX * 64] = "";
	LK_CLEANUP(settings_freep) struct settings *s = NULL;
	struct settings *none = NULL;
	struct ini_fault fault = {""};
	size_t len = 0;

	(void)state;
	assert_int_equal(settings_load_text(&s, text, strlen(text), &fault), 0);
	assert_int_equal(s->n_local_accounts, 3);
	assert_false(settings_find_account(s, "olga")->is_service);
	assert_true(settings_find_account(s, "backup")->is_service);
	assert_false(settings_find_account(s, "deploy")->is_service); /* in both: the narrower one counts */
	assert_null(settings_find_account(s, "olg"));
	for (unsigned int i = 0; i <= SETTINGS_LOCAL_ACCOUNTS_MAX; i++)
		len += (size_t)snprintf(many + len, sizeof(many) - len, "[local-account a%u]\nsubject=x\n", i);
	assert_int_equal(settings_load_text(&none, many, len, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "more than 320 [local-account] and [service-account] sections"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_and_values),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_migrated_ids),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_too_many_groups),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_locals),
		cmocka_unit_test(test_users_by_name),
		cmocka_unit_test(test_local_accounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
