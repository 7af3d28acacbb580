/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "helper/base/buf.h"

enum file_owner {
	FILE_OWNER_ROOT,         /* root only */
	FILE_OWNER_ROOT_OR_SELF, /* root or the effective uid: for secrets that the service itself may hold */
};

enum file_privacy {
	FILE_READABLE, /* others may read, nobody but the owner may write */
	FILE_PRIVATE,  /* neither group nor others may do anything, but the group may read if it is the process's own */
	FILE_GRANTED, /* the service manager's: others may do nothing; the group's right to read is an access list's mask */
	FILE_SOLE, /* neither group nor others may do anything, and it has no second name */
};

/**
 * file_read() - read a small file that only its owner could have written
 * @ret:   initialised here with @max; release with buf_done() (also on failure it may be released)
 * @path:  absolute; the last component must not be a link, a FIFO or a device, and opening never blocks
 * @owner, @privacy: what is demanded of the opened file itself
 * @max:   bytes
 *
 * Return: 0, -ENOENT, -EPERM for a wrong owner or mode, -ELOOP for a link, -EMLINK for a second name, -EINVAL for not a
 * regular file, -E2BIG, or another negative errno.
 */
int file_read(struct buf *ret, const char *path, enum file_owner owner, enum file_privacy privacy, size_t max);

/**
 * file_check_folder() - is this folder root's alone, and every one on the way to it, "/" apart
 * @path: absolute, at most 4095 bytes; a '/' at its end counts for nothing
 * Nobody else can then put something else in its place. An access list shows in the mode's group bits.
 * Return: 0; -ENOENT one of them is not there; -ELOOP one is a link; -ENOTDIR; -EPERM one belongs to somebody else, or others
 * can write to it; -ENAMETOOLONG or another negative errno.
 */
int file_check_folder(const char *path);
