/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/base/cleanup.h"

/* Makes the bytes of a map (nss_module/map_format.h) from records; used by the helper, by tests and benchmarks. */

struct map_user {
	const char *name;
	uint32_t uid;
	uint32_t gid;
	const char *gecos;
	const char *home;
	const char *shell;
	bool is_local; /* the mark of an account of /etc/passwd that an identity is bound to; the texts above are empty then */
};

struct map_group {
	const char *name;
	uint32_t gid;
	const char *const *members; /* NULL-terminated names of users; may be NULL */
};

struct map_writer;

int map_writer_new(struct map_writer **ret);
void map_writer_free(struct map_writer *w);
LK_DEFINE_CLEANUP(struct map_writer *, map_writer_free);

/* Return: 0, -EEXIST same name or id twice, or a group with the name of a user whose group has another number, -EINVAL a field that no passwd line could hold, -E2BIG, -ENOMEM. A user's
 * private group (same name, gid = uid) is added by the writer where no group of that gid was given. */
int map_writer_add_user(struct map_writer *w, const struct map_user *u);
int map_writer_add_group(struct map_writer *w, const struct map_group *g);

/** map_writer_set_local_groups() - @text: the part that nss_module/map_local.h describes; it must stay until
 *  map_writer_finish(), which says -E2BIG above MAP_LOCAL_MAX_BYTES */
void map_writer_set_local_groups(struct map_writer *w, const char *text, size_t len);

/** map_writer_finish() - @ret: malloc'ed bytes of the whole file, free() them. Return: 0, -EEXIST a private group's name is
 *  another group's or a member stands twice, -EINVAL a member is no user of the map, -E2BIG, -ENOMEM. */
int map_writer_finish(struct map_writer *w, void **ret, size_t *ret_len);
