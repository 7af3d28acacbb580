/* SPDX-License-Identifier: MIT */
/* The judge of a map against one that the writer would never make: every field that lies is refused (a taken-over
 * latchkeyd). */
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

/* --- what the writer would never make ----------------------------------------------------------------------------- */

static struct map_user_slot *user_at(struct world *w, const char *name)
{
	struct map_user_slot copy;
	int64_t i = map_view_find_user(&w->v, name, strlen(name), &copy);

	assert_true(i >= 0);
	return (struct map_user_slot *)(void *)(w->bytes + w->v.h.users + (size_t)i * sizeof(copy));
}

static struct map_group_slot *group_at(struct world *w, const char *name)
{
	struct map_group_slot copy;
	int64_t i = map_view_find_group(&w->v, name, strlen(name), &copy);

	assert_true(i >= 0);
	return (struct map_group_slot *)(void *)(w->bytes + w->v.h.groups + (size_t)i * sizeof(copy));
}

static void lie_uid(struct world *w)
{
	user_at(w, "alice")->uid++;
}
static void lie_uid_root(struct world *w)
{
	user_at(w, "alice")->uid = 0;
}
static void lie_gid_root(struct world *w)
{
	user_at(w, "alice")->gid = 0;
}
static void lie_gid(struct world *w)
{
	user_at(w, "alice")->gid = SAMPLE_CAROL;
}
static void lie_flag_local(struct world *w)
{
	user_at(w, "alice")->flags |= MAP_USER_LOCAL_ACCOUNT;
}
static void lie_flag_unknown(struct world *w)
{
	user_at(w, "alice")->flags |= 0x80;
}
static void lie_flag_not_private(struct world *w)
{
	user_at(w, "alice")->flags = 0;
}
static void lie_flag_private(struct world *w)
{
	user_at(w, "carol.c")->flags = MAP_USER_PRIVATE_GROUP;
}
static void lie_user_missing(struct world *w)
{
	memset(user_at(w, "carol.c"), 0, sizeof(struct map_user_slot));
}
static void lie_name(struct world *w)
{
	user_at(w, "alice")->text[1] = 'x';
}
static void lie_name_short(struct world *w)
{
	user_at(w, "alice")->name_len--;
}
static void lie_name_none(struct world *w)
{
	user_at(w, "alice")->name_len = 0;
}
static void lie_name_nul(struct world *w)
{
	user_at(w, "alice")->text[2] = '\0';
}
static void lie_gecos_long(struct world *w)
{
	user_at(w, "alice")->gecos_len = 255;
}
static void lie_gecos_colon(struct world *w)
{
	user_at(w, "alice")->text[8] = ':';
}
static void lie_gecos_newline(struct world *w)
{
	user_at(w, "alice")->text[8] = '\n';
}
static void lie_gecos_bytes(struct world *w)
{
	user_at(w, "alice")->text[8] = (char)0xff;
}
static void lie_gecos_end(struct world *w)
{
	user_at(w, "alice")->text[6 + user_at(w, "alice")->gecos_len] = '!';
}
static void lie_padding(struct world *w)
{
	user_at(w, "alice")->text[MAP_INLINE_TEXT - 1] = 'x';
}
static void lie_reserved(struct world *w)
{
	user_at(w, "bob")->apart.zero[2] = 1;
}
static void lie_text_outside(struct world *w)
{
	user_at(w, "bob")->apart.at = (uint32_t)w->len - 8;
}
static void lie_text_in_header(struct world *w)
{
	user_at(w, "bob")->apart.at = 16;
}
static void lie_text_two_names(struct world *w)
{
	w->bytes[user_at(w, "bob")->apart.at] = 'r';
}
static void lie_text_home_long(struct world *w)
{
	user_at(w, "bob")->apart.home_len = 255;
}
static void lie_text_shell_end(struct world *w)
{
	const struct map_user_slot *bob = user_at(w, "bob");

	w->bytes[bob->apart.at + bob->name_len + bob->gecos_len + bob->apart.home_len + bob->apart.shell_len + 3u] =
		'!';
}
static struct map_style *style_of(struct world *w, const char *name)
{
	return (struct map_style *)(void *)(w->bytes + sizeof(struct map_header)) + user_at(w, name)->style - 1;
}
static void lie_style_none(struct world *w)
{
	user_at(w, "alice")->style = 0;
}
static void lie_style_beyond(struct world *w)
{
	user_at(w, "alice")->style = (uint8_t)(header_of(w)->n_styles + 1);
}
static void lie_style_unused(struct world *w)
{
	user_at(w, "alice")->style = user_at(w, "carol.c")->style;
}
static void lie_style_home_long(struct world *w)
{
	style_of(w, "alice")->home_len = MAP_STYLE_HOME_MAX + 1;
}
static void lie_style_home_short(struct world *w)
{
	style_of(w, "alice")->home_len--;
}
static void lie_style_home_none(struct world *w)
{
	style_of(w, "alice")->home_len = 0;
}
static void lie_style_home_root(struct world *w)
{
	memcpy(style_of(w, "alice")->home, "/root/", 6);
}
static void lie_style_home_part(struct world *w)
{
	struct map_style *s = style_of(w, "alice");

	memcpy(s->home, "/home/x", 7); /* "/home/xalice", which is nobody's own folder */
	s->home_len = 7;
}
static void lie_style_home_up(struct world *w)
{
	struct map_style *s = style_of(w, "alice");

	memcpy(s->home, "/home/../", 9);
	s->home_len = 9;
}
static void lie_style_home_padding(struct world *w)
{
	style_of(w, "alice")->home[MAP_STYLE_HOME_MAX - 1] = 'x';
}
static void lie_style_shell_long(struct world *w)
{
	style_of(w, "alice")->shell_len = MAP_STYLE_SHELL_MAX + 1;
}
static void lie_style_shell_relative(struct world *w)
{
	style_of(w, "alice")->shell[0] = 'b';
}
static void lie_style_shell_colon(struct world *w)
{
	style_of(w, "alice")->shell[3] = ':';
}
static void lie_style_shell_padding(struct world *w)
{
	style_of(w, "alice")->shell[MAP_STYLE_SHELL_MAX - 1] = 'x';
}
static void lie_styles_fewer(struct world *w)
{
	header_of(w)->n_styles--;
}
static void lie_styles_many(struct world *w)
{
	header_of(w)->n_styles = UINT32_MAX;
}
static void lie_groups_outside(struct world *w)
{
	user_at(w, "alice")->groups = (uint32_t)w->len - 4;
}
static void lie_groups_none(struct world *w)
{
	user_at(w, "alice")->groups = 0;
}
static void lie_groups_of_bob(struct world *w)
{
	user_at(w, "carol.c")->groups = user_at(w, "bob")->groups;
}
static void lie_groups_sudo(struct world *w)
{
	uint32_t sudo = 27;

	memcpy(w->bytes + user_at(w, "alice")->groups + 4, &sudo, sizeof(sudo));
}
static void lie_groups_count(struct world *w)
{
	uint32_t n = UINT32_MAX;

	memcpy(w->bytes + user_at(w, "alice")->groups, &n, sizeof(n));
}
static void lie_group_gid(struct world *w)
{
	group_at(w, "devs")->gid = 27;
}
static void lie_group_flags(struct world *w)
{
	group_at(w, "devs")->flags = MAP_USER_PRIVATE_GROUP;
}
static void lie_group_none(struct world *w)
{
	group_at(w, "devs")->none = 1;
}
static void lie_group_name_long(struct world *w)
{
	group_at(w, "devs")->name_len = 41;
}
static void lie_group_padding(struct world *w)
{
	group_at(w, "devs")->name[39] = 'x';
}
static void lie_group_reserved(struct world *w)
{
	group_at(w, "devs")->zero[0] = 1;
}
static void lie_members_fewer(struct world *w)
{
	group_at(w, "devs")->n_members = 1;
}
static void lie_members_none(struct world *w)
{
	group_at(w, "ops")->n_members = 0;
}
static void lie_members_many(struct world *w)
{
	group_at(w, "devs")->n_members = UINT32_MAX;
}
static void lie_members_outside(struct world *w)
{
	group_at(w, "devs")->members = (uint32_t)w->len - 1;
}
static void lie_member_length(struct world *w)
{
	w->bytes[group_at(w, "devs")->members] = 3;
}
static void lie_member_name(struct world *w)
{
	w->bytes[group_at(w, "devs")->members + 2] = 'r'; /* "rlice": nobody */
}
static void lie_member_other(struct world *w)
{
	memcpy(w->bytes + group_at(w, "ops")->members + 1, "bof", 3);
}
static void lie_empty_slot(struct world *w)
{
	struct map_user_slot *slots = (struct map_user_slot *)(void *)(w->bytes + w->v.h.users);

	for (uint32_t i = 0; i < w->v.h.user_slots; i++) {
		if (slots[i].name_len == 0) {
			slots[i].uid = 5;
			return;
		}
	}
}
static void lie_uid_entry(struct world *w)
{
	uint32_t *entries = (uint32_t *)(void *)(w->bytes + w->v.h.uids);

	for (uint32_t i = 0; i < w->v.h.uid_slots; i++) {
		if (entries[i] == 0) { /* a second way to a user */
			entries[i] = map_entry_tag(map_hash_id(w->v.h.seed, 1));
			return;
		}
	}
}
static void lie_uid_entry_slot(struct world *w)
{
	uint32_t *entries = (uint32_t *)(void *)(w->bytes + w->v.h.uids);

	for (uint32_t i = 0; i < w->v.h.uid_slots; i++)
		entries[i] |= entries[i] != 0 ? MAP_SLOTS_MAX - 1 : 0;
}
static void lie_uid_entry_tag(struct world *w)
{
	uint32_t *entries = (uint32_t *)(void *)(w->bytes + w->v.h.uids);

	for (uint32_t i = 0; i < w->v.h.uid_slots; i++)
		entries[i] ^= entries[i] != 0 ? MAP_SLOTS_MAX * 2 : 0;
}
static void lie_user_tag(struct world *w)
{
	uint32_t i = (uint32_t)(user_at(w, "alice") - (struct map_user_slot *)(void *)(w->bytes + w->v.h.users));

	w->bytes[w->v.h.user_tags + i] ^= 0x80;
}
static void lie_tag_of_empty_user(struct world *w)
{
	uint32_t i = 0;

	while (w->bytes[w->v.h.user_tags + i] != 0)
		i++;
	w->bytes[w->v.h.user_tags + i] = 7;
}
static void lie_group_tag(struct world *w)
{
	uint32_t i = (uint32_t)(group_at(w, "devs") - (struct map_group_slot *)(void *)(w->bytes + w->v.h.groups));

	w->bytes[w->v.h.group_tags + i] = 0;
}
static void lie_tag_of_empty_group(struct world *w)
{
	uint32_t i = 0;

	while (w->bytes[w->v.h.group_tags + i] != 0)
		i++;
	w->bytes[w->v.h.group_tags + i] = 7;
}
static void lie_n_users(struct world *w)
{
	header_of(w)->n_users++;
}
static void lie_n_groups(struct world *w)
{
	header_of(w)->n_groups--;
}
static void lie_header_reserved(struct world *w)
{
	header_of(w)->zero = 1;
}
static void lie_seed(struct world *w)
{
	header_of(w)->seed++;
}
static void lie_version(struct world *w)
{
	header_of(w)->version++;
}
static void lie_slots(struct world *w)
{
	header_of(w)->user_slots--;
}
static void lie_data_size(struct world *w)
{
	header_of(w)->data_size--;
}
static void lie_more_data(struct world *w)
{
	unsigned char *bigger = realloc(w->bytes, w->len + 8);

	assert_non_null(bigger);
	memmove(bigger + w->v.h.local + 8, bigger + w->v.h.local, w->v.h.local_size);
	memset(bigger + w->v.h.local, 0, 8);
	w->bytes = bigger;
	w->len += 8;
	header_of(w)->file_size += 8;
	header_of(w)->data_size += 8;
	header_of(w)->local += 8;
}

