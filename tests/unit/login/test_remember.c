/* SPDX-License-Identifier: MIT */
/* Whose approval counts a second time, for how long, and how many there can be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/clock.h"
#include "helper/login/remember.h"

#define ALICE 1879048192u
#define BOB 1879048193u

static const struct proof key_1 = {.kind = PROOF_KEY, .digest = {1}, .text = "SHA256:1"};
static const struct proof key_2 = {.kind = PROOF_KEY, .digest = {2}, .text = "SHA256:2"};
static const struct proof session_1 = {.kind = PROOF_SESSION, .digest = {1}, .text = "terminal 136:1, session 1"};

static int setup(void **state)
{
	struct remember *r;

	clock_freeze(1000000, 1700000000);
	if (remember_new(&r) < 0)
		return -1;
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	remember_free(*state);
	clock_thaw();
	return 0;
}

static void same_account_service_and_proof(void **state)
{
	struct remember *r = *state;

	remember_put(r, "alice", ALICE, "sshd", &key_1, 600);
	assert_true(remember_find(r, "alice", ALICE, "sshd", &key_1, 600));
	assert_false(remember_find(r, "alice", ALICE, "sshd", &key_2, 600));
	assert_false(remember_find(r, "alice", ALICE, "sshd", &session_1, 600));
	assert_false(remember_find(r, "alice", ALICE, "sudo", &key_1, 600));
	/* T1: not another account with the same key, nor the same name with another uid */
	assert_false(remember_find(r, "bob", BOB, "sshd", &key_1, 600));
	assert_false(remember_find(r, "alice", BOB, "sshd", &key_1, 600));
	assert_false(remember_find(r, "bob", ALICE, "sshd", &key_1, 600));
}

/* C5: by the clock that counts suspend and that nobody sets. Using one does not prolong it. */
static void ends(void **state)
{
	struct remember *r = *state;

	remember_put(r, "alice", ALICE, "sshd", &key_1, 600);
	clock_freeze(1000000 + 599999, 1);
	assert_true(remember_find(r, "alice", ALICE, "sshd", &key_1, 600));
	assert_int_equal(remember_count(r), 1);
	clock_freeze(1000000 + 600000, 1700000000);
	assert_false(remember_find(r, "alice", ALICE, "sshd", &key_1, 600));
	assert_int_equal(remember_count(r), 0);
}

static void stricter_rules_count(void **state)
{
	struct remember *r = *state;

	remember_put(r, "alice", ALICE, "sshd", &key_1, 600);
	clock_freeze(1000000 + 60000, 0);
	assert_false(remember_find(r, "alice", ALICE, "sshd", &key_1, 60));
	assert_false(remember_find(r, "alice", ALICE, "sshd", &key_1, 0));
	assert_true(remember_find(r, "alice", ALICE, "sshd", &key_1, 61));
	/* laxer ones do not */
	clock_freeze(1000000 + 600000, 0);
	assert_false(remember_find(r, "alice", ALICE, "sshd", &key_1, 100000));
}

static void nothing_to_remember(void **state)
{
	const struct proof none = {0};
	struct remember *r = *state;
	char name[REMEMBER_NAME_MAX + 2];
	char service[REMEMBER_SERVICE_MAX + 2];

	memset(name, 'a', sizeof(name));
	memset(service, 's', sizeof(service));
	name[sizeof(name) - 1] = '\0';
	service[sizeof(service) - 1] = '\0';
	remember_put(r, "alice", ALICE, "sshd", &key_1, 0);
	remember_put(r, "alice", ALICE, "sshd", &none, 600);
	remember_put(r, "alice", 0, "sshd", &key_1, 600);
	remember_put(r, name, ALICE, "sshd", &key_1, 600);
	remember_put(r, "alice", ALICE, service, &key_1, 600);
	assert_int_equal(remember_count(r), 0);
	remember_put(r, name + 1, ALICE, service + 1, &key_1, 600);
	assert_true(remember_find(r, name + 1, ALICE, service + 1, &key_1, 600));
	assert_false(remember_find(r, "alice", ALICE, "sshd", &none, 600));
}

static void a_new_approval_replaces(void **state)
{
	struct remember *r = *state;

	remember_put(r, "alice", ALICE, "sshd", &key_1, 600);
	clock_freeze(1000000 + 500000, 0);
	remember_put(r, "alice", ALICE, "sshd", &key_1, 600);
	assert_int_equal(remember_count(r), 1);
	clock_freeze(1000000 + 1000000, 0);
	assert_true(remember_find(r, "alice", ALICE, "sshd", &key_1, 600));
}

