/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/accounts/groups.h"
#include "helper/accounts/localdb.h"
#include "helper/accounts/map_writer.h"
#include "helper/vault/store.h"

/* The groups of a map in the making: who is in which, from the facts of all who stand on it. */

struct map_groups;

/** map_groups_new() - @rules must outlive it. Return: 0, -ENOMEM. */
int map_groups_new(struct map_groups **ret, const struct group_rules *rules);
void map_groups_free(struct map_groups *m);
LK_DEFINE_CLEANUP(struct map_groups *, map_groups_free);

/** map_groups_add() - note the groups of a user of the map. Facts that cannot be read put nobody into any. Return: 0, -ENOMEM. */
int map_groups_add(struct map_groups *m, const struct account *a);

/**
 * map_groups_finish() - give the groups to the writer, own ones also without members
 * @m must stay until map_writer_finish(). Own groups without a gid in the store, and those whose name or gid this host
 * has by now, are left off (I14). Return: 0, negative errno.
 */
int map_groups_finish(struct map_groups *m, struct store *store, const struct localdb *local, struct map_writer *w);
