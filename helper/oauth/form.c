/* SPDX-License-Identifier: MIT */
/* Writes and reads form-encoded text, which carries codes and client secrets: all of it is wiped. Must never send a
 * parameter twice, nor take a reply that an honest encoder cannot have made. */
#include "helper/oauth/form.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/base/text.h"

#define FORM_PAIRS_MAX 32u
#define FORM_NAME_MAX 64u

static bool is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void form_init(struct form *f)
{
	*f = (struct form){0};
	buf_init(&f->text, FORM_MAX);
}

void form_done(struct form *f)
{
	buf_done(&f->text);
}

static bool has_parameter(const struct form *f, const char *name)
{
	size_t name_len = strlen(name);
	const char *p = f->text.data;

	while (p != NULL && *p != '\0') {
		if (strncmp(p, name, name_len) == 0 && p[name_len] == '=')
			return true;
		p = strchr(p, '&');
		if (p != NULL)
			p++;
	}
	return false;
}

static void append_pair(struct form *f, const char *name, const char *value, size_t len)
{
	if (f->text.len > 0)
		buf_append_text(&f->text, "&");
	buf_append_text(&f->text, name);
	buf_append_text(&f->text, "=");
	form_encode(&f->text, value, len);
}

static void add_bytes(struct form *f, const char *name, const char *value, size_t len)
{
	if (len == 0)
		return;
	if (has_parameter(f, name))
		f->fault = -EEXIST;
	else
		append_pair(f, name, value, len);
}

void form_add_list(struct form *f, const char *name, const char *const *values)
{
	if (values != NULL && values[0] != NULL && has_parameter(f, name))
		f->fault = -EEXIST;
	for (; values != NULL && *values != NULL; values++)
		append_pair(f, name, *values, strlen(*values));
}

void form_add(struct form *f, const char *name, const char *value)
{
	if (value != NULL)
		add_bytes(f, name, value, strlen(value));
}

void form_add_secret(struct form *f, const char *name, const struct secret *value)
{
	if (value != NULL)
		add_bytes(f, name, secret_data(value), secret_len(value));
}

void form_add_encoded(struct form *f, const char *text)
{
	if (text == NULL)
		return;
	if (f->text.len > 0)
		buf_append_text(&f->text, "&");
	buf_append_text(&f->text, text);
}

int form_fault(const struct form *f)
{
	return f->fault != 0 ? f->fault : buf_fault(&f->text);
}

void form_encode(struct buf *out, const char *bytes, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];
		char escape[3] = {'%', hex[c >> 4], hex[c & 0x0f]};

		if (c == ' ')
			buf_append_text(out, "+");
		else if (is_alphanumeric((char)c) || (c != '\0' && strchr("-._*", c) != NULL))
			buf_append(out, &bytes[i], 1);
		else
			buf_append(out, escape, sizeof(escape));
	}
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Characters that encoders leave alone, generously; what begins HTML or JSON is not among them. */
static bool is_plain(char c)
{
	return is_alphanumeric(c) || (c != '\0' && strchr("-._~*:/,@!$'();?", c) != NULL);
}

static int decode(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '%') {
			int high = i + 2 < len ? hex_value(text[i + 1]) : -1;
			int low = i + 2 < len ? hex_value(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -EBADMSG;
			c = (char)(high * 16 + low);
			i += 2;
			if ((unsigned char)c < 0x20 || c == 0x7f)
				return -EBADMSG;
		} else if (c == '+') {
			c = ' ';
		} else if (!is_plain(c)) {
			return -EBADMSG;
		}
		buf_append(out, &c, 1);
	}
	return buf_fault(out) == -ENOMEM ? -ENOMEM : 0;
}

static int add_pair(struct json_object *o, const char *pair, size_t len)
{
	LK_CLEANUP(buf_done) struct buf value = {0};
	struct json_object *text = NULL;
	const char *equals = memchr(pair, '=', len);
	char name[FORM_NAME_MAX + 1];
	size_t name_len;
	int r;

	if (equals == NULL || equals == pair)
		return -EBADMSG;
	name_len = (size_t)(equals - pair);
	if (name_len > FORM_NAME_MAX)
		return -EBADMSG;
	for (size_t i = 0; i < name_len; i++) {
		if (!is_alphanumeric(pair[i]) && pair[i] != '_' && pair[i] != '-')
			return -EBADMSG;
		name[i] = pair[i];
	}
	name[name_len] = '\0';
	if (json_object_object_get_ex(o, name, NULL))
		return -EBADMSG;

	buf_init(&value, FORM_MAX);
	r = decode(&value, equals + 1, len - name_len - 1);
	if (r < 0)
		return r;
	if (value.len > 0) {
		if (!text_is_utf8(value.data, value.len))
			return -EBADMSG;
		text = json_object_new_string_len(value.data, (int)value.len);
		if (text == NULL)
			return -ENOMEM;
	}
	if (json_object_object_add(o, name, text) < 0) {
		json_put_wiped(text);
		return -ENOMEM;
	}
	return 0;
}

int form_parse(struct json_object **ret, const char *text, size_t len)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *o = NULL;
	size_t pairs = 0;

	if (len == 0 || len > FORM_MAX)
		return -EBADMSG;
	o = json_object_new_object();
	if (o == NULL)
		return -ENOMEM;
	for (size_t at = 0; at <= len;) {
		const char *end = memchr(text + at, '&', len - at);
		size_t pair_len = end != NULL ? (size_t)(end - (text + at)) : len - at;
		int r = ++pairs > FORM_PAIRS_MAX ? -EBADMSG : add_pair(o, text + at, pair_len);

		if (r < 0)
			return r;
		at += pair_len + 1;
	}
	*ret = LK_STEAL(o);
	return 0;
}
