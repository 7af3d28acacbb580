/* SPDX-License-Identifier: MIT */
/*
 * Carries calls from a PAM module or the command to the helper and waits for replies under a deadline. It runs inside
 * sshd and sudo, so it must never change anything of the process (signals, environment, low descriptors) and never
 * talk to a socket that somebody other than root could have put there.
 */
#include "helper/protocol/client.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "helper/base/clock.h"
#include "helper/protocol/frame.h"

struct client {
	int fd;
	bool is_pending; /* replies of a call are still to come */
	bool wants_more;
	bool is_broken; /* the stream's position is unknown: nothing that follows could be believed */
	struct frame_reader reader;
	struct buf out;
};

static struct timespec time_left(uint64_t deadline_ms)
{
	uint64_t now = clock_monotonic_ms();
	uint64_t left = deadline_ms > now ? deadline_ms - now : 0;

	return (struct timespec){.tv_sec = (time_t)(left / 1000), .tv_nsec = (long)(left % 1000) * 1000000L};
}

static uint64_t deadline_after(uint64_t timeout_ms)
{
	/* A century stands for "never", so that no sum overflows. */
	const uint64_t most = 100ull * 366 * 86400 * 1000;

	return clock_monotonic_ms() + (timeout_ms < most ? timeout_ms : most);
}

