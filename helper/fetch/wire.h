/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/base/buf.h"
#include "helper/base/cleanup.h"
#include "helper/fetch/client.h"

/*
 * What latchkeyd and latchkey-fetch say to each other, for both ends. Every message is one frame of JSON (the head);
 * where its "body" member is above zero, a second frame follows that holds so many bytes as base64url.
 *
 *   question  {"start":ID,"profile":{...},"url":"...","headers":["Name: value"],"timeout_ms":N,"body":LENGTH,
 *             "method":"PUT" or "DELETE"}
 *             {"cancel":ID}
 *   answer    {"id":ID,"outcome":"done","status":N,"content_type":"...","date":N,"retry_after":N,"body":LENGTH}
 *             {"id":ID,"outcome":"timeout","detail":"..."}
 *
 * An id belongs to its connection and is free again after the answer. A cancelled request has no answer, but one may
 * be on its way already. A member that is not known here is a fault of the whole connection.
 */

#define WIRE_FRAME_MAX (2u * 1024u * 1024u)
#define WIRE_ID_MAX (UINT64_C(1) << 53)
#define WIRE_URL_MAX 2048u
#define WIRE_PROFILE_MAX 128u /* bytes of a profile's name */
#define WIRE_METHOD_MAX 8u
#define WIRE_PATH_MAX 1024u /* of a file, a folder or a proxy's address */
#define WIRE_HEADERS_MAX 32u
#define WIRE_HEADER_BYTES_MAX (96u * 1024u) /* all of them together: with escapes still one JSON head */
#define WIRE_TYPE_MAX 128u
#define WIRE_DETAIL_MAX 256u
#define WIRE_RETRY_AFTER_MAX_S 3600u

struct wire_question {
	uint64_t id;
	bool is_cancel;               /* then nothing below is set */
	struct fetch_profile profile; /* all pointers lead into the question's own memory */
	struct fetch_request request;
	struct json_object *head;
	const char **headers;
	char *body;
};

struct wire_answer {
	uint64_t id;
	enum fetch_outcome outcome;
	struct fetch_reply reply; /* for FETCH_DONE */
	const char *detail;       /* never NULL */
	struct json_object *head;
	char *body;
};

/** wire_request_check() - is this request within the limits of the wire: lengths, characters, header names that
 *                         belong to the transport. Says nothing about where the URL leads. Return: 0, -EINVAL. */
int wire_request_check(const struct fetch_request *request);

/** wire_write_start() - append both frames, or nothing. Return: 0, -EINVAL, -ENOBUFS when @out is full, -ENOMEM. */
int wire_write_start(struct buf *out, uint64_t id, const struct fetch_request *request);

/** wire_write_cancel() - as wire_write_start() */
int wire_write_cancel(struct buf *out, uint64_t id);

/** wire_write_answer() - as wire_write_start(); @reply for FETCH_DONE only, @detail otherwise */
int wire_write_answer(struct buf *out, uint64_t id, enum fetch_outcome outcome, const struct fetch_reply *reply,
		      const char *detail);

/**
 * wire_take_question() - the next frame of a connection
 * @pending: what waits for its body; belongs to the connection, NULL at first, released by it at the end
 * @ret:     set only on 1; release with wire_question_free()
 * Return: 1 a whole question, 0 its body is to come, -EBADMSG, -ENOMEM.
 */
int wire_take_question(struct wire_question **pending, const char *frame, size_t len, struct wire_question **ret);
void wire_question_free(struct wire_question *q);
LK_DEFINE_CLEANUP(struct wire_question *, wire_question_free);

/** wire_take_answer() - the same for the other direction */
int wire_take_answer(struct wire_answer **pending, const char *frame, size_t len, struct wire_answer **ret);
void wire_answer_free(struct wire_answer *a);
LK_DEFINE_CLEANUP(struct wire_answer *, wire_answer_free);
