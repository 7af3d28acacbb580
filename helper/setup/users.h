/* SPDX-License-Identifier: MIT */
#pragma once

#include <sys/types.h>

/**
 * users_find() - a system user, from the file alone
 * @root: "" or an image's folder
 * Return: 0 with both set, -ENOENT, other negative errno.
 */
int users_find(const char *root, const char *name, uid_t *ret_uid, gid_t *ret_gid);
