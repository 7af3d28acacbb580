/* SPDX-License-Identifier: MIT */
/* Accounts that are open for a while: when that ends, whatever the clock shows. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "helper/base/clock.h"
#include "helper/login/break_glass.h"

#define NOW INT64_C(1700000000)
#define BOOT UINT64_C(1000000)

struct world {
	char folder[64];
	sd_event *event;
	struct store *store;
	struct break_glasses *g;
};

static struct world the_world;

static void restart(struct world *w)
{
	char path[96];

	break_glasses_free(w->g);
	store_close(w->store);
	(void)snprintf(path, sizeof(path), "%s/store.db", w->folder);
	assert_int_equal(store_open(&w->store, path), 0);
	assert_int_equal(break_glasses_new(&w->g, w->event, w->store), 0);
}

static int setup(void **state)
{
	struct world *w = &the_world;

	*w = (struct world){.g = NULL};
	clock_freeze(BOOT, NOW);
	strcpy(w->folder, "/tmp/lk-glass-XXXXXX");
	if (mkdtemp(w->folder) == NULL || sd_event_new(&w->event) < 0)
		return -1;
	restart(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char command[96];

	break_glasses_free(w->g);
	store_close(w->store);
	sd_event_unref(w->event);
	clock_thaw();
	(void)snprintf(command, sizeof(command), "rm -rf %s", w->folder);
	return system(command); /* NOLINT(cert-env33-c): the folder's name is ours */
}

static bool count(void *userdata, const struct break_glass *b)
{
	size_t *n = userdata;

	assert_non_null(b->name);
	++*n;
	return true;
}

static size_t count_open(struct world *w)
{
	size_t n = 0;

	break_glass_each(w->g, count, &n);
	return n;
}

static void open_for_a_while(void **state)
{
	struct world *w = *state;
	struct break_glass b;

	assert_false(break_glass_find(w->g, "alice", NULL));
	assert_int_equal(break_glass_open(w->g, "alice", 3600, "provider down", "root"), 0);
	assert_true(break_glass_find(w->g, "alice", &b));
	assert_string_equal(b.reason, "provider down");
	assert_string_equal(b.created_by, "root");
	assert_int_equal(b.until_s, NOW + 3600);
	assert_false(break_glass_find(w->g, "bob", NULL));
	clock_freeze(BOOT + 3599000, NOW + 3599);
	assert_true(break_glass_find(w->g, "alice", NULL));
	clock_freeze(BOOT + 3600000, NOW + 3600);
	assert_int_equal(count_open(w), 0);
	/* over for good: it is not in the store any more */
	clock_freeze(BOOT + 3600000, NOW);
	restart(w);
	assert_false(break_glass_find(w->g, "alice", NULL));
}

static void over_restarts(void **state)
{
	struct world *w = *state;

	assert_int_equal(break_glass_open(w->g, "alice", 3600, "x", "root"), 0);
	restart(w);
	assert_true(break_glass_find(w->g, "alice", NULL));
	/* another boot: the other clock begins anew */
	clock_freeze(5, NOW + 1800);
	restart(w);
	assert_true(break_glass_find(w->g, "alice", NULL));
	clock_freeze(5 + 1800000, NOW + 3600);
	restart(w);
	assert_false(break_glass_find(w->g, "alice", NULL));
}

/* C5: while the helper runs, the clock that nobody sets has the last word. */
static void clock_stopped(void **state)
{
	struct world *w = *state;

	assert_int_equal(break_glass_open(w->g, "alice", 3600, "x", "root"), 0);
	clock_freeze(BOOT + 3599999, NOW);
	assert_true(break_glass_find(w->g, "alice", NULL));
	clock_freeze(BOOT + 3600000, NOW);
	assert_false(break_glass_find(w->g, "alice", NULL));

	assert_int_equal(break_glass_open(w->g, "alice", 3600, "x", "root"), 0);
	restart(w);
	assert_true(break_glass_find(w->g, "alice", NULL));
	clock_freeze(BOOT + 2 * 3600000, NOW);
	assert_false(break_glass_find(w->g, "alice", NULL));
}

