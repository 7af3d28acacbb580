/* SPDX-License-Identifier: MIT */
/*
 * Keeps one growing number on disk. Two slots are written in turn, so that a write torn by a power cut leaves the
 * other; the file has its full size from the start, so that a full disk cannot stop it. Never goes back.
 */
#include "helper/vault/mark.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOT_SIZE 512u

struct slot {
	char magic[8];
	uint64_t value;   /* little endian, as the next */
	uint64_t inverse; /* of value: a torn slot does not match */
};

static const char slot_magic[8] = {'L', 'K', 'M', 'A', 'R', 'K', '1', '\n'};

void mark_init(struct mark *m)
{
	m->fd = -1;
	m->value = 0;
}

static int write_all(int fd, const unsigned char *bytes, size_t len, off_t offset)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, bytes, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		bytes += n;
		len -= (size_t)n;
		offset += n;
	}
	return 0;
}

static void encode(unsigned char slot_bytes[SLOT_SIZE], uint64_t value)
{
	struct slot slot = {.value = htole64(value), .inverse = htole64(~value)};

	memcpy(slot.magic, slot_magic, sizeof(slot.magic));
	memset(slot_bytes, 0, SLOT_SIZE);
	memcpy(slot_bytes, &slot, sizeof(slot));
}

/* The higher of the slots that are whole. */
static int read_slots(int fd, uint64_t *ret)
{
	int r = -EUCLEAN;

	for (unsigned i = 0; i < 2; i++) {
		struct slot slot;
		uint64_t value;

		if (pread(fd, &slot, sizeof(slot), (off_t)i * SLOT_SIZE) != (ssize_t)sizeof(slot))
			continue;
		value = le64toh(slot.value);
		if (memcmp(slot.magic, slot_magic, sizeof(slot.magic)) != 0 || le64toh(slot.inverse) != ~value)
			continue;
		if (r < 0 || value > *ret)
			*ret = value;
		r = 0;
	}
	return r;
}

static int check(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 0077) != 0)
		return -EPERM;
	return 0;
}

int mark_open(struct mark *m, int folder, const char *name)
{
	int fd, r;

	fd = openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno == ELOOP ? -EPERM : -errno;
	r = check(fd);
	if (r == 0)
		r = read_slots(fd, &m->value);
	if (r < 0) {
		close(fd);
		return r;
	}
	m->fd = fd;
	return 0;
}

int mark_create(struct mark *m, int folder, const char *name, const char *temporary, uint64_t value)
{
	unsigned char bytes[2 * SLOT_SIZE] = {0};
	int fd, r;

	encode(bytes + (value % 2) * SLOT_SIZE, value);
	if (unlinkat(folder, temporary, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(folder, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, bytes, sizeof(bytes), 0);
	if (r == 0 && (fsync(fd) < 0 || renameat(folder, temporary, folder, name) < 0 || fsync(folder) < 0))
		r = -errno;
	if (r < 0) {
		close(fd);
		return r;
	}
	m->fd = fd;
	m->value = value;
	return 0;
}

int mark_advance(struct mark *m, uint64_t value)
{
	unsigned char bytes[SLOT_SIZE];
	int r;

	if (value <= m->value)
		return 0;
	encode(bytes, value);
	r = write_all(m->fd, bytes, sizeof(bytes), (off_t)((value % 2) * SLOT_SIZE));
	if (r < 0)
		return r;
	if (fdatasync(m->fd) < 0)
		return -errno;
	m->value = value;
	return 0;
}

void mark_done(struct mark *m)
{
	if (m->fd >= 0)
		close(m->fd);
	mark_init(m);
}
