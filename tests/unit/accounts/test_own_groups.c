/* SPDX-License-Identifier: MIT */
/* The numbers of our own groups: given once, kept, never given to anybody else. Threats I9, I11, I13, I14. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper/accounts/uid.h"
#include "tests/unit/accounts/world.h"

#define CREW_GID uid_candidate("group", "crew", ACCOUNTS_UID_MIN_DEFAULT, ACCOUNTS_UID_MAX_DEFAULT)

static char crew[] = "crew", ops[] = "ops", value[] = "v";
static char *values[] = {value, NULL};
static struct group_rule rules[2];
static char faults[1024];

static void on_fault(void *userdata, const char *group, const char *why)
{
	(void)userdata;
	assert_true(strlen(faults) + strlen(group) + strlen(why) + 4 < sizeof(faults));
	strcat(strcat(strcat(strcat(faults, group), ": "), why), "\n");
}

/* The helper starts with these groups in its configuration. */
static int settle(struct world *w, size_t n)
{
	faults[0] = '\0';
	w->settings.groups = (struct group_rules){rules, n};
	world_close(w);
	world_open(w);
	return accounts_settle_groups(w->accounts, 1700000000, on_fault, NULL);
}

static int setup(void **state)
{
	rules[0] = (struct group_rule){.name = crew, .claim_values = values, .issuer = ISSUER};
	rules[1] = (struct group_rule){.name = ops, .claim_values = values, .issuer = ISSUER};
	return world_setup(state);
}

static uint32_t gid_of(struct world *w, const char *name, enum own_group_state state)
{
	struct own_group g = {.gid = 0};

	if (store_find_group(w->store, name, &g) != 0)
		return 0;
	assert_string_equal(g.name, name);
	assert_int_equal(g.state, state);
	return g.gid;
}

static void numbers_stay(void **state)
{
	struct world *w = *state;
	uint32_t ops_gid;

	assert_int_equal(settle(w, 2), 0);
	assert_string_equal(faults, "");
	assert_int_equal(gid_of(w, "crew", OWN_GROUP_IN_USE), CREW_GID);
	ops_gid = gid_of(w, "ops", OWN_GROUP_IN_USE);
	assert_in_range(ops_gid, ACCOUNTS_UID_MIN_DEFAULT, ACCOUNTS_UID_MAX_DEFAULT);
	assert_int_not_equal(ops_gid, CREW_GID);
	/* ops is taken out of the configuration, and comes back */
	assert_int_equal(settle(w, 1), 0);
	assert_int_equal(gid_of(w, "ops", OWN_GROUP_RETIRED), ops_gid);
	assert_int_equal(gid_of(w, "crew", OWN_GROUP_IN_USE), CREW_GID);
	assert_int_equal(settle(w, 2), 0);
	assert_int_equal(gid_of(w, "ops", OWN_GROUP_IN_USE), ops_gid);
	/* and so it does where it was a group of /etc/group meanwhile */
	rules[1].is_local = true;
	assert_int_equal(settle(w, 2), 0);
	assert_int_equal(gid_of(w, "ops", OWN_GROUP_RETIRED), ops_gid);
	assert_string_equal(faults, "");
}

/* I9: neither somebody who signs in nor another group ever gets what a group had. */
static void nobody_else_gets_them(void **state)
{
	struct world *w = *state;
	char tenth[] = "tenth";

	assert_int_equal(settle(w, 1), 0);
	assert_int_equal(settle(w, 0), 0);
	assert_int_equal(gid_of(w, "crew", OWN_GROUP_RETIRED), CREW_GID);
	assert_int_equal(bind_as(w, "crew", ISSUER, "s-crew"), ACCOUNT_NAME_TAKEN);
	/* the only number that is left in the range is the retired one */
	w->settings.uid_min = CREW_GID;
	w->settings.uid_max = CREW_GID;
	assert_int_equal(bind_as(w, "alice", ISSUER, "s-1"), ACCOUNT_NO_UID);
	rules[0].name = tenth;
	assert_int_equal(settle(w, 1), 0);
	assert_string_equal(faults, "tenth: no number is left between uid_min and uid_max\n");
	rules[0].gid = CREW_GID;
	assert_int_equal(settle(w, 1), 0);
	assert_string_equal(faults, "tenth: an account has, or had, its name or its gid\n");
	rules[0].name = crew;
	rules[0].gid = 0;
	assert_int_equal(settle(w, 1), 0);
	assert_string_equal(faults, "");
	assert_int_equal(gid_of(w, "crew", OWN_GROUP_IN_USE), CREW_GID);
}

static void collisions(void **state)
{
	struct world *w = *state;
	struct account_person person = {
		.name = "alice", .provider = "p", .issuer = ISSUER, .subject = "s-1", .uid = CREW_GID};

	assert_int_equal(bind_person(w, &person), 0);
	assert_int_equal(settle(w, 1), 0);
	assert_int_equal(gid_of(w, "crew", OWN_GROUP_IN_USE), CREW_GID + 1);
}

