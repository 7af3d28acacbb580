/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "nss_module/map_format.h"
#include "nss_module/map_hash.h"

/*
 * Lookups over the bytes of a map, checked at every step: whatever the bytes are, nothing outside them is read. In a
 * header since modules and programs of different layers share it, and since a lookup should be one function.
 *
 * The bytes may be exchanged for those of another map at any moment (nss_module/map_reader.h), so each value is
 * copied once, then checked, then used; it is never read a second time.
 */

/* The ids that an answer may carry, but for 65534 and 65535. */
struct map_ids {
	uint32_t min;
	uint32_t max;
};

struct map_view {
	const unsigned char *base;
	struct map_ids ids;  /* of the header, and never below the floor */
	struct map_header h; /* checked copy; h.file_size is the length of base */
};

static inline uint64_t map_checksum(const struct map_header *h)
{
	uint64_t sum = UINT64_C(0x6c61746368206b79);
	uint64_t word;

	for (size_t i = 0; i < offsetof(struct map_header, checksum); i += sizeof(word)) {
		memcpy(&word, (const unsigned char *)h + i, sizeof(word));
		sum = map_mix(sum ^ word) + i;
	}
	return sum;
}

static inline struct map_ids map_ids_of(uint32_t min, uint32_t max)
{
	return (struct map_ids){
		.min = min > MAP_ID_FLOOR ? min : MAP_ID_FLOOR,
		.max = max < UINT32_MAX ? max : UINT32_MAX - 1,
	};
}

MAP_INLINE bool map_ids_hold(struct map_ids ids, uint32_t id)
{
	return id >= ids.min && id <= ids.max && (id | 1) != 65535;
}

/** map_id_is_ours() - may an answer carry this id at all */
MAP_INLINE bool map_id_is_ours(const struct map_view *v, uint32_t id)
{
	return map_ids_hold(v->ids, id);
}

/* Does a part of @n times @each bytes stand exactly at @offset; moves it on to the end. */
static inline bool map_part_fits(const struct map_header *h, uint64_t *offset, uint32_t at, uint32_t n, size_t each)
{
	if (at != *offset)
		return false;
	*offset += (uint64_t)n * each;
	return *offset <= h->file_size;
}

/* Whole buckets, of which one has an empty place, and so has the table of ids. */
static inline bool map_slots_are_valid(uint32_t n_slots, uint32_t n_entries, uint32_t n_records)
{
	return n_records < n_slots && n_slots % MAP_BUCKET == 0 && n_slots <= MAP_SLOTS_MAX && n_records < n_entries;
}

/** map_header_is_valid() - everything that can be said without reading further: the tables lie one after the other */
static inline bool map_header_is_valid(const struct map_header *h, size_t size)
{
	uint64_t offset = sizeof(*h) + (uint64_t)h->n_styles * sizeof(struct map_style);

	if (h->magic != MAP_MAGIC || h->version != MAP_VERSION || h->file_size != size || size > MAP_MAX_BYTES ||
	    h->n_styles > MAP_STYLES_MAX || h->checksum != map_checksum(h))
		return false;
	return map_slots_are_valid(h->user_slots, h->uid_slots, h->n_users) &&
	       map_slots_are_valid(h->group_slots, h->gid_slots, h->n_groups) &&
	       map_part_fits(h, &offset, h->users, h->user_slots, sizeof(struct map_user_slot)) &&
	       map_part_fits(h, &offset, h->groups, h->group_slots, sizeof(struct map_group_slot)) &&
	       map_part_fits(h, &offset, h->uids, h->uid_slots, sizeof(uint32_t)) &&
	       map_part_fits(h, &offset, h->gids, h->gid_slots, sizeof(uint32_t)) &&
	       map_part_fits(h, &offset, h->user_tags, h->user_slots, 1) &&
	       map_part_fits(h, &offset, h->group_tags, h->group_slots, 1) && h->data == offset &&
	       h->local == offset + h->data_size && h->file_size == (uint64_t)h->local + h->local_size;
}

