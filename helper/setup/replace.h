/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Files change here as a whole or not at all, whenever the machine stops. */

struct replace_owner {
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/**
 * replace_file() - put another file in the place of @path, or a first one
 * @path: absolute; its folder must be there
 * The new file is on the disk before it has the name, and takes over labels and access lists of the old one.
 * Return: 0; -ELOOP @path is a link; -ENOSPC and other negative errno, and then @path is as it was.
 */
int replace_file(const char *path, const void *bytes, size_t len, const struct replace_owner *owner);

/** replace_remove() - the end of a file; where there is none it is done. Return: 0, negative errno. */
int replace_remove(const char *path);

/** replace_clean() - remove what a replace_file() that was killed has left beside @path */
void replace_clean(const char *path);

/** replace_make_folder() - mkdir, durably. Return: 0, 1 it was there, negative errno. */
int replace_make_folder(const char *path, mode_t mode);

/** replace_remove_folder() - an empty one; any other stays. */
void replace_remove_folder(const char *path);
