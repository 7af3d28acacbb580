/* SPDX-License-Identifier: MIT */
/* The steps of a publication for tests of the reader; any failure ends the test program. */
#include "tests/unit/nss_module/folder.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nss_module/map_format.h"

static void must(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		abort();
	}
}

const char *folder_path(const char *path, const char *name)
{
	static _Thread_local char whole[512];

	(void)snprintf(whole, sizeof(whole), "%s/%s", path, name);
	return whole;
}

char *folder_new(void)
{
	const char *tmp = secure_getenv("TMPDIR");
	char *path = NULL;

	must(asprintf(&path, "%s/latchkey-map-XXXXXX", tmp != NULL ? tmp : "/tmp") > 0, "asprintf");
	must(mkdtemp(path) != NULL, "mkdtemp");
	must(chmod(path, 0755) == 0, "chmod");
	return path;
}

void folder_free(char *path)
{
	static const char *const names[] = {MAP_NAME, MAP_EPOCH_NAME, "new", "other"};

	if (path == NULL)
		return;
	(void)chmod(path, 0755);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)unlink(folder_path(path, names[i]));
		(void)rmdir(folder_path(path, names[i]));
	}
	must(rmdir(path) == 0, "rmdir");
	free(path);
}

void folder_put(const char *path, const char *name, const void *bytes, size_t len)
{
	char to[512];
	int fd = open(folder_path(path, "new"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	must(fd >= 0 && fchmod(fd, 0644) == 0, "open");
	must(write(fd, bytes, len) == (ssize_t)len, "write");
	(void)close(fd);
	(void)snprintf(to, sizeof(to), "%s/%s", path, name);
	must(rename(folder_path(path, "new"), to) == 0, "rename");
}

void folder_epoch(const char *path)
{
	unsigned char page[MAP_EPOCH_BYTES] = {0};
	struct map_epoch first = {.magic = MAP_EPOCH_MAGIC, .version = MAP_VERSION, .counter = 1};
	int fd = open(folder_path(path, MAP_EPOCH_NAME), O_RDWR | O_CLOEXEC);
	struct map_epoch *e;

	if (fd < 0) {
		memcpy(page, &first, sizeof(first));
		folder_put(path, MAP_EPOCH_NAME, page, sizeof(page));
		return;
	}
	e = mmap(NULL, MAP_EPOCH_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(e != MAP_FAILED, "mmap");
	atomic_fetch_add(&e->counter, 1);
	(void)munmap(e, MAP_EPOCH_BYTES);
	(void)close(fd);
}
