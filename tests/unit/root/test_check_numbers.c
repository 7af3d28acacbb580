/* SPDX-License-Identifier: MIT */
/* The judge of a map: earlier numbers that root's configuration lets in, and private groups whose number is not the uid (I11,
 * I12, I15; a taken-over latchkeyd). */
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

#define SETTINGS "[accounts]\nmigrated_ids = 1000-2999 5000\n"

/* A map of one person and one group, judged. @why: NULL: it passes */
static void expect(uint32_t uid, uint32_t gid, const char *group, const char *const *members, const char *part)
{
	struct map_group g = {.name = group, .gid = gid, .members = members};
	struct map_user u = person("alice", uid);
	struct map_writer *writer = NULL;
	char why[CHECK_WHY_SIZE] = "";
	struct world w;
	void *bytes;

	u.gid = gid;
	world_init(&w, SETTINGS);
	free(w.bytes);
	sample_must(map_writer_new(&writer));
	sample_must(group != NULL ? map_writer_add_group(writer, &g) : 0);
	sample_must(map_writer_add_user(writer, &u));
	sample_must(map_writer_finish(writer, &bytes, &w.len));
	map_writer_free(writer);
	w.bytes = bytes;
	assert_int_equal(judge(&w, why), part != NULL ? -EBADMSG : 0);
	if (part != NULL && strstr(why, part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why, part);
	world_done(&w);
}

static void test_earlier_numbers(void **state)
{
	(void)state;
	expect(1500, 1500, NULL, NULL, NULL);
	expect(5000, 5000, NULL, NULL, NULL);
	expect(999, 999, NULL, NULL, "outside");
	expect(3000, 3000, NULL, NULL, "outside");
	expect(4999, 4999, NULL, NULL, "outside");
	expect(1000, 1000, NULL, NULL, "local user or group");
}

/* I15 */
static void test_private_groups(void **state)
{
	static const char *const alice[] = {"alice", NULL};

	(void)state;
	expect(SAMPLE_ALICE, 1500, "alice", NULL, NULL);
	expect(SAMPLE_ALICE, SAMPLE_BOB, "alice", NULL, NULL);
	expect(SAMPLE_ALICE, 0x6FFFFFFF, "alice", NULL, "outside");
	expect(SAMPLE_ALICE, 27, "alice", NULL, "outside");
	expect(SAMPLE_ALICE, 1000, "alice", NULL, "local user or group");
	expect(SAMPLE_ALICE, 1500, "alicia", NULL, "no group of root's configuration");
	expect(SAMPLE_ALICE, 1500, "sudo", NULL, "");
	/* with somebody in it, it is a group like others */
	expect(SAMPLE_ALICE, 1500, "alice", alice, "no group of root's configuration");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_earlier_numbers),
		cmocka_unit_test(test_private_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
