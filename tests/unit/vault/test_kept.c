/* SPDX-License-Identifier: MIT */
/* What is kept of a sign-in belongs to one identity under one uid, and goes with its account. T1, I8, I17, C1, C2, C14. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/vault/store_break_glass.h"
#include "helper/vault/store_internal.h"
#include "helper/vault/store_jti.h"
#include "helper/vault/store_pins.h"
#include "helper/vault/store_standing.h"
#include "helper/vault/store_tokens.h"
#include "tests/unit/vault/faulty_vfs.h"
#include "tests/unit/vault/killer.h"
#include "tests/unit/vault/sealed_world.h"

static struct row_owner owner(unsigned n)
{
	const struct account *a = stores_account(n);
	static char subjects[2][16];

	snprintf(subjects[n % 2], sizeof(subjects[0]), "%s", a->subject);
	return (struct row_owner){.uid = a->uid, .issuer = "https://id.example", .subject = subjects[n % 2]};
}

static int put(struct store *s, const struct row_owner *o, const char *refresh, bool renew)
{
	LK_CLEANUP(secret_freep) struct secret *token = NULL;
	char scope[] = "openid offline_access";
	struct kept_tokens t = {.scope = scope, .expires_s = 1700003600, .refreshing_s = 1700000000};

	assert_int_equal(secret_copy(&token, refresh, strlen(refresh)), 0);
	t.refresh_token = token;
	return renew ? store_renew_tokens(s, o, &t, 1700000000) : store_put_tokens(s, o, &t, 1700000000);
}

static void expect_token(struct store *s, const struct row_owner *o, const char *refresh)
{
	LK_CLEANUP(kept_tokens_freep) struct kept_tokens *t = NULL;

	if (!refresh) {
		assert_int_equal(store_find_tokens(s, o, &t), -ENOENT);
		return;
	}
	assert_int_equal(store_find_tokens(s, o, &t), 0);
	assert_string_equal(secret_data(t->refresh_token), refresh);
	assert_null(t->access_token);
	assert_string_equal(t->scope, "openid offline_access");
	assert_int_equal(t->expires_s, 1700003600);
	assert_int_equal(t->refreshing_s, 1700000000);
}

static void tokens(void **state)
{
	LK_CLEANUP(world_done) struct world w = open_world(*state);
	struct row_owner o = owner(1), other = owner(2);
	struct kept_note note;

	expect_token(w.store, &o, NULL);
	assert_int_equal(put(w.store, &o, "first", true), -ENOENT);
	expect_token(w.store, &o, NULL);
	assert_int_equal(put(w.store, &o, "first", false), 0);
	expect_token(w.store, &o, "first");
	assert_int_equal(put(w.store, &o, "second \"\\/\n\x7f", true), 0);
	expect_token(w.store, &o, "second \"\\/\n\x7f");
	assert_int_equal(put(w.store, &o, "not\xffUTF-8", true), -EINVAL);
	other.uid = o.uid;
	assert_int_equal(put(w.store, &other, "stranger's", true), -ENOENT);
	expect_token(w.store, &other, NULL);
	assert_int_equal(put(w.store, &other, "next person's", false), 0);
	expect_token(w.store, &o, NULL);
	expect_token(w.store, &other, "next person's");

	assert_int_equal(store_next_tokens(w.store, 0, &note), 0);
	assert_int_equal(note.uid, o.uid);
	assert_string_equal(note.subject, "s2");
	assert_string_equal(note.issuer, "https://id.example");
	assert_string_equal(note.key_id, seal_key_id(w.seal));
	assert_int_equal(note.stored_s, 1700000000);
	kept_note_done(&note);
	assert_int_equal(store_next_tokens(w.store, o.uid, &note), -ENOENT);
	assert_int_equal(store_drop_tokens(w.store, o.uid), 0);
	assert_int_equal(store_drop_tokens(w.store, o.uid), 0);
	expect_token(w.store, &other, NULL);
}

/* Until the next sign-in, whatever is refreshed or restarted in between. */
static void locked(void **state)
{
	struct world w = open_world(*state);
	struct row_owner o = owner(1), other = owner(2);

	other.uid = o.uid;
	assert_int_equal(store_lock_tokens(w.store, &o), -ENOENT);
	assert_int_equal(store_check_lock(w.store, &o), -ENOENT);
	assert_int_equal(put(w.store, &o, "first", false), 0);
	assert_int_equal(store_check_lock(w.store, &o), 0);
	assert_int_equal(store_lock_tokens(w.store, &other), -ENOENT);
	assert_int_equal(store_lock_tokens(w.store, &o), 0);
	assert_int_equal(store_check_lock(w.store, &o), -EACCES);
	assert_int_equal(store_check_lock(w.store, &other), -ENOENT);
	assert_int_equal(put(w.store, &o, "second", true), 0);
	assert_int_equal(store_check_lock(w.store, &o), -EACCES);
	world_done(&w);
	w = open_world(*state);
	assert_int_equal(store_check_lock(w.store, &o), -EACCES);
	expect_token(w.store, &o, "second");
	assert_int_equal(put(w.store, &o, "third", false), 0);
	assert_int_equal(store_check_lock(w.store, &o), 0);
	world_done(&w);
}

