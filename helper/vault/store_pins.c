/* SPDX-License-Identifier: MIT */
/* PINs: a guess is counted by the database itself, so that a hundred at once are a hundred, and before it is compared. */
#include "helper/vault/store_pins.h"

#include <errno.h>

#include "helper/vault/store_internal.h"

void pin_record_done(struct pin_record *p)
{
	secret_free(p->hash);
	*p = (struct pin_record){.hash = NULL};
}

int store_put_pin(struct store *s, const struct row_owner *o, const struct secret *hash, int64_t now_s)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_PUT_PIN];
	LK_CLEANUP(sealed_done) struct sealed sealed = {.bytes = NULL};
	int r = secret_len(hash) <= PIN_HASH_MAX ? 0 : -EINVAL;

	if (r == 0)
		r = store_seal(s, SEAL_PIN, o, hash, &sealed);
	if (r == 0)
		r = store_bind_owner(statement, o);
	if (r == 0)
		r = store_bind_sealed(statement, 4, &sealed);
	if (r == 0)
		r = store_bind_int(statement, 6, now_s);
	return r < 0 ? r : store_write(s, STATEMENT_PUT_PIN);
}

static int read_pin(struct store *s, const struct row_owner *o, sqlite3_stmt *row, struct pin_record *p)
{
	int64_t failures = 0;
	int r = store_read_int(row, 2, 0, INT32_MAX, &failures);

	p->failures = (uint32_t)failures;
	if (r == 0)
		r = store_read_int(row, 3, 0, INT64_MAX, &p->last_failure_s);
	if (r == 0)
		r = store_read_int(row, 4, 0, INT64_MAX, &p->set_s);
	return r < 0 ? r : store_unseal(s, SEAL_PIN, o, row, 0, &p->hash);
}

int store_find_pin(struct store *s, const struct row_owner *o, struct pin_record *ret)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_FIND_PIN];
	struct pin_record found = {.hash = NULL};
	int r = store_bind_owner(statement, o);

	if (r == 0)
		r = store_row(statement);
	if (r == 0)
		r = read_pin(s, o, statement, &found);
	if (r == 0)
		*ret = found;
	return r;
}

/* @now_s: -1 where the statement asks for none */
static int change(struct store *s, enum store_statement which, const struct row_owner *o, int64_t now_s)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[which];
	int r = store_bind_owner(statement, o);

	if (r == 0 && now_s >= 0)
		r = store_bind_int(statement, 4, now_s);
	return r < 0 ? r : store_write_one(s, which);
}

static int read_failures(struct store *s, const struct row_owner *o, uint32_t *ret)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_FIND_PIN];
	int64_t failures = 0;
	int r = store_bind_owner(statement, o);

	if (r == 0)
		r = store_row(statement);
	if (r == 0)
		r = store_read_int(statement, 2, 1, INT32_MAX, &failures);
	if (r == 0)
		*ret = (uint32_t)failures;
	return r;
}

int store_count_pin_failure(struct store *s, const struct row_owner *o, int64_t now_s, uint32_t *ret)
{
	int r = change(s, STATEMENT_COUNT_PIN_FAILURE, o, now_s < 0 ? 0 : now_s);

	return r < 0 ? r : read_failures(s, o, ret);
}

int store_clear_pin_failures(struct store *s, const struct row_owner *o)
{
	return change(s, STATEMENT_CLEAR_PIN_FAILURES, o, -1);
}

int store_drop_pin(struct store *s, uint32_t uid)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_DROP_PIN];
	int r = store_bind_int(statement, 1, uid);

	return r < 0 ? r : store_write(s, STATEMENT_DROP_PIN);
}
