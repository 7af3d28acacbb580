/* SPDX-License-Identifier: MIT */
/* Groups on the map: who is in which, and which are left off. Threats I13, I14. */
#include "helper/accounts/map_groups.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nss_module/map_local.h"
#include "nss_module/map_view.h"
#include "tests/unit/accounts/world.h"

static char crew[] = "crew", ops[] = "ops", empty[] = "empty", devs[] = "devs", docker[] = "docker", none[] = "none";
static char c[] = "c", o[] = "o", e[] = "e";
static char *c_values[] = {c, NULL}, *o_values[] = {o, NULL}, *e_values[] = {e, NULL};
static struct group_rule rules[] = {
	{.name = crew, .claim_values = c_values, .issuer = ISSUER},
	{.name = ops, .claim_values = o_values, .issuer = ISSUER},
	{.name = empty, .claim_values = e_values, .issuer = ISSUER, .gid = 5000},
	{.name = devs, .claim_values = c_values, .issuer = ISSUER}, /* a group of this host */
	{.name = docker, .claim_values = o_values, .issuer = ISSUER, .is_local = true},
	{.name = none, .claim_values = e_values, .issuer = ISSUER, .is_local = true},
};
static const struct group_rules groups = {rules, 6};

struct made {
	struct map_view v;
	unsigned char *bytes;
};

static void no_fault(void *userdata, const char *group, const char *why)
{
	(void)userdata;
	(void)why;
	assert_string_equal(group, "devs");
}

static void add(struct map_groups *m, struct map_writer *w, const char *name, uint32_t uid, const char *issuer,
		const char *facts)
{
	char copies[3][128];
	struct account a = {.uid = uid};

	strcpy(copies[0], name);
	strcpy(copies[1], issuer);
	strcpy(copies[2], facts);
	a.name = copies[0];
	a.issuer = copies[1];
	a.facts = copies[2];
	assert_int_equal(map_writer_add_user(w, &(struct map_user){.name = name,
								   .uid = uid,
								   .gid = uid,
								   .gecos = "",
								   .home = "/home/x",
								   .shell = "/bin/sh"}),
			 0);
	assert_int_equal(map_groups_add(m, &a), 0);
	memset(copies, 'x', sizeof(copies)); /* nothing of the account is kept */
}

static void make(struct world *w, struct made *ret)
{
	LK_CLEANUP(map_groups_freep) struct map_groups *m = NULL;
	LK_CLEANUP(map_writer_freep) struct map_writer *writer = NULL;
	void *bytes;
	size_t len;

	assert_int_equal(map_groups_new(&m, &groups), 0);
	assert_int_equal(map_writer_new(&writer), 0);
	add(m, writer, "alice", 0x70000001, ISSUER, "{\"groups\":[\"c\",\"o\",\"x\"]}");
	add(m, writer, "bob", 0x70000002, ISSUER, "{\"groups\":[\"o\"]}");
	add(m, writer, "carol", 0x70000003, OTHER_ISSUER, "{\"groups\":[\"c\",\"o\"]}");
	add(m, writer, "dora", 0x70000004, ISSUER, "rubbish");
	assert_int_equal(map_groups_finish(m, w->store, w->local, writer), 0);
	assert_int_equal(map_writer_finish(writer, &bytes, &len), 0);
	assert_true(map_view_init(&ret->v, bytes, len));
	ret->bytes = bytes;
}

/* The members of an own group as text; "-" where there is no such group. */
static const char *members_of(struct made *made, const char *name)
{
	static char text[256];
	struct map_group_slot g;
	const unsigned char *lengths;
	const char *member;

	text[0] = '\0';
	if (map_view_find_group(&made->v, name, strlen(name), &g) < 0)
		return "-";
	if (g.n_members == 0)
		return "";
	lengths = map_view_group_members(&made->v, &g);
	member = (const char *)lengths + g.n_members;
	for (uint32_t i = 0; i < g.n_members; i++, member += strlen(member) + 1)
		strcat(strcat(text, member), " ");
	return text;
}

