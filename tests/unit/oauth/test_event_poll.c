/* SPDX-License-Identifier: MIT */
/* The question of RFC 8936 and what its answers mean (SS-06, N8, N9). */
#include "helper/oauth/event_poll.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "helper/base/secret.h"
#include "tests/unit/oauth/world.h"

static struct {
	unsigned int n;
	struct oauth_result result;
	int n_sets; /* -1: no reply */
	bool has_more;
	uint32_t retry_after_s;
} seen;

static void on_done(void *userdata, const struct oauth_result *result, const struct event_reply *reply,
		    uint32_t retry_after_s)
{
	assert_ptr_equal(userdata, &seen);
	seen.n++;
	seen.result = *result;
	seen.n_sets = reply != NULL ? json_object_object_length(reply->sets) : -1;
	seen.has_more = reply != NULL && reply->has_more;
	seen.retry_after_s = retry_after_s;
}

static struct event_settings settings_of(void)
{
	struct event_settings s = {.interval_s = 30};

	s.endpoint = strdup(WORLD_ISSUER "/poll");
	assert_int_equal(secret_copy(&s.token, "t0ken", 5), 0);
	return s;
}

static void settings_done(struct event_settings *s)
{
	free(s->endpoint);
	secret_free(s->token);
}

static void ask(struct world *w, const struct event_settings *s, const char *acks, const char *faults)
{
	struct json_object *a = acks != NULL ? json_tokener_parse(acks) : NULL;
	struct json_object *f = faults != NULL ? json_tokener_parse(faults) : NULL;
	struct event_poll *p = NULL;

	memset(&seen, 0, sizeof(seen));
	assert_int_equal(event_poll_start(&p, w->provider, NULL, s, a, f, on_done, &seen), 0);
	json_object_put(a);
	json_object_put(f);
	fake_run();
	assert_int_equal(seen.n, 1);
	event_poll_free(p);
}

static void test_question(void **state)
{
	struct event_settings s = settings_of();
	struct world w;

	(void)state;
	world_init(&w, "generic");
	fake_reply(200, "{\"sets\":{}}");
	ask(&w, &s, NULL, NULL);
	assert_string_equal(fake_last()->url, WORLD_ISSUER "/poll");
	assert_string_equal(fake_last()->body, "{\"maxEvents\":20,\"returnImmediately\":true}");
	assert_non_null(strstr(fake_last()->headers, "Authorization: Bearer t0ken\n"));
	assert_non_null(strstr(fake_last()->headers, "Content-Type: application/json\n"));
	assert_int_equal(seen.result.outcome, OAUTH_DONE);
	assert_int_equal(seen.n_sets, 0);
	fake_reply(200, "{\"sets\":{\"a\":\"x.y.z\",\"b\":\"x.y.z\"},\"moreAvailable\":true,\"unknown\":[]}");
	ask(&w, &s, "[]", "{}");
	assert_string_equal(fake_last()->body, "{\"maxEvents\":20,\"returnImmediately\":true}");
	assert_int_equal(seen.n_sets, 2);
	assert_true(seen.has_more);
	fake_reply(200, "{\"sets\":{},\"moreAvailable\":false}");
	ask(&w, &s, "[\"a\",\"b\"]", "{\"c\":{\"err\":\"invalid_key\"}}");
	assert_string_equal(fake_last()->body, "{\"maxEvents\":20,\"returnImmediately\":true,\"ack\":[\"a\",\"b\"],"
					       "\"setErrs\":{\"c\":{\"err\":\"invalid_key\"}}}");
	assert_false(seen.has_more);
	settings_done(&s);
	world_done(&w);
}

