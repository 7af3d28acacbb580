/* SPDX-License-Identifier: MIT */
/* latchkeyd's end of the wire. Connects when there is something to ask, tells everybody who waits when the other end
 * goes, and lets go of a connection that nobody has used for a while, so that latchkey-fetch may end. Never blocks,
 * never repeats a request: only the caller knows whether asking twice does harm. */
#include "helper/fetch/client.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "helper/base/buf.h"
#include "helper/fetch/wire.h"
#include "helper/protocol/frame.h"

#define BUCKETS 256u
#define QUESTIONS_MAX (48u * 1024u * 1024u)
#define MS UINT64_C(1000)
#define PATIENCE_MS 3000u /* beyond a request's own time, which latchkey-fetch keeps */
#define IDLE_MS 60000u

struct fetch_call {
	TAILQ_ENTRY(fetch_call) link;
	struct fetch_client *client;
	uint64_t id;
	bool is_failed; /* in the list of failures, else in a bucket */
	enum fetch_outcome failure;
	const char *detail; /* static */
	sd_event_source *patience;
	fetch_done_fn done;
	void *userdata;
};
TAILQ_HEAD(call_list, fetch_call);

enum client_state {
	STATE_IDLE,
	STATE_CONNECTED,
	STATE_UNREACHABLE
};

struct fetch_client {
	sd_event *event;
	char *socket_path;
	enum client_state state;
	int fd; /* -1 while there is no connection */
	sd_event_source *source;
	sd_event_source *failures_due;
	sd_event_source *idle;
	struct frame_reader in;
	struct buf out;
	struct wire_answer *pending;
	uint64_t last_id;
	struct call_list calls[BUCKETS];
	struct call_list failures;
	unsigned n_calls;
};

/* --- calls ----------------------------------------------------------------------------------------------------------- */

static struct call_list *list_of(struct fetch_call *call)
{
	return call->is_failed ? &call->client->failures : &call->client->calls[call->id % BUCKETS];
}

static void call_unlink(struct fetch_call *call)
{
	struct fetch_client *c = call->client;

	TAILQ_REMOVE(list_of(call), call, link);
	if (!call->is_failed)
		c->n_calls--;
	if (c->n_calls == 0 && c->fd >= 0) {
		(void)sd_event_source_set_time_relative(c->idle, IDLE_MS * MS);
		(void)sd_event_source_set_enabled(c->idle, SD_EVENT_ONESHOT);
	}
}

static void call_free(struct fetch_call *call)
{
	sd_event_source_disable_unref(call->patience);
	free(call);
}

/* The caller hears of it from the loop, not from within its own call. */
static void call_fail(struct fetch_call *call, enum fetch_outcome failure, const char *detail)
{
	call_unlink(call);
	call->is_failed = true;
	call->failure = failure;
	call->detail = detail;
	TAILQ_INSERT_TAIL(&call->client->failures, call, link);
	(void)sd_event_source_set_enabled(call->client->failures_due, SD_EVENT_ONESHOT);
}

static int on_failures_due(sd_event_source *source, void *userdata)
{
	struct fetch_client *c = userdata;
	struct fetch_call *call = TAILQ_FIRST(&c->failures);

	/* One at a time: what the callee does may change the list. */
	if (call == NULL)
		return 0;
	call_unlink(call);
	if (!TAILQ_EMPTY(&c->failures))
		(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	call->done(call->userdata, call->failure, NULL, call->detail);
	call_free(call);
	return 0;
}

/* --- the connection -------------------------------------------------------------------------------------------------- */

static void disconnect(struct fetch_client *c)
{
	c->source = sd_event_source_disable_unref(c->source);
	(void)sd_event_source_set_enabled(c->idle, SD_EVENT_OFF);
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
	frame_reader_done(&c->in);
	buf_done(&c->out);
	buf_init(&c->out, QUESTIONS_MAX);
	wire_answer_free(c->pending);
	c->pending = NULL;
}

static void lose(struct fetch_client *c, const char *detail)
{
	disconnect(c);
	c->state = STATE_IDLE;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (!TAILQ_EMPTY(&c->calls[i]))
			call_fail(TAILQ_FIRST(&c->calls[i]), FETCH_LOST, detail);
	}
}

/*
 * Whoever made the listening socket could read every client secret and answer as every provider. It must be root, or
 * this very user, who could do as much to this process without any socket. Nobody but those two may be able to put
 * another socket in its place.
 */
