/* SPDX-License-Identifier: MIT */
/* Lays out the tables and the data part of a map from the records that its writer has collected. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "helper/accounts/map_writer_internal.h"
#include "nss_module/map_hash.h"
#include "nss_module/map_local.h"
#include "nss_module/map_view.h"

#define PAGE_BYTES ((uintptr_t)4096)
#define LARGE_BYTES ((size_t)4 << 20) /* comes from the kernel, fresh and by itself */
#define FEW_GROUPS 1000u

static bool user_has_private_group(const struct map_writer *w, const struct user_record *u)
{
	return !u->is_local && u->gid == u->uid && (w->n_groups == 0 || !writer_has_gid(w, u->gid));
}

static int private_groups_check(const struct map_writer *w)
{
	for (size_t i = 0; w->n_groups != 0 && i < w->n_users; i++) {
		const struct user_record *u = &w->users[i];

		if (user_has_private_group(w, u) && writer_has_group_name(w, u->text, u->name_len, u->hash))
			return -EEXIST;
	}
	return 0;
}

/* --- members ------------------------------------------------------------------------------------------------------ */

static int member_count(struct user_record *u, uint32_t mark)
{
	if (u->last_group == mark)
		return -EEXIST;
	u->last_group = mark;
	u->n_groups++;
	return u->n_groups <= MAP_USER_GROUPS_MAX ? 0 : -E2BIG;
}

/* Who the members of a group are; counts their groups. */
static int members_find(struct map_writer *w, struct group_record *g)
{
	const char *name = g->members;
	int r = 0;

	if (g->n_members == 0 || g->numbers != NULL)
		return 0;
	g->numbers = calloc(g->n_members, sizeof(*g->numbers));
	if (g->numbers == NULL)
		return -ENOMEM;
	for (uint32_t m = 0; r == 0 && m < g->n_members; m++) {
		size_t len = strlen(name);
		int64_t found = writer_find_user(w, name, len);

		if (found < 0)
			return -EINVAL;
		g->numbers[m] = (uint32_t)found;
		r = member_count(&w->users[found], (uint32_t)(g - w->groups) + 1);
		name += len + 1;
	}
	return r;
}

static int members_count(struct map_writer *w)
{
	int r = 0;

	for (size_t i = 0; i < w->n_groups; i++) {
		free(w->groups[i].numbers);
		w->groups[i].numbers = NULL;
	}
	for (size_t i = 0; r == 0 && i < w->n_groups; i++)
		r = members_find(w, &w->groups[i]);
	return r;
}

/* Each user's gids, in the order of the groups. */
static void members_fill(const struct map_writer *w, unsigned char *file)
{
	for (size_t i = 0; i < w->n_groups; i++) {
		const struct group_record *g = &w->groups[i];

		for (uint32_t m = 0; m < g->n_members; m++) {
			unsigned char *list = file + w->users[g->numbers[m]].groups;
			uint32_t n;

			memcpy(&n, list, sizeof(n));
			n++;
			memcpy(list + n * sizeof(n), &g->gid, sizeof(g->gid));
			memcpy(list, &n, sizeof(n));
		}
	}
}

/* --- where everything will stand ---------------------------------------------------------------------------------- */

/* Half full: few buckets are, so that a search mostly ends where it begins. */
static uint32_t slots_for(size_t n)
{
	return (uint32_t)(n * 2 + MAP_BUCKET) / MAP_BUCKET * MAP_BUCKET;
}

/* Groups are mostly few, and mostly what is looked for is none of them: it shall meet an empty place at once. */
static uint32_t group_slots_for(size_t n)
{
	return slots_for(n <= FEW_GROUPS ? n * 2 : n);
}

/* A multiple of 4 bytes times 2: the gids that follow the tags stay aligned. */
static uint32_t entries_for(size_t n, bool is_few)
{
	return (uint32_t)(is_few ? n * 8 : n * 5 / 2) / 2 * 2 + 8;
}

static bool is_apart(const struct user_record *u)
{
	return !u->is_local && u->style == 0;
}

static size_t user_text_len(const struct user_record *u)
{
	return (size_t)u->name_len + u->gecos_len + u->home_len + u->shell_len + 4;
}

static uint32_t take(uint64_t *at, uint64_t bytes)
{
	uint64_t here = *at;

	*at += bytes;
	return (uint32_t)here;
}

