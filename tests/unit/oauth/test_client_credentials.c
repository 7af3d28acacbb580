/* SPDX-License-Identifier: MIT */
/* A token for the host itself. RFC 6749 section 4.4; checklist OA-01, OA-03, OA-05, OA-10, OA-11, threats N3, N17. */
#include "helper/oauth/client_credentials.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/oauth/world.h"

struct host {
	struct world w;
	struct client_credentials *c;
	unsigned told;
	struct oauth_result result;
	bool frees;
};

static void on_done(void *userdata, const struct oauth_result *result)
{
	struct host *h = userdata;

	h->told++;
	h->result = *result;
	if (h->frees)
		client_credentials_free(LK_STEAL(h->c));
}

static void begin(struct host *h, enum client_auth method, const char *scope)
{
	*h = (struct host){0};
	world_init(&h->w, "generic");
	if (method != CLIENT_AUTH_NONE)
		world_secret(&h->w, method, "s3cret");
	world_prepare(&h->w);
	assert_int_equal(client_credentials_new(&h->c, h->w.provider, NULL, &h->w.settings, scope), 0);
}

static void end(struct host *h)
{
	client_credentials_free(h->c);
	world_done(&h->w);
}

static void ask(struct host *h)
{
	h->told = 0;
	assert_int_equal(client_credentials_prepare(h->c, on_done, h), 0);
	assert_int_equal(client_credentials_prepare(h->c, on_done, h), -EBUSY);
	assert_int_equal(h->told, 0); /* never from within */
	fake_run();
	assert_int_equal(h->told, 1);
}

static const char token[] = "{\"access_token\":\"at-1\",\"token_type\":\"Bearer\",\"expires_in\":300,"
			    "\"refresh_token\":\"not-wanted\"}";

/* RFC 6749 section 4.4.2; OA-01, OA-05: a POST, and the client authenticates in exactly one way */
static void request_by_each_method(void **state)
{
	struct host h;

	(void)state;
	begin(&h, CLIENT_AUTH_BASIC, "https://graph.microsoft.com/.default");
	fake_reply(200, token);
	ask(&h);
	assert_int_equal(h.result.outcome, OAUTH_DONE);
	assert_string_equal(fake_last()->url, "https://idp.example/token");
	assert_string_equal(fake_last()->body,
			    "grant_type=client_credentials&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default");
	assert_non_null(strstr(fake_last()->headers, "Authorization: Basic Y2xpZW50OnMzY3JldA==\n"));
	assert_string_equal(secret_data(client_credentials_token(h.c)), "at-1");
	end(&h);

	begin(&h, CLIENT_AUTH_POST, NULL);
	fake_reply(200, token);
	ask(&h);
	assert_string_equal(fake_last()->body, "grant_type=client_credentials&client_id=client&client_secret=s3cret");
	assert_null(strstr(fake_last()->headers, "Authorization"));
	end(&h);
}

/* RFC 6749 section 4.4: only confidential clients; nothing is sent for another one */
static void without_a_secret(void **state)
{
	struct host h;

	(void)state;
	begin(&h, CLIENT_AUTH_NONE, NULL);
	ask(&h);
	assert_int_equal(h.result.outcome, OAUTH_CLIENT_REFUSED);
	assert_int_equal(fake.n_requests, 0);
	assert_null(client_credentials_token(h.c));
	end(&h);
}

/* OA-11 */
static void renewed_at_two_thirds(void **state)
{
	struct host h;

	(void)state;
	begin(&h, CLIENT_AUTH_BASIC, NULL);
	fake_reply(200, token);
	fake_reply(200, "{\"access_token\":\"at-2\",\"token_type\":\"bearer\"}");
	fake_reply(200, "{\"access_token\":\"at-3\",\"token_type\":\"Bearer\",\"expires_in\":1}");
	ask(&h);
	fake_run_ms(199999);
	assert_int_equal(client_credentials_prepare(h.c, on_done, &h), 1);
	assert_int_equal(fake.n_requests, 1);
	fake_run_ms(1);
	ask(&h);
	assert_string_equal(secret_data(client_credentials_token(h.c)), "at-2");
	/* it did not say how long: five minutes are believed */
	fake_run_ms(199999);
	assert_int_equal(client_credentials_prepare(h.c, on_done, &h), 1);
	client_credentials_drop(h.c);
	assert_null(client_credentials_token(h.c));
	ask(&h);
	assert_string_equal(secret_data(client_credentials_token(h.c)), "at-3");
	assert_int_equal(fake.n_requests, 3);
	end(&h);
}

