/* SPDX-License-Identifier: MIT */
/* "latchkey accounts compare": do two hosts' exports agree on who has which number. Asks nobody. Exit status 1 where they do
 * not: files that both can see would be somebody else's. */
#include "helper/cli/verbs.h"

#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/cli/render.h"
#include "helper/cli/table.h"

/* An account of either file. */
struct side {
	const struct table_row *row;
	const char *path;
};

struct comparison {
	const struct command *c;
	struct side *sides;
	size_t n;
	size_t n_differences;
};

static void free_sides(struct side **s)
{
	free(*s);
}

static int by_name(const void *a, const void *b)
{
	const struct side *x = a, *y = b;
	int r = strcmp(x->row->fields[TABLE_NAME], y->row->fields[TABLE_NAME]);

	return r != 0 ? r : (x->row->uid > y->row->uid) - (x->row->uid < y->row->uid);
}

static int by_uid(const void *a, const void *b)
{
	const struct side *x = a, *y = b;
	int r = (x->row->uid > y->row->uid) - (x->row->uid < y->row->uid);

	return r != 0 ? r : strcmp(x->row->fields[TABLE_NAME], y->row->fields[TABLE_NAME]);
}

static struct json_object *side_json(const struct side *s)
{
	struct json_object *o = json_object_new_object();

	(void)json_object_object_add(o, "file", json_object_new_string(s->path));
	(void)json_object_object_add(o, "line", json_object_new_int64(s->row->line));
	(void)json_object_object_add(o, "name", json_object_new_string(s->row->fields[TABLE_NAME]));
	(void)json_object_object_add(o, "uid", json_object_new_int64(s->row->uid));
	return o;
}

static void report_json(struct comparison *k, const char *what, const struct side *x, const struct side *y)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();

	(void)json_object_object_add(o, "difference", json_object_new_string(what));
	(void)json_object_object_add(o, "first", side_json(x));
	(void)json_object_object_add(o, "second", side_json(y));
	(void)fputs(k->n_differences > 0 ? ",\n" : "", k->c->out);
	render_json(k->c->out, o);
}

static void report(struct comparison *k, const char *what, const struct side *x, const struct side *y)
{
	char name[128], other[128];

	if (k->c->arguments.json) {
		report_json(k, what, x, y);
	} else {
		text_sanitise(name, sizeof(name), x->row->fields[TABLE_NAME], strlen(x->row->fields[TABLE_NAME]),
			      k->c->utf8);
		text_sanitise(other, sizeof(other), y->row->fields[TABLE_NAME], strlen(y->row->fields[TABLE_NAME]),
			      k->c->utf8);
		if (strcmp(what, "uid") == 0)
			(void)fprintf(k->c->out, "%s: UID %u in %s:%u, %u in %s:%u\n", name, x->row->uid, x->path,
				      x->row->line, y->row->uid, y->path, y->row->line);
		else
			(void)fprintf(k->c->out, "UID %u: %s in %s:%u, %s in %s:%u\n", x->row->uid, name, x->path,
				      x->row->line, other, y->path, y->row->line);
	}
	k->n_differences++;
}

/* Neighbours in order that agree in one thing and not in the other. */
static void find(struct comparison *k, const char *what)
{
	bool is_by_name = strcmp(what, "uid") == 0;

	qsort(k->sides, k->n, sizeof(*k->sides), is_by_name ? by_name : by_uid);
	for (size_t i = 1; i < k->n; i++) {
		const struct side *x = &k->sides[i - 1], *y = &k->sides[i];
		bool same_name = strcmp(x->row->fields[TABLE_NAME], y->row->fields[TABLE_NAME]) == 0;
		bool same_uid = x->row->uid == y->row->uid;

		if (is_by_name ? same_name && !same_uid : same_uid && !same_name)
			report(k, what, x, y);
	}
}

static enum command_exit compare(const struct command *c, const struct table tables[2])
{
	LK_CLEANUP(free_sides) struct side *sides = calloc(tables[0].n + tables[1].n + 1, sizeof(*sides));
	struct comparison k = {.c = c, .sides = sides};

	if (!sides)
		return command_fail(c, COMMAND_FAILED, "out of memory");
	for (size_t t = 0; t < 2; t++)
		for (size_t i = 0; i < tables[t].n; i++)
			sides[k.n++] = (struct side){&tables[t].rows[i], tables[t].path};
	if (c->arguments.json)
		(void)fputc('[', c->out);
	find(&k, "uid");
	find(&k, "name");
	if (c->arguments.json)
		(void)fputs("]\n", c->out);
	else if (k.n_differences == 0)
		(void)fprintf(c->out, "No name has two UIDs, no UID has two names.\n");
	return k.n_differences == 0 ? COMMAND_OK : COMMAND_FAILED;
}

enum command_exit accounts_compare(const struct command *c)
{
	struct table tables[2] = {{0}, {0}};
	enum command_exit status = table_read(c, &tables[0], c->arguments.more[0]);

	if (status == COMMAND_OK)
		status = table_read(c, &tables[1], c->arguments.more[1]);
	if (status == COMMAND_OK)
		status = compare(c, tables);
	table_done(&tables[0]);
	table_done(&tables[1]);
	return status;
}
