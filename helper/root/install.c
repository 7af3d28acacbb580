/* SPDX-License-Identifier: MIT */
/* From checked bytes to the published file: new file, sync, rename, sync of the folder, then the counter that makes
 * readers look. Works with names below one opened folder only, and never writes to a file that was published. */
#include "helper/root/install.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/base/cleanup.h"
#include "nss_module/map_view.h"

#define MAP_NEW MAP_NAME ".new"
#define EPOCH_NEW MAP_EPOCH_NAME ".new"

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static bool owned_and_closed(const struct stat *st)
{
	return st->st_uid == geteuid() && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static int write_all(int fd, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A new file of the given parts under @temporary, synced, without holes, then renamed to @name. */
static int put_file(int folder, const char *temporary, const char *name, const void *head, size_t head_len,
		    const void *tail, size_t tail_len)
{
	LK_CLEANUP(close_fd) int fd = -1;
	int r;

	if (unlinkat(folder, temporary, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	/* Early and at once: a full disk must not show in the middle, and a reader must never meet a hole. */
	r = posix_fallocate(fd, 0, (off_t)(head_len + tail_len));
	if (r != 0 && r != EOPNOTSUPP && r != EINVAL)
		r = -r;
	else
		r = write_all(fd, head, head_len);
	if (r == 0)
		r = write_all(fd, tail, tail_len);
	if (r == 0 && (fchmod(fd, 0644) < 0 || fsync(fd) < 0 || renameat(folder, temporary, folder, name) < 0))
		r = -errno;
	if (r < 0)
		(void)unlinkat(folder, temporary, 0);
	else if (fsync(folder) < 0)
		r = -errno;
	return r;
}

/* The header of the map that is published now. Return: 0, -ENOENT also where it is none. */
static int read_published(int folder, struct map_header *ret)
{
	LK_CLEANUP(close_fd) int fd = openat(folder, MAP_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct map_header h;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !owned_and_closed(&st) ||
	    read(fd, &h, sizeof(h)) != (ssize_t)sizeof(h) || !map_header_is_valid(&h, (size_t)st.st_size))
		return -ENOENT;
	*ret = h;
	return 0;
}

/* --- the epoch ---------------------------------------------------------------------------------------------------- */

/* No counter that was raised one by one ever comes here. */
#define COUNTER_MAX (UINT64_MAX / 2)

static bool epoch_is_sound(const struct map_epoch *e, const struct stat *st)
{
	return st->st_size == MAP_EPOCH_BYTES && e->magic == MAP_EPOCH_MAGIC && e->version == MAP_VERSION &&
	       e->counter < COUNTER_MAX;
}

static void epoch_page(unsigned char *page, uint64_t counter)
{
	struct map_epoch e = {.magic = MAP_EPOCH_MAGIC, .version = MAP_VERSION, .counter = counter};

	memset(page, 0, MAP_EPOCH_BYTES);
	memcpy(page, &e, sizeof(e));
}

static int counter_store(int fd, uint64_t counter)
{
	struct map_epoch *e = mmap(NULL, MAP_EPOCH_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int r;

	if (e == MAP_FAILED)
		return -errno;
	atomic_store_explicit(&e->counter, counter, memory_order_release);
	r = msync(e, MAP_EPOCH_BYTES, MS_SYNC) < 0 ? -errno : 0;
	(void)munmap(e, MAP_EPOCH_BYTES);
	return r;
}

/* In place: processes have this file mapped, and would never look at another one. */
static int epoch_mend(int fd, uint64_t counter)
{
	unsigned char page[MAP_EPOCH_BYTES];

	epoch_page(page, counter);
	if (pwrite(fd, page, sizeof(page), 0) != (ssize_t)sizeof(page))
		return -EIO;
	return ftruncate(fd, sizeof(page)) < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* A new file in the place of one that is missing, of another version, or that somebody else could write to. Who has that one
 * mapped learns of it by its counter. @old may be -1. */
static int epoch_replace(int folder, uint64_t counter, int old, const struct map_epoch *content)
{
	unsigned char page[MAP_EPOCH_BYTES];
	int r;

	epoch_page(page, counter);
	r = put_file(folder, EPOCH_NEW, MAP_EPOCH_NAME, page, sizeof(page), NULL, 0);
	/* Modules of another version could not read the new map: they keep the one that they have. */
	if (r == 0 && old >= 0 && content->magic == MAP_EPOCH_MAGIC && content->version == MAP_VERSION)
		(void)counter_store(old, content->counter + 1);
	return r;
}

/* Raises the counter to at least @at_least; 0 just reads it. A missing or damaged epoch is made good. */
static int epoch_raise(int folder, uint64_t at_least, uint64_t *ret)
{
	LK_CLEANUP(close_fd) int fd = openat(folder, MAP_EPOCH_NAME, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct map_epoch e = {.magic = 0};
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1) {
		*ret = at_least;
		return epoch_replace(folder, at_least, -1, &e);
	}
	if (pread(fd, &e, sizeof(e), 0) < 0)
		return -errno;
	/* Never back to a number that a reader may have noted. */
	*ret = e.counter >= at_least && e.counter < COUNTER_MAX ? e.counter : at_least;
	if (!owned_and_closed(&st) || (e.magic == MAP_EPOCH_MAGIC && e.version != MAP_VERSION))
		return epoch_replace(folder, *ret, fd, &e);
	if (!epoch_is_sound(&e, &st)) {
		*ret += e.counter == *ret;
		return epoch_mend(fd, *ret);
	}
	return e.counter < at_least ? counter_store(fd, at_least) : 0;
}

/* --- publish ------------------------------------------------------------------------------------------------------ */

int install_open(const char *path)
{
	LK_CLEANUP(close_fd) int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct map_header h;
	struct stat st;
	uint64_t counter;
	int r;

	if (folder < 0)
		return -errno;
	if (fstat(folder, &st) < 0)
		return -errno;
	if (!owned_and_closed(&st))
		return -EPERM;
	/* Killed between the rename and the counter: readers that were there before still have the old map. */
	if (read_published(folder, &h) == 0) {
		r = epoch_raise(folder, h.serial, &counter);
		if (r < 0)
			return r;
	}
	r = fcntl(folder, F_DUPFD_CLOEXEC, 3);
	return r < 0 ? -errno : r;
}

int install_map(int folder, const void *bytes, size_t size, const struct settings *settings, uint64_t *ret_serial)
{
	struct map_header h;
	uint64_t counter = 0;
	int r;

	if (size < sizeof(h))
		return -EBADMSG;
	r = epoch_raise(folder, 0, &counter);
	if (r < 0)
		return r;
	memcpy(&h, bytes, sizeof(h));
	h.serial = counter + 1;
	settings_hull(settings, &h.uid_min, &h.uid_max);
	h.range_min = settings->uid_min;
	h.range_max = settings->uid_max;
	h.checksum = map_checksum(&h);
	r = put_file(folder, MAP_NEW, MAP_NAME, &h, sizeof(h), (const unsigned char *)bytes + sizeof(h),
		     size - sizeof(h));
	if (r == 0)
		r = epoch_raise(folder, h.serial, &counter);
	if (r == 0)
		*ret_serial = h.serial;
	return r;
}
