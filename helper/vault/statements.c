/* SPDX-License-Identifier: MIT */
/*
 * Every statement that the store runs, compiled once, and how one is filled, read and put to rest. A row is judged again
 * when it is read: one that this program would not have written is damage.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/vault/store_internal.h"

#define COLUMNS "name, uid, gid, issuer, subject, provider, gecos, home, shell, facts, state, created_s, last_sign_in_s"
#define OWNED "WHERE uid = ?1 AND issuer = ?2 AND subject = ?3"
#define STANDING "state, checked_s, reason, auth_time_s, acr, amr, sid"
#define BREAK_GLASS "name, until_s, reason, created_s, created_by, seen_s"

static const char *const sql[STORE_STATEMENTS] = {
	[STATEMENT_FIND_NAME] = "SELECT " COLUMNS " FROM account WHERE name = ?1",
	[STATEMENT_FIND_IDENTITY] = "SELECT " COLUMNS " FROM account WHERE issuer = ?1 AND subject = ?2",
	[STATEMENT_FIND_UID] = "SELECT " COLUMNS " FROM account WHERE uid = ?1",
	[STATEMENT_STATE] = "SELECT state FROM account WHERE uid = ?1",
	/* Whatever has a number in ?1 to ?2, in order; merged from four indexes, so that it costs what is read of it. */
	[STATEMENT_TAKEN_IDS] = "SELECT uid FROM account WHERE uid BETWEEN ?1 AND ?2 "
				"UNION SELECT gid FROM account WHERE gid BETWEEN ?1 AND ?2 "
				"UNION SELECT id FROM retired_id WHERE id BETWEEN ?1 AND ?2 "
				"UNION SELECT gid FROM own_group WHERE gid BETWEEN ?1 AND ?2 ORDER BY 1",
	/* Does the account of name ?1, uid ?2 and gid ?3 take what others have besides what account's own keys keep apart. */
	[STATEMENT_CONFLICT] = "SELECT EXISTS (SELECT 1 FROM retired_name WHERE name = ?1 "
			       "UNION ALL SELECT 1 FROM own_group WHERE name = ?1 OR gid IN (?2, ?3) "
			       "UNION ALL SELECT 1 FROM retired_id WHERE id IN (?2, ?3) "
			       "UNION ALL SELECT 1 FROM account WHERE gid IN (?2, ?3) OR uid IN (?2, ?3))",
	[STATEMENT_INSERT] = "INSERT INTO account (" COLUMNS ") "
			     "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
	[STATEMENT_UPDATE] = "UPDATE account SET gecos = ?3, home = ?4, shell = ?5, facts = ?6, state = ?7, "
			     "last_sign_in_s = ?8 WHERE name = ?1 AND uid = ?2",
	[STATEMENT_IDENTIFY] = "UPDATE account SET subject = ?2, provider = ?3 WHERE uid = ?1 AND state = 3 AND "
			       "(subject IS NULL OR subject = ?2)",
	[STATEMENT_FIND_RETIRED] = "SELECT uid FROM retired_name WHERE name = ?1",
	[STATEMENT_NEXT_RETIRED_NAME] =
		"SELECT retired_name.name, retired_name.uid, retired_s, ifnull(account.name, '') FROM retired_name "
		"LEFT JOIN account USING (uid) WHERE retired_name.name > ?1 ORDER BY retired_name.name LIMIT 1",
	[STATEMENT_NEXT_RETIRED_ID] =
		"SELECT name, id, retired_s, '' FROM retired_id WHERE id > ?1 ORDER BY id LIMIT 1",
	[STATEMENT_NAME_TAKEN] = "SELECT EXISTS (SELECT 1 FROM account WHERE name = ?1 "
				 "UNION ALL SELECT 1 FROM retired_name WHERE name = ?1 AND uid <> ?2 "
				 "UNION ALL SELECT 1 FROM own_group WHERE name = ?1)",
	[STATEMENT_RETIRE_NAME] = "INSERT INTO retired_name (name, uid, retired_s) VALUES (?1, ?2, ?3)",
	[STATEMENT_UNRETIRE_NAME] = "DELETE FROM retired_name WHERE name = ?1",
	[STATEMENT_SET_NAME] = "UPDATE account SET name = ?1 WHERE name = ?2 AND uid = ?3",
	[STATEMENT_EXPECT] = "UPDATE account SET subject = ?3, provider = ?4, gecos = ?5, facts = ?6 "
			     "WHERE name = ?1 AND uid = ?2 AND state = 3",
	[STATEMENT_FIND_GROUP] = "SELECT name, gid, state FROM own_group WHERE name = ?1",
	[STATEMENT_NEXT_GROUP] = "SELECT name, gid, state FROM own_group WHERE name > ?1 ORDER BY name LIMIT 1",
	/* A number that the group itself left behind is its own still. */
	[STATEMENT_GROUP_CONFLICT] = "SELECT EXISTS (SELECT 1 FROM account WHERE name = ?1 OR uid = ?2 OR gid = ?2 "
				     "UNION ALL SELECT 1 FROM retired_name WHERE name = ?1 "
				     "UNION ALL SELECT 1 FROM retired_id WHERE id = ?2 AND name <> ?1 "
				     "UNION ALL SELECT 1 FROM own_group WHERE gid = ?2 AND name <> ?1)",
	[STATEMENT_INSERT_GROUP] = "INSERT INTO own_group (name, gid, state, created_s) VALUES (?1, ?2, 1, ?3)",
	[STATEMENT_MOVE_GROUP] = "UPDATE own_group SET gid = ?2, state = ?3 WHERE name = ?1",
	[STATEMENT_RETIRE_ID] = "INSERT OR IGNORE INTO retired_id (name, id, retired_s) VALUES (?1, ?2, ?3)",
	[STATEMENT_FIND_LOCAL] = "SELECT facts, last_sign_in_s FROM local_account "
				 "WHERE name = ?1 AND issuer = ?2 AND subject = ?3",
	[STATEMENT_PUT_LOCAL] = "INSERT OR REPLACE INTO local_account (name, issuer, subject, facts, last_sign_in_s) "
				"VALUES (?1, ?2, ?3, ?4, ?5)",
	[STATEMENT_NOTE_LOCAL] = "UPDATE local_account SET facts = ?4 WHERE name = ?1 AND issuer = ?2 AND subject = ?3",
	[STATEMENT_PUT_TOKENS] = "INSERT OR REPLACE INTO kept_token (uid, issuer, subject, key_id, sealed, stored_s, "
				 "is_locked) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)",
	[STATEMENT_LOCK_TOKENS] = "UPDATE kept_token SET is_locked = 1 " OWNED,
	[STATEMENT_LOCKED_TOKENS] = "SELECT is_locked FROM kept_token " OWNED,
	[STATEMENT_RENEW_TOKENS] = "UPDATE kept_token SET key_id = ?4, sealed = ?5, stored_s = ?6 " OWNED,
	[STATEMENT_FIND_TOKENS] = "SELECT key_id, sealed FROM kept_token " OWNED,
	[STATEMENT_NEXT_TOKENS] = "SELECT uid, issuer, subject, key_id, stored_s FROM kept_token WHERE uid > ?1 "
				  "ORDER BY uid LIMIT 1",
	[STATEMENT_DROP_TOKENS] = "DELETE FROM kept_token WHERE uid = ?1",
	/* What is not sealed by key ?2, in order of the rows' ids */
	[STATEMENT_STALE_TOKENS] = "SELECT uid, uid, issuer, subject, key_id, sealed FROM kept_token "
				   "WHERE uid > ?1 AND key_id <> ?2 ORDER BY uid LIMIT 1",
	[STATEMENT_RESEAL_TOKENS] = "UPDATE kept_token SET key_id = ?2, sealed = ?3 WHERE uid = ?1",
	[STATEMENT_STALE_PIN] = "SELECT uid, uid, issuer, subject, key_id, sealed FROM pin "
				"WHERE uid > ?1 AND key_id <> ?2 ORDER BY uid LIMIT 1",
	[STATEMENT_RESEAL_PIN] = "UPDATE pin SET key_id = ?2, sealed = ?3 WHERE uid = ?1",
	[STATEMENT_STALE_REVOCATION] = "SELECT id, uid, issuer, subject, key_id, sealed FROM pending_revocation "
				       "WHERE id > ?1 AND key_id <> ?2 ORDER BY id LIMIT 1",
	[STATEMENT_RESEAL_REVOCATION] = "UPDATE pending_revocation SET key_id = ?2, sealed = ?3 WHERE id = ?1",
	/* Sealed as it is: nobody opens what only changes its place. */
	[STATEMENT_TOKENS_TO_REVOKE] = "INSERT INTO pending_revocation (uid, issuer, subject, key_id, sealed, since_s) "
				       "SELECT uid, issuer, subject, key_id, sealed, ?2 FROM kept_token WHERE uid = ?1",
	[STATEMENT_PUT_REVOCATION] = "INSERT INTO pending_revocation (uid, issuer, subject, key_id, sealed, since_s) "
				     "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	/* All but the last eight of the owner: signing in and out while nobody answers fills no disk. */
	[STATEMENT_LIMIT_REVOCATIONS] = "DELETE FROM pending_revocation WHERE uid = ?1 AND id NOT IN "
					"(SELECT id FROM pending_revocation WHERE uid = ?1 ORDER BY id DESC LIMIT 8)",
	[STATEMENT_NEXT_REVOCATION] = "SELECT id, uid, issuer, subject, key_id, sealed, since_s FROM "
				      "pending_revocation WHERE id > ?1 ORDER BY id LIMIT 1",
	[STATEMENT_DROP_REVOCATION] = "DELETE FROM pending_revocation WHERE id = ?1",
	[STATEMENT_PUT_REGISTRATION] =
		"INSERT INTO client_registration (issuer, provider, key_id, sealed, stored_s) "
		"VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (issuer, provider) DO UPDATE SET "
		"key_id = excluded.key_id, sealed = excluded.sealed, stored_s = excluded.stored_s",
	[STATEMENT_FIND_REGISTRATION] = "SELECT key_id, sealed FROM client_registration "
					"WHERE issuer = ?1 AND provider = ?2",
	[STATEMENT_DROP_REGISTRATION] = "DELETE FROM client_registration WHERE issuer = ?1 AND provider = ?2",
	/* The owner's uid is the same for all: it is nobody's. */
	[STATEMENT_STALE_REGISTRATION] = "SELECT id, 1, issuer, provider, key_id, sealed FROM client_registration "
					 "WHERE id > ?1 AND key_id <> ?2 ORDER BY id LIMIT 1",
	[STATEMENT_RESEAL_REGISTRATION] = "UPDATE client_registration SET key_id = ?2, sealed = ?3 WHERE id = ?1",
	[STATEMENT_PUT_STANDING] = "INSERT OR REPLACE INTO standing (uid, issuer, subject, " STANDING ") "
				   "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
	/* Another identity's row is as good as none. */
	[STATEMENT_NOTE_STANDING] =
		"INSERT INTO standing AS old (uid, issuer, subject, " STANDING ") "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, '', '', '') ON CONFLICT (uid) DO UPDATE SET "
		"auth_time_s = iif(issuer = ?2 AND subject = ?3, auth_time_s, 0), "
		"acr = iif(issuer = ?2 AND subject = ?3, acr, ''), amr = iif(issuer = ?2 AND subject = ?3, amr, ''), "
		"sid = iif(issuer = ?2 AND subject = ?3, sid, ''), issuer = ?2, subject = ?3, "
		"state = ?4, checked_s = ?5, reason = ?6 "
		"WHERE ?4 = 2 OR old.state = 1 OR old.issuer <> ?2 OR old.subject <> ?3",
	[STATEMENT_FIND_STANDING] = "SELECT " STANDING " FROM standing " OWNED,
	[STATEMENT_NEXT_STANDING] = "SELECT " STANDING ", uid, issuer, subject FROM standing WHERE uid > ?1 "
				    "ORDER BY uid LIMIT 1",
	[STATEMENT_DROP_STANDING] = "DELETE FROM standing WHERE uid = ?1",
	[STATEMENT_MOVE_STANDING] = "UPDATE OR REPLACE standing SET uid = ?1 WHERE uid = ?2",
	[STATEMENT_PUT_PIN] = "INSERT OR REPLACE INTO pin (uid, issuer, subject, key_id, sealed, failures, "
			      "last_failure_s, set_s) VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, ?6)",
	[STATEMENT_FIND_PIN] = "SELECT key_id, sealed, failures, last_failure_s, set_s FROM pin " OWNED,
	[STATEMENT_COUNT_PIN_FAILURE] =
		"UPDATE pin SET failures = min(failures + 1, 2147483647), last_failure_s = ?4 " OWNED,
	[STATEMENT_CLEAR_PIN_FAILURES] = "UPDATE pin SET failures = 0 " OWNED,
	[STATEMENT_DROP_PIN] = "DELETE FROM pin WHERE uid = ?1",
	[STATEMENT_PUT_BREAK_GLASS] = "INSERT OR REPLACE INTO break_glass (" BREAK_GLASS ") "
				      "VALUES (?1, ?2, ?3, ?4, ?5, ?4)",
	[STATEMENT_FIND_BREAK_GLASS] = "SELECT " BREAK_GLASS " FROM break_glass WHERE name = ?1",
	[STATEMENT_NEXT_BREAK_GLASS] = "SELECT " BREAK_GLASS " FROM break_glass WHERE name > ?1 ORDER BY name LIMIT 1",
	[STATEMENT_SEE_BREAK_GLASS] = "UPDATE break_glass SET seen_s = ?1 WHERE seen_s < ?1",
	[STATEMENT_DROP_BREAK_GLASS] = "DELETE FROM break_glass WHERE name = ?1",
	[STATEMENT_RENAME_BREAK_GLASS] = "UPDATE OR REPLACE break_glass SET name = ?1 WHERE name = ?2",
	[STATEMENT_USE_JTI] = "INSERT INTO used_jti (issuer, jti, expires_s) VALUES (?1, ?2, ?3)",
	[STATEMENT_FIND_JTI] = "SELECT 1 FROM used_jti WHERE issuer = ?1 AND jti = ?2",
	[STATEMENT_FORGET_JTI] = "DELETE FROM used_jti WHERE expires_s < ?1",
	[STATEMENT_SET_IDS] = "UPDATE account SET uid = ?1, gid = ?2 WHERE name = ?3 AND uid = ?4",
	[STATEMENT_FOLLOW_UID] = "UPDATE retired_name SET uid = ?1 WHERE uid = ?2",
	[STATEMENT_DELETE] = "DELETE FROM account WHERE name = ?1 AND uid = ?2",
	[STATEMENT_EACH] = "SELECT " COLUMNS " FROM account WHERE name > ?1 ORDER BY name LIMIT ?2",
	[STATEMENT_EACH_UID] = "SELECT name, uid, gid, issuer, gecos, home, shell, facts, state FROM account "
			       "WHERE uid > ?1 ORDER BY uid LIMIT ?2",
	[STATEMENT_COUNT] = "SELECT count(*) FROM account WHERE state = 1",
	[STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
	[STATEMENT_COMMIT] = "COMMIT",
	[STATEMENT_ROLLBACK] = "ROLLBACK",
	[STATEMENT_ADVANCE] = "UPDATE meta SET generation = generation + 1",
};

