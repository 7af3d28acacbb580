/* SPDX-License-Identifier: MIT */
/* The [group NAME] sections: what is understood, what is refused, what is said aloud. Threats I13, I14. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper/daemon/config_internal.h"
#include "tests/unit/daemon/config_text.h"
#include "tests/unit/scratch.h"

#define PROVIDER "[provider corp]\nissuer=https://id.example\nclient_id=c\n"
#define TWO                                                                                                            \
	"[provider corp]\nissuer=https://id.example\nclient_id=c\nname_prefix=c-\n"                                    \
	"[provider guests]\nissuer=https://guests.example\nclient_id=g\nname_prefix=g-\n"

static void sections(void **state)
{
	LK_CLEANUP(config_freep)
	struct config *c =
		load(TWO "[group devs]\nprovider=corp\nclaim_values=4711 /teams/devs\nclaim_values=aaaaaaaa-bbbb\n"
			 "[group nfs.users]\nprovider=guests\nclaim_values=x\ngid=5000\n"
			 "[group docker]\nprovider=corp\nclaim_values=y\nlocal=yes\n"
			 "[group Debian-exim]\nprovider=corp\nclaim_values=z\nlocal=yes\n");
	const struct group_rules *g = &c->accounts.groups;
	const struct group_rule *devs = group_rules_find(g, "devs"), *nfs = group_rules_find(g, "nfs.users");

	(void)state;
	assert_int_equal(g->n, 4);
	assert_string_equal(devs->claim_values[1], "/teams/devs");
	assert_string_equal(devs->claim_values[2], "aaaaaaaa-bbbb");
	assert_null(devs->claim_values[3]);
	assert_string_equal(devs->issuer, "https://id.example");
	assert_int_equal(devs->gid, 0);
	assert_false(devs->is_local);
	assert_string_equal(nfs->issuer, "https://guests.example");
	assert_int_equal(nfs->gid, 5000);
	assert_true(group_rules_find(g, "docker")->is_local);
	assert_null(group_rules_find(g, "dev"));
	assert_true(group_rules_want(g, "4711"));
	assert_false(group_rules_want(g, "471"));
}

static void the_only_provider(void **state)
{
	LK_CLEANUP(config_freep) struct config *c = load(PROVIDER "[group devs]\nclaim_values=d\n");
	LK_CLEANUP(config_freep) struct config *none = load(PROVIDER);
	LK_CLEANUP(config_freep)
	struct config *entra = load(PROVIDER "dialect=entra\ngroup_check_endpoint=https://graph.example/check\n");

	(void)state;
	assert_null(c->accounts.groups.rules[0].provider);
	assert_string_equal(c->accounts.groups.rules[0].issuer, "https://id.example");
	assert_int_equal(none->accounts.groups.n, 0);
	assert_string_equal(entra->providers[0].settings.group_check_endpoint, "https://graph.example/check");
}

static void faults(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{PROVIDER "[group devs]\nprovider=corp\n", "[group devs]: claim_values is missing"},
		{PROVIDER "[group devs]\nclaim_values=d\nprovider=other\n", "no provider is called 'other'"},
		/* The same word of two providers is not the same group unless root says so. */
		{TWO "[group devs]\nclaim_values=d\n", "[group devs]: provider is missing"},
		{PROVIDER "[group devs]\nclaim_values=d\ngid=999\n", "gid must be a number from 1000 to"},
		{PROVIDER "[group devs]\nclaim_values=d\ngid=2147483648\n", "gid must be a number from 1000 to"},
		{PROVIDER "[group devs]\nclaim_values=d\ngid=65534\n", "gid 65534 is one of the numbers of nobody"},
		{PROVIDER "[group devs]\nclaim_values=d\ngid=600000\n",
		 "gid 600000 is one of the numbers of containers"},
		{PROVIDER "[group devs]\nclaim_values=d\ngid=5000\n[group ops]\nclaim_values=o\ngid=5000\n",
		 "[group devs] and [group ops] have the same gid"},
		{PROVIDER "[group devs]\nclaim_values=d\nmembers=alice\n", "unknown key 'members' in [group devs]"},
		{PROVIDER "[group devs]\nclaim_values=d\nlocal=maybe\n", "local must be yes or no"},
		{PROVIDER "[group docker]\nclaim_values=d\nlocal=yes\ngid=5000\n", "gid means nothing with local=yes"},
		{PROVIDER "[group root]\nclaim_values=d\nlocal=yes\n", "nobody is put into the group of root"},
		{PROVIDER "[group a b]\nclaim_values=d\n", "a group's name has 1 to 32 letters"},
		{PROVIDER "[group 123456789012345678901234567890123]\nclaim_values=d\n", "a group's name has 1 to 32"},
		{PROVIDER "[group Devs]\nclaim_values=d\n", "a group's name is like an account's"},
		{PROVIDER "[group 1devs]\nclaim_values=d\n", "a group's name is like an account's"},
		{PROVIDER "group_check_endpoint=https://graph.example/check\n",
		 "group_check_endpoint means nothing to dialect generic"},
		{PROVIDER "dialect=entra\ngroup_check_endpoint=http://graph.example/check\n", "group_check_endpoint: "},
		{PROVIDER "[accounts]\nreserved_names=boss\n[group boss]\nclaim_values=d\n", "this name is reserved"},
	};
	static const char *const privileged[] = {"root",   "sudo", "wheel", "docker",         "lxd", "adm", "disk",
						 "shadow", "kvm",  "users", "systemd-journal"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *c = NULL;
		struct ini_fault fault = {""};
		int r = config_load_text(&c, cases[i].text, strlen(cases[i].text), NULL, NULL, &fault);

		if (r != -EINVAL || c || !strstr(fault.text, cases[i].expected))
			fail_msg("%d '%s' instead of '%s'", r, fault.text, cases[i].expected);
	}
	/* I13: none of these is a group of our own, whatever the provider calls it. */
	for (size_t i = 0; i < sizeof(privileged) / sizeof(privileged[0]); i++) {
		struct config *c = NULL;
		struct ini_fault fault = {""};
		char text[256];

		snprintf(text, sizeof(text), PROVIDER "[group %s]\nclaim_values=d\n", privileged[i]);
		assert_int_equal(config_load_text(&c, text, strlen(text), NULL, NULL, &fault), -EINVAL);
		assert_non_null(strstr(fault.text, "this name is reserved"));
	}
}

