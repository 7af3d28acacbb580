/* SPDX-License-Identifier: MIT */
/* The mark of a local account, as the writer makes it and as a taken-over latchkeyd would: who is marked must be given
 * away by root's configuration, stand in /etc/passwd with these numbers, and be nobody of the system's (L23, I1). */
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

#define SECTION "[local-account local]\nsubject=x\n"
#define MORE_USERS "daemon:x:1:1::/:/\nnobody:x:65534:65534::/:/\n"

/* The map that holds these marks instead of the sample; NULL ends them. */
static void with_marks(struct world *w, const struct map_user *marks)
{
	struct map_writer *writer = sample_writer();
	void *bytes = NULL;

	for (; marks->name != NULL; marks++)
		sample_must(map_writer_add_user(writer, marks));
	sample_must(map_writer_finish(writer, &bytes, &w->len));
	map_writer_free(writer);
	free(w->bytes);
	w->bytes = bytes;
	assert_true(map_view_init(&w->v, w->bytes, w->len));
}

static struct map_user mark(const char *name, uint32_t uid, uint32_t gid)
{
	return (struct map_user){
		.name = name, .uid = uid, .gid = gid, .gecos = "", .home = "", .shell = "", .is_local = true};
}

static struct map_user_slot *slot_of(struct world *w, const char *name)
{
	struct map_user_slot copy;
	int64_t i = map_view_find_user(&w->v, name, strlen(name), &copy);

	assert_true(i >= 0);
	return (struct map_user_slot *)(void *)(w->bytes + w->v.h.users + (size_t)i * sizeof(copy));
}

static void judged(const char *settings, struct map_user user, const char *expected)
{
	const struct map_user marks[] = {user, {.name = NULL}};
	char why[CHECK_WHY_SIZE] = "";
	struct world w;
	int r;

	world_init(&w, settings);
	assert_int_equal(locals_add_users(w.locals, MORE_USERS, strlen(MORE_USERS)), 0);
	with_marks(&w, marks);
	r = judge(&w, why);
	if (expected == NULL ? r != 0 : r != -EBADMSG || strstr(why, expected) == NULL)
		fail_msg("%s %u: %d \"%s\" instead of \"%s\"", user.name, (unsigned int)user.uid, r, why,
			 expected != NULL ? expected : "");
	world_done(&w);
}

static void test_who_may_be_marked(void **state)
{
	static const char everybody[] =
		SECTION "[local-account root]\nsubject=x\n[local-account daemon]\nsubject=x\n"
			"[local-account nobody]\nsubject=x\n[local-account stranger]\nsubject=x\n"
			"[local-account alice]\nsubject=x\n[local-account sudo]\nsubject=x\n";

	(void)state;
	judged(SECTION, mark("local", 1000, 1000), NULL);
	judged("", mark("local", 1000, 1000), "does not give");
	judged("[local-account locals]\nsubject=x\n", mark("local", 1000, 1000), "does not give");
	judged(SECTION, mark("local", 1001, 1000), "does not agree");
	judged(SECTION, mark("local", 1000, 0), "does not agree");
	judged(everybody, mark("stranger", 1000, 1000), "does not agree");
	judged(everybody, mark("stranger", 0x70000009, 0x70000009), "does not agree");
	judged(everybody, mark("sudo", 27, 27), "does not agree");
	judged(everybody, mark("daemon", 1, 1), "one of the system's");
	judged(everybody, mark("nobody", 65534, 65534), "one of the system's");
	judged(everybody, mark("root", 1000, 1000), "does not agree");
	/* Root may name an account of the system as a service's, and never root or nobody. */
	judged("[service-account daemon]\nsubject=x\n", mark("daemon", 1, 1), NULL);
	judged("[service-account daemon]\nkey=k\n[local-account daemon]\nsubject=x\n", mark("daemon", 1, 1),
	       "one of the system's");
	judged("[service-account nobody]\nsubject=x\n", mark("nobody", 65534, 65534), "one of the system's");
	judged("[service-account root]\nsubject=x\n", mark("root", 1000, 1000), "does not agree");
	judged("[service-account daemon]\nsubject=x\n", mark("daemon", 2, 1), "does not agree");
	/* Whatever the section says, a local account has no record that NSS would answer with. */
	judged(SECTION, person("local", SAMPLE_ALICE + 100), "local user or group");
}

