/* SPDX-License-Identifier: MIT */
/* What nobody uses is given back. REV-06. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/login/recheck_internal.h"
#include "helper/vault/store_revocations.h"
#include "tests/unit/login/recheck_world.h"

static struct {
	sd_event_time_handler_t fn;
	void *userdata;
} timer;

int __wrap_sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock, uint64_t usec,
				      uint64_t accuracy, sd_event_time_handler_t callback, void *userdata);

int __wrap_sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock, uint64_t usec,
				      uint64_t accuracy, sd_event_time_handler_t callback, void *userdata)
{
	(void)e;
	(void)ret;
	(void)clock;
	(void)usec;
	(void)accuracy;
	timer.fn = callback;
	timer.userdata = userdata;
	return 0;
}

static char users[160];

static void begin_with(struct alice *a, uint32_t unused_s)
{
	const struct recheck_settings settings = {
		.min_s = 60, .max_s = 600, .unused_s = unused_s, .users_folder = users};

	(void)snprintf(users, sizeof(users), "%s/users", a->w->folder);
	(void)mkdir(users, 0755);
	a->w->ctx.rechecks->settings = settings; /* there is no event loop to load anybody with */
	a->w->ctx.rechecks->started_ms = clock_monotonic_ms();
	sign_in_alice(a, "rt-1", "at-1");
}

/* The background comes by; a question to the provider is answered with a yes. */
static void due(void)
{
	sd_event_time_handler_t fn = timer.fn;
	unsigned n = fake.refreshes;

	timer.fn = NULL;
	assert_non_null(fn);
	assert_int_equal(fn(NULL, 0, timer.userdata), 0);
	if (fake.prepare_done != NULL)
		fake_prepared(OAUTH_DONE);
	if (fake.refreshes == n)
		return;
	fake_refreshed(REFRESH_DONE, NULL, "at-2", NULL, 300);
	if (fake.identity_done != NULL)
		fake_identity(OAUTH_DONE, ISSUER, ALICE_ID, ALICE);
}

static bool is_waiting(struct alice *a)
{
	struct revocation r = {.id = 0};
	int e = store_next_revocation(a->w->ctx.store, 0, &r);

	revocation_done(&r);
	return e == 0;
}

static void session(struct alice *a, bool is_open)
{
	char path[200];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%u", users, a->account->uid);
	if (!is_open) {
		assert_int_equal(unlink(path), 0);
		return;
	}
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
}

static void after_the_time(void **state)
{
	struct alice *a = *state;

	begin_with(a, 3600);
	pass(3000);
	due();
	assert_kept(a, "rt-1", false);
	pass(700);
	due();
	assert_kept(a, "-", false);
	assert_true(is_waiting(a));
	assert_null(timer.fn);
}

/* The time counts from the end of the session. */
static void not_while_there_is_a_session(void **state)
{
	struct alice *a = *state;

	begin_with(a, 3600);
	session(a, true);
	for (unsigned i = 0; i < 3; i++) {
		pass(3000);
		due();
		assert_kept(a, "rt-1", false);
	}
	session(a, false);
	pass(3000);
	due();
	assert_kept(a, "rt-1", false);
	pass(700);
	due();
	assert_kept(a, "-", false);
	assert_true(is_waiting(a));
}

static void never_by_default_nor_without_logind(void **state)
{
	struct alice *a = *state;

	begin_with(a, 0);
	pass(1000000);
	due();
	assert_kept(a, "rt-1", false);
	begin_with(a, 3600);
	assert_int_equal(rmdir(users), 0);
	pass(1000000);
	due();
	assert_kept(a, "rt-1", false);
	assert_false(is_waiting(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(after_the_time, alice_setup, alice_teardown),
		cmocka_unit_test_setup_teardown(not_while_there_is_a_session, alice_setup, alice_teardown),
		cmocka_unit_test_setup_teardown(never_by_default_nor_without_logind, alice_setup, alice_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
