/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

/*
 * The published map: one immutable file with every account and group, and beside it the epoch, which says when to look
 * for a new one. Host byte order: a map never leaves its machine. All offsets count from the start of the file.
 *
 *	header | user slots | group slots | uid slots | gid slots | user tags | group tags | data | local groups
 *
 * The tables are open-addressed with linear probing: the home of a hash h in n slots is (h * n) >> 32. A user slot holds
 * the whole record. Beside each table of names stands one byte for each slot: 0 where the slot is empty, else map_tag() of its
 * hash. Probing goes by these bytes, which stay in the processor's caches, so that an unknown name touches no slot and a
 * known one its own. A private group
 * (gid = uid, the user's name, no members) has no record of its own, it is a flag of the user.
 *
 * The writer is helper/accounts/map_writer.c; latchkey-root checks all of it before it publishes; readers check what
 * they touch. A change of layout changes MAP_VERSION, and readers treat another version as no map.
 */

#define MAP_DIRECTORY "/var/lib/latchkey/nss"
#define MAP_NAME "map"
#define MAP_EPOCH_NAME "epoch"

#define MAP_MAGIC UINT32_C(0x504d4b4c)       /* "LKMP" */
#define MAP_EPOCH_MAGIC UINT32_C(0x50454b4c) /* "LKEP" */
#define MAP_VERSION UINT32_C(3)

#define MAP_MAX_BYTES (UINT32_C(1) << 30)
#define MAP_RECORDS_MAX UINT32_C(4000000)
#define MAP_NAME_MAX 32u
#define MAP_GECOS_MAX 127u
#define MAP_HOME_MAX 255u
#define MAP_SHELL_MAX 127u
#define MAP_USER_GROUPS_MAX 65536u
#define MAP_INLINE_TEXT 100u

/* Whatever a map says, nobody below this id is ever answered for, nor the ids that stand for "nobody" or "none". */
#define MAP_ID_FLOOR UINT32_C(1000)

/* No lookup goes further than this from the home slot: the writer picks another seed, latchkey-root refuses. */
#define MAP_PROBE_MAX 512u

enum map_user_flag {
	MAP_USER_PRIVATE_GROUP = 1 << 0,
	/* An identity bound to an account of /etc/passwd: a mark for the PAM module, NSS never answers for it. */
	MAP_USER_LOCAL_ACCOUNT = 1 << 1,
};

struct map_header {
	uint32_t magic;
	uint32_t version;
	uint64_t file_size;
	uint64_t serial; /* of this publication; the epoch's counter follows it */
	uint64_t seed;
	uint32_t
		uid_min; /* root's configuration: ids outside are never answered for. The smallest range that holds all of */
	uint32_t uid_max; /* its ranges; latchkey-root publishes no id between them */
	uint32_t n_users;
	uint32_t n_groups;
	uint32_t user_slots; /* number of slots; each table has at least one empty slot */
	uint32_t group_slots;
	uint32_t uid_slots;
	uint32_t gid_slots;
	uint32_t users; /* offsets */
	uint32_t groups;
	uint32_t uids;
	uint32_t gids;
	uint32_t user_tags;
	uint32_t group_tags;
	uint32_t data;
	uint32_t data_size;
	uint32_t
		range_min; /* where new accounts get their ids: the only ids that a name which is not on the map can have */
	uint32_t range_max;
	uint32_t local; /* offset of nss_module/map_local.h's part, behind the data: no matter of NSS */
	uint32_t local_size;
	uint32_t zero[2];
	uint64_t checksum; /* map_checksum() of all before */
};

struct map_user_slot {
	uint32_t hash; /* of the name; 0: empty */
	uint32_t uid;
	uint32_t gid;
	uint32_t text;   /* offset of the text if it is too long for the slot, else 0 */
	uint32_t groups; /* offset of a number and as many gids, 0: none */
	uint8_t flags;
	uint8_t name_len;
	uint8_t gecos_len;
	uint8_t home_len;
	uint8_t shell_len;
	uint8_t zero[3];
	char inline_text[MAP_INLINE_TEXT]; /* name, gecos, home, shell, each with its NUL; else the name alone */
};

struct map_group_slot {
	uint32_t hash; /* of the name; 0: empty */
	uint32_t gid;
	uint32_t n_members;
	uint32_t members;     /* offset of n_members lengths (one byte each), then the names with their NULs; 0: none */
	uint32_t members_len; /* bytes of the names with their NULs */
	uint8_t name_len;
	uint8_t zero[3];
	char name[40];
};

struct map_id_slot {
	uint32_t id; /* 0: empty */
	uint32_t slot;
};

/* The epoch file: written once, then only its counter changes, in place; it is never replaced while it can be mended. */
struct map_epoch {
	uint32_t magic;
	uint32_t version;
	_Atomic uint64_t counter;
};

#define MAP_EPOCH_BYTES 4096u

_Static_assert(sizeof(struct map_header) == 128, "a record that crosses processes");
_Static_assert(sizeof(struct map_user_slot) == 128, "two cache lines");
_Static_assert(sizeof(struct map_group_slot) == 64, "one cache line");
_Static_assert(sizeof(struct map_id_slot) == 8, "a record that crosses processes");
_Static_assert(sizeof(struct map_epoch) == 16, "a record that crosses processes");
