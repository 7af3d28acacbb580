/* SPDX-License-Identifier: MIT */
/* What waits for its revocation. A row comes from kept_token as it is, under the same seal: it need not be opened to change its
 * place, so that forgetting somebody cannot fail for want of a key. */
#include "helper/vault/store_revocations.h"

#include <errno.h>
#include <stdlib.h>

#include "helper/base/clock.h"
#include "helper/vault/store_internal.h"

static int run_for_uid(struct store *s, enum store_statement which, uint32_t uid, const int64_t *now_s)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[which];
	int r = store_bind_int(statement, 1, uid);

	if (r == 0 && now_s)
		r = store_bind_int(statement, 2, *now_s);
	return r < 0 ? r : store_step(s, which);
}

static int take_tokens(struct store *s, uint32_t uid, int64_t *ret_id)
{
	int64_t now_s = clock_realtime_s();
	int r = run_for_uid(s, STATEMENT_TOKENS_TO_REVOKE, uid, &now_s);

	if (r == 0 && sqlite3_changes(s->db) > 0)
		*ret_id = sqlite3_last_insert_rowid(s->db);
	if (r == 0)
		r = run_for_uid(s, STATEMENT_LIMIT_REVOCATIONS, uid, NULL);
	return r < 0 ? r : run_for_uid(s, STATEMENT_DROP_TOKENS, uid, NULL);
}

int store_take_tokens(struct store *s, uint32_t uid)
{
	int64_t id;

	return take_tokens(s, uid, &id);
}

int store_revoke_tokens(struct store *s, uint32_t uid, int64_t *ret_id)
{
	int64_t id = 0;
	int r = store_begin(s);

	if (r < 0)
		return r;
	r = store_finish(s, take_tokens(s, uid, &id), false);
	if (r == 0 && ret_id)
		*ret_id = id;
	return r;
}

static int insert(struct store *s, const struct row_owner *o, const struct sealed *sealed)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_PUT_REVOCATION];
	int r = store_bind_owner(statement, o);

	if (r == 0)
		r = store_bind_sealed(statement, 4, sealed);
	if (r == 0)
		r = store_bind_int(statement, 6, clock_realtime_s());
	return r < 0 ? r : store_step(s, STATEMENT_PUT_REVOCATION);
}

int store_put_revocation(struct store *s, const struct row_owner *o, const struct kept_tokens *t, int64_t *ret_id)
{
	LK_CLEANUP(sealed_done) struct sealed sealed = {.bytes = NULL};
	LK_CLEANUP(secret_freep) struct secret *plain = NULL;
	int64_t id = 0;
	int r = kept_tokens_encode(&plain, t);

	if (r == 0)
		r = store_seal(s, SEAL_TOKENS, o, plain, &sealed);
	if (r == 0)
		r = store_begin(s);
	if (r < 0)
		return r;
	r = insert(s, o, &sealed);
	id = sqlite3_last_insert_rowid(s->db);
	if (r == 0)
		r = run_for_uid(s, STATEMENT_LIMIT_REVOCATIONS, o->uid, NULL);
	r = store_finish(s, r, false);
	if (r == 0 && ret_id)
		*ret_id = id;
	return r;
}

void revocation_done(struct revocation *r)
{
	free(r->issuer);
	free(r->subject);
	kept_tokens_free(r->tokens);
	*r = (struct revocation){.issuer = NULL};
}

/* Return: 0 also where the tokens do not open, negative errno. */
static int read_tokens(struct store *s, sqlite3_stmt *row, struct revocation *r)
{
	const struct row_owner owner = {.uid = r->uid, .issuer = r->issuer, .subject = r->subject};
	LK_CLEANUP(secret_freep) struct secret *plain = NULL;
	int e = store_unseal(s, SEAL_TOKENS, &owner, row, 4, &plain);

	if (e == 0)
		e = kept_tokens_decode(&r->tokens, secret_data(plain), secret_len(plain));
	return e == -EKEYREJECTED || e == -EBADMSG ? 0 : e;
}

static int read_revocation(struct store *s, sqlite3_stmt *row, struct revocation *r)
{
	int64_t uid = 0;
	int e = store_read_int(row, 0, 1, INT64_MAX, &r->id);

	if (e == 0)
		e = store_read_int(row, 1, 1, UINT32_MAX, &uid);
	r->uid = (uint32_t)uid;
	if (e == 0)
		e = store_read_text(row, 2, &r->issuer);
	if (e == 0)
		e = store_read_text(row, 3, &r->subject);
	if (e == 0)
		e = store_read_int(row, 6, 0, INT64_MAX, &r->since_s);
	return e < 0 ? e : read_tokens(s, row, r);
}

int store_next_revocation(struct store *s, int64_t after, struct revocation *ret)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_NEXT_REVOCATION];
	struct revocation found = {.issuer = NULL};
	int r = store_bind_int(statement, 1, after);

	if (r == 0)
		r = store_row(statement);
	if (r == 0)
		r = read_revocation(s, statement, &found);
	if (r == 0)
		*ret = found;
	else
		revocation_done(&found);
	return r;
}

int store_find_revocation(struct store *s, int64_t id, struct revocation *ret)
{
	int r = store_next_revocation(s, id - 1, ret);

	if (r == 0 && ret->id != id) {
		revocation_done(ret);
		r = -ENOENT;
	}
	return r;
}

int store_drop_revocation(struct store *s, int64_t id)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_DROP_REVOCATION];
	int r = store_bind_int(statement, 1, id);

	return r < 0 ? r : store_write(s, STATEMENT_DROP_REVOCATION);
}
