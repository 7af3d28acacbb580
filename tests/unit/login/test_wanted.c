/* SPDX-License-Identifier: MIT */
/*
 * Which claims a decision asks for, and how one is read.
 */
#include "helper/login/wanted.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/json.h"

static void assert_wanted(const struct access_rules *access, const char *name, const char *gecos, bool is_known,
			  const char *expected)
{
	struct wanted_claims w;
	char all[512] = "";

	wanted_claims_init(&w, access, name, gecos, is_known);
	for (const char **n = w.names; *n != NULL; n++) {
		strcat(all, *n);
		strcat(all, " ");
	}
	assert_string_equal(all, expected);
}

static void test_wanted(void **state)
{
	char group[] = "ops", url[] = "https://corp.example/groups", pointer[] = "/realm/roles", long_name[80];
	char *groups[] = {group, NULL};
	struct access_policy by_group = {.groups = groups};
	struct access_rules nobody = {.n_policies = 0};
	struct group_rule rule = {.claim_values = groups};
	const struct group_rules of_host = {&rule, 1}, none = {&rule, 0};
	struct access_rules access = {.policies = &by_group, .n_policies = 1};

	(void)state;
	assert_wanted(&nobody, "preferred_username", "name", false, "preferred_username name ");
	assert_wanted(&nobody, "preferred_username", "name", true, "");
	assert_wanted(&nobody, "/profile/login", "name", false, "profile name ");
	assert_wanted(&nobody, "/a", NULL, false, "a ");
	assert_wanted(&access, "x", NULL, true, "groups ");
	access.group_claim = pointer;
	assert_wanted(&access, "x", NULL, true, "realm ");
	/* a name that only looks like a path is one name */
	access.group_claim = url;
	assert_wanted(&access, "x", NULL, true, "https://corp.example/groups ");

	/* and so do groups of this host alone */
	nobody.groups = &of_host;
	assert_wanted(&nobody, "x", NULL, true, "groups ");
	nobody.groups = &none;
	assert_wanted(&nobody, "x", NULL, true, "");

	memset(long_name, 'a', sizeof(long_name));
	long_name[WANTED_NAME_MAX] = '\0';
	assert_wanted(&nobody, "x", long_name, false,
		      "x aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ");
	long_name[WANTED_NAME_MAX] = 'a';
	long_name[WANTED_NAME_MAX + 1] = '\0';
	assert_wanted(&nobody, "x", long_name, false, "x ");
	assert_wanted(&nobody, "/", "", false, "");
}

static void test_read_claim(void **state)
{
	static const char text[] =
		"{\"name\":\"a\",\"empty\":\"\",\"n\":1,\"o\":{\"in\":\"deep\",\"list\":[\"x\"],\"n\":7}}";
	const struct {
		const char *claim;
		int r;
		const char *value;
	} rows[] = {
		{"name", 0, "a"},
		{"empty", -EBADMSG, NULL},
		{"n", -EBADMSG, NULL},
		{"missing", -ENOENT, NULL},
		{"/name", 0, "a"},
		{"/o/in", 0, "deep"},
		{"/o/list/0", 0, "x"},
		{"/o/list/1", -ENOENT, NULL},
		{"/o/n", -EBADMSG, NULL},
		{"/o", -EBADMSG, NULL},
		{"/empty", -EBADMSG, NULL},
		{"/", -ENOENT, NULL},
		{"/o/in/more", -ENOENT, NULL},
	};
	LK_CLEANUP(json_object_putp) struct json_object *claims = NULL;

	(void)state;
	assert_int_equal(json_parse(&claims, text, strlen(text)), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *value = NULL;

		assert_int_equal(wanted_read_claim(claims, rows[i].claim, 8, &value), rows[i].r);
		if (rows[i].r == 0)
			assert_string_equal(value, rows[i].value);
		else
			assert_null(value);
	}
	assert_int_equal(wanted_read_claim(claims, "/o/in", 3, &(const char *){NULL}), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wanted),
		cmocka_unit_test(test_read_claim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
