/* SPDX-License-Identifier: MIT */
#pragma once

/* A folder for one test, its files, and the end of both. */

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct scratch {
	char path[64];
};

static inline bool scratch_new(struct scratch *s)
{
	(void)snprintf(s->path, sizeof(s->path), "/tmp/latchkey-unit-XXXXXX");
	return mkdtemp(s->path) && chmod(s->path, 0755) == 0;
}

/** scratch_name() - the path of @name in the folder; good until the next call but three */
static inline const char *scratch_name(const struct scratch *s, const char *name)
{
	static char names[4][256];
	static unsigned int next;
	char *out = names[next++ % 4];

	(void)snprintf(out, sizeof(names[0]), "%s/%s", s->path, name);
	return out;
}

static inline bool scratch_write(const struct scratch *s, const char *name, const void *bytes, size_t len, mode_t mode)
{
	int fd = open(scratch_name(s, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool good;

	if (fd < 0)
		return false;
	good = write(fd, bytes, len) == (ssize_t)len && fchmod(fd, mode) == 0;
	(void)close(fd);
	return good;
}

static inline int scratch_remove(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static inline void scratch_done(struct scratch *s)
{
	(void)nftw(s->path, scratch_remove, 8, FTW_DEPTH | FTW_PHYS);
}