static void test_answers(void **state)
{
	static const struct {
		unsigned int status;
		const char *body;
		enum oauth_outcome outcome;
	} table[] = {
		{200, "", OAUTH_BAD_REPLY},
		{200, "{}", OAUTH_BAD_REPLY},
		{200, "[]", OAUTH_BAD_REPLY},
		{200, "{\"sets\":[]}", OAUTH_BAD_REPLY},
		{200, "{\"sets\":null}", OAUTH_BAD_REPLY},
		{200, "{\"sets\":{},\"sets\":{}}", OAUTH_BAD_REPLY},
		{200, "{\"sets\":{\"a\":1}}", OAUTH_BAD_REPLY},
		{200, "{\"sets\":{\"a\":\"\"}}", OAUTH_BAD_REPLY},
		{200, "{\"sets\":{\"\":\"x\"}}", OAUTH_BAD_REPLY},
		{200, "{\"sets\":{\"a\\nb\":\"x\"}}", OAUTH_BAD_REPLY},
		{200, "{\"sets\":{},\"moreAvailable\":\"yes\"}", OAUTH_BAD_REPLY},
		{200, "<html></html>", OAUTH_BAD_REPLY},
		{401, "{}", OAUTH_CLIENT_REFUSED},
		{403, "", OAUTH_CLIENT_REFUSED},
		{429, "", OAUTH_THROTTLED},
		{500, "t0ken", OAUTH_UNREACHABLE},
		{503, "", OAUTH_UNREACHABLE},
	};
	struct event_settings s = settings_of();
	struct world w;

	(void)state;
	world_init(&w, "generic");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		fake_reply(table[i].status, table[i].body);
		if (table[i].status == 429)
			fake_reply_retry_after(77);
		ask(&w, &s, NULL, NULL);
		if (seen.result.outcome != table[i].outcome)
			fail_msg("%u %s: %d", table[i].status, table[i].body, seen.result.outcome);
		assert_int_equal(seen.n_sets, -1);
		assert_null(strstr(seen.result.detail, "t0ken"));
		assert_int_equal(seen.retry_after_s, table[i].status == 429 ? 77 : 0);
	}
	fake_failure(FETCH_TLS);
	ask(&w, &s, NULL, NULL);
	assert_int_equal(seen.result.outcome, OAUTH_UNREACHABLE);
	settings_done(&s);
	world_done(&w);
}

/* The limits of an answer: at most, and one more. */
static void test_limits(void **state)
{
	static char text[300000];
	struct event_reply reply = {.sets = NULL};

	(void)state;
	for (unsigned int n = EVENT_REPLY_SETS_MAX; n <= EVENT_REPLY_SETS_MAX + 1; n++) {
		size_t at = (size_t)snprintf(text, sizeof(text), "{\"sets\":{");

		for (unsigned int i = 0; i < n; i++)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s\"%u\":\"x\"", i > 0 ? "," : "", i);
		(void)snprintf(text + at, sizeof(text) - at, "}}");
		assert_int_equal(event_reply_parse(&reply, text, strlen(text)),
				 n == EVENT_REPLY_SETS_MAX ? 0 : -EBADMSG);
		event_reply_done(&reply);
	}
	for (unsigned int n = EVENT_REPLY_ID_MAX; n <= EVENT_REPLY_ID_MAX + 1; n++) {
		(void)snprintf(text, sizeof(text), "{\"sets\":{\"%0*d\":\"x\"}}", (int)n, 1);
		assert_int_equal(event_reply_parse(&reply, text, strlen(text)), n == EVENT_REPLY_ID_MAX ? 0 : -EBADMSG);
		event_reply_done(&reply);
	}
	for (unsigned int n = 65536; n <= 65537; n++) {
		(void)snprintf(text, sizeof(text), "{\"sets\":{\"a\":\"%0*d\"}}", (int)n, 1);
		assert_int_equal(event_reply_parse(&reply, text, strlen(text)), n == 65536 ? 0 : -EBADMSG);
		event_reply_done(&reply);
	}
}

static void test_freed_on_the_way(void **state)
{
	struct event_settings s = settings_of();
	struct event_poll *p = NULL;
	struct world w;

	(void)state;
	world_init(&w, "generic");
	memset(&seen, 0, sizeof(seen));
	fake_reply(200, "{\"sets\":{}}");
	assert_int_equal(event_poll_start(&p, w.provider, NULL, &s, NULL, NULL, on_done, &seen), 0);
	event_poll_free(p);
	fake_run();
	assert_int_equal(seen.n, 0);
	fake.start_result = -ENOMEM;
	assert_int_equal(event_poll_start(&p, w.provider, NULL, &s, NULL, NULL, on_done, &seen), -ENOMEM);
	event_poll_free(NULL);
	settings_done(&s);
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_freed_on_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
