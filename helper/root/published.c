/* SPDX-License-Identifier: MIT */
/* Looks into the map that this program published before: a regular file of root's that nobody else can write to. */
#include "helper/root/published.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/base/cleanup.h"
#include "nss_module/map_view.h"

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static int find(const void *bytes, size_t size, uint32_t uid, struct published_user *ret)
{
	struct map_user_slot slot;
	struct map_view v;

	if (!map_view_init(&v, bytes, size) || map_view_find_uid(&v, uid, &slot) < 0)
		return -ENOENT;
	if (!map_name_is_possible(slot.name_len))
		return -ENOENT;
	*ret = (struct published_user){.is_local = (slot.flags & MAP_USER_LOCAL_ACCOUNT) != 0};
	memcpy(ret->name, slot.text, slot.name_len);
	return 0;
}

int published_find_uid(int folder, uint32_t uid, struct published_user *ret)
{
	LK_CLEANUP(close_fd) int fd = openat(folder, MAP_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	void *bytes;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0 ||
	    st.st_size <= 0)
		return -ENOENT;
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return -errno;
	r = find(bytes, (size_t)st.st_size, uid, ret);
	(void)munmap(bytes, (size_t)st.st_size);
	return r;
}
