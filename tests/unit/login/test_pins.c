/* SPDX-License-Identifier: MIT */
/* Guesses at PINs: each is counted before it is compared, and few are compared. */
#include <crypt.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "helper/base/clock.h"
#include "helper/login/pins.h"
#include "helper/vault/store_pins.h"
#include "helper/vault/seal.h"
#include "helper/vault/store_tokens.h"

static unsigned n_hashes;

/* So that a thousand guesses take no hour; which hash it is, test_pin_hasher tries. */
char *__wrap_crypt_rn(const char *phrase, const char *setting, void *data, int size);
char *__wrap_crypt_rn(const char *phrase, const char *setting, void *data, int size)
{
	struct crypt_data *d = data;

	(void)size;
	(void)setting;
	__atomic_add_fetch(&n_hashes, 1, __ATOMIC_SEQ_CST);
	(void)snprintf(d->output, sizeof(d->output), "$y$%s", phrase);
	return d->output;
}

struct world {
	char folder[64];
	sd_event *event;
	struct seal *seal;
	struct store *store;
	struct pins *pins;
	struct account alice;
	struct account bob;
	int outcome;
	unsigned n_done;
};

static struct world the_world;

static void on_done(void *userdata, int outcome)
{
	struct world *w = userdata;

	w->outcome = outcome;
	w->n_done++;
}

static struct secret *secret_of(const char *text)
{
	struct secret *s = NULL;

	assert_int_equal(secret_copy(&s, text, strlen(text)), 0);
	return s;
}

static void wait_for(struct world *w, unsigned n)
{
	while (w->n_done < n)
		assert_true(sd_event_run(w->event, UINT64_MAX) >= 0);
}

static void set(struct world *w, const struct account *a, const char *pin)
{
	LK_CLEANUP(secret_freep) struct secret *typed = secret_of(pin);
	struct pin_job *job;
	unsigned n = w->n_done;

	assert_int_equal(pins_set(&job, w->pins, a, typed, on_done, w), 0);
	wait_for(w, n + 1);
	assert_int_equal(w->outcome, 0);
}

/* Return: what came of it, at once or later. */
static int guess(struct world *w, const struct account *a, const char *pin)
{
	LK_CLEANUP(secret_freep) struct secret *typed = secret_of(pin);
	struct pin_job *job;
	unsigned n = w->n_done;
	int r = pins_guess(&job, w->pins, a, typed, on_done, w);

	if (r != 0)
		return r;
	wait_for(w, n + 1);
	return w->outcome;
}

static uint32_t failures(struct world *w, const struct account *a)
{
	LK_CLEANUP(pin_record_done) struct pin_record record = {.hash = NULL};
	const struct row_owner o = {.uid = a->uid, .issuer = a->issuer, .subject = a->subject};

	assert_int_equal(store_find_pin(w->store, &o, &record), 0);
	return record.failures;
}

static void open_store(struct world *w)
{
	static const unsigned char key[SEAL_KEY_SIZE] = {1, 2, 3};
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/store.db", w->folder);
	assert_int_equal(store_open(&w->store, path), 0);
	assert_int_equal(seal_new(&w->seal), 0);
	assert_int_equal(seal_add_key(w->seal, key), 0);
	store_use_seal(w->store, w->seal);
	assert_int_equal(pins_new(&w->pins, w->event, w->store), 0);
}

static void close_store(struct world *w)
{
	pins_free(w->pins);
	store_close(w->store);
	seal_free(w->seal);
	w->pins = NULL;
	w->store = NULL;
	w->seal = NULL;
}

