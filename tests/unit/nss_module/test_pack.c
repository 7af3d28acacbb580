/* SPDX-License-Identifier: MIT */
/* Records into callers' buffers: every size, every alignment, nothing written outside (L19), and what lies in the map
 * counts as not there. */
#include "nss_module/pack.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/nss_module/sample.h"

#define ROOM 4096u
#define GUARD 64u
#define FILL 0x5a

static struct map_view view;
static void *bytes;

static int setup(void **state)
{
	size_t len;

	(void)state;
	bytes = sample_map(&len);
	return map_view_init(&view, bytes, len) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(bytes);
	return 0;
}

typedef enum pack_result (*pack_fn)(void *ret, char *buffer, size_t size);

static enum pack_result pack_bob(void *ret, char *buffer, size_t size)
{
	struct map_user_slot u;

	assert_true(map_view_find_user(&view, "bob", 3, &u) >= 0);
	return pack_user(&view, &u, ret, buffer, size);
}

static enum pack_result pack_alice_shadow(void *ret, char *buffer, size_t size)
{
	struct map_user_slot u;

	assert_true(map_view_find_user(&view, "alice", 5, &u) >= 0);
	return pack_shadow(&view, &u, ret, buffer, size);
}

static enum pack_result pack_devs(void *ret, char *buffer, size_t size)
{
	struct map_group_slot g;

	assert_true(map_view_find_group(&view, "devs", 4, &g) >= 0);
	return pack_group(&view, &g, ret, buffer, size);
}

static enum pack_result pack_alice_group(void *ret, char *buffer, size_t size)
{
	struct map_user_slot u;

	assert_true(map_view_find_user(&view, "alice", 5, &u) >= 0);
	return pack_private_group(&view, &u, ret, buffer, size);
}

static void check_bob(const void *ret)
{
	const struct passwd *pw = ret;

	assert_string_equal(pw->pw_name, "bob");
	assert_string_equal(pw->pw_passwd, "x");
	assert_int_equal(pw->pw_uid, SAMPLE_BOB);
	assert_int_equal(pw->pw_gid, SAMPLE_BOB);
	assert_string_equal(pw->pw_gecos, SAMPLE_LONG_GECOS);
	assert_string_equal(pw->pw_dir, "/home/bob");
	assert_string_equal(pw->pw_shell, "/bin/sh");
}

static void check_alice_shadow(const void *ret)
{
	const struct spwd *sp = ret;

	assert_string_equal(sp->sp_namp, "alice");
	assert_string_equal(sp->sp_pwdp, "*");
	assert_int_equal(sp->sp_lstchg, -1);
	assert_int_equal(sp->sp_expire, -1);
	assert_int_equal(sp->sp_inact, -1);
	assert_int_equal(sp->sp_max, -1);
}

static void check_devs(const void *ret)
{
	const struct group *gr = ret;

	assert_string_equal(gr->gr_name, "devs");
	assert_string_equal(gr->gr_passwd, "x");
	assert_int_equal(gr->gr_gid, SAMPLE_DEVS);
	assert_string_equal(gr->gr_mem[0], "alice");
	assert_string_equal(gr->gr_mem[1], "bob");
	assert_null(gr->gr_mem[2]);
}

static void check_alice_group(const void *ret)
{
	const struct group *gr = ret;

	assert_string_equal(gr->gr_name, "alice");
	assert_int_equal(gr->gr_gid, SAMPLE_ALICE);
	assert_null(gr->gr_mem[0]);
}

static bool is_filled(const void *p, size_t len)
{
	const unsigned char *c = p;

	for (size_t i = 0; i < len; i++) {
		if (c[i] != FILL)
			return false;
	}
	return true;
}

