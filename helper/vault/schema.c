/* SPDX-License-Identifier: MIT */
/*
 * The store's tables. SQLite keeps any type in any column unless a CHECK says otherwise; each column has one, so that a
 * row written by a faulty program fails when it is written and not when somebody logs in by it.
 */
#include "helper/vault/schema.h"

#define NAME_32 "CHECK (typeof(name) = 'text' AND length(CAST(name AS BLOB)) BETWEEN 1 AND 32)"

/* clang-format off */
static const char meta[] =
	"CREATE TABLE meta ("
	"id INTEGER PRIMARY KEY CHECK (id = 1), "
	"generation INTEGER NOT NULL CHECK (typeof(generation) = 'integer' AND generation >= 0))";

/* Schema 1 knew accounts that are active (1) or forgotten (2), each with its identity. */
static const char account_1[] =
	"CREATE TABLE account ("
	"uid INTEGER PRIMARY KEY NOT NULL CHECK (uid BETWEEN 1 AND 2147483647), "
	"gid INTEGER NOT NULL CHECK (typeof(gid) = 'integer' AND gid BETWEEN 1 AND 2147483647), "
	"name TEXT NOT NULL CHECK (typeof(name) = 'text' AND length(CAST(name AS BLOB)) BETWEEN 1 AND 32), "
	"issuer TEXT NOT NULL CHECK (typeof(issuer) = 'text' AND length(CAST(issuer AS BLOB)) BETWEEN 1 AND 1024), "
	"subject TEXT NOT NULL CHECK (typeof(subject) = 'text' AND length(CAST(subject AS BLOB)) BETWEEN 1 AND 512), "
	"provider TEXT NOT NULL CHECK (typeof(provider) = 'text' AND length(CAST(provider AS BLOB)) BETWEEN 1 AND 64), "
	"gecos TEXT NOT NULL CHECK (typeof(gecos) = 'text' AND length(CAST(gecos AS BLOB)) BETWEEN 0 AND 127), "
	"home TEXT NOT NULL CHECK (typeof(home) = 'text' AND length(CAST(home AS BLOB)) BETWEEN 1 AND 255), "
	"shell TEXT NOT NULL CHECK (typeof(shell) = 'text' AND length(CAST(shell AS BLOB)) BETWEEN 1 AND 127), "
	"facts TEXT NOT NULL CHECK (typeof(facts) = 'text' AND length(CAST(facts AS BLOB)) BETWEEN 2 AND 65536), "
	"state INTEGER NOT NULL CHECK (typeof(state) = 'integer' AND state IN (1, 2)), "
	"created_s INTEGER NOT NULL CHECK (typeof(created_s) = 'integer' AND created_s >= 0), "
	"last_sign_in_s INTEGER NOT NULL CHECK (typeof(last_sign_in_s) = 'integer' AND last_sign_in_s >= 0), "
	"UNIQUE (name), UNIQUE (issuer, subject))";

/* The rowid is the uid: unique by nature. Forgotten accounts keep their row, so name, uid and identity
 * stay taken. An expected one (3) may have no identity yet: whoever the provider proves first under its name has it. */
