/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/base/cleanup.h"

/* The names and ids that /etc/passwd and /etc/group give out, read from the files: root's own look at them, so that it
 * need not believe latchkeyd's. */

struct locals;

int locals_new(struct locals **ret);
void locals_free(struct locals *l);
LK_DEFINE_CLEANUP(struct locals *, locals_free);

/** locals_add_users(), locals_add_groups() - all lines of a passwd or group file: the name before the first ':', the id in
 *  the third field, a user's gid in the fourth
 *  Return: 0, -ENOMEM. A malformed line counts for what can be read of it. */
int locals_add_users(struct locals *l, const char *text, size_t len);
int locals_add_groups(struct locals *l, const char *text, size_t len);

/** locals_load() - etc/passwd and etc/group below @root ("" for the machine); both must be there
 *  Return: 0, negative errno. */
int locals_load(struct locals **ret, const char *root);

/** locals_find_user() - the uid of a user of etc/passwd below @root. Return: 0, -ENOENT, other negative errno. */
int locals_find_user(const char *root, const char *name, uint32_t *ret);

/** locals_get_user() - the numbers of the first line of passwd with that name. Return: true; false for none that has both. */
bool locals_get_user(const struct locals *l, const char *name, uint32_t *ret_uid, uint32_t *ret_gid);

/* Names and ids of users and groups alike: an account needs both kinds of each. */
bool locals_has_name(const struct locals *l, const char *name);
bool locals_has_id(const struct locals *l, uint32_t id);

/** locals_count_users() - how many lines of passwd have this uid */
size_t locals_count_users(const struct locals *l, uint32_t uid);
