/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

#include "helper/base/cleanup.h"

/*
 * A growing byte buffer with a hard maximum. Everything that it ever held is wiped when it grows or goes, since
 * messages carry codes and tokens. Keeps its first fault: append at will, look at buf_fault() once.
 */
struct buf {
	char *data; /* always NUL-terminated once something was appended; may be NULL while empty */
	size_t len;
	size_t capacity;
	size_t max;
	int fault; /* 0, -E2BIG, -ENOMEM */
};

/** buf_init() - empty buffer that holds at most @max bytes */
void buf_init(struct buf *b, size_t max);

/** buf_append() - add bytes; after a fault nothing is added any more */
void buf_append(struct buf *b, const void *bytes, size_t len);
void buf_append_text(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *format, ...) LK_PRINTF(2, 3);

/** buf_consume() - drop the first @len bytes (at most buf->len) and wipe what they leave behind */
void buf_consume(struct buf *b, size_t len);

/** buf_fault() - 0, or the first thing that went wrong: -E2BIG, -ENOMEM */
int buf_fault(const struct buf *b);

/** buf_steal() - hand the NUL-terminated bytes to the caller, who frees them with secret_free_string();
 *                NULL after a fault; an empty buffer yields "" (or NULL without memory) */
char *buf_steal(struct buf *b);

/** buf_done() - wipe and release; the buffer can be initialised again */
void buf_done(struct buf *b);
