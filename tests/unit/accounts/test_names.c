/* SPDX-License-Identifier: MIT */
/* Threats I6, T1: who may be called what, when people are renamed and names were kept for somebody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/accounts/world.h"

/* I6: a renamed person keeps UID and home; the old name is nobody else's, and may be hers again. */
static void renamed(void **state)
{
	struct world *w = *state;
	struct account *before;
	uint32_t uid;

	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), 0);
	uid = w->account->uid;
	assert_int_equal(bind_as(w, "aliceb", ISSUER, "sub-alice"), 0);
	assert_true(w->is_new); /* the map is to be published */
	assert_string_equal(w->account->name, "aliceb");
	assert_int_equal(w->account->uid, uid);
	assert_int_equal(w->account->gid, uid);
	assert_string_equal(w->account->home, "/home/alice");
	before = LK_STEAL(w->account);
	assert_true(accounts_was_called(w->accounts, "alice", before));
	assert_false(accounts_was_called(w->accounts, "aliceb", before));
	assert_int_equal(store_count(w->store), 1);

	/* the old name: hers to ask for, with a number that is not on the map, and nobody else's */
	assert_int_equal(accounts_name_is_possible(w->accounts, "alice"), 1);
	assert_int_equal(reserve(w, "alice", 1000), 0);
	assert_int_not_equal(w->account->uid, uid);
	assert_int_equal(w->account->created_s, 0);
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-new"), ACCOUNT_NAME_RETIRED);
	assert_int_equal(bind_as(w, "alice", OTHER_ISSUER, "sub-alice"), ACCOUNT_NAME_RETIRED);
	assert_int_equal(bind_as(w, "bob", ISSUER, "sub-bob"), 0);
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-bob"), ACCOUNT_NAME_RETIRED);
	assert_int_equal(bind_as(w, "aliceb", ISSUER, "sub-bob"), ACCOUNT_NAME_TAKEN);

	/* and back */
	assert_int_equal(bind_as(w, "alice", ISSUER, "sub-alice"), 0);
	assert_int_equal(w->account->uid, uid);
	assert_true(accounts_was_called(w->accounts, "aliceb", before));
	assert_false(accounts_was_called(w->accounts, "alice", before));
	account_free(before);

	/* a name is not taken from the machine either */
	assert_int_equal(bind_as(w, "local", ISSUER, "sub-alice"), ACCOUNT_NAME_LOCAL);
	assert_int_equal(bind_as(w, "root", ISSUER, "sub-alice"), ACCOUNT_NAME_LOCAL);
	assert_int_equal(bind_as(w, "backup-agent", ISSUER, "sub-alice"), ACCOUNT_NAME_LOCAL);

	/* with the account go all its names */
	account_free(LK_STEAL(w->account));
	assert_int_equal(accounts_forget(w->accounts, "alice", &w->account), 0);
	assert_int_equal(accounts_name_is_possible(w->accounts, "aliceb"), 0);
	assert_int_equal(reserve(w, "aliceb", 1000), ACCOUNT_NAME_RETIRED);
	assert_int_equal(bind_as(w, "aliceb", ISSUER, "sub-alice"), ACCOUNT_IDENTITY_FORGOTTEN);
	assert_int_equal(bind_as(w, "aliceb", ISSUER, "sub-new"), ACCOUNT_NAME_RETIRED);
}

static void keep(struct world *w, const char *name, uint32_t uid, const char *subject)
{
	char *copy = strdup(name), *who = subject ? strdup(subject) : NULL;
	char issuer[] = ISSUER, provider[] = "p", none[] = "", path[] = "/home/kept", sh[] = "/bin/sh", facts[] = "{}";
	const struct account a = {.name = copy,
				  .uid = uid,
				  .gid = uid,
				  .issuer = issuer,
				  .subject = who,
				  .provider = provider,
				  .gecos = none,
				  .home = path,
				  .shell = sh,
				  .facts = facts,
				  .state = ACCOUNT_EXPECTED,
				  .created_s = 1};

	assert_int_equal(store_insert(w->store, &a), 0);
	free(copy);
	free(who);
}

/* An account that is kept for somebody is nobody else's, and its number and home are what they were. */
static void kept_for_somebody(void **state)
{
	struct world *w = *state;

	keep(w, "carol", ACCOUNTS_UID_MIN_DEFAULT + 7, NULL);
	keep(w, "dave", ACCOUNTS_UID_MIN_DEFAULT + 8, "sub-dave");
	assert_int_equal(accounts_name_is_possible(w->accounts, "carol"), 1);
	assert_int_equal(reserve(w, "carol", 1000), 0);
	assert_int_equal(w->account->uid, ACCOUNTS_UID_MIN_DEFAULT + 7);
	assert_int_equal(bind_as(w, "carol", OTHER_ISSUER, "sub-carol"), ACCOUNT_NAME_TAKEN);
	assert_int_equal(bind_as(w, "carol", ISSUER, "sub-carol"), 0);
	assert_true(w->is_new);
	assert_int_equal(w->account->uid, ACCOUNTS_UID_MIN_DEFAULT + 7);
	assert_string_equal(w->account->home, "/home/kept");
	assert_int_equal(w->account->state, ACCOUNT_ACTIVE);
	assert_int_equal(bind_as(w, "carol", ISSUER, "sub-other"), ACCOUNT_NAME_TAKEN);
	assert_int_equal(bind_as(w, "carol", ISSUER, "sub-carol"), 0);
	assert_false(w->is_new);

	assert_int_equal(bind_as(w, "dave", ISSUER, "sub-other"), ACCOUNT_NAME_TAKEN);
	assert_int_equal(bind_as(w, "david", ISSUER, "sub-dave"), ACCOUNT_NAME_TAKEN);
	assert_int_equal(bind_as(w, "dave", ISSUER, "sub-dave"), 0);
	assert_int_equal(w->account->uid, ACCOUNTS_UID_MIN_DEFAULT + 8);

	/* nor does one who has an account get a second one, or somebody's kept name */
	keep(w, "erin", ACCOUNTS_UID_MIN_DEFAULT + 9, NULL);
	assert_int_equal(bind_as(w, "erin", ISSUER, "sub-dave"), ACCOUNT_NAME_TAKEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(renamed, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(kept_for_somebody, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
