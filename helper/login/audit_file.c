/* SPDX-License-Identifier: MIT */
/*
 * Appends lines to a file that somebody else rotates, reads and may fill up. What was opened is judged, never what the path
 * said a moment before. A line that does not fit is taken back; if that fails too, the next one begins on a line of its
 * own, so that no event can look like the end of another.
 */
#include "helper/login/audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

struct audit_file {
	char *path;
	bool is_synced;
	bool is_torn; /* its last byte is no line feed */
	int fd;
};

int audit_file_new(struct audit_file **ret, const char *path, bool is_synced)
{
	struct audit_file *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -ENOMEM;
	f->fd = -1;
	f->is_synced = is_synced;
	f->path = strdup(path);
	if (f->path == NULL) {
		free(f);
		return -ENOMEM;
	}
	*ret = f;
	return 0;
}

static void close_file(struct audit_file *f)
{
	if (f->fd >= 0)
		(void)close(f->fd);
	f->fd = -1;
}

void audit_file_free(struct audit_file *f)
{
	if (f == NULL)
		return;
	close_file(f);
	free(f->path);
	free(f);
}

/* Return: a descriptor, or negative errno. */
static int open_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	struct stat st;
	size_t len;
	int fd, r = 0;

	if (slash == NULL || (size_t)(slash - path) >= sizeof(folder))
		return -EINVAL;
	len = slash == path ? 1 : (size_t)(slash - path);
	memcpy(folder, path, len);
	folder[len] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		r = -EPERM;
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	return fd;
}

/* The file itself, and whether its last line is whole: a crash or a full disk may have cut it. */
static int examine(struct audit_file *f, int fd)
{
	struct stat st;
	char last = '\n';

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	/* A second name could be somebody else's, and with it what the file says. */
	if (st.st_uid != geteuid() || (st.st_mode & (S_IRWXG | S_IRWXO)) != 0 || st.st_nlink > 1)
		return -EPERM;
	if (st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) != 1)
		return -EIO;
	f->is_torn = last != '\n';
	return 0;
}

static int open_file(struct audit_file *f)
{
	int folder = open_folder(f->path);
	int fd, r;

	if (folder < 0)
		return folder;
	/* NONBLOCK: a FIFO must not wait for its reader. */
	fd = openat(folder, strrchr(f->path, '/') + 1,
		    O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
	r = fd < 0 ? (errno == ENXIO ? -EINVAL : -errno) : examine(f, fd);
	/* The name of a new file must outlive a power cut as well. */
	if (r == 0 && f->is_synced && fsync(folder) < 0)
		r = -errno;
	(void)close(folder);
	if (r < 0) {
		if (fd >= 0)
			(void)close(fd);
		return r;
	}
	f->fd = fd;
	return 0;
}

/* Is the file that we have still the one with the name? @ret_size: how long it is. */
static bool is_current(const struct audit_file *f, off_t *ret_size)
{
	struct stat ours, named;

	if (f->fd < 0 || fstat(f->fd, &ours) < 0 || lstat(f->path, &named) < 0)
		return false;
	*ret_size = ours.st_size;
	return ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

static int write_whole(struct audit_file *f, const char *line, size_t len, off_t size)
{
	char feed[] = "\n";
	struct iovec parts[] = {{.iov_base = feed, .iov_len = f->is_torn ? 1 : 0},
				{.iov_base = (void *)(uintptr_t)line, .iov_len = len}};
	size_t all = parts[0].iov_len + len;
	ssize_t n;

	do
		n = writev(f->fd, parts, 2);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if ((size_t)n == all) {
		f->is_torn = false;
		return 0;
	}
	/* A disk that is nearly full takes a part. */
	if (ftruncate(f->fd, size) < 0)
		f->is_torn = true;
	return -ENOSPC;
}

int audit_file_append(struct audit_file *f, const char *line, size_t len)
{
	off_t size = 0;
	int r;

	if (!is_current(f, &size)) {
		close_file(f);
		r = open_file(f);
		if (r < 0)
			return r;
		if (!is_current(f, &size))
			return -ESTALE;
	}
	r = write_whole(f, line, len, size);
	if (r == 0 && f->is_synced && fdatasync(f->fd) < 0)
		r = -errno;
	return r;
}
