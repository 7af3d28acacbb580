/* SPDX-License-Identifier: MIT */
/* Signals go out from a child that has become the person; counting reads /proc, and decides nothing but whether to come
 * again. */
#include "helper/root/processes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper/base/cleanup.h"
#include "helper/root/privileges.h"

#define STATUS_MAX 4096u

/* --- signals ------------------------------------------------------------------------------------------------------ */

/* The status tells the parent; nothing else may run here, since this process may be the person by now. */
static _Noreturn void signal_all(uid_t uid, int sig)
{
	int r = privileges_become(uid);

	if (r == 0)
		(void)kill(-1, sig);
	_exit(-r);
}

int processes_signal(uid_t uid, int sig)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return -errno;
	if (child == 0)
		signal_all(uid, sig);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

/* --- counting ----------------------------------------------------------------------------------------------------- */

static void close_folder(DIR **d)
{
	if (*d != NULL)
		(void)closedir(*d);
}

/* Return: length, 0 where the process is gone, negative errno. */
static ssize_t read_status(int proc, const char *pid, char *text)
{
	char path[32];
	ssize_t n;
	int error;
	int fd;

	(void)snprintf(path, sizeof(path), "%.16s/status", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	n = read(fd, text, STATUS_MAX - 1);
	error = errno;
	(void)close(fd);
	if (n < 0)
		return error == ESRCH ? 0 : -error;
	text[n] = '\0';
	return n;
}

/* What stands behind "\nNAME:\t"; the kernel escapes line breaks in the only text that is a process's own. */
static const char *value_of(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at != NULL ? at + strlen(name) : NULL;
}

/* Return: 1 it is one of theirs and alive, 0 it is not, -EBADMSG. */
static int judge(const char *text, uid_t uid)
{
	const char *state = value_of(text, "\nState:\t");
	const char *uids = value_of(text, "\nUid:\t");
	const char *threads = value_of(text, "\nThreads:\t");
	unsigned long real;
	unsigned long saved;
	char *end;

	if (state == NULL || uids == NULL || threads == NULL)
		return -EBADMSG;
	real = strtoul(uids, &end, 10);
	(void)strtoul(end, &end, 10); /* effective */
	saved = strtoul(end, &end, 10);
	if (*end != '\t')
		return -EBADMSG;
	if (real != uid && saved != uid)
		return 0;
	return (*state != 'Z' && *state != 'X') || strtoul(threads, NULL, 10) > 1;
}

int processes_count(uid_t uid, size_t *ret)
{
	LK_CLEANUP(close_folder) DIR *proc = opendir("/proc");
	const struct dirent *e;
	char text[STATUS_MAX];
	size_t count = 0;

	if (proc == NULL)
		return -errno;
	for (;;) {
		ssize_t n;
		int r;

		errno = 0;
		e = readdir(proc);
		if (e == NULL)
			break;
		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		n = read_status(dirfd(proc), e->d_name, text);
		if (n < 0)
			return (int)n;
		r = n > 0 ? judge(text, uid) : 0;
		if (r < 0)
			return r;
		count += (size_t)r;
	}
	if (errno != 0)
		return -errno;
	*ret = count;
	return 0;
}
