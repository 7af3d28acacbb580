/* SPDX-License-Identifier: MIT */
/* The device flow as a whole: who is asked what, when, and how each way ends. Checklist items DEV-01 to DEV-22, threats
 * D3 to D7. */
#include "helper/oauth/device.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/oauth/device_world.h"

static void happy_path(void **state)
{
	struct world w;

	(void)state;
	start(&w, "generic");
	fake_reply(400, PENDING);
	fake_reply(200, TOKENS);
	assert_int_equal(world_start(&w, 600), 0);
	assert_int_equal(w.challenged, 0);
	fake_run();
	assert_int_equal(w.challenged, 1);
	assert_string_equal(w.challenge.user_code, "WDJB-MJHT"); /* DEV-09 */
	assert_string_equal(w.challenge.verification_uri, "https://idp.example/device");
	assert_string_equal(w.challenge.verification_uri_complete, "https://idp.example/device?user_code=WDJB-MJHT");
	assert_int_equal(w.challenge.expires_in_s, 600);
	assert_int_equal(fake.n_requests, 1);

	fake_run_ms(12000);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.result.outcome, OAUTH_DONE);
	assert_non_null(w.tokens);
	assert_int_equal(secret_len(w.tokens->access_token), 2);
	assert_int_equal(fake.n_requests, 3);
	assert_string_equal(fake.requests[0].url, "https://idp.example/device");
	assert_string_equal(fake.requests[0].body, "scope=openid+profile+email+offline_access&client_id=client");
	assert_string_equal(fake.requests[2].url, "https://idp.example/token");
	assert_string_equal(fake.requests[2].body, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&"
						   "device_code=" DEVICE_CODE "&client_id=client");

	fake_run_ms(1000000);
	assert_int_equal(fake.n_requests, 3); /* D6: redeemed once */
	assert_int_equal(w.ended, 1);
	world_done(&w);
}

static void dev_01_headers(void **state)
{
	struct world w;

	(void)state;
	start(&w, "generic");
	assert_int_equal(world_start(&w, 600), 0);
	fake_run_ms(10000);
	assert_int_equal(fake.n_requests, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_non_null(strstr(fake.requests[i].headers, "Content-Type: application/x-www-form-urlencoded\n"));
		assert_non_null(strstr(fake.requests[i].headers, "Accept: application/json\n"));
		assert_non_null(strstr(fake.requests[i].headers, "User-Agent: latchkey/"));
		assert_null(strstr(fake.requests[i].headers, "Authorization")); /* DEV-20: public by default */
	}
	world_done(&w);
}

/* DEV-02, OA-01, OA-03: with credentials the client shows them on both requests, in one way, never in a URL. */
static void dev_02_credentials_on_both_requests(void **state)
{
	struct world w;

	(void)state;
	for (enum client_auth method = CLIENT_AUTH_BASIC; method <= CLIENT_AUTH_POST; method++) {
		bool is_basic = method == CLIENT_AUTH_BASIC;

		start(&w, "generic");
		world_secret(&w, method, "s3cret");
		assert_int_equal(world_start(&w, 600), 0);
		fake_run_ms(10000);
		assert_int_equal(fake.n_requests, 2);
		for (size_t i = 0; i < 2; i++) {
			const struct fake_request *q = &fake.requests[i];

			assert_int_equal(strstr(q->headers, "Authorization: Basic Y2xpZW50OnMzY3JldA==\n") != NULL,
					 is_basic);
			assert_int_equal(strstr(q->body, "client_id=client&client_secret=s3cret") != NULL, !is_basic);
			assert_int_equal(strstr(q->body, "client") == NULL, is_basic);
			assert_null(strstr(q->url, "s3cret"));
		}
		world_done(&w);
	}
}

/* DEV-05, DEV-11: without an interval it is five seconds, and the first poll waits as well. */
static void dev_05_default_interval(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	fake_reply(200, "{\"device_code\":\"d\",\"user_code\":\"u\",\"verification_uri\":\"https://idp.example/\","
			"\"expires_in\":600}");
	fake_reply_takes(3000);
	fake_reply(400, PENDING);
	fake_reply_takes(2000);
	assert_int_equal(world_start(&w, 600), 0);
	fake_run_ms(30000);
	assert_waited(1, 5);
	assert_waited(2, 5); /* from the reply, the later end of the exchange */
	assert_string_equal(w.challenge.verification_uri_complete, "");
	world_done(&w);
}

