/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/base/buf.h"

/* Texts of other people's files with our lines in them, and the texts of our own. Nothing here touches a file. */

enum edit_outcome {
	EDIT_STOPS_BEFORE = 1, /* nsswitch.conf: an action ends the search before it would come to us */
	EDIT_UNREADABLE,       /* nsswitch.conf: a bracket that does not end on its line */
};

/**
 * edit_nsswitch() - nsswitch.conf with latchkey as the last source of passwd, group and shadow
 * @out:  initialised by the caller; its fault is looked at here
 * @text: @len bytes; empty where there is no file
 * @ret_database: the line that is to blame for an outcome above zero
 * A line that has the word already stays as it is; a database without a line gets one, with "files" first, as glibc's own
 * default has it. Return: 0, EDIT_*, -E2BIG, -ENOMEM.
 */
int edit_nsswitch(struct buf *out, const char *text, size_t len, const char **ret_database);

/** edit_nscd() - nscd.conf with the caches of passwd and group off; where they are it is the same text.
 *  Return: 0, -E2BIG, -ENOMEM. */
int edit_nscd(struct buf *out, const char *text, size_t len);

/** edit_sshd_includes() - does sshd_config read the files of @folder ("/etc/ssh/sshd_config.d"), outside of any Match block */
bool edit_sshd_includes(const char *text, size_t len, const char *folder);

/** edit_sshd_include() - sshd_config with a line at its top that reads one file. Return: 0, -E2BIG, -ENOMEM. */
int edit_sshd_include(struct buf *out, const char *text, size_t len, const char *path);

/** edit_sshd_drop_in() - our own file for sshd. @grace_s: for how long a login may take, 0: for ever. Return: as above. */
int edit_sshd_drop_in(struct buf *out, uint32_t grace_s);

/** edit_setting() - the value of @key, lower case, among lines of "key value" as "sshd -T" prints them; NULL: none
 *  @value: @size bytes; what does not fit is cut off */
const char *edit_setting(const char *text, const char *key, char *value, size_t size);
