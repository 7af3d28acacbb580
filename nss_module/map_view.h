/* SPDX-License-Identifier: MIT */
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "nss_module/map_format.h"

/*
 * Lookups over the bytes of a map, checked at every step: whatever the bytes are, nothing outside them is read. In a
 * header since modules and programs of different layers share it, and since a lookup should be one function.
 *
 * The bytes may be exchanged for those of another map at any moment (nss_module/map_reader.h), so each value is
 * copied once, then checked, then used; it is never read a second time.
 */

/* The steps of a lookup by name or id: apart, each would get its values through memory. */
#define MAP_INLINE static inline __attribute__((__always_inline__))

struct map_view {
	const unsigned char *base;
	struct map_header h; /* checked copy; h.file_size is the length of base */
};

/* Keeps the compiler from reading the source of a copy again. */
static inline void map_take(void *to, const void *from, size_t len)
{
	memcpy(to, from, len);
	__asm__ volatile("" ::: "memory");
}

/* Keeps the compiler from making a value anew from where it came. */
static inline uint32_t map_once(uint32_t value)
{
	__asm__ volatile("" : "+r"(value));
	return value;
}

static inline uint32_t map_load32(const void *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return map_once(value);
}

static inline uint64_t map_load64(const void *p)
{
	uint64_t value;

	memcpy(&value, p, sizeof(value));
	__asm__ volatile("" : "+r"(value));
	return value;
}

static inline uint64_t map_mix(uint64_t h)
{
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	return h;
}