int store_prepare(struct store *s)
{
	for (size_t i = 0; i < STORE_STATEMENTS; i++) {
		int result = sqlite3_prepare_v3(s->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i], NULL);

		if (result != SQLITE_OK)
			return store_errno(result);
	}
	return 0;
}

/* Statements are used again: nothing of the last use may stay bound. */
void store_rest(sqlite3_stmt **statement)
{
	sqlite3_reset(*statement);
	sqlite3_clear_bindings(*statement);
}

int store_bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	return store_errno(sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC));
}

int store_bind_int(sqlite3_stmt *statement, int at, int64_t value)
{
	return store_errno(sqlite3_bind_int64(statement, at, value));
}

int store_bind_owner(sqlite3_stmt *statement, const struct row_owner *o)
{
	int r = store_bind_int(statement, 1, o->uid);

	if (r == 0)
		r = store_bind_text(statement, 2, o->issuer);
	if (r == 0)
		r = store_bind_text(statement, 3, o->subject);
	return r;
}

int store_borrow_text(sqlite3_stmt *row, int column, const char **ret)
{
	const unsigned char *text;

	if (sqlite3_column_type(row, column) != SQLITE_TEXT)
		return -EUCLEAN;
	text = sqlite3_column_text(row, column);
	if (!text)
		return -ENOMEM;
	if (memchr(text, '\0', (size_t)sqlite3_column_bytes(row, column)))
		return -EUCLEAN;
	*ret = (const char *)text;
	return 0;
}