/* I13: nor does it get a group of /etc/group from the map: /etc/group is where its groups stand. */
static void test_no_groups_by_the_map(void **state)
{
	const struct map_user marks[] = {mark("local", 1000, 1000), {.name = NULL}};
	char why[CHECK_WHY_SIZE] = "";
	struct world w;

	(void)state;
	world_init(&w, SECTION);
	with_marks(&w, marks);
	assert_int_equal(judge(&w, why), 0);
	memcpy(w.bytes + w.v.h.local + strlen("docker") + 1, "local", 5); /* alice's place */
	assert_int_equal(judge(&w, why), -EBADMSG);
	assert_non_null(strstr(why, "local group 'docker' has a member that is no user"));
	world_done(&w);
}

static void lie_flags(struct map_user_slot *u)
{
	u->flags |= MAP_USER_PRIVATE_GROUP;
}
static void lie_unknown_flag(struct map_user_slot *u)
{
	u->flags |= 0x40;
}
static void lie_not_marked(struct map_user_slot *u)
{
	u->flags = 0;
}
static void lie_home(struct map_user_slot *u)
{
	u->apart.home_len = 1;
}
static void lie_bytes(struct map_user_slot *u)
{
	u->text[20] = 'x';
}
static void lie_reserved(struct map_user_slot *u)
{
	u->apart.zero[9] = 1;
}
static void lie_text(struct map_user_slot *u)
{
	u->apart.at = 128;
}
static void lie_groups(struct map_user_slot *u)
{
	u->groups = 4;
}
static void lie_uid_of_root(struct map_user_slot *u)
{
	u->uid = 0;
}
static void lie_gid_of_root(struct map_user_slot *u)
{
	u->gid = 0;
}
static void lie_name_len(struct map_user_slot *u)
{
	u->name_len = 255;
}
static void lie_name(struct map_user_slot *u)
{
	u->text[0] = 'L';
}
static void lie_gecos(struct map_user_slot *u)
{
	u->gecos_len = 1;
}
static void lie_style(struct map_user_slot *u)
{
	u->style = 1;
}

static void test_every_field_of_a_mark(void **state)
{
	static void (*const lies[])(struct map_user_slot * u) = {
		lie_flags, lie_unknown_flag, lie_not_marked,  lie_home,        lie_bytes,    lie_reserved, lie_text,
		lie_name,  lie_groups,       lie_uid_of_root, lie_gid_of_root, lie_name_len, lie_gecos,    lie_style,
	};
	const struct map_user marks[] = {mark("local", 1000, 1000), {.name = NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		char why[CHECK_WHY_SIZE] = "";
		struct world w;

		world_init(&w, SECTION);
		with_marks(&w, marks);
		assert_int_equal(judge(&w, why), 0);
		lies[i](slot_of(&w, "local"));
		if (judge(&w, why) != -EBADMSG || why[0] == '\0')
			fail_msg("lie number %zu passed: \"%s\"", i, why);
		world_done(&w);
	}
}

/* A group cannot reach a local account by the map. */
static void test_no_member(void **state)
{
	static const char *const members[] = {"local", NULL};
	struct map_writer *writer = NULL;
	const struct map_user local = mark("local", 1000, 1000);
	char why[CHECK_WHY_SIZE] = "";
	struct world w;
	void *bytes = NULL;

	(void)state;
	world_init(&w, SECTION);
	sample_must(map_writer_new(&writer));
	sample_must(map_writer_add_user(writer, &local));
	sample_must(map_writer_add_group(writer,
					 &(struct map_group){.name = "devs", .gid = SAMPLE_DEVS, .members = members}));
	sample_must(map_writer_finish(writer, &bytes, &w.len));
	map_writer_free(writer);
	free(w.bytes);
	w.bytes = bytes;
	assert_int_equal(judge(&w, why), -EBADMSG);
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_may_be_marked),
		cmocka_unit_test(test_no_groups_by_the_map),
		cmocka_unit_test(test_every_field_of_a_mark),
		cmocka_unit_test(test_no_member),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