static int setup(void **state)
{
	static char alice[] = "alice", bob[] = "bob", issuer[] = "https://id.example", s1[] = "s-1", s2[] = "s-2";
	struct world *w = &the_world;

	*w = (struct world){.outcome = -1};
	n_hashes = 0;
	clock_freeze(1000000, 1700000000);
	strcpy(w->folder, "/tmp/lk-pins-XXXXXX");
	if (mkdtemp(w->folder) == NULL || sd_event_new(&w->event) < 0)
		return -1;
	open_store(w);
	w->alice = (struct account){.name = alice, .uid = 0x70000001, .issuer = issuer, .subject = s1};
	w->bob = (struct account){.name = bob, .uid = 0x70000002, .issuer = issuer, .subject = s2};
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char command[96];

	close_store(w);
	sd_event_unref(w->event);
	clock_thaw();
	(void)snprintf(command, sizeof(command), "rm -rf %s", w->folder);
	return system(command); /* NOLINT(cert-env33-c): the folder's name is ours */
}

static void right_and_wrong(void **state)
{
	struct world *w = *state;

	assert_int_equal(pins_look(w->pins, &w->alice), PIN_NONE);
	assert_int_equal(guess(w, &w->alice, "294718"), PIN_NONE);
	assert_false(pins_has(w->pins, &w->alice));
	set(w, &w->alice, "294718");
	assert_true(pins_has(w->pins, &w->alice));
	assert_false(pins_has(w->pins, &w->bob));
	assert_int_equal(guess(w, &w->alice, "294718"), PIN_RIGHT);
	assert_int_equal(failures(w, &w->alice), 0);
	assert_int_equal(guess(w, &w->alice, "294719"), PIN_WRONG);
	assert_int_equal(failures(w, &w->alice), 1);
	assert_int_equal(guess(w, &w->alice, "294718"), PIN_RIGHT);
	assert_int_equal(failures(w, &w->alice), 0);
	/* T1: nobody else's, not even under the same number */
	assert_int_equal(guess(w, &w->bob, "294718"), PIN_NONE);
	w->bob.uid = w->alice.uid;
	assert_int_equal(guess(w, &w->bob, "294718"), PIN_NONE);
}

/* Three at once, then one for each delay, ten in all; then the right one does not help either. */
static void limits(void **state)
{
	struct world *w = *state;
	unsigned before;

	set(w, &w->alice, "294718");
	for (int64_t t = 0, i = 0; i < 10; i++) {
		if (i >= 3) {
			assert_int_equal(guess(w, &w->alice, "294718"), PIN_WAIT);
			t += 30 << (i - 3);
			clock_freeze(1000000, 1700000000 + t);
		}
		assert_int_equal(guess(w, &w->alice, "000001"), PIN_WRONG);
		assert_int_equal(failures(w, &w->alice), i + 1);
	}
	before = n_hashes;
	clock_freeze(1000000, 1800000000);
	assert_int_equal(guess(w, &w->alice, "294718"), PIN_LOCKED);
	assert_int_equal(pins_look(w->pins, &w->alice), PIN_LOCKED);
	assert_int_equal(n_hashes, before);
	/* over a restart too */
	close_store(w);
	open_store(w);
	assert_int_equal(guess(w, &w->alice, "294718"), PIN_LOCKED);
	/* and until the person has signed in */
	pins_reset(w->pins, &w->alice);
	assert_int_equal(guess(w, &w->alice, "294718"), PIN_RIGHT);
}

/* A hundred at once are not compared any more often than one after another. */
static void parallel(void **state)
{
	struct world *w = *state;
	unsigned n_started = 0;
	unsigned before;

	set(w, &w->alice, "294718");
	before = n_hashes;
	for (int i = 0; i < 100; i++) {
		LK_CLEANUP(secret_freep) struct secret *typed = secret_of(i < 99 ? "000001" : "294718");
		struct pin_job *job;

		if (pins_guess(&job, w->pins, &w->alice, typed, on_done, w) == 0)
			n_started++;
		/* every few the answers come in */
		if (i % 10 == 0)
			wait_for(w, 1 + n_started);
	}
	wait_for(w, 1 + n_started);
	assert_int_equal(n_hashes - before, n_started);
	assert_int_equal(failures(w, &w->alice), n_started);
	assert_true(n_started <= 3);
	assert_int_equal(w->outcome, PIN_WRONG);
}

