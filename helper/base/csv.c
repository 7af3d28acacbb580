/* SPDX-License-Identifier: MIT */
/* Reads comma-separated values, byte by byte, and never guesses what a crooked line may have meant. */
#include "helper/base/csv.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "helper/base/text.h"

void csv_init(struct csv *c, const char *text, size_t len)
{
	*c = (struct csv){.text = text, .len = len};
}

static int refuse(struct csv *c, const char *fault)
{
	c->fault = fault;
	return -EBADMSG;
}

/* Where the line ends; what ends it is skipped. */
static size_t take_line(struct csv *c, const char **ret)
{
	const char *start = c->text + c->at;
	const char *newline = memchr(start, '\n', c->len - c->at);
	size_t len = newline ? (size_t)(newline - start) : c->len - c->at;

	c->at += len + (newline != NULL);
	c->line++;
	*ret = start;
	return newline && len > 0 && start[len - 1] == '\r' ? len - 1 : len;
}

/* From behind the first quote. Return: how much of the line was taken with the last quote, 0: it does not end. */
static size_t unquote(const char *from, size_t len, char **to)
{
	for (size_t i = 0; i < len; i++) {
		if (from[i] == '"' && (i + 1 == len || from[i + 1] != '"'))
			return i + 1;
		i += from[i] == '"';
		*(*to)++ = from[i];
	}
	return 0;
}

static size_t copy_plain(const char *from, size_t len, char **to)
{
	size_t n = 0;

	for (; n < len && from[n] != ','; n++)
		*(*to)++ = from[n];
	return n;
}

static int split(struct csv *c, const char *line, size_t len)
{
	char *to = c->record;
	size_t at = 0;

	for (c->n_fields = 0;; at++) {
		size_t n;

		if (c->n_fields == CSV_FIELDS_MAX)
			return refuse(c, "too many fields");
		c->fields[c->n_fields++] = to;
		if (at < len && line[at] == '"') {
			n = unquote(line + at + 1, len - at - 1, &to);
			if (n == 0)
				return refuse(c, "a quote that does not end");
			at += n + 1;
		} else {
			n = copy_plain(line + at, len - at, &to);
			if (memchr(line + at, '"', n))
				return refuse(c, "a quote inside a field without quotes");
			at += n;
		}
		*to++ = '\0';
		if (at == len)
			return 1;
		if (line[at] != ',')
			return refuse(c, "text behind a quote");
	}
}

int csv_next(struct csv *c)
{
	const char *line;
	size_t len;

	if (c->at >= c->len)
		return 0;
	len = take_line(c, &line);
	if (len == 0)
		return refuse(c, "an empty line");
	/* Each field takes a comma or the line's end: unquoted text and its NULs fit where the line does. */
	if (len >= CSV_RECORD_MAX)
		return refuse(c, "too long");
	if (!text_is_utf8(line, len))
		return refuse(c, "not UTF-8");
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			return refuse(c, "a control character");
	return split(c, line, len);
}

void csv_write(FILE *out, const char *text)
{
	bool is_plain = !strpbrk(text, ",\"");

	if (is_plain) {
		(void)fputs(text, out);
		return;
	}
	(void)fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			(void)fputc('"', out);
		(void)fputc(*text, out);
	}
	(void)fputc('"', out);
}