static const char account[] =
	"CREATE TABLE account ("
	"uid INTEGER PRIMARY KEY NOT NULL CHECK (uid BETWEEN 1 AND 2147483647), "
	"gid INTEGER NOT NULL CHECK (typeof(gid) = 'integer' AND gid BETWEEN 1 AND 2147483647), "
	"name TEXT NOT NULL CHECK (typeof(name) = 'text' AND length(CAST(name AS BLOB)) BETWEEN 1 AND 32), "
	"issuer TEXT NOT NULL CHECK (typeof(issuer) = 'text' AND length(CAST(issuer AS BLOB)) BETWEEN 1 AND 1024), "
	"subject TEXT CHECK (CASE WHEN subject IS NULL THEN state = 3 ELSE "
	"typeof(subject) = 'text' AND length(CAST(subject AS BLOB)) BETWEEN 1 AND 512 END), "
	"provider TEXT NOT NULL CHECK (typeof(provider) = 'text' AND length(CAST(provider AS BLOB)) BETWEEN 1 AND 64), "
	"gecos TEXT NOT NULL CHECK (typeof(gecos) = 'text' AND length(CAST(gecos AS BLOB)) BETWEEN 0 AND 127), "
	"home TEXT NOT NULL CHECK (typeof(home) = 'text' AND length(CAST(home AS BLOB)) BETWEEN 1 AND 255), "
	"shell TEXT NOT NULL CHECK (typeof(shell) = 'text' AND length(CAST(shell AS BLOB)) BETWEEN 1 AND 127), "
	"facts TEXT NOT NULL CHECK (typeof(facts) = 'text' AND length(CAST(facts AS BLOB)) BETWEEN 2 AND 65536), "
	"state INTEGER NOT NULL CHECK (typeof(state) = 'integer' AND state IN (1, 2, 3)), "
	"created_s INTEGER NOT NULL CHECK (typeof(created_s) = 'integer' AND created_s >= 0), "
	"last_sign_in_s INTEGER NOT NULL CHECK (typeof(last_sign_in_s) = 'integer' AND last_sign_in_s >= 0), "
	"UNIQUE (name), UNIQUE (issuer, subject))";

/* Who else has a gid is asked for each number that is given out. */
static const char account_gid[] = "CREATE INDEX account_gid ON account (gid)";

/* Names and numbers that an account has had: neither is anybody's any more, nor will be. */
static const char retired_name[] =
	"CREATE TABLE retired_name ("
	"name TEXT PRIMARY KEY NOT NULL " NAME_32 ", "
	"uid INTEGER NOT NULL CHECK (typeof(uid) = 'integer' AND uid BETWEEN 1 AND 2147483647), "
	"retired_s INTEGER NOT NULL CHECK (typeof(retired_s) = 'integer' AND retired_s >= 0))";

static const char retired_id[] =
	"CREATE TABLE retired_id ("
	"id INTEGER PRIMARY KEY NOT NULL CHECK (id BETWEEN 1 AND 2147483647), "
	"name TEXT NOT NULL " NAME_32 ", "
	"retired_s INTEGER NOT NULL CHECK (typeof(retired_s) = 'integer' AND retired_s >= 0))";

/* Groups of our own, in use (1) or no more (2). No gid of theirs is ever an account's uid or gid. */
static const char own_group[] =
	"CREATE TABLE own_group ("
	"gid INTEGER PRIMARY KEY NOT NULL CHECK (gid BETWEEN 1 AND 2147483647), "
	"name TEXT NOT NULL " NAME_32 ", "
	"state INTEGER NOT NULL CHECK (typeof(state) = 'integer' AND state IN (1, 2)), "
	"created_s INTEGER NOT NULL CHECK (typeof(created_s) = 'integer' AND created_s >= 0), "
	"UNIQUE (name))";

/* Accounts of /etc/passwd that root's configuration gives to an identity. */
static const char local_account[] =
	"CREATE TABLE local_account ("
	"name TEXT PRIMARY KEY NOT NULL " NAME_32 ", "
	"issuer TEXT NOT NULL CHECK (typeof(issuer) = 'text' AND length(CAST(issuer AS BLOB)) BETWEEN 1 AND 1024), "
	"subject TEXT NOT NULL CHECK (typeof(subject) = 'text' AND length(CAST(subject AS BLOB)) BETWEEN 1 AND 512), "
	"facts TEXT NOT NULL CHECK (typeof(facts) = 'text' AND length(CAST(facts AS BLOB)) BETWEEN 2 AND 65536), "
	"last_sign_in_s INTEGER NOT NULL CHECK (typeof(last_sign_in_s) = 'integer' AND last_sign_in_s >= 0))";

/* Whose a row is. The uid is an account's or that of a local account: the two never meet. */
#define OWNER                                                                                                          \
	"uid INTEGER PRIMARY KEY NOT NULL CHECK (uid BETWEEN 1 AND 4294967294), "                                      \
	"issuer TEXT NOT NULL CHECK (typeof(issuer) = 'text' AND length(CAST(issuer AS BLOB)) BETWEEN 1 AND 1024), "   \
	"subject TEXT NOT NULL CHECK (typeof(subject) = 'text' AND length(CAST(subject AS BLOB)) BETWEEN 1 AND 512), "