/** map_view_init() - Return: true, or false where these bytes are no map (then @v is as it was) */
static inline bool map_view_init(struct map_view *v, const void *bytes, size_t size)
{
	struct map_header h;

	if (size < sizeof(h))
		return false;
	map_take(&h, bytes, sizeof(h));
	if (!map_header_is_valid(&h, size))
		return false;
	v->base = bytes;
	v->h = h;
	v->ids = map_ids_of(h.uid_min, h.uid_max);
	return true;
}

/** map_view_data() - @len bytes of the data part at @offset; NULL where they are not all inside */
MAP_INLINE const unsigned char *map_view_data(const struct map_view *v, uint32_t offset, uint64_t len)
{
	if (offset < v->h.data || len > v->h.data_size || offset - v->h.data > v->h.data_size - len)
		return NULL;
	return v->base + offset;
}

/* The slot @i, which must be below h.user_slots, where it lies: each of its values may be read once. */
MAP_INLINE const struct map_user_slot *map_user_at(const struct map_view *v, uint32_t i)
{
	return (const struct map_user_slot *)(const void *)(v->base + v->h.users) + i;
}

MAP_INLINE const struct map_group_slot *map_group_at(const struct map_view *v, uint32_t i)
{
	return (const struct map_group_slot *)(const void *)(v->base + v->h.groups) + i;
}

/** map_view_user() - copy of the slot @i, which must be below h.user_slots */
static inline void map_view_user(const struct map_view *v, uint32_t i, struct map_user_slot *ret)
{
	map_take(ret, map_user_at(v, i), sizeof(*ret));
}

static inline void map_view_group(const struct map_view *v, uint32_t i, struct map_group_slot *ret)
{
	map_take(ret, map_group_at(v, i), sizeof(*ret));
}

#define MAP_SLOT_BYTES 64u

/* A table of slots. */
struct map_slots {
	const unsigned char *slots;
	const unsigned char *tags;
	uint32_t n_slots;
};

MAP_INLINE bool map_key_is(const unsigned char *text, const struct map_key *k)
{
	if (k->len < 8)
		return (le64toh(map_word(text)) ^ k->first) << (64 - 8 * k->len) == 0;
	return map_word(text) == k->first && map_word(text + k->len - 8) == k->last;
}

MAP_INLINE const unsigned char *map_slot_text(const struct map_slots *t, uint32_t i, size_t len)
{
	const unsigned char *slot = t->slots + (size_t)i * MAP_SLOT_BYTES;

	return slot[offsetof(struct map_user_slot, name_len)] == len ? slot + offsetof(struct map_user_slot, text)
								     : NULL;
}

/* All of a search, bucket by bucket. */
MAP_SELDOM int64_t map_search(struct map_slots t, const char *name, size_t len, uint32_t hash)
{
	const uint64_t tags = map_tag(hash) * UINT64_C(0x0101010101010101);
	const uint32_t n_buckets = t.n_slots / MAP_BUCKET;
	uint32_t bucket = map_home(hash, n_buckets);
	uint32_t probes = 0;

	do {
		uint64_t word = le64toh(map_load64(t.tags + (size_t)bucket * MAP_BUCKET));

		for (uint64_t same = map_zero_bytes(word ^ tags); same != 0; same &= same - 1) {
			uint32_t i = bucket * MAP_BUCKET + (uint32_t)__builtin_ctzll(same) / 8;
			const unsigned char *text = map_slot_text(&t, i, len);

			if (text != NULL && memcmp(text, name, len) == 0)
				return i;
		}
		if (map_zero_bytes(word) != 0)
			return -1;
		bucket = bucket + 1 < n_buckets ? bucket + 1 : 0;
	} while (++probes < n_buckets && probes < MAP_PROBE_MAX);
	return -1;
}

