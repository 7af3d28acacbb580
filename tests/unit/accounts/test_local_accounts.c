/* SPDX-License-Identifier: MIT */
/* Accounts of /etc/passwd that belong to an identity: which can, and what a list of them holds. Threats L23, I1. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/accounts/world.h"

static char provider[] = "p", subject[] = "17";
static char names[][8] = {"root", "low", "nobody", "local", "absent", "deploy", "broken"};
static struct local_account_rule rules[sizeof(names) / sizeof(names[0])];

static int setup(void **state)
{
	int r = world_setup(state);
	struct world *w = *state;

	world_write(w, "etc/passwd",
		    "root:x:0:0::/root:/bin/sh\nlow:x:999:999::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"
		    "local:x:1000:100::/home/local:/bin/sh\ndeploy:x:1001:1001::/srv:/bin/zsh\nbroken:x:1002\n");
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		rules[i] = (struct local_account_rule){
			.name = names[i], .subject = subject, .provider = provider, .issuer = ISSUER};
	w->settings.local_accounts =
		(struct local_account_rules){.rules = rules, .n = sizeof(rules) / sizeof(rules[0])};
	return r;
}

static void who_can_be(void **state)
{
	static const char *const not_these[] = {"root", "low", "nobody", "absent", "broken", "other", ""};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(not_these) / sizeof(not_these[0]); i++) {
		assert_int_equal(accounts_find_local(w->accounts, not_these[i], &w->account), -ENOENT);
		assert_int_equal(accounts_name_is_possible(w->accounts, not_these[i]),
				 strcmp(not_these[i], "other") == 0);
	}
	assert_int_equal(accounts_name_is_possible(w->accounts, "local"), 1);
	assert_int_equal(accounts_find_local(w->accounts, "local", &w->account), 0);
	assert_int_equal(w->account->uid, 1000);
	assert_int_equal(w->account->gid, 100);
	assert_string_equal(w->account->home, "/home/local");
	assert_string_equal(w->account->facts, "{}");
	assert_int_equal(w->account->last_sign_in_s, 0);
	assert_string_equal(accounts_issuer_of_local(w->accounts, "local"), ISSUER);
	assert_null(accounts_issuer_of_local(w->accounts, "locals"));
}

/* Such a name is never made into an account of ours, also while /etc/passwd lacks it. */
static void no_account_of_ours(void **state)
{
	struct world *w = *state;

	assert_int_equal(bind_as(w, "local", ISSUER, "17"), ACCOUNT_NAME_LOCAL);
	assert_int_equal(bind_as(w, "absent", ISSUER, "17"), ACCOUNT_NAME_LOCAL);
	assert_int_equal(reserve(w, "local", 1000), ACCOUNT_NAME_LOCAL);
	assert_int_equal(reserve(w, "absent", 1000), ACCOUNT_NAME_LOCAL);
}

struct listing {
	char text[64];
	size_t left;
};

static int add(void *userdata, const struct account *a)
{
	struct listing *l = userdata;

	if (l->left == 0)
		return 7;
	l->left--;
	strcat(l->text, a->name);
	strcat(l->text, " ");
	return 0;
}

static void in_pages(void **state)
{
	struct world *w = *state;
	struct listing l = {.left = 1};
	size_t at = 0;

	assert_int_equal(accounts_each_local(w->accounts, &at, add, &l), 7);
	assert_string_equal(l.text, "local ");
	l.left = 9;
	assert_int_equal(accounts_each_local(w->accounts, &at, add, &l), 0);
	assert_string_equal(l.text, "local deploy ");
	assert_int_equal(accounts_each_local(w->accounts, &at, add, &l), 0);
	assert_string_equal(l.text, "local deploy ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_can_be, setup, world_teardown),
		cmocka_unit_test_setup_teardown(no_account_of_ours, setup, world_teardown),
		cmocka_unit_test_setup_teardown(in_pages, setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
