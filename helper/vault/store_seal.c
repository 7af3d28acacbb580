/* SPDX-License-Identifier: MIT */
/*
 * Sealed columns in and out of rows, and what becomes of whatever was kept for a uid when its account changes.
 */
#include <errno.h>
#include <string.h>

#include "helper/vault/store_internal.h"
#include "helper/vault/store_tokens.h"

void store_use_seal(struct store *s, const struct seal *seal)
{
	s->seal = seal;
}

int store_seal(struct store *s, enum seal_purpose purpose, const struct row_owner *o, const struct secret *plain,
	       struct sealed *ret)
{
	return s->seal ? seal_encrypt(s->seal, purpose, o, plain, ret) : -ENOKEY;
}

int store_bind_sealed(sqlite3_stmt *statement, int at, const struct sealed *sealed)
{
	int r = store_bind_text(statement, at, sealed->key_id);

	if (r == 0)
		r = store_errno(sqlite3_bind_blob64(statement, at + 1, sealed->bytes, sealed->len, SQLITE_STATIC));
	return r;
}

int store_unseal(struct store *s, enum seal_purpose purpose, const struct row_owner *o, sqlite3_stmt *row, int column,
		 struct secret **ret)
{
	struct sealed sealed = {.len = 0};
	union {
		const void *in;
		unsigned char *out;
	} bytes; /* only read */
	int r = store_read_short(row, column, sealed.key_id, sizeof(sealed.key_id));

	if (r == 0 && sqlite3_column_type(row, column + 1) != SQLITE_BLOB)
		r = -EUCLEAN;
	if (r < 0)
		return r;
	bytes.in = sqlite3_column_blob(row, column + 1);
	if (!bytes.in)
		return -ENOMEM;
	sealed.bytes = bytes.out;
	sealed.len = (size_t)sqlite3_column_bytes(row, column + 1);
	return s->seal ? seal_decrypt(s->seal, purpose, o, &sealed, ret) : -EKEYREJECTED;
}

static int drop(struct store *s, enum store_statement which, uint32_t uid)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[which];
	int r = store_bind_int(statement, 1, uid);

	return r < 0 ? r : store_step(s, which);
}

static int drop_sealed(struct store *s, uint32_t uid)
{
	int r = store_take_tokens(s, uid);

	return r < 0 ? r : drop(s, STATEMENT_DROP_PIN, uid);
}

int store_forget_kept(struct store *s, const struct account *a)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_DROP_BREAK_GLASS];
	int r = drop_sealed(s, a->uid);

	if (r == 0)
		r = drop(s, STATEMENT_DROP_STANDING, a->uid);
	if (r == 0)
		r = store_bind_text(statement, 1, a->name);
	return r < 0 ? r : store_step(s, STATEMENT_DROP_BREAK_GLASS);
}

int store_move_kept(struct store *s, uint32_t uid, uint32_t old_uid)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_MOVE_STANDING];
	int r = store_bind_int(statement, 1, uid);

	if (uid == old_uid)
		return 0;
	if (r == 0)
		r = store_bind_int(statement, 2, old_uid);
	if (r == 0)
		r = store_step(s, STATEMENT_MOVE_STANDING);
	return r < 0 ? r : drop_sealed(s, old_uid);
}

int store_rename_kept(struct store *s, const char *name, const char *old_name)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_RENAME_BREAK_GLASS];
	int r = store_bind_text(statement, 1, name);

	if (r == 0)
		r = store_bind_text(statement, 2, old_name);
	return r < 0 ? r : store_step(s, STATEMENT_RENAME_BREAK_GLASS);
}