/* T1: a row that was copied to another person in the file itself does not open. */
static void row_moved(void **state)
{
	LK_CLEANUP(world_done) struct world w = open_world(*state);
	LK_CLEANUP(kept_tokens_freep) struct kept_tokens *t = NULL;
	LK_CLEANUP(pin_record_done) struct pin_record p = {.hash = NULL};
	struct row_owner o = owner(1), other = owner(2), elsewhere = owner(1);

	assert_int_equal(put(w.store, &o, "alice's", false), 0);
	assert_int_equal(store_run(w.store->db, "INSERT INTO kept_token SELECT uid + 1, issuer, 's2', key_id, sealed, "
						"stored_s, 0 FROM kept_token"),
			 0);
	assert_int_equal(store_find_tokens(w.store, &other, &t), -EKEYREJECTED);
	assert_int_equal(store_run(w.store->db, "UPDATE kept_token SET uid = 7 WHERE subject = 's1'"), 0);
	elsewhere.uid = 7;
	assert_int_equal(store_find_tokens(w.store, &elsewhere, &t), -EKEYREJECTED);
	/* nor as another kind of row */
	assert_int_equal(store_run(w.store->db,
				   "UPDATE kept_token SET uid = 1879048193 WHERE subject = 's1';"
				   "INSERT INTO pin SELECT uid, issuer, subject, key_id, sealed, 0, 0, 0 FROM "
				   "kept_token"),
			 0);
	expect_token(w.store, &o, "alice's");
	assert_int_equal(store_find_pin(w.store, &o, &p), -EKEYREJECTED);
}

/* C14: without its key the row is there and does not open; nothing is written in the clear. */
static void no_key(void **state)
{
	LK_CLEANUP(world_done) struct world w = open_world(*state);
	LK_CLEANUP(kept_tokens_freep) struct kept_tokens *t = NULL;
	LK_CLEANUP(seal_freep) struct seal *empty = NULL;
	struct row_owner o = owner(1);

	assert_int_equal(put(w.store, &o, "alice's", false), 0);
	store_use_seal(w.store, NULL);
	assert_int_equal(store_find_tokens(w.store, &o, &t), -EKEYREJECTED);
	assert_int_equal(put(w.store, &o, "in the clear", false), -ENOKEY);
	assert_int_equal(seal_new(&empty), 0);
	store_use_seal(w.store, empty);
	assert_int_equal(store_find_tokens(w.store, &o, &t), -EKEYREJECTED);
	assert_int_equal(put(w.store, &o, "in the clear", true), -ENOKEY);
	store_use_seal(w.store, w.seal);
	expect_token(w.store, &o, "alice's");
}

static int note(struct store *s, const struct row_owner *o, enum standing_state state, int64_t when, const char *reason)
{
	struct standing st = {.state = state, .checked_s = when};

	snprintf(st.reason, sizeof(st.reason), "%s", reason);
	return store_note_standing(s, o, &st);
}

static void expect_standing(struct store *s, const struct row_owner *o, enum standing_state state, int64_t when,
			    const char *acr)
{
	struct standing st;

	assert_int_equal(store_find_standing(s, o, &st), 0);
	assert_int_equal(st.state, state);
	assert_int_equal(st.checked_s, when);
	assert_string_equal(st.acr, acr);
}

