/* SPDX-License-Identifier: MIT */
/*
 * Reads files of accounts. A row that cannot be understood to the last field ends the whole reading, with its line: the
 * rest would be somebody else's numbers.
 */
#include "helper/cli/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/base/buf.h"
#include "helper/base/csv.h"
#include "helper/base/json.h"
#include "helper/base/text.h"

#define READ_SIZE 65536u

const char *const table_columns[TABLE_COLUMNS] = {
	[TABLE_NAME] = "name",     [TABLE_UID] = "uid",         [TABLE_GID] = "gid",     [TABLE_PROVIDER] = "provider",
	[TABLE_ISSUER] = "issuer", [TABLE_SUBJECT] = "subject", [TABLE_GECOS] = "gecos", [TABLE_HOME] = "home",
	[TABLE_SHELL] = "shell",   [TABLE_STATE] = "state",
};

/* A table in the making. */
struct reading {
	const struct command *c;
	struct table table;
	size_t capacity;
};

static void row_done(struct table_row *r)
{
	for (size_t i = 0; i < TABLE_COLUMNS; i++)
		free(r->fields[i]);
}

void table_done(struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		row_done(&t->rows[i]);
	free(t->rows);
	*t = (struct table){0};
}

static enum command_exit bad(const struct reading *r, unsigned line, const char *fault, const char *which)
{
	return command_fail(r->c, COMMAND_FAILED, "%s:%u: %s%s%s", r->table.path, line, fault, which ? ": " : "",
			    which ? which : "");
}

/* Return: the row, or NULL after the reason was printed. */
static struct table_row *add_row(struct reading *r, unsigned line)
{
	struct table_row *row;

	if (r->table.n == TABLE_ROWS_MAX) {
		(void)bad(r, line, "more accounts than a file may hold", NULL);
		return NULL;
	}
	if (r->table.n == r->capacity) {
		size_t wanted = r->capacity ? r->capacity * 2 : 64;
		struct table_row *grown = reallocarray(r->table.rows, wanted, sizeof(*grown));

		if (!grown) {
			(void)bad(r, line, "out of memory", NULL);
			return NULL;
		}
		r->table.rows = grown;
		r->capacity = wanted;
	}
	row = &r->table.rows[r->table.n++];
	*row = (struct table_row){.line = line};
	return row;
}

static enum command_exit set_field(const struct reading *r, struct table_row *row, size_t column, const char *text)
{
	if (text[0] == '\0')
		return COMMAND_OK;
	row->fields[column] = strdup(text);
	return row->fields[column] ? COMMAND_OK : bad(r, row->line, "out of memory", NULL);
}

/* What every account must have. */
static enum command_exit finish_row(const struct reading *r, struct table_row *row)
{
	uint64_t id;

	if (!row->fields[TABLE_NAME])
		return bad(r, row->line, "no name", NULL);
	if (!row->fields[TABLE_UID] || text_to_u64(&id, row->fields[TABLE_UID], INT32_MAX) < 0 || id == 0)
		return bad(r, row->line, "no uid from 1 to 2147483647", row->fields[TABLE_NAME]);
	row->uid = (unsigned)id;
	if (row->fields[TABLE_GID] && (text_to_u64(&id, row->fields[TABLE_GID], INT32_MAX) < 0 || id == 0))
		return bad(r, row->line, "no gid from 1 to 2147483647", row->fields[TABLE_NAME]);
	return COMMAND_OK;
}

/* --- CSV ----------------------------------------------------------------------------------------------------------- */

static int find_column(const char *name)
{
	for (int i = 0; i < TABLE_COLUMNS; i++)
		if (strcmp(table_columns[i], name) == 0)
			return i;
	return -1;
}

/* Which column each field of a line is. */
static enum command_exit read_head(const struct reading *r, struct csv *csv, int columns[CSV_FIELDS_MAX], size_t *ret_n)
{
	bool seen[TABLE_COLUMNS] = {false};
	int result = csv_next(csv);

	if (result <= 0)
		return bad(r, result < 0 ? csv->line : 1, result < 0 ? csv->fault : "the file is empty", NULL);
	for (size_t i = 0; i < csv->n_fields; i++) {
		columns[i] = find_column(csv->fields[i]);
		if (columns[i] < 0)
			return bad(r, csv->line, "no such column (the first line names them)", csv->fields[i]);
		if (seen[columns[i]])
			return bad(r, csv->line, "a column twice", csv->fields[i]);
		seen[columns[i]] = true;
	}
	if (!seen[TABLE_NAME] || !seen[TABLE_UID])
		return bad(r, csv->line, "the columns name and uid must be there", NULL);
	*ret_n = csv->n_fields;
	return COMMAND_OK;
}

static enum command_exit read_csv(struct reading *r, const char *text, size_t len)
{
	int columns[CSV_FIELDS_MAX], result;
	enum command_exit status;
	struct csv csv;
	size_t n = 0;

