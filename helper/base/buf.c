/* SPDX-License-Identifier: MIT */
/*
 * Collects the bytes of messages and files up to a hard maximum. Growing copies and wipes by hand, because realloc()
 * would leave the old bytes behind. Must never hold more than its maximum and never forget its first fault.
 */
#include "helper/base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/secret.h"

#define FIRST_CAPACITY 256u

void buf_init(struct buf *b, size_t max)
{
	/* Room for the NUL must be countable. */
	*b = (struct buf){.max = max < SIZE_MAX / 4 ? max : SIZE_MAX / 4};
}

static int set_fault(struct buf *b, int fault)
{
	b->fault = fault;
	return fault;
}

/* Makes room for @len more bytes and their NUL. */
static int reserve(struct buf *b, size_t len)
{
	size_t capacity = b->capacity > 0 ? b->capacity : FIRST_CAPACITY;
	char *data;

	if (b->fault < 0)
		return b->fault;
	if (len > b->max - b->len)
		return set_fault(b, -E2BIG);

	while (capacity < b->len + len + 1)
		capacity *= 2;
	if (capacity > b->max + 1)
		capacity = b->max + 1;
	if (capacity == b->capacity)
		return 0;

	data = malloc(capacity);
	if (!data)
		return set_fault(b, -ENOMEM);

	if (b->data) {
		memcpy(data, b->data, b->len + 1);
		secret_wipe(b->data, b->capacity);
		free(b->data);
	} else {
		data[0] = '\0';
	}
	b->data = data;
	b->capacity = capacity;
	return 0;
}

void buf_append(struct buf *b, const void *bytes, size_t len)
{
	if (reserve(b, len) < 0)
		return;

	if (len > 0)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_append_text(struct buf *b, const char *text)
{
	buf_append(b, text, strlen(text));
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0) {
		if (b->fault == 0)
			(void)set_fault(b, -ENOMEM);
		return;
	}

	if (reserve(b, (size_t)len) < 0)
		return;

	va_start(args, format);
	(void)vsnprintf(b->data + b->len, (size_t)len + 1, format, args);
	va_end(args);
	b->len += (size_t)len;
}

void buf_consume(struct buf *b, size_t len)
{
	size_t left;

	if (len > b->len)
		len = b->len;
	if (len == 0)
		return;

	left = b->len - len;
	memmove(b->data, b->data + len, left);
	secret_wipe(b->data + left, len);
	b->len = left;
}

int buf_fault(const struct buf *b)
{
	return b->fault;
}

char *buf_steal(struct buf *b)
{
	if (b->fault == 0)
		(void)reserve(b, 0);
	if (b->fault < 0)
		return NULL;

	b->len = 0;
	b->capacity = 0;
	return LK_STEAL(b->data);
}

void buf_done(struct buf *b)
{
	if (b->data)
		secret_wipe(b->data, b->capacity);
	free(b->data);
	*b = (struct buf){.max = b->max};
}