/* C5, N20: a clock that went back ends it, over a restart too. */
static void clock_set_back(void **state)
{
	struct world *w = *state;

	assert_int_equal(break_glass_open(w->g, "alice", 36000, "x", "root"), 0);
	assert_int_equal(store_see_break_glass(w->store, NOW + 7200), 0);
	clock_freeze(BOOT, NOW + 7200 - BREAK_GLASS_BACK_S);
	restart(w);
	assert_true(break_glass_find(w->g, "alice", NULL));
	clock_freeze(BOOT, NOW + 7200 - BREAK_GLASS_BACK_S - 1);
	restart(w);
	assert_false(break_glass_find(w->g, "alice", NULL));
	clock_freeze(BOOT, NOW + 7200);
	assert_false(break_glass_find(w->g, "alice", NULL));

	assert_int_equal(break_glass_open(w->g, "alice", 36000, "x", "root"), 0);
	clock_freeze(BOOT, NOW);
	assert_false(break_glass_find(w->g, "alice", NULL));
}

/* What the store has is late by a minute at most: the loop sees to that. */
static void time_is_noted(void **state)
{
	struct world *w = *state;
	struct break_glass b;

	assert_int_equal(break_glass_open(w->g, "alice", 36000, "x", "root"), 0);
	restart(w);
	clock_freeze(BOOT, NOW + 600);
	assert_true(sd_event_run(w->event, UINT64_MAX) > 0);
	assert_int_equal(store_find_break_glass(w->store, "alice", &b), 0);
	assert_int_equal(b.seen_s, NOW + 600);
}

static void closed(void **state)
{
	struct world *w = *state;

	assert_int_equal(break_glass_close(w->g, "alice"), -ENOENT);
	assert_int_equal(break_glass_open(w->g, "alice", 3600, "x", "root"), 0);
	assert_int_equal(break_glass_close(w->g, "alice"), 0);
	assert_false(break_glass_find(w->g, "alice", NULL));
	assert_int_equal(break_glass_close(w->g, "alice"), -ENOENT);
}

static void limits(void **state)
{
	struct world *w = *state;
	char reason[BREAK_GLASS_REASON_MAX + 2];
	char name[16];

	memset(reason, 'x', sizeof(reason));
	reason[sizeof(reason) - 1] = '\0';
	assert_int_equal(break_glass_open(w->g, "alice", BREAK_GLASS_MIN_S - 1, "x", "root"), -EINVAL);
	assert_int_equal(break_glass_open(w->g, "alice", BREAK_GLASS_MAX_S + 1, "x", "root"), -EINVAL);
	assert_int_equal(break_glass_open(w->g, "alice", 3600, "", "root"), -EINVAL);
	assert_int_equal(break_glass_open(w->g, "alice", 3600, reason, "root"), -EINVAL);
	assert_int_equal(break_glass_open(w->g, "alice", 3600, reason + 1, "root"), 0);
	for (unsigned i = 1; i < BREAK_GLASS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "user%u", i);
		assert_int_equal(break_glass_open(w->g, name, 3600, "x", "root"), 0);
	}
	assert_int_equal(break_glass_open(w->g, "bob", 3600, "x", "root"), -E2BIG);
	/* but anew for one that is open */
	assert_int_equal(break_glass_open(w->g, "alice", 7200, "x", "root"), 0);
	assert_int_equal(count_open(w), BREAK_GLASS_MAX);
	assert_int_equal(break_glass_close(w->g, "user1"), 0);
	assert_int_equal(break_glass_open(w->g, "bob", 3600, "x", "root"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(open_for_a_while, setup, teardown),
		cmocka_unit_test_setup_teardown(over_restarts, setup, teardown),
		cmocka_unit_test_setup_teardown(clock_stopped, setup, teardown),
		cmocka_unit_test_setup_teardown(clock_set_back, setup, teardown),
		cmocka_unit_test_setup_teardown(time_is_noted, setup, teardown),
		cmocka_unit_test_setup_teardown(closed, setup, teardown),
		cmocka_unit_test_setup_teardown(limits, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
