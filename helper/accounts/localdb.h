/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "helper/base/cleanup.h"

/* The machine's own users and groups, read from the files: the helper must never ask NSS, it would wait for itself. */

struct localdb;

/** localdb_new() - @root: "" for the machine, a folder for tests; reads etc/passwd, etc/group, etc/subuid, etc/subgid below it. Return: 0, -ENOMEM. */
int localdb_new(struct localdb **ret, const char *root);
void localdb_free(struct localdb *l);
LK_DEFINE_CLEANUP(struct localdb *, localdb_free);

/**
 * localdb_refresh() - read again what changed (by stat)
 * passwd and group must be there; subuid and subgid may be missing. Lines that begin with '+' or '-' (NIS) count for
 * nothing; a malformed line still keeps its name.
 * Return: 0, negative errno: then the old content of the file at fault stays, and as long as a file was never read,
 * whatever is asked about it is taken.
 */
int localdb_refresh(struct localdb *l);

/* One line of passwd. */
struct local_user {
	uint32_t uid;
	uint32_t gid;
	char home[256];
	char shell[128];
};

/**
 * localdb_find_user() - the first line that passwd has for @name now, whatever was read before
 * Return: 0, -ENOENT; -EUCLEAN a line without plain numbers or without an absolute home or shell; other negative errno.
 */
int localdb_find_user(const struct localdb *l, const char *name, struct local_user *ret);

bool localdb_has_user(const struct localdb *l, const char *name);
bool localdb_has_group(const struct localdb *l, const char *name);
bool localdb_has_uid(const struct localdb *l, uint32_t uid);
bool localdb_has_gid(const struct localdb *l, uint32_t gid);
bool localdb_in_subid(const struct localdb *l, uint32_t id);

/** localdb_subid_last() - the same; @ret: the last id of the range that holds @id, set on true; may be NULL */
bool localdb_subid_last(const struct localdb *l, uint32_t id, uint32_t *ret);
