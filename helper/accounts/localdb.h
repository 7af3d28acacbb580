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

/** localdb_refresh() - read again what changed (by stat). Return: 0, negative errno (then the old content stays). */
int localdb_refresh(struct localdb *l);

bool localdb_has_user(const struct localdb *l, const char *name);
bool localdb_has_group(const struct localdb *l, const char *name);
bool localdb_has_uid(const struct localdb *l, uint32_t uid);
bool localdb_has_gid(const struct localdb *l, uint32_t gid);
bool localdb_in_subid(const struct localdb *l, uint32_t id);
