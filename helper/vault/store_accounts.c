/* SPDX-License-Identifier: MIT */
/*
 * Accounts in and out of the database. A row is judged again when it is read: one that this program would not have
 * written is damage, and damage is reported. A change that is acknowledged is on disk, and so is its high-water mark.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/vault/store_internal.h"

#define COLUMNS "name, uid, gid, issuer, subject, provider, gecos, home, shell, facts, state, created_s, last_sign_in_s"

static const char *const sql[STORE_STATEMENTS] = {
	[STATEMENT_FIND_NAME] = "SELECT " COLUMNS " FROM account WHERE name = ?1",
	[STATEMENT_FIND_IDENTITY] = "SELECT " COLUMNS " FROM account WHERE issuer = ?1 AND subject = ?2",
	[STATEMENT_FIND_UID] = "SELECT " COLUMNS " FROM account WHERE uid = ?1",
	[STATEMENT_STATE] = "SELECT state FROM account WHERE uid = ?1",
	/* ?1 itself, or the end of the run of taken numbers that begins there. */
	[STATEMENT_FREE_UID] = "SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM account WHERE uid = ?1) THEN ?1 ELSE "
			       "(SELECT a.uid + 1 FROM account AS a WHERE a.uid >= ?1 AND a.uid < ?2 AND NOT EXISTS "
			       "(SELECT 1 FROM account AS b WHERE b.uid = a.uid + 1) ORDER BY a.uid LIMIT 1) END",
	[STATEMENT_INSERT] = "INSERT INTO account (" COLUMNS ") "
			     "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
	[STATEMENT_UPDATE] = "UPDATE account SET gecos = ?3, home = ?4, shell = ?5, facts = ?6, state = ?7, "
			     "last_sign_in_s = ?8 WHERE name = ?1 AND uid = ?2",
	[STATEMENT_EACH] = "SELECT " COLUMNS " FROM account WHERE name > ?1 ORDER BY name LIMIT ?2",
	[STATEMENT_COUNT] = "SELECT count(*) FROM account WHERE state = 1",
	[STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
	[STATEMENT_COMMIT] = "COMMIT",
	[STATEMENT_ROLLBACK] = "ROLLBACK",
	[STATEMENT_ADVANCE] = "UPDATE meta SET generation = generation + 1",
};

int store_prepare(struct store *s)
{
	for (size_t i = 0; i < STORE_STATEMENTS; i++) {
		int result = sqlite3_prepare_v3(s->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i], NULL);

		if (result != SQLITE_OK)
			return store_errno(result);
	}
	return 0;
}

void account_free(struct account *a)
{
	if (!a)
		return;
	free(a->name);
	free(a->issuer);
	free(a->subject);
	free(a->provider);
	free(a->gecos);
	free(a->home);
	free(a->shell);
	free(a->facts);
	free(a);
}

/* Statements are used again: nothing of the last use may stay bound. */
static void rest(sqlite3_stmt **statement)
{
	sqlite3_reset(*statement);
	sqlite3_clear_bindings(*statement);
}

static int bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	return store_errno(sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC));
}

static int bind_int(sqlite3_stmt *statement, int at, int64_t value)
{
	return store_errno(sqlite3_bind_int64(statement, at, value));
}

static int read_text(sqlite3_stmt *row, int column, char **ret)
{
	const unsigned char *text;
	size_t len;

	if (sqlite3_column_type(row, column) != SQLITE_TEXT)
		return -EUCLEAN;
	text = sqlite3_column_text(row, column);
	if (!text)
		return -ENOMEM;
	len = (size_t)sqlite3_column_bytes(row, column);
	if (memchr(text, '\0', len))
		return -EUCLEAN;
	*ret = strndup((const char *)text, len);
	return *ret ? 0 : -ENOMEM;
}

static int read_int(sqlite3_stmt *row, int column, int64_t min, int64_t max, int64_t *ret)
{
	if (sqlite3_column_type(row, column) != SQLITE_INTEGER)
		return -EUCLEAN;
	*ret = sqlite3_column_int64(row, column);
	return *ret >= min && *ret <= max ? 0 : -EUCLEAN;
}

