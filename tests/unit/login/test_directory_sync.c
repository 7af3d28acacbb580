/* SPDX-License-Identifier: MIT */
/* From a listing to accounts, and when the next one is due; T1 and the account phase with accounts that are expected. The
 * directory and the event loop are stand-ins here. Threats T1, I1, I18, N6. */
#include "helper/login/directory_sync.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/accounts/expected.h"
#include "helper/base/clock.h"
#include "helper/protocol/names.h"
#include "tests/unit/login/account_phase.h"
#include "tests/unit/login/fake_oauth.h"
#include "tests/unit/login/world.h"

/* --- stand-ins --- */

struct sd_event_source {
	sd_event_time_handler_t on_time;
	sd_event_handler_t on_defer;
	void *userdata;
	uint64_t ms;
};

struct directory {
	int unused;
};

static struct sd_event_source *only; /* a sync has one source at a time */
static struct directory the_directory;
static directory_done_fn listing_done;
static void *listing_userdata;
static unsigned starts;
static uint32_t retry_after_s;

int sd_event_add_time_relative(sd_event *event, sd_event_source **ret, clockid_t clock, uint64_t usec,
			       uint64_t accuracy, sd_event_time_handler_t callback, void *userdata)
{
	(void)event;
	(void)clock;
	(void)accuracy;
	assert_null(only);
	only = calloc(1, sizeof(*only));
	assert_non_null(only);
	only->on_time = callback;
	only->userdata = userdata;
	only->ms = usec / 1000;
	*ret = only;
	return 0;
}

int sd_event_add_defer(sd_event *event, sd_event_source **ret, sd_event_handler_t callback, void *userdata)
{
	(void)event;
	assert_null(only);
	only = calloc(1, sizeof(*only));
	assert_non_null(only);
	only->on_defer = callback;
	only->userdata = userdata;
	*ret = only;
	return 0;
}

int sd_event_source_set_priority(sd_event_source *s, int64_t priority)
{
	assert_ptr_equal(s, only);
	assert_int_equal(priority, SD_EVENT_PRIORITY_IDLE); /* N6: never before a sign-in */
	return 0;
}

sd_event_source *sd_event_source_disable_unref(sd_event_source *s)
{
	if (s == NULL || s != only)
		return sd_event_source_unref(s); /* a real one, of the world */
	free(only);
	only = NULL;
	return NULL;
}

int directory_new(struct directory **ret, struct provider *p, sd_event *event, struct fetch_client *fetch,
		  const struct directory_settings *settings)
{
	(void)p;
	(void)event;
	(void)fetch;
	(void)settings;
	*ret = &the_directory;
	return 0;
}

void directory_free(struct directory *d)
{
	(void)d;
	listing_done = NULL;
}

int directory_start(struct directory *d, directory_done_fn done, void *userdata)
{
	assert_ptr_equal(d, &the_directory);
	assert_null(listing_done);
	listing_done = done;
	listing_userdata = userdata;
	starts++;
	return 0;
}

uint32_t directory_retry_after_s(const struct directory *d)
{
	assert_ptr_equal(d, &the_directory);
	return retry_after_s;
}

void directory_listing_free(struct directory_listing *l)
{
	if (l == NULL)
		return;
	free(l->people);
	free(l);
}

/* --- what the tests do --- */

struct sync_world {
	struct world *w;
	struct directory_settings settings;
	struct directory_sync *sync;
};

static struct sync_world begin_sync(void **state, uint32_t refresh_s)
{
	struct sync_world x = {.w = *state, .settings = {.refresh_s = refresh_s}};

	starts = 0;
	return x;
}

static void start(struct sync_world *x)
{
	assert_int_equal(directory_sync_new(&x->sync, &x->w->ctx, &x->w->lp, &x->settings), 0);
	assert_non_null(only);
}

static uint64_t due_ms(void)
{
	assert_non_null(only);
	assert_non_null(only->on_time);
	return only->ms;
}

static void next_run(void)
{
	(void)due_ms();
	(void)only->on_time(only, 0, only->userdata);
	assert_non_null(listing_done);
	assert_null(only);
}

static void tell(enum oauth_outcome outcome, const char *detail, struct directory_listing *listing)
{
	struct oauth_result result = {.outcome = outcome};
	directory_done_fn done = listing_done;

	(void)snprintf(result.detail, sizeof(result.detail), "%s", detail);
	listing_done = NULL;
	done(listing_userdata, &result, listing);
	for (unsigned i = 0; only->on_defer != NULL; i++) {
		assert_true(i < 1000);
		(void)only->on_defer(only, only->userdata);
		assert_non_null(only);
	}
}

struct row {
	const char *name, *subject, *title;
};