/* The slot that is looked for, or -1. Mostly the home bucket, of it the first place that is marked, and of that a short
 * name say it all. */
MAP_INLINE int64_t map_find_name(struct map_slots t, const struct map_key *k, uint32_t hash)
{
	const uint32_t bucket = map_home(hash, t.n_slots / MAP_BUCKET);
	const uint64_t word = le64toh(map_load64(t.tags + (size_t)bucket * MAP_BUCKET));
	const uint64_t same = map_zero_bytes(word ^ map_tag(hash) * UINT64_C(0x0101010101010101));

	if (same != 0) {
		uint32_t i = bucket * MAP_BUCKET + (uint32_t)__builtin_ctzll(same) / 8;
		const unsigned char *text = map_slot_text(&t, i, k->len);

		if (text != NULL && k->len <= MAP_KEY_BYTES && map_key_is(text, k))
			return i;
	} else if (map_zero_bytes(word) != 0) {
		return -1;
	}
	return map_search(t, k->name, k->len, hash);
}

/* A table of ids, and the slots of its records, which begin with the id. */
struct map_ids_table {
	const unsigned char *entries;
	const unsigned char *slots;
	uint32_t n_entries;
	uint32_t n_slots;
};

MAP_SELDOM int64_t map_search_id(struct map_ids_table t, uint32_t hash, uint32_t id)
{
	const uint32_t tag = map_entry_tag(hash);
	uint32_t at = map_home(hash, t.n_entries);
	uint32_t probes = 0;

	do {
		uint32_t entry = map_load32(t.entries + (size_t)at * sizeof(entry));
		uint32_t i = entry ^ tag;

		if (entry == 0)
			return -1;
		/* No slot has such a number where the tags differ. */
		if (i < t.n_slots && map_load32(t.slots + (size_t)i * MAP_SLOT_BYTES) == id)
			return i;
		at = at + 1 < t.n_entries ? at + 1 : 0;
	} while (++probes < t.n_entries && probes < MAP_PROBE_MAX * MAP_BUCKET);
	return -1;
}

/* The slot whose id is @id, or -1. Mostly the first entry is the one. */
MAP_INLINE int64_t map_find_id(struct map_ids_table t, uint64_t seed, uint32_t id)
{
	const uint32_t hash = map_hash_id(seed, id);
	const uint32_t entry = map_load32(t.entries + (size_t)map_home(hash, t.n_entries) * sizeof(entry));
	const uint32_t i = entry ^ map_entry_tag(hash);

	if (i < t.n_slots && map_load32(t.slots + (size_t)i * MAP_SLOT_BYTES) == id)
		return i;
	return entry == 0 ? -1 : map_search_id(t, hash, id);
}

/* A name of no length, or of too many bytes, is not to be looked for. */
MAP_INLINE bool map_name_is_possible(size_t len)
{
	return len - 1 < MAP_NAME_MAX;
}

/* Places of the slots of a possible name with its hash, or of an id, or -1: what lies there is still to be read. */
MAP_INLINE int64_t map_place_of_user(const struct map_view *v, const struct map_key *k, uint32_t hash)
{
	const struct map_slots users = {
		.slots = v->base + v->h.users,
		.tags = v->base + v->h.user_tags,
		.n_slots = v->h.user_slots,
	};

	return map_find_name(users, k, hash);
}

MAP_INLINE int64_t map_place_of_group(const struct map_view *v, const struct map_key *k, uint32_t hash)
{
	const struct map_slots groups = {
		.slots = v->base + v->h.groups,
		.tags = v->base + v->h.group_tags,
		.n_slots = v->h.group_slots,
	};

	return map_find_name(groups, k, hash);
}

MAP_INLINE int64_t map_place_of_uid(const struct map_view *v, uint32_t uid)
{
	const struct map_ids_table uids = {
		.entries = v->base + v->h.uids,
		.slots = v->base + v->h.users,
		.n_entries = v->h.uid_slots,
		.n_slots = v->h.user_slots,
	};

	return map_find_id(uids, v->h.seed, uid);
}

