/* SPDX-License-Identifier: MIT */
/* Rows of an older key become rows of the present one. A row that does not open is left as it is: it tells nobody anything. */
#include "helper/vault/store_reseal.h"

#include <errno.h>
#include <stdlib.h>

#include "helper/vault/store_internal.h"

#define REST_IS_DONE 1

/* In this order: tokens that are to be revoked meanwhile are met where they are then. All of one kind go by the id of their row. */
static const struct {
	enum seal_purpose purpose;
	enum store_statement stale;
	enum store_statement reseal;
} kinds[] = {
	{SEAL_TOKENS, STATEMENT_STALE_TOKENS, STATEMENT_RESEAL_TOKENS},
	{SEAL_PIN, STATEMENT_STALE_PIN, STATEMENT_RESEAL_PIN},
	{SEAL_TOKENS, STATEMENT_STALE_REVOCATION, STATEMENT_RESEAL_REVOCATION},
	{SEAL_REGISTRATION, STATEMENT_STALE_REGISTRATION, STATEMENT_RESEAL_REGISTRATION},
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct stale {
	int64_t id;
	struct row_owner owner;
	char *issuer;
	char *subject;
	struct secret *plain; /* NULL: it does not open */
};

static void stale_done(struct stale *st)
{
	free(st->issuer);
	free(st->subject);
	secret_free(st->plain);
}

void reseal_init(struct reseal *r)
{
	*r = (struct reseal){.kind = 0};
}

/* Return: 0, -ENOENT no more of this kind, other negative errno. */
static int read_stale(struct store *s, const struct reseal *r, struct stale *ret)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[kinds[r->kind].stale];
	int64_t uid = 0;
	int e = store_bind_int(statement, 1, r->after);

	if (e == 0)
		e = store_bind_text(statement, 2, seal_key_id(s->seal));
	if (e == 0)
		e = store_row(statement);
	if (e == 0)
		e = store_read_int(statement, 0, 1, INT64_MAX, &ret->id);
	if (e == 0)
		e = store_read_int(statement, 1, 1, UINT32_MAX, &uid);
	if (e == 0)
		e = store_read_text(statement, 2, &ret->issuer);
	if (e == 0)
		e = store_read_text(statement, 3, &ret->subject);
	if (e < 0)
		return e;
	ret->owner = (struct row_owner){.uid = (uint32_t)uid, .issuer = ret->issuer, .subject = ret->subject};
	e = store_unseal(s, kinds[r->kind].purpose, &ret->owner, statement, 4, &ret->plain);
	return e == -EKEYREJECTED ? 0 : e;
}

static int seal_anew(struct store *s, size_t kind, const struct stale *st)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[kinds[kind].reseal];
	LK_CLEANUP(sealed_done) struct sealed sealed = {.bytes = NULL};
	int e = store_seal(s, kinds[kind].purpose, &st->owner, st->plain, &sealed);

	if (e == 0)
		e = store_bind_int(statement, 1, st->id);
	if (e == 0)
		e = store_bind_sealed(statement, 2, &sealed);
	return e < 0 ? e : store_step(s, kinds[kind].reseal);
}

/* Return: 0, REST_IS_DONE, negative errno. */
static int reseal_one(struct store *s, struct reseal *r)
{
	LK_CLEANUP(stale_done) struct stale st = {.plain = NULL};
	int e = read_stale(s, r, &st);

	if (e == -ENOENT && r->kind + 1 < N_KINDS) {
		r->kind++;
		r->after = 0;
		return 0;
	}
	if (e < 0)
		return e == -ENOENT ? REST_IS_DONE : e;
	r->after = st.id;
	if (!st.plain) {
		r->n_unreadable++;
		return 0;
	}
	r->n_resealed++;
	return seal_anew(s, r->kind, &st);
}

int store_reseal(struct store *s, struct reseal *r, size_t limit)
{
	struct reseal now = *r;
	bool is_done;
	int e;

	if (!s->seal || !seal_key_id(s->seal))
		return -ENOKEY;
	e = store_begin(s);
	if (e < 0)
		return e;
	for (size_t i = 0; e == 0 && i < limit; i++)
		e = reseal_one(s, &now);
	is_done = e == REST_IS_DONE;
	e = store_finish(s, is_done ? 0 : e, false);
	if (e < 0)
		return e;
	*r = now;
	return is_done ? 0 : 1;
}
