/* SPDX-License-Identifier: MIT */
/* What sshd and nscd need to be told. Of sshd only what the device flow cannot do without; who may log in by a password stays
 * the administrator's. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "helper/setup/edit.h"

#define BLANKS " \t\r\f\v"
#define LINE_SIZE 1024u

/* One line, without its end and its leading blanks; longer ones are cut off, and none of those that count is. */
static const char *take_line(const char *text, const char *end, char *line)
{
	const char *newline = memchr(text, '\n', (size_t)(end - text));
	const char *stop = newline != NULL ? newline : end;
	size_t len;

	while (text < stop && *text != '\0' && strchr(BLANKS, *text) != NULL)
		text++;
	len = (size_t)(stop - text);
	if (len >= LINE_SIZE)
		len = LINE_SIZE - 1;
	memcpy(line, text, len);
	line[len] = '\0';
	return newline != NULL ? newline + 1 : end;
}

/* The next word of a line, which is changed; quotes around it go. NULL: none. */
static const char *take_word(char **rest)
{
	char *word = *rest + strspn(*rest, BLANKS "=");
	char *end;

	if (*word == '\0' || *word == '#')
		return NULL;
	if (*word == '"') {
		word++;
		end = word + strcspn(word, "\"");
	} else {
		end = word + strcspn(word, BLANKS "=");
	}
	*rest = *end != '\0' ? end + 1 : end;
	*end = '\0';
	return word;
}

/* "/etc/ssh/sshd_config.d/" and "sshd_config.d/": relative paths are below /etc/ssh. */
static bool is_all_of(const char *pattern, const char *folder)
{
	const char *name = strrchr(folder, '/');
	size_t len = strlen(folder);

	if (pattern[0] != '/') {
		folder = name != NULL ? name + 1 : folder;
		len = strlen(folder);
	}
	return strncmp(pattern, folder, len) == 0 && strcmp(pattern + len, "/*.conf") == 0;
}

bool edit_sshd_includes(const char *text, size_t len, const char *folder)
{
	const char *end = text + len;
	char line[LINE_SIZE];

	while (text < end) {
		char *rest = line;
		const char *word;

		text = take_line(text, end, line);
		word = take_word(&rest);
		if (word != NULL && strcasecmp(word, "Match") == 0)
			return false;
		if (word == NULL || strcasecmp(word, "Include") != 0)
			continue;
		while ((word = take_word(&rest)) != NULL) {
			if (is_all_of(word, folder))
				return true;
		}
	}
	return false;
}

int edit_sshd_include(struct buf *out, const char *text, size_t len, const char *path)
{
	buf_printf(out, "# Latchkey's settings; the first value that sshd reads counts.\nInclude %s\n\n", path);
	buf_append(out, text, len);
	return buf_fault(out);
}

int edit_sshd_drop_in(struct buf *out, uint32_t grace_s)
{
	buf_append_text(out,
			"# Written by \"latchkey setup\". The first value that sshd reads counts; see latchkey(1).\n"
			"UsePAM yes\n"
			"# Codes are shown, and their approval is waited for, by this way of signing in.\n"
			"KbdInteractiveAuthentication yes\n"
			"# As long as a code lives, or nobody has the time to approve it.\n");
	buf_printf(out, "LoginGraceTime %u\n", grace_s);
	return buf_fault(out);
}

static bool is_cache_to_switch_off(char *line)
{
	char *rest = line;
	const char *word = take_word(&rest);

	if (word == NULL || strcmp(word, "enable-cache") != 0)
		return false;
	word = take_word(&rest);
	if (word == NULL || (strcmp(word, "passwd") != 0 && strcmp(word, "group") != 0))
		return false;
	word = take_word(&rest);
	return word != NULL && strcmp(word, "yes") == 0;
}

int edit_nscd(struct buf *out, const char *text, size_t len)
{
	const char *end = text + len;
	char line[LINE_SIZE];

	while (text < end) {
		const char *next = take_line(text, end, line);
		bool is_on = is_cache_to_switch_off(line);
		/* The last "yes" before a comment is the value. */
		const char *comment = memchr(text, '#', (size_t)(next - text));
		const char *stop = comment != NULL ? comment : next;
		const char *value = is_on ? memmem(text, (size_t)(stop - text), "yes", 3) : NULL;

		if (value != NULL) {
			buf_append(out, text, (size_t)(value - text));
			buf_append_text(out, "no");
			text = value + 3;
		}
		buf_append(out, text, (size_t)(next - text));
		text = next;
	}
	return buf_fault(out);
}

const char *edit_setting(const char *text, const char *key, char *value, size_t size)
{
	const char *end = text + strlen(text);
	char line[LINE_SIZE];

	while (text < end) {
		char *rest = line;
		const char *word;

		text = take_line(text, end, line);
		word = take_word(&rest);
		if (word == NULL || strcasecmp(word, key) != 0)
			continue;
		rest += strspn(rest, BLANKS);
		(void)snprintf(value, size, "%s", rest);
		return value;
	}
	return NULL;
}
