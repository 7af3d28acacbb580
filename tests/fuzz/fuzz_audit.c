/* SPDX-License-Identifier: MIT */
/*
 * "latchkey audit" on any file: what it prints is whole lines of ASCII, and with --json each is JSON again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/cli/audit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_lines(const char *text, size_t len, bool is_json)
{
	const char *end = text + len;

	while (text < end) {
		const char *feed = memchr(text, '\n', (size_t)(end - text));

		if (feed == NULL)
			abort();
		for (const char *p = text; p < feed; p++)
			if (*p < ' ' || *p > '~')
				abort();
		if (is_json && json_check(text, (size_t)(feed - text)) != 0)
			abort();
		text = feed + 1;
	}
}

static void run(const uint8_t *data, size_t size, bool is_json)
{
	struct command c = {.arguments = {.json = is_json}};
	char *out = NULL, *err = NULL;
	size_t out_len = 0, err_len = 0;
	FILE *f = fmemopen((void *)(uintptr_t)data, size, "r");

	c.out = open_memstream(&out, &out_len);
	c.err = open_memstream(&err, &err_len);
	if (f == NULL || c.out == NULL || c.err == NULL || audit_read(&c, f) != COMMAND_OK)
		abort();
	(void)fclose(f);
	(void)fclose(c.out);
	(void)fclose(c.err);
	check_lines(out, out_len, is_json);
	check_lines(err, err_len, false);
	free(out);
	free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	run(data, size, false);
	run(data, size, true);
	return 0;
}
