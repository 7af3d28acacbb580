/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

/* Whom else this machine asks for users and groups: nsswitch.conf(5). */

#define NSSWITCH_OTHERS_MAX 255u

/**
 * nsswitch_others() - the sources of one database beside the machine's own files and us
 * @out:      words with one blank between them, in their order; "" where there are none
 * @text:     @len bytes of the file
 * @database: "passwd" or "group"
 * Where a database has several lines all of them count. What stands in brackets counts for nothing: whoever knows a name
 * knows it, in whatever order they are asked.
 * Return: 0; -EBADMSG a word of anything but letters, digits, '_', '-' and '.', or a bracket that does not end on its line;
 * -E2BIG more than NSSWITCH_OTHERS_MAX bytes of words.
 */
int nsswitch_others(char out[NSSWITCH_OTHERS_MAX + 1], const char *text, size_t len, const char *database);
