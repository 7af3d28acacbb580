/* SPDX-License-Identifier: MIT */
#pragma once

#include <security/pam_modules.h>
#include <stddef.h>
#include <sys/types.h>

#define GROUPS_ADDED_MAX 256u /* as many as there can be sections of them */

/**
 * groups_add() - put this process, which is about to become a session, into its groups of /etc/group
 * @name: of an account of ours
 *
 * Which groups is the published map's word, which root checked; what number a group has is /etc/group's. The groups that
 * the process has stay. What cannot be done is left undone with one line in the log, for less than what was meant harms
 * nobody; in a process that is not root's there is nothing to do.
 */
void groups_add(pam_handle_t *pamh, const char *name);

/**
 * groups_find_gid() - the number that the text of /etc/group gives to @name; the first line counts, as everywhere
 * Return: 0, -ENOENT, -EINVAL a number that cannot be read or is 0.
 */
int groups_find_gid(const char *text, size_t len, const char *name, gid_t *ret);
