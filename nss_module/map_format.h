/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The published map: one immutable file with every account and group, and beside it the epoch, which says when to look
 * for a new one. Host byte order: a map never leaves its machine. All offsets count from the start of the file.
 *
 *	header | styles | user slots | group slots | uid entries | gid entries | user tags | group tags | data | local groups
 *
 * A user's slot holds all that is the user's own; what many have in common, a shell and the folder of the homes, stands
 * once as a style. So the record that is asked for is one line of the processor's cache, and a style's line is always there.
 *
 * A table of slots is made of buckets of eight: the home of a hash h in n buckets is (h * n) >> 32, and what finds no room
 * there stands in the next one that has. A lookup ends at a bucket with an empty place. Beside the table stands one byte for
 * each slot: 0 where the slot is empty, else map_tag() of its hash. Searching goes by these bytes, eight at once, so that an
 * unknown name touches no slot and a known one its own.
 *
 * A table of ids is open-addressed, entry by entry, and sparse: mostly the first one that is looked at is the one. An entry
 * is the number of a slot below a tag of the id; the slot says whether that is its id. A private group (gid = uid, the
 * user's name, no members) has no record of its own, it is a flag of the user.
 *
 * The writer is helper/accounts/map_writer.c; latchkey-root checks all of it before it publishes; readers check what
 * they touch. A change of layout changes MAP_VERSION, and readers treat another version as no map.
 */

#define MAP_DIRECTORY "/var/lib/latchkey/nss"
#define MAP_NAME "map"
#define MAP_EPOCH_NAME "epoch"

#define MAP_MAGIC UINT32_C(0x504d4b4c)       /* "LKMP" */
#define MAP_EPOCH_MAGIC UINT32_C(0x50454b4c) /* "LKEP" */
#define MAP_VERSION UINT32_C(4)

#define MAP_MAX_BYTES (UINT32_C(1) << 30)
#define MAP_RECORDS_MAX UINT32_C(4000000)
#define MAP_NAME_MAX 32u
#define MAP_GECOS_MAX 127u
#define MAP_HOME_MAX 255u
#define MAP_SHELL_MAX 127u
#define MAP_USER_GROUPS_MAX 65536u
#define MAP_INLINE_TEXT 48u
#define MAP_STYLE_HOME_MAX 32u
#define MAP_STYLE_SHELL_MAX 30u
#define MAP_STYLES_MAX 62u /* with the header they fill a page */

/* Whatever a map says, nobody below this id is ever answered for, nor the ids that stand for "nobody" or "none". */
#define MAP_ID_FLOOR UINT32_C(1000)

#define MAP_BUCKET 8u
/* No lookup looks at more buckets than these: the writer picks another seed, latchkey-root refuses. */
#define MAP_PROBE_MAX 64u

/* An entry of a table of ids: the slot's number in the low bits, the tag above; 0: empty. */
#define MAP_ENTRY_SLOT_BITS 23u
#define MAP_SLOTS_MAX (UINT32_C(1) << MAP_ENTRY_SLOT_BITS)

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
	uint32_t user_slots; /* number of places, a multiple of MAP_BUCKET; each table has at least one empty place */
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
	uint32_t n_styles; /* right behind the header */
	uint32_t zero;
	uint64_t checksum; /* map_checksum() of all before */
};

/* Of a record whose home is home[0..home_len] and the user's name. */
struct map_style {
	char home[MAP_STYLE_HOME_MAX];
	char shell[MAP_STYLE_SHELL_MAX];
	uint8_t home_len;
	uint8_t shell_len;
};

struct map_user_slot {
	uint32_t uid;
	uint32_t gid;
	uint32_t groups; /* offset of a number and as many gids, 0: none */
	uint8_t flags;
	uint8_t name_len; /* 0: the slot is empty */
	uint8_t gecos_len;
	uint8_t style; /* 1 the first; 0: the text stands apart */
	union {
		char text[MAP_INLINE_TEXT]; /* name, gecos, each with its NUL */
		struct {
			char name[MAP_NAME_MAX];
			uint32_t at; /* offset of name, gecos, home, shell, each with its NUL */
			uint8_t home_len;
			uint8_t shell_len;
			uint8_t zero[10];
		} apart;
	};
};

/* The name stands where a user's does. */
struct map_group_slot {
	uint32_t gid;
	uint32_t n_members;
	uint32_t members; /* offset of n_members lengths (one byte each), then the names with their NULs; 0: none */
	uint8_t flags;    /* none yet */
	uint8_t name_len; /* 0: the slot is empty */
	uint8_t zero[2];
	char name[40];
	uint32_t members_len; /* bytes of the names with their NULs */
	uint32_t none;
};

/* The epoch file: written once, then only its counter changes, in place; it is never replaced while it can be mended. */
struct map_epoch {
	uint32_t magic;
	uint32_t version;
	_Atomic uint64_t counter;
};

#define MAP_EPOCH_BYTES 4096u

_Static_assert(sizeof(struct map_header) == 128, "a record that crosses processes");
_Static_assert(sizeof(struct map_style) == 64, "one cache line");
_Static_assert(sizeof(struct map_user_slot) == 64, "one cache line");
_Static_assert(sizeof(struct map_group_slot) == 64, "one cache line");
_Static_assert(offsetof(struct map_user_slot, name_len) == offsetof(struct map_group_slot, name_len) &&
		       offsetof(struct map_user_slot, text) == offsetof(struct map_group_slot, name),
	       "one search for both");
_Static_assert(MAP_RECORDS_MAX * 2 + MAP_BUCKET <= MAP_SLOTS_MAX, "every slot has a number");
_Static_assert(sizeof(struct map_epoch) == 16, "a record that crosses processes");