	csv_init(&csv, text, len);
	status = read_head(r, &csv, columns, &n);
	if (status != COMMAND_OK)
		return status;
	while ((result = csv_next(&csv)) == 1) {
		struct table_row *row;

		if (csv.n_fields != n)
			return bad(r, csv.line, "not as many fields as the first line names", NULL);
		row = add_row(r, csv.line);
		if (!row)
			return COMMAND_FAILED;
		for (size_t i = 0; status == COMMAND_OK && i < n; i++)
			status = set_field(r, row, (size_t)columns[i], csv.fields[i]);
		if (status == COMMAND_OK)
			status = finish_row(r, row);
		if (status != COMMAND_OK)
			return status;
	}
	return result < 0 ? bad(r, csv.line, csv.fault, NULL) : COMMAND_OK;
}

/* --- JSON ---------------------------------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(const char *text, size_t len, size_t *at)
{
	while (*at < len && is_blank(text[*at]))
		(*at)++;
}

/* How long the object is that begins here: to its last brace, whatever stands in its texts. 0: it does not end. */
static size_t object_len(const char *text, size_t len)
{
	bool in_text = false;
	unsigned depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (in_text) {
			if (text[i] == '\\')
				i++;
			else if (text[i] == '"')
				in_text = false;
			continue;
		}
		in_text = text[i] == '"';
		depth += text[i] == '{';
		if (text[i] == '}' && --depth == 0)
			return i + 1;
	}
	return 0;
}

static enum command_exit read_member(const struct reading *r, struct table_row *row, struct json_object *o,
				     size_t column)
{
	struct json_object *value = NULL;
	char number[24];
	int64_t id;

	if (!json_object_object_get_ex(o, table_columns[column], &value) || !value)
		return COMMAND_OK;
	if (column == TABLE_UID || column == TABLE_GID) {
		if (json_read_int(o, table_columns[column], 1, INT32_MAX, &id) != 0)
			return bad(r, row->line, "no number from 1 to 2147483647", table_columns[column]);
		(void)snprintf(number, sizeof(number), "%lld", (long long)id);
		return set_field(r, row, column, number);
	}
	if (!json_object_is_type(value, json_type_string) ||
	    strlen(json_object_get_string(value)) != (size_t)json_object_get_string_len(value))
		return bad(r, row->line, "not a text", table_columns[column]);
	return set_field(r, row, column, json_object_get_string(value));
}

static enum command_exit read_object(struct reading *r, const char *text, size_t len)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = NULL;
	unsigned number = (unsigned)r->table.n + 1;
	enum command_exit status = COMMAND_OK;
	struct table_row *row;

	if (json_parse(&o, text, len) < 0)
		return bad(r, number, "this account is not strict JSON", NULL);
	row = add_row(r, number);
	if (!row)
		return COMMAND_FAILED;
	for (size_t i = 0; status == COMMAND_OK && i < TABLE_COLUMNS; i++)
		status = read_member(r, row, o, i);
	return status == COMMAND_OK ? finish_row(r, row) : status;
}

/* One account after another: the whole array may be larger than the strict parser takes. @at: behind the '['. */
static enum command_exit read_json(struct reading *r, const char *text, size_t len, size_t at)
{
	skip_blanks(text, len, &at);
	while (at < len && text[at] == '{') {
		size_t n = object_len(text + at, len - at);
		enum command_exit status = read_object(r, text + at, n);

		if (status != COMMAND_OK)
			return status;
		at += n;
		skip_blanks(text, len, &at);
		if (at == len || text[at] != ',')
			break;
		at++;
		skip_blanks(text, len, &at);
		if (at == len || text[at] != '{')
			return bad(r, (unsigned)r->table.n + 1, "no account behind the comma", NULL);
	}
	if (at == len || text[at++] != ']')
		return bad(r, (unsigned)r->table.n + 1, "the array does not end", NULL);
	skip_blanks(text, len, &at);
	return at == len ? COMMAND_OK : bad(r, (unsigned)r->table.n + 1, "something behind the array", NULL);
}

enum command_exit table_read_text(const struct command *c, struct table *ret, const char *path, const char *text,
				  size_t len)
{
	struct reading r = {.c = c, .table = {.path = path}};
	enum command_exit status;
	size_t at = 0;

	skip_blanks(text, len, &at);
	if (at < len && text[at] == '[')
		status = read_json(&r, text, len, at + 1);
	else
		status = read_csv(&r, text, len);
	if (status != COMMAND_OK) {
		table_done(&r.table);
		return status;
	}
	*ret = r.table;
	return COMMAND_OK;
}

static int read_fd(struct buf *b, int fd)
{
	char chunk[READ_SIZE];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf_append(b, chunk, (size_t)n);
		if (buf_fault(b) < 0)
			return buf_fault(b);
	}
	return 0;
}

enum command_exit table_read(const struct command *c, struct table *ret, const char *path)
{
	LK_CLEANUP(buf_done) struct buf b = {.data = NULL};
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	buf_init(&b, TABLE_BYTES_MAX);
	if (fd < 0)
		return command_fail(c, COMMAND_FAILED, "%s: %s", path, strerrordesc_np(errno));
	r = read_fd(&b, fd);
	if (!is_stdin)
		(void)close(fd);
	if (r < 0)
		return command_fail(c, COMMAND_FAILED, "%s: %s", path, strerrordesc_np(-r));
	return table_read_text(c, ret, path, b.data ? b.data : "", b.len);
}
