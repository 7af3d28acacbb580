/* SPDX-License-Identifier: MIT */
/* Connections of the Varlink server on a real socket: answers in order, and the end of a call that takes too long (L3).
 * Who may connect and who is dropped for silence is tried with the real programs in tests/module. */
#include "helper/protocol/server.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "helper/base/json.h"
#include "helper/protocol/frame.h"
#include "helper/protocol/service.h"
#include "tests/unit/scratch.h"

#define CALL "{\"method\":\"a.b.Count\",\"more\":true}"

/* Counts down, a reply for each step; 0 is the last. */
struct countdown {
	struct conn *conn;
	unsigned left;
};

struct world {
	struct scratch scratch;
	sd_event *event;
	struct server *server;
	unsigned steps;
	unsigned n_jobs; /* under way */
	unsigned n_answers;
	int fd;           /* the client's end */
	unsigned replies; /* that it has taken */
	bool has_last;
	bool has_error; /* of the last one */
	bool is_closed;
};

static struct world *the_world;

static void countdown_free(void *job)
{
	the_world->n_jobs--;
	free(job);
}

static void count_on(void *job)
{
	static char text[1024];
	struct countdown *d = job;
	struct json_object *o = json_object_new_object();

	memset(text, 'x', sizeof(text) - 1);
	assert_non_null(o);
	assert_int_equal(json_object_object_add(o, "text", json_object_new_string(text)), 0);
	d->left--;
	conn_reply(d->conn, o, d->left > 0);
	json_object_put(o);
}

/* A job that has asked; the answer "again" makes it ask once more. */
static void answer(struct world *w, struct conn *c, const struct varlink_call *call)
{
	struct countdown *d = conn_take_asked(c);
	const char *text = "";

	if (!d) {
		conn_error(c, "a.b.NothingAsked", NULL);
		return;
	}
	assert_ptr_equal(d->conn, c);
	w->n_answers++;
	(void)!json_read_string(call->parameters, "text", 10, &text);
	if (strcmp(text, "again") == 0)
		conn_ask(c, NULL, 120);
	else
		conn_reply(c, NULL, false);
}

static void ask(struct world *w, struct conn *c)
{
	struct countdown *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	d->conn = c;
	w->n_jobs++;
	conn_set_job(c, d, countdown_free);
	conn_ask(c, NULL, 120);
}

static void on_call(void *userdata, struct conn *c, const struct varlink_call *call)
{
	struct world *w = userdata;
	struct countdown *d;

	if (strcmp(call->method, "a.b.Answer") == 0) {
		answer(w, c, call);
		return;
	}
	if (strcmp(call->method, "a.b.Ask") == 0) {
		ask(w, c);
		return;
	}
	if (strcmp(call->method, "a.b.Count") != 0) {
		service_not_found(c, call->method);
		return;
	}
	d = calloc(1, sizeof(*d));
	assert_non_null(d);
	d->conn = c;
	d->left = w->steps;
	w->n_jobs++;
	conn_set_job(c, d, countdown_free);
	conn_set_producer(c, count_on);
}

static void world_begin(struct world *w, unsigned steps, uint64_t call_usec)
{
	const struct server_limits limits = {.connections_per_uid = 4, .call_usec = call_usec};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*w = (struct world){.steps = steps};
	the_world = w;
	assert_true(scratch_new(&w->scratch));
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", w->scratch.path);
	assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_true(sd_event_new(&w->event) >= 0);
	assert_int_equal(server_new(&w->server, w->event, listener, &limits, on_call, w), 0);
	w->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(w->fd, (const struct sockaddr *)&address, sizeof(address)), 0);
}

static void world_end(struct world *w)
{
	server_free(w->server);
	assert_int_equal(w->n_jobs, 0);
	sd_event_unref(w->event);
	(void)close(w->fd);
	scratch_done(&w->scratch);
}

static void send_text(struct world *w, const char *text)
{
	assert_int_equal(send(w->fd, text, strlen(text) + 1, MSG_NOSIGNAL), (ssize_t)strlen(text) + 1);
}