static void dev_12_slow_down_adds_for_good(void **state)
{
	struct world w;

	(void)state;
	start(&w, "generic");
	fake_reply(400, SLOW_DOWN);
	fake_reply(400, PENDING);
	fake_reply(403, SLOW_DOWN); /* D3: on any status */
	fake_reply(429, SLOW_DOWN);
	fake_reply(200, "{\"error\":\"slow_down\",\"interval\":40}");
	fake_reply(400, PENDING);
	fake_reply(200, "{\"error\":\"slow_down\",\"interval\":1}");
	assert_int_equal(world_start(&w, 600), 0);
	fake_run_ms(300000);
	assert_waited(1, 5);
	assert_waited(2, 10);
	assert_waited(3, 10);
	assert_waited(4, 15);
	assert_waited(5, 20);
	assert_waited(6, 40); /* a larger one of theirs counts */
	assert_waited(7, 40);
	assert_waited(8, 45); /* a smaller one does not */
	world_done(&w);
}

/* DEV-14: no answer halves the frequency each time, up to a minute; an answer ends that. */
static void dev_14_failures_back_off(void **state)
{
	struct world w;

	(void)state;
	start(&w, "generic");
	fake_failure(FETCH_TIMEOUT);
	fake_failure(FETCH_UNREACHABLE);
	fake_reply_typed(503, "text/html", "<html>maintenance</html>");
	fake_failure(FETCH_LOST);
	fake_reply(502, "");
	fake_reply(400, PENDING);
	fake_failure(FETCH_TLS);
	assert_int_equal(world_start(&w, 1000), 0);
	fake_run_ms(400000);
	assert_waited(1, 5);
	assert_waited(2, 10);
	assert_waited(3, 20);
	assert_waited(4, 40);
	assert_waited(5, 60);
	assert_waited(6, 60);
	assert_waited(7, 5);
	assert_waited(8, 10);
	assert_int_equal(w.ended, 0);
	world_done(&w);
}

static void throttling_without_an_error_code(void **state)
{
	struct world w;

	(void)state;
	start(&w, "generic");
	fake_reply_typed(429, "text/plain", "");
	fake_reply_typed(429, "text/plain", "Too many");
	fake_reply_retry_after(90);
	fake_reply(400, PENDING);
	assert_int_equal(world_start(&w, 600), 0);
	fake_run_ms(200000);
	assert_waited(2, 10);
	assert_waited(3, 90);
	assert_waited(4, 15);
	world_done(&w);
}

/* Section 3.1: "pending" comes with any of these. */
static void pending_on_any_status(void **state)
{
	static const unsigned statuses[] = {200, 400, 401, 403, 428, 500};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		start(&w, "generic");
		fake_reply(statuses[i], PENDING);
		fake_reply(200, TOKENS);
		assert_int_equal(world_start(&w, 600), 0);
		fake_run_ms(13000);
		assert_int_equal(w.result.outcome, OAUTH_DONE);
		assert_non_null(w.tokens);
		world_done(&w);
	}
}

/* DEV-13, DEV-15, DEV-16, D5: every other error is the end, at once, on any status. */
static void dev_13_errors_end_the_flow(void **state)
{
	static const struct {
		unsigned status;
		const char *error;
		enum oauth_outcome outcome;
	} table[] = {
		{400, "access_denied", OAUTH_DENIED},
		{200, "access_denied", OAUTH_DENIED},
		{400, "expired_token", OAUTH_EXPIRED},
		{400, "invalid_grant", OAUTH_PROVIDER_REFUSED},
		{401, "invalid_client", OAUTH_CLIENT_REFUSED},
		{400, "unauthorized_client", OAUTH_CLIENT_REFUSED},
		{400, "unsupported_grant_type", OAUTH_CLIENT_REFUSED},
		{400, "invalid_scope", OAUTH_CLIENT_REFUSED},
		{400, "invalid_request", OAUTH_PROVIDER_REFUSED},
		{500, "server_error", OAUTH_UNREACHABLE},
		{400, "no_such_error", OAUTH_PROVIDER_REFUSED},
		{400, "authorization_pending ", OAUTH_PROVIDER_REFUSED},
		{400, "Authorization_Pending", OAUTH_PROVIDER_REFUSED},
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char body[128];

		(void)snprintf(body, sizeof(body),
			       "{\"error\":\"%s\",\"access_token\":\"x\",\"token_type\":\"bearer\"}", table[i].error);
		start(&w, "generic");
		fake_reply(table[i].status, body);
		assert_int_equal(world_start(&w, 600), 0);
		fake_run_ms(1000000);
		assert_int_equal(w.ended, 1);
		assert_int_equal(w.result.outcome, table[i].outcome);
		assert_null(w.tokens);
		assert_non_null(strstr(w.result.detail, table[i].error));
		assert_int_equal(fake.n_requests, 2);
		world_done(&w);
	}
}

