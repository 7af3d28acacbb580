/* SPDX-License-Identifier: MIT */
/* Runs commands of the latchkey command inside a test and keeps what they print. */
#include "tests/unit/cli/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORDS_MAX 16

void capture_open(struct capture *c)
{
	*c = (struct capture){0};
	c->out = open_memstream(&c->out_text, &c->out_len);
	c->err = open_memstream(&c->err_text, &c->err_len);
	assert_non_null(c->out);
	assert_non_null(c->err);
}

void capture_close(struct capture *c)
{
	(void)fclose(c->out);
	(void)fclose(c->err);
}

void capture_free(struct capture *c)
{
	free(c->out_text);
	free(c->err_text);
	*c = (struct capture){0};
}

enum command_exit capture_run(struct capture *c, const struct verb *verbs, const char *const *words)
{
	char *argv[WORDS_MAX] = {(char[]){"latchkey"}};
	enum command_exit status;
	int argc = 1;

	for (; *words; words++) {
		assert_true(argc < WORDS_MAX);
		argv[argc] = strdup(*words);
		assert_non_null(argv[argc++]);
	}
	capture_open(c);
	status = command_run(verbs, argc, argv, c->out, c->err);
	capture_close(c);
	while (argc > 1)
		free(argv[--argc]);
	return status;
}