static void list(const struct row *rows)
{
	struct directory_listing *l = calloc(1, sizeof(*l));
	static char texts[16][3][64];

	assert_non_null(l);
	l->people = calloc(16, sizeof(*l->people));
	assert_non_null(l->people);
	for (; rows->name != NULL; rows++, l->n++) {
		struct directory_person *p = &l->people[l->n];

		assert_true(l->n < 16);
		p->name = strcpy(texts[l->n][0], rows->name);
		p->subject = rows->subject != NULL ? strcpy(texts[l->n][1], rows->subject) : NULL;
		p->title = rows->title != NULL ? strcpy(texts[l->n][2], rows->title) : NULL;
	}
	tell(OAUTH_DONE, "", l);
}

static int state_of(struct world *w, const char *name)
{
	LK_CLEANUP(account_freep) struct account *a = NULL;

	if (store_find_name(w->ctx.store, name, &a) != 0)
		return 0;
	return accounts_is_withdrawn(a) ? -(int)a->state : (int)a->state;
}

static struct directory_sync_status status_of(const struct sync_world *x)
{
	struct directory_sync_status status;

	directory_sync_status(x->sync, &status);
	return status;
}

static const struct row alice_and_bob[] = {{"bob", "sub-bob", NULL},
					   {"alice", "sub-alice", "Alice Example"},
					   {"Not A Name", "x", NULL},
					   {NULL, NULL, NULL}};
static const struct row only_alice[] = {{"alice", "sub-alice", "Alice Example"}, {NULL, NULL, NULL}};

/* --- tests --- */

static void people_come_and_go(void **state)
{
	struct sync_world x = begin_sync(state, 3600);
	struct world *w = x.w;

	start(&x);
	assert_in_range(due_ms(), 1000, 61000);
	assert_false(status_of(&x).is_running);
	assert_int_equal(status_of(&x).last_run_s, 0);
	next_run();
	assert_true(status_of(&x).is_running);
	w->ctx.is_map_current = true;
	list(alice_and_bob);
	assert_int_equal(state_of(w, "alice"), ACCOUNT_EXPECTED);
	assert_int_equal(state_of(w, "bob"), ACCOUNT_EXPECTED);
	assert_int_equal(status_of(&x).n_people, 2);
	assert_int_equal(status_of(&x).n_left_out, 1);
	assert_int_equal(status_of(&x).last_success_s, 1700000000);
	assert_null(status_of(&x).fault);
	assert_false(status_of(&x).is_running);
	assert_int_equal(fake.published, 1);
	assert_false(w->ctx.is_map_current);
	fake_published(0);
	assert_true(w->ctx.is_map_current);
	assert_in_range(due_ms(), 3600000 * 9 / 10, 3600000 * 11 / 10);

	/* nothing new: nothing is published */
	next_run();
	list(alice_and_bob);
	assert_int_equal(fake.published, 1);
	assert_true(w->ctx.is_map_current);

	next_run();
	list(only_alice);
	assert_int_equal(state_of(w, "alice"), ACCOUNT_EXPECTED);
	assert_int_equal(state_of(w, "bob"), -ACCOUNT_EXPECTED);
	assert_int_equal(fake.published, 2);
	fake_published(-EIO);
	assert_false(w->ctx.is_map_current);
	directory_sync_free(x.sync);
}

/* A failure, and a listing that leaves nobody, change nothing; the next run is earlier. */
static void failures_change_nothing(void **state)
{
	static const struct row unfit[] = {{"UPPER", "x", NULL}, {"", "y", NULL}, {NULL, NULL, NULL}};
	struct sync_world x = begin_sync(state, 600);
	struct world *w = x.w;

	start(&x);
	next_run();
	tell(OAUTH_UNREACHABLE, "directory: HTTP 503", NULL);
	assert_string_equal(status_of(&x).fault, "directory: HTTP 503");
	assert_int_equal(status_of(&x).last_success_s, 0);
	assert_int_equal(status_of(&x).last_run_s, 1700000000);
	assert_int_equal(fake.published, 0);
	assert_in_range(due_ms(), 60000, 66000);
	next_run();
	list(alice_and_bob);
	assert_null(status_of(&x).fault);
	assert_in_range(due_ms(), 540000, 660000);

	for (unsigned i = 0; i < 6; i++) {
		static const uint64_t waits_ms[] = {60000, 120000, 240000, 480000, 600000, 600000};

		next_run();
		if (i == 1)
			list(unfit);
		else
			tell(OAUTH_BAD_REPLY, "directory: it names nobody who could sign in", NULL);
		assert_non_null(status_of(&x).fault);
		assert_int_equal(status_of(&x).n_people, 2);
		assert_int_equal(state_of(w, "bob"), ACCOUNT_EXPECTED);
		assert_in_range(due_ms(), waits_ms[i], waits_ms[i] + waits_ms[i] / 10);
	}
	assert_int_equal(fake.published, 1);

	/* SC-09: a server that wants to be left alone for longer is */
	next_run();
	retry_after_s = 1800;
	tell(OAUTH_THROTTLED, "directory: HTTP 429", NULL);
	assert_in_range(due_ms(), 1800000, 1980000);
	retry_after_s = 0;
	directory_sync_free(x.sync);
}