/* The folder decides who can replace the socket. */
static int check_folder(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct stat st;
	size_t len;

	if (path[0] != '/' || !slash || slash == path)
		return -EPERM;
	len = (size_t)(slash - path);
	if (len >= sizeof(folder))
		return -ENAMETOOLONG;
	memcpy(folder, path, len);
	folder[len] = '\0';

	if (lstat(folder, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode) || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return -EPERM;
	return 0;
}

/* Of a connected socket, the kernel tells who called listen() at the other end. */
static int check_listener(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return -errno;
	return len == sizeof(peer) && peer.uid == 0 ? 0 : -EPERM;
}

/* A process may run with 0, 1 or 2 closed; what it prints must not become a message to the helper. */
static int new_socket(int *ret)
{
	int fd, high;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (fd > STDERR_FILENO) {
		*ret = fd;
		return 0;
	}

	high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (high < 0) {
		int r = -errno;

		(void)close(fd);
		return r;
	}
	(void)close(fd);
	*ret = high;
	return 0;
}

/*
 * A non-blocking connect() to a Unix socket whose backlog is full fails at once and cannot be polled for, so this one
 * blocks, bounded by the send timeout.
 */
static int connect_until(int fd, const struct sockaddr_un *address, uint64_t deadline_ms)
{
	for (;;) {
		struct timespec left = time_left(deadline_ms);
		struct timeval timeout = {.tv_sec = left.tv_sec, .tv_usec = left.tv_nsec / 1000};

		if (timeout.tv_sec == 0 && timeout.tv_usec == 0)
			return -ETIMEDOUT; /* zero would mean for ever */
		if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0)
			return -errno;
		if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
			return 0;
		if (errno == EAGAIN)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

static int connect_to(int fd, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));

	r = connect_until(fd, &address, deadline_after(CLIENT_CONNECT_MS));
	if (r < 0)
		return r;
	r = check_listener(fd);
	if (r < 0)
		return r;
	return fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

int client_open(struct client **ret, const char *path)
{
	LK_CLEANUP(client_closep) struct client *c = NULL;
	int r;

	r = check_folder(path);
	if (r < 0)
		return r;

	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->fd = -1;
	frame_reader_init(&c->reader, FRAME_MAX);
	buf_init(&c->out, FRAME_MAX + 1);

	r = new_socket(&c->fd);
	if (r < 0)
		return r;
	r = connect_to(c->fd, path);
	if (r < 0)
		return r;

	*ret = LK_STEAL(c);
	return 0;
}

static int send_until(struct client *c, uint64_t deadline_ms)
{
	for (;;) {
		struct pollfd pfd = {.fd = c->fd, .events = POLLOUT};
		struct timespec left;
		int r;

		r = frame_flush(&c->out, c->fd);
		if (r <= 0)
			return r;

		left = time_left(deadline_ms);
		r = ppoll(&pfd, 1, &left, NULL);
		if (r == 0)
			return -ETIMEDOUT;
		if (r < 0 && errno != EINTR)
			return -errno;
	}
}

int client_call(struct client *c, const char *method, struct json_object *parameters, bool more)
{
	int r;

	if (c->is_broken)
		return -EPIPE;
	if (c->is_pending)
		return -EBUSY;
	/* Bytes that no call asked for would pass for the reply of this one. */
	if (c->reader.in.len > c->reader.taken) {
		c->is_broken = true;
		return -EBADMSG;
	}

	r = varlink_write_call(&c->out, method, parameters, more);
	if (r < 0)
		return r;

	r = send_until(c, deadline_after(CLIENT_CONNECT_MS));
	if (r < 0) {
		c->is_broken = true;
		return r;
	}
	c->is_pending = true;
	c->wants_more = more;
	return 0;
}

/* Return: 0 the helper's socket is readable, or why the wait ended. */
static int wait_readable(const struct client *c, uint64_t deadline_ms, int watch_fd, const sigset_t *sigmask)
{
	struct pollfd pfds[] = {
		{.fd = c->fd, .events = POLLIN},
		{.fd = watch_fd, .events = POLLRDHUP}, /* poll() passes over a negative descriptor */
	};
	struct timespec left = time_left(deadline_ms);
	int r;

	r = ppoll(pfds, sizeof(pfds) / sizeof(pfds[0]), &left, sigmask);
	if (r < 0)
		return -errno;
	if (r == 0)
		return -ETIMEDOUT;
	if (pfds[1].revents)
		return -ECONNABORTED;
	return 0;
}

/* Return: 1 a frame, 0 none yet, negative errno. */
static int take_reply(struct client *c, struct varlink_reply *ret)
{
	const char *frame;
	size_t len;
	int r;

	r = frame_reader_next(&c->reader, &frame, &len);
	if (r <= 0)
		return r;

	r = varlink_reply_parse(ret, frame, len);
	if (r < 0)
		return r == -E2BIG ? -EBADMSG : r;
	if (ret->continues && !c->wants_more) {
		varlink_reply_done(ret);
		return -EBADMSG;
	}
	c->is_pending = ret->continues;
	return 1;
}

static int fill(struct client *c)
{
	ssize_t n = frame_reader_fill(&c->reader, c->fd);

	if (n > 0 || n == -EAGAIN)
		return 0;
	if (n == 0 || n == -ECONNRESET)
		return -EPIPE;
	return n == -E2BIG ? -EBADMSG : (int)n;
}

/* Ends that leave the call under way, so that the caller may wait again. */
static bool may_go_on(int r)
{
	return r == -ETIMEDOUT || r == -EINTR || r == -ECONNABORTED;
}

int client_next(struct client *c, struct varlink_reply *ret, uint64_t timeout_ms, int watch_fd, const sigset_t *sigmask)
{
	uint64_t deadline_ms = deadline_after(timeout_ms);
	struct varlink_reply reply;
	int r;

	if (c->is_broken)
		return -EPIPE;
	if (!c->is_pending)
		return -EINVAL;

	for (;;) {
		r = take_reply(c, &reply);
		if (r == 1) {
			*ret = reply;
			return 0;
		}
		if (r == 0)
			r = wait_readable(c, deadline_ms, watch_fd, sigmask);
		if (r == 0)
			r = fill(c);
		if (r < 0) {
			c->is_broken = !may_go_on(r);
			return r;
		}
	}
}

int client_fd(const struct client *c)
{
	return c->fd;
}

void client_close(struct client *c)
{
	if (!c)
		return;

	if (c->fd >= 0)
		(void)close(c->fd);
	frame_reader_done(&c->reader);
	buf_done(&c->out);
	free(c);
}
