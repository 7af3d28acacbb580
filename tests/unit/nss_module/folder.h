/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* A folder with a map and an epoch in it, changed step by step, so that a test can stop between the steps. */

/** folder_new() - a fresh one below $TMPDIR; release with folder_free() */
char *folder_new(void);
void folder_free(char *path);

/** folder_put() - write @name beside and rename it into place */
void folder_put(const char *path, const char *name, const void *bytes, size_t len);

/** folder_epoch() - create the epoch, or raise its counter in place by one */
void folder_epoch(const char *path);

/** folder_path() - static memory, good until the next call in this thread */
const char *folder_path(const char *path, const char *name);