/* I14: what this host has, and who was here before, stays. */
static void names_that_are_taken(void **state)
{
	struct world *w = *state;
	char devs[] = "devs", local[] = "local";

	assert_int_equal(bind_as(w, "crew", ISSUER, "s-1"), 0);
	assert_int_equal(settle(w, 1), 0);
	assert_string_equal(faults, "crew: an account has, or had, its name or its gid\n");
	assert_int_equal(gid_of(w, "crew", OWN_GROUP_IN_USE), 0);
	assert_int_equal(bind_as(w, "crew", ISSUER, "s-1"), 0); /* who is not locked out by it */
	rules[0].name = devs;
	rules[1].name = local;
	assert_int_equal(settle(w, 2), 0);
	assert_string_equal(faults, "devs: this host has a user or group of this name\n"
				    "local: this host has a user or group of this name\n");
	assert_int_equal(gid_of(w, "devs", OWN_GROUP_IN_USE), 0);
}

/* A name that the configuration gives to a group is no new person's, also where the group has no number yet. */
static void no_new_account_of_the_name(void **state)
{
	struct world *w = *state;

	assert_int_equal(accounts_name_is_possible(w->accounts, "crew"), 1);
	w->settings.groups = (struct group_rules){rules, 1};
	assert_int_equal(accounts_name_is_possible(w->accounts, "crew"), 0);
	assert_int_equal(accounts_name_is_possible(w->accounts, "crew2"), 1);
	assert_int_equal(settle(w, 1), 0);
	assert_int_equal(bind_as(w, "crew", ISSUER, "s-1"), ACCOUNT_NAME_TAKEN);
}

static void fixed_numbers(void **state)
{
	struct world *w = *state;
	uint32_t free_id;

	assert_int_equal(settle(w, 1), 0);
	rules[0].gid = 5000;
	assert_int_equal(settle(w, 1), 0);
	assert_int_equal(gid_of(w, "crew", OWN_GROUP_IN_USE), 5000);
	assert_int_equal(store_free_uid(w->store, CREW_GID, CREW_GID, &free_id), -ENOENT); /* nobody's any more */
	rules[0].gid = 1001;
	assert_int_equal(settle(w, 1), 0);
	assert_string_equal(faults, "crew: its gid is a user's or group's of this host\n");
	rules[0].gid = 0; /* 5000 lies outside the range: it has to be a number that it may have */
	assert_int_equal(settle(w, 1), 0);
	assert_in_range(gid_of(w, "crew", OWN_GROUP_IN_USE), ACCOUNTS_UID_MIN_DEFAULT, ACCOUNTS_UID_MAX_DEFAULT);
	rules[0].gid = CREW_GID; /* the one that it had first is its own still */
	assert_int_equal(settle(w, 1), 0);
	assert_string_equal(faults, "");
	assert_int_equal(gid_of(w, "crew", OWN_GROUP_IN_USE), CREW_GID);
}

/* Another group than before is another map; the same ones are not. */
static void changes_are_told(void **state)
{
	struct world *w = *state;
	struct account_person person = {
		.name = "alice", .provider = "p", .issuer = ISSUER, .subject = "s-1", .facts = "{\"groups\":[]}"};

	assert_int_equal(settle(w, 2), 0);
	assert_int_equal(bind_person(w, &person), 0);
	assert_true(w->is_new);
	assert_int_equal(bind_person(w, &person), 0);
	assert_false(w->is_new);
	person.facts = "{\"groups\":[\"v\"]}";
	assert_int_equal(bind_person(w, &person), 0);
	assert_true(w->is_new);
	person.facts = "{\"email\":\"a@b\",\"groups\":[\"v\",\"w\"]}";
	assert_int_equal(bind_person(w, &person), 0);
	assert_false(w->is_new);
	assert_int_equal(accounts_note_facts(w->accounts, ISSUER, "s-1", "{\"groups\":[\"v\",\"x\"]}"), 0);
	assert_int_equal(accounts_note_facts(w->accounts, ISSUER, "s-1", "{\"groups\":[]}"), 1);
	assert_int_equal(accounts_note_facts(w->accounts, ISSUER, "s-1", "{\"groups\":[]}"), 0);
	assert_int_equal(accounts_note_facts(w->accounts, ISSUER, "nobody", "{\"groups\":[\"v\"]}"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(numbers_stay, setup, world_teardown),
		cmocka_unit_test_setup_teardown(nobody_else_gets_them, setup, world_teardown),
		cmocka_unit_test_setup_teardown(collisions, setup, world_teardown),
		cmocka_unit_test_setup_teardown(names_that_are_taken, setup, world_teardown),
		cmocka_unit_test_setup_teardown(no_new_account_of_the_name, setup, world_teardown),
		cmocka_unit_test_setup_teardown(fixed_numbers, setup, world_teardown),
		cmocka_unit_test_setup_teardown(changes_are_told, setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
