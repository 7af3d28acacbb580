/* SPDX-License-Identifier: MIT */
/* Keeps an assertion from one askpass process to the next, for the few seconds that its parts take. */
#include "helper/cli/assert_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/base/cleanup.h"
#include "helper/base/clock.h"
#include "helper/base/text.h"
#include "helper/protocol/presenting.h"

#define FOLDER_MAX 4096u
#define NAME_LEN 64u
#define PREFIX "assert-"
#define OLD_S 600 /* one that nobody asked to the end */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* The folder that ours lies in. */
static int find_parent(char parent[FOLDER_MAX])
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	const char *home = getenv("HOME");
	int n;

	if (runtime != NULL && runtime[0] == '/' && access(runtime, W_OK) == 0) {
		n = snprintf(parent, FOLDER_MAX, "%s", runtime);
	} else if (home != NULL && home[0] == '/') {
		n = snprintf(parent, FOLDER_MAX, "%s/.cache", home);
		if (n > 0 && (size_t)n < FOLDER_MAX && mkdir(parent, 0700) < 0 && errno != EEXIST)
			return -errno;
	} else {
		return -ENOENT;
	}
	return n < 0 || (size_t)n >= FOLDER_MAX ? -ENAMETOOLONG : 0;
}

/* Return: the open folder, or negative errno. */
static int open_folder(void)
{
	char parent[FOLDER_MAX];
	char folder[FOLDER_MAX + NAME_LEN];
	struct stat st;
	int r = find_parent(parent);
	int fd;

	if (r < 0)
		return r;
	(void)snprintf(folder, sizeof(folder), "%s/latchkey", parent);
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 077) == 0)
		return fd;
	(void)close(fd);
	return -EPERM;
}

static void name_of(char name[NAME_LEN], const char *nonce)
{
	(void)snprintf(name, NAME_LEN, PREFIX "%s", nonce);
}

/* What an ssh left that was ended in between. */
static void sweep(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	struct stat st;

	if (d == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL)
		if (text_has_prefix(e->d_name, PREFIX) && fstatat(folder, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_mtim.tv_sec < clock_realtime_s() - OLD_S)
			(void)unlinkat(folder, e->d_name, 0);
	(void)closedir(d);
}

int assert_state_put(const char *nonce, const struct secret *token)
{
	LK_CLEANUP(close_fd) int folder = open_folder();
	LK_CLEANUP(close_fd) int fd = -1;
	char name[NAME_LEN];

	if (folder < 0)
		return folder;
	sweep(folder);
	name_of(name, nonce);
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	return write(fd, secret_data(token), secret_len(token)) == (ssize_t)secret_len(token) ? 0 : -EIO;
}

int assert_state_get(struct secret **ret, const char *nonce)
{
	LK_CLEANUP(close_fd) int folder = open_folder();
	LK_CLEANUP(close_fd) int fd = -1;
	char text[PRESENTED_MAX + 1];
	char name[NAME_LEN];
	struct stat st;
	ssize_t n;

	if (folder < 0)
		return folder;
	name_of(name, nonce);
	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return -EPERM;
	n = read(fd, text, sizeof(text));
	if (n < 0)
		return -errno;
	if (n == 0 || (size_t)n > PRESENTED_MAX)
		return -E2BIG;
	return secret_new(ret, text, (size_t)n);
}

void assert_state_drop(const char *nonce)
{
	LK_CLEANUP(close_fd) int folder = open_folder();
	char name[NAME_LEN];

	name_of(name, nonce);
	if (folder >= 0)
		(void)unlinkat(folder, name, 0);
}
