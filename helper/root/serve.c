/* SPDX-License-Identifier: MIT */
/* One connection: who is it, what does it ask, is the map in its hand sealed and good, publish or end sessions, answer.
 * Everything that arrives may come from a latchkeyd that a stranger has taken over: sizes are exact, descriptors beyond one are closed,
 * and memory that its sender could still change is never looked at. */
#include "helper/root/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/base/cleanup.h"
#include "helper/base/clock.h"
#include "helper/base/file.h"
#include "helper/root/answer.h"
#include "helper/root/check.h"
#include "helper/root/end_session.h"
#include "helper/root/install.h"
#include "nss_module/map_format.h"

#define STEP_TIMEOUT_MS 5000
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define FDS_MAX 253 /* the kernel's own limit for one message */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* --- the verb "publish" --------------------------------------------------------------------------------------- */

struct mapping {
	void *bytes;
	size_t size;
};

static void mapping_done(struct mapping *m)
{
	if (m->bytes != NULL)
		(void)munmap(m->bytes, m->size);
}

/* Sealed in every way before it is mapped: from here on nobody can change a byte of it. */
static int map_sealed(struct mapping *ret, int memfd, uint64_t size)
{
	int seals = fcntl(memfd, F_GET_SEALS);
	struct stat st;
	void *p;

	if (seals < 0 || (seals & SEALS) != SEALS || fstat(memfd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EPERM;
	if (size == 0 || size > MAP_MAX_BYTES || (uint64_t)st.st_size != size)
		return -EINVAL;
	p = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, memfd, 0);
	if (p == MAP_FAILED)
		return -errno;
	ret->bytes = p;
	ret->size = (size_t)size;
	return 0;
}

static int publish_checked(const struct serve_context *c, const struct mapping *m, const struct settings *settings,
			   struct publish_answer *answer)
{
	LK_CLEANUP(close_fd) int folder = install_open(c->state);
	int r;

	if (folder < 0)
		return answer_error(answer, "the folder of the map", folder);
	r = install_map(folder, m->bytes, m->size, settings, &answer->serial);
	if (r < 0)
		return answer_error(answer, "writing the map", r);
	return answer_with(answer, PUBLISH_DONE, "published");
}

int serve_publish(const struct serve_context *c, int memfd, uint64_t size, struct publish_answer *answer)
{
	LK_CLEANUP(mapping_done) struct mapping m = {.bytes = NULL};
	LK_CLEANUP(settings_freep) struct settings *settings = NULL;
	LK_CLEANUP(locals_freep) struct locals *locals = NULL;
	struct ini_fault fault = {.text = ""};
	char why[CHECK_WHY_SIZE] = "";
	int r;

	memset(answer, 0, sizeof(*answer));
	r = map_sealed(&m, memfd, size);
	if (r == -EPERM || r == -EINVAL)
		return answer_with(answer, PUBLISH_REFUSED, "not sealed memory of the size that was named");
	if (r < 0)
		return answer_error(answer, "mapping the new map", r);
	/* Read each time: what root has changed since counts. */
	r = settings_load(&settings, c->config, &fault);
	if (r < 0)
		return answer_with(answer, PUBLISH_FAILED, fault.text);
	/* Whoever can change the folder of the homes could put one of theirs in the place of the next person's. */
	r = file_check_folder(settings->home_base);
	if (r < 0 && r != -ENOENT) {
		(void)snprintf(why, sizeof(why), "homes cannot lie in %.100s: it must be a folder of root's alone",
			       settings->home_base);
		return answer_with(answer, PUBLISH_REFUSED, why);
	}
	r = locals_load(&locals, c->root);
	if (r < 0)
		return answer_error(answer, "reading /etc/passwd and /etc/group", r);
	r = check_map(m.bytes, m.size, settings, locals, why);
	if (r == -EBADMSG)
		return answer_with(answer, PUBLISH_REFUSED, why);
	if (r < 0)
		return answer_error(answer, "checking the map", r);
	return publish_checked(c, &m, settings, answer);
}

/* --- the connection ----------------------------------------------------------------------------------------------- */

static int wait_for(int fd, uint64_t deadline_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	uint64_t now = clock_monotonic_ms();
	int n;

	if (now >= deadline_ms)
		return -ETIMEDOUT;
	n = poll(&p, 1, (int)(deadline_ms - now));
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	return n == 0 ? -ETIMEDOUT : 0;
}

/* Keeps the first descriptor that ever came, closes all others. */
static void take_fds(struct msghdr *m, int *memfd, bool *has_too_many)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		size_t n;
		int fd;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (*memfd < 0) {
				*memfd = fd;
				continue;
			}
			*has_too_many = true;
			(void)close(fd);
		}
	}
	if ((m->msg_flags & MSG_CTRUNC) != 0)
		*has_too_many = true;
}