/* Return: the first size that was enough. */
static size_t sweep(pack_fn pack, void (*check)(const void *ret), size_t alignment)
{
	static char room[GUARD + ROOM + GUARD];
	char *buffer = room + GUARD + alignment;
	union {
		struct passwd pw;
		struct spwd sp;
		struct group gr;
		char raw[sizeof(struct passwd) + sizeof(struct spwd)];
	} ret;
	size_t enough = 0;

	for (size_t size = 0; size < 1024; size++) {
		enum pack_result r;

		memset(room, FILL, sizeof(room));
		memset(&ret, FILL, sizeof(ret));
		r = pack(&ret, buffer, size);
		assert_true(is_filled(room, (size_t)(buffer - room)));
		assert_true(is_filled(buffer + size, 256));
		if (r == PACK_TOO_SMALL) {
			assert_int_equal(enough, 0); /* never again once it fitted */
			assert_true(is_filled(&ret, sizeof(ret)));
			continue;
		}
		assert_int_equal(r, PACK_FOUND);
		enough = enough != 0 ? enough : size;
		check(&ret);
	}
	return enough;
}

static void test_every_size_and_alignment(void **state)
{
	size_t bob = 3 + 1 + strlen(SAMPLE_LONG_GECOS) + 1 + 9 + 1 + 7 + 1 + 2;

	(void)state;
	for (size_t alignment = 0; alignment < 16; alignment++) {
		assert_int_equal(sweep(pack_bob, check_bob, alignment), bob);
		assert_int_equal(sweep(pack_alice_shadow, check_alice_shadow, alignment), 6 + 2);
		assert_in_range(sweep(pack_devs, check_devs, alignment), 24 + 5 + 2 + 10, 24 + 5 + 2 + 10 + 7);
		assert_in_range(sweep(pack_alice_group, check_alice_group, alignment), 8 + 6 + 2, 8 + 6 + 2 + 7);
	}
}

static void test_ids_that_are_never_answered_for(void **state)
{
	static const uint32_t ids[] = {0, 1, 999, 65534, 65535, UINT32_MAX};
	struct map_user_slot u;
	struct map_group_slot g;
	struct passwd pw;
	struct group gr;
	char buffer[ROOM];

	(void)state;
	assert_true(map_view_find_user(&view, "alice", 5, &u) >= 0);
	assert_true(map_view_find_group(&view, "devs", 4, &g) >= 0);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct map_user_slot by_uid = u;
		struct map_user_slot by_gid = u;

		by_uid.uid = ids[i];
		by_gid.gid = ids[i];
		g.gid = ids[i];
		assert_int_equal(pack_user(&view, &by_uid, &pw, buffer, sizeof(buffer)), PACK_NOT_FOUND);
		assert_int_equal(pack_user(&view, &by_gid, &pw, buffer, sizeof(buffer)), PACK_NOT_FOUND);
		assert_int_equal(pack_private_group(&view, &by_uid, &gr, buffer, sizeof(buffer)), PACK_NOT_FOUND);
		assert_int_equal(pack_group(&view, &g, &gr, buffer, sizeof(buffer)), PACK_NOT_FOUND);
	}
	view.ids.min = SAMPLE_BOB; /* root's configuration moved on */
	assert_int_equal(pack_user(&view, &u, &pw, buffer, sizeof(buffer)), PACK_NOT_FOUND);
	view.ids.min = MAP_ID_FLOOR;
	view.ids.max = SAMPLE_ALICE - 1;
	assert_int_equal(pack_user(&view, &u, &pw, buffer, sizeof(buffer)), PACK_NOT_FOUND);
}

static void test_mark_of_a_local_account(void **state)
{
	struct map_user_slot u;
	struct passwd pw;
	struct spwd sp;
	struct group gr;
	char buffer[ROOM];

	(void)state;
	assert_true(map_view_find_user(&view, "alice", 5, &u) >= 0);
	u.flags |= MAP_USER_LOCAL_ACCOUNT;
	assert_int_equal(pack_user(&view, &u, &pw, buffer, sizeof(buffer)), PACK_MARKED);
	assert_int_equal(pack_shadow(&view, &u, &sp, buffer, sizeof(buffer)), PACK_MARKED);
	assert_int_equal(pack_private_group(&view, &u, &gr, buffer, sizeof(buffer)), PACK_MARKED);
}

