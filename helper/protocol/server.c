/* SPDX-License-Identifier: MIT */
/*
 * Accepts peers, counts them by uid, cuts their bytes into calls and carries replies back. It knows no method. A slow,
 * silent or flooding peer costs its own connection and nothing else.
 */
#include "helper/protocol/server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper/protocol/listener.h"
#include "helper/protocol/frame.h"

#define IDLE_USEC (10u * 1000u * 1000u) /* a peer that asks nothing for so long is closed, root after ten times that */
#define OUTPUT_MAX (4u * FRAME_MAX)     /* unread replies */
#define PEERS_MAX 8192u
#define DESCRIPTORS_KEPT 32u /* for what sign-ins need besides their connections: fetch, map, store, local users (L4) */
/* Of others than root, whose calls are a name and little more. One person may come as thousands of uids (subuid(5)), so what
 * a connection can hold here counts many times (L3). */
#define CALL_MAX 16384u

struct conn {
	struct server *server;
	struct conn *next;
	struct conn *prev;
	int fd;
	uid_t uid;
	sd_event_source *io;
	sd_event_source *idle;
	sd_event_source *later; /* runs what must not run within a callback of the job */
	struct frame_reader in;
	struct buf out;
	bool is_calling; /* a call waits for its last reply */
	bool is_over;    /* to be closed */
	uint64_t late;   /* when a call under way has taken too long, on CLOCK_BOOTTIME; 0: never */
	void *job;
	void (*free_job)(void *job);
	void (*produce)(void *job);
	void *asked;         /* the job of a call that ended in a question */
	uint64_t asked_usec; /* for how long it waits */
	void *open;          /* the same while a call is read that may be the answer */
	void (*free_asked)(void *job);
};

struct server {
	sd_event *event;
	struct listener *listener;
	struct server_limits limits;
	server_call_fn on_call;
	void *userdata;
	struct conn *conns;
	unsigned n_conns;
	unsigned peers_max;
};

static void conn_end_job(struct conn *c)
{
	void *job = c->job;

	c->job = NULL;
	c->produce = NULL;
	if (job != NULL)
		c->free_job(job);
}

/* What was asked is not answered any more. */
static void conn_end_asked(struct conn *c)
{
	if (c->asked != NULL)
		c->free_asked(c->asked);
	c->asked = NULL;
}

static void conn_free(struct conn *c)
{
	conn_end_job(c);
	conn_end_asked(c);
	sd_event_source_unref(c->io);
	sd_event_source_unref(c->idle);
	sd_event_source_unref(c->later);
	(void)close(c->fd);
	frame_reader_done(&c->in);
	buf_done(&c->out);

	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		c->server->conns = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	c->server->n_conns--;
	free(c);
}

static void conn_read_calls(struct conn *c);

static void conn_start_idling(struct conn *c);

/* A peer that does not take its answers is asked for nothing more, so they never pile up here (L3). */
static bool conn_is_blocked(const struct conn *c)
{
	return c->out.len > 0 && !c->is_calling;
}

static uint64_t now_usec(const struct conn *c)
{
	uint64_t now = UINT64_MAX;

	(void)sd_event_now(c->server->event, CLOCK_BOOTTIME, &now);
	return now;
}

/* A peer that takes a long answer a little at a time is never idle. */
static bool conn_is_late(const struct conn *c)
{
	return c->late != 0 && (c->is_calling || c->out.len > 0) && now_usec(c) >= c->late;
}

static int on_later(sd_event_source *source, void *userdata)
{
	struct conn *c = userdata;

	(void)source;
	if (c->is_over || conn_is_late(c)) {
		conn_free(c);
		return 0;
	}
	if (conn_is_blocked(c))
		conn_start_idling(c);
	else if (!c->is_calling)
		conn_read_calls(c);
	else if (c->produce != NULL && c->out.len == 0)
		c->produce(c->job);
	return 0;
}

/* Comes back to this connection from the event loop itself, where freeing is safe. */
static void conn_come_back(struct conn *c)
{
	if (sd_event_source_set_enabled(c->later, SD_EVENT_ONESHOT) < 0)
		c->is_over = true;
}

void conn_drop(struct conn *c)
{
	c->is_over = true;
	conn_come_back(c);
}

