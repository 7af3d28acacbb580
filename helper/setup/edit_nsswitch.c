/* SPDX-License-Identifier: MIT */
/* Puts "latchkey" behind the other sources in nsswitch.conf: whoever is known there keeps name and number. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "helper/setup/edit.h"

#define BLANKS " \t\r\f\v"
#define N_DATABASES 3u

static const char *const databases[N_DATABASES] = {"passwd", "group", "shadow"};

struct span {
	const char *at;
	size_t len;
};

static bool is_blank(char c)
{
	return c != '\0' && strchr(BLANKS, c) != NULL;
}

static struct span trim(struct span s)
{
	while (s.len > 0 && is_blank(s.at[0])) {
		s.at++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.at[s.len - 1]))
		s.len--;
	return s;
}

/* What stands behind the colon, without a comment. Return: false it is another line. */
static bool sources_of(struct span line, const char *database, struct span *ret)
{
	const char *comment = memchr(line.at, '#', line.len);
	struct span s = {line.at, comment != NULL ? (size_t)(comment - line.at) : line.len};
	const char *colon = memchr(s.at, ':', s.len);
	struct span name;

	if (colon == NULL)
		return false;
	name = trim((struct span){s.at, (size_t)(colon - s.at)});
	if (name.len != strlen(database) || memcmp(name.at, database, name.len) != 0)
		return false;
	*ret = trim((struct span){colon + 1, s.len - (size_t)(colon + 1 - s.at)});
	return true;
}

static bool is_word(struct span s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.at, word, s.len) == 0;
}

/* The next word of an action: up to a blank. */
static struct span take(struct span *rest)
{
	struct span s = trim(*rest);
	size_t n = 0;

	while (n < s.len && !is_blank(s.at[n]))
		n++;
	*rest = (struct span){s.at + n, s.len - n};
	return (struct span){s.at, n};
}

/* "STATUS=action" or "!STATUS=action": does it end the search where a source does not know the name? */
static bool ends_search(struct span word)
{
	const char *equals = memchr(word.at, '=', word.len);
	bool is_negated = word.len > 0 && word.at[0] == '!';
	struct span status;
	struct span action;

	if (equals == NULL)
		return false;
	status = trim((struct span){word.at + is_negated, (size_t)(equals - word.at) - is_negated});
	action = trim((struct span){equals + 1, word.len - (size_t)(equals + 1 - word.at)});
	return is_word(action, "return") && is_word(status, "NOTFOUND") != is_negated;
}

/* Return: 0 we can stand behind these, 1 we are among them already, -1 an action is in the way, -EBADMSG. */
static int judge(struct span sources)
{
	bool is_stopped = false;

	while (sources.len > 0) {
		struct span word;

		if (sources.at[0] == '[') {
			const char *close = memchr(sources.at, ']', sources.len);
			struct span inner;

			if (close == NULL)
				return -EBADMSG;
			inner = (struct span){sources.at + 1, (size_t)(close - sources.at) - 1};
			while ((word = take(&inner)).len > 0)
				is_stopped |= ends_search(word);
			sources = trim((struct span){close + 1, sources.len - (size_t)(close + 1 - sources.at)});
			continue;
		}
		word = take(&sources);
		/* A bracket needs no blank before it. */
		if (memchr(word.at, '[', word.len) != NULL) {
			const char *open = memchr(word.at, '[', word.len);

			sources.len +=
				(size_t)(word.at + word.len - open) + (size_t)(sources.at - (word.at + word.len));
			sources.at = open;
			word.len = (size_t)(open - word.at);
		}
		if (is_word(word, "latchkey"))
			return is_stopped ? -1 : 1;
		sources = trim(sources);
	}
	return is_stopped ? -1 : 0;
}

static int edit_line(struct buf *out, struct span line, bool *found, const char **ret_database)
{
	for (size_t i = 0; i < N_DATABASES; i++) {
		struct span sources;
		size_t kept;
		int r;

		if (!sources_of(line, databases[i], &sources))
			continue;
		found[i] = true;
		r = judge(sources);
		*ret_database = databases[i];
		if (r == -EBADMSG)
			return EDIT_UNREADABLE;
		if (r < 0)
			return EDIT_STOPS_BEFORE;
		if (r > 0)
			break;
		kept = (size_t)(sources.at + sources.len - line.at);
		buf_append(out, line.at, kept);
		buf_append_text(out, sources.len > 0 ? " latchkey" : " files latchkey");
		buf_append(out, line.at + kept, line.len - kept);
		return 0;
	}
	buf_append(out, line.at, line.len);
	return 0;
}

int edit_nsswitch(struct buf *out, const char *text, size_t len, const char **ret_database)
{
	bool found[N_DATABASES] = {false};
	const char *end = text + len;
	int r = 0;

	while (r == 0 && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		struct span line = {text, (size_t)((newline != NULL ? newline : end) - text)};

		r = edit_line(out, line, found, ret_database);
		buf_append_text(out, "\n");
		text = newline != NULL ? newline + 1 : end;
	}
	if (r != 0)
		return r;
	for (size_t i = 0; i < N_DATABASES; i++) {
		if (!found[i])
			buf_printf(out, "%s: files latchkey\n", databases[i]);
	}
	return buf_fault(out);
}