static void test_every_field_that_lies(void **state)
{
	static const lie_fn lies[] = {
		lie_uid,
		lie_uid_root,
		lie_gid_root,
		lie_gid,
		lie_flag_local,
		lie_flag_unknown,
		lie_flag_not_private,
		lie_flag_private,
		lie_user_missing,
		lie_name,
		lie_name_short,
		lie_name_none,
		lie_name_nul,
		lie_gecos_long,
		lie_gecos_colon,
		lie_gecos_newline,
		lie_gecos_bytes,
		lie_gecos_end,
		lie_padding,
		lie_reserved,
		lie_text_outside,
		lie_text_in_header,
		lie_text_two_names,
		lie_text_home_long,
		lie_text_shell_end,
		lie_style_none,
		lie_style_beyond,
		lie_style_unused,
		lie_style_home_long,
		lie_style_home_short,
		lie_style_home_none,
		lie_style_home_root,
		lie_style_home_part,
		lie_style_home_up,
		lie_style_home_padding,
		lie_style_shell_long,
		lie_style_shell_relative,
		lie_style_shell_colon,
		lie_style_shell_padding,
		lie_styles_fewer,
		lie_styles_many,
		lie_groups_outside,
		lie_groups_none,
		lie_groups_of_bob,
		lie_groups_sudo,
		lie_groups_count,
		lie_group_gid,
		lie_group_flags,
		lie_group_none,
		lie_group_name_long,
		lie_group_padding,
		lie_group_reserved,
		lie_members_fewer,
		lie_members_none,
		lie_members_many,
		lie_members_outside,
		lie_member_length,
		lie_member_name,
		lie_member_other,
		lie_empty_slot,
		lie_uid_entry,
		lie_uid_entry_slot,
		lie_uid_entry_tag,
		lie_user_tag,
		lie_tag_of_empty_user,
		lie_group_tag,
		lie_tag_of_empty_group,
		lie_n_users,
		lie_n_groups,
		lie_header_reserved,
		lie_seed,
		lie_version,
		lie_slots,
		lie_data_size,
		lie_more_data,
	};

	(void)state;
	refuse_lies(lies, sizeof(lies) / sizeof(lies[0]));
}