#define SEALED                                                                                                         \
	"key_id TEXT NOT NULL CHECK (typeof(key_id) = 'text' AND length(CAST(key_id AS BLOB)) = 16), "                 \
	"sealed BLOB NOT NULL CHECK (typeof(sealed) = 'blob' AND length(sealed) BETWEEN 30 AND 262144), "

/* What helper/vault/seal.h has closed: nothing in the file says what is in there. Locked (1), nothing of it is handed out. */
static const char kept_token[] =
	"CREATE TABLE kept_token ("
	OWNER SEALED
	"stored_s INTEGER NOT NULL CHECK (typeof(stored_s) = 'integer' AND stored_s >= 0), "
	"is_locked INTEGER NOT NULL CHECK (typeof(is_locked) = 'integer' AND is_locked IN (0, 1)))";

/* The provider's last word: good (1) or refused (2). */
static const char standing[] =
	"CREATE TABLE standing ("
	OWNER
	"state INTEGER NOT NULL CHECK (typeof(state) = 'integer' AND state IN (1, 2)), "
	"checked_s INTEGER NOT NULL CHECK (typeof(checked_s) = 'integer' AND checked_s >= 0), "
	"reason TEXT NOT NULL CHECK (typeof(reason) = 'text' AND length(CAST(reason AS BLOB)) BETWEEN 0 AND 255), "
	"auth_time_s INTEGER NOT NULL CHECK (typeof(auth_time_s) = 'integer' AND auth_time_s >= 0), "
	"acr TEXT NOT NULL CHECK (typeof(acr) = 'text' AND length(CAST(acr AS BLOB)) BETWEEN 0 AND 255), "
	"amr TEXT NOT NULL CHECK (typeof(amr) = 'text' AND length(CAST(amr AS BLOB)) BETWEEN 0 AND 1024), "
	"sid TEXT NOT NULL CHECK (typeof(sid) = 'text' AND length(CAST(sid AS BLOB)) BETWEEN 0 AND 255))";

/* A PIN is short: its hash is sealed, so that a stolen copy of the file is none to try PINs on. */
static const char pin[] =
	"CREATE TABLE pin ("
	OWNER SEALED
	"failures INTEGER NOT NULL CHECK (typeof(failures) = 'integer' AND failures BETWEEN 0 AND 2147483647), "
	"last_failure_s INTEGER NOT NULL CHECK (typeof(last_failure_s) = 'integer' AND last_failure_s >= 0), "
	"set_s INTEGER NOT NULL CHECK (typeof(set_s) = 'integer' AND set_s >= 0))";

/* seen_s is the latest time that the clock has shown meanwhile: one that is set back does not make it last longer. */
static const char break_glass[] =
	"CREATE TABLE break_glass ("
	"name TEXT PRIMARY KEY NOT NULL " NAME_32 ", "
	"until_s INTEGER NOT NULL CHECK (typeof(until_s) = 'integer' AND until_s >= 0), "
	"reason TEXT NOT NULL CHECK (typeof(reason) = 'text' AND length(CAST(reason AS BLOB)) BETWEEN 1 AND 255), "
	"created_s INTEGER NOT NULL CHECK (typeof(created_s) = 'integer' AND created_s >= 0), "
	"created_by TEXT NOT NULL CHECK (typeof(created_by) = 'text' AND "
	"length(CAST(created_by AS BLOB)) BETWEEN 1 AND 64), "
	"seen_s INTEGER NOT NULL CHECK (typeof(seen_s) = 'integer' AND seen_s >= 0))";

/* Ids of statements that count once: logout tokens, security events, assertions. */
static const char used_jti[] =
	"CREATE TABLE used_jti ("
	"issuer TEXT NOT NULL CHECK (typeof(issuer) = 'text' AND length(CAST(issuer AS BLOB)) BETWEEN 1 AND 1024), "
	"jti TEXT NOT NULL CHECK (typeof(jti) = 'text' AND length(CAST(jti AS BLOB)) BETWEEN 1 AND 512), "
	"expires_s INTEGER NOT NULL CHECK (typeof(expires_s) = 'integer' AND expires_s >= 0), "
	"PRIMARY KEY (issuer, jti))";