MAP_INLINE int64_t map_place_of_gid(const struct map_view *v, uint32_t gid)
{
	const struct map_ids_table gids = {
		.entries = v->base + v->h.gids,
		.slots = v->base + v->h.groups,
		.n_entries = v->h.gid_slots,
		.n_slots = v->h.group_slots,
	};

	return map_find_id(gids, v->h.seed, gid);
}

/** map_view_find_user() - Return: number of the slot, copied to @ret, or -1 */
static inline int64_t map_view_find_user(const struct map_view *v, const char *name, size_t len,
					 struct map_user_slot *ret)
{
	struct map_key k;
	int64_t i;

	if (!map_name_is_possible(len))
		return -1;
	k = map_key_of(name, len);
	i = map_place_of_user(v, &k, map_hash_key(v->h.seed, &k));
	if (i >= 0)
		map_view_user(v, (uint32_t)i, ret);
	return i;
}

static inline int64_t map_view_find_group(const struct map_view *v, const char *name, size_t len,
					  struct map_group_slot *ret)
{
	struct map_key k;
	int64_t i;

	if (!map_name_is_possible(len))
		return -1;
	k = map_key_of(name, len);
	i = map_place_of_group(v, &k, map_hash_key(v->h.seed, &k));
	if (i >= 0)
		map_view_group(v, (uint32_t)i, ret);
	return i;
}

/** map_view_find_uid() - Return: number of the slot, copied to @ret, or -1 */
static inline int64_t map_view_find_uid(const struct map_view *v, uint32_t uid, struct map_user_slot *ret)
{
	int64_t i = uid != 0 ? map_place_of_uid(v, uid) : -1;

	if (i < 0)
		return -1;
	map_view_user(v, (uint32_t)i, ret);
	return ret->name_len != 0 && ret->uid == uid ? i : -1;
}

static inline int64_t map_view_find_gid(const struct map_view *v, uint32_t gid, struct map_group_slot *ret)
{
	int64_t i = gid != 0 ? map_place_of_gid(v, gid) : -1;

	if (i < 0)
		return -1;
	map_view_group(v, (uint32_t)i, ret);
	return ret->name_len != 0 && ret->gid == gid ? i : -1;
}

/* What decides whether a user is answered for, read once from a slot that may lie in the map. */
struct map_user_ids {
	uint32_t uid;
	uint32_t gid;
	uint32_t flags;
};

MAP_INLINE struct map_user_ids map_user_ids(const struct map_user_slot *u)
{
	return (struct map_user_ids){
		.uid = map_load32(&u->uid),
		.gid = map_load32(&u->gid),
		.flags = map_once(u->flags),
	};
}

/* A user's text, whole: name, gecos, home and shell, each with its NUL. */
struct map_user_text {
	size_t name_len;
	size_t gecos_len;
	size_t home_len;
	size_t shell_len;
	size_t len;
	char text[MAP_NAME_MAX + MAP_GECOS_MAX + MAP_HOME_MAX + MAP_SHELL_MAX + 4];
};

/* The style @i, which must be below h.n_styles. */
MAP_INLINE const struct map_style *map_style_at(const struct map_view *v, uint32_t i)
{
	return (const struct map_style *)(const void *)(v->base + sizeof(struct map_header)) + i;
}

/* Return: the place behind it. */
static inline char *map_put_text(char *to, const void *text, size_t len)
{
	map_take(to, text, len);
	to[len] = '\0';
	return to + len + 1;
}

static inline bool map_styled_text(const struct map_view *v, const struct map_user_slot *u, uint32_t style,
				   struct map_user_text *ret)
{
	const struct map_style *s;
	size_t before_name;
	char *p = ret->text;