static void who_is_in_which(void **state)
{
	static const char local[] = "docker\0alice\0bob\0";
	struct world *w = *state;
	struct made made = {.bytes = NULL};
	struct map_group_slot g;

	w->settings.groups = groups;
	assert_int_equal(accounts_settle_groups(w->accounts, 1, no_fault, NULL), 0);
	make(w, &made);
	assert_string_equal(members_of(&made, "crew"), "alice ");
	assert_string_equal(members_of(&made, "ops"), "alice bob ");
	assert_string_equal(members_of(&made, "empty"), ""); /* it exists all the same */
	assert_true(map_view_find_gid(&made.v, 5000, &g) >= 0);
	assert_string_equal(members_of(&made, "devs"), "-");
	assert_string_equal(members_of(&made, "docker"), "-");
	assert_int_equal(made.v.h.local_size, sizeof(local));
	assert_memory_equal(made.bytes + made.v.h.local, local, sizeof(local));
	free(made.bytes);
}

static void left_off(void **state)
{
	struct world *w = *state;
	struct made made = {.bytes = NULL};
	struct own_group g;

	w->settings.groups = groups;
	make(w, &made); /* nothing was settled */
	assert_string_equal(members_of(&made, "crew"), "-");
	assert_string_equal(members_of(&made, "ops"), "-");
	free(made.bytes);
	assert_int_equal(accounts_settle_groups(w->accounts, 1, no_fault, NULL), 0);
	/* I14: since the start, this host was given a group by one's name, and another one by its number. */
	assert_int_equal(store_find_group(w->store, "ops", &g), 0);
	world_write(w, "etc/group", "root:x:0:\ncrew:x:1002:\nempty2:x:5000:\n");
	assert_int_equal(localdb_refresh(w->local), 0);
	make(w, &made);
	assert_string_equal(members_of(&made, "crew"), "-");
	assert_string_equal(members_of(&made, "empty"), "-");
	assert_string_equal(members_of(&made, "ops"), "alice bob ");
	free(made.bytes);
	assert_int_equal(store_set_group_state(w->store, &g, OWN_GROUP_RETIRED), 0);
	make(w, &made);
	assert_string_equal(members_of(&made, "ops"), "-");
	free(made.bytes);
}

/* Sets of groups are read once each: nobody gets somebody else's, whatever is kept of them. */
static void many_sets(void **state)
{
	struct world *w = *state;
	LK_CLEANUP(map_groups_freep) struct map_groups *m = NULL;
	LK_CLEANUP(map_writer_freep) struct map_writer *writer = NULL;
	struct made made = {.bytes = NULL};
	struct map_group_slot g;
	uint32_t expected = 0;
	void *bytes;
	size_t len;

	w->settings.groups = groups;
	assert_int_equal(accounts_settle_groups(w->accounts, 1, no_fault, NULL), 0);
	assert_int_equal(map_groups_new(&m, &groups), 0);
	assert_int_equal(map_writer_new(&writer), 0);
	for (uint32_t i = 0; i < 5000; i++) {
		const char *issuer = i % 3 == 0 ? OTHER_ISSUER : ISSUER;
		char name[16], facts[64];

		snprintf(name, sizeof(name), "u%u", i);
		snprintf(facts, sizeof(facts), "{\"groups\":[\"x%u\"%s]}", i % 700, i % 2 == 0 ? ",\"c\"" : "");
		expected += i % 3 != 0 && i % 2 == 0;
		add(m, writer, name, 0x70000001 + i, issuer, facts);
	}
	assert_int_equal(map_groups_finish(m, w->store, w->local, writer), 0);
	assert_int_equal(map_writer_finish(writer, &bytes, &len), 0);
	assert_true(map_view_init(&made.v, bytes, len));
	assert_true(map_view_find_group(&made.v, "crew", 4, &g) >= 0);
	assert_int_equal(g.n_members, expected);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_is_in_which, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(left_off, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(many_sets, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