static void failures(void **state)
{
	static const struct {
		unsigned status;
		const char *body;
		enum oauth_outcome outcome;
	} table[] = {
		{401, "{\"error\":\"invalid_client\"}", OAUTH_CLIENT_REFUSED},
		{400, "{\"error\":\"unauthorized_client\"}", OAUTH_CLIENT_REFUSED},
		{200, "{\"error\":\"invalid_scope\",\"access_token\":\"at\",\"token_type\":\"Bearer\"}",
		 OAUTH_CLIENT_REFUSED},
		{400, "{\"error\":\"authorization_pending\"}", OAUTH_BAD_REPLY},
		{400, "{\"error\":\"slow_down\"}", OAUTH_THROTTLED},
		{429, "", OAUTH_THROTTLED},
		{503, "<html>", OAUTH_UNREACHABLE},
		{302, "", OAUTH_BAD_REPLY},                                                  /* N3 */
		{200, "{\"access_token\":\"at\",\"token_type\":\"DPoP\"}", OAUTH_BAD_REPLY}, /* OA-10 */
		{200, "{\"access_token\":\"a t\",\"token_type\":\"Bearer\"}", OAUTH_BAD_REPLY},
		{200, "[]", OAUTH_BAD_REPLY},
		/* N17: a secret that is said back is not logged */
		{400, "{\"error\":\"invalid_client\",\"error_description\":\"s3cret is wrong\"}", OAUTH_CLIENT_REFUSED},
	};
	struct host h;

	(void)state;
	begin(&h, CLIENT_AUTH_BASIC, NULL);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		fake_reply(table[i].status, table[i].body);
		ask(&h);
		assert_int_equal(h.result.outcome, table[i].outcome);
		assert_true(h.result.detail[0] != '\0');
		assert_null(strstr(h.result.detail, "s3cret"));
		assert_null(client_credentials_token(h.c));
	}
	fake_failure(FETCH_TLS);
	ask(&h);
	assert_int_equal(h.result.outcome, OAUTH_UNREACHABLE);
	fake.start_result = -ENOMEM;
	ask(&h);
	assert_int_equal(h.result.outcome, OAUTH_NO_MEMORY);
	end(&h);
}

static void provider_that_cannot_be_reached(void **state)
{
	struct host h = {0};

	(void)state;
	world_init(&h.w, "generic");
	world_secret(&h.w, CLIENT_AUTH_BASIC, "s3cret");
	assert_int_equal(client_credentials_new(&h.c, h.w.provider, NULL, &h.w.settings, NULL), 0);
	fake_failure(FETCH_UNREACHABLE);
	ask(&h);
	assert_int_equal(h.result.outcome, OAUTH_UNREACHABLE);
	end(&h);
}

/* Freed within its own callback, and at each step without one. */
static void freed_at_any_time(void **state)
{
	struct host h;

	(void)state;
	begin(&h, CLIENT_AUTH_BASIC, NULL);
	fake_reply(200, token);
	h.frees = true;
	ask(&h);
	assert_null(h.c);
	end(&h);

	begin(&h, CLIENT_AUTH_BASIC, NULL);
	assert_int_equal(client_credentials_prepare(h.c, on_done, &h), 0);
	client_credentials_cancel(h.c);
	fake_run();
	assert_int_equal(client_credentials_prepare(h.c, on_done, &h), 0);
	fake_run(); /* hangs at the token endpoint */
	assert_int_equal(fake.n_requests, 1);
	client_credentials_free(LK_STEAL(h.c));
	fake_run_ms(20000);
	assert_int_equal(h.told, 0);
	assert_true(fake_last()->is_cancelled);
	end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_by_each_method),          cmocka_unit_test(without_a_secret),
		cmocka_unit_test(renewed_at_two_thirds),           cmocka_unit_test(failures),
		cmocka_unit_test(provider_that_cannot_be_reached), cmocka_unit_test(freed_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
