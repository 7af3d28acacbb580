/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "helper/base/buf.h"

/**
 * read_text() - a text file of root's on the machine that is looked at, through at most eight links
 * @ret:  initialised here; release with buf_done(), also on failure
 * @root: "" or the folder where that machine's root is: links do not lead out of it by a '/'
 * Return: 0; -ENOENT; -EPERM somebody else may have written it; as file_read().
 */
int read_text(struct buf *ret, const char *root, const char *path, size_t max);

/**
 * read_line() - the next line of a text, without comment ('#') and blanks at both ends, copied
 * @at: moves on. Return: true, false at the end. A line too long for @size is cut.
 */
bool read_line(const char **at, char *out, size_t size);
