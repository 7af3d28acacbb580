/* SPDX-License-Identifier: MIT */
/*
 * Reads small files that decide about access: configuration, keys. What was opened is judged, never what the path said
 * a moment before. Must never block, follow a link in the last component or read a file that others could have written.
 */
#include "helper/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/base/secret.h"

#define CHUNK 4096u

static int check_owner(const struct stat *st, enum file_owner owner)
{
	if (st->st_uid == 0)
		return 0;
	if (owner == FILE_OWNER_ROOT_OR_SELF && st->st_uid == geteuid())
		return 0;
	return -EPERM;
}

/* With an access list, the group bits show its mask, so a list that lets others write is seen here too. */
static int check_mode(const struct stat *st, enum file_privacy privacy)
{
	mode_t forbidden = S_IWGRP | S_IWOTH;

	if (privacy != FILE_READABLE)
		forbidden = S_IRWXG | S_IRWXO;
	if (privacy == FILE_GRANTED || (privacy == FILE_PRIVATE && st->st_gid == getegid()))
		forbidden &= ~(mode_t)S_IRGRP;
	return (st->st_mode & forbidden) ? -EPERM : 0;
}

static int check_file(int fd, enum file_owner owner, enum file_privacy privacy)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;

	r = check_owner(&st, owner);
	if (r < 0)
		return r;
	r = check_mode(&st, privacy);
	if (r < 0)
		return r;
	return privacy == FILE_SOLE && st.st_nlink != 1 ? -EMLINK : 0;
}

static int read_all(struct buf *out, int fd)
{
	char chunk[CHUNK];
	ssize_t n;
	int r = 0;

	do {
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0)
			buf_append(out, chunk, (size_t)n);
		else if (n < 0 && errno != EINTR)
			r = -errno;
	} while (r == 0 && n != 0 && buf_fault(out) == 0);

	secret_wipe(chunk, sizeof(chunk));
	return r < 0 ? r : buf_fault(out);
}

int file_read(struct buf *ret, const char *path, enum file_owner owner, enum file_privacy privacy, size_t max)
{
	int fd, r;

	buf_init(ret, max);

	/* NONBLOCK: opening a FIFO without a writer would wait for one. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == ENXIO ? -EINVAL : -errno; /* ENXIO: a socket */

	r = check_file(fd, owner, privacy);
	if (r == 0)
		r = read_all(ret, fd);
	(void)close(fd);
	if (r < 0)
		buf_done(ret);
	return r;
}

static int check_folder(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return st.st_uid == 0 ? check_mode(&st, FILE_READABLE) : -EPERM;
}

int file_check_folder(const char *path)
{
	char part[PATH_MAX];
	size_t len = strnlen(path, sizeof(part));
	int r = 0;

	if (len >= sizeof(part))
		return -ENAMETOOLONG;
	for (size_t i = 1; r == 0 && i < len; i++) {
		size_t end = i + strcspn(path + i, "/");

		memcpy(part, path, end);
		part[end] = '\0';
		r = check_folder(part);
		i = end;
	}
	return r;
}