/* I17: a refusal stays until the person has signed in again. */
static void standings(void **state)
{
	LK_CLEANUP(world_done) struct world w = open_world(*state);
	struct row_owner o = owner(1), other = owner(2);
	struct standing st = {.state = STANDING_GOOD,
			      .checked_s = 100,
			      .auth_time_s = 90,
			      .acr = "mfa",
			      .amr = "pwd otp",
			      .sid = "session-1"};
	struct standing_note n;

	assert_int_equal(store_find_standing(w.store, &o, &st), -ENOENT);
	assert_int_equal(note(w.store, &o, STANDING_GOOD, 50, ""), 0);
	expect_standing(w.store, &o, STANDING_GOOD, 50, "");
	assert_int_equal(store_put_standing(w.store, &o, &st), 0);
	assert_int_equal(note(w.store, &o, STANDING_GOOD, 200, ""), 0);
	expect_standing(w.store, &o, STANDING_GOOD, 200, "mfa");
	assert_int_equal(note(w.store, &o, STANDING_REFUSED, 300, "invalid_grant"), 0);
	expect_standing(w.store, &o, STANDING_REFUSED, 300, "mfa");
	assert_int_equal(note(w.store, &o, STANDING_GOOD, 400, ""), -EACCES);
	expect_standing(w.store, &o, STANDING_REFUSED, 300, "mfa");
	assert_int_equal(note(w.store, &o, STANDING_REFUSED, 500, "disabled"), 0);
	assert_int_equal(store_next_standing(w.store, 0, &n), 0);
	assert_int_equal(n.uid, o.uid);
	assert_string_equal(n.subject, "s1");
	assert_string_equal(n.standing.reason, "disabled");
	assert_string_equal(n.standing.sid, "session-1");
	standing_note_done(&n);
	assert_int_equal(store_next_standing(w.store, o.uid, &n), -ENOENT);
	assert_int_equal(store_put_standing(w.store, &o, &st), 0);
	expect_standing(w.store, &o, STANDING_GOOD, 100, "mfa");

	/* what another identity did under this uid counts for nothing, neither way */
	other.uid = o.uid;
	assert_int_equal(note(w.store, &o, STANDING_REFUSED, 600, "disabled"), 0);
	assert_int_equal(store_find_standing(w.store, &other, &st), -ENOENT);
	assert_int_equal(note(w.store, &other, STANDING_GOOD, 700, ""), 0);
	expect_standing(w.store, &other, STANDING_GOOD, 700, "");
	assert_int_equal(store_find_standing(w.store, &o, &st), -ENOENT);
	assert_int_equal(store_drop_standing(w.store, o.uid), 0);
	assert_int_equal(store_find_standing(w.store, &other, &st), -ENOENT);
}

static void pins(void **state)
{
	LK_CLEANUP(world_done) struct world w = open_world(*state);
	LK_CLEANUP(secret_freep) struct secret *hash = NULL;
	LK_CLEANUP(pin_record_done) struct pin_record p = {.hash = NULL};
	struct row_owner o = owner(1), other = owner(2);
	uint32_t n = 0;

	other.uid = o.uid;
	assert_int_equal(secret_copy(&hash, "$y$j9T$abc", 10), 0);
	assert_int_equal(store_count_pin_failure(w.store, &o, 5, &n), -ENOENT);
	assert_int_equal(store_put_pin(w.store, &o, hash, 5), 0);
	for (uint32_t i = 1; i <= 100; i++) {
		assert_int_equal(store_count_pin_failure(w.store, &o, 1000 + i, &n), 0);
		assert_int_equal(n, i);
	}
	assert_int_equal(store_count_pin_failure(w.store, &other, 2000, &n), -ENOENT);
	assert_int_equal(store_find_pin(w.store, &other, &p), -ENOENT);
	assert_int_equal(store_find_pin(w.store, &o, &p), 0);
	assert_true(secret_equal(p.hash, hash));
	assert_int_equal(p.failures, 100);
	assert_int_equal(p.last_failure_s, 1100);
	assert_int_equal(p.set_s, 5);
	pin_record_done(&p);
	assert_int_equal(store_clear_pin_failures(w.store, &o), 0);
	assert_int_equal(store_find_pin(w.store, &o, &p), 0);
	assert_int_equal(p.failures, 0);
	pin_record_done(&p);
	assert_int_equal(store_run(w.store->db, "UPDATE pin SET failures = 2147483647"), 0);
	assert_int_equal(store_count_pin_failure(w.store, &o, 5, &n), 0); /* it never begins anew */
	assert_int_equal(n, INT32_MAX);
	assert_int_equal(store_drop_pin(w.store, o.uid), 0);
	assert_int_equal(store_find_pin(w.store, &o, &p), -ENOENT);
}

