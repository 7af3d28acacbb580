/* SPDX-License-Identifier: MIT */
/*
 * Accounts that are kept for people who have not signed in yet: what is known of them may change, up to the identity. Name
 * and number never do here.
 */
#include <errno.h>

#include "helper/vault/store_internal.h"

static int expect_row(struct store *s, const struct account *a)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_EXPECT];
	const char *const texts[] = {a->subject, a->provider, a->gecos, a->facts};
	int r, result;

	r = store_bind_text(statement, 1, a->name);
	if (r == 0)
		r = store_bind_int(statement, 2, a->uid);
	for (int i = 0; r == 0 && i < 4; i++)
		r = store_bind_text(statement, 3 + i, texts[i]);
	if (r < 0)
		return r;
	result = sqlite3_step(statement);
	if (result != SQLITE_DONE)
		return store_errno(result);
	return sqlite3_changes(s->db) == 1 ? 0 : -ENOENT;
}

int store_expect(struct store *s, const struct account *a)
{
	int r = store_begin(s);

	return r < 0 ? r : store_finish(s, expect_row(s, a), false);
}
