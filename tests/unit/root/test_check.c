/* SPDX-License-Identifier: MIT */
/* The judge of a map: the writer's work passes, and what root's configuration does not let in is refused, with the reason
 * that the administrator reads (I1, I11 to I16, I23; a taken-over latchkeyd). */
#include "helper/root/check.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/nss_module/sample.h"
#include "tests/unit/root/world.h"

/* --- what the writer makes ---------------------------------------------------------------------------------------- */

static void test_sound_maps_pass(void **state)
{
	struct world w;
	char why[CHECK_WHY_SIZE] = "";

	(void)state;
	world_init(&w, "[group tenth]\nclaim_values = t\n");
	assert_int_equal(judge(&w, why), 0);
	assert_string_equal(why, "");
	free(w.bytes);
	w.bytes = sample_many(10000, &w.len);
	assert_int_equal(judge(&w, why), 0);
	world_done(&w);
}

/* One person whose record no configuration of root's lets pass, though the writer would. */
static void refuse_person(const char *settings, struct map_user u, const char *part)
{
	struct map_writer *writer = NULL;
	struct world w;
	char why[CHECK_WHY_SIZE] = "";
	void *bytes;

	world_init(&w, settings);
	free(w.bytes);
	sample_must(map_writer_new(&writer));
	sample_must(map_writer_add_user(writer, &u));
	sample_must(map_writer_finish(writer, &bytes, &w.len));
	map_writer_free(writer);
	w.bytes = bytes;
	assert_int_equal(judge(&w, why), -EBADMSG);
	if (strstr(why, part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why, part);
	world_done(&w);
}

static void test_people_who_may_not_be(void **state)
{
	static const char *const names[] = {"root", "local", "sudo", "highgroup", "broken", "systemd-network", "boss"};
	static const char *const ugly[] = {"Alice",
					   "1a",
					   "-a",
					   ".a",
					   "a%s",
					   "a$",
					   "\xc3\xa9"
					   "a",
					   "a.",
					   "a@",
					   "_"};
	static const uint32_t ids[] = {1, 999, 1000, 65534, 65535, 0x6FFFFFFF, 0x7FFFFFFF, 0x80000000, UINT32_MAX};
	static const char *const homes[] = {"/home",        "/home/",   "/etc",      "/",        "/home/../etc",
					    "/home/a/../b", "/home//a", "/home/./a", "/home/a/", "/home/..",
					    "/homes/a",     "/root",    "/home/a/.."};
	static const char *const shells[] = {"/", "/bin/", "/bin/../sh", "//bin/sh"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		refuse_person("[accounts]\nreserved_names = nobody boss\n", person(names[i], SAMPLE_ALICE),
			      i < 5 && i > 0 ? "local user or group" : "");
	for (size_t i = 0; i < sizeof(ugly) / sizeof(ugly[0]); i++)
		refuse_person("", person(ugly[i], SAMPLE_ALICE), "grammar");
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		refuse_person("", person("alice", ids[i]), "id");
	refuse_person("", person("alice", 1879060000), "local user or group");
	refuse_person("", person("alice", 1879060001), "local user or group");
	/* The absolute floor holds whatever root configures. */
	refuse_person("[accounts]\nuid_min = 1000\nuid_max = 4294967294\n", person("alice", 999), "outside");
	refuse_person("[accounts]\nuid_min = 1000\nuid_max = 4294967294\n", person("alice", 65534), "outside");
	refuse_person("[accounts]\nuid_min = 1000\nuid_max = 4294967294\n", person("alice", 65535), "outside");
	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
		struct map_user u = person("alice", SAMPLE_ALICE);

		u.home = homes[i];
		refuse_person("", u, "home");
	}
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		struct map_user u = person("alice", SAMPLE_ALICE);

		u.shell = shells[i];
		refuse_person("", u, "shell");
	}
	for (uint32_t gid = 0; gid < 3; gid++) { /* I15: a primary group that is not the map's */
		static const uint32_t gids[] = {0, 27, SAMPLE_BOB};
		struct map_user u = person("alice", SAMPLE_ALICE);

		u.gid = gids[gid];
		refuse_person("", u, "not on the map");
	}
}

static void test_homes_follow_the_template(void **state)
{
	struct map_user u = person("alice", SAMPLE_ALICE);
	struct settings *s = settings_of("[accounts]\nhome = /srv/people/%u/home\n[provider x]\nwhat = ever\n");

	(void)state;
	assert_string_equal(s->home_base, "/srv/people/");
	settings_free(s);
	refuse_person("[accounts]\nhome = /srv/people/%u\n", u, "/srv/people/");
}