/* Takes all replies that are there, as a client that is always ready does. */
static void take(struct world *w, struct frame_reader *in)
{
	struct varlink_reply reply;
	const char *frame;
	size_t len;
	ssize_t n = frame_reader_fill(in, w->fd);

	w->is_closed = n == 0 || n == -ECONNRESET;
	while (n > 0 && frame_reader_next(in, &frame, &len) == 1) {
		assert_int_equal(varlink_reply_parse(&reply, frame, len), 0);
		w->replies++;
		w->has_last = !reply.continues;
		w->has_error = reply.error != NULL;
		varlink_reply_done(&reply);
	}
}

static void run_until_over(struct world *w)
{
	struct frame_reader in;

	frame_reader_init(&in, FRAME_MAX);
	w->has_last = false;
	while (!w->is_closed && !w->has_last) {
		assert_true(sd_event_run(w->event, 1000) >= 0);
		take(w, &in);
	}
	frame_reader_done(&in);
}

static void test_a_long_answer_arrives_whole(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, 2000, 0);
	send_text(&w, CALL);
	run_until_over(&w);
	assert_false(w.is_closed);
	assert_int_equal(w.replies, 2000);
	send_text(&w, "{\"method\":\"a.b.Other\"}");
	run_until_over(&w);
	assert_int_equal(w.replies, 2001);
	assert_int_equal(w.n_jobs, 0);
	world_end(&w);
}

/* The reader is never idle, but the call has its time; one call's time is not the next one's. */
static void test_a_call_that_takes_too_long(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, 100000000, 50000);
	send_text(&w, CALL);
	run_until_over(&w);
	assert_true(w.is_closed);
	assert_false(w.has_last);
	assert_true(w.replies > 0);
	assert_int_equal(w.n_jobs, 0);
	world_end(&w);
}

/* The job outlives the call that asked, and belongs to the one that answers; asked again, to the next. */
static void test_a_question_and_its_answer(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, 0, 0);
	send_text(&w, "{\"method\":\"a.b.Ask\"}");
	run_until_over(&w);
	assert_int_equal(w.n_jobs, 1);
	assert_int_equal(server_jobs_of(w.server, getuid()), 1);
	send_text(&w, "{\"method\":\"a.b.Answer\",\"parameters\":{\"text\":\"again\"}}");
	run_until_over(&w);
	assert_int_equal(w.n_jobs, 1);
	send_text(&w, "{\"method\":\"a.b.Answer\",\"parameters\":{\"text\":\"yes\"}}");
	run_until_over(&w);
	assert_false(w.has_error);
	assert_int_equal(w.n_answers, 2);
	/* it was the answer to one question, not to two */
	send_text(&w, "{\"method\":\"a.b.Answer\"}");
	run_until_over(&w);
	assert_true(w.has_error);
	assert_int_equal(w.n_answers, 2);
	assert_int_equal(w.n_jobs, 0);
	world_end(&w);
}

/* Whoever asks something else has given the answer up, and another question is another job's. */
static void test_another_call_ends_the_question(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, 1, 0);
	send_text(&w, "{\"method\":\"a.b.Ask\"}");
	run_until_over(&w);
	send_text(&w, "{\"method\":\"a.b.Ask\"}");
	run_until_over(&w);
	assert_int_equal(w.n_jobs, 1);
	send_text(&w, "{\"method\":\"a.b.Other\"}");
	run_until_over(&w);
	assert_int_equal(w.n_jobs, 0);
	send_text(&w, "{\"method\":\"a.b.Answer\"}");
	run_until_over(&w);
	assert_true(w.has_error);
	send_text(&w, "{\"method\":\"a.b.Ask\"}");
	run_until_over(&w);
	send_text(&w, CALL);
	run_until_over(&w);
	assert_false(w.has_error);
	assert_int_equal(w.n_answers, 0);
	world_end(&w);
}

/* R6: it ends with the connection. */
static void test_a_question_whose_asker_leaves(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, 0, 0);
	send_text(&w, "{\"method\":\"a.b.Ask\"}");
	run_until_over(&w);
	assert_int_equal(w.n_jobs, 1);
	assert_int_equal(shutdown(w.fd, SHUT_RDWR), 0);
	while (w.n_jobs > 0)
		assert_true(sd_event_run(w.event, UINT64_MAX) >= 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_long_answer_arrives_whole),
		cmocka_unit_test(test_a_call_that_takes_too_long),
		cmocka_unit_test(test_a_question_and_its_answer),
		cmocka_unit_test(test_another_call_ends_the_question),
		cmocka_unit_test(test_a_question_whose_asker_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
