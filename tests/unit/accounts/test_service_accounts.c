/* SPDX-License-Identifier: MIT */
/* Accounts that no person is behind: which of /etc/passwd can be one, and how one of our own keeps its name. I1, I4, I6. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/accounts/world.h"

static char provider[] = "p", subject[] = "service-17";
static char names[][8] = {"root", "low", "nobody", "backup"};
static struct local_account_rule rules[sizeof(names) / sizeof(names[0])];

static int setup(void **state)
{
	int r = world_setup(state);
	struct world *w = *state;

	world_write(w, "etc/passwd",
		    "root:x:0:0::/root:/bin/sh\nlow:x:34:34::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n");
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		rules[i] = (struct local_account_rule){.name = names[i],
						       .subject = subject,
						       .provider = provider,
						       .issuer = ISSUER,
						       .is_service = true};
	w->settings.local_accounts =
		(struct local_account_rules){.rules = rules, .n = sizeof(rules) / sizeof(rules[0])};
	return r;
}

static int bind_service(struct world *w, const char *name, const char *who)
{
	return bind_person(
		w, &(struct account_person){
			   .name = name, .provider = "p", .issuer = ISSUER, .subject = who, .is_service = true});
}

/* I1: an account of the system may be one, root and nobody may not. */
static void of_this_machine(void **state)
{
	struct world *w = *state;

	assert_int_equal(accounts_find_local(w->accounts, "low", &w->account), 0);
	assert_int_equal(w->account->uid, 34);
	assert_string_equal(w->account->subject, "service-17");
	assert_string_equal(accounts_issuer_of_local(w->accounts, "low"), ISSUER);
	assert_int_equal(accounts_find_local(w->accounts, "root", &w->account), -ENOENT);
	assert_int_equal(accounts_find_local(w->accounts, "nobody", &w->account), -ENOENT);
	assert_int_equal(bind_service(w, "low", "service-17"), ACCOUNT_NAME_LOCAL);
}

static void of_our_own(void **state)
{
	struct world *w = *state;

	assert_int_equal(localdb_refresh(w->local), 0);
	assert_null(accounts_issuer_of_local(w->accounts, "backup"));
	assert_int_equal(accounts_find_local(w->accounts, "backup", &w->account), -ENOENT);
	assert_int_equal(bind_service(w, "backup", "service-17"), 0);
	assert_string_equal(w->account->name, "backup");
	/* A name that is known for a user of the system is kept from people, and root may give it to a service all the same, but
	 * for what root itself keeps back. The same at the next start, with the same number. */
	assert_int_equal(bind_service(w, "backup", "service-17"), 0);
	/* No lookup and no sign-in of a person leads to it. */
	assert_int_equal(accounts_name_is_possible(w->accounts, "backup"), 0);
	assert_int_equal(reserve(w, "backup", 1000), ACCOUNT_NAME_LOCAL);
}

/* I4, I6: nobody becomes a service by its name, and a service keeps its own. */
static void nobody_elses(void **state)
{
	struct world *w = *state;

	assert_int_equal(bind_as(w, "backup", ISSUER, "person"), ACCOUNT_NAME_LOCAL);
	assert_int_equal(bind_service(w, "backup", "service-17"), 0);
	assert_int_equal(bind_as(w, "backup", ISSUER, "person"), ACCOUNT_NAME_TAKEN);
	assert_int_equal(bind_as(w, "backup", ISSUER, "service-17"), ACCOUNT_NAME_LOCAL);
	/* The identity's token makes another name: the account stays the service's. */
	assert_int_equal(bind_as(w, "alice", ISSUER, "service-17"), ACCOUNT_IDENTITY_TAKEN);
}

static void of_somebody_already(void **state)
{
	struct world *w = *state;

	w->settings.local_accounts.n = 0;
	assert_int_equal(bind_as(w, "olga", ISSUER, "person"), 0);
	assert_int_equal(bind_as(w, "carol", ISSUER, "service-17"), 0);
	w->settings.local_accounts.n = sizeof(rules) / sizeof(rules[0]);
	/* A person has the name, and another one is who the service is to be. */
	assert_int_equal(bind_service(w, "olga", "service-18"), ACCOUNT_NAME_TAKEN);
	assert_int_equal(bind_service(w, "backup", "service-17"), ACCOUNT_IDENTITY_TAKEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(of_this_machine, setup, world_teardown),
		cmocka_unit_test_setup_teardown(of_our_own, setup, world_teardown),
		cmocka_unit_test_setup_teardown(nobody_elses, setup, world_teardown),
		cmocka_unit_test_setup_teardown(of_somebody_already, setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
