/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

enum file_write_as {
	FILE_NEW,     /* -EEXIST where there is one of that name: it is never written over */
	FILE_INSTEAD, /* of the one that may be there */
};

/**
 * file_write() - a file of this process alone (0600), there as a whole or not at all
 * Written under another name (NAME ".new", which is taken from whoever was killed before), synced, renamed, and the
 * folder synced. It never has two names.
 * @folder: descriptor; nobody else writes there
 * Return: 0 and it is durable, -EEXIST, -ENAMETOOLONG, or another negative errno.
 */
int file_write(int folder, const char *name, const void *bytes, size_t len, enum file_write_as as);

/** file_open_folder() - for file_write(); the last component must not be a link. Return: descriptor, negative errno. */
int file_open_folder(const char *path);
