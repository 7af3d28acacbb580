/* SPDX-License-Identifier: MIT */
/*
 * Groups of our own: names with the gids that they got, for ever. A group that is no more keeps its row, so its gid is
 * nobody else's; one whose gid changes leaves the old one behind among the retired numbers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/vault/store_internal.h"

LK_DEFINE_CLEANUP(char *, free);

static int read_group(sqlite3_stmt *row, struct own_group *ret)
{
	LK_CLEANUP(freep) char *name = NULL;
	int64_t gid = 0, state = 0;
	int r;

	r = store_read_text(row, 0, &name);
	if (r == 0)
		r = store_read_int(row, 1, 1, INT32_MAX, &gid);
	if (r == 0)
		r = store_read_int(row, 2, OWN_GROUP_IN_USE, OWN_GROUP_RETIRED, &state);
	if (r == 0 && strlen(name) >= sizeof(ret->name))
		r = -EUCLEAN;
	if (r < 0)
		return r;
	memcpy(ret->name, name, strlen(name) + 1);
	ret->gid = (uint32_t)gid;
	ret->state = state == OWN_GROUP_IN_USE ? OWN_GROUP_IN_USE : OWN_GROUP_RETIRED;
	return 0;
}

int store_find_group(struct store *s, const char *name, struct own_group *ret)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_FIND_GROUP];
	int r, result;

	r = store_bind_text(statement, 1, name);
	if (r < 0)
		return r;
	result = sqlite3_step(statement);
	if (result != SQLITE_ROW)
		return result == SQLITE_DONE ? -ENOENT : store_errno(result);
	return read_group(statement, ret);
}

int store_insert_group(struct store *s, const char *name, uint32_t gid, int64_t now_s)
{
	int r = store_begin(s);

	if (r < 0)
		return r;
	r = store_check_named(s, STATEMENT_GROUP_CONFLICT, name, gid);
	if (r == 0)
		r = store_write_named(s, STATEMENT_INSERT_GROUP, name, gid, now_s);
	return store_finish(s, r, true);
}

int store_move_group(struct store *s, const char *name, uint32_t gid, int64_t now_s)
{
	struct own_group old = {.gid = 0};
	int r = store_find_group(s, name, &old);

	if (r == 0)
		r = store_begin(s);
	if (r != 0)
		return r;
	r = store_check_named(s, STATEMENT_GROUP_CONFLICT, name, gid);
	if (r == 0)
		r = store_write_named(s, STATEMENT_RETIRE_ID, name, old.gid, now_s);
	if (r == 0)
		r = store_write_named(s, STATEMENT_MOVE_GROUP, name, gid, OWN_GROUP_IN_USE);
	return store_finish(s, r, true);
}

int store_set_group_state(struct store *s, const struct own_group *g, enum own_group_state state)
{
	int r = store_begin(s);

	return r < 0 ? r : store_finish(s, store_write_named(s, STATEMENT_MOVE_GROUP, g->name, g->gid, state), true);
}

int store_next_group(struct store *s, const char *after, struct own_group *ret)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_NEXT_GROUP];
	int r, result;

	r = store_bind_text(statement, 1, after ? after : "");
	if (r < 0)
		return r;
	result = sqlite3_step(statement);
	if (result != SQLITE_ROW)
		return result == SQLITE_DONE ? -ENOENT : store_errno(result);
	return read_group(statement, ret);
}