static void test_records_that_lie(void **state)
{
	struct map_group_slot devs;
	struct map_group_slot g;
	struct map_user_slot bob;
	struct map_user_slot u;
	struct passwd pw;
	struct group gr;
	char buffer[ROOM];

	(void)state;
	assert_true(map_view_find_group(&view, "devs", 4, &devs) >= 0);
	assert_true(map_view_find_user(&view, "bob", 3, &bob) >= 0);
	for (uint32_t n = 0; n < 64; n++) {
		g = devs;
		g.n_members = n;
		if (n != 2 && n != 0)
			assert_int_not_equal(pack_group(&view, &g, &gr, buffer, sizeof(buffer)), PACK_FOUND);
		g = devs;
		g.members_len = n;
		if (n != devs.members_len)
			assert_int_equal(pack_group(&view, &g, &gr, buffer, sizeof(buffer)), PACK_NOT_FOUND);
	}
	g = devs;
	g.n_members = UINT32_MAX;
	g.members_len = UINT32_MAX;
	assert_int_equal(pack_group(&view, &g, &gr, buffer, sizeof(buffer)), PACK_NOT_FOUND);
	g = devs;
	g.members = (uint32_t)view.h.file_size - 1;
	assert_int_equal(pack_group(&view, &g, &gr, buffer, sizeof(buffer)), PACK_NOT_FOUND);
	g = devs;
	g.members = 8; /* in the header */
	assert_int_equal(pack_group(&view, &g, &gr, buffer, sizeof(buffer)), PACK_NOT_FOUND);
	g = devs;
	g.name_len = 40;
	assert_int_equal(pack_group(&view, &g, &gr, buffer, sizeof(buffer)), PACK_NOT_FOUND);

	u = bob;
	u.apart.at = (uint32_t)view.h.file_size - 10;
	assert_int_equal(pack_user(&view, &u, &pw, buffer, sizeof(buffer)), PACK_NOT_FOUND);
	u.apart.at = UINT32_MAX;
	assert_int_equal(pack_user(&view, &u, &pw, buffer, sizeof(buffer)), PACK_NOT_FOUND);
	u.apart.at = 0;
	assert_int_equal(pack_user(&view, &u, &pw, buffer, sizeof(buffer)), PACK_NOT_FOUND);
	u = bob;
	u.gecos_len = MAP_GECOS_MAX + 1;
	assert_int_equal(pack_user(&view, &u, &pw, buffer, sizeof(buffer)), PACK_NOT_FOUND);
	u = bob;
	u.apart.shell_len = MAP_SHELL_MAX + 1;
	assert_int_equal(pack_user(&view, &u, &pw, buffer, sizeof(buffer)), PACK_NOT_FOUND);
	u = bob;
	u.name_len = 0;
	assert_int_equal(pack_user(&view, &u, &pw, buffer, sizeof(buffer)), PACK_NOT_FOUND);
	u.name_len = MAP_NAME_MAX + 1;
	assert_int_equal(pack_user(&view, &u, &pw, buffer, sizeof(buffer)), PACK_NOT_FOUND);
}

/* A missing NUL is put, not trusted, neither on the long way nor on the short one. */
static void test_nuls_are_our_own(void **state)
{
	struct map_user_slot u;
	struct passwd pw;
	char buffer[ROOM];

	(void)state;
	assert_true(map_view_find_user(&view, "alice", 5, &u) >= 0);
	for (size_t i = 0; i < sizeof(u.text); i++) {
		if (u.text[i] == '\0')
			u.text[i] = '!';
	}
	for (int is_short = 0; is_short < 2; is_short++) {
		memset(buffer, FILL, sizeof(buffer));
		assert_int_equal(is_short ? pack_user_shortly(&view, &u, u.uid, 5, &pw, buffer, sizeof(buffer))
					  : pack_user(&view, &u, &pw, buffer, sizeof(buffer)),
				 PACK_FOUND);
		assert_string_equal(pw.pw_name, "alice");
		assert_string_equal(pw.pw_gecos, "Alice Example");
		assert_string_equal(pw.pw_dir, "/home/alice");
		assert_string_equal(pw.pw_shell, "/bin/bash");
		assert_string_equal(pw.pw_passwd, "x");
	}
}

