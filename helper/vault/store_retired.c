/* SPDX-License-Identifier: MIT */
/*
 * Names and numbers that an account had and has no more. A name stays its own: it may be called so again, and nobody else
 * may. A number is nobody's for ever.
 */
#include <errno.h>

#include "helper/vault/store_internal.h"

int store_find_retired(struct store *s, const char *name, uint32_t *ret_uid)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_FIND_RETIRED];
	int64_t uid = 0;
	int r, result;

	r = store_bind_text(statement, 1, name);
	if (r < 0)
		return r;
	result = sqlite3_step(statement);
	if (result != SQLITE_ROW)
		return result == SQLITE_DONE ? -ENOENT : store_errno(result);
	r = store_read_int(statement, 0, 1, INT32_MAX, &uid);
	if (r == 0)
		*ret_uid = (uint32_t)uid;
	return r;
}

static int next(sqlite3_stmt *statement, struct retired *ret)
{
	struct retired found = {0};
	int64_t id = 0;
	int r = store_row(statement);

	if (r == 0)
		r = store_read_short(statement, 0, found.name, sizeof(found.name));
	if (r == 0)
		r = store_read_int(statement, 1, 1, INT32_MAX, &id);
	if (r == 0)
		r = store_read_int(statement, 2, 0, INT64_MAX, &found.since_s);
	if (r == 0)
		r = store_read_short(statement, 3, found.called_now, sizeof(found.called_now));
	if (r < 0)
		return r;
	found.id = (uint32_t)id;
	*ret = found;
	return 0;
}

int store_next_retired_name(struct store *s, const char *after, struct retired *ret)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_NEXT_RETIRED_NAME];
	int r = store_bind_text(statement, 1, after ? after : "");

	return r < 0 ? r : next(statement, ret);
}

int store_next_retired_id(struct store *s, uint32_t after, struct retired *ret)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_NEXT_RETIRED_ID];
	int r = store_bind_int(statement, 1, after);

	return r < 0 ? r : next(statement, ret);
}

static int set_name(struct store *s, const char *name, const char *old_name, uint32_t uid)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_SET_NAME];
	int r;

	r = store_bind_text(statement, 1, name);
	if (r == 0)
		r = store_bind_text(statement, 2, old_name);
	if (r == 0)
		r = store_bind_int(statement, 3, uid);
	if (r == 0)
		r = store_step(s, STATEMENT_SET_NAME);
	return r == 0 && sqlite3_changes(s->db) != 1 ? -ENOENT : r;
}

int store_unretire_name(struct store *s, const char *name)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_UNRETIRE_NAME];
	int r = store_bind_text(statement, 1, name);

	return r < 0 ? r : store_step(s, STATEMENT_UNRETIRE_NAME);
}

int store_rename(struct store *s, const char *old_name, const struct account *a, int64_t now_s)
{
	int r = store_begin(s);

	if (r < 0)
		return r;
	r = store_check_named(s, STATEMENT_NAME_TAKEN, a->name, a->uid);
	if (r == 0)
		r = store_unretire_name(s, a->name);
	if (r == 0)
		r = store_write_named(s, STATEMENT_RETIRE_NAME, old_name, a->uid, now_s);
	if (r == 0)
		r = set_name(s, a->name, old_name, a->uid);
	if (r == 0)
		r = store_rename_kept(s, a->name, old_name);
	if (r == 0)
		r = store_update_row(s, a);
	return store_finish(s, r, true);
}

static int set_ids(struct store *s, const struct account *a, uint32_t uid, uint32_t gid)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_SET_IDS];
	int r;

	r = store_bind_int(statement, 1, uid);
	if (r == 0)
		r = store_bind_int(statement, 2, gid);
	if (r == 0)
		r = store_bind_text(statement, 3, a->name);
	if (r == 0)
		r = store_bind_int(statement, 4, a->uid);
	if (r == 0)
		r = store_step(s, STATEMENT_SET_IDS);
	return r == 0 && sqlite3_changes(s->db) != 1 ? -ENOENT : r;
}

/* Former names are found by the account's number. */
static int follow_uid(struct store *s, uint32_t uid, uint32_t old_uid)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_FOLLOW_UID];
	int r;

	r = store_bind_int(statement, 1, uid);
	if (r == 0)
		r = store_bind_int(statement, 2, old_uid);
	return r < 0 ? r : store_step(s, STATEMENT_FOLLOW_UID);
}

int store_move(struct store *s, const struct account *a, uint32_t uid, uint32_t gid, int64_t now_s)
{
	int r = store_begin(s);

	if (r < 0)
		return r;
	r = set_ids(s, a, uid, gid);
	if (r == 0)
		r = follow_uid(s, uid, a->uid);
	if (r == 0)
		r = store_move_kept(s, uid, a->uid);
	if (r == 0 && a->uid != uid && a->uid != gid)
		r = store_write_named(s, STATEMENT_RETIRE_ID, a->name, a->uid, now_s);
	if (r == 0 && a->gid != uid && a->gid != gid)
		r = store_write_named(s, STATEMENT_RETIRE_ID, a->name, a->gid, now_s);
	return store_finish(s, r, true);
}

static int delete_row(struct store *s, const struct account *a)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_DELETE];
	int r;

	r = store_bind_text(statement, 1, a->name);
	if (r == 0)
		r = store_bind_int(statement, 2, a->uid);
	if (r == 0)
		r = store_step(s, STATEMENT_DELETE);
	return r == 0 && sqlite3_changes(s->db) != 1 ? -ENOENT : r;
}

int store_remove(struct store *s, const struct account *a, bool keep_name, int64_t now_s)
{
	int r = store_begin(s);

	if (r < 0)
		return r;
	r = delete_row(s, a);
	if (r == 0)
		r = store_forget_kept(s, a);
	if (r == 0 && keep_name)
		r = store_write_named(s, STATEMENT_RETIRE_NAME, a->name, a->uid, now_s);
	if (r == 0)
		r = store_write_named(s, STATEMENT_RETIRE_ID, a->name, a->uid, now_s);
	if (r == 0)
		r = store_write_named(s, STATEMENT_RETIRE_ID, a->name, a->gid, now_s);
	return store_finish(s, r, true);
}

int store_release(struct store *s, const char *name)
{
	int r = store_begin(s);

	if (r < 0)
		return r;
	r = store_unretire_name(s, name);
	if (r == 0 && sqlite3_changes(s->db) != 1)
		r = -ENOENT;
	return store_finish(s, r, true);
}

int store_retire_id(struct store *s, const char *name, uint32_t id, int64_t now_s)
{
	uint32_t free_id;
	int r = store_free_uid(s, id, id, &free_id);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = store_begin(s);
	if (r < 0)
		return r;
	return store_finish(s, store_write_named(s, STATEMENT_RETIRE_ID, name, id, now_s), true);
}
