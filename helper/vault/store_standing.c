/* SPDX-License-Identifier: MIT */
/*
 * The provider's last word about each person. A refusal is overruled by nothing that happens without the person: the rule
 * stands in the statement itself, so that no caller can forget it.
 */
#include "helper/vault/store_standing.h"

#include <errno.h>
#include <stdlib.h>

#include "helper/vault/store_internal.h"

static int bind_word(sqlite3_stmt *statement, const struct row_owner *o, const struct standing *st)
{
	int r = store_bind_owner(statement, o);

	if (r == 0)
		r = store_bind_int(statement, 4, st->state);
	if (r == 0)
		r = store_bind_int(statement, 5, st->checked_s);
	if (r == 0)
		r = store_bind_text(statement, 6, st->reason);
	return r;
}

int store_put_standing(struct store *s, const struct row_owner *o, const struct standing *st)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_PUT_STANDING];
	int r = bind_word(statement, o, st);

	if (r == 0)
		r = store_bind_int(statement, 7, st->auth_time_s);
	if (r == 0)
		r = store_bind_text(statement, 8, st->acr);
	if (r == 0)
		r = store_bind_text(statement, 9, st->amr);
	if (r == 0)
		r = store_bind_text(statement, 10, st->sid);
	return r < 0 ? r : store_write(s, STATEMENT_PUT_STANDING);
}

int store_note_standing(struct store *s, const struct row_owner *o, const struct standing *st)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_NOTE_STANDING];
	int r = bind_word(statement, o, st);

	if (r == 0)
		r = store_write_one(s, STATEMENT_NOTE_STANDING);
	return r == -ENOENT ? -EACCES : r;
}

static int read_standing(sqlite3_stmt *row, struct standing *st)
{
	int64_t state = 0;
	int r = store_read_int(row, 0, STANDING_GOOD, STANDING_REFUSED, &state);

	st->state = state == STANDING_GOOD ? STANDING_GOOD : STANDING_REFUSED;
	if (r == 0)
		r = store_read_int(row, 1, 0, INT64_MAX, &st->checked_s);
	if (r == 0)
		r = store_read_short(row, 2, st->reason, sizeof(st->reason));
	if (r == 0)
		r = store_read_int(row, 3, 0, INT64_MAX, &st->auth_time_s);
	if (r == 0)
		r = store_read_short(row, 4, st->acr, sizeof(st->acr));
	if (r == 0)
		r = store_read_short(row, 5, st->amr, sizeof(st->amr));
	if (r == 0)
		r = store_read_short(row, 6, st->sid, sizeof(st->sid));
	return r;
}

int store_find_standing(struct store *s, const struct row_owner *o, struct standing *ret)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_FIND_STANDING];
	struct standing found = {.state = STANDING_REFUSED};
	int r = store_bind_owner(statement, o);

	if (r == 0)
		r = store_row(statement);
	if (r == 0)
		r = read_standing(statement, &found);
	if (r == 0)
		*ret = found;
	return r;
}

void standing_note_done(struct standing_note *n)
{
	free(n->issuer);
	free(n->subject);
	*n = (struct standing_note){.issuer = NULL};
}

static int read_note(sqlite3_stmt *row, struct standing_note *n)
{
	int64_t uid = 0;
	int r = read_standing(row, &n->standing);

	if (r == 0)
		r = store_read_int(row, 7, 1, UINT32_MAX, &uid);
	n->uid = (uint32_t)uid;
	if (r == 0)
		r = store_read_text(row, 8, &n->issuer);
	if (r == 0)
		r = store_read_text(row, 9, &n->subject);
	return r;
}

int store_next_standing(struct store *s, uint32_t after, struct standing_note *ret)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_NEXT_STANDING];
	struct standing_note note = {.issuer = NULL};
	int r = store_bind_int(statement, 1, after);

	if (r == 0)
		r = store_row(statement);
	if (r == 0)
		r = read_note(statement, &note);
	if (r == 0)
		*ret = note;
	else
		standing_note_done(&note);
	return r;
}

int store_drop_standing(struct store *s, uint32_t uid)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[STATEMENT_DROP_STANDING];
	int r = store_bind_int(statement, 1, uid);

	return r < 0 ? r : store_write(s, STATEMENT_DROP_STANDING);
}