/* C1: whoever is killed between count and comparison has guessed wrong. */
static void counted_before(void **state)
{
	LK_CLEANUP(secret_freep) struct secret *typed = secret_of("294718");
	struct world *w = *state;
	struct pin_job *job;

	set(w, &w->alice, "294718");
	for (uint32_t i = 1; i <= 3; i++) {
		assert_int_equal(pins_guess(&job, w->pins, &w->alice, typed, on_done, w), 0);
		assert_int_equal(failures(w, &w->alice), i);
		close_store(w);
		open_store(w);
		assert_int_equal(failures(w, &w->alice), i);
	}
	assert_int_equal(guess(w, &w->alice, "294718"), PIN_WAIT);
}

/* C5: a clock that is set back opens nothing, and costs. */
static void clock_set_back(void **state)
{
	struct world *w = *state;

	set(w, &w->alice, "294718");
	for (int i = 0; i < 3; i++)
		assert_int_equal(guess(w, &w->alice, "000001"), PIN_WRONG);
	clock_freeze(1000000, 1600000000);
	assert_int_equal(guess(w, &w->alice, "294718"), PIN_WAIT);
	assert_int_equal(failures(w, &w->alice), 4);
	/* from then on by the clock as it is */
	assert_int_equal(guess(w, &w->alice, "294718"), PIN_WAIT);
	assert_int_equal(failures(w, &w->alice), 4);
	clock_freeze(1000000, 1600000060);
	assert_int_equal(guess(w, &w->alice, "294718"), PIN_RIGHT);
}

static void cancelled(void **state)
{
	LK_CLEANUP(secret_freep) struct secret *typed = secret_of("294718");
	struct world *w = *state;
	struct pin_job *job;

	set(w, &w->alice, "294718");
	assert_int_equal(pins_guess(&job, w->pins, &w->alice, typed, on_done, w), 0);
	pins_cancel(job);
	pins_cancel(NULL);
	assert_int_equal(failures(w, &w->alice), 1);
	assert_int_equal(guess(w, &w->alice, "294718"), PIN_RIGHT);
	assert_int_equal(w->n_done, 2);
}

static void declined(void **state)
{
	struct world *w = *state;

	assert_false(pins_has_declined(w->pins, &w->alice));
	pins_decline(w->pins, &w->alice);
	assert_true(pins_has_declined(w->pins, &w->alice));
	assert_false(pins_has_declined(w->pins, &w->bob));
	for (int i = 0; i < 1000; i++)
		pins_decline(w->pins, &w->bob);
	assert_false(pins_has_declined(w->pins, &w->alice));
}

/* C14: a key that is gone leaves no PIN, and locks nobody. */
static void sealed_by_another_key(void **state)
{
	static const unsigned char key[SEAL_KEY_SIZE] = {9};
	struct world *w = *state;
	struct seal *other = NULL;

	set(w, &w->alice, "294718");
	assert_int_equal(seal_new(&other), 0);
	assert_int_equal(seal_add_key(other, key), 0);
	store_use_seal(w->store, other);
	assert_int_equal(guess(w, &w->alice, "294718"), PIN_NONE);
	set(w, &w->alice, "294719");
	assert_int_equal(guess(w, &w->alice, "294719"), PIN_RIGHT);
	store_use_seal(w->store, w->seal);
	seal_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(right_and_wrong, setup, teardown),
		cmocka_unit_test_setup_teardown(limits, setup, teardown),
		cmocka_unit_test_setup_teardown(parallel, setup, teardown),
		cmocka_unit_test_setup_teardown(counted_before, setup, teardown),
		cmocka_unit_test_setup_teardown(clock_set_back, setup, teardown),
		cmocka_unit_test_setup_teardown(cancelled, setup, teardown),
		cmocka_unit_test_setup_teardown(declined, setup, teardown),
		cmocka_unit_test_setup_teardown(sealed_by_another_key, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