static int read_numbers(sqlite3_stmt *row, struct account *a)
{
	int64_t uid, gid, state;
	int r;

	r = read_int(row, 1, 1, INT32_MAX, &uid);
	if (r == 0)
		r = read_int(row, 2, 1, INT32_MAX, &gid);
	if (r == 0)
		r = read_int(row, 10, ACCOUNT_ACTIVE, ACCOUNT_FORGOTTEN, &state);
	if (r == 0)
		r = read_int(row, 11, 0, INT64_MAX, &a->created_s);
	if (r == 0)
		r = read_int(row, 12, 0, INT64_MAX, &a->last_sign_in_s);
	if (r < 0)
		return r;
	a->uid = (uint32_t)uid;
	a->gid = (uint32_t)gid;
	a->state = state == ACCOUNT_ACTIVE ? ACCOUNT_ACTIVE : ACCOUNT_FORGOTTEN;
	return 0;
}

static int read_account(sqlite3_stmt *row, struct account **ret)
{
	LK_CLEANUP(account_freep) struct account *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return -ENOMEM;
	const struct {
		int column;
		char **field;
	} texts[] = {
		{0, &a->name},  {3, &a->issuer}, {4, &a->subject}, {5, &a->provider},
		{6, &a->gecos}, {7, &a->home},   {8, &a->shell},   {9, &a->facts},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		r = read_text(row, texts[i].column, texts[i].field);
		if (r < 0)
			return r;
	}
	r = read_numbers(row, a);
	if (r < 0)
		return r;
	*ret = LK_STEAL(a);
	return 0;
}

/* Steps a bound statement that yields one account or none. */
static int find(sqlite3_stmt *statement, struct account **ret)
{
	int result = sqlite3_step(statement);

	if (result == SQLITE_DONE)
		return -ENOENT;
	if (result != SQLITE_ROW)
		return store_errno(result);
	return read_account(statement, ret);
}

int store_find_name(struct store *s, const char *name, struct account **ret)
{
	LK_CLEANUP(rest) sqlite3_stmt *statement = s->statements[STATEMENT_FIND_NAME];
	int r = bind_text(statement, 1, name);

	return r < 0 ? r : find(statement, ret);
}

int store_find_identity(struct store *s, const char *issuer, const char *subject, struct account **ret)
{
	LK_CLEANUP(rest) sqlite3_stmt *statement = s->statements[STATEMENT_FIND_IDENTITY];
	int r = bind_text(statement, 1, issuer);

	if (r == 0)
		r = bind_text(statement, 2, subject);
	return r < 0 ? r : find(statement, ret);
}

int store_find_uid(struct store *s, uint32_t uid, struct account **ret)
{
	LK_CLEANUP(rest) sqlite3_stmt *statement = s->statements[STATEMENT_FIND_UID];
	int r = bind_int(statement, 1, uid);

	return r < 0 ? r : find(statement, ret);
}

int store_free_uid(struct store *s, uint32_t from, uint32_t to, uint32_t *ret)
{
	LK_CLEANUP(rest) sqlite3_stmt *statement = s->statements[STATEMENT_FREE_UID];
	int64_t uid;
	int r, result;

	if (from > to)
		return -ENOENT;
	r = bind_int(statement, 1, from);
	if (r == 0)
		r = bind_int(statement, 2, to);
	if (r < 0)
		return r;
	result = sqlite3_step(statement);
	if (result != SQLITE_ROW)
		return result == SQLITE_DONE ? -EIO : store_errno(result);
	if (sqlite3_column_type(statement, 0) == SQLITE_NULL)
		return -ENOENT;
	r = read_int(statement, 0, from, to, &uid);
	if (r == 0)
		*ret = (uint32_t)uid;
	return r;
}

static int step(struct store *s, enum store_statement which)
{
	LK_CLEANUP(rest) sqlite3_stmt *statement = s->statements[which];
	int result = sqlite3_step(statement);

	return result == SQLITE_DONE ? 0 : store_errno(result);
}

/*
 * The mark is written after the commit: before it, a power cut would leave a store that seems to have gone back. Where
 * the last mark could not be written, nothing more is given out until it can.
 */
static int begin(struct store *s)
{
	int r = mark_advance(&s->mark, s->generation);

	return r < 0 ? r : step(s, STATEMENT_BEGIN);
}

static int finish(struct store *s, int r, bool advance)
{
	if (r == 0 && advance)
		r = step(s, STATEMENT_ADVANCE);
	if (r == 0)
		r = step(s, STATEMENT_COMMIT);
	if (r < 0) {
		if (!sqlite3_get_autocommit(s->db))
			step(s, STATEMENT_ROLLBACK);
		return r;
	}
	if (advance) {
		s->generation++;
		/* The account is durable already; begin() tries again. */
		(void)mark_advance(&s->mark, s->generation);
	}
	return 0;
}

