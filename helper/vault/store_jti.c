/* SPDX-License-Identifier: MIT */
/* Ids of statements that count once. The database's key makes the first use the only one. */
#include "helper/vault/store_jti.h"

#include "helper/vault/store_internal.h"

int store_use_jti(struct store *s, const char *issuer, const char *jti, int64_t expires_s)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_USE_JTI];
	int r = store_bind_text(statement, 1, issuer);

	if (r == 0)
		r = store_bind_text(statement, 2, jti);
	if (r == 0)
		r = store_bind_int(statement, 3, expires_s);
	return r < 0 ? r : store_write(s, STATEMENT_USE_JTI);
}

int store_find_jti(struct store *s, const char *issuer, const char *jti)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_FIND_JTI];
	int r = store_bind_text(statement, 1, issuer);

	if (r == 0)
		r = store_bind_text(statement, 2, jti);
	return r == 0 ? store_row(statement) : r;
}

int store_forget_jti(struct store *s, int64_t now_s)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_FORGET_JTI];
	int r = store_bind_int(statement, 1, now_s);

	return r < 0 ? r : store_write(s, STATEMENT_FORGET_JTI);
}
