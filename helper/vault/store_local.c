/* SPDX-License-Identifier: MIT */
/*
 * Sign-ins to accounts of /etc/passwd. No name or number is given out here, so nothing of it moves the high-water mark:
 * whoever has the account is root's configuration to say.
 */
#include <errno.h>
#include <stdlib.h>

#include "helper/vault/store_internal.h"

static int bind_key(sqlite3_stmt *statement, const char *name, const char *issuer, const char *subject)
{
	int r = store_bind_text(statement, 1, name);

	if (r == 0)
		r = store_bind_text(statement, 2, issuer);
	if (r == 0)
		r = store_bind_text(statement, 3, subject);
	return r;
}

int store_find_local(struct store *s, const char *name, const char *issuer, const char *subject, char **ret_facts,
		     int64_t *ret_last_sign_in_s)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_FIND_LOCAL];
	int r = bind_key(statement, name, issuer, subject);
	int64_t last_s;
	int result;

	if (r < 0)
		return r;
	result = sqlite3_step(statement);
	if (result != SQLITE_ROW)
		return result == SQLITE_DONE ? -ENOENT : store_errno(result);
	r = store_read_int(statement, 1, 0, INT64_MAX, &last_s);
	if (r == 0)
		r = store_read_text(statement, 0, ret_facts);
	if (r == 0)
		*ret_last_sign_in_s = last_s;
	return r;
}

int store_put_local(struct store *s, const struct local_sign_in *l)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_PUT_LOCAL];
	int r = bind_key(statement, l->name, l->issuer, l->subject);

	if (r == 0)
		r = store_bind_text(statement, 4, l->facts);
	if (r == 0)
		r = store_bind_int(statement, 5, l->last_sign_in_s);
	return r < 0 ? r : store_step(s, STATEMENT_PUT_LOCAL);
}

int store_note_local(struct store *s, const struct local_sign_in *l)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_NOTE_LOCAL];
	int r = bind_key(statement, l->name, l->issuer, l->subject);

	if (r == 0)
		r = store_bind_text(statement, 4, l->facts);
	return r < 0 ? r : store_step(s, STATEMENT_NOTE_LOCAL);
}
