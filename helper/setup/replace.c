/* SPDX-License-Identifier: MIT */
/*
 * A temporary name beside the file, the whole content on the disk, then a rename: a login that opens the file meanwhile finds
 * the old or the new one. The name begins with a dot and ends in no suffix that anybody reads.
 */
#include "helper/setup/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SUFFIX ".latchkey-setup"
#define ATTRIBUTES_MAX 4096u
#define VALUE_MAX 4096u

struct place {
	char temporary[PATH_MAX];
	char folder[PATH_MAX];
};

static int find_place(struct place *p, const char *path)
{
	const char *name = strrchr(path, '/');
	int n;

	if (path[0] != '/' || strlen(path) + sizeof(SUFFIX) + 1 > sizeof(p->temporary))
		return -ENAMETOOLONG;
	n = snprintf(p->folder, sizeof(p->folder), "%.*s", name == path ? 1 : (int)(name - path), path);
	if (n < 0)
		return -EINVAL;
	(void)snprintf(p->temporary, sizeof(p->temporary), "%.*s/.%s" SUFFIX, (int)(name - path), path, name + 1);
	return 0;
}

static int sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		r = -errno;
	(void)close(fd);
	return r;
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* SELinux's label, and access lists. A file system without them is none the worse. */
static void copy_attributes(int fd, const char *path)
{
	char names[ATTRIBUTES_MAX];
	char value[VALUE_MAX];
	ssize_t len = llistxattr(path, names, sizeof(names));

	for (const char *name = names; len > 0 && name < names + len; name += strlen(name) + 1) {
		ssize_t n = lgetxattr(path, name, value, sizeof(value));

		if (n >= 0)
			(void)fsetxattr(fd, name, value, (size_t)n, 0);
	}
}

static int fill(int fd, const char *path, const void *bytes, size_t len, const struct replace_owner *owner)
{
	int r = write_all(fd, bytes, len);

	if (r < 0)
		return r;
	if (fchown(fd, owner->uid, owner->gid) < 0)
		return -errno;
	copy_attributes(fd, path);
	/* After the access lists, which the mode is a part of; before anybody can find it by its name. */
	return fchmod(fd, owner->mode) < 0 || fsync(fd) < 0 ? -errno : 0;
}

int replace_file(const char *path, const void *bytes, size_t len, const struct replace_owner *owner)
{
	struct place place;
	struct stat st;
	int r = find_place(&place, path);
	int fd;

	if (r < 0)
		return r;
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return S_ISLNK(st.st_mode) ? -ELOOP : -EINVAL;
	(void)unlink(place.temporary);
	fd = open(place.temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = fill(fd, path, bytes, len, owner);
	/* Some file systems say only here that there was no room. */
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(place.temporary, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(place.temporary);
	return r < 0 ? r : sync_folder(place.folder);
}

int replace_remove(const char *path)
{
	struct place place;
	int r = find_place(&place, path);

	if (r < 0)
		return r;
	if (unlink(path) < 0)
		return errno == ENOENT ? 0 : -errno;
	return sync_folder(place.folder);
}

void replace_clean(const char *path)
{
	struct place place;

	if (find_place(&place, path) == 0)
		(void)unlink(place.temporary);
}

int replace_make_folder(const char *path, mode_t mode)
{
	struct place place;
	int r = find_place(&place, path);

	if (r < 0)
		return r;
	if (mkdir(path, mode) < 0)
		return errno == EEXIST ? 1 : -errno;
	/* Whatever the umask is. */
	if (chmod(path, mode) < 0)
		return -errno;
	return sync_folder(place.folder);
}

void replace_remove_folder(const char *path)
{
	(void)rmdir(path);
}
