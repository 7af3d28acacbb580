/* SPDX-License-Identifier: MIT */
/* What the writer lets in, and that it comes out again. */
#include "helper/accounts/map_writer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "nss_module/map_view.h"

#define UID UINT32_C(0x70000001)

static struct map_user person(const char *name, uint32_t uid)
{
	return (struct map_user){
		.name = name, .uid = uid, .gid = uid, .gecos = "", .home = "/home/x", .shell = "/bin/sh"};
}

static struct map_writer *new_writer(void)
{
	struct map_writer *w = NULL;

	assert_int_equal(map_writer_new(&w), 0);
	return w;
}

static void *text_of(size_t len, const char *prefix)
{
	char *s = malloc(len + 1);

	assert_non_null(s);
	memset(s, 'a', len);
	memcpy(s, prefix, strlen(prefix));
	s[len] = '\0';
	return s;
}

static void test_fields_that_no_line_could_hold(void **state)
{
	static const char *const bad[] = {"a:b", "a\nb", "a\tb", "a\x7f", "a\rb", "\x1b[0m"};
	LK_CLEANUP(map_writer_freep) struct map_writer *w = new_writer();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char path[16] = "/";
		struct map_user u = person(bad[i], UID);
		struct map_group g = {.name = bad[i], .gid = UID};
		const char *const members[] = {bad[i], NULL};

		strcat(path, bad[i]);
		assert_int_equal(map_writer_add_user(w, &u), -EINVAL);
		u = person("alice", UID);
		u.gecos = bad[i];
		assert_int_equal(map_writer_add_user(w, &u), -EINVAL);
		u = person("alice", UID);
		u.home = path;
		assert_int_equal(map_writer_add_user(w, &u), -EINVAL);
		u = person("alice", UID);
		u.shell = path;
		assert_int_equal(map_writer_add_user(w, &u), -EINVAL);
		assert_int_equal(map_writer_add_group(w, &g), -EINVAL);
		g = (struct map_group){.name = "devs", .gid = UID, .members = members};
		assert_int_equal(map_writer_add_group(w, &g), -EINVAL);
	}
}

static void test_missing_and_relative(void **state)
{
	LK_CLEANUP(map_writer_freep) struct map_writer *w = new_writer();
	struct map_user u = person("", UID);

	(void)state;
	assert_int_equal(map_writer_add_user(w, &u), -EINVAL);
	u = person("a,b", UID);
	assert_int_equal(map_writer_add_user(w, &u), -EINVAL);
	u = person(NULL, UID);
	assert_int_equal(map_writer_add_user(w, &u), -EINVAL);
	u = person("root", 0);
	assert_int_equal(map_writer_add_user(w, &u), -EINVAL);
	u = person("alice", UID);
	u.home = "home";
	assert_int_equal(map_writer_add_user(w, &u), -EINVAL);
	u.home = "";
	assert_int_equal(map_writer_add_user(w, &u), -EINVAL);
	u.home = NULL;
	assert_int_equal(map_writer_add_user(w, &u), -EINVAL);
	u = person("alice", UID);
	u.shell = "bash";
	assert_int_equal(map_writer_add_user(w, &u), -EINVAL);
	u = person("alice", UID);
	assert_int_equal(map_writer_add_user(w, &u), 0);
}

/* The mark of a local account: a name and its numbers, no private group, nothing that NSS could answer with. */
static void test_local_account(void **state)
{
	LK_CLEANUP(map_writer_freep) struct map_writer *w = new_writer();
	struct map_user u = person("olga", 1000);
	struct map_user_slot slot;
	struct map_view v;
	void *bytes;
	size_t len;

	(void)state;
	u.is_local = true;
	assert_int_equal(map_writer_add_user(w, &u), -EINVAL); /* it has a home */
	u.gecos = u.home = u.shell = "";
	u.uid = 0;
	assert_int_equal(map_writer_add_user(w, &u), -EINVAL);
	u.uid = 1000;
	assert_int_equal(map_writer_add_user(w, &u), 0);
	assert_int_equal(map_writer_finish(w, &bytes, &len), 0);
	assert_true(map_view_init(&v, bytes, len));
	assert_true(map_view_find_user(&v, "olga", 4, &slot) >= 0);
	assert_int_equal(slot.flags, MAP_USER_LOCAL_ACCOUNT);
	assert_int_equal(map_user_text_len(&slot), strlen("olga") + 4);
	free(bytes);
}

static void test_longest_fields(void **state)
{
	LK_CLEANUP(map_writer_freep) struct map_writer *w = new_writer();
	char *fields[4][2];
	static const size_t max[4] = {MAP_NAME_MAX, MAP_GECOS_MAX, MAP_HOME_MAX, MAP_SHELL_MAX};
	struct map_user longest;
	struct map_user_slot slot;
	struct map_view v;
	const char *text;
	void *bytes;
	size_t len;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		fields[i][0] = text_of(max[i], i >= 2 ? "/" : "a");
		fields[i][1] = text_of(max[i] + 1, i >= 2 ? "/" : "a");
	}
	longest = (struct map_user){fields[0][0], UID, UID, fields[1][0], fields[2][0], fields[3][0], false};
	for (size_t i = 0; i < 4; i++) {
		struct map_user u = longest;

		u.name = i == 0 ? fields[0][1] : u.name;
		u.gecos = i == 1 ? fields[1][1] : u.gecos;
		u.home = i == 2 ? fields[2][1] : u.home;
		u.shell = i == 3 ? fields[3][1] : u.shell;
		assert_int_equal(map_writer_add_user(w, &u), -EINVAL);
	}
	assert_int_equal(map_writer_add_user(w, &longest), 0);
	assert_int_equal(map_writer_finish(w, &bytes, &len), 0);
	assert_true(map_view_init(&v, bytes, len));
	assert_true(map_view_find_user(&v, fields[0][0], MAP_NAME_MAX, &slot) >= 0);
	text = map_view_user_text(&v, &slot);
	assert_non_null(text);
	assert_string_equal(text, fields[0][0]);
	text += MAP_NAME_MAX + 1;
	assert_string_equal(text, fields[1][0]);
	text += MAP_GECOS_MAX + 1;
	assert_string_equal(text, fields[2][0]);
	text += MAP_HOME_MAX + 1;
	assert_string_equal(text, fields[3][0]);
	free(bytes);
	for (size_t i = 0; i < 4; i++) {
		free(fields[i][0]);
		free(fields[i][1]);
	}
}