static bool is_trusted(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

static int check_folder(const char *socket_path)
{
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	struct stat st;

	(void)memcpy(path, socket_path, strlen(socket_path) + 1);
	if (stat(dirname(path), &st) < 0)
		return -errno;
	return is_trusted(st.st_uid) && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0 ? 0 : -EPERM;
}

static int check_listener(int fd)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return -errno;
	return len == sizeof(peer) && is_trusted(peer.uid) ? 0 : -EPERM;
}

static int flush(struct fetch_client *c)
{
	int r = frame_flush(&c->out, c->fd);

	if (r < 0)
		return r;
	return sd_event_source_set_io_events(c->source, r > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void take_answer(struct fetch_client *c, struct wire_answer *a)
{
	struct fetch_call *call;

	TAILQ_FOREACH(call, &c->calls[a->id % BUCKETS], link)
	{
		if (call->id == a->id)
			break;
	}
	/* None: it was cancelled while this answer was on its way. */
	if (call == NULL)
		return;
	call_unlink(call);
	call->done(call->userdata, a->outcome, a->outcome == FETCH_DONE ? &a->reply : NULL, a->detail);
	call_free(call);
}

static int take_frame(void *userdata, const char *frame, size_t len)
{
	struct fetch_client *c = userdata;
	struct wire_answer *a = NULL;
	int r = wire_take_answer(&c->pending, frame, len, &a);

	if (r <= 0)
		return r;
	take_answer(c, a);
	wire_answer_free(a);
	return c->fd < 0 ? 1 : 0;
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct fetch_client *c = userdata;
	int r = 0;

	(void)source;
	if ((events & EPOLLOUT) != 0)
		r = flush(c);
	if (r >= 0 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
		r = frame_reader_drain(&c->in, fd, take_frame, c);
	if (r < 0)
		lose(c,
		     r == -EBADMSG || r == -E2BIG ? "latchkey-fetch broke the protocol" : "latchkey-fetch went away");
	return 0;
}

static int on_idle(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct fetch_client *c = userdata;

	(void)source;
	(void)usec;
	if (c->n_calls == 0 && c->fd >= 0) {
		disconnect(c);
		c->state = STATE_IDLE;
	}
	return 0;
}

static int open_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;
	int r;

	r = check_folder(path);
	if (r < 0)
		return r;
	(void)memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	r = connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : check_listener(fd);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	return fd;
}

static int connect_now(struct fetch_client *c)
{
	int fd = open_socket(c->socket_path);
	int r;

	if (fd < 0)
		return fd;
	r = sd_event_add_io(c->event, &c->source, fd, EPOLLIN, on_connection, c);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	c->fd = fd;
	c->state = STATE_CONNECTED;
	frame_reader_init(&c->in, WIRE_FRAME_MAX);
	return 0;
}

/* A connection that ended while nothing was asked is no loss: look before trusting it with the next request. */
static bool has_ended(const struct fetch_client *c)
{
	ssize_t n;
	char byte;

	if (c->n_calls > 0)
		return false;
	n = recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno != EAGAIN);
}

static const char *ensure_connection(struct fetch_client *c)
{
	int r;

	if (c->fd >= 0 && has_ended(c))
		disconnect(c);
	if (c->fd >= 0)
		return NULL;
	r = connect_now(c);
	if (r == 0)
		return NULL;
	c->state = STATE_UNREACHABLE;
	if (r == -EPERM)
		return "the socket of latchkey-fetch was not made by root";
	return r == -EAGAIN ? "latchkey-fetch does not accept connections" : "latchkey-fetch is not there";
}

/* --- the interface --------------------------------------------------------------------------------------------------- */

static int on_patience(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct fetch_call *call = userdata;
	struct fetch_client *c = call->client;

	(void)source;
	(void)usec;
	if (call->is_failed)
		return 0;
	call_fail(call, FETCH_TIMEOUT, "latchkey-fetch does not answer");
	if (wire_write_cancel(&c->out, call->id) < 0 || flush(c) < 0)
		lose(c, "latchkey-fetch went away");
	return 0;
}

static void ask(struct fetch_client *c, struct fetch_call *call, const struct fetch_request *request)
{
	const char *fault = ensure_connection(c);
	int r;

	TAILQ_INSERT_TAIL(list_of(call), call, link);
	c->n_calls++;
	if (fault != NULL) {
		call_fail(call, FETCH_LOST, fault);
		return;
	}
	(void)sd_event_source_set_enabled(c->idle, SD_EVENT_OFF);
	r = wire_write_start(&c->out, call->id, request);
	if (r == -ENOBUFS)
		call_fail(call, FETCH_OVERLOADED, "too many requests wait already");
	else if (r < 0 || flush(c) < 0)
		lose(c, "latchkey-fetch went away");
}

int fetch_start(struct fetch_client *c, const struct fetch_request *request, fetch_done_fn done, void *userdata,
		struct fetch_call **ret)
{
	struct fetch_call *call;
	int r;

	r = wire_request_check(request);
	if (r < 0)
		return r;
	call = calloc(1, sizeof(*call));
	if (call == NULL)
		return -ENOMEM;
	call->client = c;
	call->id = ++c->last_id;
	call->done = done;
	call->userdata = userdata;
	r = sd_event_add_time_relative(c->event, &call->patience, CLOCK_BOOTTIME,
				       (request->timeout_ms + PATIENCE_MS) * MS, 100 * MS, on_patience, call);
	if (r < 0) {
		call_free(call);
		return -ENOMEM;
	}
	ask(c, call, request);
	if (ret != NULL)
		*ret = call;
	return 0;
}

void fetch_cancel(struct fetch_call *call)
{
	struct fetch_client *c;
	bool is_under_way;
	uint64_t id;

	if (call == NULL)
		return;
	c = call->client;
	id = call->id;
	is_under_way = !call->is_failed;
	call_unlink(call);
	call_free(call);
	if (is_under_way && c->fd >= 0 && (wire_write_cancel(&c->out, id) < 0 || flush(c) < 0))
		lose(c, "latchkey-fetch went away");
}

static int add_sources(struct fetch_client *c)
{
	int r = sd_event_add_defer(c->event, &c->failures_due, on_failures_due, c);

	if (r >= 0)
		r = sd_event_source_set_enabled(c->failures_due, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(c->event, &c->idle, CLOCK_MONOTONIC, 0, 1000 * MS, on_idle, c);
	if (r >= 0)
		r = sd_event_source_set_enabled(c->idle, SD_EVENT_OFF);
	return r < 0 ? -ENOMEM : 0;
}

int fetch_client_new(struct fetch_client **ret, sd_event *event, const char *socket_path)
{
	LK_CLEANUP(fetch_client_freep) struct fetch_client *c = NULL;
	int r;

	if (strlen(socket_path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return -EINVAL;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	c->fd = -1;
	c->event = sd_event_ref(event);
	buf_init(&c->out, QUESTIONS_MAX);
	TAILQ_INIT(&c->failures);
	for (size_t i = 0; i < BUCKETS; i++)
		TAILQ_INIT(&c->calls[i]);
	c->socket_path = strdup(socket_path);
	if (c->socket_path == NULL)
		return -ENOMEM;
	r = add_sources(c);
	if (r < 0)
		return r;
	*ret = LK_STEAL(c);
	return 0;
}

static void drop_all(struct call_list *list)
{
	while (!TAILQ_EMPTY(list)) {
		struct fetch_call *call = TAILQ_FIRST(list);

		call_unlink(call);
		call_free(call);
	}
}

void fetch_client_free(struct fetch_client *c)
{
	if (c == NULL)
		return;
	disconnect(c);
	for (size_t i = 0; i < BUCKETS; i++)
		drop_all(&c->calls[i]);
	drop_all(&c->failures);
	sd_event_source_disable_unref(c->failures_due);
	sd_event_source_disable_unref(c->idle);
	buf_done(&c->out);
	sd_event_unref(c->event);
	free(c->socket_path);
	free(c);
}

const char *fetch_client_state(const struct fetch_client *c)
{
	switch (c->state) {
	case STATE_IDLE:
		return "idle";
	case STATE_CONNECTED:
		return "connected";
	case STATE_UNREACHABLE:
		return "unreachable";
	}
	return "unreachable";
}

const char *fetch_outcome_text(enum fetch_outcome outcome)
{
	switch (outcome) {
	case FETCH_DONE:
		return "answered";
	case FETCH_TIMEOUT:
		return "no answer in time";
	case FETCH_UNREACHABLE:
		return "cannot be reached";
	case FETCH_TLS:
		return "TLS failed";
	case FETCH_TOO_LARGE:
		return "answer too large";
	case FETCH_BAD_REPLY:
		return "answer is not HTTP";
	case FETCH_NOT_ALLOWED:
		return "URL is not allowed";
	case FETCH_LOST:
		return "latchkey-fetch is not available";
	case FETCH_BROKEN:
		return "the connection was cut";
	case FETCH_OVERLOADED:
		return "too many requests at once";
	case FETCH_UNSIGNED:
		return "the client's key did not sign";
	}
	return "failed";
}
