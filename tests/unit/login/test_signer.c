/* SPDX-License-Identifier: MIT */
/*
 * Assertions signed beside the event loop, which is a real one here. The device is played by a function that stands in for signing_key_open(): it can
 * be held, as a token that hangs.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/worker.h"
#include "helper/oauth/signer.h"

int __real_signing_key_open(struct signing_key *k);
int __wrap_signing_key_open(struct signing_key *k);

static pthread_mutex_t hold = PTHREAD_MUTEX_INITIALIZER;
static int open_result;

int __wrap_signing_key_open(struct signing_key *k)
{
	if (!signing_key_is_slow(k))
		return __real_signing_key_open(k);
	(void)pthread_mutex_lock(&hold);
	(void)pthread_mutex_unlock(&hold);
	return open_result;
}

static const struct assertion_claims claims = {
	.iss = "client", .sub = "client", .aud = "https://login.example.com", .lifetime_s = 60};

static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
			  "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n"
			  "-----END PRIVATE KEY-----\n";

struct world {
	sd_event *event;
	struct signer *signer;
	struct signing_key *token;
	unsigned n_done;
	int r;
};

static int setup(void **state)
{
	static struct world w;
	const struct signing_places nowhere = {.keys = NULL};

	w = (struct world){.event = NULL};
	open_result = SIGNING_NO_DEVICE;
	if (sd_event_new(&w.event) < 0 || signer_new(&w.signer, w.event) < 0 ||
	    signing_key_new(&w.token, "pkcs11:object=k", JWS_NONE, &nowhere) != 0)
		return -1;
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	signer_free(w->signer);
	signing_key_unref(w->token);
	sd_event_unref(w->event);
	return 0;
}

static void on_done(void *userdata, int r, const struct secret *assertion)
{
	struct world *w = userdata;

	w->n_done++;
	w->r = r;
	assert_true((r == 0) == (assertion != NULL));
}

static int start(struct world *w, struct signer_job **ret)
{
	LK_CLEANUP(secret_freep) struct secret *now = NULL;
	struct signer_job *ignored;
	int r = signer_start(ret != NULL ? ret : &ignored, &now, w->signer, w->token, &claims, on_done, w);

	assert_null(now);
	return r;
}

static void wait_for(struct world *w, unsigned n_done)
{
	while (w->n_done < n_done)
		assert_true(sd_event_run(w->event, UINT64_MAX) >= 0);
}

static void pem_signs_at_once(void **state)
{
	LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;
	LK_CLEANUP(secret_freep) struct secret *first = NULL, *second = NULL;
	struct world *w = *state;
	struct signer_job *j;

	assert_int_equal(signing_key_from_pem(&k, pem, sizeof(pem) - 1, JWS_NONE), 0);
	assert_int_equal(signer_start(&j, &first, w->signer, k, &claims, on_done, w), 0);
	assert_null(j);
	assert_non_null(first);
	/* AS-04: what is sent again is another; and no thread is needed */
	assert_int_equal(signer_start(&j, &second, NULL, k, &claims, on_done, w), 0);
	assert_false(secret_equal(first, second));
	assert_int_equal(w->n_done, 0);
}

static void a_device_that_is_not_there(void **state)
{
	LK_CLEANUP(secret_freep) struct secret *now = NULL;
	struct world *w = *state;
	struct signer_job *j;

	assert_int_equal(start(w, NULL), 0);
	assert_int_equal(w->n_done, 0);
	wait_for(w, 1);
	assert_int_equal(w->r, SIGNING_NO_DEVICE);
	assert_int_equal(signer_start(&j, &now, NULL, w->token, &claims, on_done, w), SIGNING_NOT_OPEN);
}

static void claims_are_judged_first(void **state)
{
	struct assertion_claims bad = claims;
	struct secret *now;
	struct signer_job *j;
	struct world *w = *state;

	bad.lifetime_s = ASSERTION_LIFETIME_MAX_S + 1;
	assert_int_equal(signer_start(&j, &now, w->signer, w->token, &bad, on_done, w), -EINVAL);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
	unsigned *n = userdata;

	(void)usec;
	if (++*n < 20) {
		assert_true(sd_event_source_set_time_relative(source, 1000) >= 0);
		assert_true(sd_event_source_set_enabled(source, SD_EVENT_ONESHOT) >= 0);
	}
	return 0;
}

