/* SPDX-License-Identifier: MIT */
#pragma once

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "nss_module/map_view.h"

/*
 * One process's mapping of the published map, for all its threads at once.
 *
 * A lookup costs one load of the epoch's counter; it writes nothing, locks nothing and makes no system call. When the
 * counter has moved, one thread maps the new file over the old one, at the same address. A lookup that this overtakes
 * reads a mixture, which the checks of map_view.h make harmless, sees by the sequence number that it happened, and
 * starts again. So no mapping is ever taken from under a reader, none piles up, and nothing has to be counted. A
 * thread that comes while another one is exchanging the mapping does not wait: it uses a mapping of its own, once.
 */

/* What a lookup looks at of a struct map_view; the rest of the header was checked when the file was mapped. */
struct map_reader_view {
	_Atomic(const unsigned char *) base; /* NULL where there is no map */
	_Atomic uint64_t seed;
	_Atomic uint32_t id_min; /* of struct map_ids */
	_Atomic uint32_t id_max;
	_Atomic uint32_t n_styles;
	_Atomic uint32_t user_slots;
	_Atomic uint32_t group_slots;
	_Atomic uint32_t uid_slots;
	_Atomic uint32_t gid_slots;
	_Atomic uint32_t users;
	_Atomic uint32_t groups;
	_Atomic uint32_t uids;
	_Atomic uint32_t gids;
	_Atomic uint32_t user_tags;
	_Atomic uint32_t group_tags;
	_Atomic uint32_t data;
	_Atomic uint32_t data_size;
};

struct map_reader_page;

struct map_reader {
	const char *directory;
	uid_t owner;               /* of the folder and the files; others make them count as missing */
	_Atomic uint32_t sequence; /* odd while the mapping is being exchanged */
	_Atomic int absent;        /* why there is no map: 0 or a negative errno */
	_Atomic uint64_t opened_at;
	_Atomic(const struct map_epoch *) epoch; /* NULL until the first lookup that found one; then for ever */
	struct map_reader_view view;
	void *range; /* address space that holds the map, and its size */
	size_t range_size;
	size_t range_used;     /* bytes from its start where a file may be mapped; the others are blank */
	uint64_t epoch_device; /* which file is mapped as the epoch */
	uint64_t epoch_inode;
	_Atomic(struct map_reader_page *) page; /* forgotten by a forked child: it has no other thread */
};

#define MAP_READER_INIT(directory_, owner_)                                                                            \
	{                                                                                                              \
		.directory = (directory_), .owner = (owner_)                                                           \
	}

/* A lookup: runs on a view that may go bad meanwhile, then it is run again. It must only write what its caller does
 * not look at before the end. Returns what map_reader_ask() shall return, >= 0. */
typedef int (*map_reader_fn)(void *userdata, const struct map_view *v);

/**
 * map_reader_ask() - run a lookup on the map that is published now
 * Return: what @fn returned on an unchanged map; -ENOENT nothing was ever published; -EBADMSG or -EPERM the file is damaged
 * or could have been written by others; other negative errno (-EMFILE, -ENOMEM, ...): cannot say now. @errno is kept.
 */
int map_reader_ask(struct map_reader *r, map_reader_fn fn, void *userdata);

/* What a lookup looks at beside the seed and the ids. What it does not name is not there for it. */
enum map_part {
	MAP_PART_USERS = 1 << 0,
	MAP_PART_GROUPS = 1 << 1,
	MAP_PART_UIDS = 1 << 2,
	MAP_PART_GIDS = 1 << 3,
	MAP_PART_STYLES = 1 << 4,
	MAP_PART_DATA = 1 << 5,
	MAP_PART_ALL = (1 << 6) - 1,
};

MAP_INLINE uint32_t map_reader_value(const _Atomic uint32_t *value, bool is_wanted)
{
	return is_wanted ? atomic_load_explicit(value, memory_order_relaxed) : 0;
}

