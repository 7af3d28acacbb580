/* SPDX-License-Identifier: MIT */
/*
 * Accounts in and out of the database. A row is judged again when it is read: one that this program would not have
 * written is damage, and damage is reported. A change that is acknowledged is on disk, and so is its high-water mark.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/vault/store_internal.h"
#include "helper/base/text.h"

struct row_owner account_owner(const struct account *a)
{
	return (struct row_owner){.uid = a->uid, .issuer = a->issuer, .subject = a->subject};
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

/* Which column holds what; -1: it was not asked for. */
struct row_columns {
	int name, uid, gid, issuer, subject, provider, gecos, home, shell, facts, state, created_s, last_sign_in_s;
};

static const struct row_columns whole_row = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
static const struct row_columns entry_row = {0, 1, 2, 3, -1, -1, 4, 5, 6, 7, 8, -1, -1};

static int read_numbers(sqlite3_stmt *row, const struct row_columns *c, struct account *a)
{
	int64_t uid = 0, gid = 0, state = 0;
	int r;

	r = store_read_int(row, c->uid, 1, INT32_MAX, &uid);
	if (r == 0)
		r = store_read_int(row, c->gid, 1, INT32_MAX, &gid);
	if (r == 0)
		r = store_read_int(row, c->state, ACCOUNT_ACTIVE, ACCOUNT_EXPECTED, &state);
	if (r == 0 && c->created_s >= 0)
		r = store_read_int(row, c->created_s, 0, INT64_MAX, &a->created_s);
	if (r == 0 && c->last_sign_in_s >= 0)
		r = store_read_int(row, c->last_sign_in_s, 0, INT64_MAX, &a->last_sign_in_s);
	if (r != 0)
		return r;
	a->uid = (uint32_t)uid;
	a->gid = (uint32_t)gid;
	a->state = (enum account_state)state;
	return 0;
}

/* Texts that live until the next step; nobody writes to an account of store_each_uid(). */
static int borrow_account(sqlite3_stmt *row, const struct row_columns *c, struct account *a)
{
	const struct {
		int column;
		char **field;
	} texts[] = {
		{c->name, &a->name}, {c->issuer, &a->issuer}, {c->provider, &a->provider}, {c->gecos, &a->gecos},
		{c->home, &a->home}, {c->shell, &a->shell},   {c->facts, &a->facts},       {c->subject, &a->subject},
	};
	size_t n = sizeof(texts) / sizeof(texts[0]);
	int r;

	*a = (struct account){.name = NULL};
	r = read_numbers(row, c, a);
	if (r == 0 && c->subject >= 0 && a->state == ACCOUNT_EXPECTED &&
	    sqlite3_column_type(row, c->subject) == SQLITE_NULL)
		n--;
	for (size_t i = 0; r == 0 && i < n; i++) {
		union {
			const char *in;
			char *out;
		} text = {.in = NULL};

		if (texts[i].column < 0)
			continue;
		r = store_borrow_text(row, texts[i].column, &text.in);
		*texts[i].field = text.out;
	}
	return r;
}

static int read_account(sqlite3_stmt *row, struct account **ret)
{
	LK_CLEANUP(account_freep) struct account *a = calloc(1, sizeof(*a));
	struct account borrowed;
	int r = borrow_account(row, &whole_row, &borrowed);

	if (!a || r < 0)
		return r < 0 ? r : -ENOMEM;
	a->uid = borrowed.uid;
	a->gid = borrowed.gid;
	a->state = borrowed.state;
	a->created_s = borrowed.created_s;
	a->last_sign_in_s = borrowed.last_sign_in_s;
	if (text_copy(&a->name, borrowed.name) < 0 || text_copy(&a->issuer, borrowed.issuer) < 0 ||
	    text_copy(&a->subject, borrowed.subject) < 0 || text_copy(&a->provider, borrowed.provider) < 0 ||
	    text_copy(&a->gecos, borrowed.gecos) < 0 || text_copy(&a->home, borrowed.home) < 0 ||
	    text_copy(&a->shell, borrowed.shell) < 0 || text_copy(&a->facts, borrowed.facts) < 0)
		return -ENOMEM;
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
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_FIND_NAME];
	int r = store_bind_text(statement, 1, name);

	return r < 0 ? r : find(statement, ret);
}

int store_find_identity(struct store *s, const char *issuer, const char *subject, struct account **ret)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_FIND_IDENTITY];
	int r = store_bind_text(statement, 1, issuer);

	if (r == 0)
		r = store_bind_text(statement, 2, subject);
	return r < 0 ? r : find(statement, ret);
}

int store_find_uid(struct store *s, uint32_t uid, struct account **ret)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_FIND_UID];
	int r = store_bind_int(statement, 1, uid);

	return r < 0 ? r : find(statement, ret);
}

int store_free_uid(struct store *s, uint32_t from, uint32_t to, uint32_t *ret)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_TAKEN_IDS];
	uint32_t candidate = from;
	int r, result;

	if (from > to)
		return -ENOENT;
	r = store_bind_int(statement, 1, from);
	if (r == 0)
		r = store_bind_int(statement, 2, to);
	if (r < 0)
		return r;
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		int64_t taken;

		r = store_read_int(statement, 0, candidate, to, &taken);
		if (r < 0)
			return r;
		if (taken != candidate)
			break;
		if (candidate == to)
			return -ENOENT;
		candidate++;
	}
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		return store_errno(result);
	*ret = candidate;
	return 0;
}

