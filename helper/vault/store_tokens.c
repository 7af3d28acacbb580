/* SPDX-License-Identifier: MIT */
/* Kept tokens, sealed, in and out of the database. No name or number is given out here: nothing moves the high-water mark. */
#include "helper/vault/store_tokens.h"

#include <errno.h>
#include <stdlib.h>

#include "helper/vault/store_internal.h"

static int write_tokens(struct store *s, enum store_statement which, const struct row_owner *o,
			const struct kept_tokens *t, int64_t now_s)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[which];
	LK_CLEANUP(sealed_done) struct sealed sealed = {.bytes = NULL};
	LK_CLEANUP(secret_freep) struct secret *plain = NULL;
	int r = kept_tokens_encode(&plain, t);

	if (r == 0)
		r = store_seal(s, SEAL_TOKENS, o, plain, &sealed);
	if (r == 0)
		r = store_bind_owner(statement, o);
	if (r == 0)
		r = store_bind_sealed(statement, 4, &sealed);
	if (r == 0)
		r = store_bind_int(statement, 6, now_s);
	if (r == 0)
		r = which == STATEMENT_PUT_TOKENS ? store_write(s, which) : store_write_one(s, which);
	return r;
}

int store_put_tokens(struct store *s, const struct row_owner *o, const struct kept_tokens *t, int64_t now_s)
{
	return write_tokens(s, STATEMENT_PUT_TOKENS, o, t, now_s);
}

int store_renew_tokens(struct store *s, const struct row_owner *o, const struct kept_tokens *t, int64_t now_s)
{
	return write_tokens(s, STATEMENT_RENEW_TOKENS, o, t, now_s);
}

int store_find_tokens(struct store *s, const struct row_owner *o, struct kept_tokens **ret)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_FIND_TOKENS];
	LK_CLEANUP(secret_freep) struct secret *plain = NULL;
	int r = store_bind_owner(statement, o);

	if (r == 0)
		r = store_row(statement);
	if (r == 0)
		r = store_unseal(s, SEAL_TOKENS, o, statement, 0, &plain);
	if (r == 0)
		r = kept_tokens_decode(ret, secret_data(plain), secret_len(plain));
	return r == -EBADMSG ? -EKEYREJECTED : r;
}

int store_lock_tokens(struct store *s, const struct row_owner *o)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_LOCK_TOKENS];
	int r = store_bind_owner(statement, o);

	return r < 0 ? r : store_write_one(s, STATEMENT_LOCK_TOKENS);
}

int store_check_lock(struct store *s, const struct row_owner *o)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_LOCKED_TOKENS];
	int64_t is_locked = 1;
	int r = store_bind_owner(statement, o);

	if (r == 0)
		r = store_row(statement);
	if (r == 0)
		r = store_read_int(statement, 0, 0, 1, &is_locked);
	return r == 0 && is_locked != 0 ? -EACCES : r;
}

int store_drop_tokens(struct store *s, uint32_t uid)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_DROP_TOKENS];
	int r = store_bind_int(statement, 1, uid);

	return r < 0 ? r : store_write(s, STATEMENT_DROP_TOKENS);
}

void kept_note_done(struct kept_note *n)
{
	free(n->issuer);
	free(n->subject);
	*n = (struct kept_note){.issuer = NULL};
}

static int read_note(sqlite3_stmt *row, struct kept_note *n)
{
	int64_t uid = 0;
	int r = store_read_int(row, 0, 1, UINT32_MAX, &uid);

	n->uid = (uint32_t)uid;
	if (r == 0)
		r = store_read_text(row, 1, &n->issuer);
	if (r == 0)
		r = store_read_text(row, 2, &n->subject);
	if (r == 0)
		r = store_read_short(row, 3, n->key_id, sizeof(n->key_id));
	if (r == 0)
		r = store_read_int(row, 4, 0, INT64_MAX, &n->stored_s);
	return r;
}

int store_next_tokens(struct store *s, uint32_t after, struct kept_note *ret)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_NEXT_TOKENS];
	struct kept_note note = {.issuer = NULL};
	int r = store_bind_int(statement, 1, after);

	if (r == 0)
		r = store_row(statement);
	if (r == 0)
		r = read_note(statement, &note);
	if (r == 0)
		*ret = note;
	else
		kept_note_done(&note);
	return r;
}
