/* SPDX-License-Identifier: MIT */
/* Tells the words of the ssh client from those of the server that it is connected to. */
#include "helper/cli/ssh_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper/base/clock.h"
#include "helper/base/text.h"

#define VERSION_MAX 256u
#define VERSION_MS 2000u
#define FIRST_MAJOR 8u
#define FIRST_MINOR 5u

static int copy(char *out, const char *text, size_t len)
{
	if (len == 0 || len > SSH_NAME_MAX)
		return -EBADMSG;
	memcpy(out, text, len);
	out[len] = '\0';
	return 0;
}

int ssh_question_read(struct ssh_question *ret, const char *question)
{
	const char *end = strstr(question, ") ");
	const char *at = NULL;

	if (question[0] != '(' || end == NULL)
		return -EBADMSG;
	for (const char *c = question + 1; c < end; c++)
		if (*c == '@')
			at = c; /* the last: names of users may have one */
	if (at == NULL || copy(ret->user, question + 1, (size_t)(at - question - 1)) < 0 ||
	    copy(ret->host, at + 1, (size_t)(end - at - 1)) < 0)
		return -EBADMSG;
	ret->text = end + 2;
	return 0;
}

bool ssh_version_names_host(const char *text)
{
	static const char name[] = "OpenSSH_";
	unsigned long major, minor;
	char *end;

	if (!text_has_prefix(text, name))
		return false;
	text += strlen(name);
	if (*text < '0' || *text > '9')
		return false;
	major = strtoul(text, &end, 10);
	if (*end != '.' || end[1] < '0' || end[1] > '9')
		return false;
	minor = strtoul(end + 1, NULL, 10);
	return major > FIRST_MAJOR || (major == FIRST_MAJOR && minor >= FIRST_MINOR);
}

static void run(const char *program, int out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(out, STDERR_FILENO) >= 0)
		(void)execl(program, "ssh", "-V", (char *)NULL);
	_exit(127);
}

static void read_some(int fd, char text[VERSION_MAX])
{
	uint64_t deadline = clock_monotonic_ms() + VERSION_MS;
	size_t len = 0;

	while (len + 1 < VERSION_MAX) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		uint64_t now = clock_monotonic_ms();
		ssize_t n;

		if (now >= deadline || poll(&p, 1, (int)(deadline - now)) <= 0)
			break;
		n = read(fd, text + len, VERSION_MAX - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
}

bool ssh_client_names_host(pid_t pid)
{
	char program[64], text[VERSION_MAX] = "";
	int ends[2];
	pid_t child;

	(void)snprintf(program, sizeof(program), "/proc/%ld/exe", (long)pid);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	child = fork();
	if (child == 0)
		run(program, ends[1]);
	(void)close(ends[1]);
	if (child > 0) {
		read_some(ends[0], text);
		(void)kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
	}
	(void)close(ends[0]);
	return ssh_version_names_host(text);
}