/* Bytes of the data part. The gids come first in it, so they stay aligned; where each user's stand is noted. */
static int data_layout(struct map_writer *w, uint64_t *at)
{
	for (size_t i = 0; i < w->n_users; i++) {
		struct user_record *u = &w->users[i];

		u->groups = u->n_groups != 0 ? take(at, (uint64_t)(u->n_groups + 1) * sizeof(uint32_t)) : 0;
		if (*at > MAP_MAX_BYTES)
			return -E2BIG;
	}
	for (size_t i = 0; i < w->n_users; i++)
		*at += is_apart(&w->users[i]) ? user_text_len(&w->users[i]) : 0;
	for (size_t i = 0; i < w->n_groups; i++)
		*at += (uint64_t)w->groups[i].n_members + w->groups[i].members_len;
	return w->local_size <= MAP_LOCAL_MAX_BYTES && *at + w->local_size <= MAP_MAX_BYTES ? 0 : -E2BIG;
}

static int layout(struct map_writer *w, struct map_header *h)
{
	uint64_t at = sizeof(*h) + w->n_styles * sizeof(struct map_style);
	int r;

	*h = (struct map_header){
		.magic = MAP_MAGIC,
		.version = MAP_VERSION,
		.uid_min = MAP_ID_FLOOR,
		.uid_max = UINT32_MAX - 1,
		.range_min = MAP_ID_FLOOR,
		.range_max = UINT32_MAX - 1,
		.n_users = (uint32_t)w->n_users,
		.n_groups = (uint32_t)w->n_groups,
		.n_styles = w->n_styles,
		.user_slots = slots_for(w->n_users),
		.group_slots = group_slots_for(w->n_groups),
		.uid_slots = entries_for(w->n_users, false),
		.gid_slots = entries_for(w->n_groups, w->n_groups <= FEW_GROUPS),
	};
	h->users = take(&at, (uint64_t)h->user_slots * sizeof(struct map_user_slot));
	h->groups = take(&at, (uint64_t)h->group_slots * sizeof(struct map_group_slot));
	h->uids = take(&at, (uint64_t)h->uid_slots * sizeof(uint32_t));
	h->gids = take(&at, (uint64_t)h->gid_slots * sizeof(uint32_t));
	h->user_tags = take(&at, h->user_slots);
	h->group_tags = take(&at, h->group_slots);
	h->data = (uint32_t)at;
	r = data_layout(w, &at);
	if (r < 0)
		return r;
	h->data_size = (uint32_t)(at - h->data);
	h->local = (uint32_t)at;
	h->local_size = (uint32_t)w->local_size;
	h->file_size = at + w->local_size;
	return 0;
}

/* --- filling in --------------------------------------------------------------------------------------------------- */

/* The first empty slot on the way of @hash, marked as taken; -1 after MAP_PROBE_MAX buckets. */
static int64_t take_slot(unsigned char *tags, uint32_t n_slots, uint32_t hash)
{
	const uint32_t n_buckets = n_slots / MAP_BUCKET;
	uint32_t bucket = map_home(hash, n_buckets);

	for (uint32_t probes = 0; probes < MAP_PROBE_MAX; probes++) {
		uint64_t empty = map_zero_bytes(le64toh(map_word(tags + (size_t)bucket * MAP_BUCKET)));

		if (empty != 0) {
			uint32_t i = bucket * MAP_BUCKET + (uint32_t)__builtin_ctzll(empty) / 8;

			tags[i] = map_tag(hash);
			return i;
		}
		bucket = bucket + 1 < n_buckets ? bucket + 1 : 0;
	}
	return -1;
}

static bool put_id(unsigned char *entries, uint32_t n_entries, uint64_t seed, uint32_t id, uint32_t slot)
{
	const uint32_t hash = map_hash_id(seed, id);
	const uint32_t entry = map_entry_tag(hash) | slot;
	uint32_t at = map_home(hash, n_entries);

	for (uint32_t probes = 0; probes < MAP_PROBE_MAX * MAP_BUCKET; probes++) {
		unsigned char *p = entries + (size_t)at * sizeof(entry);

		if (map_load32(p) == 0) {
			memcpy(p, &entry, sizeof(entry));
			return true;
		}
		at = at + 1 < n_entries ? at + 1 : 0;
	}
	return false;
}

static uint32_t name_hash(const struct map_writer *w, const struct map_header *h, const char *name, size_t len,
			  uint32_t hash)
{
	return h->seed == w->seed ? hash : map_hash_name(h->seed, name, len);
}