int store_read_text(sqlite3_stmt *row, int column, char **ret)
{
	const char *text;
	int r = store_borrow_text(row, column, &text);

	if (r < 0)
		return r;
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

int store_read_short(sqlite3_stmt *row, int column, char *ret, size_t size)
{
	const char *text;
	int r = store_borrow_text(row, column, &text);

	if (r < 0)
		return r;
	if (strlen(text) >= size)
		return -EUCLEAN;
	memcpy(ret, text, strlen(text) + 1);
	return 0;
}

int store_read_int(sqlite3_stmt *row, int column, int64_t min, int64_t max, int64_t *ret)
{
	if (sqlite3_column_type(row, column) != SQLITE_INTEGER)
		return -EUCLEAN;
	*ret = sqlite3_column_int64(row, column);
	return *ret >= min && *ret <= max ? 0 : -EUCLEAN;
}

int store_row(sqlite3_stmt *statement)
{
	int result = sqlite3_step(statement);

	if (result == SQLITE_DONE)
		return -ENOENT;
	return store_errno(result);
}

int store_step(struct store *s, enum store_statement which)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[which];
	int result = sqlite3_step(statement);

	return result == SQLITE_DONE ? 0 : store_errno(result);
}

static int write_rows(struct store *s, enum store_statement which, int *ret_rows)
{
	int r = store_begin(s);

	if (r < 0)
		return r;
	r = store_step(s, which);
	*ret_rows = sqlite3_changes(s->db);
	return store_finish(s, r, false);
}

