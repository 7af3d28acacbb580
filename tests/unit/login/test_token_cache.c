/* SPDX-License-Identifier: MIT */
/* A yes that counts again. INT-05, C5: no longer than the token, nor than root allows, whatever the clocks do. */
#include "helper/login/token_cache.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "helper/base/clock.h"

#define NOW 1700000000

static uint64_t monotonic_ms;
static int64_t realtime_s;

uint64_t __wrap_clock_monotonic_ms(void);
int64_t __wrap_clock_realtime_s(void);

uint64_t __wrap_clock_monotonic_ms(void)
{
	return monotonic_ms;
}

int64_t __wrap_clock_realtime_s(void)
{
	return realtime_s;
}

static int setup(void **state)
{
	monotonic_ms = 5000;
	realtime_s = NOW;
	return token_cache_new((struct token_cache **)state);
}

static int teardown(void **state)
{
	token_cache_free(*state);
	return 0;
}

static int find(struct token_cache *c, const char *account, const char *token)
{
	char text[OAUTH_DETAIL_MAX];
	size_t len = 0;

	while (token[len] != '\0')
		len++;
	return token_cache_find(c, account, token, len, text);
}

static void put(struct token_cache *c, int64_t expires_s, uint32_t max_s)
{
	token_cache_put(c, "deploy", "token", 5, expires_s, max_s, "by access token");
}

/* INT-05: the shorter of the two */
static void int05_ends_with_the_token_and_with_the_maximum(void **state)
{
	struct token_cache *c = *state;

	put(c, NOW + 10, 60);
	assert_int_equal(find(c, "deploy", "token"), 0);
	realtime_s = NOW + 9;
	assert_int_equal(find(c, "deploy", "token"), 0);
	realtime_s = NOW + 10;
	assert_int_equal(find(c, "deploy", "token"), -ENOENT);

	realtime_s = NOW;
	put(c, NOW + 3600, 60);
	monotonic_ms += 59999;
	assert_int_equal(find(c, "deploy", "token"), 0);
	monotonic_ms += 1;
	assert_int_equal(find(c, "deploy", "token"), -ENOENT);
}

/* Neither without root's word nor for a token of which nobody knows when it ends. */
static void nothing_is_kept(void **state)
{
	struct token_cache *c = *state;

	put(c, NOW + 3600, 0);
	put(c, 0, 60);
	put(c, NOW, 60);
	assert_int_equal(find(c, "deploy", "token"), -ENOENT);
}

/* C5: a clock that is set back, or forth */
static void clocks_that_are_set(void **state)
{
	struct token_cache *c = *state;

	put(c, NOW + 3600, 60);
	realtime_s = NOW - 1;
	assert_int_equal(find(c, "deploy", "token"), -ENOENT);
	realtime_s = NOW + 3600;
	assert_int_equal(find(c, "deploy", "token"), -ENOENT);
	realtime_s = NOW;
	assert_int_equal(find(c, "deploy", "token"), 0);
}

/* T1: for this account and this token */
static void of_nobody_else(void **state)
{
	struct token_cache *c = *state;

	put(c, NOW + 3600, 60);
	assert_int_equal(find(c, "backup", "token"), -ENOENT);
	assert_int_equal(find(c, "deploy", "tokem"), -ENOENT);
	assert_int_equal(find(c, "deploy", "toke"), -ENOENT);
	assert_int_equal(find(c, "deploy", "tokens"), -ENOENT);
	assert_int_equal(find(c, "deployt", "oken"), -ENOENT);
}

static void limited(void **state)
{
	struct token_cache *c = *state;
	char token[16];

	for (unsigned i = 0; i <= TOKEN_CACHE_MAX; i++) {
		int n = snprintf(token, sizeof(token), "token-%u", i);

		monotonic_ms++;
		token_cache_put(c, "deploy", token, (size_t)n, NOW + 3600, 60, "x");
	}
	assert_int_equal(find(c, "deploy", "token-0"), -ENOENT);
	assert_int_equal(find(c, "deploy", "token-1"), 0);
	assert_int_equal(find(c, "deploy", "token-64"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(int05_ends_with_the_token_and_with_the_maximum, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(clocks_that_are_set, setup, teardown),
		cmocka_unit_test_setup_teardown(of_nobody_else, setup, teardown),
		cmocka_unit_test_setup_teardown(limited, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