static void dropped_with_the_account(void **state)
{
	struct remember *r = *state;

	remember_put(r, "alice", ALICE, "sshd", &key_1, 600);
	remember_put(r, "bob", BOB, "sshd", &key_1, 600);
	remember_put(r, "alice", ALICE, "sudo", &session_1, 600);
	assert_int_equal(remember_drop(r, ALICE), 2);
	assert_int_equal(remember_drop(r, ALICE), 0);
	assert_false(remember_find(r, "alice", ALICE, "sshd", &key_1, 600));
	assert_false(remember_find(r, "alice", ALICE, "sudo", &session_1, 600));
	assert_true(remember_find(r, "bob", BOB, "sshd", &key_1, 600));
}

/* R5: one account cannot push others out, and all of them have a limit. */
static void bounds(void **state)
{
	struct remember *r = *state;
	struct proof p = key_1;

	remember_put(r, "bob", BOB, "sshd", &key_1, 600);
	for (unsigned i = 0; i < 2 * REMEMBER_ACCOUNT_MAX; i++) {
		clock_freeze(1000000 + i, 0);
		p.digest[1] = (uint8_t)i;
		remember_put(r, "alice", ALICE, "sshd", &p, 600);
	}
	assert_int_equal(remember_count(r), REMEMBER_ACCOUNT_MAX + 1);
	assert_true(remember_find(r, "alice", ALICE, "sshd", &p, 600));
	p.digest[1] = REMEMBER_ACCOUNT_MAX - 1;
	assert_false(remember_find(r, "alice", ALICE, "sshd", &p, 600));
	p.digest[1] = REMEMBER_ACCOUNT_MAX;
	assert_true(remember_find(r, "alice", ALICE, "sshd", &p, 600));
	assert_true(remember_find(r, "bob", BOB, "sshd", &key_1, 600));

	for (uint32_t i = 0; i < 2 * REMEMBER_MAX; i++)
		remember_put(r, "carol", BOB + 1 + i, "sshd", &key_1, 700);
	assert_int_equal(remember_count(r), REMEMBER_MAX);
	assert_true(remember_find(r, "carol", BOB + 2 * REMEMBER_MAX, "sshd", &key_1, 700));
	assert_false(remember_find(r, "bob", BOB, "sshd", &key_1, 600));
}

struct listing {
	size_t n;
	size_t max;
	struct approval last;
};

static bool list(void *userdata, const struct approval *a)
{
	struct listing *l = userdata;

	l->last = *a;
	return ++l->n < l->max;
}

static void listed(void **state)
{
	struct remember *r = *state;
	struct listing all = {.max = 10};
	struct listing hers = {.max = 10};
	struct listing first = {.max = 1};

	remember_put(r, "alice", ALICE, "sudo", &session_1, 600);
	remember_put(r, "bob", BOB, "sshd", &key_1, 60);
	(void)remember_find(r, "alice", ALICE, "sudo", &session_1, 600);
	(void)remember_find(r, "alice", ALICE, "sudo", &session_1, 600);
	remember_each(r, 0, list, &first);
	assert_int_equal(first.n, 1);
	remember_each(r, ALICE, list, &hers);
	assert_int_equal(hers.n, 1);
	assert_string_equal(hers.last.name, "alice");
	assert_string_equal(hers.last.service, "sudo");
	assert_string_equal(hers.last.proof.text, "terminal 136:1, session 1");
	assert_int_equal(hers.last.n_used, 2);
	assert_int_equal(hers.last.until_ms - hers.last.given_ms, 600000);
	clock_freeze(1000000 + 60000, 0);
	remember_each(r, 0, list, &all);
	assert_int_equal(all.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(same_account_service_and_proof, setup, teardown),
		cmocka_unit_test_setup_teardown(ends, setup, teardown),
		cmocka_unit_test_setup_teardown(stricter_rules_count, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_to_remember, setup, teardown),
		cmocka_unit_test_setup_teardown(a_new_approval_replaces, setup, teardown),
		cmocka_unit_test_setup_teardown(dropped_with_the_account, setup, teardown),
		cmocka_unit_test_setup_teardown(bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(listed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