int store_write(struct store *s, enum store_statement which)
{
	int rows = 0;

	return write_rows(s, which, &rows);
}

int store_write_one(struct store *s, enum store_statement which)
{
	int rows = 0;
	int r = write_rows(s, which, &rows);

	return r == 0 && rows != 1 ? -ENOENT : r;
}

int store_write_named(struct store *s, enum store_statement which, const char *name, uint32_t id, int64_t third)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[which];
	int r = store_bind_text(statement, 1, name);

	if (r == 0)
		r = store_bind_int(statement, 2, id);
	if (r == 0)
		r = store_bind_int(statement, 3, third);
	return r < 0 ? r : store_step(s, which);
}

int store_check_named(struct store *s, enum store_statement which, const char *name, uint32_t id)
{
	LK_CLEANUP(store_rest) sqlite3_stmt *statement = s->statements[which];
	int r, result;

	r = store_bind_text(statement, 1, name);
	if (r == 0)
		r = store_bind_int(statement, 2, id);
	if (r < 0)
		return r;
	result = sqlite3_step(statement);
	if (result != SQLITE_ROW)
		return result == SQLITE_DONE ? -EIO : store_errno(result);
	return sqlite3_column_int64(statement, 0) != 0 ? -EEXIST : 0;
}

/*
 * The mark is written after the commit: before it, a power cut would leave a store that seems to have gone back. Where
 * the last mark could not be written, nothing more is given out until it can.
 */
