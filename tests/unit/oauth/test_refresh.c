/* SPDX-License-Identifier: MIT */
/* One refresh and its one retry. RFC 6749 section 6; checklist OA-01, OA-05, OA-13, BCP-05, BCP-11; threats N17, R14, T20. */
#include "helper/oauth/refresh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/oauth/world.h"

#define TOKENS "{\"access_token\":\"at-2\",\"token_type\":\"Bearer\",\"refresh_token\":\"rt-2\",\"expires_in\":300}"
#define GONE "{\"error\":\"invalid_grant\"}"
#define BUSY "{\"error\":\"invalid_grant\",\"error_description\":\"token request is already being processed\"}"
#define BODY "grant_type=refresh_token&refresh_token=rt-1&client_id=client"

struct host {
	struct world w;
	struct refresh *refresh;
	unsigned told;
	enum refresh_outcome outcome;
	struct oauth_result result;
	struct token_set *tokens;
	uint32_t retry_after_s;
};

static void on_done(void *userdata, enum refresh_outcome outcome, const struct oauth_result *result,
		    struct token_set *tokens, uint32_t retry_after_s)
{
	struct host *h = userdata;

	h->told++;
	h->outcome = outcome;
	h->result = *result;
	h->tokens = tokens;
	h->retry_after_s = retry_after_s;
	refresh_free(LK_STEAL(h->refresh));
}

static void begin(struct host *h, const char *dialect)
{
	*h = (struct host){0};
	world_init(&h->w, dialect);
	world_prepare(&h->w);
}

static void end(struct host *h)
{
	token_set_free(h->tokens);
	refresh_free(h->refresh);
	world_done(&h->w);
	assert_int_equal(fake_leaks(), 0);
}

static int start(struct host *h, struct refresh_request request)
{
	LK_CLEANUP(secret_freep) struct secret *token = NULL;

	assert_int_equal(secret_copy(&token, "rt-1", 4), 0);
	request.refresh_token = token;
	h->told = 0;
	return refresh_start(&h->refresh, h->w.provider, NULL, NULL, &request, on_done, h);
}

static void ask(struct host *h, bool is_again)
{
	assert_int_equal(start(h, (struct refresh_request){.is_again = is_again}), 0);
	assert_int_equal(h->told, 0); /* never from within */
	fake_run_ms(60000);
	assert_int_equal(h->told, 1);
}

static void one_request(void **state)
{
	struct host h;

	(void)state;
	begin(&h, "generic");
	fake_reply(200, TOKENS);
	ask(&h, false);
	assert_int_equal(h.outcome, REFRESH_DONE);
	assert_string_equal(secret_data(h.tokens->access_token), "at-2");
	assert_string_equal(secret_data(h.tokens->refresh_token), "rt-2");
	assert_int_equal(fake.n_requests, 1);
	assert_string_equal(fake_last()->url, "https://idp.example/token");
	assert_string_equal(fake_last()->body, BODY);
	assert_null(strstr(fake_last()->headers, "rt-1"));
	end(&h);
}

/* OA-13: no scope is all that was granted; authentik wants to hear it all the same. RFC 8707. */
static void scope_and_resource(void **state)
{
	struct host h;

	(void)state;
	begin(&h, "generic");
	assert_int_equal(start(&h, (struct refresh_request){.granted_scope = "openid email",
							    .scope = "openid",
							    .resource = "https://api.example/"}),
			 0);
	assert_string_equal(fake_last()->body, "grant_type=refresh_token&refresh_token=rt-1&scope=openid&resource="
					       "https%3A%2F%2Fapi.example%2F&client_id=client");
	end(&h);

	begin(&h, "generic");
	assert_int_equal(start(&h, (struct refresh_request){.granted_scope = "openid email"}), 0);
	assert_string_equal(fake_last()->body, BODY);
	end(&h);

	begin(&h, "authentik");
	assert_int_equal(start(&h, (struct refresh_request){.granted_scope = "openid email"}), 0);
	assert_string_equal(fake_last()->body,
			    "grant_type=refresh_token&refresh_token=rt-1&scope=openid+email&client_id=client");
	end(&h);
}

/* R1, BCP-05: shown twice it could be taken for stolen, so a lost answer stays lost, whatever lost it. */
static void lost_answers(void **state)
{
	static const struct {
		enum fetch_outcome fetched;
		enum refresh_outcome outcome;
	} table[] = {
		{FETCH_TIMEOUT, REFRESH_LOST},
		{FETCH_BROKEN, REFRESH_LOST},
		{FETCH_LOST, REFRESH_LOST},
		{FETCH_BAD_REPLY, REFRESH_LOST},
		{FETCH_TOO_LARGE, REFRESH_LOST},
		{FETCH_UNREACHABLE, REFRESH_UNREACHABLE},
		{FETCH_TLS, REFRESH_UNREACHABLE},
		{FETCH_NOT_ALLOWED, REFRESH_UNREACHABLE},
		{FETCH_OVERLOADED, REFRESH_UNREACHABLE},
	};
	struct host h;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		begin(&h, "generic");
		fake_failure(table[i].fetched);
		fake_reply(200, TOKENS);
		ask(&h, false);
		assert_int_equal(h.outcome, table[i].outcome);
		assert_int_equal(fake.n_requests, 1);
		end(&h);
	}
	begin(&h, "generic");
	fake_reply(502, "");
	fake_reply_retry_after(7);
	ask(&h, false);
	assert_int_equal(h.outcome, REFRESH_LOST);
	assert_int_equal(h.retry_after_s, 7);
	assert_int_equal(fake.n_requests, 1);
	end(&h);
}