/* Return: 0, -EEXIST where somebody else has, or had, its name or one of its numbers. */
static int check_conflict(struct store *s, const struct account *a)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_CONFLICT];
	int r, result;

	r = store_bind_text(statement, 1, a->name);
	if (r == 0)
		r = store_bind_int(statement, 2, a->uid);
	if (r == 0)
		r = store_bind_int(statement, 3, a->gid);
	if (r < 0)
		return r;
	result = sqlite3_step(statement);
	if (result != SQLITE_ROW)
		return result == SQLITE_DONE ? -EIO : store_errno(result);
	return sqlite3_column_int64(statement, 0) != 0 ? -EEXIST : 0;
}

static int insert_row(struct store *s, const struct account *a)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_INSERT];
	const char *texts[] = {[0] = a->name,  [3] = a->issuer, [4] = a->subject, [5] = a->provider,
			       [6] = a->gecos, [7] = a->home,   [8] = a->shell,   [9] = a->facts};
	const int64_t numbers[] = {
		[1] = a->uid, [2] = a->gid, [10] = a->state, [11] = a->created_s, [12] = a->last_sign_in_s};
	int r = 0;

	for (int i = 0; r == 0 && i < 13; i++) {
		bool is_text = (size_t)i < sizeof(texts) / sizeof(texts[0]) && i != 1 && i != 2;

		r = is_text ? store_bind_text(statement, i + 1, texts[i])
			    : store_bind_int(statement, i + 1, numbers[i]);
	}
	if (r < 0)
		return r;
	r = sqlite3_step(statement);
	return r == SQLITE_DONE ? 0 : store_errno(r);
}

int store_insert(struct store *s, const struct account *a)
{
	int r = store_begin(s);

	if (r < 0)
		return r;
	r = check_conflict(s, a);
	if (r == 0)
		r = insert_row(s, a);
	return store_finish(s, r, true);
}

int store_update_row(struct store *s, const struct account *a)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_UPDATE];
	int result, r;

	r = store_bind_text(statement, 1, a->name);
	if (r == 0)
		r = store_bind_int(statement, 2, a->uid);
	if (r == 0)
		r = store_bind_text(statement, 3, a->gecos);
	if (r == 0)
		r = store_bind_text(statement, 4, a->home);
	if (r == 0)
		r = store_bind_text(statement, 5, a->shell);
	if (r == 0)
		r = store_bind_text(statement, 6, a->facts);
	if (r == 0)
		r = store_bind_int(statement, 7, a->state);
	if (r == 0)
		r = store_bind_int(statement, 8, a->last_sign_in_s);
	if (r < 0)
		return r;
	result = sqlite3_step(statement);
	if (result != SQLITE_DONE)
		return store_errno(result);
	return sqlite3_changes(s->db) == 1 ? 0 : -ENOENT;
}

static int find_state(struct store *s, uint32_t uid, int64_t *ret)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_STATE];
	int r = store_bind_int(statement, 1, uid), result;

	if (r < 0)
		return r;
	result = sqlite3_step(statement);
	if (result == SQLITE_DONE)
		return -ENOENT;
	if (result != SQLITE_ROW)
		return store_errno(result);
	return store_read_int(statement, 0, ACCOUNT_ACTIVE, ACCOUNT_EXPECTED, ret);
}

int store_update(struct store *s, const struct account *a)
{
	int64_t before = 0;
	int r;

	r = find_state(s, a->uid, &before);
	if (r < 0)
		return r;
	r = store_begin(s);
	if (r < 0)
		return r;
	r = store_update_row(s, a);
	if (r == 0 && a->state == ACCOUNT_FORGOTTEN)
		r = store_forget_kept(s, a);
	return store_finish(s, r, before != (int64_t)a->state);
}

static int identify_row(struct store *s, const struct account *a)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_IDENTIFY];
	int r;

	r = store_bind_int(statement, 1, a->uid);
	if (r == 0)
		r = store_bind_text(statement, 2, a->subject);
	if (r == 0)
		r = store_bind_text(statement, 3, a->provider);
	if (r == 0)
		r = store_step(s, STATEMENT_IDENTIFY);
	return r == 0 && sqlite3_changes(s->db) != 1 ? -ENOENT : r;
}

int store_identify(struct store *s, const struct account *a)
{
	int r = store_begin(s);

	if (r < 0)
		return r;
	r = identify_row(s, a);
	if (r == 0)
		r = store_update_row(s, a);
	return store_finish(s, r, true);
}

int store_each(struct store *s, const char *after, size_t limit, store_each_fn fn, void *userdata)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_EACH];
	int r, result;

	r = store_bind_text(statement, 1, after ? after : "");
	if (r == 0)
		r = store_bind_int(statement, 2, limit > INT32_MAX ? INT32_MAX : (int64_t)limit);
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

int store_each_uid(struct store *s, uint32_t after, size_t limit, store_each_fn fn, void *userdata)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_EACH_UID];
	struct account a;
	int r, result;

	r = store_bind_int(statement, 1, after);
	if (r == 0)
		r = store_bind_int(statement, 2, limit > INT32_MAX ? INT32_MAX : (int64_t)limit);
	if (r < 0)
		return r;
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		r = borrow_account(statement, &entry_row, &a);
		if (r == 0)
			r = fn(userdata, &a);
		if (r != 0)
			return r;
	}
	return result == SQLITE_DONE ? 0 : store_errno(result);
}

int64_t store_count(struct store *s)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_COUNT];
	int result = sqlite3_step(statement);

	if (result != SQLITE_ROW)
		return result == SQLITE_DONE ? -EIO : store_errno(result);
	return sqlite3_column_int64(statement, 0);
}
