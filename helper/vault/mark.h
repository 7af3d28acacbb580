/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

/*
 * The high-water mark: a small file beside the database that says how far the database had come. A database that is
 * gone or was put back from an older backup is behind it, and would give out names and UIDs a second time (threat I9).
 */
struct mark {
	int fd;
	uint64_t value;
};

/** mark_init() - holds no file yet */
void mark_init(struct mark *m);

/**
 * mark_open() - read the mark
 * @folder: descriptor of where it lies
 * Return: 0, -ENOENT, -EPERM not a private file of ours, -EUCLEAN no readable value in it, other negative errno.
 */
int mark_open(struct mark *m, int folder, const char *name);

/**
 * mark_create() - make the file whole or not at all
 * @name, @temporary: file names in @folder; an existing file is replaced
 */
int mark_create(struct mark *m, int folder, const char *name, const char *temporary, uint64_t value);

/** mark_advance() - durable when it returns 0; a value not above the present one changes nothing */
int mark_advance(struct mark *m, uint64_t value);

void mark_done(struct mark *m);
