/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

#include "helper/cli/command.h"

/* Files of accounts: what "accounts export" writes, and what an administrator writes by hand. */

#define TABLE_ROWS_MAX 1000000u
#define TABLE_BYTES_MAX (256u * 1024u * 1024u)

enum table_column {
	TABLE_NAME,
	TABLE_UID,
	TABLE_GID,
	TABLE_PROVIDER,
	TABLE_ISSUER,
	TABLE_SUBJECT,
	TABLE_GECOS,
	TABLE_HOME,
	TABLE_SHELL,
	TABLE_STATE,
	TABLE_COLUMNS,
};

extern const char *const table_columns[TABLE_COLUMNS];

struct table_row {
	unsigned line;               /* of the file, from 1; of JSON: which account */
	char *fields[TABLE_COLUMNS]; /* NULL where it is missing or empty */
	unsigned uid;                /* of its field */
};

struct table {
	const char *path;
	struct table_row *rows;
	size_t n;
};

/**
 * table_read() - a CSV file whose first line names its columns, or a JSON array of accounts
 * @path: "-": standard input
 * Every row has a name and a uid. Columns that there are not, a column twice, and more than the limits above are refused.
 * Return: COMMAND_OK, or the exit status after the reason was printed, with file and line.
 */
enum command_exit table_read(const struct command *c, struct table *ret, const char *path);

/** table_read_text() - the same from memory */
enum command_exit table_read_text(const struct command *c, struct table *ret, const char *path, const char *text,
				  size_t len);
void table_done(struct table *t);
