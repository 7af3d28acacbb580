/* SPDX-License-Identifier: MIT */
/* Both directions between latchkeyd and latchkey-fetch. 'q' as the first byte reads the rest as questions, any other as
 * answers. What is taken must be within the limits and come out the same after writing and reading it again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/fetch/wire.h"
#include "helper/protocol/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int is_true)
{
	if (!is_true)
		abort();
}

static void demand_same(const char *a, const char *b)
{
	demand((a == NULL) == (b == NULL));
	demand(a == NULL || strcmp(a, b) == 0);
}

/* The two frames of a message, or the one, from a buffer that holds nothing else. */
static void second_frame(const struct buf *out, const char **frame, size_t *len)
{
	size_t first = strlen(out->data);

	*frame = first + 1 < out->len ? out->data + first + 1 : NULL;
	*len = *frame != NULL ? strlen(*frame) : 0;
}

static void try_question(const struct wire_question *q)
{
	LK_CLEANUP(wire_question_freep) struct wire_question *pending = NULL;
	LK_CLEANUP(wire_question_freep) struct wire_question *again = NULL;
	LK_CLEANUP(buf_done) struct buf out;
	const char *frame;
	size_t len;

	buf_init(&out, 2 * WIRE_FRAME_MAX);
	if (q->is_cancel)
		demand(wire_write_cancel(&out, q->id) == 0);
	else
		demand(wire_request_check(&q->request) == 0 && wire_write_start(&out, q->id, &q->request) == 0);
	second_frame(&out, &frame, &len);
	demand(wire_take_question(&pending, out.data, strlen(out.data), &again) == (frame == NULL));
	if (frame != NULL)
		demand(wire_take_question(&pending, frame, len, &again) == 1);
	demand(again->id == q->id && again->is_cancel == q->is_cancel);
	if (q->is_cancel)
		return;
	demand_same(again->request.url, q->request.url);
	demand_same(again->profile.name, q->profile.name);
	demand_same(again->profile.ca_file, q->profile.ca_file);
	demand_same(again->profile.proxy, q->profile.proxy);
	demand(again->request.body_len == q->request.body_len && again->request.body_len <= FETCH_BODY_MAX);
	demand((again->request.body == NULL) == (q->request.body == NULL));
	demand(q->request.body_len == 0 || memcmp(again->request.body, q->request.body, q->request.body_len) == 0);
	for (size_t i = 0; q->request.headers != NULL && q->request.headers[i] != NULL; i++)
		demand_same(again->request.headers[i], q->request.headers[i]);
}

static void try_answer(const struct wire_answer *a)
{
	LK_CLEANUP(wire_answer_freep) struct wire_answer *pending = NULL;
	LK_CLEANUP(wire_answer_freep) struct wire_answer *again = NULL;
	LK_CLEANUP(buf_done) struct buf out;
	const char *frame;
	size_t len;

	buf_init(&out, 2 * WIRE_FRAME_MAX);
	demand(wire_write_answer(&out, a->id, a->outcome, &a->reply, a->detail) == 0);
	second_frame(&out, &frame, &len);
	demand(wire_take_answer(&pending, out.data, strlen(out.data), &again) == (frame == NULL));
	if (frame != NULL)
		demand(wire_take_answer(&pending, frame, len, &again) == 1);
	demand(again->id == a->id && again->outcome == a->outcome);
	demand_same(again->detail, a->detail);
	if (a->outcome != FETCH_DONE)
		return;
	demand_same(again->reply.content_type, a->reply.content_type);
	demand(again->reply.status == a->reply.status && again->reply.date_s == a->reply.date_s);
	demand(again->reply.body_len == a->reply.body_len && again->reply.body_len <= FETCH_BODY_MAX);
	demand(memcmp(again->reply.body, a->reply.body, a->reply.body_len + 1) == 0);
}

static int take_question(struct wire_question **pending, const char *frame, size_t len)
{
	LK_CLEANUP(wire_question_freep) struct wire_question *q = NULL;
	int r = wire_take_question(pending, frame, len, &q);

	if (r == 1)
		try_question(q);
	return r;
}

static int take_answer(struct wire_answer **pending, const char *frame, size_t len)
{
	LK_CLEANUP(wire_answer_freep) struct wire_answer *a = NULL;
	int r = wire_take_answer(pending, frame, len, &a);

	if (r == 1)
		try_answer(a);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LK_CLEANUP(wire_question_freep) struct wire_question *question = NULL;
	LK_CLEANUP(wire_answer_freep) struct wire_answer *answer = NULL;
	LK_CLEANUP(frame_reader_done) struct frame_reader in;
	const char *frame;
	size_t len;
	int r = 0;

	if (size == 0)
		return 0;
	frame_reader_init(&in, WIRE_FRAME_MAX);
	if (frame_reader_feed(&in, data + 1, size - 1) < 0)
		return 0;
	while (r >= 0 && frame_reader_next(&in, &frame, &len) > 0)
		r = data[0] == 'q' ? take_question(&question, frame, len) : take_answer(&answer, frame, len);
	return 0;
}
