/* SPDX-License-Identifier: MIT */
/* Runs sshd -T and the like: with nothing of the caller's, and for no longer than an administrator waits. */
#include "helper/doctor/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper/base/clock.h"

#define EXIT_NO_PROGRAM 127

static void become(const char *const *argv, int out)
{
	static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 || close_range(3, ~0u, 0) < 0)
		_exit(EXIT_NO_PROGRAM);
	/* The interface of execve() lacks a const; it changes neither. */
	(void)execve(argv[0], (char *const *)(const void *)argv, (char *const *)(const void *)environment);
	_exit(EXIT_NO_PROGRAM);
}

/* Return: 0 at the end of the output. */
static int take_output(int in, struct buf *output)
{
	uint64_t end_ms = clock_monotonic_ms() + PROGRAM_TIMEOUT_MS;

	for (;;) {
		struct pollfd p = {.fd = in, .events = POLLIN};
		uint64_t now_ms = clock_monotonic_ms();
		char bytes[4096];
		ssize_t n;

		if (now_ms >= end_ms)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)(end_ms - now_ms)) <= 0)
			continue;
		n = read(in, bytes, sizeof(bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		buf_append(output, bytes, (size_t)n);
		if (buf_fault(output) < 0)
			return buf_fault(output);
	}
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

int program_run(const char *const *argv, struct buf *output)
{
	int ends[2], r, status;
	pid_t pid;

	buf_init(output, PROGRAM_OUTPUT_MAX);
	if (access(argv[0], X_OK) < 0)
		return errno == ENOTDIR ? -ENOENT : -errno;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		become(argv, ends[1]);
	r = pid < 0 ? -errno : 0;
	(void)close(ends[1]);
	if (pid < 0) {
		(void)close(ends[0]);
		return r;
	}
	r = take_output(ends[0], output);
	(void)close(ends[0]);
	if (r < 0)
		(void)kill(pid, SIGKILL);
	status = wait_for(pid);
	return r < 0 ? r : status;
}