static void replies_outside_the_specification_end_the_flow(void **state)
{
	static const struct {
		unsigned status;
		const char *body;
	} table[] = {
		{200, ""},
		{200, "[]"},
		{200, "{}"},
		{200, "{\"access_token\":\"x\"}"},
		{200, "{\"access_token\":\"x\",\"token_type\":\"mac\"}"},
		{204, "{\"access_token\":\"x\",\"token_type\":\"bearer\"}"},
		{400, "{\"access_token\":\"x\",\"token_type\":\"bearer\"}"},
		{400, "nonsense"},
		{302, ""}, /* N3 */
		{307, "<html>"},
		{200, "{\"error\":5}"},
		{400, "{\"error\":\"\"}"},
		{400, "{\"error\":\"authorization_pending\",\"error\":\"slow_down\"}"},
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		start(&w, "generic");
		fake_reply(table[i].status, table[i].body);
		assert_int_equal(world_start(&w, 600), 0);
		fake_run_ms(1000000);
		assert_int_equal(w.ended, 1);
		assert_int_equal(w.result.outcome, OAUTH_BAD_REPLY);
		assert_null(w.tokens);
		assert_int_equal(fake.n_requests, 2);
		world_done(&w);
	}
}

/* DEV-22, D2: two sign-ins at once have two codes, and the end of one is not the other's. */
static void dev_22_flows_are_independent(void **state)
{
	struct world w;
	struct flow *first;

	(void)state;
	start(&w, "generic");
	fake_reply(200, "{\"device_code\":\"dc-2\",\"user_code\":\"U2\",\"verification_uri\":\"https://idp.example/\","
			"\"expires_in\":600,\"interval\":8}");
	fake_reply(400, "{\"error\":\"access_denied\"}");
	fake_reply(200, TOKENS);
	assert_int_equal(world_start(&w, 600), 0);
	first = LK_STEAL(w.flow);
	assert_int_equal(world_start(&w, 600), 0);
	fake_run_ms(7000);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.result.outcome, OAUTH_DENIED);
	assert_non_null(strstr(fake_last()->body, DEVICE_CODE));
	fake_run_ms(3000);
	assert_int_equal(w.ended, 2);
	assert_int_equal(w.result.outcome, OAUTH_DONE);
	assert_non_null(strstr(fake_last()->body, "device_code=dc-2&"));
	flow_free(first);
	world_done(&w);
}

/* DEV-07, D7: a provider that repeats the code in its text does not get it into our log, nor a secret. */
static void dev_07_code_is_never_told(void **state)
{
	struct world w;

	(void)state;
	start(&w, "generic");
	world_secret(&w, CLIENT_AUTH_POST, "s3cret");
	fake_reply(400, "{\"error\":\"invalid_grant\",\"error_description\":\"no such code: " DEVICE_CODE "\"}");
	assert_int_equal(world_start(&w, 600), 0);
	fake_run_ms(7000);
	assert_int_equal(w.result.outcome, OAUTH_PROVIDER_REFUSED);
	assert_null(strstr(w.result.detail, DEVICE_CODE));
	for (size_t i = 0; i < fake.n_requests; i++)
		assert_null(strstr(fake.requests[i].url, DEVICE_CODE));
	world_done(&w);

	start(&w, "generic");
	world_secret(&w, CLIENT_AUTH_POST, "s3cret");
	fake_reply(401, "{\"error\":\"invalid_client\",\"error_description\":\"s3cret is wrong\"}");
	assert_int_equal(world_start(&w, 600), 0);
	fake_run_ms(7000);
	assert_int_equal(w.result.outcome, OAUTH_CLIENT_REFUSED);
	assert_null(strstr(w.result.detail, "s3cret"));
	world_done(&w);
}

