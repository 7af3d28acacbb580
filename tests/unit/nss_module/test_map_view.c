/* SPDX-License-Identifier: MIT */
/* Lookups over bytes: what the writer made is found, and whatever else the bytes are, nothing outside them is read (the
 * bytes stand at the end of their own memory, so that the sanitizer sees the first one beyond). */
#include "nss_module/map_view.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "nss_module/pack.h"
#include "tests/unit/nss_module/sample.h"

static void test_finds_everybody(void **state)
{
	enum {
		N = 20000
	};
	size_t len;
	void *bytes = sample_many(N, &len);
	struct map_view v = {.base = NULL};
	struct map_user_slot u;
	struct map_user_text text;
	char name[32];

	(void)state;
	assert_true(map_view_init(&v, bytes, len));
	assert_int_equal(v.h.n_users, N);
	for (uint32_t i = 0; i < N; i++) {
		uint32_t n_groups = 0;

		(void)snprintf(name, sizeof(name), "u%u", (unsigned int)i);
		assert_true(map_view_find_user(&v, name, strlen(name), &u) >= 0);
		assert_int_equal(u.uid, UINT32_C(0x70000000) + i);
		assert_true(map_view_find_uid(&v, u.uid, &u) >= 0);
		assert_true(map_view_user_text(&v, &u, &text));
		assert_string_equal(text.text, name);
		assert_int_equal(map_view_user_groups(&v, &u, &n_groups) != NULL, i % 10 == 0);
		(void)snprintf(name, sizeof(name), "v%u", (unsigned int)i);
		assert_int_equal(map_view_find_user(&v, name, strlen(name), &u), -1);
		assert_int_equal(map_view_find_uid(&v, UINT32_C(0x70000000) + N + i, &u), -1);
	}
	free(bytes);
}

static void test_names_that_are_not_there(void **state)
{
	static const char *const names[] = {"",     "a",       "alic", "alicee", "Alice",
					    "root", "alice\n", "bob ", "dev",    "devs"};
	size_t len;
	void *bytes = sample_map(&len);
	struct map_view v;
	struct map_user_slot u;
	char long_name[MAP_NAME_MAX + 2];

	(void)state;
	assert_true(map_view_init(&v, bytes, len));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(map_view_find_user(&v, names[i], strlen(names[i]), &u), -1);
	memset(long_name, 'a', sizeof(long_name));
	assert_int_equal(map_view_find_user(&v, long_name, MAP_NAME_MAX, &u), -1);
	assert_int_equal(map_view_find_user(&v, long_name, MAP_NAME_MAX + 1, &u), -1);
	assert_int_equal(map_view_find_uid(&v, 0, &u), -1);
	free(bytes);
}

/* One of each length, and next to each those that differ in one byte: short names are compared in words. */
static void test_names_of_every_length(void **state)
{
	struct map_writer *w = NULL;
	char names[MAP_NAME_MAX][MAP_NAME_MAX + 1] = {{0}};
	struct map_view v = {.base = NULL};
	struct map_user_slot u;
	struct map_group_slot g;
	void *bytes = NULL;
	size_t size;

	(void)state;
	sample_must(map_writer_new(&w));
	for (uint32_t i = 0; i < MAP_NAME_MAX; i++) {
		const uint32_t id = SAMPLE_ALICE + i;

		memset(names[i], 'a', i + 1);
		sample_must(map_writer_add_user(
			w, &(struct map_user){names[i], id, id + 1000, "", "/home/x", "/bin/sh", false}));
		sample_must(map_writer_add_group(w, &(struct map_group){.name = names[i], .gid = id + 1000}));
	}
	sample_must(map_writer_finish(w, &bytes, &size));
	map_writer_free(w);
	assert_true(map_view_init(&v, bytes, size));
	for (uint32_t i = 0; i < MAP_NAME_MAX; i++) {
		char other[MAP_NAME_MAX + 1];
		size_t len = i + 1;

		assert_true(map_view_find_user(&v, names[i], len, &u) >= 0);
		assert_int_equal(u.uid, SAMPLE_ALICE + i);
		assert_true(map_view_find_group(&v, names[i], len, &g) >= 0);
		assert_int_equal(g.gid, SAMPLE_ALICE + i + 1000);
		for (size_t at = 0; at < len; at++) {
			memcpy(other, names[i], sizeof(other));
			other[at] = 'b';
			assert_int_equal(map_view_find_user(&v, other, len, &u), -1);
			assert_int_equal(map_view_find_group(&v, other, len, &g), -1);
		}
	}
	free(bytes);
}

/* Names that share a tag are told apart by their bytes alone; what stands behind a name does not count. */
static void test_keys(void **state)
{
	(void)state;
	for (size_t len = 1; len <= MAP_KEY_BYTES; len++) {
		unsigned char text[MAP_NAME_MAX];
		char name[MAP_KEY_BYTES + 1] = {0};
		struct map_key k;

		memset(name, 'a', len);
		memset(text, 'z', sizeof(text));
		memcpy(text, name, len);
		k = map_key_of(name, len);
		assert_true(map_key_is(text, &k));
		for (size_t at = 0; at < len; at++) {
			text[at] = 'b';
			assert_false(map_key_is(text, &k));
			text[at] = 'a';
		}
	}
}

/* Of @n hashes in a table twice and a half as large: how many find their place taken. By chance, 17.6 percent do. */
static uint32_t taken(const uint32_t *hashes, uint32_t n)
{
	uint32_t n_entries = n * 5 / 2;
	bool *seen = calloc(n_entries, sizeof(*seen));
	uint32_t times = 0;

	assert_non_null(seen);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = map_home(hashes[i], n_entries);

		times += seen[at];
		seen[at] = true;
	}
	free(seen);
	return times;
}

