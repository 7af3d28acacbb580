/* SPDX-License-Identifier: MIT */
/* What passes the strict gate is read by json-c without complaint and comes out of it as the same value. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_members(const struct json_object *o)
{
	struct json_object *inner;
	const char *text;
	int64_t number;
	bool flag;

	if (json_read_string(o, "a", 16, &text) == 0 && (strlen(text) == 0 || strlen(text) > 16))
		abort();
	if (json_read_int(o, "a", -5, 5, &number) == 0 && (number < -5 || number > 5))
		abort();
	if (json_read_array(o, "a", 3, &inner) == 0 && json_object_array_length(inner) > 3)
		abort();
	if (json_read_bool(o, "a", &flag) == 0 && json_read_object(o, "a", &inner) == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_object *once = NULL, *twice = NULL;
	const char *text;
	int checked, r;

	checked = json_check((const char *)data, size);
	r = json_parse(&once, (const char *)data, size);
	if (checked != r || (r != 0 && once))
		abort();
	if (r != 0)
		return 0;

	read_members(once);
	text = json_text(once);
	r = json_parse(&twice, text, strlen(text));
	/* Written again it may be longer than what is accepted, nothing else. */
	if (r != -E2BIG && (r != 0 || !json_object_equal(once, twice)))
		abort();
	json_put_wiped(twice);
	json_put_wiped(once);
	return 0;
}