/* I13, I14: a group that shadows a local one, or carries its id. */
static void test_groups_that_may_not_be(void **state)
{
	static const struct {
		const char *name;
		uint32_t gid;
	} groups[] = {
		{"sudo", SAMPLE_OPS},  {"root", SAMPLE_OPS},
		{"local", SAMPLE_OPS}, {"devs", 27},
		{"devs", 999},         {"devs", 65534},
		{"devs", 1879060001},  {"devs", UINT32_MAX},
		{"Devs", SAMPLE_OPS},  {"systemd-journal", SAMPLE_OPS},
		{"staff", SAMPLE_OPS}, {"dev", SAMPLE_OPS},
		{"crew", SAMPLE_OPS},  {"fixed", SAMPLE_OPS},
		{"fixed", 5001},       {"devs", 5000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		struct map_writer *writer = NULL;
		struct map_group g = {.name = groups[i].name, .gid = groups[i].gid};
		struct world w;
		char why[CHECK_WHY_SIZE] = "";
		void *bytes;

		world_init(&w, "[group crew]\nlocal = yes\n[group fixed]\ngid = 5000\n");
		free(w.bytes);
		sample_must(map_writer_new(&writer));
		sample_must(map_writer_add_group(writer, &g));
		sample_must(map_writer_finish(writer, &bytes, &w.len));
		map_writer_free(writer);
		w.bytes = bytes;
		assert_int_equal(judge(&w, why), -EBADMSG);
		assert_string_not_equal(why, "");
		world_done(&w);
	}
}

static void judge_group(const char *settings, const char *name, uint32_t gid, int expected, const char *reason)
{
	struct map_writer *writer = NULL;
	struct map_group g = {.name = name, .gid = gid};
	char why[CHECK_WHY_SIZE] = "";
	struct world w;
	void *bytes;

	world_init(&w, settings);
	free(w.bytes);
	sample_must(map_writer_new(&writer));
	sample_must(map_writer_add_group(writer, &g));
	sample_must(map_writer_finish(writer, &bytes, &w.len));
	map_writer_free(writer);
	w.bytes = bytes;
	assert_int_equal(judge(&w, why), expected);
	if (strstr(why, reason) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why, reason);
	world_done(&w);
}

/* I13: a group is on the map because root's configuration names it, with the number that it names, and for no other
 * reason. */
static void test_only_configured_groups(void **state)
{
	(void)state;
	judge_group("", "devs", SAMPLE_DEVS, 0, "");
	judge_group("", "others", SAMPLE_DEVS, -EBADMSG, "no group of root's configuration");
	judge_group("[group crew]\nlocal = yes\n", "crew", SAMPLE_DEVS, -EBADMSG, "no group of root's configuration");
	judge_group("[group crew]\nlocal = no\n", "crew", SAMPLE_DEVS, 0, "");
	/* A number that root gives to one group: for that group, wherever it lies, and for nobody else. */
	judge_group("[group nfs]\ngid = 5000\n", "nfs", 5000, 0, "");
	judge_group("[group nfs]\ngid = 5000\n", "nfs", 5001, -EBADMSG, "where root's configuration says 5000");
	judge_group("[group nfs]\ngid = 5000\n", "nfs", SAMPLE_DEVS, -EBADMSG, "where root's configuration says 5000");
	judge_group("[group nfs]\ngid = 5000\n", "devs", 5000, -EBADMSG, "outside");
	judge_group("[group nfs]\ngid = 1000\n", "nfs", 1000, -EBADMSG, "of a local user or group");
	judge_group("[group nfs]\ngid = 65534\n", "nfs", 65534, -EBADMSG, "outside");
	/* A name that is local, or reserved, stays so. */
	judge_group("[group sudo]\nclaim_values = x\n", "sudo", SAMPLE_DEVS, -EBADMSG, "local user or group");
	judge_group("[accounts]\nreserved_names = boss\n[group boss]\nlocal=no\n", "boss", SAMPLE_DEVS, -EBADMSG,
		    "reserved");
}

/* A person's private group whose number is not the uid's has a record, by that person's name and number and no other. */
static void test_private_groups_with_a_record(void **state)
{
	static const struct {
		const char *group;
		uint32_t gid;
		const char *member;
		int expected;
	} rows[] = {
		{"alice", SAMPLE_OPS, NULL, 0},
		{"alicia", SAMPLE_OPS, NULL, -EBADMSG},
		{"alice", SAMPLE_OPS, "bob", -EBADMSG},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *const members[] = {rows[i].member, NULL};
		struct map_user alice = person("alice", SAMPLE_ALICE), bob = person("bob", SAMPLE_BOB);
		struct map_group g = {.name = rows[i].group, .gid = rows[i].gid, .members = members};
		struct map_writer *writer = NULL;
		char why[CHECK_WHY_SIZE] = "";
		struct world w;
		void *bytes;

		world_init(&w, "");
		free(w.bytes);
		alice.gid = SAMPLE_OPS;
		sample_must(map_writer_new(&writer));
		sample_must(map_writer_add_user(writer, &alice));
		sample_must(map_writer_add_user(writer, &bob));
		sample_must(map_writer_add_group(writer, &g));
		sample_must(map_writer_finish(writer, &bytes, &w.len));
		map_writer_free(writer);
		w.bytes = bytes;
		assert_int_equal(judge(&w, why), rows[i].expected);
		world_done(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound_maps_pass),           cmocka_unit_test(test_people_who_may_not_be),
		cmocka_unit_test(test_homes_follow_the_template), cmocka_unit_test(test_groups_that_may_not_be),
		cmocka_unit_test(test_only_configured_groups),    cmocka_unit_test(test_private_groups_with_a_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
