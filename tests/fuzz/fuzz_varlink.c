/* SPDX-License-Identifier: MIT */
/* The bytes of a connection: however they are cut, the same frames come out; calls and replies survive being written
 * and read again. The first byte of the input says into what pieces the rest is cut. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/protocol/frame.h"
#include "helper/protocol/varlink.h"

#define SMALL_MAX 512u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_call(const char *frame, size_t len)
{
	LK_CLEANUP(varlink_call_done) struct varlink_call once = {0};
	LK_CLEANUP(varlink_call_done) struct varlink_call twice = {0};
	LK_CLEANUP(buf_done) struct buf out = {0};

	if (varlink_call_parse(&once, frame, len) != 0)
		return;
	if (!once.method || !json_object_is_type(once.parameters, json_type_object) || (once.more && once.oneway))
		abort();

	buf_init(&out, FRAME_MAX + 1);
	if (varlink_write_call(&out, once.method, once.parameters, once.more) != 0)
		return;
	if (varlink_call_parse(&twice, out.data, out.len - 1) != 0)
		abort();
	if (strcmp(once.method, twice.method) != 0 || once.more != twice.more ||
	    !json_object_equal(once.parameters, twice.parameters))
		abort();
}

static void try_reply(const char *frame, size_t len)
{
	LK_CLEANUP(varlink_reply_done) struct varlink_reply once = {0};
	LK_CLEANUP(varlink_reply_done) struct varlink_reply twice = {0};
	LK_CLEANUP(buf_done) struct buf out = {0};
	int r;

	if (varlink_reply_parse(&once, frame, len) != 0)
		return;
	if (!json_object_is_type(once.parameters, json_type_object) || (once.error && once.continues))
		abort();

	buf_init(&out, FRAME_MAX + 1);
	if (once.error)
		r = varlink_write_error(&out, once.error, once.parameters);
	else
		r = varlink_write_reply(&out, once.parameters, once.continues);
	if (r != 0)
		return;
	if (varlink_reply_parse(&twice, out.data, out.len - 1) != 0 || once.continues != twice.continues ||
	    (once.error != NULL) != (twice.error != NULL))
		abort();
}

/* Hands out all complete frames; -EBADMSG ends the connection. */
static int take_frames(struct frame_reader *r, struct buf *joined)
{
	const char *frame;
	size_t len;
	int n;

	while ((n = frame_reader_next(r, &frame, &len)) == 1) {
		if (len == 0 || len > SMALL_MAX || strlen(frame) != len)
			abort();
		buf_append(joined, frame, len + 1);
		try_call(frame, len);
		try_reply(frame, len);
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LK_CLEANUP(frame_reader_done) struct frame_reader r = {0};
	LK_CLEANUP(buf_done) struct buf joined = {0};
	size_t piece, used = 0;
	int n = 0;

	if (size == 0)
		return 0;
	piece = (size_t)data[0] + 1;
	data++;
	size--;

	frame_reader_init(&r, SMALL_MAX);
	buf_init(&joined, size);
	while (used < size && n == 0) {
		size_t len = size - used < piece ? size - used : piece;

		n = frame_reader_feed(&r, data + used, len);
		if (n == 0)
			n = take_frames(&r, &joined);
		used += len;
	}
	/* The frames are the input itself, up to what was not complete or not accepted. */
	if (joined.len > size || (joined.len > 0 && memcmp(joined.data, data, joined.len) != 0))
		abort();
	if (n == 0 && memchr(data + joined.len, '\0', size - joined.len))
		abort();
	return 0;
}