/* I18: whom no section could let in is not expected; and who was, is so no more when root's configuration changes. */
static void policy_decides_who_is_expected(void **state)
{
	static char alice[] = "alice";
	static char *users[] = {alice, NULL};
	struct sync_world x = begin_sync(state, 600);
	struct world *w = x.w;

	start(&x);
	next_run();
	list(alice_and_bob);
	w->policy.everyone = false;
	w->policy.users = users;
	next_run();
	list(alice_and_bob);
	assert_int_equal(state_of(w, "alice"), ACCOUNT_EXPECTED);
	assert_int_equal(state_of(w, "bob"), -ACCOUNT_EXPECTED);
	assert_int_equal(status_of(&x).n_left_out, 2);
	directory_sync_free(x.sync);
}

/* T1: the directory names who may come; the token says who came. */
static void t1_the_token_decides(void **state)
{
	struct sync_world x = begin_sync(state, 600);
	struct world *w = x.w;
	LK_CLEANUP(account_freep) struct account *a = NULL;
	uint32_t uid;

	start(&x);
	next_run();
	list(alice_and_bob);
	assert_int_equal(store_find_name(w->ctx.store, "alice", &a), 0);
	uid = a->uid;

	/* another identity whose token says alice */
	sign_in(w, "alice", "sub-mallory", ALICE);
	assert_string_equal(w->said, REASON_NAME_TAKEN);
	/* alice's identity by the directory's word alone: her token calls her otherwise */
	sign_in(w, "alice", "sub-alice", BOB);
	assert_string_equal(w->said, REASON_WRONG_ACCOUNT);
	sign_in(w, "bob", "sub-alice", BOB);
	assert_string_equal(w->said, REASON_NAME_TAKEN);
	clock_freeze(2000000, 1700001000); /* the address has codes again */
	/* the name claim is asked for, although there is an account of the name */
	until_identity(w, "alice");
	assert_non_null(strstr(fake.wanted, "preferred_username"));
	fake_identity(OAUTH_DONE, ISSUER, "sub-alice", ALICE);
	fake_published(0);
	assert_string_equal(w->said, "granted");
	assert_int_equal(w->uid, uid);
	assert_int_equal(state_of(w, "alice"), ACCOUNT_ACTIVE);
	directory_sync_free(x.sync);
}

/* Nobody gets in as somebody who never signed in, whatever key or certificate was proved. */
static void the_account_phase_refuses(void **state)
{
	struct sync_world x = begin_sync(state, 600);
	struct world *w = x.w;

	start(&x);
	next_run();
	list(alice_and_bob);
	for (unsigned is_signed_in = 0; is_signed_in < 2; is_signed_in++) {
		assert_string_equal(check_phase(w, "alice", is_signed_in != 0), REASON_NOT_ALLOWED);
	}
	next_run();
	list((const struct row[]){{"bob", "sub-bob", NULL}, {NULL, NULL, NULL}});
	assert_int_equal(state_of(w, "alice"), -ACCOUNT_EXPECTED);
	assert_string_equal(check_phase(w, "alice", false), REASON_NOT_ALLOWED);
	directory_sync_free(x.sync);
}

static void a_directory_that_is_configured_no_more(void **state)
{
	static const char *const kept[] = {"https://other.example", ISSUER, NULL};
	static const char *const gone[] = {"https://other.example", NULL};
	struct sync_world x = begin_sync(state, 600);
	struct world *w = x.w;

	start(&x);
	next_run();
	list(alice_and_bob);
	sign_in(w, "alice", "sub-alice", ALICE);
	assert_string_equal(w->said, "granted");
	directory_sync_free(x.sync);
	assert_int_equal(directory_sync_end_others(w->ctx.accounts, kept), 0);
	assert_int_equal(state_of(w, "bob"), ACCOUNT_EXPECTED);
	assert_int_equal(directory_sync_end_others(w->ctx.accounts, gone), 0);
	assert_int_equal(state_of(w, "bob"), -ACCOUNT_EXPECTED);
	assert_int_equal(state_of(w, "alice"), ACCOUNT_ACTIVE);
}

static void freed_at_any_time(void **state)
{
	struct sync_world x = begin_sync(state, 600);

	start(&x);
	directory_sync_free(x.sync);
	assert_null(only);
	start(&x);
	next_run();
	directory_sync_free(x.sync);
	assert_null(listing_done);
	assert_null(only);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(people_come_and_go, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(failures_change_nothing, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(policy_decides_who_is_expected, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(t1_the_token_decides, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(the_account_phase_refuses, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(a_directory_that_is_configured_no_more, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(freed_at_any_time, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
