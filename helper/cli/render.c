/* SPDX-License-Identifier: MIT */
/*
 * Turns what the helper or a token says into lines for a person or JSON for a program. Must never let a byte of
 * somebody else's text act on the terminal.
 */
#include "helper/cli/render.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "helper/base/buf.h"
#include "helper/base/json.h"
#include "helper/base/text.h"

#define WORDS_MAX 1024u

void render_line(const struct command *c, const char *label, const char *text)
{
	char clean[RENDER_TEXT_MAX];

	text_sanitise(clean, sizeof(clean), text, strlen(text), c->utf8);
	(void)fprintf(c->out, "%-14s %s\n", label, clean);
}

void render_member_text(const struct command *c, char *out, size_t size, const struct json_object *o, const char *key)
{
	struct json_object *value = NULL;
	const char *text = "-";
	size_t len = 1;

	(void)json_object_object_get_ex(o, key, &value);
	if (json_object_is_type(value, json_type_string)) {
		text = json_object_get_string(value);
		len = (size_t)json_object_get_string_len(value);
	} else if (value) {
		text = json_text(value);
		len = text ? strlen(text) : 0;
	}
	text_sanitise(out, size, text, len, c->utf8);
}

void render_member(const struct command *c, const char *label, const struct json_object *o, const char *key)
{
	char text[RENDER_TEXT_MAX];

	render_member_text(c, text, sizeof(text), o, key);
	(void)fprintf(c->out, "%-14s %s\n", label, text);
}

void render_time(char *out, size_t size, int64_t seconds)
{
	time_t when = (time_t)seconds;
	struct tm here;

	tzset();
	if (!localtime_r(&when, &here) || strftime(out, size, "%Y-%m-%d %H:%M:%S %Z", &here) == 0)
		(void)snprintf(out, size, "%" PRId64 " s since 1970", seconds);
}

void render_duration(char *out, size_t size, int64_t seconds)
{
	int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

	if (days > 0)
		(void)snprintf(out, size, "%" PRId64 " %s %" PRId64 " h", days, days == 1 ? "day" : "days", hours % 24);
	else if (hours > 0)
		(void)snprintf(out, size, "%" PRId64 " h %" PRId64 " min", hours, minutes % 60);
	else if (minutes > 0)
		(void)snprintf(out, size, "%" PRId64 " min %" PRId64 " s", minutes, seconds % 60);
	else
		(void)snprintf(out, size, "%" PRId64 " s", seconds);
}

/* The length of a sequence from its first byte, since json-c holds nothing but UTF-8 that passed the gate. */
static uint32_t decode(const unsigned char **p)
{
	unsigned int n = **p >= 0xF0 ? 3 : **p >= 0xE0 ? 2 : **p >= 0xC0 ? 1 : 0;
	uint32_t code = n > 0 ? **p & (0x3Fu >> n) : **p;

	(*p)++;
	for (; n > 0 && (**p & 0xC0u) == 0x80u; n--)
		code = code << 6 | (*(*p)++ & 0x3Fu);
	return code;
}

static void print_escaped(FILE *out, uint32_t code)
{
	if (code >= 0x10000) {
		code -= 0x10000;
		(void)fprintf(out, "\\u%04x\\u%04x", 0xD800u + (code >> 10), 0xDC00u + (code & 0x3FFu));
	} else {
		(void)fprintf(out, "\\u%04x", code);
	}
}

void render_json(FILE *out, struct json_object *o)
{
	const char *text = json_text(o);

	for (const unsigned char *p = (const unsigned char *)text; p && *p;) {
		if (*p >= 0x20 && *p < 0x7F)
			(void)fputc(*p++, out);
		else
			print_escaped(out, decode(&p));
	}
}

static void render_when(const struct command *c, const char *label, const struct json_object *o, const char *key,
			const char *otherwise)
{
	char text[64];
	int64_t when;

	if (json_read_int(o, key, INT64_MIN, INT64_MAX, &when) != 0 || when == 0) {
		render_line(c, label, otherwise);
		return;
	}
	render_time(text, sizeof(text), when);
	render_line(c, label, text);
}

/* A list of texts as words. */
static void render_words(const struct command *c, const char *label, const struct json_object *o, const char *key)
{
	LK_CLEANUP(buf_done) struct buf words = {0};
	struct json_object *list;

	if (json_read_array(o, key, WORDS_MAX, &list) != 0)
		return;
	buf_init(&words, RENDER_TEXT_MAX);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		buf_append_text(&words, i > 0 ? " " : "");
		buf_append_text(&words, json_object_get_string(json_object_array_get_idx(list, i)));
	}
	render_line(c, label, words.len > 0 ? words.data : "-");
}

void render_account(const struct command *c, const struct json_object *account)
{
	render_member(c, "name", account, "name");
	render_member(c, "uid", account, "uid");
	render_member(c, "gid", account, "gid");
	render_member(c, "full name", account, "gecos");
	render_member(c, "home", account, "home");
	render_member(c, "shell", account, "shell");
	render_words(c, "groups", account, "groups");
	render_member(c, "state", account, "state");
	render_member(c, "provider", account, "provider");
	render_member(c, "issuer", account, "issuer");
	render_member(c, "subject", account, "subject");
	render_when(c, "created", account, "created", "-");
	render_when(c, "last sign-in", account, "last_sign_in", "never");
	if (!json_object_object_get_ex(account, "standing", NULL))
		return;
	render_member(c, "standing", account, "standing");
	render_when(c, "checked", account, "checked", "-");
	if (json_object_object_get_ex(account, "refusal", NULL))
		render_member(c, "refusal", account, "refusal");
}
