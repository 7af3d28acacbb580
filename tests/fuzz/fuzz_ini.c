/* SPDX-License-Identifier: MIT */
/* Configuration text: each key that is handed on stands in the input as it was handed on, on a line of its own, and a
 * refusal always says where. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/ini.h"
#include "helper/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const char *p, *end;
};

static size_t skip_blanks(const char *line, size_t len, size_t i)
{
	while (i < len && (line[i] == ' ' || line[i] == '\t'))
		i++;
	return i;
}

/* Does this line say "key = value" and no more? */
static bool line_says(const char *line, size_t len, const char *key, const char *value)
{
	size_t key_len = strlen(key), value_len = strlen(value), i;

	if (len < key_len || memcmp(line, key, key_len) != 0)
		return false;
	i = skip_blanks(line, len, key_len);
	if (i == len || line[i] != '=')
		return false;
	i = skip_blanks(line, len, i + 1);
	if (len - i < value_len || memcmp(line + i, value, value_len) != 0)
		return false;
	i = skip_blanks(line, len, i + value_len);
	return i == len || (line[i] == '\r' && i + 1 == len);
}

static int find_line(void *userdata, const char *section, const char *key, const char *value, char *why,
		     size_t why_size)
{
	struct input *in = userdata;

	(void)why;
	(void)why_size;
	if (section[0] == '\0' || key[0] == '\0' || !text_is_utf8(value, strlen(value)))
		abort();

	while (in->p < in->end) {
		const char *line = in->p, *newline = memchr(line, '\n', (size_t)(in->end - line));
		size_t len = (size_t)((newline ? newline : in->end) - line);

		in->p = newline ? newline + 1 : in->end;
		if (line_says(line, len, key, value))
			return 0;
	}
	abort(); /* nobody wrote this */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {.p = (const char *)data, .end = (const char *)data + size};
	struct ini_fault fault = {""};
	int r;

	r = ini_read_text("fuzz", (const char *)data, size, find_line, &in, &fault);
	if ((r == 0) != (fault.text[0] == '\0') || (r != 0 && !text_has_prefix(fault.text, "fuzz:")))
		abort();
	return 0;
}
