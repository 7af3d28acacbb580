/* SPDX-License-Identifier: MIT */
/* Takes questions from latchkeyd, has the pools run them, and writes the answers. Serves one uid, known from the
 * kernel at accept and from nothing else. Keeps nothing between requests; a peer that breaks the protocol, or does not
 * read its answers, loses its connection and with it all that it had asked for. */
#include "helper/fetch/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper/base/buf.h"
#include "helper/fetch/pool.h"
#include "helper/fetch/wire.h"
#include "helper/protocol/frame.h"

#define CONNECTIONS_MAX 8u
#define JOBS_MAX 8192u /* of one connection; the pools refuse much earlier, with an answer */
#define ANSWERS_MAX (48u * 1024u * 1024u)
#define ACCEPT_PAUSE_US (200u * 1000u)

struct connection;

struct job {
	LIST_ENTRY(job) link;
	struct connection *connection;
	struct wire_question *question;
	struct transfer *transfer;
};

struct connection {
	LIST_ENTRY(connection) link;
	struct fetch_server *server;
	int fd;
	sd_event_source *source;
	struct frame_reader in;
	struct buf out;
	struct wire_question *pending;
	LIST_HEAD(, job) jobs;
	unsigned n_jobs;
};

struct fetch_server {
	sd_event *event;
	int listen_fd;
	sd_event_source *listener;
	sd_event_source *accept_again;
	sd_event_source *idle;
	uint32_t idle_s;
	uid_t peer_uid;
	struct pools *pools;
	LIST_HEAD(, connection) connections;
	unsigned n_connections;
};

/* --- jobs ------------------------------------------------------------------------------------------------------------ */

static void job_free(struct job *job)
{
	if (job == NULL)
		return;
	transfer_cancel(job->transfer);
	wire_question_free(job->question);
	free(job);
}
LK_DEFINE_CLEANUP(struct job *, job_free);

static void job_drop(struct job *job)
{
	LIST_REMOVE(job, link);
	job->connection->n_jobs--;
	job_free(job);
}

static struct job *find_job(const struct connection *c, uint64_t id)
{
	struct job *job;

	LIST_FOREACH(job, &c->jobs, link)
	{
		if (job->question->id == id)
			return job;
	}
	return NULL;
}

/* --- connections ----------------------------------------------------------------------------------------------------- */

