/* SPDX-License-Identifier: MIT */
/*
 * Changes of files, and the record that undoes them. Killed at every system call, a set-up leaves each file as it was or as
 * it shall be, in the order in which they are made; doing it again completes it, and undoing brings back everything.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/setup/record.h"
#include "helper/setup/record_list.h"
#include "tests/unit/as_root.h"
#include "tests/unit/scratch.h"
#include "tests/unit/vault/killer.h"

#define N 4

/* The first is changed, the second is new, in a folder that is new too, the third is a secret. */
static const char *const paths[N] = {"/etc/one.conf", "/etc/new.d/two.conf", "/etc/secret", "/etc/last.conf"};
static const char *const old[N] = {"one\n", NULL, "first secret\n", "last\n"};
static const char *const made[N] = {"one\nours\n", "two\n", "second secret\n", "last\nours\n"};

static void lay_out(struct scratch *s)
{
	assert_true(scratch_new(s));
	assert_int_equal(mkdir(scratch_name(s, "etc"), 0755), 0);
	assert_int_equal(mkdir(scratch_name(s, "var"), 0755), 0);
	assert_int_equal(mkdir(scratch_name(s, "var/lib"), 0755), 0);
	for (size_t i = 0; i < N; i++) {
		if (old[i] != NULL)
			assert_true(scratch_write(s, paths[i] + 1, old[i], strlen(old[i]), i == 2 ? 0400 : 0644));
	}
}

static void read_all(struct changes *c, const char *const *texts)
{
	for (size_t i = 0; i < N; i++) {
		struct change *ch;

		assert_int_equal(changes_read(c, paths[i], "", &ch), 0);
		buf_append_text(&ch->after, texts[i]);
		ch->is_secret = i == 2;
	}
}

static int set_up_with(const struct scratch *s, const char *const *texts)
{
	struct changes c = {.root = s->path};
	struct record r;
	int e = record_load(&r, s->path);

	record_clean(&r);
	if (e == 0)
		read_all(&c, texts);
	for (size_t i = 0; e == 0 && i < c.n; i++)
		e = change_is_needed(c.list[i]) ? record_note(&r, c.list[i]) : 0;
	if (e == 0)
		e = record_save(&r);
	for (size_t i = 0; e == 0 && i < c.n; i++)
		e = change_apply(&c, c.list[i]);
	changes_done(&c);
	record_done(&r);
	return e;
}

static int undo(const struct scratch *s, size_t *n_kept)
{
	bool kept[CHANGES_MAX] = {false};
	struct changes c = {.root = s->path};
	struct record r;
	int e = record_load(&r, s->path);

	*n_kept = 0;
	record_clean(&r);
	if (e == 0)
		e = record_undo(&r, &c, kept);
	for (size_t i = 0; e == 0 && i < c.n; i++) {
		*n_kept += kept[i];
		e = change_apply(&c, c.list[i]);
	}
	if (e == 0)
		e = record_forget(&r);
	changes_done(&c);
	record_done(&r);
	return e;
}

/* Return: 0 as it was, 1 as it shall be, -1 neither. */
static int state_of(const struct scratch *s, size_t i)
{
	char text[64] = "";
	FILE *f = fopen(scratch_name(s, paths[i] + 1), "re");
	size_t n;

	if (f == NULL)
		return old[i] == NULL ? 0 : -1;
	n = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	text[n] = '\0';
	if (strcmp(text, made[i]) == 0)
		return 1;
	return old[i] != NULL && strcmp(text, old[i]) == 0 ? 0 : -1;
}

static void check_states(const struct scratch *s, int wanted)
{
	for (size_t i = 0; i < N; i++)
		assert_int_equal(state_of(s, i), wanted);
}

