/* SPDX-License-Identifier: MIT */
/* Grants that are over here and of which the provider has still to hear: none is lost, and none comes back. REV-04, REV-06, C1, C14. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "helper/vault/store_internal.h"
#include "helper/vault/store_reseal.h"
#include "helper/vault/store_revocations.h"
#include "helper/vault/store_tokens.h"
#include "tests/unit/vault/killer.h"
#include "tests/unit/vault/sealed_world.h"

static const unsigned char later_key[SEAL_KEY_SIZE] = {2};

static struct row_owner owner(void)
{
	return (struct row_owner){.uid = stores_account(0)->uid, .issuer = "https://id.example", .subject = "s0"};
}

static int keep(struct store *s, const char *token, bool is_kept)
{
	LK_CLEANUP(secret_freep) struct secret *secret = NULL;
	struct row_owner o = owner();
	struct kept_tokens t = {.expires_s = 1};

	assert_int_equal(secret_copy(&secret, token, strlen(token)), 0);
	t.refresh_token = secret;
	return is_kept ? store_put_tokens(s, &o, &t, 1) : store_put_revocation(s, &o, &t, NULL);
}

static bool is_kept(struct store *s)
{
	LK_CLEANUP(kept_tokens_freep) struct kept_tokens *t = NULL;
	struct row_owner o = owner();
	int r = store_find_tokens(s, &o, &t);

	assert_true(r == 0 || r == -ENOENT);
	return r == 0;
}

/* The first one behind *at; NULL where there is none. */
static const char *next(struct store *s, int64_t *at)
{
	static char token[64];
	LK_CLEANUP(revocation_done) struct revocation r = {.issuer = NULL};
	int e = store_next_revocation(s, *at, &r);

	if (e == -ENOENT)
		return NULL;
	assert_int_equal(e, 0);
	assert_int_equal(r.uid, owner().uid);
	assert_string_equal(r.issuer, owner().issuer);
	assert_string_equal(r.subject, owner().subject);
	assert_true(r.since_s > 1700000000);
	assert_true(r.id > *at);
	*at = r.id;
	snprintf(token, sizeof(token), "%s", r.tokens ? secret_data(r.tokens->refresh_token) : "shut");
	return token;
}

static void expect_one(struct store *s, const char *token)
{
	int64_t at = 0;

	assert_string_equal(next(s, &at), token);
	assert_null(next(s, &at));
}

/* REV-06: what is revoked is of no use here any more from that moment on, and a restart loses none of it. */
static void moves(void **state)
{
	struct world w = open_world(*state);
	struct revocation r;
	int64_t at = 0, id = 7;

	assert_int_equal(store_revoke_tokens(w.store, owner().uid, &id), 0);
	assert_int_equal(id, 0);
	assert_null(next(w.store, &at));
	assert_int_equal(keep(w.store, "first", true), 0);
	assert_int_equal(store_revoke_tokens(w.store, owner().uid, &id), 0);
	assert_int_equal(store_find_revocation(w.store, id, &r), 0);
	assert_int_equal(r.id, id);
	revocation_done(&r);
	assert_false(is_kept(w.store));
	assert_int_equal(keep(w.store, "second", false), 0);
	world_done(&w);

	w = open_world(*state);
	assert_false(is_kept(w.store));
	assert_string_equal(next(w.store, &at), "first");
	assert_int_equal(store_drop_revocation(w.store, at), 0);
	assert_int_equal(store_drop_revocation(w.store, at), 0);
	assert_int_equal(store_find_revocation(w.store, id, &r), -ENOENT);
	assert_string_equal(next(w.store, &at), "second");
	assert_null(next(w.store, &at));
	at = 0;
	assert_string_equal(next(w.store, &at), "second");
	world_done(&w);
}

/* What was sealed for a uid that is the account's no more opens nothing: the provider is to hear of it. */
static void moved_account(void **state)
{
	LK_CLEANUP(world_done) struct world w = open_world(*state);
	struct account a = *stores_account(0);

	assert_int_equal(store_insert(w.store, &a), 0);
	assert_int_equal(keep(w.store, "moved", true), 0);
	assert_int_equal(store_move(w.store, &a, a.uid + 70000, a.gid + 70000, 5), 0);
	assert_false(is_kept(w.store));
	expect_one(w.store, "moved");
}