/* D3: a loop that wakes too early is sent back to sleep, not to the provider. */
static void d3_never_early(void **state)
{
	struct world w;

	(void)state;
	start(&w, "generic");
	fake_reply(400, PENDING);
	fake_reply(400, PENDING);
	fake.timers_early_ms = 1000; /* more than any jitter */
	assert_int_equal(world_start(&w, 600), 0);
	fake_run_ms(20000);
	assert_int_equal(fake.n_requests, 4);
	for (size_t i = 1; i < 4; i++)
		assert_waited(i, 5);
	world_done(&w);
}

static void refused_starts(void **state)
{
	static const struct {
		unsigned status;
		const char *body;
		enum oauth_outcome outcome;
	} table[] = {
		{400, "{\"error\":\"invalid_client\"}", OAUTH_CLIENT_REFUSED},
		{200, "{\"error\":\"unauthorized_client\"}", OAUTH_CLIENT_REFUSED},
		{403, "{\"error\":\"access_denied\"}", OAUTH_DENIED},
		{429, "{\"error\":\"slow_down\"}", OAUTH_THROTTLED}, /* authentik */
		{429, "", OAUTH_THROTTLED},
		{400, "{\"error\":\"authorization_pending\"}", OAUTH_PROVIDER_REFUSED},
		{500, "<html>", OAUTH_UNREACHABLE},
		{503, "{}", OAUTH_UNREACHABLE},
		{404, "", OAUTH_BAD_REPLY},
		{200, "<html>portal</html>", OAUTH_BAD_REPLY}, /* N8 */
		{301, "", OAUTH_BAD_REPLY},
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		world_init(&w, "generic");
		world_prepare(&w);
		fake_reply(table[i].status, table[i].body);
		assert_int_equal(world_start(&w, 600), 0);
		fake_run_ms(1000000);
		assert_int_equal(w.challenged, 0);
		assert_int_equal(w.ended, 1);
		assert_int_equal(w.result.outcome, table[i].outcome);
		assert_int_equal(fake.n_requests, 1);
		world_done(&w);
	}
}

static void network_failures_at_the_start(void **state)
{
	static const enum oauth_outcome expected[] = {
		[FETCH_TIMEOUT] = OAUTH_UNREACHABLE,    [FETCH_UNREACHABLE] = OAUTH_UNREACHABLE,
		[FETCH_TLS] = OAUTH_UNREACHABLE,        [FETCH_TOO_LARGE] = OAUTH_BAD_REPLY,
		[FETCH_BAD_REPLY] = OAUTH_BAD_REPLY,    [FETCH_NOT_ALLOWED] = OAUTH_CLIENT_REFUSED,
		[FETCH_LOST] = OAUTH_UNREACHABLE,       [FETCH_BROKEN] = OAUTH_UNREACHABLE,
		[FETCH_OVERLOADED] = OAUTH_UNREACHABLE,
	};
	struct world w;

	(void)state;
	for (size_t i = FETCH_TIMEOUT; i <= FETCH_OVERLOADED; i++) {
		world_init(&w, "generic");
		world_prepare(&w);
		fake_failure((enum fetch_outcome)i);
		assert_int_equal(world_start(&w, 600), 0);
		fake_run();
		assert_int_equal(w.ended, 1);
		assert_int_equal(w.result.outcome, expected[i]);
		world_done(&w);
	}
	/* during a poll: what cannot get better ends it */
	for (size_t i = FETCH_TIMEOUT; i <= FETCH_OVERLOADED; i++) {
		start(&w, "generic");
		fake_failure((enum fetch_outcome)i);
		assert_int_equal(world_start(&w, 600), 0);
		fake_run_ms(7000);
		assert_int_equal(w.ended, i == FETCH_TOO_LARGE || i == FETCH_NOT_ALLOWED);
		world_done(&w);
	}
}

/* A hanging provider: the request has its own end, which is no later than the caller's patience. */
static void hanging_provider(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	assert_int_equal(world_start(&w, 600), 0);
	fake_run_ms(10000);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.result.outcome, OAUTH_UNREACHABLE);
	world_done(&w);

	world_init(&w, "generic");
	world_prepare(&w);
	assert_int_equal(world_start(&w, 3), 0);
	assert_int_equal(fake_last()->timeout_ms, 3000);
	world_done(&w);
}

