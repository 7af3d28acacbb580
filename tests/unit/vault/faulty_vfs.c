/* SPDX-License-Identifier: MIT */
/* Hands every call to the real file system, unless it is this call's turn to fail; keeps what unsynced writes replaced. */
#include "tests/unit/vault/faulty_vfs.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 32u
#define DIE (-1)

/* The last state of a file that is known to be on disk. */
struct image {
	char *path;
	void *bytes;
	size_t len;
	bool exists;
};

struct faulty_file {
	sqlite3_file base;
	char *path;
	sqlite3_file *real;
};

static sqlite3_vfs faulty;
static sqlite3_vfs *real_vfs;
static sqlite3_io_methods methods;
static struct image images[FILES_MAX];
static size_t n_images;
static int failing_calls, failing_error;
static unsigned passing, counted;

static int turn(int call)
{
	if ((failing_calls & call) == 0)
		return SQLITE_OK;
	counted++;
	if (failing_error == 0 || passing > 0) {
		passing -= passing > 0;
		return SQLITE_OK;
	}
	if (failing_error == DIE)
		raise(SIGKILL);
	return failing_error;
}

static struct image *image_of(const char *path)
{
	for (size_t i = 0; i < n_images; i++)
		if (strcmp(images[i].path, path) == 0)
			return &images[i];
	if (n_images == FILES_MAX)
		abort();
	images[n_images] = (struct image){.path = strdup(path)};
	return &images[n_images++];
}

static void remember(const char *path)
{
	struct image *image = image_of(path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	free(image->bytes);
	*image = (struct image){.path = image->path};
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	image->exists = true;
	image->len = (size_t)st.st_size;
	image->bytes = malloc(image->len + 1);
	if (!image->bytes || pread(fd, image->bytes, image->len, 0) != (ssize_t)image->len)
		abort();
	close(fd);
}

static struct faulty_file *own(sqlite3_file *file)
{
	return (struct faulty_file *)(void *)file;
}

static int faulty_close(sqlite3_file *file)
{
	struct faulty_file *f = own(file);
	int result = f->real->pMethods->xClose(f->real);

	free(f->path);
	return result;
}

static int faulty_read(sqlite3_file *file, void *bytes, int n, sqlite3_int64 at)
{
	int result = turn(FAULTY_READ);

	return result != SQLITE_OK ? result : own(file)->real->pMethods->xRead(own(file)->real, bytes, n, at);
}

static int faulty_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
	int result = turn(FAULTY_WRITE);

	return result != SQLITE_OK ? result : own(file)->real->pMethods->xWrite(own(file)->real, bytes, n, at);
}

static int faulty_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int result = turn(FAULTY_TRUNCATE);

	return result != SQLITE_OK ? result : own(file)->real->pMethods->xTruncate(own(file)->real, size);
}

static int faulty_sync(sqlite3_file *file, int flags)
{
	int result = turn(FAULTY_SYNC);

	if (result == SQLITE_OK)
		result = own(file)->real->pMethods->xSync(own(file)->real, flags);
	if (result == SQLITE_OK && own(file)->path)
		remember(own(file)->path);
	return result;
}

static int faulty_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return own(file)->real->pMethods->xFileSize(own(file)->real, size);
}

static int faulty_lock(sqlite3_file *file, int level)
{
	return own(file)->real->pMethods->xLock(own(file)->real, level);
}

static int faulty_unlock(sqlite3_file *file, int level)
{
	return own(file)->real->pMethods->xUnlock(own(file)->real, level);
}

static int faulty_check_lock(sqlite3_file *file, int *ret)
{
	return own(file)->real->pMethods->xCheckReservedLock(own(file)->real, ret);
}

static int faulty_control(sqlite3_file *file, int op, void *arg)
{
	return own(file)->real->pMethods->xFileControl(own(file)->real, op, arg);
}

static int faulty_sector_size(sqlite3_file *file)
{
	return own(file)->real->pMethods->xSectorSize(own(file)->real);
}

static int faulty_characteristics(sqlite3_file *file)
{
	return own(file)->real->pMethods->xDeviceCharacteristics(own(file)->real);
}

static int faulty_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *ret_flags)
{
	struct faulty_file *f = own(file);
	int result;

	(void)vfs;
	f->real = (sqlite3_file *)(void *)(f + 1);
	result = real_vfs->xOpen(real_vfs, path, f->real, flags, ret_flags);
	f->base.pMethods = result == SQLITE_OK ? &methods : NULL;
	f->path = result == SQLITE_OK && path ? strdup(path) : NULL;
	if (f->path && !image_of(path)->bytes)
		remember(path);
	return result;
}

void faulty_install(void)
{
	real_vfs = sqlite3_vfs_find(NULL);
	faulty = *real_vfs;
	faulty.zName = "faulty";
	faulty.szOsFile = (int)sizeof(struct faulty_file) + real_vfs->szOsFile;
	faulty.xOpen = faulty_open;
	/* version 1: no shared memory, which a store with an exclusive lock does not need, and no mapping */
	methods = (sqlite3_io_methods){
		.iVersion = 1,
		.xClose = faulty_close,
		.xRead = faulty_read,
		.xWrite = faulty_write,
		.xTruncate = faulty_truncate,
		.xSync = faulty_sync,
		.xFileSize = faulty_size,
		.xLock = faulty_lock,
		.xUnlock = faulty_unlock,
		.xCheckReservedLock = faulty_check_lock,
		.xFileControl = faulty_control,
		.xSectorSize = faulty_sector_size,
		.xDeviceCharacteristics = faulty_characteristics,
	};
	faulty_fail(0, 0, 0);
	sqlite3_vfs_register(&faulty, 1);
}

void faulty_remove(void)
{
	sqlite3_vfs_unregister(&faulty);
	sqlite3_vfs_register(real_vfs, 1);
	for (size_t i = 0; i < n_images; i++) {
		free(images[i].path);
		free(images[i].bytes);
	}
	n_images = 0;
}

void faulty_fail(int calls, unsigned after, int error)
{
	failing_calls = calls;
	failing_error = error;
	passing = after;
	counted = 0;
}

void faulty_kill(int calls, unsigned after)
{
	faulty_fail(calls, after, DIE);
}

unsigned faulty_count(void)
{
	return counted;
}

void faulty_power_cut(void)
{
	for (size_t i = 0; i < n_images; i++) {
		int fd;

		if (!images[i].exists) {
			unlink(images[i].path);
			continue;
		}
		fd = open(images[i].path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fd < 0 || write(fd, images[i].bytes, images[i].len) != (ssize_t)images[i].len)
			abort();
		close(fd);
	}
}