int store_begin(struct store *s)
{
	int r;

	if (s->is_batch)
		return s->batch_fault;
	r = mark_advance(&s->mark, s->generation);
	return r < 0 ? r : store_step(s, STATEMENT_BEGIN);
}

/* Who is refused because something is taken has written nothing. Any other fault may have ended the transaction, so that
 * what came after it would stand by itself: it spoils the batch. */
static int finish_in_batch(struct store *s, int r, bool advance)
{
	if (r < 0 && r != -EEXIST && s->batch_fault == 0)
		s->batch_fault = r;
	s->batch_advances |= r == 0 && advance;
	return r;
}

int store_finish(struct store *s, int r, bool advance)
{
	if (s->is_batch)
		return finish_in_batch(s, r, advance);
	if (r == 0 && advance)
		r = store_step(s, STATEMENT_ADVANCE);
	if (r == 0)
		r = store_step(s, STATEMENT_COMMIT);
	if (r < 0) {
		if (!sqlite3_get_autocommit(s->db))
			store_step(s, STATEMENT_ROLLBACK);
		return r;
	}
	if (advance) {
		s->generation++;
		/* The account is durable already; store_begin() tries again. */
		(void)mark_advance(&s->mark, s->generation);
	}
	return 0;
}

int store_batch_begin(struct store *s)
{
	int r = s->is_batch ? -EBUSY : store_begin(s);

	if (r < 0)
		return r;
	s->is_batch = true;
	s->batch_advances = false;
	s->batch_fault = 0;
	return 0;
}

int store_batch_end(struct store *s, int r)
{
	s->is_batch = false;
	return store_finish(s, r < 0 ? r : s->batch_fault, s->batch_advances);
}
