/* SPDX-License-Identifier: MIT */
#pragma once

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

static inline uint64_t map_mix(uint64_t h)
{
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	return h;
}

/** map_hash_bytes() - keyed hash of a short text; never 0, which marks an empty slot */
static inline uint32_t map_hash_bytes(uint64_t seed, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	uint64_t h = seed ^ (len * UINT64_C(0x9e3779b97f4a7c15));
	uint64_t word;
	uint32_t r;

	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&word, p, 8);
		h = map_mix(h ^ word);
	}
	word = 0;
	for (size_t i = 0; i < len; i++)
		word |= (uint64_t)p[i] << (8 * i);
	r = (uint32_t)(map_mix(h ^ word) >> 16);
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

/** map_id_is_ours() - may an answer carry this id at all */
static inline bool map_id_is_ours(const struct map_header *h, uint32_t id)
{
	return id >= MAP_ID_FLOOR && id != 65534 && id != 65535 && id != UINT32_MAX && id >= h->uid_min &&
	       id <= h->uid_max;
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
	       map_table_fits(h, &offset, h->gids, h->gid_slots, sizeof(struct map_id_slot)) && h->data == offset &&
	       h->file_size - offset == h->data_size;
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

/** map_view_user() - copy of the slot @i, which must be below h.user_slots */
static inline void map_view_user(const struct map_view *v, uint32_t i, struct map_user_slot *ret)
{
	map_take(ret, v->base + v->h.users + (size_t)i * sizeof(*ret), sizeof(*ret));
}

static inline void map_view_group(const struct map_view *v, uint32_t i, struct map_group_slot *ret)
{
	map_take(ret, v->base + v->h.groups + (size_t)i * sizeof(*ret), sizeof(*ret));
}

/* The slot of the table at @table that holds @hash and then a name as given, or -1. The hash comes first in every
 * slot, and the name is at @name_at, its length at @len_at. */
static inline int64_t map_find_name(const struct map_view *v, const unsigned char *table, uint32_t n_slots, size_t each,
				    size_t len_at, size_t name_at, const char *name, size_t len)
{
	uint32_t hash = map_hash_bytes(v->h.seed, name, len);
	uint32_t i = map_home_slot(hash, n_slots);
	uint32_t found;

	for (uint32_t probes = 0; probes < n_slots && probes < MAP_PROBE_MAX; probes++) {
		const unsigned char *slot = table + (size_t)i * each;

		map_take(&found, slot, sizeof(found));
		if (found == 0)
			return -1;
		if (found == hash && slot[len_at] == len && memcmp(slot + name_at, name, len) == 0)
			return i;
		if (++i == n_slots)
			i = 0;
	}
	return -1;
}

/* The slot number that the table at @table notes for @id, or -1. */
static inline int64_t map_find_id(const struct map_view *v, const unsigned char *table, uint32_t n_slots, uint32_t id)
{
	uint32_t i = map_home_slot(map_hash_id(v->h.seed, id), n_slots);
	struct map_id_slot found;

	for (uint32_t probes = 0; id != 0 && probes < n_slots && probes < MAP_PROBE_MAX; probes++) {
		map_take(&found, table + (size_t)i * sizeof(found), sizeof(found));
		if (found.id == 0)
			return -1;
		if (found.id == id)
			return found.slot;
		if (++i == n_slots)
			i = 0;
	}
	return -1;
}

/** map_view_find_user() - Return: number of the slot, copied to @ret, or -1 */
static inline int64_t map_view_find_user(const struct map_view *v, const char *name, size_t len,
					 struct map_user_slot *ret)
{
	int64_t i;

	if (len == 0 || len > MAP_NAME_MAX)
		return -1;
	i = map_find_name(v, v->base + v->h.users, v->h.user_slots, sizeof(*ret),
			  offsetof(struct map_user_slot, name_len), offsetof(struct map_user_slot, inline_text), name,
			  len);
	if (i >= 0)
		map_view_user(v, (uint32_t)i, ret);
	return i;
}

static inline int64_t map_view_find_group(const struct map_view *v, const char *name, size_t len,
					  struct map_group_slot *ret)
{
	int64_t i;

	if (len == 0 || len > MAP_NAME_MAX)
		return -1;
	i = map_find_name(v, v->base + v->h.groups, v->h.group_slots, sizeof(*ret),
			  offsetof(struct map_group_slot, name_len), offsetof(struct map_group_slot, name), name, len);
	if (i >= 0)
		map_view_group(v, (uint32_t)i, ret);
	return i;
}

/** map_view_find_uid() - Return: number of the slot, copied to @ret, or -1 */
static inline int64_t map_view_find_uid(const struct map_view *v, uint32_t uid, struct map_user_slot *ret)
{
	int64_t i = map_find_id(v, v->base + v->h.uids, v->h.uid_slots, uid);

	if (i < 0 || i >= v->h.user_slots)
		return -1;
	map_view_user(v, (uint32_t)i, ret);
	return ret->hash != 0 && ret->uid == uid ? i : -1;
}

static inline int64_t map_view_find_gid(const struct map_view *v, uint32_t gid, struct map_group_slot *ret)
{
	int64_t i = map_find_id(v, v->base + v->h.gids, v->h.gid_slots, gid);

	if (i < 0 || i >= v->h.group_slots)
		return -1;
	map_view_group(v, (uint32_t)i, ret);
	return ret->hash != 0 && ret->gid == gid ? i : -1;
}

static inline size_t map_user_text_len(const struct map_user_slot *u)
{
	return (size_t)u->name_len + u->gecos_len + u->home_len + u->shell_len + 4;
}

/** map_view_user_text() - name, gecos, home and shell with their NULs, map_user_text_len() bytes; NULL where the slot
 *  lies. The result may point into @u. The NULs themselves are not looked at. */
static inline const void *map_view_user_text(const struct map_view *v, const struct map_user_slot *u)
{
	size_t len = map_user_text_len(u);

	if (u->name_len == 0 || u->name_len > MAP_NAME_MAX)
		return NULL;
	if (u->text != 0)
		return map_view_data(v, u->text, len);
	return len <= sizeof(u->inline_text) ? u->inline_text : NULL;
}

/** map_view_user_groups() - the gids of a user, @ret_n of them, not aligned; NULL for none or where the slot lies */
static inline const unsigned char *map_view_user_groups(const struct map_view *v, const struct map_user_slot *u,
							uint32_t *ret_n)
{
	const unsigned char *p = u->groups != 0 ? map_view_data(v, u->groups, sizeof(uint32_t)) : NULL;
	uint32_t n;

	if (p == NULL)
		return NULL;
	map_take(&n, p, sizeof(n));
	if (n == 0 || n > MAP_USER_GROUPS_MAX)
		return NULL;
	p = map_view_data(v, u->groups, (uint64_t)(n + 1) * sizeof(uint32_t));
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
