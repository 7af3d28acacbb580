/* SPDX-License-Identifier: MIT */
/* Reads members of replies the lenient way that real providers need, without taking anything that could be read in two
 * ways. Must never leave a code or token behind in memory. */
#include "helper/oauth/reply.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/oauth/form.h"

int reply_object(struct json_object **ret, const char *body, size_t len)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *o = NULL;
	int r = json_parse(&o, body, len);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return form_parse(ret, body, len);
	if (!json_object_is_type(o, json_type_object))
		return -EBADMSG;
	*ret = LK_STEAL(o);
	return 0;
}

static uint32_t clamp(int64_t value, uint32_t max)
{
	if (value < 1)
		return 1;
	return value > (int64_t)max ? max : (uint32_t)value;
}

static int seconds_of_text(const char *text, size_t len, uint32_t max, uint32_t *ret)
{
	uint64_t value = 0;

	if (len == 0 || len > 64)
		return -EBADMSG;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EBADMSG;
		value = value * 10 + (uint64_t)(text[i] - '0');
		if (value > max)
			value = max;
	}
	*ret = clamp((int64_t)value, max);
	return 0;
}

int reply_seconds(const struct json_object *o, const char *key, uint32_t max, uint32_t *ret)
{
	struct json_object *member = NULL;
	double number;

	if (!json_object_object_get_ex(o, key, &member) || member == NULL)
		return -ENOENT;
	switch (json_object_get_type(member)) {
	case json_type_int:
		*ret = clamp(json_object_get_int64(member), max);
		return 0;
	case json_type_double:
		number = json_object_get_double(member);
		*ret = number >= (double)max ? max : clamp(number < 1.0 ? 1 : (int64_t)number, max);
		return 0;
	case json_type_string:
		return seconds_of_text(json_object_get_string(member), (size_t)json_object_get_string_len(member), max,
				       ret);
	case json_type_null:
	case json_type_boolean:
	case json_type_object:
	case json_type_array:
		break;
	}
	return -EBADMSG;
}

bool reply_is_visible(const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (*p < 0x21 || *p > 0x7e)
			return false;
	}
	return true;
}

int reply_secret(struct secret **ret, const struct json_object *o, const char *key, size_t max_len)
{
	const char *text;
	int r = json_read_string(o, key, max_len, &text);

	if (r < 0)
		return r;
	if (!reply_is_visible(text))
		return -EBADMSG;
	r = secret_copy(ret, text, strlen(text));
	return r == -E2BIG ? -EBADMSG : r;
}