/* A style of @home_len and @shell_len bytes, a record of @name_len and @gecos_len. */
static struct map_user_slot styled(size_t name_len, size_t gecos_len, size_t home_len, size_t shell_len)
{
	struct map_style *s = (struct map_style *)(void *)((char *)bytes + sizeof(struct map_header));
	struct map_user_slot u = {.uid = SAMPLE_ALICE, .gid = SAMPLE_ALICE, .style = 1};

	memset(s, 's', sizeof(*s));
	memset(s->home, 'h', sizeof(s->home));
	s->home_len = (uint8_t)home_len;
	s->shell_len = (uint8_t)shell_len;
	memset(u.text, 'g', sizeof(u.text));
	memset(u.text, 'n', name_len);
	u.name_len = (uint8_t)name_len;
	u.gecos_len = (uint8_t)gecos_len;
	return u;
}

static void assert_repeats(const char *text, const char *letters, const size_t *lens)
{
	for (; *letters != '\0'; letters++, lens++) {
		for (size_t i = 0; i < *lens; i++)
			assert_int_equal(*text++, *letters);
	}
	assert_int_equal(*text, '\0');
}

/* Every length that a record with a style can have, into a buffer that is just large enough for the short way (L19). */
static void test_every_length_of_a_style(void **state)
{
	char room[GUARD + PACK_ROOM + GUARD];
	char *buffer = room + GUARD;
	struct passwd pw = {.pw_name = NULL};

	(void)state;
	for (size_t name = 1; name <= MAP_NAME_MAX; name++) {
		for (size_t gecos = 0; name + gecos + 2 <= MAP_INLINE_TEXT; gecos++) {
			for (size_t home = 0; home <= MAP_STYLE_HOME_MAX; home++) {
				size_t shell = (name + gecos + home) % (MAP_STYLE_SHELL_MAX + 1);
				struct map_user_slot u = styled(name, gecos, home, shell);

				memset(room, FILL, sizeof(room));
				assert_int_equal(pack_user_shortly(&view, &u, u.uid, name, &pw, buffer, PACK_ROOM),
						 PACK_FOUND);
				assert_true(is_filled(room, GUARD) && is_filled(buffer + PACK_ROOM, GUARD));
				assert_repeats(pw.pw_name, "n", (size_t[]){name});
				assert_repeats(pw.pw_gecos, "g", (size_t[]){gecos});
				assert_repeats(pw.pw_dir, "hn", (size_t[]){home, name});
				assert_repeats(pw.pw_shell, "s", (size_t[]){shell});
				assert_repeats(pw.pw_passwd, "x", (size_t[]){1});
				assert_int_equal(pack_user_shortly(&view, &u, u.uid, name, &pw, buffer, PACK_ROOM - 1),
						 PACK_SELDOM);
			}
		}
	}
}

