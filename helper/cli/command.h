/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "helper/base/cleanup.h"
#include "helper/cli/arguments.h"

/* What all verbs of the latchkey command share: where it writes, how it ends, which verbs there are. */

enum command_exit {
	COMMAND_OK = 0,
	COMMAND_FAILED = 1, /* refused, or it did not work */
	COMMAND_MISUSE = 2,
	COMMAND_UNREACHABLE = 3, /* no helper that can be trusted */
};

struct verb;

struct command {
	const struct verb *verbs; /* all of them */
	struct arguments arguments;
	FILE *out; /* results */
	FILE *err; /* all else */
	bool utf8; /* may both show more than ASCII */
};

struct verb {
	const char *name;
	const char *operand; /* its name in the usage, NULL for none; "[...]": the verb judges its operands */
	const char *summary;
	enum command_exit (*run)(const struct command *c);
};

/**
 * command_run() - do what the command line says
 * @verbs: ends with a row whose name is NULL
 * Return: the process's exit status.
 */
enum command_exit command_run(const struct verb *verbs, int argc, char *const *argv, FILE *out, FILE *err);

/** command_has_colour() - may results be coloured: a terminal that can, and no NO_COLOR in the environment (no-color.org) */
bool command_has_colour(const struct command *c);

/** command_fail() - say on @c->err what is wrong, sanitised and after the program's name. Return: @status. */
enum command_exit command_fail(const struct command *c, enum command_exit status, const char *format, ...)
	LK_PRINTF(3, 4);
