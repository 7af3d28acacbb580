/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/accounts/map_writer.h"
#include "helper/accounts/record_index.h"
#include "helper/accounts/text_arena.h"
#include "nss_module/map_format.h"

/* What a map's writer has collected: records are gathered in map_writer.c and laid out in map_layout.c. */

struct user_record {
	char *text;    /* name, gecos and, without a style, home and shell, each with its NUL; in the writer's arena */
	uint32_t hash; /* of the name, by the writer's seed */
	uint32_t uid;
	uint32_t gid;
	uint8_t name_len;
	uint8_t gecos_len;
	uint8_t home_len;
	uint8_t shell_len;
	uint8_t style;       /* as in the slot */
	bool is_local;       /* a mark only */
	uint32_t n_groups;   /* set by finish */
	uint32_t groups;     /* where its gids stand, set by finish */
	uint32_t last_group; /* number of the group + 1 that named it last: finds members that stand twice */
};

struct group_record {
	char *name; /* in the writer's arena */
	uint32_t hash;
	uint32_t gid;
	uint8_t name_len;
	char *members;     /* names, each with its NUL */
	uint32_t *numbers; /* of the users that they are, set by finish */
	uint32_t members_len;
	uint32_t n_members;
};

struct map_writer {
	struct text_arena texts;
	struct user_record *users;
	struct group_record *groups;
	size_t n_users;
	size_t n_groups;
	size_t users_capacity;
	size_t groups_capacity;
	struct map_style styles[MAP_STYLES_MAX];
	uint32_t n_styles;
	uint32_t last_style; /* of the user before, who mostly has the same */
	const char *local;   /* the part about local groups, borrowed */
	size_t local_size;
	uint64_t seed;
	uint32_t highest_uid;
	struct record_index user_names;
	struct record_index user_ids; /* of the first user_ids.n users only, until somebody asks */
	struct record_index group_names;
	struct record_index group_ids;
};

/** writer_find_user() - Return: the number of the user with that name, or -1 */
int64_t writer_find_user(const struct map_writer *w, const char *name, size_t len);

/** writer_has_group_name() / writer_has_gid() - was such a group given */
bool writer_has_group_name(const struct map_writer *w, const char *name, size_t len, uint32_t hash);
bool writer_has_gid(const struct map_writer *w, uint32_t gid);
