/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "helper/setup/change.h"

/*
 * What set-up has changed here, so that it can be undone: /var/lib/latchkey/setup, root's alone. Written before the first
 * change is made. It says of each file what it was and which contents are ours; how far a set-up or its undoing came is seen
 * from the files themselves, so nothing has to be written after a step, and one that was killed just goes on.
 */

#define RECORD_FOLDER "/var/lib/latchkey/setup"
#define RECORD_CONTENTS_MAX 8u /* of ours, for each file: of set-ups with different answers */
#define RECORD_UNITS_MAX 16u
#define RECORD_HASH_SIZE 65u

struct record_file {
	char *path;
	bool existed;
	bool had_folder;
	bool is_secret;
	struct replace_owner was;
	char ours[RECORD_CONTENTS_MAX][RECORD_HASH_SIZE]; /* SHA-256, oldest first */
	size_t n_ours;
};

struct record {
	const char *root;
	struct record_file files[CHANGES_MAX];
	size_t n;
	char *units[RECORD_UNITS_MAX]; /* that set-up has enabled */
	size_t n_units;
};

enum record_state {
	RECORD_UNKNOWN = 0, /* set-up has never touched this file */
	RECORD_BEFORE,      /* as it was before */
	RECORD_OURS,        /* as set-up made it */
	RECORD_CHANGED,     /* somebody else has changed it since */
};

/**
 * record_load() - what there is; an empty one where set-up never ran
 * @root: must outlive it
 * Return: 0, -EBADMSG it cannot be read, other negative errno. In every case release with record_done().
 */
int record_load(struct record *ret, const char *root);
void record_done(struct record *r);

/** record_clean() - remove what a set-up that was killed has left beside its files */
void record_clean(const struct record *r);

/** record_state() - how the file of @ch is now. For a secret the content alone counts, as for all. */
enum record_state record_state(const struct record *r, const struct change *ch);

/** record_before() - append to @out what the file was before set-up. Return: 0, -ENOENT there was none, negative errno. */
int record_before(const struct record *r, const char *path, struct buf *out);

/** record_note() - what @ch is about to change; its contents are kept on the disk. Return: 0, -ENOSPC, negative errno. */
int record_note(struct record *r, const struct change *ch);

/** record_note_unit() - set-up enables it. Return: 0, -ENOSPC, -ENOMEM. */
int record_note_unit(struct record *r, const char *unit);

/** record_save() - durably; before the changes. Return: 0, negative errno. */
int record_save(const struct record *r);

/**
 * record_undo() - the changes that bring back what was, the last file first
 * @ret:  with the root of @r; for a file that somebody has changed since, one that changes nothing
 * @kept: gets true for those
 * Return: 0, negative errno.
 */
int record_undo(const struct record *r, struct changes *ret, bool kept[CHANGES_MAX]);

/** record_print_changed() - what somebody has changed in a file of ours since. Return: 0, negative errno. */
int record_print_changed(const struct record *r, const struct change *ch, FILE *out, const struct diff_style *style);

/** record_drop() - forget one file, however it is now; saved by record_forget() */
void record_drop(struct record *r, const char *path);

/** record_forget() - the files that are as they were before go from the record, and with the last the record. Folders that
 *  set-up made go where they are empty. Return: 0, negative errno. */
int record_forget(struct record *r);