static void break_glasses(void **state)
{
	LK_CLEANUP(world_done) struct world w = open_world(*state);
	struct break_glass b = {
		.name = "u00001", .until_s = 500, .reason = "provider down", .created_s = 100, .created_by = "root"};
	struct break_glass found;

	assert_int_equal(store_find_break_glass(w.store, "u00001", &found), -ENOENT);
	assert_int_equal(store_put_break_glass(w.store, &b), 0);
	assert_int_equal(store_see_break_glass(w.store, 300), 0);
	assert_int_equal(store_see_break_glass(w.store, 200), 0);
	assert_int_equal(store_find_break_glass(w.store, "u00001", &found), 0);
	assert_int_equal(found.seen_s, 300);
	assert_int_equal(found.until_s, 500);
	assert_string_equal(found.reason, "provider down");
	assert_string_equal(found.created_by, "root");
	assert_int_equal(store_next_break_glass(w.store, NULL, &found), 0);
	assert_int_equal(store_next_break_glass(w.store, "u00001", &found), -ENOENT);
	b.until_s = 900;
	assert_int_equal(store_put_break_glass(w.store, &b), 0);
	assert_int_equal(store_find_break_glass(w.store, "u00001", &found), 0);
	assert_int_equal(found.seen_s, 100);
	assert_int_equal(store_drop_break_glass(w.store, "u00001"), 0);
	assert_int_equal(store_drop_break_glass(w.store, "u00001"), -ENOENT);
}

/* T19: the id counts once for its issuer, also for the next process. */
static void jtis(void **state)
{
	struct world w = open_world(*state);

	assert_int_equal(store_find_jti(w.store, "https://id.example", "a"), -ENOENT);
	assert_int_equal(store_use_jti(w.store, "https://id.example", "a", 500), 0);
	assert_int_equal(store_find_jti(w.store, "https://id.example", "a"), 0);
	assert_int_equal(store_find_jti(w.store, "https://id.example", "b"), -ENOENT);
	assert_int_equal(store_find_jti(w.store, "https://id.other", "a"), -ENOENT);
	assert_int_equal(store_use_jti(w.store, "https://id.example", "a", 500), -EEXIST);
	assert_int_equal(store_use_jti(w.store, "https://id.other", "a", 500), 0);
	world_done(&w);
	w = open_world(*state);
	assert_int_equal(store_use_jti(w.store, "https://id.example", "a", 900), -EEXIST);
	assert_int_equal(store_forget_jti(w.store, 500), 0);
	assert_int_equal(store_use_jti(w.store, "https://id.example", "a", 900), -EEXIST);
	assert_int_equal(store_forget_jti(w.store, 501), 0);
	assert_int_equal(store_use_jti(w.store, "https://id.example", "a", 900), 0);
	world_done(&w);
}

static void fill(struct store *s, const struct row_owner *o, const char *name)
{
	LK_CLEANUP(secret_freep) struct secret *hash = NULL;
	struct break_glass b = {.until_s = 500, .reason = "r", .created_by = "root"};

	snprintf(b.name, sizeof(b.name), "%s", name);
	assert_int_equal(secret_copy(&hash, "$y$j9T$abc", 10), 0);
	assert_int_equal(put(s, o, "token", false), 0);
	assert_int_equal(note(s, o, STANDING_REFUSED, 300, "disabled"), 0);
	assert_int_equal(store_put_pin(s, o, hash, 5), 0);
	assert_int_equal(store_put_break_glass(s, &b), 0);
}

static int64_t rows(struct store *s, const char *table, uint32_t uid)
{
	int64_t n = -1;
	char question[128];

	snprintf(question, sizeof(question), "SELECT count(*) FROM %s WHERE uid = %u", table, uid);
	assert_int_equal(store_ask(s->db, question, &n, NULL, 0), 0);
	return n;
}