	if (style > v->h.n_styles)
		return false;
	s = map_style_at(v, style - 1);
	ret->name_len = map_once(u->name_len);
	ret->gecos_len = map_once(u->gecos_len);
	ret->shell_len = map_once(s->shell_len);
	before_name = map_once(s->home_len);
	if (!map_name_is_possible(ret->name_len) || ret->name_len + ret->gecos_len + 2 > MAP_INLINE_TEXT ||
	    before_name > MAP_STYLE_HOME_MAX || ret->shell_len > MAP_STYLE_SHELL_MAX)
		return false;
	ret->home_len = before_name + ret->name_len;
	p = map_put_text(p, u->text, ret->name_len);
	p = map_put_text(p, u->text + ret->name_len + 1, ret->gecos_len);
	map_take(p, s->home, before_name);
	p = map_put_text(p + before_name, u->text, ret->name_len);
	(void)map_put_text(p, s->shell, ret->shell_len);
	return true;
}

static inline bool map_apart_text(const struct map_view *v, const struct map_user_slot *u, struct map_user_text *ret)
{
	const unsigned char *from;
	char *p = ret->text;

	ret->name_len = map_once(u->name_len);
	ret->gecos_len = map_once(u->gecos_len);
	ret->home_len = map_once(u->apart.home_len);
	ret->shell_len = map_once(u->apart.shell_len);
	if (!map_name_is_possible(ret->name_len) || ret->gecos_len > MAP_GECOS_MAX || ret->home_len > MAP_HOME_MAX ||
	    ret->shell_len > MAP_SHELL_MAX)
		return false;
	from = map_view_data(v, map_load32(&u->apart.at),
			     ret->name_len + ret->gecos_len + ret->home_len + ret->shell_len + 4);
	if (from == NULL)
		return false;
	p = map_put_text(p, from, ret->name_len);
	from += ret->name_len + 1;
	p = map_put_text(p, from, ret->gecos_len);
	from += ret->gecos_len + 1;
	p = map_put_text(p, from, ret->home_len);
	from += ret->home_len + 1;
	(void)map_put_text(p, from, ret->shell_len);
	return true;
}

/** map_view_user_text() - the text of a slot, which may lie in the map; every NUL is put, not taken from there
 *  Return: true, or false where the slot lies. */
static inline bool map_view_user_text(const struct map_view *v, const struct map_user_slot *u,
				      struct map_user_text *ret)
{
	uint32_t style = map_once(u->style);

	if (!(style != 0 ? map_styled_text(v, u, style, ret) : map_apart_text(v, u, ret)))
		return false;
	ret->len = ret->name_len + ret->gecos_len + ret->home_len + ret->shell_len + 4;
	return true;
}

/** map_view_user_groups() - the gids of a user, @ret_n of them, not aligned; NULL for none or where the slot lies. Reads
 *  nothing of @u but where they are. */
MAP_INLINE const unsigned char *map_view_user_groups(const struct map_view *v, const struct map_user_slot *u,
						     uint32_t *ret_n)
{
	uint32_t at = map_load32(&u->groups);
	const unsigned char *p = at != 0 ? map_view_data(v, at, sizeof(uint32_t)) : NULL;
	uint32_t n;

	if (p == NULL)
		return NULL;
	n = map_load32(p);
	if (n == 0 || n > MAP_USER_GROUPS_MAX)
		return NULL;
	p = map_view_data(v, at, (uint64_t)(n + 1) * sizeof(uint32_t));
	if (p == NULL)
		return NULL;
	*ret_n = n;
	return p + sizeof(uint32_t);
}

/** map_view_group_members() - n_members lengths and behind them members_len bytes of names with their NULs; NULL for
 *  none or where the slot lies */
static inline const unsigned char *map_view_group_members(const struct map_view *v, const struct map_group_slot *g)
{
	if (g->members == 0 || g->n_members == 0)
		return NULL;
	return map_view_data(v, g->members, (uint64_t)g->n_members + g->members_len);
}