static void without_what_it_needs(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, "generic"); /* nothing discovered */
	assert_int_equal(world_start(&w, 600), -EINVAL);
	world_prepare(&w);
	assert_int_equal(world_start(&w, 0), -EINVAL);
	world_text(&w.settings.client_id, NULL);
	assert_int_equal(world_start(&w, 600), -EINVAL);
	world_text(&w.settings.client_id, "client");
	w.settings.client_auth = CLIENT_AUTH_BASIC;
	assert_int_equal(world_start(&w, 600), -EINVAL);
	w.settings.client_auth = CLIENT_AUTH_NONE;
	assert_null(w.flow);
	assert_int_equal(fake.n_requests, 0);
	world_done(&w);
}

/* C6: no memory at any step ends in a refusal. */
static void c6_no_memory(void **state)
{
	struct world w;

	(void)state;
	start(&w, "generic");
	fake.start_result = -ENOMEM;
	assert_int_equal(world_start(&w, 600), -ENOMEM);
	world_done(&w);

	start(&w, "generic");
	assert_int_equal(world_start(&w, 600), 0);
	fake.timer_result = -ENOMEM;
	fake_run();
	assert_int_equal(w.challenged, 0);
	assert_int_equal(w.result.outcome, OAUTH_NO_MEMORY);
	world_done(&w);

	start(&w, "generic");
	assert_int_equal(world_start(&w, 600), 0);
	fake_run();
	fake.start_result = -ENOMEM;
	fake_run_ms(7000);
	assert_int_equal(w.result.outcome, OAUTH_NO_MEMORY);
	world_done(&w);

	start(&w, "generic");
	fake_reply(400, PENDING);
	assert_int_equal(world_start(&w, 600), 0);
	fake_run();
	fake.timer_result = -ENOMEM;
	fake_run_ms(7000);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.result.outcome, OAUTH_NO_MEMORY);
	world_done(&w);
}

/* sshd asks three times: the person waits for one deadline, and the provider is asked once. */
static void silence_is_remembered(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	assert_int_equal(world_start(&w, 600), 0);
	fake_run_ms(10000);
	assert_int_equal(w.ended, 1);
	for (unsigned again = 1; again <= 2; again++) {
		flow_free(LK_STEAL(w.flow));
		assert_int_equal(world_start(&w, 600), 0);
		assert_int_equal(w.ended, again); /* never from within the call */
		fake_run();
		assert_int_equal(w.ended, again + 1);
		assert_int_equal(w.result.outcome, OAUTH_UNREACHABLE);
		assert_non_null(strstr(w.result.detail, "a moment ago"));
		assert_int_equal(fake.n_requests, 1);
		fake_run_ms(900);
	}
	fake_run_ms(200);
	flow_free(LK_STEAL(w.flow));
	fake_reply(200, START_REPLY);
	assert_int_equal(world_start(&w, 600), 0);
	fake_run();
	assert_int_equal(fake.n_requests, 2);
	assert_int_equal(w.challenged, 1);

	/* a flow that is given up before it heard so */
	world_done(&w);
	world_init(&w, "generic");
	world_prepare(&w);
	assert_int_equal(world_start(&w, 600), 0);
	fake_run_ms(10000);
	flow_free(LK_STEAL(w.flow));
	assert_int_equal(world_start(&w, 600), 0);
	world_done(&w);
	assert_int_equal(w.ended, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(happy_path),
		cmocka_unit_test(dev_01_headers),
		cmocka_unit_test(dev_02_credentials_on_both_requests),
		cmocka_unit_test(dev_05_default_interval),
		cmocka_unit_test(dev_07_code_is_never_told),
		cmocka_unit_test(dev_12_slow_down_adds_for_good),
		cmocka_unit_test(dev_13_errors_end_the_flow),
		cmocka_unit_test(dev_14_failures_back_off),
		cmocka_unit_test(dev_22_flows_are_independent),
		cmocka_unit_test(throttling_without_an_error_code),
		cmocka_unit_test(pending_on_any_status),
		cmocka_unit_test(replies_outside_the_specification_end_the_flow),
		cmocka_unit_test(d3_never_early),
		cmocka_unit_test(refused_starts),
		cmocka_unit_test(network_failures_at_the_start),
		cmocka_unit_test(hanging_provider),
		cmocka_unit_test(silence_is_remembered),
		cmocka_unit_test(without_what_it_needs),
		cmocka_unit_test(c6_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