static inline uint64_t map_word(const void *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* Up to 7 bytes, the first one lowest, without a step for each: the parts overlap where they say the same. */
MAP_INLINE uint64_t map_last_word(const unsigned char *p, size_t len)
{
	uint32_t low;
	uint32_t high;

	if (len >= 4) {
		memcpy(&low, p, 4);
		memcpy(&high, p + (len - 4), 4);
		return le32toh(low) | (uint64_t)le32toh(high) << (8 * (len - 4));
	}
	if (len == 0)
		return 0;
	return p[0] | (uint64_t)p[len / 2] << (8 * (len / 2)) | (uint64_t)p[len - 1] << (8 * (len - 1));
}

/** map_hash_bytes() - keyed hash of a short text; never 0, which marks an empty slot */
static inline uint32_t map_hash_bytes(uint64_t seed, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	const unsigned char *end = p + len;
	uint64_t h = seed ^ (len * UINT64_C(0x9e3779b97f4a7c15));
	uint32_t r;

	if (len < 8) {
		h ^= map_last_word(p, len);
	} else {
		/* The last word overlaps the one before instead of being a part of one. */
		for (; end - p > 8; p += 8)
			h = map_mix(h ^ map_word(p));
		h ^= map_word(end - 8);
	}
	r = (uint32_t)(map_mix(h) >> 16);
	return r != 0 ? r : 1;
}

static inline uint32_t map_hash_id(uint64_t seed, uint32_t id)
{
	return (uint32_t)(map_mix(seed ^ id) >> 16);
}

static inline uint32_t map_home_slot(uint32_t hash, uint32_t n_slots)
{
	return (uint32_t)(((uint64_t)hash * n_slots) >> 32);
}

/* What marks a slot beside the table; never 0. From other bits than the home. */
static inline uint8_t map_tag(uint32_t hash)
{
	uint8_t tag = (uint8_t)hash;

	return tag != 0 ? tag : 1;
}

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

/* The ids that an answer may carry, but for 65534 and 65535. */
struct map_ids {
	uint32_t min;
	uint32_t max;
};

static inline struct map_ids map_ids_of(const struct map_header *h)
{
	return (struct map_ids){
		.min = h->uid_min > MAP_ID_FLOOR ? h->uid_min : MAP_ID_FLOOR,
		.max = h->uid_max < UINT32_MAX ? h->uid_max : UINT32_MAX - 1,
	};
}

static inline bool map_ids_hold(struct map_ids ids, uint32_t id)
{
	return id >= ids.min && id <= ids.max && (id | 1) != 65535;
}

/** map_id_is_ours() - may an answer carry this id at all */
static inline bool map_id_is_ours(const struct map_header *h, uint32_t id)
{
	return map_ids_hold(map_ids_of(h), id);
}

/* Does a table of n slots stand exactly at @offset; moves it on to the end. */
static inline bool map_table_fits(const struct map_header *h, uint64_t *offset, uint32_t at, uint32_t n, size_t each)
{
	if (at != *offset || n == 0)
		return false;
	*offset += (uint64_t)n * each;
	return *offset <= h->file_size;
}

/** map_header_is_valid() - everything that can be said without reading further: the tables lie one after the other */
static inline bool map_header_is_valid(const struct map_header *h, size_t size)
{
	uint64_t offset = sizeof(*h);

	if (h->magic != MAP_MAGIC || h->version != MAP_VERSION || h->file_size != size || size > MAP_MAX_BYTES ||
	    h->checksum != map_checksum(h))
		return false;
	return h->n_users < h->user_slots && h->n_users < h->uid_slots && h->n_groups < h->group_slots &&
	       h->n_groups < h->gid_slots &&
	       map_table_fits(h, &offset, h->users, h->user_slots, sizeof(struct map_user_slot)) &&
	       map_table_fits(h, &offset, h->groups, h->group_slots, sizeof(struct map_group_slot)) &&
	       map_table_fits(h, &offset, h->uids, h->uid_slots, sizeof(struct map_id_slot)) &&
	       map_table_fits(h, &offset, h->gids, h->gid_slots, sizeof(struct map_id_slot)) &&
	       map_table_fits(h, &offset, h->user_tags, h->user_slots, 1) &&
	       map_table_fits(h, &offset, h->group_tags, h->group_slots, 1) && h->data == offset &&
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
	return true;
}

/** map_view_data() - @len bytes of the data part at @offset; NULL where they are not all inside */
static inline const unsigned char *map_view_data(const struct map_view *v, uint32_t offset, uint64_t len)
{
	if (offset < v->h.data || len > v->h.data_size || offset - v->h.data > v->h.data_size - len)
		return NULL;
	return v->base + offset;
}

/* The slot @i, which must be below h.user_slots, where it lies: each of its values may be read once. */
static inline const struct map_user_slot *map_user_at(const struct map_view *v, uint32_t i)
{
	return (const struct map_user_slot *)(const void *)(v->base + v->h.users) + i;
}

static inline const struct map_group_slot *map_group_at(const struct map_view *v, uint32_t i)
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

/* Are @len bytes the same. Only for short texts: a call costs more than the comparison. */
MAP_INLINE bool map_same_text(const void *a, const void *b, size_t len)
{
	const unsigned char *p = a;
	const unsigned char *q = b;
	const unsigned char *end = p + len;

	if (len < 8)
		return map_last_word(p, len) == map_last_word(q, len);
	for (; end - p > 8; p += 8, q += 8) {
		if (map_word(p) != map_word(q))
			return false;
	}
	return map_word(end - 8) == map_word(q + (end - p) - 8);
}

/* The top bits of the bytes of @word that are 0. Above the lowest one, a byte that is 1 may show too. */
static inline uint64_t map_zero_bytes(uint64_t word)
{
	return (word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080);
}

/* Where a table of names stands, and what is looked for in it. */
struct map_search {
	const unsigned char *table;
	const unsigned char *tags;
	uint32_t n_slots;
	uint32_t hash; /* comes first in every slot */
	size_t each;
	size_t len_at;
	size_t name_at;
	const char *name;
	size_t len;
};

MAP_INLINE bool map_slot_is(const struct map_search *s, uint32_t i)
{
	const unsigned char *slot = s->table + (size_t)i * s->each;

	return map_load32(slot) == s->hash && slot[s->len_at] == s->len &&
	       map_same_text(slot + s->name_at, s->name, s->len);
}

/* The slot that is looked for, or -1. Looks at eight tags at once where as many follow. */
MAP_INLINE int64_t map_find_name(const struct map_search *s)
{
	const uint64_t tag = map_tag(s->hash);
	uint32_t i = map_home_slot(s->hash, s->n_slots);
	uint32_t step = 0;

	for (uint32_t probes = 0; probes < s->n_slots && probes < MAP_PROBE_MAX; probes += step) {
		bool is_last = s->n_slots - i < 8;
		uint64_t word = is_last ? map_once(s->tags[i]) | ~UINT64_C(0xff) : le64toh(map_load64(s->tags + i));
		uint64_t empty = map_zero_bytes(word);
		uint64_t same = map_zero_bytes(word ^ (is_last ? tag : tag * UINT64_C(0x0101010101010101)));

		step = is_last ? 1 : 8;
		/* What stands behind an empty slot was never put there. */
		for (same &= (empty & -empty) - 1; same != 0; same &= same - 1) {
			uint32_t at = i + (uint32_t)__builtin_ctzll(same) / 8;

			if (map_slot_is(s, at))
				return at;
		}
		if (empty != 0)
			return -1;
		i = i + step < s->n_slots ? i + step : 0;
	}
	return -1;
}

/* The slot number that the table at @table notes for @id, or -1. */
MAP_INLINE int64_t map_find_id(const struct map_view *v, const unsigned char *table, uint32_t n_slots, uint32_t id)
{
	uint32_t i = map_home_slot(map_hash_id(v->h.seed, id), n_slots);

	for (uint32_t probes = 0; id != 0 && probes < n_slots && probes < MAP_PROBE_MAX; probes++) {
		const struct map_id_slot *slot = (const struct map_id_slot *)(const void *)table + i;
		uint32_t found = map_load32(&slot->id);

		if (found == 0)
			return -1;
		if (found == id)
			return map_load32(&slot->slot);
		if (++i == n_slots)
			i = 0;
	}
	return -1;
}

/* Places of the slots of a name with its hash, or of an id, or -1: what lies there is still to be read. */
MAP_INLINE int64_t map_place_of_user(const struct map_view *v, const char *name, size_t len, uint32_t hash)
{
	struct map_search search;

	if (len == 0 || len > MAP_NAME_MAX)
		return -1;
	search = (struct map_search){
		.table = v->base + v->h.users,
		.tags = v->base + v->h.user_tags,
		.n_slots = v->h.user_slots,
		.hash = hash,
		.each = sizeof(struct map_user_slot),
		.len_at = offsetof(struct map_user_slot, name_len),
		.name_at = offsetof(struct map_user_slot, inline_text),
		.name = name,
		.len = len,
	};
	return map_find_name(&search);
}

MAP_INLINE int64_t map_place_of_group(const struct map_view *v, const char *name, size_t len, uint32_t hash)
{
	struct map_search search;

	if (len == 0 || len > MAP_NAME_MAX)
		return -1;
	search = (struct map_search){
		.table = v->base + v->h.groups,
		.tags = v->base + v->h.group_tags,
		.n_slots = v->h.group_slots,
		.hash = hash,
		.each = sizeof(struct map_group_slot),
		.len_at = offsetof(struct map_group_slot, name_len),
		.name_at = offsetof(struct map_group_slot, name),
		.name = name,
		.len = len,
	};
	return map_find_name(&search);
}

MAP_INLINE int64_t map_place_of_uid(const struct map_view *v, uint32_t uid)
{
	int64_t i = map_find_id(v, v->base + v->h.uids, v->h.uid_slots, uid);

	return i < v->h.user_slots ? i : -1;
}

MAP_INLINE int64_t map_place_of_gid(const struct map_view *v, uint32_t gid)
{
	int64_t i = map_find_id(v, v->base + v->h.gids, v->h.gid_slots, gid);

	return i < v->h.group_slots ? i : -1;
}

/** map_view_find_user() - Return: number of the slot, copied to @ret, or -1 */
static inline int64_t map_view_find_user(const struct map_view *v, const char *name, size_t len,
					 struct map_user_slot *ret)
{
	int64_t i = map_place_of_user(v, name, len, map_hash_bytes(v->h.seed, name, len));

	if (i >= 0)
		map_view_user(v, (uint32_t)i, ret);
	return i;
}

static inline int64_t map_view_find_group(const struct map_view *v, const char *name, size_t len,
					  struct map_group_slot *ret)
{
	int64_t i = map_place_of_group(v, name, len, map_hash_bytes(v->h.seed, name, len));

	if (i >= 0)
		map_view_group(v, (uint32_t)i, ret);
	return i;
}

/** map_view_find_uid() - Return: number of the slot, copied to @ret, or -1 */
static inline int64_t map_view_find_uid(const struct map_view *v, uint32_t uid, struct map_user_slot *ret)
{
	int64_t i = map_place_of_uid(v, uid);

	if (i < 0)
		return -1;
	map_view_user(v, (uint32_t)i, ret);
	return ret->hash != 0 && ret->uid == uid ? i : -1;
}

static inline int64_t map_view_find_gid(const struct map_view *v, uint32_t gid, struct map_group_slot *ret)
{
	int64_t i = map_place_of_gid(v, gid);

	if (i < 0)
		return -1;
	map_view_group(v, (uint32_t)i, ret);
	return ret->hash != 0 && ret->gid == gid ? i : -1;
}

static inline size_t map_user_text_len(const struct map_user_slot *u)
{
	return (size_t)u->name_len + u->gecos_len + u->home_len + u->shell_len + 4;
}

/* A user's values, read once from a slot that may lie in the map; the text is still where it was. */
struct map_user_values {
	uint32_t hash;
	uint32_t uid;
	uint32_t gid;
	uint32_t text;
	uint32_t groups;
	uint32_t flags;
	size_t name_len;
	size_t gecos_len;
	size_t home_len;
	size_t shell_len;
	const char *inline_text; /* MAP_INLINE_TEXT bytes */
};

MAP_INLINE struct map_user_values map_user_values(const struct map_user_slot *u)
{
	return (struct map_user_values){
		.hash = map_load32(&u->hash),
		.uid = map_load32(&u->uid),
		.gid = map_load32(&u->gid),
		.text = map_load32(&u->text),
		.groups = map_load32(&u->groups),
		.flags = map_once(u->flags),
		.name_len = map_once(u->name_len),
		.gecos_len = map_once(u->gecos_len),
		.home_len = map_once(u->home_len),
		.shell_len = map_once(u->shell_len),
		.inline_text = u->inline_text,
	};
}

/** map_values_text() - name, gecos, home and shell with their NULs, @ret_len bytes; NULL where the slot lies. The NULs
 *  themselves are not looked at. */
MAP_INLINE const void *map_values_text(const struct map_view *v, const struct map_user_values *u, size_t *ret_len)
{
	size_t len = u->name_len + u->gecos_len + u->home_len + u->shell_len + 4;

	*ret_len = len;
	if (u->name_len == 0 || u->name_len > MAP_NAME_MAX)
		return NULL;
	if (u->text != 0)
		return map_view_data(v, u->text, len);
	return len <= MAP_INLINE_TEXT ? u->inline_text : NULL;
}

/** map_view_user_text() - map_values_text() of a copied slot, map_user_text_len() bytes; may point into @u */
static inline const void *map_view_user_text(const struct map_view *v, const struct map_user_slot *u)
{
	struct map_user_values values = map_user_values(u);
	size_t len;

	return map_values_text(v, &values, &len);
}

/** map_view_user_groups() - the gids of a user, @ret_n of them, not aligned; NULL for none or where the slot lies. Reads
 *  nothing of @u but where they are. */
static inline const unsigned char *map_view_user_groups(const struct map_view *v, const struct map_user_slot *u,
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
