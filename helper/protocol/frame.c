/* SPDX-License-Identifier: MIT */
/*
 * Cuts a byte stream into NUL-terminated messages and joins messages to one. Bytes are wiped as they leave, since
 * messages carry codes and tokens. Must never hold more than one message of the maximum length.
 */
#include "helper/protocol/frame.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "helper/base/secret.h"

#define CHUNK 16384u
#define READS_PER_DRAIN 16

void frame_reader_init(struct frame_reader *r, size_t max)
{
	*r = (struct frame_reader){0};
	buf_init(&r->in, max + 1);
}

/* Frames that were handed out leave only here, all at once, so that many small ones cost one move. */
static void drop_taken(struct frame_reader *r)
{
	buf_consume(&r->in, r->taken);
	r->scanned -= r->taken;
	r->taken = 0;
}

/* Looks for the end of the frame that begins behind those taken; NULL while it has none. */
static const char *find_end(struct frame_reader *r)
{
	const char *end = NULL;

	if (r->in.len > r->scanned)
		end = memchr(r->in.data + r->scanned, '\0', r->in.len - r->scanned);
	r->scanned = end ? (size_t)(end - r->in.data) : r->in.len;
	return end;
}

static bool is_full(const struct frame_reader *r)
{
	return r->in.len >= r->in.max;
}

ssize_t frame_reader_fill(struct frame_reader *r, int fd)
{
	char chunk[CHUNK];
	size_t space;
	ssize_t n;

	drop_taken(r);
	if (is_full(r))
		return find_end(r) ? -ENOBUFS : -E2BIG;

	/* Without room for control messages the kernel closes passed descriptors before we could see one. */
	space = r->in.max - r->in.len;
	n = recv(fd, chunk, space < sizeof(chunk) ? space : sizeof(chunk), MSG_DONTWAIT);
	if (n < 0)
		return errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN : -errno;

	buf_append(&r->in, chunk, (size_t)n);
	secret_wipe(chunk, (size_t)n);
	if (buf_fault(&r->in) < 0)
		return buf_fault(&r->in);
	if (is_full(r) && !find_end(r))
		return -E2BIG;
	return n;
}

int frame_reader_feed(struct frame_reader *r, const void *bytes, size_t len)
{
	drop_taken(r);
	buf_append(&r->in, bytes, len);
	if (buf_fault(&r->in) < 0)
		return buf_fault(&r->in);
	return is_full(r) && !find_end(r) ? -E2BIG : 0;
}

int frame_reader_next(struct frame_reader *r, const char **ret, size_t *ret_len)
{
	const char *start, *end;

	if (r->taken > 0)
		secret_wipe(r->in.data, r->taken);

	end = find_end(r);
	if (!end)
		return 0;

	start = r->in.data + r->taken;
	if (end == start)
		return -EBADMSG;

	*ret = start;
	*ret_len = (size_t)(end - start);
	r->taken += *ret_len + 1;
	r->scanned = r->taken;
	return 1;
}

static int take_frames(struct frame_reader *r, frame_take_fn take, void *userdata)
{
	const char *frame;
	size_t len;
	int rc;

	while ((rc = frame_reader_next(r, &frame, &len)) > 0) {
		rc = take(userdata, frame, len);
		if (rc != 0)
			return rc;
	}
	return rc;
}

int frame_reader_drain(struct frame_reader *r, int fd, frame_take_fn take, void *userdata)
{
	for (int i = 0; i < READS_PER_DRAIN; i++) {
		ssize_t n = frame_reader_fill(r, fd);
		int rc;

		if (n == -EAGAIN)
			return 0;
		if (n <= 0)
			return n < 0 ? (int)n : -EPIPE;
		rc = take_frames(r, take, userdata);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
	return 0;
}

void frame_reader_done(struct frame_reader *r)
{
	buf_done(&r->in);
	r->scanned = 0;
	r->taken = 0;
}

int frame_write(struct buf *out, const char *text, size_t len)
{
	if (buf_fault(out) < 0)
		return buf_fault(out);
	/* Looked at first, so that a message is never written in part. */
	if (len >= out->max - out->len)
		return -E2BIG;

	buf_append(out, text, len);
	buf_append(out, "", 1);
	return buf_fault(out);
}

int frame_flush(struct buf *out, int fd)
{
	size_t sent = 0;
	int r = 0;

	while (sent < out->len && r == 0) {
		ssize_t n = send(fd, out->data + sent, out->len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0)
			sent += (size_t)n;
		else if (errno == EAGAIN)
			r = 1;
		else if (errno != EINTR)
			r = -errno;
	}
	buf_consume(out, sent);
	return r;
}