static void conn_watch(struct conn *c)
{
	uint32_t events = c->out.len > 0 ? EPOLLOUT : 0;

	if (!conn_is_blocked(c))
		events |= EPOLLIN | EPOLLRDHUP;
	if (sd_event_source_set_io_events(c->io, events) < 0)
		conn_drop(c);
}

static void conn_send(struct conn *c, int fault)
{
	if (c->is_over)
		return;
	if (fault < 0 || c->out.len > OUTPUT_MAX) {
		conn_drop(c);
		return;
	}
	if (frame_flush(&c->out, c->fd) < 0) {
		conn_drop(c);
		return;
	}
	conn_watch(c);
	/* Also between the replies of one call, who does not take them holds memory here only for so long. */
	if (c->out.len > 0)
		conn_start_idling(c);
	else if (c->is_calling)
		(void)sd_event_source_set_enabled(c->idle, SD_EVENT_OFF);
	if (c->out.len == 0 && (c->produce != NULL || !c->is_calling))
		conn_come_back(c);
}

/* The last reply of a call: what comes next is done from the event loop. */
static void conn_send_last(struct conn *c, int fault)
{
	c->is_calling = false;
	conn_send(c, fault);
	conn_come_back(c);
}

void conn_reply(struct conn *c, struct json_object *parameters, bool continues)
{
	int r = varlink_write_reply(&c->out, parameters, continues);

	if (continues)
		conn_send(c, r);
	else
		conn_send_last(c, r);
}

void conn_reply_text(struct conn *c, const char *parameters)
{
	conn_send_last(c, varlink_write_reply_text(&c->out, parameters));
}

void conn_error(struct conn *c, const char *error, struct json_object *parameters)
{
	conn_send_last(c, varlink_write_error(&c->out, error, parameters));
}

void conn_ask(struct conn *c, struct json_object *parameters, uint32_t timeout_s)
{
	c->asked_usec = (uint64_t)timeout_s * 1000 * 1000;
	c->asked = c->job;
	c->free_asked = c->free_job;
	c->job = NULL;
	conn_reply(c, parameters, false);
}

void *conn_take_asked(struct conn *c)
{
	if (c->open == NULL)
		return NULL;
	c->job = c->open;
	c->free_job = c->free_asked;
	c->open = NULL;
	return c->job;
}

uid_t conn_uid(const struct conn *c)
{
	return c->uid;
}

void conn_set_job(struct conn *c, void *job, void (*free_job)(void *job))
{
	c->job = job;
	c->free_job = free_job;
}

void conn_set_producer(struct conn *c, void (*produce)(void *job))
{
	c->produce = produce;
	conn_come_back(c);
}

unsigned server_jobs_of(const struct server *s, uid_t uid)
{
	unsigned n = 0;

	for (const struct conn *c = s->conns; c != NULL; c = c->next)
		if (c->uid == uid && (c->job != NULL || c->asked != NULL))
			n++;
	return n;
}

static uint64_t idle_usec(const struct conn *c)
{
	if (c->asked != NULL)
		return c->asked_usec;
	return c->uid == 0 ? 10 * (uint64_t)IDLE_USEC : IDLE_USEC;
}

static void conn_start_idling(struct conn *c)
{
	if (sd_event_source_set_time_relative(c->idle, idle_usec(c)) < 0 ||
	    sd_event_source_set_enabled(c->idle, SD_EVENT_ONESHOT) < 0)
		conn_drop(c);
}

/* What an earlier call has asked for is this call's, or nobody's any more. */
static void conn_call(struct conn *c, const struct varlink_call *call)
{
	void (*free_open)(void *job) = c->free_asked;

	c->open = c->asked;
	c->asked = NULL;
	c->server->on_call(c->server->userdata, c, call);
	if (c->open != NULL)
		free_open(c->open);
	c->open = NULL;
}

