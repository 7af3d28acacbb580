/* SPDX-License-Identifier: MIT */
/*
 * Reads members out of JSON that passed the gate of json_check.c. Must never take a member of the wrong type for one
 * that is absent: absence may mean a default, a wrong type means that the sender cannot be understood.
 */
#include "helper/base/json.h"

#include <errno.h>
#include <json-c/json_visit.h>
#include <json-c/printbuf.h>
#include <string.h>

#include "helper/base/secret.h"

/* The largest whole number below which a double holds every integer. */
#define EXACT_DOUBLE 9007199254740992.0

static int tokenise(struct json_object **ret, struct json_tokener *tok, const char *text, size_t len)
{
	struct json_object *o;

	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, text, (int)len);
	/* A bare number ends only where json-c sees that no digit follows. */
	if (json_tokener_get_error(tok) == json_tokener_continue)
		o = json_tokener_parse_ex(tok, "", 1);
	if (json_tokener_get_error(tok) != json_tokener_success)
		return -EBADMSG;

	*ret = o;
	return 0;
}

/* json-c gathers each string in a buffer, whose growth would leave tokens behind in memory that was given back: so it is
 * as large as the text from the start, and can be wiped in the end. */
static int make_room(struct json_tokener *tok, size_t len)
{
	if (printbuf_memset(tok->pb, 0, '\0', (int)len + 1) < 0)
		return -ENOMEM;
	printbuf_reset(tok->pb);
	return 0;
}

int json_parse(struct json_object **ret, const char *text, size_t len)
{
	struct json_tokener *tok;
	int r;

	r = json_check(text, len);
	if (r < 0)
		return r;

	/* json-c counts the value inside the innermost array as a level of its own. */
	tok = json_tokener_new_ex((int)JSON_MAX_DEPTH + 1);
	if (!tok)
		return -ENOMEM;

	r = make_room(tok, len);
	if (r == 0)
		r = tokenise(ret, tok, text, len);
	secret_wipe(tok->pb->buf, (size_t)tok->pb->size);
	json_tokener_free(tok);
	return r;
}

/* The member, if it is there and not null. */
static int find(const struct json_object *o, const char *key, struct json_object **ret)
{
	struct json_object *value = NULL;

	if (!json_object_is_type(o, json_type_object))
		return -ENOENT;
	if (!json_object_object_get_ex(o, key, &value) || !value)
		return -ENOENT;

	*ret = value;
	return 0;
}

static int find_typed(const struct json_object *o, const char *key, enum json_type type, struct json_object **ret)
{
	struct json_object *value;
	int r;

	r = find(o, key, &value);
	if (r < 0)
		return r;
	if (!json_object_is_type(value, type))
		return -EBADMSG;

	*ret = value;
	return 0;
}

int json_read_string(const struct json_object *o, const char *key, size_t max_len, const char **ret)
{
	struct json_object *value;
	const char *text;
	size_t len;
	int r;

	r = find_typed(o, key, json_type_string, &value);
	if (r < 0)
		return r;

	text = json_object_get_string(value);
	len = (size_t)json_object_get_string_len(value);
	if (len == 0 || len > max_len || strlen(text) != len)
		return -EBADMSG;

	*ret = text;
	return 0;
}

static int whole_number(const struct json_object *value, int64_t *ret)
{
	double number;

	if (json_object_is_type(value, json_type_int)) {
		*ret = json_object_get_int64(value);
		return 0;
	}
	if (!json_object_is_type(value, json_type_double))
		return -EBADMSG;

	number = json_object_get_double(value);
	if (!(number >= -EXACT_DOUBLE && number <= EXACT_DOUBLE))
		return -EBADMSG;
	if ((double)(int64_t)number < number || (double)(int64_t)number > number)
		return -EBADMSG;

	*ret = (int64_t)number;
	return 0;
}

int json_read_int(const struct json_object *o, const char *key, int64_t min, int64_t max, int64_t *ret)
{
	struct json_object *value;
	int64_t number;
	int r;

	r = find(o, key, &value);
	if (r < 0)
		return r;

	r = whole_number(value, &number);
	if (r < 0)
		return r;
	if (number < min || number > max)
		return -EBADMSG;

	*ret = number;
	return 0;
}

int json_read_bool(const struct json_object *o, const char *key, bool *ret)
{
	struct json_object *value;
	int r;

	r = find_typed(o, key, json_type_boolean, &value);
	if (r < 0)
		return r;

	*ret = json_object_get_boolean(value) != 0;
	return 0;
}

int json_read_object(const struct json_object *o, const char *key, struct json_object **ret)
{
	return find_typed(o, key, json_type_object, ret);
}

int json_read_array(const struct json_object *o, const char *key, size_t max_items, struct json_object **ret)
{
	struct json_object *value;
	int r;

	r = find_typed(o, key, json_type_array, &value);
	if (r < 0)
		return r;
	if (json_object_array_length(value) > max_items)
		return -EBADMSG;

	*ret = value;
	return 0;
}

const char *json_text(struct json_object *o)
{
	return json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

void json_write_string(struct buf *out, const char *text, size_t len)
{
	buf_append_text(out, "\"");
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20)
			buf_printf(out, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else
			buf_append(out, text + i, 1);
	}
	buf_append_text(out, "\"");
}

static int wipe_string(struct json_object *o, int flags, struct json_object *parent, const char *key, size_t *index,
		       void *userdata)
{
	(void)parent;
	(void)key;
	(void)index;
	(void)userdata;

	/* json-c hands out its own buffer as const; no other way leads to it. */
	if (flags == 0 && json_object_is_type(o, json_type_string))
		secret_wipe((void *)(uintptr_t)json_object_get_string(o), (size_t)json_object_get_string_len(o));
	return JSON_C_VISIT_RETURN_CONTINUE;
}

void json_put_wiped(struct json_object *o)
{
	if (!o)
		return;

	(void)json_c_visit(o, 0, wipe_string, NULL);
	json_object_put(o);
}