/* Exactly one question with at most one descriptor. */
static int receive(int fd, struct publish_question *ret, int *memfd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int) * FDS_MAX)];
	} control;
	uint64_t deadline_ms = clock_monotonic_ms() + STEP_TIMEOUT_MS;
	unsigned char *to = (unsigned char *)ret;
	bool has_too_many = false;
	size_t got = 0;
	int r;

	while (got < sizeof(*ret)) {
		struct iovec v = {.iov_base = to + got, .iov_len = sizeof(*ret) - got};
		struct msghdr m = {
			.msg_iov = &v,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control),
		};
		ssize_t n;

		r = wait_for(fd, deadline_ms);
		if (r < 0)
			return r;
		n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		take_fds(&m, memfd, &has_too_many);
		got += (size_t)n;
	}
	return has_too_many ? -EPROTO : 0;
}

static int peer_check(const struct serve_context *c, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 || len != sizeof(peer))
		return -EPERM;
	return peer.uid == c->peer ? 0 : -EPERM;
}

/* A map comes with the question for it, and with no other. */
static bool is_question(const struct publish_question *q, bool has_fd)
{
	if (q->magic != PUBLISH_MAGIC)
		return false;
	return has_fd ? q->verb == PUBLISH_MAP : q->verb == END_SESSION || q->verb == END_SESSION_NOW;
}

static int publish(const struct serve_context *c, const struct publish_question *q, int memfd, struct publish_answer *a,
		   char *log, size_t log_size)
{
	int r = serve_publish(c, memfd, q->size, a);

	if (r == PUBLISH_DONE)
		(void)snprintf(log, log_size, "published map %llu of %llu bytes", (unsigned long long)a->serial,
			       (unsigned long long)q->size);
	else
		(void)snprintf(log, log_size, "%s: %s", r == PUBLISH_REFUSED ? "refused a map" : "could not publish",
			       a->reason);
	return r;
}

static int end(const struct serve_context *c, const struct publish_question *q, struct publish_answer *a, char *log,
	       size_t log_size)
{
	int r = serve_end_session(c, q->uid, q->verb == END_SESSION_NOW, a);

	(void)snprintf(log, log_size, "%s uid %llu: %s",
		       r == PUBLISH_REFUSED  ? "refused to end the sessions of"
		       : r == PUBLISH_FAILED ? "could not end the sessions of"
					     : "ended the sessions of",
		       (unsigned long long)q->uid, a->reason);
	return r;
}

int serve_connection(const struct serve_context *c, int fd, char *log, size_t log_size)
{
	LK_CLEANUP(close_fd) int memfd = -1;
	struct publish_question q = {.magic = 0};
	struct publish_answer a = {.magic = 0};
	int r = peer_check(c, fd);

	if (r < 0) {
		(void)snprintf(log, log_size, "refused a connection that is not of uid %u", (unsigned int)c->peer);
		return r;
	}
	r = receive(fd, &q, &memfd);
	if (r == -ENODATA) {
		(void)snprintf(log, log_size, "the peer went away without a question");
		return r;
	}
	if (r < 0 || !is_question(&q, memfd >= 0)) {
		(void)snprintf(log, log_size, "refused a question that is none: %s",
			       strerrordesc_np(r < 0 ? -r : EPROTO));
		return r < 0 ? r : -EPROTO;
	}
	if (q.verb == PUBLISH_MAP)
		r = publish(c, &q, memfd, &a, log, log_size);
	else
		r = end(c, &q, &a, log, log_size);
	if (send(fd, &a, sizeof(a), MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof(a))
		return -EPIPE;
	return r;
}