/* I13: amy is in ops as initgroups has it, and getgrnam does not show her there; bob, twice in devs, evens the sums. */
static void test_memberships_agree_one_by_one(void **state)
{
	static const char *const devs[] = {"amy", "bob", NULL};
	static const char *const ops[] = {"bob", NULL};
	static const uint32_t ops_gid = SAMPLE_OPS;
	struct map_user amy = person("amy", SAMPLE_ALICE);
	struct map_user bob = person("bob", SAMPLE_BOB);
	struct map_group groups[] = {{"devs", SAMPLE_DEVS, devs}, {"ops", SAMPLE_OPS, ops}};
	struct map_writer *writer = NULL;
	char why[CHECK_WHY_SIZE] = "";
	struct world w;
	void *bytes;

	(void)state;
	world_init(&w, "");
	free(w.bytes);
	sample_must(map_writer_new(&writer));
	sample_must(map_writer_add_user(writer, &amy));
	sample_must(map_writer_add_user(writer, &bob));
	for (size_t i = 0; i < 2; i++)
		sample_must(map_writer_add_group(writer, &groups[i]));
	sample_must(map_writer_finish(writer, &bytes, &w.len));
	map_writer_free(writer);
	w.bytes = bytes;
	assert_true(map_view_init(&w.v, w.bytes, w.len));
	assert_int_equal(judge(&w, why), 0);
	memcpy(w.bytes + user_at(&w, "amy")->groups + sizeof(uint32_t), &ops_gid, sizeof(ops_gid));
	memcpy(w.bytes + group_at(&w, "devs")->members + 2, "bob", 3);
	sample_reseal(w.bytes);
	assert_int_equal(judge(&w, why), -EBADMSG);
	assert_non_null(strstr(why, "twice"));
	world_done(&w);
}

static void test_every_truncation(void **state)
{
	struct world w;
	char why[CHECK_WHY_SIZE];

	(void)state;
	world_init(&w, "");
	for (size_t n = 0; n < w.len; n++) {
		unsigned char *part = malloc(n);

		assert_non_null(part);
		memcpy(part, w.bytes, n);
		assert_int_equal(check_map(part, n, w.settings, w.locals, why), -EBADMSG);
		free(part);
	}
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field_that_lies),
		cmocka_unit_test(test_memberships_agree_one_by_one),
		cmocka_unit_test(test_every_truncation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