static const char used_jti_expires[] = "CREATE INDEX used_jti_expires ON used_jti (expires_s)";

/* Grants that are over here, and of which the provider has not heard yet: sealed as they were in kept_token, so that they can
 * leave it without being opened. One owner may have several. */
static const char pending_revocation[] =
	"CREATE TABLE pending_revocation ("
	"id INTEGER PRIMARY KEY NOT NULL CHECK (id >= 1), "
	"uid INTEGER NOT NULL CHECK (typeof(uid) = 'integer' AND uid BETWEEN 1 AND 4294967294), "
	"issuer TEXT NOT NULL CHECK (typeof(issuer) = 'text' AND length(CAST(issuer AS BLOB)) BETWEEN 1 AND 1024), "
	"subject TEXT NOT NULL CHECK (typeof(subject) = 'text' AND length(CAST(subject AS BLOB)) BETWEEN 1 AND 512), "
	SEALED
	"since_s INTEGER NOT NULL CHECK (typeof(since_s) = 'integer' AND since_s >= 0))";

/* Who this host is at a provider where it has enrolled itself: its id, secret and registration token, sealed. */
static const char client_registration[] =
	"CREATE TABLE client_registration ("
	"id INTEGER PRIMARY KEY NOT NULL CHECK (id >= 1), "
	"issuer TEXT NOT NULL CHECK (typeof(issuer) = 'text' AND length(CAST(issuer AS BLOB)) BETWEEN 1 AND 1024), "
	"provider TEXT NOT NULL CHECK (typeof(provider) = 'text' AND length(CAST(provider AS BLOB)) BETWEEN 1 AND 255), "
	SEALED
	"stored_s INTEGER NOT NULL CHECK (typeof(stored_s) = 'integer' AND stored_s >= 0), "
	"UNIQUE (issuer, provider))";
/* clang-format on */

static const struct schema_object objects_1[] = {{"meta", meta}, {"account", account_1}};

static const struct schema_object objects_2[] = {
	{"meta", meta},
	{"account", account},
	{"account_gid", account_gid},
	{"retired_name", retired_name},
	{"retired_id", retired_id},
	{"own_group", own_group},
	{"local_account", local_account},
};

static const struct schema_object objects_3[] = {
	{"meta", meta},
	{"account", account},
	{"account_gid", account_gid},
	{"retired_name", retired_name},
	{"retired_id", retired_id},
	{"own_group", own_group},
	{"local_account", local_account},
	{"kept_token", kept_token},
	{"standing", standing},
	{"pin", pin},
	{"break_glass", break_glass},
	{"used_jti", used_jti},
	{"used_jti_expires", used_jti_expires},
};

static const struct schema_object objects_4[] = {
	{"meta", meta},
	{"account", account},
	{"account_gid", account_gid},
	{"retired_name", retired_name},
	{"retired_id", retired_id},
	{"own_group", own_group},
	{"local_account", local_account},
	{"kept_token", kept_token},
	{"standing", standing},
	{"pin", pin},
	{"break_glass", break_glass},
	{"used_jti", used_jti},
	{"used_jti_expires", used_jti_expires},
	{"pending_revocation", pending_revocation},
	{"client_registration", client_registration},
};

static const struct schema schemas[] = {
	{1, objects_1, sizeof(objects_1) / sizeof(objects_1[0])},
	{2, objects_2, sizeof(objects_2) / sizeof(objects_2[0])},
	{3, objects_3, sizeof(objects_3) / sizeof(objects_3[0])},
	{SCHEMA_VERSION, objects_4, sizeof(objects_4) / sizeof(objects_4[0])},
};

const struct schema *schema_find(int64_t version)
{
	for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++)
		if (schemas[i].version == version)
			return &schemas[i];
	return NULL;
}
