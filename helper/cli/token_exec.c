/* SPDX-License-Identifier: MIT */
/* "latchkey token --exec": another program with a token in its hands. Must never put it where others of this account's host can read
 * it: the command line, the environment, a file system. */
#include "helper/cli/token_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define PATH_SIZE 32u

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The descriptor stays open in the command and in whatever it starts. Return: it, or negative errno. */
static int keep(const struct buf *text)
{
	int fd = memfd_create("latchkey-token", MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return -errno;
	r = fchmod(fd, 0400) < 0 ? -errno : write_all(fd, text->data, text->len);
	if (r == 0 && (fcntl(fd, F_ADD_SEALS, SEALS) < 0 || lseek(fd, 0, SEEK_SET) < 0))
		r = -errno;
	if (r == 0)
		return fd;
	(void)close(fd);
	return r;
}

enum command_exit token_exec(const struct command *c, struct buf *text)
{
	char path[PATH_SIZE];
	int fd = keep(text);

	buf_done(text);
	if (fd < 0)
		return command_fail(c, COMMAND_FAILED, "the token cannot be handed on: %s", strerror(-fd));
	(void)snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	if (setenv(TOKEN_FILE_VARIABLE, path, 1) < 0)
		return command_fail(c, COMMAND_FAILED, "out of memory");
	(void)execvp(c->arguments.exec[0], c->arguments.exec);
	return command_fail(c, COMMAND_FAILED, "%.200s cannot be run: %s", c->arguments.exec[0], strerror(errno));
}
