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

static struct map_header *header(struct world *w)
{
	return (struct map_header *)(void *)w->bytes;
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
static void lie_hash(struct world *w)
{
	user_at(w, "alice")->hash ^= 2;
}
static void lie_user_missing(struct world *w)
{
	memset(user_at(w, "carol.c"), 0, sizeof(struct map_user_slot));
}
static void lie_name(struct world *w)
{
	user_at(w, "alice")->inline_text[1] = 'x';
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
	user_at(w, "alice")->inline_text[2] = '\0';
}
static void lie_gecos_long(struct world *w)
{
	user_at(w, "alice")->gecos_len = 255;
}
static void lie_gecos_colon(struct world *w)
{
	user_at(w, "alice")->inline_text[8] = ':';
}
static void lie_gecos_newline(struct world *w)
{
	user_at(w, "alice")->inline_text[8] = '\n';
}
static void lie_gecos_bytes(struct world *w)
{
	user_at(w, "alice")->inline_text[8] = (char)0xff;
}
static void lie_shell_end(struct world *w)
{
	user_at(w, "alice")->inline_text[map_user_text_len(user_at(w, "alice")) - 1] = '!';
}
static void lie_padding(struct world *w)
{
	user_at(w, "alice")->inline_text[99] = 'x';
}
static void lie_reserved(struct world *w)
{
	user_at(w, "alice")->zero[2] = 1;
}
static void lie_text_outside(struct world *w)
{
	user_at(w, "bob")->text = (uint32_t)w->len - 8;
}
static void lie_text_in_header(struct world *w)
{
	user_at(w, "bob")->text = 16;
}
static void lie_text_two_names(struct world *w)
{
	w->bytes[user_at(w, "bob")->text] = 'r';
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
static void lie_group_hash(struct world *w)
{
	group_at(w, "devs")->hash ^= 4;
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
		if (slots[i].hash == 0) {
			slots[i].uid = 5;
			return;
		}
	}
}
static void lie_uid_entry(struct world *w)
{
	struct map_id_slot *slots = (struct map_id_slot *)(void *)(w->bytes + w->v.h.uids);

	for (uint32_t i = 0; i < w->v.h.uid_slots; i++) {
		if (slots[i].id == 0) { /* a second way to a user: by uid 0 less one */
			slots[i] = (struct map_id_slot){.id = 1, .slot = 0};
			return;
		}
	}
}
static void lie_uid_entry_slot(struct world *w)
{
	struct map_id_slot *slots = (struct map_id_slot *)(void *)(w->bytes + w->v.h.uids);

	for (uint32_t i = 0; i < w->v.h.uid_slots; i++)
		slots[i].slot = slots[i].id != 0 ? UINT32_MAX : 0;
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
	header(w)->n_users++;
}
static void lie_n_groups(struct world *w)
{
	header(w)->n_groups--;
}
static void lie_header_reserved(struct world *w)
{
	header(w)->zero[1] = 1;
}
static void lie_seed(struct world *w)
{
	header(w)->seed++;
}
static void lie_version(struct world *w)
{
	header(w)->version++;
}
static void lie_slots(struct world *w)
{
	header(w)->user_slots--;
}
static void lie_data_size(struct world *w)
{
	header(w)->data_size--;
}
static void lie_more_data(struct world *w)
{
	unsigned char *bigger = realloc(w->bytes, w->len + 8);

	assert_non_null(bigger);
	memmove(bigger + w->v.h.local + 8, bigger + w->v.h.local, w->v.h.local_size);
	memset(bigger + w->v.h.local, 0, 8);
	w->bytes = bigger;
	w->len += 8;
	header(w)->file_size += 8;
	header(w)->data_size += 8;
	header(w)->local += 8;
}

static char *local_at(struct world *w)
{
	return (char *)w->bytes + w->v.h.local;
}

static void lie_local_group(struct world *w)
{
	memcpy(local_at(w), "shadow", 6);
}
static void lie_local_group_own(struct world *w)
{
	memcpy(local_at(w) + 18, "ops", 3);
}
static void lie_local_group_root(struct world *w)
{
	memcpy(local_at(w), "root\0\0", 6);
}
/* Another part, as long as it is. */
static void put_local(struct world *w, const char *part, uint32_t len)
{
	header(w)->local_size = len;
	header(w)->file_size = w->v.h.local + len;
	w->len = header(w)->file_size;
	memcpy(local_at(w), part, len);
}

static void lie_local_group_twice(struct world *w)
{
	static const char twice[] = "lab\0bob\0\0lab\0bob\0";

	put_local(w, twice, sizeof(twice));
}
static void lie_local_group_apart(struct world *w)
{
	static const char apart[] = "lab\0bob\0\0lab\0alice\0";

	put_local(w, apart, sizeof(apart));
}
static void lie_local_member(struct world *w)
{
	local_at(w)[7] = 'e';
}
static void lie_local_member_twice(struct world *w)
{
	static const char twice[] = "lab\0bob\0bob\0";

	put_local(w, twice, sizeof(twice));
}
static void lie_local_member_none(struct world *w)
{
	local_at(w)[7] = '\0';
}
static void lie_local_member_root(struct world *w)
{
	memcpy(local_at(w) + 7, "root\0", 5);
}
static void lie_local_end(struct world *w)
{
	header(w)->local_size--;
	header(w)->file_size--;
	w->len--;
}
static void lie_local_no_nul(struct world *w)
{
	w->bytes[w->len - 1] = 'x';
}
static void lie_local_offset(struct world *w)
{
	header(w)->local++;
}
static void lie_local_size(struct world *w)
{
	header(w)->local_size = UINT32_MAX;
}

static void test_every_field_that_lies(void **state)
{
	static void (*const lies[])(struct world * w) = {
		lie_uid,
		lie_uid_root,
		lie_gid_root,
		lie_gid,
		lie_flag_local,
		lie_flag_unknown,
		lie_flag_not_private,
		lie_flag_private,
		lie_hash,
		lie_user_missing,
		lie_name,
		lie_name_short,
		lie_name_none,
		lie_name_nul,
		lie_gecos_long,
		lie_gecos_colon,
		lie_gecos_newline,
		lie_gecos_bytes,
		lie_shell_end,
		lie_padding,
		lie_reserved,
		lie_text_outside,
		lie_text_in_header,
		lie_text_two_names,
		lie_groups_outside,
		lie_groups_none,
		lie_groups_of_bob,
		lie_groups_sudo,
		lie_groups_count,
		lie_group_gid,
		lie_group_hash,
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
		lie_local_group,
		lie_local_group_own,
		lie_local_group_root,
		lie_local_group_twice,
		lie_local_group_apart,
		lie_local_member,
		lie_local_member_twice,
		lie_local_member_none,
		lie_local_member_root,
		lie_local_end,
		lie_local_no_nul,
		lie_local_offset,
		lie_local_size,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct world w;
		char why[CHECK_WHY_SIZE] = "";
		int r;

		world_init(&w, "");
		lies[i](&w);
		sample_reseal(w.bytes);
		r = judge(&w, why);
		if (r != -EBADMSG || why[0] == '\0')
			fail_msg("lie number %zu passed: %d, \"%s\"", i, r, why);
		for (const char *p = why; *p != '\0'; p++)
			assert_in_range(*p, 0x20, 0x7e);
		world_done(&w);
	}
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
