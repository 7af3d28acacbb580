/* SPDX-License-Identifier: MIT */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "helper/vault/mark.h"
#include "helper/vault/owner.h"
#include "helper/vault/seal.h"
#include "helper/vault/store.h"

/* What the files of the store share; nobody else includes this. */

enum store_statement {
	STATEMENT_FIND_NAME,
	STATEMENT_FIND_IDENTITY,
	STATEMENT_FIND_UID,
	STATEMENT_STATE,
	STATEMENT_TAKEN_IDS,
	STATEMENT_CONFLICT,
	STATEMENT_INSERT,
	STATEMENT_UPDATE,
	STATEMENT_IDENTIFY,
	STATEMENT_FIND_RETIRED,
	STATEMENT_NEXT_RETIRED_NAME,
	STATEMENT_NEXT_RETIRED_ID,
	STATEMENT_NAME_TAKEN,
	STATEMENT_RETIRE_NAME,
	STATEMENT_UNRETIRE_NAME,
	STATEMENT_SET_NAME,
	STATEMENT_EXPECT,
	STATEMENT_FIND_GROUP,
	STATEMENT_NEXT_GROUP,
	STATEMENT_GROUP_CONFLICT,
	STATEMENT_INSERT_GROUP,
	STATEMENT_MOVE_GROUP,
	STATEMENT_RETIRE_ID,
	STATEMENT_FIND_LOCAL,
	STATEMENT_PUT_LOCAL,
	STATEMENT_NOTE_LOCAL,
	STATEMENT_PUT_TOKENS,
	STATEMENT_RENEW_TOKENS,
	STATEMENT_LOCK_TOKENS,
	STATEMENT_LOCKED_TOKENS,
	STATEMENT_FIND_TOKENS,
	STATEMENT_NEXT_TOKENS,
	STATEMENT_DROP_TOKENS,
	STATEMENT_STALE_TOKENS,
	STATEMENT_RESEAL_TOKENS,
	STATEMENT_STALE_PIN,
	STATEMENT_RESEAL_PIN,
	STATEMENT_STALE_REVOCATION,
	STATEMENT_RESEAL_REVOCATION,
	STATEMENT_TOKENS_TO_REVOKE,
	STATEMENT_PUT_REVOCATION,
	STATEMENT_LIMIT_REVOCATIONS,
	STATEMENT_NEXT_REVOCATION,
	STATEMENT_DROP_REVOCATION,
	STATEMENT_PUT_REGISTRATION,
	STATEMENT_FIND_REGISTRATION,
	STATEMENT_DROP_REGISTRATION,
	STATEMENT_STALE_REGISTRATION,
	STATEMENT_RESEAL_REGISTRATION,
	STATEMENT_PUT_STANDING,
	STATEMENT_NOTE_STANDING,
	STATEMENT_FIND_STANDING,
	STATEMENT_NEXT_STANDING,
	STATEMENT_DROP_STANDING,
	STATEMENT_MOVE_STANDING,
	STATEMENT_PUT_PIN,
	STATEMENT_FIND_PIN,
	STATEMENT_COUNT_PIN_FAILURE,
	STATEMENT_CLEAR_PIN_FAILURES,
	STATEMENT_DROP_PIN,
	STATEMENT_PUT_BREAK_GLASS,
	STATEMENT_FIND_BREAK_GLASS,
	STATEMENT_NEXT_BREAK_GLASS,
	STATEMENT_SEE_BREAK_GLASS,
	STATEMENT_DROP_BREAK_GLASS,
	STATEMENT_RENAME_BREAK_GLASS,
	STATEMENT_USE_JTI,
	STATEMENT_FIND_JTI,
	STATEMENT_FORGET_JTI,
	STATEMENT_SET_IDS,
	STATEMENT_FOLLOW_UID,
	STATEMENT_DELETE,
	STATEMENT_EACH,
	STATEMENT_EACH_UID,
	STATEMENT_COUNT,
	STATEMENT_BEGIN,
	STATEMENT_COMMIT,
	STATEMENT_ROLLBACK,
	STATEMENT_ADVANCE,
	STORE_STATEMENTS,
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[STORE_STATEMENTS];
	const struct seal *seal; /* or NULL: nothing is sealed, nothing opens */
	struct mark mark;
	bool is_batch;       /* between store_batch_begin() and store_batch_end(): */
	bool batch_advances; /* something was given out or taken back */
	int batch_fault;     /* nothing more is written, and nothing of it stays */
	uint64_t generation; /* as committed: grows with each account given out or taken back */
};

/** store_errno() - what a result of SQLite is in our terms: 0 or negative errno */
int store_errno(int result);

/** store_run() - statements that yield nothing. Return: 0, negative errno. */
int store_run(sqlite3 *db, const char *sql);

/**
 * store_ask() - the one integer or text that a statement yields
 * @number, @text: where it goes; NULL for what is not asked. A text that is too long for @text is cut.
 * Return: 0, -EUCLEAN where there is no row or no text, other negative errno.
 */