static bool put_user(const struct map_writer *w, const struct map_header *h, unsigned char *file, uint32_t *data,
		     const struct user_record *u)
{
	struct map_user_slot s = {
		.uid = u->uid,
		.gid = u->gid,
		.groups = u->groups,
		.flags = u->is_local                    ? MAP_USER_LOCAL_ACCOUNT
			 : user_has_private_group(w, u) ? MAP_USER_PRIVATE_GROUP
							: 0,
		.name_len = u->name_len,
		.gecos_len = u->gecos_len,
		.style = u->style,
	};
	uint32_t hash = name_hash(w, h, u->text, u->name_len, u->hash);
	int64_t i = take_slot(file + h->user_tags, h->user_slots, hash);

	if (i < 0)
		return false;
	if (u->style != 0) {
		memcpy(s.text, u->text, (size_t)u->name_len + u->gecos_len + 2);
	} else {
		memcpy(s.apart.name, u->text, u->name_len);
		s.apart.home_len = u->home_len;
		s.apart.shell_len = u->shell_len;
	}
	if (is_apart(u)) {
		memcpy(file + *data, u->text, user_text_len(u));
		s.apart.at = *data;
		*data += (uint32_t)user_text_len(u);
	}
	memcpy(file + h->users + (size_t)i * sizeof(s), &s, sizeof(s));
	return put_id(file + h->uids, h->uid_slots, h->seed, u->uid, (uint32_t)i);
}

static void put_members(const struct group_record *g, unsigned char *to)
{
	const char *name = g->members;

	for (uint32_t m = 0; m < g->n_members; m++) {
		size_t len = strlen(name);

		to[m] = (unsigned char)len;
		name += len + 1;
	}
	memcpy(to + g->n_members, g->members, g->members_len);
}

static bool put_group(const struct map_writer *w, const struct map_header *h, unsigned char *file, uint32_t *data,
		      const struct group_record *g)
{
	struct map_group_slot s = {
		.gid = g->gid,
		.n_members = g->n_members,
		.members_len = g->members_len,
		.name_len = g->name_len,
	};
	uint32_t hash = name_hash(w, h, g->name, g->name_len, g->hash);
	int64_t i = take_slot(file + h->group_tags, h->group_slots, hash);

	if (i < 0)
		return false;
	memcpy(s.name, g->name, g->name_len);
	if (g->n_members != 0) {
		s.members = *data;
		put_members(g, file + *data);
		*data += g->n_members + g->members_len;
	}
	memcpy(file + h->groups + (size_t)i * sizeof(s), &s, sizeof(s));
	return put_id(file + h->gids, h->gid_slots, h->seed, g->gid, (uint32_t)i);
}

/* Fills zeroed memory of h->file_size. Return: true, or false where the seed makes a lookup too long. */
static bool fill(const struct map_writer *w, struct map_header *h, unsigned char *file)
{
	uint32_t data = h->data;

	memcpy(file + sizeof(*h), w->styles, w->n_styles * sizeof(w->styles[0]));
	for (size_t i = 0; i < w->n_users; i++)
		data += w->users[i].n_groups != 0 ? (w->users[i].n_groups + 1) * (uint32_t)sizeof(uint32_t) : 0;
	for (size_t i = 0; i < w->n_users; i++) {
		if (!put_user(w, h, file, &data, &w->users[i]))
			return false;
	}
	for (size_t i = 0; i < w->n_groups; i++) {
		if (!put_group(w, h, file, &data, &w->groups[i]))
			return false;
	}
	members_fill(w, file);
	if (w->local_size != 0)
		memcpy(file + h->local, w->local, w->local_size);
	h->checksum = map_checksum(h);
	memcpy(file, h, sizeof(*h));
	return true;
}

/* Zeroed. Records go anywhere in it, so that small pages would cost more than the records. */
static unsigned char *file_memory(size_t size)
{
	unsigned char *file = calloc(1, size);
	uintptr_t skip = -(uintptr_t)file % PAGE_BYTES;

	if (file != NULL && size >= LARGE_BYTES)
		(void)madvise(file + skip, size - skip, MADV_HUGEPAGE);
	return file;
}

int map_writer_finish(struct map_writer *w, void **ret, size_t *ret_len)
{
	struct map_header h = {.magic = 0};
	unsigned char *file;
	int r;

	for (size_t i = 0; i < w->n_users; i++) {
		w->users[i].n_groups = 0;
		w->users[i].last_group = 0;
	}
	r = private_groups_check(w);
	if (r == 0)
		r = members_count(w);
	if (r == 0)
		r = layout(w, &h);
	if (r != 0)
		return r;
	/* One seed in very many makes a table with a long run; three in a row do not happen. */
	for (uint64_t attempt = 0; attempt < 3; attempt++) {
		file = file_memory(h.file_size);
		if (file == NULL)
			return -ENOMEM;
		h.seed = attempt == 0 ? w->seed : map_mix(w->seed + attempt);
		if (fill(w, &h, file)) {
			*ret = file;
			*ret_len = h.file_size;
			return 0;
		}
		free(file);
	}
	return -E2BIG;
}