static void follows_account(void **state)
{
	LK_CLEANUP(world_done) struct world w = open_world(*state);
	struct row_owner o = owner(0), other = owner(1);
	struct break_glass b;
	struct account a;
	char name[] = "renamed";

	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(store_insert(w.store, stores_account(i)), 0);
	fill(w.store, &o, "u00000");
	fill(w.store, &other, "u00001");

	/* renamed: all of it stays */
	a = *stores_account(0);
	a.name = name;
	assert_int_equal(store_rename(w.store, "u00000", &a, 5), 0);
	expect_token(w.store, &o, "token");
	assert_int_equal(store_find_break_glass(w.store, "u00000", &b), -ENOENT);
	assert_int_equal(store_find_break_glass(w.store, "renamed", &b), 0);

	/* another uid: what was sealed for the old one is gone, a refusal is not */
	assert_int_equal(store_move(w.store, &a, 1879050000, 1879050000, 5), 0);
	expect_token(w.store, &o, NULL);
	assert_int_equal(rows(w.store, "pin", o.uid), 0);
	assert_int_equal(rows(w.store, "standing", o.uid), 0);
	o.uid = 1879050000;
	expect_token(w.store, &o, NULL);
	expect_standing(w.store, &o, STANDING_REFUSED, 300, "");
	a.uid = a.gid = o.uid;

	/* another gid alone: nothing changes */
	fill(w.store, &o, "renamed");
	assert_int_equal(store_move(w.store, &a, o.uid, 1879050001, 5), 0);
	expect_token(w.store, &o, "token");
	a.gid = 1879050001;

	/* forgotten */
	a.state = ACCOUNT_FORGOTTEN;
	assert_int_equal(store_update(w.store, &a), 0);
	assert_int_equal(rows(w.store, "kept_token", o.uid), 0);
	assert_int_equal(rows(w.store, "pin", o.uid), 0);
	assert_int_equal(rows(w.store, "standing", o.uid), 0);
	assert_int_equal(store_find_break_glass(w.store, "renamed", &b), -ENOENT);

	/* removed; the others keep theirs until then */
	expect_token(w.store, &other, "token");
	assert_int_equal(store_remove(w.store, stores_account(1), true, 5), 0);
	assert_int_equal(rows(w.store, "kept_token", other.uid), 0);
	assert_int_equal(rows(w.store, "standing", other.uid), 0);
	assert_int_equal(store_find_break_glass(w.store, "u00001", &b), -ENOENT);
}

/* Tokens and standing of one sign-in are there together or not at all; who is not there any more spoils no batch. */
static void in_a_batch(void **state)
{
	LK_CLEANUP(world_done) struct world w = open_world(*state);
	struct standing st = {.state = STANDING_GOOD, .checked_s = 100};
	struct row_owner o = owner(1), other = owner(2);

	assert_int_equal(store_batch_begin(w.store), 0);
	assert_int_equal(put(w.store, &o, "token", false), 0);
	assert_int_equal(store_put_standing(w.store, &o, &st), 0);
	assert_int_equal(store_batch_end(w.store, -ECANCELED), -ECANCELED);
	expect_token(w.store, &o, NULL);
	assert_int_equal(store_find_standing(w.store, &o, &st), -ENOENT);
	assert_int_equal(store_batch_begin(w.store), 0);
	assert_int_equal(put(w.store, &o, "token", false), 0);
	assert_int_equal(put(w.store, &other, "token", true), -ENOENT);
	assert_int_equal(store_batch_end(w.store, 0), 0);
	expect_token(w.store, &o, "token");
}

/* C2: a disk that is full, fails or is read-only at any write: what was kept before is there, whole, and what is said to be
 * stored is. */
static void disk_faults(void **state)
{
	static const struct {
		int calls;
		int error;
		int expected;
	} kinds[] = {
		{FAULTY_WRITE, SQLITE_FULL, -ENOSPC},
		{FAULTY_WRITE, SQLITE_IOERR_WRITE, -EIO},
		{FAULTY_WRITE, SQLITE_READONLY, -EROFS},
		{FAULTY_SYNC, SQLITE_IOERR_FSYNC, -EIO},
	};
	struct row_owner o = owner(1);

	faulty_install();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		bool failed = true;

		for (unsigned after = 0; failed; after++) {
			struct world w = open_world(*state);
			int r;

			assert_int_equal(put(w.store, &o, "before", false), 0);
			faulty_fail(kinds[i].calls, after, kinds[i].error);
			r = put(w.store, &o, "behind", true);
			failed = faulty_count() > after;
			faulty_fail(0, 0, 0);
			assert_int_equal(r, failed ? kinds[i].expected : 0);
			expect_token(w.store, &o, r == 0 ? "behind" : "before");
			world_done(&w);
			w = open_world(*state);
			expect_token(w.store, &o, r == 0 ? "behind" : "before");
			world_done(&w);
		}
	}
	faulty_remove();
}