/* C15: a device that takes long, or for ever, holds up nobody who does not need it, and those who do not for ever. */
static void a_device_that_hangs(void **state)
{
	LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;
	LK_CLEANUP(secret_freep) struct secret *now = NULL;
	struct world *w = *state;
	sd_event_source *tick = NULL;
	struct signer_job *j;
	unsigned n = 0;

	assert_int_equal(signing_key_from_pem(&k, pem, sizeof(pem) - 1, JWS_NONE), 0);
	(void)pthread_mutex_lock(&hold);
	assert_int_equal(start(w, NULL), 0);
	assert_true(sd_event_add_time_relative(w->event, &tick, CLOCK_MONOTONIC, 1000, 0, on_tick, &n) >= 0);
	while (n < 20)
		assert_true(sd_event_run(w->event, UINT64_MAX) >= 0);
	assert_int_equal(w->n_done, 0);
	assert_int_equal(signer_start(&j, &now, w->signer, k, &claims, on_done, w), 0);
	assert_non_null(now);

	/* Given up, and who comes now hears it at once. */
	signer_set_timeout(w->signer, 1);
	assert_int_equal(start(w, NULL), 0);
	wait_for(w, 1);
	assert_int_equal(w->r, -ETIMEDOUT);
	(void)pthread_mutex_unlock(&hold);
	sd_event_source_unref(tick);
	wait_for(w, 2);
}

static void a_device_that_comes_back(void **state)
{
	struct world *w = *state;

	signer_set_timeout(w->signer, 1);
	(void)pthread_mutex_lock(&hold);
	assert_int_equal(start(w, NULL), 0);
	wait_for(w, 1);
	assert_int_equal(w->r, -ETIMEDOUT);
	assert_int_equal(start(w, NULL), -ETIMEDOUT);
	(void)pthread_mutex_unlock(&hold);

	signer_set_timeout(w->signer, 60000);
	while (start(w, NULL) != 0)
		assert_true(sd_event_run(w->event, UINT64_MAX) >= 0);
	wait_for(w, 2);
	assert_int_equal(w->r, SIGNING_NO_DEVICE);
}

/* L3: what waits is bounded, and who leaves makes room. */
static void bounded(void **state)
{
	struct world *w = *state;
	struct signer_job *jobs[SIGNER_QUEUE_MAX];

	(void)pthread_mutex_lock(&hold);
	for (size_t i = 0; i < SIGNER_QUEUE_MAX; i++)
		assert_int_equal(start(w, &jobs[i]), 0);
	assert_int_equal(start(w, NULL), -EBUSY);
	for (size_t i = 0; i < SIGNER_QUEUE_MAX; i++)
		signer_cancel(jobs[i]);
	signer_cancel(NULL);
	assert_int_equal(start(w, NULL), 0);
	(void)pthread_mutex_unlock(&hold);
	wait_for(w, 1);
}

/* R6: freed with work under way and waiting, and with a key that nobody else holds any more. */
static void freed_at_work(void **state)
{
	struct world *w = *state;

	(void)pthread_mutex_lock(&hold);
	assert_int_equal(start(w, NULL), 0);
	assert_int_equal(start(w, NULL), 0);
	signing_key_unref(w->token);
	w->token = NULL;
	(void)pthread_mutex_unlock(&hold);
	signer_free(w->signer);
	w->signer = NULL;
	assert_int_equal(w->n_done, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pem_signs_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_device_that_is_not_there, setup, teardown),
		cmocka_unit_test_setup_teardown(claims_are_judged_first, setup, teardown),
		cmocka_unit_test_setup_teardown(a_device_that_hangs, setup, teardown),
		cmocka_unit_test_setup_teardown(a_device_that_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(freed_at_work, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
