/* SPDX-License-Identifier: MIT */
/* Who this host is at a provider, sealed. REG-07, REG-11, C1. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "helper/vault/store_internal.h"
#include "helper/vault/store_registrations.h"
#include "helper/vault/store_reseal.h"
#include "helper/vault/store_tokens.h"
#include "tests/unit/vault/killer.h"
#include "tests/unit/vault/sealed_world.h"

#define ISSUER "https://id.example"

static const unsigned char later_key[SEAL_KEY_SIZE] = {2};

static int put(struct store *s, const char *provider, const char *text)
{
	LK_CLEANUP(secret_freep) struct secret *secret = NULL;

	assert_int_equal(secret_copy(&secret, text, strlen(text)), 0);
	return store_put_registration(s, ISSUER, provider, secret);
}

static void expect(struct store *s, const char *provider, const char *text)
{
	LK_CLEANUP(secret_freep) struct secret *secret = NULL;
	int r = store_find_registration(s, ISSUER, provider, &secret);

	assert_int_equal(r, text != NULL ? 0 : -ENOENT);
	if (text != NULL)
		assert_string_equal(secret_data(secret), text);
}

/* REG-07: the newest alone, over a restart, and each provider's own. */
static void newest_counts(void **state)
{
	struct world w = open_world(*state);

	expect(w.store, "a", NULL);
	assert_int_equal(put(w.store, "a", "first"), 0);
	assert_int_equal(put(w.store, "b", "other"), 0);
	assert_int_equal(put(w.store, "a", "second"), 0);
	world_done(&w);
	w = open_world(*state);
	expect(w.store, "a", "second");
	expect(w.store, "b", "other");
	assert_int_equal(store_drop_registration(w.store, ISSUER, "a"), 0);
	assert_int_equal(store_drop_registration(w.store, ISSUER, "a"), 0);
	expect(w.store, "a", NULL);
	expect(w.store, "b", "other");
	world_done(&w);
}

/* REG-11, T1: nothing without the key, nothing for another provider or issuer, and nothing new is written in the clear. */
static void sealed(void **state)
{
	LK_CLEANUP(world_done) struct world w = open_world(*state);
	struct secret *secret = NULL;

	assert_int_equal(put(w.store, "a", "text"), 0);
	store_use_seal(w.store, NULL);
	assert_int_equal(store_find_registration(w.store, ISSUER, "a", &secret), -EKEYREJECTED);
	assert_int_equal(put(w.store, "a", "in the clear"), -ENOKEY);
	store_use_seal(w.store, w.seal);
	expect(w.store, "a", "text");
	assert_int_equal(store_run(w.store->db, "UPDATE client_registration SET provider = 'b'"), 0);
	assert_int_equal(store_find_registration(w.store, ISSUER, "b", &secret), -EKEYREJECTED);
}

static void rotation(void **state)
{
	LK_CLEANUP(world_done) struct world w = open_world(*state);
	LK_CLEANUP(seal_freep) struct seal *turned = NULL, *settled = NULL;
	struct reseal r;
	int e;

	assert_int_equal(put(w.store, "a", "text"), 0);
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
	expect(w.store, "a", "text");
	store_use_seal(w.store, w.seal);
}

static void replace(void *userdata)
{
	struct world w = open_world(userdata);

	killer_begin();
	if (put(w.store, "a", "second") < 0)
		_exit(3);
}

/* C1, REG-07: killed at any system call there is the old one or the new one, whole. */
static void killed(void **state)
{
	bool was_killed = true;
	unsigned n_old = 0;

	for (unsigned n = 0; was_killed; n++) {
		struct world w = open_world(*state);
		LK_CLEANUP(secret_freep) struct secret *text = NULL;

		assert_int_equal(put(w.store, "a", "first"), 0);
		world_done(&w);
		was_killed = killer_run(replace, *state, n);
		w = open_world(*state);
		assert_int_equal(store_find_registration(w.store, ISSUER, "a", &text), 0);
		if (strcmp(secret_data(text), "first") == 0)
			n_old++;
		else
			assert_string_equal(secret_data(text), "second");
		assert_true(was_killed || strcmp(secret_data(text), "second") == 0);
		world_done(&w);
	}
	assert_true(n_old > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(newest_counts, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(sealed, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(rotation, stores_setup, stores_teardown),
		cmocka_unit_test_setup_teardown(killed, stores_setup, stores_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