static void renew_and_refuse(void *userdata)
{
	struct world w = open_world(userdata);
	struct row_owner o = owner(1);

	killer_begin();
	if (put(w.store, &o, "behind", true) < 0 || note(w.store, &o, STANDING_REFUSED, 300, "disabled") < 0)
		_exit(3);
}

/* C1: killed at any system call of a change: the old one or the new one, never half of it, and in their order. */
static void killed_while_writing(void **state)
{
	struct row_owner o = owner(1);
	bool was_killed = true;
	unsigned n_new = 0, n_old = 0;

	for (unsigned n = 0; was_killed; n++) {
		LK_CLEANUP(kept_tokens_freep) struct kept_tokens *t = NULL;
		struct world w = open_world(*state);
		struct standing st;
		bool is_new;
		int r;

		assert_int_equal(put(w.store, &o, "before", false), 0);
		assert_int_equal(store_drop_standing(w.store, o.uid), 0);
		world_done(&w);
		was_killed = killer_run(renew_and_refuse, *state, n);
		w = open_world(*state);
		assert_int_equal(store_find_tokens(w.store, &o, &t), 0);
		is_new = strcmp(secret_data(t->refresh_token), "behind") == 0;
		assert_true(is_new || strcmp(secret_data(t->refresh_token), "before") == 0);
		r = store_find_standing(w.store, &o, &st);
		assert_true(r == -ENOENT || (is_new && r == 0 && st.state == STANDING_REFUSED));
		n_new += is_new;
		n_old += !is_new;
		world_done(&w);
		assert_true(n < 1000);
	}
	assert_true(n_new > 2 && n_old > 2);
}

static void encoding(void **state)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"refresh_token\":\"\"}",
		"{\"refresh_token\":1}",
		"{\"scope\":\"a\"}",
		"{\"refresh_token\":\"a\",\"expires_s\":-1}",
		"{\"refresh_token\":\"a\",\"expires_s\":\"1\"}",
		"{\"refresh_token\":\"a\",\"scope\":[]}",
		"{\"refresh_token\":\"a\"",
		"{\"refresh_token\":\"a\"}x",
		"{\"refresh_token\":\"a\",\"refresh_token\":\"b\"}",
	};
	LK_CLEANUP(secret_freep) struct secret *long_token = NULL;
	LK_CLEANUP(secret_freep) struct secret *text = NULL;
	static char bytes[KEPT_TOKEN_MAX + 1];
	struct kept_tokens t = {.expires_s = 5};
	struct kept_tokens *found = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (kept_tokens_decode(&found, bad[i], strlen(bad[i])) != -EBADMSG)
			fail_msg("%s", bad[i]);
	assert_int_equal(kept_tokens_encode(&text, &t), -EINVAL);
	memset(bytes, 'a', sizeof(bytes));
	assert_int_equal(secret_copy(&long_token, bytes, sizeof(bytes)), 0);
	t.access_token = long_token;
	assert_int_equal(kept_tokens_encode(&text, &t), -EINVAL);
	secret_free(long_token);
	assert_int_equal(secret_copy(&long_token, bytes, KEPT_TOKEN_MAX), 0);
	t.access_token = t.refresh_token = long_token;
	assert_int_equal(kept_tokens_encode(&text, &t), 0);
	assert_int_equal(kept_tokens_decode(&found, secret_data(text), secret_len(text)), 0);
	assert_true(secret_equal(found->access_token, long_token));
	assert_true(secret_equal(found->refresh_token, long_token));
	assert_null(found->scope);
	assert_int_equal(found->expires_s, 5);
	assert_int_equal(found->refreshing_s, 0);
	kept_tokens_free(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tokens, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(locked, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(row_moved, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(no_key, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(standings, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(pins, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(break_glasses, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(jtis, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(follows_account, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(in_a_batch, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(disk_faults, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(killed_while_writing, stores_setup, stores_teardown),
		cmocka_unit_test(encoding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
