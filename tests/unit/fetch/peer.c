/* SPDX-License-Identifier: MIT */
/* Plays latchkey-fetch for the tests of its client. Blocks only on what the client has certainly written already. */
#include "tests/unit/fetch/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct fetch_profile profile = {.name = "main", .allow_loopback_http = true};
const struct fetch_request get = {.profile = &profile, .url = "https://idp.example/", .timeout_ms = 30000};

void note(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	struct outcome *o = userdata;

	o->n_calls++;
	o->outcome = outcome;
	assert_true((reply != NULL) == (outcome == FETCH_DONE));
	assert_true((detail[0] == '\0') == (outcome == FETCH_DONE));
	(void)snprintf(o->detail, sizeof(o->detail), "%s", detail);
	if (reply == NULL)
		return;
	o->status = reply->status;
	o->body_len = reply->body_len;
	(void)snprintf(o->body, sizeof(o->body), "%s", reply->body);
}

void listen_at(struct bench *b)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", scratch_name(&b->scratch, "fetch"));
	(void)unlink(address.sun_path);
	b->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(b->listener >= 0);
	assert_int_equal(bind(b->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(b->listener, 16), 0);
}

int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	assert_true(scratch_new(&b->scratch));
	b->listener = -1;
	b->peer = -1;
	assert_true(sd_event_new(&b->event) >= 0);
	assert_int_equal(fetch_client_new(&b->client, b->event, scratch_name(&b->scratch, "fetch")), 0);
	listen_at(b);
	*state = b;
	return 0;
}

void hang_up(struct bench *b)
{
	if (b->peer >= 0)
		(void)close(b->peer);
	b->peer = -1;
	frame_reader_done(&b->in);
	buf_done(&b->out);
	wire_question_free(b->pending);
	b->pending = NULL;
}

int tear_down(void **state)
{
	struct bench *b = *state;

	hang_up(b);
	if (b->listener >= 0)
		(void)close(b->listener);
	fetch_client_free(b->client);
	sd_event_unref(b->event);
	scratch_done(&b->scratch);
	free(b);
	return 0;
}

void take_connection(struct bench *b)
{
	b->peer = accept4(b->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(b->peer >= 0);
	frame_reader_init(&b->in, WIRE_FRAME_MAX);
	buf_init(&b->out, 64u * 1024u * 1024u);
}

void run_what_is_ready(struct bench *b)
{
	while (sd_event_run(b->event, 0) > 0)
		;
}

void run_until_called(struct bench *b, const struct outcome *o, unsigned n_calls)
{
	while (o->n_calls < n_calls)
		assert_true(sd_event_run(b->event, UINT64_MAX) >= 0);
	run_what_is_ready(b);
	assert_int_equal(o->n_calls, n_calls);
}

struct wire_question *next_question(struct bench *b)
{
	struct wire_question *q = NULL;
	const char *frame;
	size_t len;

	for (;;) {
		int r = frame_reader_next(&b->in, &frame, &len);

		assert_true(r >= 0);
		if (r == 0) {
			/* What did not fit the socket is written by the client's loop. */
			run_what_is_ready(b);
			(void)frame_reader_fill(&b->in, b->peer);
			continue;
		}
		r = wire_take_question(&b->pending, frame, len, &q);
		assert_true(r >= 0);
		if (r == 1)
			return q;
	}
}

uint64_t next_id(struct bench *b)
{
	struct wire_question *q = next_question(b);
	uint64_t id = q->id;

	wire_question_free(q);
	return id;
}

void send_text(struct bench *b, const char *text, size_t len)
{
	assert_int_equal(send(b->peer, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

void answer(struct bench *b, uint64_t id, const char *body)
{
	const struct fetch_reply reply = {.status = 200, .content_type = "a/b", .body = body, .body_len = strlen(body)};

	assert_int_equal(wire_write_answer(&b->out, id, FETCH_DONE, &reply, ""), 0);
	assert_int_equal(frame_flush(&b->out, b->peer), 0);
}

struct fetch_call *start(struct bench *b, struct outcome *o)
{
	struct fetch_call *call = NULL;

	assert_int_equal(fetch_start(b->client, &get, note, o, &call), 0);
	assert_non_null(call);
	return call;
}
