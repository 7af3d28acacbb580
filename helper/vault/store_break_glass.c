/* SPDX-License-Identifier: MIT */
/* Who may come in for a while by root's word. That its time is over is for the caller to say, who knows what time it is. */
#include "helper/vault/store_break_glass.h"

#include <errno.h>

#include "helper/vault/store_internal.h"

int store_put_break_glass(struct store *s, const struct break_glass *b)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_PUT_BREAK_GLASS];
	int r = store_bind_text(statement, 1, b->name);

	if (r == 0)
		r = store_bind_int(statement, 2, b->until_s);
	if (r == 0)
		r = store_bind_text(statement, 3, b->reason);
	if (r == 0)
		r = store_bind_int(statement, 4, b->created_s);
	if (r == 0)
		r = store_bind_text(statement, 5, b->created_by);
	return r < 0 ? r : store_write(s, STATEMENT_PUT_BREAK_GLASS);
}

static int read_break_glass(sqlite3_stmt *row, struct break_glass *b)
{
	int r = store_read_short(row, 0, b->name, sizeof(b->name));

	if (r == 0)
		r = store_read_int(row, 1, 0, INT64_MAX, &b->until_s);
	if (r == 0)
		r = store_read_short(row, 2, b->reason, sizeof(b->reason));
	if (r == 0)
		r = store_read_int(row, 3, 0, INT64_MAX, &b->created_s);
	if (r == 0)
		r = store_read_short(row, 4, b->created_by, sizeof(b->created_by));
	if (r == 0)
		r = store_read_int(row, 5, 0, INT64_MAX, &b->seen_s);
	return r;
}

static int find(struct store *s, enum store_statement which, const char *name, struct break_glass *ret)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[which];
	struct break_glass found = {.until_s = 0};
	int r = store_bind_text(statement, 1, name);

	if (r == 0)
		r = store_row(statement);
	if (r == 0)
		r = read_break_glass(statement, &found);
	if (r == 0)
		*ret = found;
	return r;
}

int store_find_break_glass(struct store *s, const char *name, struct break_glass *ret)
{
	return find(s, STATEMENT_FIND_BREAK_GLASS, name, ret);
}

int store_next_break_glass(struct store *s, const char *after, struct break_glass *ret)
{
	return find(s, STATEMENT_NEXT_BREAK_GLASS, after ? after : "", ret);
}

int store_see_break_glass(struct store *s, int64_t now_s)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_SEE_BREAK_GLASS];
	int r = store_bind_int(statement, 1, now_s);

	return r < 0 ? r : store_write(s, STATEMENT_SEE_BREAK_GLASS);
}

int store_drop_break_glass(struct store *s, const char *name)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_DROP_BREAK_GLASS];
	int r = store_bind_text(statement, 1, name);

	return r < 0 ? r : store_write_one(s, STATEMENT_DROP_BREAK_GLASS);
}