/* Ids in a row, with gaps, and names that count: hashes of what people really have spread like chance. */
static void test_hashes_spread(void **state)
{
	enum {
		N = 20000
	};
	static const uint32_t steps[] = {1, 2, 3, 10, 256, 1000, 4096, 65536};
	static const char *const before[] = {"u", "", "someone.", "a-long-name-of-somebody-", "a@"};
	uint32_t *hashes = calloc(N, sizeof(*hashes));

	(void)state;
	assert_non_null(hashes);
	for (uint64_t seed = 0; seed < 20; seed++) {
		const uint64_t key = map_mix(seed + UINT64_C(0x6c61746368));

		for (size_t k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
			for (uint32_t i = 0; i < N; i++)
				hashes[i] = map_hash_id(key, UINT32_C(0x20000000) + i * steps[k]);
			assert_in_range(taken(hashes, N), 0, N / 4);
		}
		for (size_t k = 0; k < sizeof(before) / sizeof(before[0]); k++) {
			for (uint32_t i = 0; i < N; i++) {
				char name[64];

				(void)snprintf(name, sizeof(name), "%s%u", before[k], (unsigned int)i);
				hashes[i] = map_hash_name(key, name, strlen(name));
			}
			assert_in_range(taken(hashes, N), N / 8, N / 4);
		}
	}
	free(hashes);
}

/* Every lookup that a reader makes, on whatever these bytes are. */
static void use(const void *bytes, size_t len)
{
	static const char *const names[] = {"alice", "bob", "carol.c", "devs", "ops", "nobody-here"};
	static const uint32_t ids[] = {SAMPLE_ALICE, SAMPLE_BOB, SAMPLE_CAROL, SAMPLE_DEVS, SAMPLE_OPS, 1234567};
	struct map_view v;
	struct map_user_slot u;
	struct map_group_slot g;
	struct passwd pw;
	struct group gr;
	char buffer[2048];
	uint32_t n;

	if (!map_view_init(&v, bytes, len))
		return;
	for (size_t i = 0; i < 6; i++) {
		if (map_view_find_user(&v, names[i], strlen(names[i]), &u) >= 0) {
			(void)pack_user(&v, &u, &pw, buffer, sizeof(buffer));
			(void)pack_user_shortly(&v, &u, u.uid, strlen(names[i]), &pw, buffer, sizeof(buffer));
			(void)map_view_user_groups(&v, &u, &n);
		}
		if (map_view_find_uid(&v, ids[i], &u) >= 0)
			(void)pack_private_group(&v, &u, &gr, buffer, sizeof(buffer));
		if (map_view_find_group(&v, names[i], strlen(names[i]), &g) >= 0)
			(void)pack_group(&v, &g, &gr, buffer, sizeof(buffer));
		if (map_view_find_gid(&v, ids[i], &g) >= 0)
			(void)pack_group(&v, &g, &gr, buffer, sizeof(buffer));
	}
}

static void test_every_truncation(void **state)
{
	size_t len;
	void *bytes = sample_map(&len);
	unsigned char *longer;
	struct map_view v;

	(void)state;
	for (size_t n = 0; n < len; n++) {
		void *part = malloc(n);

		assert_non_null(part);
		memcpy(part, bytes, n);
		assert_false(map_view_init(&v, part, n));
		if (n >= sizeof(struct map_header)) { /* and where the header says so itself */
			struct map_header h;

			memcpy(&h, part, sizeof(h));
			h.file_size = n;
			memcpy(part, &h, sizeof(h));
			sample_reseal(part);
			assert_false(map_view_init(&v, part, n));
		}
		free(part);
	}
	longer = realloc(bytes, len + 1);
	assert_non_null(longer);
	longer[len] = 0;
	assert_false(map_view_init(&v, longer, len + 1));
	assert_true(map_view_init(&v, longer, len));
	free(longer);
}

static void test_header_fields(void **state)
{
	size_t len;
	void *bytes = sample_map(&len);
	struct map_view v;

	(void)state;
	for (size_t bit = 0; bit < sizeof(struct map_header) * 8; bit++) {
		unsigned char *c = (unsigned char *)bytes + bit / 8;

		*c = (unsigned char)(*c ^ (1u << bit % 8));
		assert_false(map_view_init(&v, bytes, len)); /* the checksum alone */
		sample_reseal(bytes);
		use(bytes, len);
		*c = (unsigned char)(*c ^ (1u << bit % 8));
		sample_reseal(bytes);
	}
	memset(bytes, 0xff, len);
	assert_false(map_view_init(&v, bytes, len));
	memset(bytes, 0, len);
	assert_false(map_view_init(&v, bytes, len));
	free(bytes);
}

static void test_damage_behind_the_header(void **state)
{
	size_t len;
	unsigned char *bytes = sample_map(&len);
	unsigned char *copy = malloc(len);

	(void)state;
	assert_non_null(copy);
	for (size_t i = sizeof(struct map_header); i < len; i++) {
		static const unsigned char values[] = {0, 1, 0x7f, 0x80, 0xff};

		for (size_t k = 0; k < sizeof(values); k++) {
			memcpy(copy, bytes, len);
			copy[i] = values[k];
			use(copy, len);
		}
	}
	memcpy(copy, bytes, len);
	memset(copy + sizeof(struct map_header), 0xff, len - sizeof(struct map_header));
	use(copy, len); /* every slot taken, every offset outside: still an end (L17) */
	free(copy);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_everybody),       cmocka_unit_test(test_names_that_are_not_there),
		cmocka_unit_test(test_names_of_every_length), cmocka_unit_test(test_keys),
		cmocka_unit_test(test_hashes_spread),         cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_header_fields),         cmocka_unit_test(test_damage_behind_the_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