static void test_styles_that_lie(void **state)
{
	const struct map_user_slot lies[] = {
		styled(5, MAP_INLINE_TEXT - 6, 6, 7),
		styled(5, 255, 6, 7),
		styled(5, 5, MAP_STYLE_HOME_MAX + 1, 7),
		styled(5, 5, 255, 7),
		styled(5, 5, 6, 255),
		styled(5, 5, 6, MAP_STYLE_SHELL_MAX + 1),
	};
	struct map_user_slot u;
	struct passwd pw;
	char buffer[ROOM];

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		static const uint8_t lens[][2] = {{6, 7},   {6, 7},   {MAP_STYLE_HOME_MAX + 1, 7},
						  {255, 7}, {6, 255}, {6, MAP_STYLE_SHELL_MAX + 1}};

		(void)styled(5, 5, lens[i][0], lens[i][1]);
		u = lies[i];
		assert_int_equal(pack_user_shortly(&view, &u, u.uid, 5, &pw, buffer, sizeof(buffer)), PACK_NOT_FOUND);
		assert_int_equal(pack_user(&view, &u, &pw, buffer, sizeof(buffer)), PACK_NOT_FOUND);
	}
	u = styled(5, 5, 6, 7);
	u.style = (uint8_t)(view.h.n_styles + 1);
	assert_int_equal(pack_user_shortly(&view, &u, u.uid, 5, &pw, buffer, sizeof(buffer)), PACK_SELDOM);
	assert_int_equal(pack_user(&view, &u, &pw, buffer, sizeof(buffer)), PACK_NOT_FOUND);
	u = styled(5, 5, 6, 7);
	u.flags = MAP_USER_LOCAL_ACCOUNT;
	assert_int_equal(pack_user_shortly(&view, &u, u.uid, 5, &pw, buffer, sizeof(buffer)), PACK_SELDOM);
	assert_int_equal(pack_user(&view, &u, &pw, buffer, sizeof(buffer)), PACK_MARKED);
	u.flags = 0;
	u.gid = 27;
	assert_int_equal(pack_user_shortly(&view, &u, u.uid, 5, &pw, buffer, sizeof(buffer)), PACK_NOT_FOUND);
	assert_int_equal(pack_user(&view, &u, &pw, buffer, sizeof(buffer)), PACK_NOT_FOUND);
}

/* Four at a time or one by one: the same list comes out, whatever stands in it and wherever. */
static void test_lists_of_groups(void **state)
{
	static const struct map_ids ranges[] = {
		{1000, UINT32_MAX - 1}, {60000, 70000}, {0x7fffff00, 0x80000100}, {2000, 1000}};
	enum {
		MANY = 11
	};
	uint32_t expected[MANY];
	uint32_t list[MANY];
	uint32_t gids[MANY];

	(void)state;
	for (size_t r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++) {
		const struct map_ids ids = ranges[r];
		const uint32_t primary = ids.min + 7;
		const uint32_t odd[] = {0,       1,     999,   ids.min - 1, ids.min,    ids.max,    ids.max + 1,
					primary, 65534, 65535, 65536,       0x80000000, 0x7fffffff, UINT32_MAX};

		for (uint32_t n = 0; n <= MANY; n++) {
			for (size_t k = 0; k < sizeof(odd) / sizeof(odd[0]) * (n + 1); k++) {
				long room = n;
				long used;

				for (uint32_t i = 0; i < n; i++)
					gids[i] = ids.min + 10 + i;
				if (k / (n + 1) < sizeof(odd) / sizeof(odd[0]) && k % (n + 1) < n)
					gids[k % (n + 1)] = odd[k / (n + 1)];
				used = pack_gids_one_by_one(ids, (const unsigned char *)gids, n, expected, room,
							    primary);
				for (long i = 0; i < used; i++)
					assert_true(expected[i] >= ids.min && expected[i] <= ids.max &&
						    expected[i] != primary && expected[i] != 65534 &&
						    expected[i] != 65535);
				memset(list, FILL, sizeof(list));
				assert_int_equal(pack_gids(ids, (const unsigned char *)gids, n, list, room, primary),
						 used);
				assert_memory_equal(list, expected, (size_t)used * sizeof(*list));
				for (room = 0; room < n; room++) {
					long some = pack_gids(ids, (const unsigned char *)gids, n, list, room, primary);

					assert_int_equal(some, used < room ? used : room);
					assert_memory_equal(list, expected, (size_t)some * sizeof(*list));
				}
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_size_and_alignment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ids_that_are_never_answered_for, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mark_of_a_local_account, setup, teardown),
		cmocka_unit_test_setup_teardown(test_records_that_lie, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nuls_are_our_own, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_length_of_a_style, setup, teardown),
		cmocka_unit_test_setup_teardown(test_styles_that_lie, setup, teardown),
		cmocka_unit_test(test_lists_of_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
