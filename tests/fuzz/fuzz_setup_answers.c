/* SPDX-License-Identifier: MIT */
/*
 * What set-up reads back: the verdict of latchkeyd --probe, and its own record. What is taken of either is within its limits,
 * and a record that was read is written as one that reads the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/setup/provider_check.h"
#include "helper/setup/record_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(int ok)
{
	if (!ok)
		abort();
}

static void check_record(const char *text, size_t len)
{
	LK_CLEANUP(buf_done) struct buf once = {0};
	LK_CLEANUP(buf_done) struct buf twice = {0};
	struct record a = {.root = ""};
	struct record b = {.root = ""};

	buf_init(&once, CHANGE_BYTES_MAX);
	buf_init(&twice, CHANGE_BYTES_MAX);
	if (record_list_parse(&a, text, len) == 0) {
		for (size_t i = 0; i < a.n; i++)
			demand(a.files[i].path[0] == '/' && strstr(a.files[i].path, "/..") == NULL);
		demand(record_list_write(&a, &once) == 0);
		demand(record_list_parse(&b, once.data, once.len) == 0);
		demand(record_list_write(&b, &twice) == 0);
		demand(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
	}
	record_done(&a);
	record_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct probe_answer answer;
	/* A text ends in a NUL that is not counted. */
	char *text = malloc(len + 1);

	demand(text != NULL);
	memcpy(text, data, len);
	text[len] = '\0';
	if (provider_check_read(&answer, text, len) == 0 && answer.is_good)
		demand(answer.expires_in_s > 0 && answer.stage[0] != '\0');
	check_record(text, len);
	free(text);
	return 0;
}
