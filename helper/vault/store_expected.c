/* SPDX-License-Identifier: MIT */
/*
 * Accounts that are kept for people who have not signed in yet: what is known of them may change, up to the identity. Name
 * and number never do here.
 */
#include <errno.h>
#include <string.h>

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

/* I9: a store from before an account was kept for somebody would keep it for whoever proves the name. */
static int is_for_another(struct store *s, const struct account *a, bool *ret)
{
	LK_CLEANUP(account_freep) struct account *before = NULL;
	int r = store_find_name(s, a->name, &before);

	if (r == 0)
		*ret = before->subject && a->subject ? strcmp(before->subject, a->subject) != 0
						     : before->subject != a->subject;
	return r;
}

int store_expect(struct store *s, const struct account *a)
{
	bool is_other = false;
	int r = store_begin(s);

	if (r < 0)
		return r;
	r = is_for_another(s, a, &is_other);
	if (r == 0)
		r = expect_row(s, a);
	return store_finish(s, r, is_other);
}
