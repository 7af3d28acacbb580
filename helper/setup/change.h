/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "helper/base/buf.h"
#include "helper/base/cleanup.h"
#include "helper/setup/diff.h"
#include "helper/setup/replace.h"

/* What is to become of files: read, shown, then made, in this order. */

#define CHANGE_BYTES_MAX (1024u * 1024u)
#define CHANGES_MAX 32u

struct change {
	char *path; /* on the system that is set up, without the folder that it lies in */
	bool existed;
	struct replace_owner was;
	struct buf before; /* empty where there was no file */
	bool stays;        /* undo: is to be there afterwards */
	struct replace_owner owner;
	struct buf after;
	bool is_secret;     /* its content is never shown nor kept */
	bool is_exact;      /* owner and mode matter as well */
	const char *reason; /* one line for people; static */
};

struct changes {
	const char *root; /* "" or the folder of an image, without a '/' at its end */
	struct change *list[CHANGES_MAX];
	size_t n;
};

void changes_done(struct changes *c);

/**
 * changes_read() - a file as it is now
 * @ret: belongs to @c; its after is empty, initialised, and its owner that of now, or root with 0644
 * Return: 0; -ELOOP a link; -EINVAL no regular file; -E2BIG; -ENOSPC more than CHANGES_MAX; other negative errno.
 */
int changes_read(struct changes *c, const char *path, const char *reason, struct change **ret);

/** change_keep() - let the file be as it is. Return: 0, -ENOMEM, -E2BIG. */
int change_keep(struct change *ch);

/** changes_drop() - forget the last that was read */
void changes_drop(struct changes *c);

/** change_is_needed() - would anything be different */
bool change_is_needed(const struct change *ch);

/** changes_count() - how many are needed */
size_t changes_count(const struct changes *c);

/** change_print() - what is different, as a diff; of a secret only that it is. Return: 0, -ENOMEM. */
int change_print(FILE *out, const struct change *ch, const struct diff_style *style);

/** change_apply() - make it, if it is needed; folders that are missing are made. Return: 0, negative errno. */
int change_apply(const struct changes *c, const struct change *ch);

/** change_revert() - put back what was before it. Return: as above. */
int change_revert(const struct changes *c, const struct change *ch);

/** changes_path() - @path below the root, as one heap string; NULL without memory */
char *changes_path(const char *root, const char *path);