static void forgotten_account(void **state)
{
	LK_CLEANUP(world_done) struct world w = open_world(*state);
	struct account a = *stores_account(0);

	assert_int_equal(store_insert(w.store, &a), 0);
	assert_int_equal(keep(w.store, "forgotten", true), 0);
	a.state = ACCOUNT_FORGOTTEN;
	assert_int_equal(store_update(w.store, &a), 0);
	assert_false(is_kept(w.store));
	expect_one(w.store, "forgotten");
}

/* Signing in and out while the provider does not answer fills no disk: the last eight of an owner are kept. */
static void limit(void **state)
{
	LK_CLEANUP(world_done) struct world w = open_world(*state);
	char token[24];
	int64_t at = 0;

	for (unsigned i = 0; i < 12; i++) {
		snprintf(token, sizeof(token), "token %u", i);
		assert_int_equal(keep(w.store, token, i % 2 == 0), 0);
		if (i % 2 == 0)
			assert_int_equal(store_revoke_tokens(w.store, owner().uid, NULL), 0);
	}
	for (unsigned i = 4; i < 12; i++) {
		snprintf(token, sizeof(token), "token %u", i);
		assert_string_equal(next(w.store, &at), token);
	}
	assert_null(next(w.store, &at));
}

/* C14: without the key nothing new is written, and what there is moves and stays shut until the key is back. */
static void no_key(void **state)
{
	LK_CLEANUP(world_done) struct world w = open_world(*state);

	assert_int_equal(keep(w.store, "token", true), 0);
	store_use_seal(w.store, NULL);
	assert_int_equal(keep(w.store, "in the clear", false), -ENOKEY);
	assert_int_equal(store_revoke_tokens(w.store, owner().uid, NULL), 0);
	expect_one(w.store, "shut");
	store_use_seal(w.store, w.seal);
	expect_one(w.store, "token");
	/* T1: nor does it open for somebody else */
	assert_int_equal(store_run(w.store->db, "UPDATE pending_revocation SET subject = 's0', key_id = key_id, "
						"issuer = 'https://id.example', since_s = since_s + 1, "
						"sealed = (SELECT zeroblob(40))"),
			 0);
	expect_one(w.store, "shut");
}

/* A change of the key leaves none behind that only the old one opens. */
static void rotation(void **state)
{
	LK_CLEANUP(world_done) struct world w = open_world(*state);
	LK_CLEANUP(seal_freep) struct seal *turned = NULL, *settled = NULL;
	struct reseal r;
	int e;

	assert_int_equal(keep(w.store, "token", false), 0);
	assert_int_equal(seal_new(&turned), 0);
	assert_int_equal(seal_add_key(turned, later_key), 0);
	assert_int_equal(seal_add_key(turned, key), 0);
	store_use_seal(w.store, turned);
	reseal_init(&r);
	do
		e = store_reseal(w.store, &r, 1);
	while (e == 1);
	assert_int_equal(e, 0);
	assert_int_equal(r.n_resealed, 1);
	assert_int_equal(seal_new(&settled), 0);
	assert_int_equal(seal_add_key(settled, later_key), 0);
	store_use_seal(w.store, settled);
	expect_one(w.store, "token");
	store_use_seal(w.store, w.seal);
}

static void end_grant(void *userdata)
{
	struct world w = open_world(userdata);

	killer_begin();
	if (store_revoke_tokens(w.store, owner().uid, NULL) < 0)
		_exit(3);
}

/* C1: killed at any system call, they are kept or wait to be revoked: never both, and never neither. */
static void killed_while_moving(void **state)
{
	bool was_killed = true;
	unsigned n_kept = 0;

	for (unsigned n = 0; was_killed; n++) {
		struct world w = open_world(*state);
		int64_t at = 0;
		bool was_kept;

		assert_int_equal(store_run(w.store->db, "DELETE FROM pending_revocation"), 0);
		assert_int_equal(keep(w.store, "token", true), 0);
		world_done(&w);
		was_killed = killer_run(end_grant, *state, n);
		w = open_world(*state);
		was_kept = is_kept(w.store);
		assert_true(was_kept == (next(w.store, &at) == NULL));
		assert_true(was_killed || !was_kept);
		n_kept += was_kept;
		world_done(&w);
	}
	assert_true(n_kept > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(moves, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(moved_account, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(forgotten_account, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(limit, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(no_key, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(rotation, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(killed_while_moving, stores_setup, stores_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
