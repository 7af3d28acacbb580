/* SPDX-License-Identifier: MIT */
#pragma once

#include <json-c/json.h>

#include "helper/cli/command.h"

/* A list that the helper tells in pages. */

struct pages {
	const char *method; /* called with "more" */
	const char *member; /* the array of a page */
	void (*print_heading)(const struct command *c);
	void (*print_row)(const struct command *c, const struct json_object *row);
};

/** pages_print() - all of them as a table, or with --json as one array. Return: COMMAND_OK, or the exit status after the
 *  reason was printed. */
enum command_exit pages_print(const struct command *c, const struct pages *p);
