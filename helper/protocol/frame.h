/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "helper/base/buf.h"

/* Varlink's framing: each message is JSON text ended by one NUL. No system call beyond read and write is made here;
 * who may speak and what it means is decided above. Every byte is wiped when it leaves. */

#define FRAME_MAX 262144u

struct frame_reader {
	struct buf in;
	size_t scanned; /* bytes known to hold no NUL */
	size_t taken;   /* bytes at the front that were handed out already */
};

/** frame_reader_init() - @max is the longest frame accepted, without the NUL */
void frame_reader_init(struct frame_reader *r, size_t max);

/**
 * frame_reader_fill() - read once from a non-blocking stream socket
 * Descriptors that a peer passes along (SCM_RIGHTS) are closed at once (threat L5).
 * Take all frames with frame_reader_next() before reading again.
 * Return: > 0 bytes read; 0 end of stream; -EAGAIN; -E2BIG a frame grew beyond the maximum; -ENOBUFS frames that were
 * not taken fill the buffer; other negative errno.
 */
ssize_t frame_reader_fill(struct frame_reader *r, int fd);

/** frame_reader_feed() - the same from memory, for tests and fuzzing. Return: 0, -E2BIG also when frames that were not
 *                        taken leave no room, -ENOMEM. */
int frame_reader_feed(struct frame_reader *r, const void *bytes, size_t len);

/**
 * frame_reader_next() - the next complete frame, if there is one
 * @ret:  NUL-terminated, valid until the next call on @r; @ret_len does not count the NUL
 * Return: 1 a frame, 0 none yet, -EBADMSG an empty frame.
 */
int frame_reader_next(struct frame_reader *r, const char **ret, size_t *ret_len);

/** frame_take_fn - one frame. Return: 0 go on; positive: stop, @r is gone; negative errno. */
typedef int (*frame_take_fn)(void *userdata, const char *frame, size_t len);

/**
 * frame_reader_drain() - read and hand out what has come, a bounded amount, so that a busy peer leaves others their turn
 * Return: 0; -EPIPE end of stream; what @take returned below 0; errors of frame_reader_fill() and frame_reader_next().
 */
int frame_reader_drain(struct frame_reader *r, int fd, frame_take_fn take, void *userdata);

void frame_reader_done(struct frame_reader *r);

/** frame_write() - append one message and its NUL to an output buffer, or nothing.
 *                  Return: 0, -E2BIG (not a fault of the buffer: a shorter message may follow), -ENOMEM. */
int frame_write(struct buf *out, const char *text, size_t len);

/**
 * frame_flush() - write what a stream socket takes now (MSG_NOSIGNAL) and drop it from @out
 * Return: 0 all written, 1 something is left, negative errno (-EPIPE when the peer has gone).
 */
int frame_flush(struct buf *out, int fd);