/* Value by value: a block that is stored and loaded again waits for itself. */
MAP_INLINE struct map_view map_reader_view(const struct map_reader_view *v, unsigned int parts)
{
	bool users = (parts & MAP_PART_USERS) != 0;
	bool groups = (parts & MAP_PART_GROUPS) != 0;
	bool uids = (parts & MAP_PART_UIDS) != 0;
	bool gids = (parts & MAP_PART_GIDS) != 0;
	bool data = (parts & MAP_PART_DATA) != 0;

	return (struct map_view){
		.base = atomic_load_explicit(&v->base, memory_order_relaxed),
		.ids =
			{
				.min = map_reader_value(&v->id_min, true),
				.max = map_reader_value(&v->id_max, true),
			},
		.h =
			{
				.seed = atomic_load_explicit(&v->seed, memory_order_relaxed),
				.n_styles = map_reader_value(&v->n_styles, (parts & MAP_PART_STYLES) != 0),
				.user_slots = map_reader_value(&v->user_slots, users),
				.group_slots = map_reader_value(&v->group_slots, groups),
				.uid_slots = map_reader_value(&v->uid_slots, uids),
				.gid_slots = map_reader_value(&v->gid_slots, gids),
				.users = map_reader_value(&v->users, users),
				.groups = map_reader_value(&v->groups, groups),
				.uids = map_reader_value(&v->uids, uids),
				.gids = map_reader_value(&v->gids, gids),
				.user_tags = map_reader_value(&v->user_tags, users),
				.group_tags = map_reader_value(&v->group_tags, groups),
				.data = map_reader_value(&v->data, data),
				.data_size = map_reader_value(&v->data_size, data),
			},
	};
}

/**
 * map_reader_try() - one attempt, all there is to do while nothing is published; in a header, since made one function
 * with @fn it costs half
 * @parts: of enum map_part, what @fn looks at.
 * Return: as map_reader_ask(), or where only that can tell: -EAGAIN to refresh, -ERESTART to try again.
 */
MAP_INLINE int map_reader_try(struct map_reader *r, unsigned int parts, map_reader_fn fn, void *userdata)
{
	const struct map_epoch *epoch = atomic_load_explicit(&r->epoch, memory_order_acquire);
	/* Of an odd one this is another number, which is not found again. */
	uint32_t sequence = atomic_load_explicit(&r->sequence, memory_order_acquire) & ~UINT32_C(1);
	struct map_view v;
	uint32_t now;
	bool is_current;
	int result;

	if (epoch == NULL)
		return -EAGAIN;
	is_current = atomic_load_explicit(&r->opened_at, memory_order_relaxed) ==
		     atomic_load_explicit(&epoch->counter, memory_order_acquire);
	v = map_reader_view(&r->view, parts);
	atomic_thread_fence(memory_order_acquire);
	now = atomic_load_explicit(&r->sequence, memory_order_relaxed);
	if (now != sequence)
		return (now & 1) != 0 ? -EAGAIN : -ERESTART;
	if (!is_current)
		return -EAGAIN;
	result = v.base != NULL ? fn(userdata, &v) : atomic_load_explicit(&r->absent, memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&r->sequence, memory_order_relaxed) == sequence ? result : -ERESTART;
}

/**
 * map_reader_open() - a mapping of its own for somebody who needs one unchanging map for long (an enumeration)
 * Return: 0, with @ret to be given to map_reader_close(), else as map_reader_ask().
 */
int map_reader_open(const struct map_reader *r, struct map_view *ret);
void map_reader_close(struct map_view *v);

/**
 * map_reader_enter() / map_reader_leave() - a short exclusive section among threads, never waited for
 * @which: 0 to 3. A forked child starts with all of them free.
 * Return: true if entered.
 */
bool map_reader_enter(struct map_reader *r, unsigned int which);
void map_reader_leave(struct map_reader *r, unsigned int which);
