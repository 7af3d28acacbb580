/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdio.h>

#include "helper/cli/command.h"

/* What a command printed. */
struct capture {
	FILE *out, *err;
	char *out_text, *err_text;
	size_t out_len, err_len;
};

void capture_open(struct capture *c);

/** capture_close() - both texts are complete then */
void capture_close(struct capture *c);

/** capture_free() - release both texts */
void capture_free(struct capture *c);

/**
 * capture_run() - run a command line, a NULL-terminated list without the program's name
 * Return: the exit status; @c is closed.
 */
enum command_exit capture_run(struct capture *c, const struct verb *verbs, const char *const *words);
