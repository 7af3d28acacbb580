/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "helper/base/cleanup.h"

/* A file that grows by whole lines, belongs to this process's user and to nobody else, and may be moved away at any time. */

struct audit_file;

/**
 * audit_file_new() - nothing is opened yet
 * @path: absolute, copied
 * @is_synced: a line counts when it is on the disk (fdatasync)
 * Return: 0, -ENOMEM.
 */
int audit_file_new(struct audit_file **ret, const char *path, bool is_synced);
void audit_file_free(struct audit_file *f);
LK_DEFINE_CLEANUP(struct audit_file *, audit_file_free);

/**
 * audit_file_append() - one line, whole or not at all
 * @line: with its line feed
 * The file is made, with mode 0600, where there is none, and opened anew where another file has the name now: so it is
 * rotated by renaming it. Its folder must be root's or this user's, and nobody else may write to it.
 * Return: 0; -EPERM wrong owner or mode, of the file or its folder; -ELOOP a link; -EINVAL no regular file; -ENOSPC,
 * -EFBIG, -EDQUOT, -EROFS, -EIO or another negative errno.
 */
int audit_file_append(struct audit_file *f, const char *line, size_t len);
