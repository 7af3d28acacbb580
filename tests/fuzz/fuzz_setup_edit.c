/* SPDX-License-Identifier: MIT */
/*
 * Files of other people that set-up changes: it ends, a second time changes nothing, every other line is there still, and what
 * is shown of it holds nothing that a terminal would act on.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/setup/change.h"
#include "helper/setup/configuration.h"
#include "helper/setup/edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(int ok)
{
	if (!ok)
		abort();
}

static const char *bytes(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}

static void show(const struct buf *before, const struct buf *after)
{
	const struct diff_style style = {.utf8 = true};
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	demand(out != NULL);
	demand(diff_print(out, &(struct diff_text){"a", bytes(before), before->len},
			  &(struct diff_text){"b", bytes(after), after->len}, &style) == 0);
	demand(fclose(out) == 0);
	for (size_t i = 0; i < n; i++)
		demand((unsigned char)text[i] >= ' ' || text[i] == '\n');
	free(text);
}

static void check_nsswitch(const struct buf *before)
{
	LK_CLEANUP(buf_done) struct buf once = {0};
	LK_CLEANUP(buf_done) struct buf twice = {0};
	const char *database = NULL;

	buf_init(&once, CHANGE_BYTES_MAX);
	buf_init(&twice, CHANGE_BYTES_MAX);
	if (edit_nsswitch(&once, bytes(before), before->len, &database) != 0)
		return;
	demand(once.len >= before->len);
	demand(edit_nsswitch(&twice, bytes(&once), once.len, &database) == 0);
	demand(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
	show(before, &once);
}

static void check_nscd(const struct buf *before)
{
	LK_CLEANUP(buf_done) struct buf once = {0};
	LK_CLEANUP(buf_done) struct buf twice = {0};

	buf_init(&once, CHANGE_BYTES_MAX);
	buf_init(&twice, CHANGE_BYTES_MAX);
	demand(edit_nscd(&once, bytes(before), before->len) == 0);
	demand(edit_nscd(&twice, bytes(&once), once.len) == 0);
	demand(once.len == twice.len && (once.len == 0 || memcmp(once.data, twice.data, once.len) == 0));
	show(before, &once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	LK_CLEANUP(buf_done) struct buf before = {0};
	LK_CLEANUP(buf_done) struct buf text = {0};
	char value[16];

	if (len > 4096)
		return 0;
	buf_init(&before, CHANGE_BYTES_MAX);
	buf_init(&text, CHANGE_BYTES_MAX);
	buf_append(&before, data, len);
	check_nsswitch(&before);
	check_nscd(&before);
	(void)edit_sshd_includes(bytes(&before), len, "/etc/ssh/sshd_config.d");
	(void)configuration_has_keys(bytes(&before), len);
	if (edit_setting(bytes(&before), "usepam", value, sizeof(value)) != NULL)
		demand(strlen(value) < sizeof(value));
	return 0;
}
