/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/base/buf.h"
#include "helper/fetch/client.h"
#include "helper/fetch/wire.h"

/* Gathers one HTTP reply as it arrives, within fixed limits (threat N5). */

#define REPLY_HEADER_BYTES_MAX (64u * 1024u)
#define REPLY_HEADERS_MAX 200u

struct reply {
	enum fetch_outcome fault; /* FETCH_DONE while all is well */
	const char *detail;       /* static text, for a fault */
	size_t header_bytes;      /* of all header blocks together, interim replies and trailers included */
	unsigned n_headers;
	int64_t date_s;
	uint32_t retry_after_s;
	char content_type[WIRE_TYPE_MAX + 1];
	struct buf body;
};

void reply_init(struct reply *r);

/**
 * reply_add_header() - one line as libcurl hands it over: a status line, "Name: value", or the empty line
 * @now_s: wall clock, for a Retry-After that is a date
 * Return: false once a limit is passed or the reply is not one we take; then fault and detail say which.
 */
bool reply_add_header(struct reply *r, const char *line, size_t len, int64_t now_s);

/** reply_add_body() - false as above */
bool reply_add_body(struct reply *r, const char *bytes, size_t len);

/** reply_done() - wipe and release */
void reply_done(struct reply *r);
