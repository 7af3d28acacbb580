/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <stdio.h>

/* Comma-separated values as RFC 4180 has them, one record a line: a line break inside quotes is refused. Strict, since a
 * field that slips into the next column would be somebody else's number. */

#define CSV_RECORD_MAX 4096u
#define CSV_FIELDS_MAX 16u

struct csv {
	const char *text;
	size_t len;
	size_t at;
	unsigned line;     /* of the record in fields, from 1 */
	const char *fault; /* what is wrong with it */
	const char *fields[CSV_FIELDS_MAX];
	size_t n_fields;
	char record[CSV_RECORD_MAX + 1];
};

/** csv_init() - read @text, which stays the caller's */
void csv_init(struct csv *c, const char *text, size_t len);

/**
 * csv_next() - the next record into fields, each NUL-terminated, UTF-8 and without control characters
 * Lines end in LF or CRLF, the last one need not. Return: 1, 0 no more, -EBADMSG with fault set: an empty line, text beside
 * quotes, a quote that does not end, a byte that cannot be, above CSV_FIELDS_MAX fields or CSV_RECORD_MAX bytes.
 */
int csv_next(struct csv *c);

/** csv_write() - one field, in quotes where it needs them */
void csv_write(FILE *out, const char *text);
