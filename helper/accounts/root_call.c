/* SPDX-License-Identifier: MIT */
/* Connects, sends, reads one answer of a fixed size. Where the queue of latchkey-root's socket is full it comes again until
 * its patience ends; it never blocks. */
#include "helper/accounts/root_call.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECT_AGAIN_US UINT64_C(50000)

struct root_call {
	sd_event *event;
	const char *socket_path;
	struct publish_question question;
	int memfd;
	root_call_done_fn done;
	void *userdata;
	sd_event_source *deadline;
	sd_event_source *begin; /* now, or again: the queue of the socket was full */
	sd_event_source *io;
	int fd;
	struct publish_answer answer;
	size_t answer_len;
};

/* The callee may free @c: nobody touches it after this. */
static void finish(struct root_call *c, int error, const char *detail)
{
	c->deadline = sd_event_source_disable_unref(c->deadline);
	c->begin = sd_event_source_disable_unref(c->begin);
	c->io = sd_event_source_disable_unref(c->io);
	c->done(c->userdata, error, error == 0 ? &c->answer : NULL, detail);
}

static int on_io(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	struct root_call *c = userdata;
	ssize_t n = recv(fd, (char *)&c->answer + c->answer_len, sizeof(c->answer) - c->answer_len, MSG_DONTWAIT);

	(void)s;
	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		finish(c, n < 0 ? -errno : -ECONNRESET, "latchkey-root went away");
		return 0;
	}
	c->answer_len += (size_t)n;
	if (c->answer_len < sizeof(c->answer))
		return 0;
	c->answer.reason[sizeof(c->answer.reason) - 1] = '\0';
	if (c->answer.magic == PUBLISH_MAGIC)
		finish(c, 0, "");
	else
		finish(c, -EPROTO, "latchkey-root gave no proper answer");
	return 0;
}

static int send_question(const struct root_call *c)
{
	struct publish_question q = c->question;
	struct iovec v = {.iov_base = &q, .iov_len = sizeof(q)};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.room = {0}};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	struct cmsghdr *header;

	if (c->memfd >= 0) {
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
		header = CMSG_FIRSTHDR(&m);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &c->memfd, sizeof(c->memfd));
	}
	return sendmsg(c->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(q) ? 0 : -EIO;
}

/* The listener was made by root, or in a test by whoever runs it. */
static bool is_trusted(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && (peer.uid == 0 || peer.uid == geteuid());
}

static int connect_to_root(struct root_call *c)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	if (strlen(c->socket_path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	memcpy(to.sun_path, c->socket_path, strlen(c->socket_path) + 1);
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	return is_trusted(c->fd) ? 0 : -EPERM;
}

static int on_begin(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct root_call *c = userdata;
	int r = connect_to_root(c);

	(void)s;
	(void)usec;
	c->begin = sd_event_source_disable_unref(c->begin);
	if (r == -EAGAIN &&
	    sd_event_add_time_relative(c->event, &c->begin, CLOCK_MONOTONIC, CONNECT_AGAIN_US, 0, on_begin, c) >= 0)
		return 0;
	if (r < 0) {
		finish(c, r, "latchkey-root cannot be reached");
		return 0;
	}
	r = send_question(c);
	if (r == 0)
		r = sd_event_add_io(c->event, &c->io, c->fd, EPOLLIN, on_io, c);
	if (r < 0)
		finish(c, r, "the question could not be sent to latchkey-root");
	return 0;
}

static int on_deadline(sd_event_source *s, uint64_t usec, void *userdata)
{
	(void)s;
	(void)usec;
	finish(userdata, -ETIMEDOUT, "latchkey-root did not answer in time");
	return 0;
}

int root_call_start(struct root_call **ret, sd_event *event, const char *socket_path, const struct publish_question *q,
		    int memfd, uint64_t patience_us, root_call_done_fn done, void *userdata)
{
	LK_CLEANUP(root_call_freep) struct root_call *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return -ENOMEM;
	c->fd = -1;
	c->event = sd_event_ref(event);
	c->socket_path = socket_path;
	c->question = *q;
	c->memfd = memfd;
	c->done = done;
	c->userdata = userdata;
	if (sd_event_add_time_relative(event, &c->deadline, CLOCK_MONOTONIC, patience_us, 0, on_deadline, c) < 0 ||
	    sd_event_add_time_relative(event, &c->begin, CLOCK_MONOTONIC, 0, 0, on_begin, c) < 0)
		return -ENOMEM;
	*ret = LK_STEAL(c);
	return 0;
}

void root_call_free(struct root_call *c)
{
	if (c == NULL)
		return;
	(void)sd_event_source_disable_unref(c->deadline);
	(void)sd_event_source_disable_unref(c->begin);
	(void)sd_event_source_disable_unref(c->io);
	sd_event_unref(c->event);
	if (c->fd >= 0)
		(void)close(c->fd);
	free(c);
}