int store_ask(sqlite3 *db, const char *sql, int64_t *number, char *text, size_t text_size);

/** store_prepare() - compile all statements. Return: 0, negative errno. */
int store_prepare(struct store *s);

/** store_rest() - to be declared with LK_CLEANUP beside each use: nothing of it stays bound or locked */
void store_rest(sqlite3_stmt **statement);

/** store_step() - run a bound statement that yields nothing, and let it rest. Return: 0, negative errno. */
int store_step(struct store *s, enum store_statement which);

/** store_row() - the first row of a bound statement. Return: 0, -ENOENT there is none, other negative errno. */
int store_row(sqlite3_stmt *statement);

/** store_write_named() - store_step() of a statement whose ?1 is a name, ?2 an id and ?3 a time or a state. Return: as it. */
int store_write_named(struct store *s, enum store_statement which, const char *name, uint32_t id, int64_t third);

/** store_check_named() - a statement that asks whether somebody else than name ?1 and id ?2 stands in the way.
 *  Return: 0, -EEXIST, other negative errno. */
int store_check_named(struct store *s, enum store_statement which, const char *name, uint32_t id);

/* The text stays the caller's, and must live until the statement rests; NULL binds NULL. Return: 0, negative errno. */
int store_bind_text(sqlite3_stmt *statement, int at, const char *text);
int store_bind_int(sqlite3_stmt *statement, int at, int64_t value);

/** store_bind_owner() - ?1 to ?3: uid, issuer and subject; as store_bind_text() */
int store_bind_owner(sqlite3_stmt *statement, const struct row_owner *o);

/** store_borrow_text() - a text of the row, good until the statement's next step. Return: 0, -EUCLEAN, -ENOMEM. */
int store_borrow_text(sqlite3_stmt *row, int column, const char **ret);

/** store_read_text() - @ret: a copy, to be freed; set on 0 only. Return: 0, -EUCLEAN another type or a NUL inside, -ENOMEM. */
int store_read_text(sqlite3_stmt *row, int column, char **ret);
/** store_read_short() - a text into @ret. Return: 0, -EUCLEAN also where it is longer than @size allows, -ENOMEM. */
int store_read_short(sqlite3_stmt *row, int column, char *ret, size_t size);
/** store_read_int() - Return: 0, -EUCLEAN another type or outside @min..@max. */
int store_read_int(sqlite3_stmt *row, int column, int64_t min, int64_t max, int64_t *ret);

/**
 * store_begin() - a transaction; store_finish() ends it whatever @r is
 * @r:       what came of the work; negative: rolled back, and returned
 * @advance: a name or number was given out or taken back: the high-water mark moves, so that no older backup is taken for
 *           the present (I9)
 * Return: 0 durable, negative errno and nothing changed.
 */
int store_begin(struct store *s);
int store_finish(struct store *s, int r, bool advance);

/** store_write() - store_step() in a transaction of its own, or in the batch. Return: as store_finish(). */
int store_write(struct store *s, enum store_statement which);
/** store_write_one() - the same; -ENOENT where it changed no row, which spoils no batch */
int store_write_one(struct store *s, enum store_statement which);

/** store_seal() - @plain sealed by the store's key. Return: as seal_encrypt(). */
int store_seal(struct store *s, enum seal_purpose purpose, const struct row_owner *o, const struct secret *plain,
	       struct sealed *ret);
/** store_bind_sealed() - key id and bytes at ?@at and the next, as store_bind_text() */
int store_bind_sealed(sqlite3_stmt *statement, int at, const struct sealed *sealed);
/** store_unseal() - key id and bytes of @column and the next. Return: as seal_decrypt(), -EUCLEAN. */
int store_unseal(struct store *s, enum seal_purpose purpose, const struct row_owner *o, sqlite3_stmt *row, int column,
		 struct secret **ret);

/* Steps of a transaction that is open. Return: 0, negative errno. */
/** store_forget_kept() - nothing is left by which the account could be let in: tokens, PIN, standing, break-glass. What the
 *  provider granted waits for its revocation. */
int store_forget_kept(struct store *s, const struct account *a);
/** store_move_kept() - tokens and PIN are sealed for @old_uid and go, the tokens to be revoked; the standing follows */
int store_move_kept(struct store *s, uint32_t uid, uint32_t old_uid);
/** store_take_tokens() - what is kept for @uid waits for its revocation, and is kept no more; 0 also where nothing is */
int store_take_tokens(struct store *s, uint32_t uid);
/** store_rename_kept() - what is kept by name follows */
int store_rename_kept(struct store *s, const char *name, const char *old_name);

/* Steps of a transaction that is open. Return: 0, -ENOENT no such account, other negative errno. */
int store_update_row(struct store *s, const struct account *a);
int store_unretire_name(struct store *s, const char *name);