static int insert_row(struct store *s, const struct account *a)
{
	LK_CLEANUP(rest) sqlite3_stmt *statement = s->statements[STATEMENT_INSERT];
	const char *texts[] = {[0] = a->name,  [3] = a->issuer, [4] = a->subject, [5] = a->provider,
			       [6] = a->gecos, [7] = a->home,   [8] = a->shell,   [9] = a->facts};
	const int64_t numbers[] = {
		[1] = a->uid, [2] = a->gid, [10] = a->state, [11] = a->created_s, [12] = a->last_sign_in_s};
	int r = 0;

	for (int i = 0; r == 0 && i < 13; i++) {
		bool is_text = (size_t)i < sizeof(texts) / sizeof(texts[0]) && i != 1 && i != 2;

		r = is_text ? bind_text(statement, i + 1, texts[i]) : bind_int(statement, i + 1, numbers[i]);
	}
	if (r < 0)
		return r;
	r = sqlite3_step(statement);
	return r == SQLITE_DONE ? 0 : store_errno(r);
}

int store_insert(struct store *s, const struct account *a)
{
	int r = begin(s);

	return r < 0 ? r : finish(s, insert_row(s, a), true);
}

static int update_row(struct store *s, const struct account *a)
{
	LK_CLEANUP(rest) sqlite3_stmt *statement = s->statements[STATEMENT_UPDATE];
	int result, r;

	r = bind_text(statement, 1, a->name);
	if (r == 0)
		r = bind_int(statement, 2, a->uid);
	if (r == 0)
		r = bind_text(statement, 3, a->gecos);
	if (r == 0)
		r = bind_text(statement, 4, a->home);
	if (r == 0)
		r = bind_text(statement, 5, a->shell);
	if (r == 0)
		r = bind_text(statement, 6, a->facts);
	if (r == 0)
		r = bind_int(statement, 7, a->state);
	if (r == 0)
		r = bind_int(statement, 8, a->last_sign_in_s);
	if (r < 0)
		return r;
	result = sqlite3_step(statement);
	if (result != SQLITE_DONE)
		return store_errno(result);
	return sqlite3_changes(s->db) == 1 ? 0 : -ENOENT;
}

static int find_state(struct store *s, uint32_t uid, int64_t *ret)
{
	LK_CLEANUP(rest) sqlite3_stmt *statement = s->statements[STATEMENT_STATE];
	int r = bind_int(statement, 1, uid), result;

	if (r < 0)
		return r;
	result = sqlite3_step(statement);
	if (result == SQLITE_DONE)
		return -ENOENT;
	if (result != SQLITE_ROW)
		return store_errno(result);
	return read_int(statement, 0, ACCOUNT_ACTIVE, ACCOUNT_FORGOTTEN, ret);
}

int store_update(struct store *s, const struct account *a)
{
	int64_t before = 0;
	int r;

	r = find_state(s, a->uid, &before);
	if (r < 0)
		return r;
	r = begin(s);
	return r < 0 ? r : finish(s, update_row(s, a), before != (int64_t)a->state);
}

int store_each(struct store *s, const char *after, size_t limit, store_each_fn fn, void *userdata)
{
	LK_CLEANUP(rest) sqlite3_stmt *statement = s->statements[STATEMENT_EACH];
	int r, result;

	r = bind_text(statement, 1, after ? after : "");
	if (r == 0)
		r = bind_int(statement, 2, limit > INT32_MAX ? INT32_MAX : (int64_t)limit);
	if (r < 0)
		return r;
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		LK_CLEANUP(account_freep) struct account *a = NULL;

		r = read_account(statement, &a);
		if (r == 0)
			r = fn(userdata, a);
		if (r != 0)
			return r;
	}
	return result == SQLITE_DONE ? 0 : store_errno(result);
}

int64_t store_count(struct store *s)
{
	LK_CLEANUP(rest) sqlite3_stmt *statement = s->statements[STATEMENT_COUNT];
	int result = sqlite3_step(statement);

	if (result != SQLITE_ROW)
		return result == SQLITE_DONE ? -EIO : store_errno(result);
	return sqlite3_column_int64(statement, 0);
}