static void too_many(void **state)
{
	static char text[64 * (GROUP_RULES_MAX + 2)];
	LK_CLEANUP(config_freep) struct config *c = NULL;
	struct config *refused = NULL;
	struct ini_fault fault = {""};
	size_t len = (size_t)snprintf(text, sizeof(text), PROVIDER);

	(void)state;
	for (unsigned i = 0; i < GROUP_RULES_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "[group g%u]\nclaim_values=v%u\n", i, i);
	c = load(text);
	assert_int_equal(c->accounts.groups.n, GROUP_RULES_MAX);
	len += (size_t)snprintf(text + len, sizeof(text) - len, "[group one-more]\nclaim_values=v\n");
	assert_int_equal(config_load_text(&refused, text, len, NULL, NULL, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "more than 256 [group] sections"));
}

/* What a local group means is said at every start, and so is what the machine makes of a section. */
static void notes(void **state)
{
	struct notes said = {""};
	LK_CLEANUP(config_freep)
	struct config *c =
		load_noted(PROVIDER "[access]\nusers=alice\n[group devs]\nclaim_values=d\n[group lab]\nclaim_values=l\n"
				    "[group olga]\nclaim_values=o\n[group docker]\nclaim_values=x\nlocal=yes\n"
				    "[group lxd]\nclaim_values=x\nlocal=yes\n",
			   &said);
	static const char passwd[] = "root:x:0:0::/:/bin/sh\nolga:x:1000:100::/:/bin/sh\n";
	static const char group[] = "root:x:0:\nlab:x:1001:\ndocker:x:998:\n";
	struct scratch folder;

	(void)state;
	assert_non_null(strstr(said.text, "[group docker]: local=yes: whatever this group may do"));
	assert_non_null(strstr(said.text, "[group lxd]: local=yes: whatever"));
	assert_null(strstr(said.text, "[group devs]"));

	assert_true(scratch_new(&folder));
	assert_int_equal(mkdir(scratch_name(&folder, "etc"), 0755), 0);
	assert_true(scratch_write(&folder, "etc/passwd", passwd, strlen(passwd), 0644));
	assert_true(scratch_write(&folder, "etc/group", group, strlen(group), 0644));
	said.text[0] = '\0';
	config_note_local_groups(c, folder.path, keep_note, &said);
	assert_non_null(strstr(said.text, "[group lab]: this host has a user or group of this name"));
	assert_non_null(strstr(said.text, "[group olga]: this host has a user or group of this name"));
	assert_non_null(strstr(said.text, "[group lxd]: local=yes, but /etc/group has no such group"));
	assert_null(strstr(said.text, "[group devs]"));
	assert_null(strstr(said.text, "[group docker]"));
	scratch_done(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections), cmocka_unit_test(the_only_provider),
		cmocka_unit_test(faults),   cmocka_unit_test(too_many),
		cmocka_unit_test(notes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