static void check_gone(const struct scratch *s)
{
	struct stat st;

	check_states(s, 0);
	assert_int_equal(stat(scratch_name(s, "etc/secret"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_not_equal(access(scratch_name(s, "etc/new.d"), F_OK), 0);
	assert_int_not_equal(access(scratch_name(s, "var/lib/latchkey/setup"), F_OK), 0);
}

static void test_there_and_back(void **state)
{
	struct scratch s;
	size_t n_kept;

	(void)state;
	lay_out(&s);
	assert_int_equal(set_up_with(&s, made), 0);
	check_states(&s, 1);
	assert_int_equal(set_up_with(&s, made), 0);
	check_states(&s, 1);
	assert_int_equal(undo(&s, &n_kept), 0);
	assert_int_equal(n_kept, 0);
	check_gone(&s);
	/* With nothing to undo nothing happens. */
	assert_int_equal(undo(&s, &n_kept), 0);
	check_gone(&s);
	scratch_done(&s);
}

/* Two set-ups with different answers: what was before the first comes back. */
static void test_other_answers(void **state)
{
	const char *const others[N] = {"one\nother\n", "other\n", "third secret\n", "last\nother\n"};
	struct scratch s;
	size_t n_kept;

	(void)state;
	lay_out(&s);
	assert_int_equal(set_up_with(&s, others), 0);
	assert_int_equal(set_up_with(&s, made), 0);
	check_states(&s, 1);
	assert_int_equal(undo(&s, &n_kept), 0);
	check_gone(&s);
	scratch_done(&s);
}

/* What somebody has changed since stays, and is known; the rest goes back. Once it is as it was, the record is forgotten. */
static void test_changed_since(void **state)
{
	struct scratch s;
	size_t n_kept;

	(void)state;
	lay_out(&s);
	assert_int_equal(set_up_with(&s, made), 0);
	assert_true(scratch_write(&s, "etc/one.conf", "mine\n", 5, 0644));
	assert_int_equal(undo(&s, &n_kept), 0);
	assert_int_equal(n_kept, 1);
	assert_int_equal(state_of(&s, 0), -1);
	for (size_t i = 1; i < N; i++)
		assert_int_equal(state_of(&s, i), 0);
	assert_true(scratch_write(&s, "etc/one.conf", old[0], strlen(old[0]), 0644));
	assert_int_equal(undo(&s, &n_kept), 0);
	assert_int_equal(n_kept, 0);
	check_gone(&s);
	scratch_done(&s);
}

/* Somebody has changed a file, and set-up runs again: undoing brings back their work. */
static void test_changed_and_again(void **state)
{
	struct scratch s;
	char text[16] = "";
	size_t n_kept;
	FILE *f;

	(void)state;
	lay_out(&s);
	assert_int_equal(set_up_with(&s, made), 0);
	assert_true(scratch_write(&s, "etc/one.conf", "mine\n", 5, 0644));
	assert_int_equal(set_up_with(&s, made), 0);
	check_states(&s, 1);
	assert_int_equal(undo(&s, &n_kept), 0);
	assert_int_equal(n_kept, 0);
	f = fopen(scratch_name(&s, "etc/one.conf"), "re");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	(void)fclose(f);
	assert_string_equal(text, "mine\n");
	scratch_done(&s);
}

struct victim {
	const struct scratch *s;
	bool undoes;
};

static void victim_run(void *userdata)
{
	struct victim *v = userdata;
	size_t n_kept;

	killer_begin();
	if ((v->undoes ? undo(v->s, &n_kept) : set_up_with(v->s, made)) != 0)
		_exit(3);
}

/* A kill does not lose what the disk has not got yet, and waiting for the disk a thousand times would be all of the test. */
int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
	(void)fd;
	return 0;
}

/* In the order in which they are made, and back in the other one: never a later one without the earlier ones. */
static void check_order(const struct scratch *s)
{
	for (size_t i = 0; i < N; i++)
		assert_int_not_equal(state_of(s, i), -1);
	for (size_t i = 1; i < N; i++)
		assert_true(state_of(s, i) <= state_of(s, i - 1));
}

static void check_killed(bool undoes, bool then_undoes)
{
	unsigned n = 0;
	bool was_killed = true;

	/* Each fifth: the files are alike, and what repeats for each is no multiple of five calls. */
	for (; was_killed; n += 5) {
		struct scratch s;
		struct victim v = {.s = &s, .undoes = undoes};
		size_t n_kept;

		lay_out(&s);
		if (undoes)
			assert_int_equal(set_up_with(&s, made), 0);
		was_killed = killer_run(victim_run, &v, n);
		check_order(&s);
		if (then_undoes) {
			assert_int_equal(undo(&s, &n_kept), 0);
			assert_int_equal(n_kept, 0);
			check_gone(&s);
		} else {
			assert_int_equal(set_up_with(&s, made), 0);
			check_states(&s, 1);
		}
		scratch_done(&s);
	}
	assert_true(n > 30);
}

static void test_killed(void **state)
{
	(void)state;
	check_killed(false, false);
	check_killed(false, true);
	check_killed(true, true);
	check_killed(true, false);
}

static void test_links_are_not_followed(void **state)
{
	struct changes c = {0};
	struct change *ch;
	struct scratch s;
	char target[128];

	(void)state;
	assert_true(scratch_new(&s));
	(void)snprintf(target, sizeof(target), "%s", scratch_name(&s, "target"));
	assert_true(scratch_write(&s, "target", "x", 1, 0644));
	assert_int_equal(symlink(target, scratch_name(&s, "link")), 0);
	c.root = s.path;
	assert_int_equal(changes_read(&c, "/link", "", &ch), -ELOOP);
	assert_int_equal(replace_file(scratch_name(&s, "link"), "y", 1, &(struct replace_owner){.mode = 0644}), -ELOOP);
	assert_int_equal(mkdir(scratch_name(&s, "folder"), 0755), 0);
	assert_int_equal(changes_read(&c, "/folder", "", &ch), -EINVAL);
	scratch_done(&s);
}

static void test_list_refuses(void **state)
{
	static const char *const texts[] = {
		"",
		"{}",
		"[]",
		"{\"version\":2,\"files\":[],\"units\":[]}",
		"{\"version\":1,\"files\":[{\"path\":\"etc/x\",\"existed\":true,\"had_folder\":true,\"secret\":false,"
		"\"mode\":420,\"uid\":0,\"gid\":0,\"ours\":[]}],\"units\":[]}",
		"{\"version\":1,\"files\":[{\"path\":\"/etc/../"
		"x\",\"existed\":true,\"had_folder\":true,\"secret\":false,"
		"\"mode\":420,\"uid\":0,\"gid\":0,\"ours\":[]}],\"units\":[]}",
		"{\"version\":1,\"files\":[{\"path\":\"/etc/x\",\"existed\":true,\"had_folder\":true,\"secret\":false,"
		"\"mode\":420,\"uid\":0,\"gid\":0,\"ours\":[\"00\"]}],\"units\":[]}",
		"{\"version\":1,\"files\":[],\"units\":[\"--now\"]}",
		"{\"version\":1,\"files\":[],\"units\":[1]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct record r = {.root = ""};

		assert_int_equal(record_list_parse(&r, texts[i], strlen(texts[i])), -EBADMSG);
		record_done(&r);
	}
}

static int become_root(void **state)
{
	(void)state;
	return as_root() ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_other_answers),
		cmocka_unit_test(test_changed_since),  cmocka_unit_test(test_changed_and_again),
		cmocka_unit_test(test_killed),         cmocka_unit_test(test_links_are_not_followed),
		cmocka_unit_test(test_list_refuses),
	};

	return cmocka_run_group_tests(tests, become_root, NULL);
}