/* BCP-05: one retry where the provider bears it, and within its window only */
static void retry_within_grace(void **state)
{
	struct host h;

	(void)state;
	begin(&h, "okta");
	fake_failure(FETCH_BROKEN);
	fake_reply(200, TOKENS);
	ask(&h, false);
	assert_int_equal(h.outcome, REFRESH_DONE);
	assert_int_equal(fake.n_requests, 2);
	assert_string_equal(fake.requests[0].body, fake.requests[1].body);
	token_set_free(LK_STEAL(h.tokens));
	end(&h);

	begin(&h, "okta");
	fake_failure(FETCH_BROKEN);
	fake_failure(FETCH_BROKEN);
	fake_reply(200, TOKENS);
	ask(&h, false);
	assert_int_equal(h.outcome, REFRESH_LOST);
	assert_int_equal(fake.n_requests, 2);
	end(&h);

	begin(&h, "okta");
	fake_failure(FETCH_BROKEN);
	fake_reply_takes(30000);
	fake_reply(200, TOKENS);
	ask(&h, false);
	assert_int_equal(h.outcome, REFRESH_LOST);
	assert_int_equal(fake.n_requests, 1);
	end(&h);

	begin(&h, "entra");
	fake_failure(FETCH_TIMEOUT);
	fake_reply(400, GONE);
	ask(&h, false);
	assert_int_equal(h.outcome, REFRESH_GONE); /* its used tokens stay good: this is no consequence of ours */
	assert_int_equal(fake.n_requests, 2);
	end(&h);
}

/* After a lost answer "no" may be said to the copy: then nobody is gone, and somebody has to sign in. */
static void no_after_a_lost_answer(void **state)
{
	struct host h;

	(void)state;
	begin(&h, "generic");
	fake_reply(400, GONE);
	ask(&h, true);
	assert_int_equal(h.outcome, REFRESH_DEAD);
	end(&h);

	begin(&h, "okta");
	fake_failure(FETCH_BROKEN);
	fake_reply(400, GONE);
	ask(&h, false);
	assert_int_equal(h.outcome, REFRESH_DEAD);
	end(&h);

	begin(&h, "google");
	fake_reply(400, GONE);
	ask(&h, true);
	assert_int_equal(h.outcome, REFRESH_GONE);
	end(&h);

	begin(&h, "generic");
	fake_reply(400, GONE);
	ask(&h, false);
	assert_int_equal(h.outcome, REFRESH_GONE);
	end(&h);
}

/* Salesforce: two at a time. A moment later, once. */
static void busy(void **state)
{
	struct host h;

	(void)state;
	begin(&h, "salesforce");
	fake_reply(400, BUSY);
	fake_reply(200, TOKENS);
	ask(&h, false);
	assert_int_equal(h.outcome, REFRESH_DONE);
	assert_int_equal(fake.n_requests, 2);
	assert_in_range(world_gap_ms(1), 1000, 1100);
	end(&h);

	begin(&h, "salesforce");
	fake_reply(400, BUSY);
	fake_reply(400, BUSY);
	fake_reply(200, TOKENS);
	ask(&h, false);
	assert_int_equal(h.outcome, REFRESH_UNREACHABLE);
	assert_int_equal(fake.n_requests, 2);
	end(&h);
}

/* N17: the provider's text may repeat what it was sent */
static void no_token_in_the_detail(void **state)
{
	struct host h;

	(void)state;
	begin(&h, "generic");
	fake_reply(400, "{\"error\":\"invalid_grant\",\"error_description\":\"rt-1 is revoked\"}");
	ask(&h, false);
	assert_int_equal(h.outcome, REFRESH_GONE);
	assert_null(strstr(h.result.detail, "rt-1"));
	end(&h);
}

static void freed_while_it_waits(void **state)
{
	struct host h;

	(void)state;
	begin(&h, "salesforce");
	fake_reply(400, BUSY);
	assert_int_equal(start(&h, (struct refresh_request){0}), 0);
	fake_run_ms(10); /* between its two requests */
	end(&h);
	begin(&h, "generic");
	assert_int_equal(start(&h, (struct refresh_request){0}), 0);
	end(&h);
	assert_int_equal(h.told, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_request),
		cmocka_unit_test(scope_and_resource),
		cmocka_unit_test(lost_answers),
		cmocka_unit_test(retry_within_grace),
		cmocka_unit_test(no_after_a_lost_answer),
		cmocka_unit_test(busy),
		cmocka_unit_test(no_token_in_the_detail),
		cmocka_unit_test(freed_while_it_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