/* Takes the next complete call, if there is one; the reply may come within or later. */
static void conn_read_calls(struct conn *c)
{
	struct varlink_call call;
	const char *frame;
	size_t len;
	int r;

	conn_end_job(c); /* of a call that had its last reply a moment ago */
	r = frame_reader_next(&c->in, &frame, &len);
	if (r == 0) {
		conn_start_idling(c);
		return;
	}
	if (r < 0 || varlink_call_parse(&call, frame, len) < 0) {
		conn_drop(c);
		return;
	}

	(void)sd_event_source_set_enabled(c->idle, SD_EVENT_OFF);
	c->is_calling = true;
	c->late = c->server->limits.call_usec != 0 ? now_usec(c) + c->server->limits.call_usec : 0;
	conn_call(c, &call);
	varlink_call_done(&call);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct conn *c = userdata;
	ssize_t n;

	(void)source;
	if (c->is_over)
		return 0;
	if ((events & EPOLLOUT) && conn_is_late(c)) {
		conn_free(c);
		return 0;
	}
	if (events & EPOLLOUT)
		conn_send(c, 0);
	if (c->is_over || !(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
		return 0;

	n = frame_reader_fill(&c->in, fd);
	/* The end of the stream ends what was under way; so does a peer that talks while its call has not been answered. */
	if (n == 0 || (n < 0 && n != -EAGAIN) || (n > 0 && c->is_calling)) {
		conn_free(c);
		return 0;
	}
	if (n > 0 && !conn_is_blocked(c))
		conn_read_calls(c);
	return 0;
}

static int on_idle(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	conn_free(userdata);
	return 0;
}

static bool conn_is_welcome(const struct server *s, uid_t uid)
{
	unsigned max = uid == 0 ? PEERS_MAX / 2 : s->limits.connections_per_uid;
	unsigned n = 0;

	/* Root keeps a share of its own: whatever others do, sshd can ask (L3). */
	if (s->n_conns >= (uid == 0 ? s->peers_max : s->peers_max / 2))
		return false;
	for (const struct conn *c = s->conns; c != NULL; c = c->next)
		if (c->uid == uid && ++n >= max)
			return false;
	return true;
}

static int conn_add_sources(struct conn *c)
{
	sd_event *event = c->server->event;
	int r;

	r = sd_event_add_io(event, &c->io, c->fd, EPOLLIN | EPOLLRDHUP, on_io, c);
	if (r < 0)
		return r;
	r = sd_event_add_time_relative(event, &c->idle, CLOCK_BOOTTIME, idle_usec(c), 1000000, on_idle, c);
	if (r < 0)
		return r;
	r = sd_event_add_defer(event, &c->later, on_later, c);
	if (r < 0)
		return r;
	return sd_event_source_set_enabled(c->later, SD_EVENT_OFF);
}

/* Takes over @fd. Return: 0, negative errno. */
static int conn_new(struct server *s, int fd, uid_t uid)
{
	struct conn *c;
	int r;

	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		(void)close(fd);
		return -ENOMEM;
	}
	c->server = s;
	c->fd = fd;
	c->uid = uid;
	frame_reader_init(&c->in, uid == 0 ? FRAME_MAX : CALL_MAX);
	buf_init(&c->out, OUTPUT_MAX + FRAME_MAX);
	c->next = s->conns;
	if (c->next != NULL)
		c->next->prev = c;
	s->conns = c;
	s->n_conns++;

	r = conn_add_sources(c);
	if (r < 0)
		conn_free(c);
	return r;
}

static int on_peer(void *userdata, int fd, uid_t uid)
{
	struct server *s = userdata;

	if (!conn_is_welcome(s, uid)) {
		(void)close(fd);
		return 0;
	}
	return conn_new(s, fd, uid) < 0 ? -EAGAIN : 0;
}

static unsigned peers_for_limit(void)
{
	struct rlimit files = {.rlim_cur = 0};
	rlim_t n;

	(void)getrlimit(RLIMIT_NOFILE, &files);
	n = files.rlim_cur > 2 * DESCRIPTORS_KEPT ? files.rlim_cur - DESCRIPTORS_KEPT : files.rlim_cur / 2;
	return n < PEERS_MAX ? (unsigned)n : PEERS_MAX;
}

int server_new(struct server **ret, sd_event *event, int listen_fd, const struct server_limits *limits,
	       server_call_fn on_call, void *userdata)
{
	struct server *s = calloc(1, sizeof(*s));
	int r;

	if (s == NULL) {
		(void)close(listen_fd);
		return -ENOMEM;
	}
	s->event = sd_event_ref(event);
	s->limits = *limits;
	s->on_call = on_call;
	s->userdata = userdata;
	s->peers_max = peers_for_limit();

	r = listener_new(&s->listener, event, listen_fd, on_peer, s);
	if (r < 0) {
		server_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void server_free(struct server *s)
{
	if (s == NULL)
		return;
	while (s->conns != NULL)
		conn_free(s->conns);
	listener_free(s->listener);
	sd_event_unref(s->event);
	free(s);
}
