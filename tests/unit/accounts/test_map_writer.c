/* SPDX-License-Identifier: MIT */
/* What the writer lets in, and that it comes out again. */
#include "helper/accounts/map_writer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
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
	assert_int_equal(slot.style, 0);
	assert_int_equal(slot.gecos_len + slot.apart.at + slot.apart.home_len + slot.apart.shell_len, 0);
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
	struct map_user_text whole;
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
	assert_true(map_view_user_text(&v, &slot, &whole));
	text = whole.text;
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

/* Uids that come in the order of the store are taken without a look, others with one: none gets in twice. */
static void test_uids_in_any_order(void **state)
{
	static const uint32_t order[] = {7, 8, 5, 9, 6, 3, 4, 20, 1, 2};
	LK_CLEANUP(map_writer_freep) struct map_writer *w = new_writer();
	struct map_user u;
	char name[16];

	(void)state;
	for (uint32_t n = 0; n < sizeof(order) / sizeof(order[0]); n++) {
		(void)snprintf(name, sizeof(name), "n%u", (unsigned int)order[n]);
		u = person(name, UID + order[n]);
		assert_int_equal(map_writer_add_user(w, &u), 0);
		for (uint32_t i = 0; i <= n; i++) {
			u = person("other", UID + order[i]);
			assert_int_equal(map_writer_add_user(w, &u), -EEXIST);
		}
	}
}

static void expect_text(const struct map_view *v, const struct map_user *u, bool has_style)
{
	struct map_user_slot slot;
	struct map_user_text t;
	const char *p = t.text;

	assert_true(map_view_find_user(v, u->name, strlen(u->name), &slot) >= 0);
	assert_int_equal(slot.style != 0, has_style);
	assert_true(map_view_user_text(v, &slot, &t));
	assert_string_equal(p, u->name);
	p += t.name_len + 1;
	assert_string_equal(p, u->gecos);
	p += t.gecos_len + 1;
	assert_string_equal(p, u->home);
	p += t.home_len + 1;
	assert_string_equal(p, u->shell);
	assert_ptr_equal(p + t.shell_len + 1, t.text + t.len);
}

/* What fits a slot and a style to the last byte, and what is one byte more. */
static void test_styles(void **state)
{
	static const char home30[] = "/abcdefghijklmnopqrstuvwxyz0123/", shell30[] = "/abcdefghijklmnopqrstuvwxyz012";
	static const char gecos45[] = "a full name of forty-five bytes, this is it!!";
	static const char *const others[][2] = {
		{"a", "/home/ab"}, {"bab", "/home/ba"}, {"b", "/home/b/a"}, {"b2", "/b2"}, {"xbx", "/home/xb"}};
	LK_CLEANUP(map_writer_freep) struct map_writer *w = new_writer();
	char long_home[64], longer_home[64], longer_shell[64], longer_gecos[64];
	struct map_user u[9] = {{.name = NULL}};
	struct map_view v;
	void *bytes;
	size_t len;

	(void)state;
	assert_int_equal(strlen(home30), MAP_STYLE_HOME_MAX);
	assert_int_equal(strlen(shell30), MAP_STYLE_SHELL_MAX);
	assert_int_equal(strlen(gecos45) + 3, MAP_INLINE_TEXT);
	(void)snprintf(long_home, sizeof(long_home), "%sk", home30);
	(void)snprintf(longer_home, sizeof(longer_home), "/%sl", home30 + 1);
	memmove(longer_home + 2, longer_home + 1, strlen(longer_home));
	(void)snprintf(longer_shell, sizeof(longer_shell), "%s3", shell30);
	(void)snprintf(longer_gecos, sizeof(longer_gecos), "%s!", gecos45);
	u[0] = (struct map_user){"k", UID, UID, gecos45, long_home, shell30, false};
	u[1] = (struct map_user){"l", UID + 1, UID + 1, gecos45, longer_home, shell30, false};
	u[2] = (struct map_user){"m", UID + 2, UID + 2, gecos45, "/home/m", longer_shell, false};
	u[3] = (struct map_user){"n", UID + 3, UID + 3, longer_gecos, "/home/n", shell30, false};
	for (uint32_t i = 0; i < 5; i++)
		u[4 + i] = (struct map_user){others[i][0], UID + 4 + i, UID, "", others[i][1], "/bin/sh", false};
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(map_writer_add_user(w, &u[i]), 0);
	assert_int_equal(map_writer_finish(w, &bytes, &len), 0);
	assert_true(map_view_init(&v, bytes, len));
	assert_int_equal(v.h.n_styles, 2);
	for (size_t i = 0; i < 9; i++)
		expect_text(&v, &u[i], i == 0 || i == 7);
	free(bytes);
}

/* More kinds of homes than there are styles: the others stand apart, and nobody is lost. */
static void test_more_kinds_than_styles(void **state)
{
	enum {
		MANY = MAP_STYLES_MAX + 10
	};
	LK_CLEANUP(map_writer_freep) struct map_writer *w = new_writer();
	char names[MANY][16], homes[MANY][32];
	struct map_user u = {.gecos = "", .shell = "/bin/sh"};
	struct map_view v;
	void *bytes;
	size_t len;

	(void)state;
	for (uint32_t turn = 0; turn < 2; turn++) {
		for (uint32_t i = 0; i < MANY; i++) {
			(void)snprintf(names[i], sizeof(names[i]), "u%u", (unsigned int)i);
			(void)snprintf(homes[i], sizeof(homes[i]), "/home/%u/u%u", (unsigned int)i, (unsigned int)i);
			u.name = names[i];
			u.home = homes[i];
			u.uid = u.gid = UID + i;
			if (turn == 0)
				assert_int_equal(map_writer_add_user(w, &u), 0);
			else
				expect_text(&v, &u, i < MAP_STYLES_MAX);
		}
		if (turn == 0) {
			assert_int_equal(map_writer_finish(w, &bytes, &len), 0);
			assert_true(map_view_init(&v, bytes, len));
			assert_int_equal(v.h.n_styles, MAP_STYLES_MAX);
		}
	}
	free(bytes);
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
		cmocka_unit_test(test_uids_in_any_order),
		cmocka_unit_test(test_styles),
		cmocka_unit_test(test_more_kinds_than_styles),
		cmocka_unit_test(test_private_groups),
		cmocka_unit_test(test_empty_map_and_two_of_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
