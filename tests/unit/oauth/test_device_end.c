/* SPDX-License-Identifier: MIT */
/* How long a device flow lives: deadlines, clocks, and flows that their owner frees. Checklist items DEV-15 to DEV-18,
 * threats D4, N10, N11 and C5. */
#include "helper/oauth/device.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/oauth/device_world.h"

static void run_to_the_end(struct world *w, uint32_t lifetime_s, uint64_t expected_s)
{
	for (size_t i = 0; i < 200; i++)
		fake_reply(400, PENDING);
	assert_int_equal(world_start(w, lifetime_s), 0);
	fake_run_ms(expected_s * 1000 - 1);
	assert_int_equal(w->ended, 0);
	assert_int_equal(w->challenge.expires_in_s, expected_s);
	fake_run_ms(1);
	assert_int_equal(w->ended, 1);
	assert_int_equal(w->result.outcome, OAUTH_EXPIRED);
}

/* DEV-15, D4: pending for ever ends with the code, the configured limit or the caller's, whichever comes first. */
static void dev_15_own_deadline(void **state)
{
	struct world w;

	(void)state;
	start(&w, "generic");
	run_to_the_end(&w, 900, 600);
	world_done(&w);

	start(&w, "generic");
	run_to_the_end(&w, 100, 100);
	world_done(&w);

	start(&w, "generic");
	w.settings.code_lifetime_s = 300;
	run_to_the_end(&w, 900, 300);
	world_done(&w);
}

/* N10, N11: numbers out of bounds become bounds. */
static void n10_lifetime_and_interval_are_clamped(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	fake_reply(200, "{\"device_code\":\"d\",\"user_code\":\"u\",\"verification_uri\":\"https://idp.example/\","
			"\"expires_in\":1000000000000,\"interval\":1000000000}");
	assert_int_equal(world_start(&w, 86400), 0);
	fake_run_ms(62000);
	assert_int_equal(w.challenge.expires_in_s, 3600);
	assert_waited(1, 60);
	world_done(&w);

	world_init(&w, "generic");
	world_prepare(&w);
	fake_reply(200, "{\"device_code\":\"d\",\"user_code\":\"u\",\"verification_uri\":\"https://idp.example/\","
			"\"expires_in\":-5,\"interval\":-1}");
	assert_int_equal(world_start(&w, 86400), 0);
	fake_run_ms(999);
	assert_int_equal(w.challenge.expires_in_s, 1);
	assert_int_equal(w.ended, 0);
	fake_run_ms(1);
	assert_int_equal(w.result.outcome, OAUTH_EXPIRED);
	assert_int_equal(fake.n_requests, 1);
	world_done(&w);
}

/* A provider that cannot be reached at the end is another matter than a person who did not come. */
static void unreachable_at_the_deadline(void **state)
{
	struct world w;

	(void)state;
	start(&w, "generic");
	fake_reply(400, PENDING);
	fake_failure(FETCH_UNREACHABLE);
	assert_int_equal(world_start(&w, 20), 0);
	fake_run_ms(20000);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.result.outcome, OAUTH_UNREACHABLE);
	world_done(&w);
}

/* DEV-18, C5: the wall clock jumps ten years, and nothing happens. */
static void dev_18_monotonic_deadline(void **state)
{
	struct world w;

	(void)state;
	start(&w, "generic");
	fake_reply(400, PENDING);
	fake_reply(400, PENDING);
	fake_reply(200, TOKENS);
	assert_int_equal(world_start(&w, 600), 0);
	fake_run_ms(7000);
	fake.wall_jump_s = 315360000;
	fake_run_ms(7000);
	fake.wall_jump_s = -315360000;
	fake_run_ms(7000);
	assert_int_equal(w.result.outcome, OAUTH_DONE);
	assert_non_null(w.tokens);
	world_done(&w);
}

/* DEV-17, R6, D6: the client goes away at any moment, and no request leaves afterwards. */
static void dev_17_freed_flows_never_poll(void **state)
{
	static const uint64_t moments_ms[] = {0, 500, 2000, 5000, 6500, 9000, 11000, 16000};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(moments_ms) / sizeof(moments_ms[0]); i++) {
		size_t n;

		start(&w, "generic");
		fake_reply_takes(1000);
		fake_reply(400, PENDING);
		fake_reply_takes(1000);
		fake_reply(200, TOKENS);
		fake_reply_takes(5000);
		assert_int_equal(world_start(&w, 600), 0);
		fake_run_ms(moments_ms[i]);
		assert_int_equal(w.ended, 0);
		flow_free(LK_STEAL(w.flow));
		assert_int_equal(fake_leaks(), 0);
		n = fake.n_requests;
		fake_run_ms(1000000);
		assert_int_equal(fake.n_requests, n);
		assert_int_equal(w.ended, 0);
		world_done(&w);
	}
}

/* D7: a provider that repeats a code in the words of an error does not bring it into a log. */
static void d7_codes_in_error_texts(void **state)
{
	static const char *const replies[] = {
		"{\"error\":\"invalid_grant\",\"error_description\":\"The user code WDJB-MJHT was used before\"}",
		"{\"error\":\"invalid_grant\",\"error_description\":\"no such code: " DEVICE_CODE "\"}",
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		start(&w, "generic");
		fake_reply(400, replies[i]);
		assert_int_equal(world_start(&w, 600), 0);
		fake_run_ms(7000);
		assert_int_equal(w.result.outcome, OAUTH_PROVIDER_REFUSED);
		assert_null(strstr(w.result.detail, "WDJB"));
		assert_null(strstr(w.result.detail, DEVICE_CODE));
		world_done(&w);
	}
}

static void freed_from_within_its_own_callbacks(void **state)
{
	struct world w;

	(void)state;
	start(&w, "generic");
	fake_reply(200, TOKENS);
	w.frees_flow_at_the_end = true;
	assert_int_equal(world_start(&w, 600), 0);
	fake_run_ms(7000);
	assert_int_equal(w.ended, 1);
	assert_non_null(w.tokens);
	assert_null(w.flow);
	world_done(&w);

	start(&w, "generic");
	w.frees_flow_at_challenge = true;
	assert_int_equal(world_start(&w, 600), 0);
	fake_run_ms(7000);
	assert_int_equal(w.challenged, 1);
	assert_int_equal(w.ended, 0);
	assert_int_equal(fake.n_requests, 1);
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dev_15_own_deadline),
		cmocka_unit_test(n10_lifetime_and_interval_are_clamped),
		cmocka_unit_test(unreachable_at_the_deadline),
		cmocka_unit_test(dev_18_monotonic_deadline),
		cmocka_unit_test(dev_17_freed_flows_never_poll),
		cmocka_unit_test(d7_codes_in_error_texts),
		cmocka_unit_test(freed_from_within_its_own_callbacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
