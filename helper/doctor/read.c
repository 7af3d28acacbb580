/* SPDX-License-Identifier: MIT */
/* Files that root wrote, where some distributions put links to them. */
#include "helper/doctor/read.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "helper/base/file.h"

#define LINKS_MAX 8u

/* Replaces @path by what the link there says. */
static int follow(char path[PATH_MAX], const char *root)
{
	char target[PATH_MAX], next[PATH_MAX * 2];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	char *slash = strrchr(path, '/');

	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (target[0] == '/')
		(void)snprintf(next, sizeof(next), "%s%s", root, target);
	else
		(void)snprintf(next, sizeof(next), "%.*s%s", (int)(slash ? slash - path + 1 : 0), path, target);
	if (strlen(next) >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(path, next, strlen(next) + 1);
	return 0;
}

int read_text(struct buf *ret, const char *root, const char *path, size_t max)
{
	char full[PATH_MAX];
	int r = -ELOOP;

	(void)snprintf(full, sizeof(full), "%s%s", root, path);
	for (unsigned i = 0; i <= LINKS_MAX && r == -ELOOP; i++) {
		r = file_read(ret, full, FILE_OWNER_ROOT, FILE_READABLE, max);
		if (r != -ELOOP)
			break;
		buf_done(ret);
		if (follow(full, root) < 0)
			break;
	}
	return r;
}

bool read_line(const char **at, char *out, size_t size)
{
	const char *start = *at, *stop, *end, *comment;

	if (!start || *start == '\0')
		return false;
	end = strchrnul(start, '\n');
	*at = *end == '\n' ? end + 1 : end;
	comment = memchr(start, '#', (size_t)(end - start));
	stop = comment ? comment : end;
	while (start < stop && strchr(" \t\r", *start))
		start++;
	while (stop > start && strchr(" \t\r", stop[-1]))
		stop--;
	(void)snprintf(out, size, "%.*s", (int)(stop - start), start);
	return true;
}
