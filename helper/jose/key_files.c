/* SPDX-License-Identifier: MIT */
/*
 * The folder of this host's own keys. What was a key is never written over: a name that is taken is refused, and a change
 * gives the next one the name of the one before.
 */
#include "helper/jose/key_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/base/file_write.h"
#include "helper/base/text.h"

#define ENDING ".pem"
#define NEXT_ENDING ".next.pem"
#define FILE_NAME_SIZE (SIGNING_NAME_MAX + sizeof(NEXT_ENDING))

static void file_name(char out[FILE_NAME_SIZE], const char *name, bool is_next)
{
	(void)snprintf(out, FILE_NAME_SIZE, "%s%s", name, is_next ? NEXT_ENDING : ENDING);
}

int key_files_open(const char *folder, bool create)
{
	if (create && mkdir(folder, 0700) < 0 && errno != EEXIST)
		return -errno;
	return file_open_folder(folder);
}

/* Its entry in the folder above must be on the disk before a key in it counts as made. */
static int sync_parent(const char *folder)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(folder, '/');
	int fd, r = 0;

	if (slash == NULL || snprintf(parent, sizeof(parent), "%.*s/", (int)(slash - folder), folder) >= PATH_MAX)
		return -ENAMETOOLONG;
	fd = file_open_folder(parent);
	if (fd < 0)
		return fd;
	if (fsync(fd) < 0)
		r = -errno;
	(void)close(fd);
	return r;
}

static bool is_there(int folder, const char *name, bool is_next)
{
	char file[FILE_NAME_SIZE];

	file_name(file, name, is_next);
	return faccessat(folder, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int key_files_store(const char *folder, const char *name, bool is_next, const struct buf *pem)
{
	char file[FILE_NAME_SIZE];
	int fd, r = 0;

	if (!signing_name_is_valid(name))
		return -EINVAL;
	fd = key_files_open(folder, true);
	if (fd < 0)
		return fd;
	r = sync_parent(folder);
	if (r == 0 && is_next && !is_there(fd, name, false))
		r = -ENOENT;
	file_name(file, name, is_next);
	if (r == 0)
		r = file_write(fd, file, pem->data, pem->len, FILE_NEW);
	(void)close(fd);
	return r;
}

static int change(const char *folder, const char *name, int (*step)(int folder, const char *name))
{
	int fd, r;

	if (!signing_name_is_valid(name))
		return -EINVAL;
	fd = key_files_open(folder, false);
	if (fd < 0)
		return fd;
	r = step(fd, name);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	(void)close(fd);
	return r;
}

static int remove_one(int folder, const char *name, bool is_next)
{
	char file[FILE_NAME_SIZE];

	file_name(file, name, is_next);
	return unlinkat(folder, file, 0) < 0 ? -errno : 0;
}

static int finish(int folder, const char *name)
{
	char from[FILE_NAME_SIZE], to[FILE_NAME_SIZE];

	file_name(from, name, true);
	file_name(to, name, false);
	return renameat(folder, from, folder, to) < 0 ? -errno : 0;
}

static int cancel(int folder, const char *name)
{
	return remove_one(folder, name, true);
}

/* The next one first: left alone it would be nobody's. */
static int delete_both(int folder, const char *name)
{
	int r = remove_one(folder, name, true);

	return r < 0 && r != -ENOENT ? r : remove_one(folder, name, false);
}

int key_files_finish(const char *folder, const char *name)
{
	return change(folder, name, finish);
}

int key_files_cancel(const char *folder, const char *name)
{
	return change(folder, name, cancel);
}

int key_files_delete(const char *folder, const char *name)
{
	return change(folder, name, delete_both);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Return: 0, also for a file that is no key's; -E2BIG, -ENOMEM. */
static int add_name(char **list, size_t *n, const char *file)
{
	char name[SIGNING_NAME_MAX + 1];
	size_t len = strlen(file);

	if (!text_has_suffix(file, ENDING) || len - (sizeof(ENDING) - 1) > SIGNING_NAME_MAX)
		return 0;
	len -= sizeof(ENDING) - 1;
	memcpy(name, file, len);
	name[len] = '\0';
	if (!signing_name_is_valid(name)) /* NAME.next is none */
		return 0;
	if (*n == KEY_FILES_MAX)
		return -E2BIG;
	list[*n] = strdup(name);
	if (list[*n] == NULL)
		return -ENOMEM;
	(*n)++;
	return 0;
}

int key_files_list(const char *folder, char ***ret)
{
	LK_CLEANUP(text_free_listp) char **list = calloc(KEY_FILES_MAX + 1, sizeof(*list));
	const struct dirent *entry;
	size_t n = 0;
	DIR *d;
	int r = 0;

	if (list == NULL)
		return -ENOMEM;
	d = opendir(folder);
	if (d == NULL && errno != ENOENT)
		return -errno;
	while (d != NULL && r == 0 && (entry = readdir(d)) != NULL)
		r = add_name(list, &n, entry->d_name);
	if (d != NULL)
		(void)closedir(d);
	if (r < 0)
		return r;
	qsort(list, n, sizeof(*list), by_text);
	*ret = LK_STEAL(list);
	return 0;
}

int key_files_load(struct signing_key **ret, const char *folder, const char *name, bool is_next)
{
	char file[FILE_NAME_SIZE], path[PATH_MAX];
	const struct signing_places nowhere = {.keys = NULL};

	if (!signing_name_is_valid(name))
		return SIGNING_SOURCE;
	file_name(file, name, is_next);
	if (snprintf(path, sizeof(path), "%s/%s", folder, file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return signing_key_new(ret, path, JWS_NONE, &nowhere);
}