static void test_nothing_stands_twice(void **state)
{
	LK_CLEANUP(map_writer_freep) struct map_writer *w = new_writer();
	const char *const twice[] = {"alice", "alice", NULL};
	const char *const stranger[] = {"mallory", NULL};
	struct map_user u = person("alice", UID);
	struct map_group g = {.name = "devs", .gid = UID + 10};
	void *bytes = NULL;
	size_t len = 0;

	(void)state;
	assert_int_equal(map_writer_add_user(w, &u), 0);
	u = person("alice", UID + 1);
	assert_int_equal(map_writer_add_user(w, &u), -EEXIST);
	u = person("bob", UID);
	assert_int_equal(map_writer_add_user(w, &u), -EEXIST);
	assert_int_equal(map_writer_add_group(w, &g), 0);
	g.gid++;
	assert_int_equal(map_writer_add_group(w, &g), -EEXIST);
	g = (struct map_group){.name = "ops", .gid = UID + 10};
	assert_int_equal(map_writer_add_group(w, &g), -EEXIST);
	assert_int_equal(map_writer_finish(w, &bytes, &len), 0);
	free(bytes);
	bytes = NULL;

	g = (struct map_group){.name = "pairs", .gid = UID + 11, .members = twice};
	assert_int_equal(map_writer_add_group(w, &g), 0);
	assert_int_equal(map_writer_finish(w, &bytes, &len), -EEXIST);
	map_writer_free(w);
	w = new_writer();
	g.members = stranger;
	assert_int_equal(map_writer_add_group(w, &g), 0);
	assert_int_equal(map_writer_finish(w, &bytes, &len), -EINVAL);
	assert_null(bytes);
}

static void test_private_groups(void **state)
{
	LK_CLEANUP(map_writer_freep) struct map_writer *w = new_writer();
	struct map_user alice = person("alice", UID);
	struct map_user bob = person("bob", UID + 1);
	struct map_user carol = person("carol", UID + 2);
	struct map_group named = {.name = "everybody", .gid = UID + 1};
	struct map_group in_the_way = {.name = "alice", .gid = UID + 50};
	struct map_user_slot u;
	const struct map_group early = {.name = "eve", .gid = UID + 50};
	struct map_user eve = person("eve", UID + 60);
	struct map_view v;
	void *bytes = NULL;
	size_t len;

	(void)state;
	carol.gid = UID + 1;
	assert_int_equal(map_writer_add_user(w, &alice), 0);
	assert_int_equal(map_writer_add_user(w, &bob), 0);
	assert_int_equal(map_writer_add_user(w, &carol), 0);
	assert_int_equal(map_writer_add_group(w, &named), 0);
	assert_int_equal(map_writer_finish(w, &bytes, &len), 0);
	assert_true(map_view_init(&v, bytes, len));
	assert_true(map_view_find_user(&v, "alice", 5, &u) >= 0);
	assert_int_equal(u.flags, MAP_USER_PRIVATE_GROUP);
	assert_true(map_view_find_user(&v, "bob", 3, &u) >= 0);
	assert_int_equal(u.flags, 0); /* his gid has a group already */
	assert_true(map_view_find_user(&v, "carol", 5, &u) >= 0);
	assert_int_equal(u.flags, 0);
	free(bytes);
	bytes = NULL;
	assert_int_equal(map_writer_add_group(w, &in_the_way), -EEXIST);
	/* a user who comes behind the group of that name is seen at the end */
	assert_int_equal(map_writer_add_group(w, &early), 0);
	assert_int_equal(map_writer_add_user(w, &eve), 0);
	assert_int_equal(map_writer_finish(w, &bytes, &len), -EEXIST);
	assert_null(bytes);
}

static void test_empty_map_and_two_of_one(void **state)
{
	LK_CLEANUP(map_writer_freep) struct map_writer *w = new_writer();
	struct map_user u = person("alice", UID);
	struct map_user_slot slot;
	struct map_view v;
	void *bytes;
	void *again;
	size_t len;
	size_t len_again;

	(void)state;
	assert_int_equal(map_writer_finish(w, &bytes, &len), 0);
	assert_true(map_view_init(&v, bytes, len));
	assert_int_equal(map_view_find_user(&v, "alice", 5, &slot), -1);
	free(bytes);
	assert_int_equal(map_writer_add_user(w, &u), 0);
	assert_int_equal(map_writer_finish(w, &bytes, &len), 0);
	assert_int_equal(map_writer_finish(w, &again, &len_again), 0);
	assert_int_equal(len, len_again);
	assert_memory_equal(bytes, again, len);
	free(bytes);
	free(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields_that_no_line_could_hold),
		cmocka_unit_test(test_missing_and_relative),
		cmocka_unit_test(test_local_account),
		cmocka_unit_test(test_longest_fields),
		cmocka_unit_test(test_nothing_stands_twice),
		cmocka_unit_test(test_private_groups),
		cmocka_unit_test(test_empty_map_and_two_of_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
