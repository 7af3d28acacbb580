/* SPDX-License-Identifier: MIT */
/* Hashes beside the event loop: what is slow there delays nobody here. */
#include <crypt.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helper/login/pin_hasher.h"

char *__real_crypt_rn(const char *phrase, const char *setting, void *data, int size);
char *__wrap_crypt_rn(const char *phrase, const char *setting, void *data, int size);

/* While it is held, every hash takes until it is let go. */
static pthread_mutex_t hold = PTHREAD_MUTEX_INITIALIZER;

char *__wrap_crypt_rn(const char *phrase, const char *setting, void *data, int size)
{
	(void)pthread_mutex_lock(&hold);
	(void)pthread_mutex_unlock(&hold);
	return __real_crypt_rn(phrase, setting, data, size);
}

struct world {
	sd_event *event;
	struct pin_hasher *hasher;
	unsigned n_done;
	int error;
	struct secret *hash;
};

static int setup(void **state)
{
	static struct world w;

	w = (struct world){.event = NULL};
	if (sd_event_new(&w.event) < 0 || pin_hasher_new(&w.hasher, w.event) < 0)
		return -1;
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	pin_hasher_free(w->hasher);
	secret_free(w->hash);
	sd_event_unref(w->event);
	return 0;
}

static void on_done(void *userdata, int error, const struct secret *hash)
{
	struct world *w = userdata;

	w->n_done++;
	w->error = error;
	secret_free(w->hash);
	w->hash = NULL;
	if (hash != NULL)
		assert_int_equal(secret_copy(&w->hash, secret_data(hash), secret_len(hash)), 0);
}

static int start(struct world *w, const char *pin, const struct secret *setting, struct pin_hash **ret)
{
	LK_CLEANUP(secret_freep) struct secret *s = NULL;
	struct pin_hash *ignored;

	assert_int_equal(secret_copy(&s, pin, strlen(pin)), 0);
	return pin_hash_start(ret != NULL ? ret : &ignored, w->hasher, s, setting, on_done, w);
}

static void wait_for(struct world *w, unsigned n_done)
{
	while (w->n_done < n_done)
		assert_true(sd_event_run(w->event, UINT64_MAX) >= 0);
}

static void same_pin_same_hash(void **state)
{
	LK_CLEANUP(secret_freep) struct secret *stored = NULL;
	struct world *w = *state;

	assert_int_equal(start(w, "294718", NULL, NULL), 0);
	wait_for(w, 1);
	assert_int_equal(w->error, 0);
	assert_memory_equal(secret_data(w->hash), "$y$j", 4);
	assert_int_equal(secret_copy(&stored, secret_data(w->hash), secret_len(w->hash)), 0);

	assert_int_equal(start(w, "294718", stored, NULL), 0);
	wait_for(w, 2);
	assert_true(secret_equal(w->hash, stored));
	assert_int_equal(start(w, "294719", stored, NULL), 0);
	wait_for(w, 3);
	assert_false(secret_equal(w->hash, stored));
	/* a salt of its own each time */
	assert_int_equal(start(w, "294718", NULL, NULL), 0);
	wait_for(w, 4);
	assert_false(secret_equal(w->hash, stored));
}

static void no_setting(void **state)
{
	LK_CLEANUP(secret_freep) struct secret *bad = NULL;
	LK_CLEANUP(secret_freep) struct secret *longer = NULL;
	char text[PIN_SETTING_MAX + 1];
	struct world *w = *state;

	assert_int_equal(secret_copy(&bad, "*0", 2), 0);
	assert_int_equal(start(w, "294718", bad, NULL), 0);
	wait_for(w, 1);
	assert_int_equal(w->error, -EINVAL);
	assert_null(w->hash);

	memset(text, 'x', sizeof(text));
	assert_int_equal(secret_copy(&longer, text, sizeof(text)), 0);
	assert_int_equal(start(w, "294718", longer, NULL), -EINVAL);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
	unsigned *n = userdata;

	(void)usec;
	if (++*n < 50) {
		assert_true(sd_event_source_set_time_relative(source, 1000) >= 0);
		assert_true(sd_event_source_set_enabled(source, SD_EVENT_ONESHOT) >= 0);
	}
	return 0;
}

/* C15: the loop goes on however long a hash takes. */
static void slow_hash_blocks_nobody(void **state)
{
	struct world *w = *state;
	sd_event_source *tick = NULL;
	unsigned n = 0;

	(void)pthread_mutex_lock(&hold);
	assert_int_equal(start(w, "294718", NULL, NULL), 0);
	assert_true(sd_event_add_time_relative(w->event, &tick, CLOCK_MONOTONIC, 1000, 0, on_tick, &n) >= 0);
	while (n < 50)
		assert_true(sd_event_run(w->event, UINT64_MAX) >= 0);
	assert_int_equal(w->n_done, 0);
	(void)pthread_mutex_unlock(&hold);
	wait_for(w, 1);
	assert_int_equal(w->error, 0);
	sd_event_source_unref(tick);
}

/* L3: what waits is bounded, and who leaves makes room. */
static void bounded(void **state)
{
	struct world *w = *state;
	struct pin_hash *jobs[PIN_HASHER_QUEUE_MAX];

	(void)pthread_mutex_lock(&hold);
	for (size_t i = 0; i < PIN_HASHER_QUEUE_MAX; i++)
		assert_int_equal(start(w, "294718", NULL, &jobs[i]), 0);
	assert_int_equal(start(w, "294718", NULL, NULL), -EBUSY);
	/* the first one may be under way already, and counts until it comes back */
	for (size_t i = 1; i < PIN_HASHER_QUEUE_MAX; i++)
		pin_hash_cancel(jobs[i]);
	assert_int_equal(start(w, "294718", NULL, &jobs[1]), 0);
	pin_hash_cancel(jobs[1]);
	pin_hash_cancel(jobs[0]);
	pin_hash_cancel(NULL);
	(void)pthread_mutex_unlock(&hold);

	assert_int_equal(start(w, "294718", NULL, NULL), 0);
	wait_for(w, 1);
	assert_int_equal(w->n_done, 1);
}

/* R6: freed with work under way and waiting. */
static void freed_at_work(void **state)
{
	struct world *w = *state;

	(void)pthread_mutex_lock(&hold);
	assert_int_equal(start(w, "294718", NULL, NULL), 0);
	assert_int_equal(start(w, "294718", NULL, NULL), 0);
	(void)pthread_mutex_unlock(&hold);
	pin_hasher_free(w->hasher);
	w->hasher = NULL;
	assert_int_equal(w->n_done, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(same_pin_same_hash, setup, teardown),
		cmocka_unit_test_setup_teardown(no_setting, setup, teardown),
		cmocka_unit_test_setup_teardown(slow_hash_blocks_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(freed_at_work, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
