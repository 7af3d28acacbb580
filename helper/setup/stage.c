/* SPDX-License-Identifier: MIT */
#include "helper/setup/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_FDS 8

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	/* The folder itself is the lock. */
	if (where->level > 0)
		(void)remove(path);
	return 0;
}

void stage_clear(const char *folder)
{
	char path[256];

	(void)snprintf(path, sizeof(path), STAGE_FOLDER "/%s", folder);
	(void)nftw(path, remove_one, DEPTH_FDS, FTW_DEPTH | FTW_PHYS);
}

/* Nobody but root could have made it in /run. Where another set-up has ended meanwhile, it is not there any more. */
static int check(int fd)
{
	struct stat st;
	struct stat now;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (stat(STAGE_FOLDER, &now) < 0 || now.st_ino != st.st_ino)
		return -EWOULDBLOCK;
	return st.st_uid == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0 ? 0 : -EPERM;
}

int stage_open(struct stage *s)
{
	int r;

	s->fd = -1;
	if (mkdir(STAGE_FOLDER, 0755) < 0 && errno != EEXIST)
		return -errno;
	s->fd = open(STAGE_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->fd < 0)
		return -errno;
	r = flock(s->fd, LOCK_EX | LOCK_NB) < 0 || fchmod(s->fd, 0755) < 0 ? -errno : check(s->fd);
	if (r < 0) {
		(void)close(s->fd);
		s->fd = -1;
		return r;
	}
	stage_clear("");
	return 0;
}

void stage_close(struct stage *s)
{
	if (s->fd < 0)
		return;
	stage_clear("");
	(void)rmdir(STAGE_FOLDER);
	(void)close(s->fd);
	s->fd = -1;
}
