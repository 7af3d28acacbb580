/* SPDX-License-Identifier: MIT */
/* Whether an access token still counts. RFC 7662; checklist INT-01 to INT-04. */
#include "helper/oauth/introspect.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/oauth/world.h"

struct host {
	struct world w;
	struct introspect *i;
	unsigned told;
	enum introspect_outcome outcome;
	struct oauth_result result;
};

static void on_done(void *userdata, enum introspect_outcome outcome, const struct oauth_result *result)
{
	struct host *h = userdata;

	h->told++;
	h->outcome = outcome;
	h->result = *result;
	introspect_free(LK_STEAL(h->i));
}

static void begin(struct host *h, enum client_auth method)
{
	*h = (struct host){0};
	world_init(&h->w, "generic");
	if (method != CLIENT_AUTH_NONE)
		world_secret(&h->w, method, "s3cret");
	world_text(&h->w.settings.introspection_endpoint, "https://idp.example/introspect");
	world_prepare(&h->w);
}

static void end(struct host *h)
{
	introspect_free(h->i);
	world_done(&h->w);
	assert_int_equal(fake_leaks(), 0);
}

static int start(struct host *h)
{
	LK_CLEANUP(secret_freep) struct secret *token = NULL;

	assert_int_equal(secret_copy(&token, "at-1", 4), 0);
	return introspect_start(&h->i, h->w.provider, NULL, token, on_done, h);
}

/* INT-01: a POST, and the client says who it is */
static void the_question(void **state)
{
	struct host h;

	(void)state;
	begin(&h, CLIENT_AUTH_POST);
	assert_true(introspect_is_possible(h.w.provider));
	fake_reply(200, "{\"active\":true}");
	assert_int_equal(start(&h), 0);
	assert_int_equal(h.told, 0);
	fake_run();
	assert_int_equal(h.told, 1);
	assert_int_equal(h.outcome, INTROSPECT_ACTIVE);
	assert_string_equal(fake_last()->url, "https://idp.example/introspect");
	assert_string_equal(fake_last()->body,
			    "token=at-1&token_type_hint=access_token&client_id=client&client_secret=s3cret");
	end(&h);

	begin(&h, CLIENT_AUTH_NONE);
	assert_false(introspect_is_possible(h.w.provider));
	assert_int_equal(start(&h), -EINVAL);
	assert_int_equal(fake.n_requests, 0);
	end(&h);
}

/* INT-02, INT-03. The clock stands at FAKE_START_S, 1700000000. */
static void each_answer(void **state)
{
	static const struct {
		const char *body;
		enum introspect_outcome outcome;
	} table[] = {
		{"{\"active\":true}", INTROSPECT_ACTIVE},
		{"{\"active\":true,\"client_id\":\"client\",\"iss\":\"" WORLD_ISSUER "\",\"exp\":1700000001,"
		 "\"nbf\":1700000000,\"iat\":1699999999,\"aud\":\"https://api.example\",\"token_type\":\"x\"}",
		 INTROSPECT_ACTIVE},
		{"{\"active\":false}", INTROSPECT_INACTIVE},
		{"{\"active\":false,\"client_id\":\"other\"}", INTROSPECT_INACTIVE},
		{"{}", INTROSPECT_INACTIVE},
		{"{\"active\":\"true\"}", INTROSPECT_INACTIVE},
		{"{\"active\":1}", INTROSPECT_INACTIVE},
		{"{\"active\":null}", INTROSPECT_INACTIVE},
		{"{\"active\":true,\"exp\":1700000000}", INTROSPECT_INACTIVE},
		{"{\"active\":true,\"nbf\":1700000061}", INTROSPECT_INACTIVE},
		{"{\"active\":true,\"iat\":1700000061}", INTROSPECT_INACTIVE},
		{"{\"active\":true,\"client_id\":\"other\"}", INTROSPECT_UNREACHABLE},
		{"{\"active\":true,\"iss\":\"https://other.example\"}", INTROSPECT_UNREACHABLE},
		{"{\"active\":true,\"client_id\":7}", INTROSPECT_UNREACHABLE},
		{"{\"active\":true,\"exp\":\"soon\"}", INTROSPECT_UNREACHABLE},
		{"{\"active\":true,\"active\":false}", INTROSPECT_UNREACHABLE},
		{"[true]", INTROSPECT_UNREACHABLE},
		{"active=true", INTROSPECT_UNREACHABLE},
		{"", INTROSPECT_UNREACHABLE},
	};
	static const struct introspect_expectation expect = {
		.client_id = "client", .issuer = WORLD_ISSUER, .now_s = FAKE_START_S};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct oauth_result result;
		enum introspect_outcome outcome =
			introspect_parse(&result, &expect, table[i].body, strlen(table[i].body));

		if (outcome != table[i].outcome)
			fail_msg("%s: %d", table[i].body, (int)outcome);
		assert_int_equal(result.outcome == OAUTH_DONE, outcome == INTROSPECT_ACTIVE);
	}
}

/* INT-04: whatever is wrong with this client or the provider says nothing about the token */
static void other_statuses(void **state)
{
	static const struct {
		unsigned status;
		enum oauth_outcome outcome;
	} table[] = {
		{400, OAUTH_CLIENT_REFUSED}, {401, OAUTH_CLIENT_REFUSED}, {403, OAUTH_CLIENT_REFUSED},
		{404, OAUTH_BAD_REPLY},      {429, OAUTH_THROTTLED},      {500, OAUTH_UNREACHABLE},
		{302, OAUTH_BAD_REPLY},
	};
	struct host h;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		begin(&h, CLIENT_AUTH_BASIC);
		fake_reply(table[i].status, "{\"active\":false}");
		assert_int_equal(start(&h), 0);
		fake_run();
		assert_int_equal(h.outcome, INTROSPECT_UNREACHABLE);
		assert_int_equal(h.result.outcome, table[i].outcome);
		end(&h);
	}
	begin(&h, CLIENT_AUTH_BASIC);
	fake_failure(FETCH_TLS);
	assert_int_equal(start(&h), 0);
	fake_run();
	assert_int_equal(h.outcome, INTROSPECT_UNREACHABLE);
	assert_int_equal(h.result.outcome, OAUTH_UNREACHABLE);
	end(&h);
}

static void freed_while_it_waits(void **state)
{
	struct host h;

	(void)state;
	begin(&h, CLIENT_AUTH_BASIC);
	assert_int_equal(start(&h), 0);
	end(&h);
	assert_int_equal(h.told, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_question),
		cmocka_unit_test(each_answer),
		cmocka_unit_test(other_statuses),
		cmocka_unit_test(freed_while_it_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