static void arm_idle(struct fetch_server *s)
{
	bool is_idle = s->n_connections == 0;

	if (s->idle == NULL)
		return;
	(void)sd_event_source_set_time_relative(s->idle, s->idle_s * UINT64_C(1000000));
	(void)sd_event_source_set_enabled(s->idle, is_idle ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static void connection_free(struct connection *c)
{
	if (c == NULL)
		return;
	while (!LIST_EMPTY(&c->jobs))
		job_drop(LIST_FIRST(&c->jobs));
	wire_question_free(c->pending);
	sd_event_source_disable_unref(c->source);
	if (c->fd >= 0)
		(void)close(c->fd);
	frame_reader_done(&c->in);
	buf_done(&c->out);
	free(c);
}
LK_DEFINE_CLEANUP(struct connection *, connection_free);

static void connection_drop(struct connection *c)
{
	struct fetch_server *s = c->server;

	LIST_REMOVE(c, link);
	s->n_connections--;
	connection_free(c);
	arm_idle(s);
}

static int flush(struct connection *c)
{
	int r = frame_flush(&c->out, c->fd);

	if (r < 0)
		return r;
	return sd_event_source_set_io_events(c->source, r > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static int answer(struct connection *c, uint64_t id, enum fetch_outcome outcome, const struct fetch_reply *reply,
		  const char *detail)
{
	int r = wire_write_answer(&c->out, id, outcome, reply, detail);

	return r < 0 ? r : flush(c);
}

static void on_done(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	struct job *job = userdata;
	struct connection *c = job->connection;
	uint64_t id = job->question->id;

	job->transfer = NULL;
	job_drop(job);
	if (answer(c, id, outcome, reply, detail) < 0)
		connection_drop(c);
}

static int start(struct connection *c, struct wire_question *q)
{
	LK_CLEANUP(job_freep) struct job *job = calloc(1, sizeof(*job));
	const char *detail = "not enough memory";
	uint64_t id = q->id;
	int r;

	if (job == NULL) {
		wire_question_free(q);
		return -ENOMEM;
	}
	job->connection = c;
	job->question = q;
	if (c->n_jobs >= JOBS_MAX || find_job(c, id) != NULL)
		return -EBADMSG;
	r = pools_start(c->server->pools, &q->request, on_done, job, &job->transfer, &detail);
	if (r != 0)
		return answer(c, id, r > 0 ? (enum fetch_outcome)r : FETCH_OVERLOADED, NULL, detail);
	LIST_INSERT_HEAD(&c->jobs, job, link);
	c->n_jobs++;
	job = NULL;
	return 0;
}

static int take_frame(void *userdata, const char *frame, size_t len)
{
	struct connection *c = userdata;
	struct wire_question *q = NULL;
	struct job *job;
	int r = wire_take_question(&c->pending, frame, len, &q);

	if (r <= 0)
		return r;
	if (!q->is_cancel)
		return start(c, q);
	/* Its answer may have crossed the question: then there is nothing left to stop. */
	job = find_job(c, q->id);
	if (job != NULL)
		job_drop(job);
	wire_question_free(q);
	return 0;
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct connection *c = userdata;
	int r = 0;

	(void)source;
	if ((events & EPOLLOUT) != 0)
		r = flush(c);
	if (r >= 0 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
		r = frame_reader_drain(&c->in, fd, take_frame, c);
	if (r < 0)
		connection_drop(c);
	return 0;
}

/* --- accepting ------------------------------------------------------------------------------------------------------- */

static bool is_served(const struct fetch_server *s, int fd)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && len == sizeof(peer) &&
	       peer.uid == s->peer_uid && s->n_connections < CONNECTIONS_MAX;
}

/* Takes @fd over in every case. */
static int connection_new(struct fetch_server *s, int fd)
{
	LK_CLEANUP(connection_freep) struct connection *c = calloc(1, sizeof(*c));
	int r;

	if (c == NULL) {
		(void)close(fd);
		return -ENOMEM;
	}
	c->server = s;
	c->fd = fd;
	LIST_INIT(&c->jobs);
	frame_reader_init(&c->in, WIRE_FRAME_MAX);
	buf_init(&c->out, ANSWERS_MAX);
	if (!is_served(s, fd))
		return -EPERM;
	r = sd_event_add_io(s->event, &c->source, fd, EPOLLIN, on_connection, c);
	if (r < 0)
		return r;
	LIST_INSERT_HEAD(&s->connections, c, link);
	s->n_connections++;
	c = NULL;
	arm_idle(s);
	return 0;
}

static int on_accept_again(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct fetch_server *s = userdata;

	(void)source;
	(void)usec;
	return sd_event_source_set_enabled(s->listener, SD_EVENT_ON);
}

static int on_listener(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct fetch_server *s = userdata;
	int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (accepted >= 0) {
		(void)connection_new(s, accepted);
		return 0;
	}
	if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
		return 0;
	/* The peer still waits in the queue, so the loop would spin (L4). */
	(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	(void)sd_event_source_set_time_relative(s->accept_again, ACCEPT_PAUSE_US);
	return sd_event_source_set_enabled(s->accept_again, SD_EVENT_ONESHOT);
}

static int on_idle(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct fetch_server *s = userdata;

	(void)source;
	(void)usec;
	return sd_event_exit(s->event, 0);
}

int fetch_server_exit_when_idle(struct fetch_server *s, uint32_t idle_s)
{
	int r;

	s->idle_s = idle_s;
	r = sd_event_add_time_relative(s->event, &s->idle, CLOCK_MONOTONIC, 0, 0, on_idle, s);
	if (r < 0)
		return r;
	arm_idle(s);
	return 0;
}

int fetch_server_new(struct fetch_server **ret, sd_event *event, int listen_fd, uid_t peer_uid)
{
	LK_CLEANUP(fetch_server_freep) struct fetch_server *s = calloc(1, sizeof(*s));
	int r;

	if (s == NULL) {
		(void)close(listen_fd);
		return -ENOMEM;
	}
	s->event = sd_event_ref(event);
	s->listen_fd = listen_fd;
	s->peer_uid = peer_uid;
	LIST_INIT(&s->connections);
	/* A peer that has gone again must not make accept wait for the next one. */
	r = fcntl(listen_fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : pools_new(&s->pools, event);
	if (r == 0)
		r = sd_event_add_io(event, &s->listener, listen_fd, EPOLLIN, on_listener, s);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &s->accept_again, CLOCK_MONOTONIC, 0, 0, on_accept_again, s);
	if (r >= 0)
		r = sd_event_source_set_enabled(s->accept_again, SD_EVENT_OFF);
	if (r < 0)
		return r;
	*ret = LK_STEAL(s);
	return 0;
}

void fetch_server_free(struct fetch_server *s)
{
	if (s == NULL)
		return;
	while (!LIST_EMPTY(&s->connections))
		connection_drop(LIST_FIRST(&s->connections));
	pools_free(s->pools);
	sd_event_source_disable_unref(s->listener);
	sd_event_source_disable_unref(s->accept_again);
	sd_event_source_disable_unref(s->idle);
	(void)close(s->listen_fd);
	sd_event_unref(s->event);
	free(s);
}
