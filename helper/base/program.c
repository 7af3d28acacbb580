/* SPDX-License-Identifier: MIT */
/* Children: their descriptors are 0 to 2 and at most one socket, their environment is what is said here. */
#include "helper/base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper/base/clock.h"

#define LISTEN_FD 3
#define CHUNK 4096u

enum {
	EXIT_CANNOT_RUN = 126,
	EXIT_NOT_FOUND = 127,
};

static int become(const struct program *p)
{
	if (p->has_user &&
	    (setgroups(0, NULL) < 0 || setresgid(p->gid, p->gid, p->gid) < 0 || setresuid(p->uid, p->uid, p->uid) < 0))
		return -errno;
	/* After the change of user, which would undo it: whoever kills this process leaves nothing running. */
	return prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? -errno : 0;
}

static int arrange_descriptors(const struct program *p, int out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out >= 0 ? out : null, STDOUT_FILENO) < 0 ||
	    dup2(out >= 0 ? out : null, STDERR_FILENO) < 0)
		return -errno;
	if (p->listen_fd == LISTEN_FD && fcntl(LISTEN_FD, F_SETFD, 0) < 0)
		return -errno;
	if (p->listen_fd > 0 && p->listen_fd != LISTEN_FD && dup2(p->listen_fd, LISTEN_FD) < 0)
		return -errno;
	return close_range(p->listen_fd > 0 ? LISTEN_FD + 1 : LISTEN_FD, ~0U, 0) < 0 ? -errno : 0;
}

static void run_child(const struct program *p, int out)
{
	char listen_pid[32];
	const char *environment[10] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"};
	const char *copy[PROGRAM_ARGUMENTS_MAX + 1] = {NULL};
	size_t n = 2;

	if (arrange_descriptors(p, out) < 0 || become(p) < 0)
		_exit(EXIT_CANNOT_RUN);
	for (size_t i = 0; i < sizeof(p->environment) / sizeof(p->environment[0]) && p->environment[i] != NULL; i++)
		environment[n++] = p->environment[i];
	(void)snprintf(listen_pid, sizeof(listen_pid), "LISTEN_PID=%d", getpid());
	if (p->listen_fd > 0) {
		environment[n++] = listen_pid;
		environment[n++] = "LISTEN_FDS=1";
	}
	memcpy(copy, p->argv, sizeof(p->argv));
	/* exec takes what it does not change as if it did. */
	(void)execve(copy[0], (char *const *)(uintptr_t)copy, (char *const *)(uintptr_t)environment);
	_exit(errno == ENOENT || errno == ENOTDIR ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN);
}

static pid_t start(const struct program *p, int out)
{
	pid_t pid = fork();

	if (pid == 0)
		run_child(p, out);
	return pid < 0 ? -errno : pid;
}

static int read_some(int fd, struct buf *output)
{
	char chunk[CHUNK];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	buf_append(output, chunk, (size_t)n);
	return buf_fault(output) < 0 ? buf_fault(output) : n > 0;
}

/* Return: 0 it has closed its end, -ETIMEDOUT, other negative errno. */
static int read_output(int fd, struct buf *output, uint64_t end_ms)
{
	int r = 1;

	while (r > 0) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		uint64_t now = clock_monotonic_ms();

		if (now >= end_ms)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)(end_ms - now)) > 0)
			r = read_some(fd, output);
	}
	return r;
}

static int status_of(int status)
{
	if (!WIFEXITED(status))
		return -ECHILD;
	return WEXITSTATUS(status) == EXIT_NOT_FOUND ? -ENOENT : WEXITSTATUS(status);
}

int program_run(const struct program *p, struct buf *output)
{
	int pipes[2];
	int status = 0;
	pid_t pid;
	int r;

	buf_init(output, PROGRAM_OUTPUT_MAX);
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	pid = start(p, pipes[1]);
	(void)close(pipes[1]);
	r = pid < 0 ? (int)pid : read_output(pipes[0], output, clock_monotonic_ms() + p->timeout_ms);
	(void)close(pipes[0]);
	if (pid < 0)
		return r;
	/* One that has closed its output and goes on is not waited for. */
	if (r < 0)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return r < 0 ? r : status_of(status);
}

int program_start(const struct program *p, pid_t *ret)
{
	pid_t pid = start(p, STDERR_FILENO);

	if (pid < 0)
		return (int)pid;
	*ret = pid;
	return 0;
}

void program_stop(pid_t pid)
{
	(void)kill(pid, SIGTERM);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}
