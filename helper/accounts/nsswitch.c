/* SPDX-License-Identifier: MIT */
/*
 * Reads one line of nsswitch.conf as glibc does (nss/nss_database.c): a word and a colon, then names and [actions], up to a
 * '#'. Glibc drops a line that it cannot read; here that is an error, since a source might be on it.
 */
#include "helper/accounts/nsswitch.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define BLANKS " \t\r\f\v"
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."

struct span {
	const char *at;
	const char *end;
};

static void skip_blanks(struct span *s)
{
	while (s->at < s->end && *s->at != '\0' && strchr(BLANKS, *s->at) != NULL)
		s->at++;
}

/* The next line, without its comment. */
static struct span take_line(struct span *text)
{
	size_t left = (size_t)(text->end - text->at);
	const char *newline = memchr(text->at, '\n', left);
	struct span line = {text->at, newline != NULL ? newline : text->end};
	const char *comment = memchr(line.at, '#', (size_t)(line.end - line.at));

	text->at = newline != NULL ? newline + 1 : text->end;
	if (comment != NULL)
		line.end = comment;
	return line;
}

static size_t name_length(const struct span *s)
{
	size_t n = 0;

	while (s->at + n < s->end && s->at[n] != '\0' && strchr(NAME_CHARACTERS, s->at[n]) != NULL)
		n++;
	return n;
}

/* Return: is it the line of @database; then @line goes on behind the colon. */
static bool take_database(struct span *line, const char *database)
{
	size_t n;

	skip_blanks(line);
	n = name_length(line);
	if (n != strlen(database) || memcmp(line->at, database, n) != 0)
		return false;
	line->at += n;
	skip_blanks(line);
	if (line->at == line->end || *line->at != ':')
		return false;
	line->at++;
	return true;
}

static bool is_name(const char *at, size_t len, const char *name)
{
	return len == strlen(name) && memcmp(at, name, len) == 0;
}

static int add_name(char *out, const char *at, size_t len)
{
	size_t used = strlen(out);

	if (is_name(at, len, "files") || is_name(at, len, "latchkey"))
		return 0;
	if (used + (used != 0) + len > NSSWITCH_OTHERS_MAX)
		return -E2BIG;
	if (used != 0)
		out[used++] = ' ';
	memcpy(out + used, at, len);
	out[used + len] = '\0';
	return 0;
}

static int take_word(struct span *line, char *out)
{
	size_t n;
	int r;

	if (*line->at == '[') {
		const char *close = memchr(line->at, ']', (size_t)(line->end - line->at));

		if (close == NULL)
			return -EBADMSG;
		line->at = close + 1;
		return 0;
	}
	n = name_length(line);
	if (n == 0)
		return -EBADMSG;
	r = add_name(out, line->at, n);
	line->at += n;
	return r;
}

int nsswitch_others(char out[NSSWITCH_OTHERS_MAX + 1], const char *text, size_t len, const char *database)
{
	struct span rest = {text, text + len};

	out[0] = '\0';
	while (rest.at < rest.end) {
		struct span line = take_line(&rest);

		if (!take_database(&line, database))
			continue;
		for (skip_blanks(&line); line.at < line.end; skip_blanks(&line)) {
			int r = take_word(&line, out);

			if (r < 0)
				return r;
		}
	}
	return 0;
}
