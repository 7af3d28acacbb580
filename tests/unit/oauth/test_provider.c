/* SPDX-License-Identifier: MIT */
/* One load for all askers, what is kept when it fails, and when it is tried again. Checklist MD-01 to MD-07, ID-20,
 * threats N3, N8, N13, N14. */
#include "helper/oauth/provider.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/as_root.h"
#include "tests/unit/oauth/world.h"
#include "tests/unit/scratch.h"

#define DAY_MS (24u * 3600u * 1000u)

struct asker {
	unsigned told;
	struct oauth_result result;
	struct provider_wait *wait;
	struct asker *cancels; /* from within its own callback */
};

static void on_done(void *userdata, const struct oauth_result *result)
{
	struct asker *a = userdata;

	a->told++;
	a->result = *result;
	a->wait = NULL;
	if (a->cancels != NULL && a->cancels->wait != NULL)
		provider_wait_cancel(LK_STEAL(a->cancels->wait));
}

static void prepare(struct world *w, struct asker *a)
{
	assert_int_equal(provider_prepare(w->provider, on_done, a, &a->wait), 0);
}

static void refetch(struct world *w, struct asker *a)
{
	assert_int_equal(provider_refetch_keys(w->provider, on_done, a, &a->wait), 0);
}

static void script_good(const struct world *w)
{
	fake_reply(200, world_metadata(w->settings.issuer));
	fake_reply(200, world_keys());
}

static void many_askers_one_load(void **state)
{
	struct asker askers[20] = {0};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	assert_false(provider_is_ready(w.provider));
	assert_non_null(provider_fault(w.provider));
	assert_null(provider_keys(w.provider));
	assert_null(provider_token_endpoint(w.provider));
	script_good(&w);
	for (size_t i = 0; i < 20; i++)
		prepare(&w, &askers[i]);
	assert_int_equal(fake.n_requests, 1);
	fake_run();
	assert_int_equal(fake.n_requests, 2);
	assert_string_equal(fake.requests[0].url, WORLD_ISSUER "/.well-known/openid-configuration");
	assert_string_equal(fake.requests[1].url, "https://idp.example/jwks");
	assert_null(fake.requests[0].body); /* GET */
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(askers[i].told, 1);
		assert_int_equal(askers[i].result.outcome, OAUTH_DONE);
	}
	assert_true(provider_is_ready(w.provider));
	assert_null(provider_fault(w.provider));
	assert_int_equal(jwk_set_count(provider_keys(w.provider)), 1);
	assert_string_equal(provider_device_endpoint(w.provider), "https://idp.example/device");
	assert_string_equal(provider_userinfo_endpoint(w.provider), "https://idp.example/userinfo");
	assert_string_equal(provider_authorization_endpoint(w.provider), "https://login.example/auth");

	/* at hand: no request, and still no answer from within the call */
	prepare(&w, &askers[0]);
	assert_int_equal(askers[0].told, 1);
	fake_run();
	assert_int_equal(askers[0].told, 2);
	assert_int_equal(fake.n_requests, 2);
	world_done(&w);
}

static void cancelled_askers_hear_nothing(void **state)
{
	struct asker a = {0}, b = {0}, c = {0};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	script_good(&w);
	prepare(&w, &a);
	prepare(&w, &b);
	prepare(&w, &c);
	provider_wait_cancel(LK_STEAL(b.wait));
	a.cancels = &c; /* whoever is told first takes the other away */
	c.cancels = &a;
	fake_run();
	assert_int_equal(a.told + c.told, 1);
	assert_int_equal(b.told, 0);

	prepare(&w, &b); /* answered already, told later */
	provider_wait_cancel(LK_STEAL(b.wait));
	fake_run();
	assert_int_equal(b.told, 0);
	provider_wait_cancel(NULL);

	prepare(&w, &b); /* and one that the end of the provider takes along */
	provider_free(LK_STEAL(w.provider));
	fake_run();
	assert_int_equal(b.told, 0);
	world_done(&w);
}

/* MD-01: the place of RFC 8414 is asked where OpenID's is empty, and only then. */
static void md_01_second_place(void **state)
{
	struct asker a = {0};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_text(&w.settings.issuer, "https://idp.example/realms/x");
	provider_free(w.provider);
	assert_int_equal(provider_new(&w.provider, &w.settings, NULL, NULL), 0);
	fake_reply(404, "");
	script_good(&w);
	prepare(&w, &a);
	fake_run();
	assert_int_equal(a.result.outcome, OAUTH_DONE);
	assert_string_equal(fake.requests[0].url, "https://idp.example/realms/x/.well-known/openid-configuration");
	assert_string_equal(fake.requests[1].url,
			    "https://idp.example/.well-known/oauth-authorization-server/realms/x");
	world_done(&w);

	world_init(&w, "generic");
	fake_reply(404, "");
	fake_reply(404, "");
	prepare(&w, &a);
	fake_run();
	assert_int_equal(a.result.outcome, OAUTH_BAD_REPLY);
	assert_int_equal(fake.n_requests, 2);
	world_done(&w);
}

/* MD-02, MD-04, N1, N3, N8: nothing of a bad document is kept. */
static void bad_discovery(void **state)
{
	static const struct {
		unsigned status;
		const char *body;
		enum oauth_outcome outcome;
	} table[] = {
		{200,
		 "{\"issuer\":\"https://idp.example/\",\"token_endpoint\":\"https://idp.example/t\","
		 "\"jwks_uri\":\"https://idp.example/j\"}",
		 OAUTH_BAD_REPLY},
		{200, "<html>", OAUTH_BAD_REPLY},
		{200, "", OAUTH_BAD_REPLY},
		{200, "[]", OAUTH_BAD_REPLY},
		{301, "", OAUTH_BAD_REPLY},
		{307, "", OAUTH_BAD_REPLY},
		{403, "", OAUTH_BAD_REPLY},
		{429, "", OAUTH_THROTTLED},
		{500, "", OAUTH_UNREACHABLE},
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct asker a = {0};

		world_init(&w, "generic");
		fake_reply(table[i].status, table[i].body);
		prepare(&w, &a);
		fake_run();
		assert_int_equal(a.told, 1);
		assert_int_equal(a.result.outcome, table[i].outcome);
		assert_int_equal(fake.n_requests, 1);
		assert_false(provider_is_ready(w.provider));
		assert_null(provider_token_endpoint(w.provider));
		assert_string_equal(provider_fault(w.provider), a.result.detail);
		world_done(&w);
	}
}

/* A storm of logins at a provider that is down makes one request in two seconds. */
static void failures_are_remembered(void **state)
{
	struct asker a = {0};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	for (size_t i = 0; i < 2; i++)
		fake_failure(FETCH_UNREACHABLE);
	for (size_t i = 0; i < 100; i++) {
		prepare(&w, &a);
		fake_run();
		assert_int_equal(a.result.outcome, OAUTH_UNREACHABLE);
	}
	assert_int_equal(fake.n_requests, 1);
	fake_run_ms(2000);
	prepare(&w, &a);
	fake_run();
	assert_int_equal(fake.n_requests, 2);
	fake_run_ms(2000);
	script_good(&w);
	prepare(&w, &a);
	fake_run();
	assert_int_equal(a.result.outcome, OAUTH_DONE);
	world_done(&w);
}

/* MD-07, N13: what was good serves for a week while its successor cannot be had, and is looked for once a minute. */
static void n13_old_keys_serve_for_a_week(void **state)
{
	static const char *const bodies[] = {"", "{\"keys\":null}", "{\"keys\":[]}", "[]"};
	static const unsigned statuses[] = {500, 404, 200, 200, 200, 200};
	struct asker a = {0};
	struct world w;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		const char *body = statuses[i] == 200 ? bodies[i - 2] : "";

		world_init(&w, "generic");
		script_good(&w);
		prepare(&w, &a);
		fake_run();
		assert_true(provider_is_ready(w.provider));

		fake_run_ms(DAY_MS);
		assert_false(provider_is_ready(w.provider));
		fake_reply(200, world_metadata(w.settings.issuer));
		fake_reply(statuses[i], body);
		n = fake.n_requests;
		prepare(&w, &a);
		fake_run();
		assert_int_equal(fake.n_requests, n + 2);
		assert_int_equal(a.result.outcome, OAUTH_DONE);
		assert_true(provider_is_ready(w.provider));
		assert_int_equal(jwk_set_count(provider_keys(w.provider)), 1);
		assert_non_null(provider_fault(w.provider)); /* said in status */

		prepare(&w, &a); /* not again at once */
		fake_run();
		assert_int_equal(fake.n_requests, n + 2);

		fake_run_ms(6ull * DAY_MS);
		fake_failure(FETCH_UNREACHABLE);
		fake_failure(FETCH_UNREACHABLE);
		prepare(&w, &a);
		fake_run();
		assert_int_equal(a.result.outcome, OAUTH_UNREACHABLE); /* N15: after that they are believed no more */
		assert_false(provider_is_ready(w.provider));
		world_done(&w);
	}
}

/* N14, ID-20: tokens with invented key ids lead to one request a minute, also when that fails. */
static void n14_one_refetch_a_minute(void **state)
{
	struct asker a = {0};
	struct world w;

	(void)state;
	for (int fails = 0; fails < 2; fails++) {
		world_init(&w, "generic");
		world_prepare(&w);
		for (size_t i = 0; i < 3; i++) {
			if (fails != 0)
				fake_failure(FETCH_TIMEOUT);
			else
				fake_reply(200, world_keys());
		}
		for (size_t i = 0; i < 1000; i++) {
			refetch(&w, &a);
			fake_run_ms(i == 0 ? 0 : 59);
			assert_int_equal(a.result.outcome, i > 0        ? OAUTH_TOKEN_INVALID
							   : fails != 0 ? OAUTH_UNREACHABLE
									: OAUTH_DONE);
		}
		assert_int_equal(fake.n_requests, 1);
		assert_string_equal(fake_last()->url, "https://idp.example/jwks");
		assert_int_equal(jwk_set_count(provider_keys(w.provider)), 1); /* N13 */
		fake_run_ms(60000);
		refetch(&w, &a);
		fake_run();
		assert_int_equal(fake.n_requests, 2);
		world_done(&w);
	}
}

/* A refetch that joins a load gets new keys, even where the load had no need of them. */
static void refetch_joins_a_load(void **state)
{
	struct asker a = {0}, b = {0};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	fake_reply(200, world_keys());
	fake_run_ms(DAY_MS / 2);
	refetch(&w, &a); /* keys are now half a day younger than metadata */
	fake_run_ms(DAY_MS / 2);
	assert_int_equal(a.result.outcome, OAUTH_DONE);
	script_good(&w);
	prepare(&w, &a);
	refetch(&w, &b);
	fake_run();
	assert_int_equal(fake.n_requests, 3);
	assert_string_equal(fake_last()->url, "https://idp.example/jwks");
	assert_int_equal(a.told, 2);
	assert_int_equal(b.told, 1);
	assert_int_equal(b.result.outcome, OAUTH_DONE);
	world_done(&w);
}

/* Endpoints that root's configuration names replace discovery; with all of them there is none. */
static void configured_endpoints(void **state)
{
	struct asker a = {0};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_text(&w.settings.token_endpoint, "https://other.example/token?x=1");
	world_prepare(&w);
	assert_string_equal(provider_token_endpoint(w.provider), "https://other.example/token?x=1");
	assert_string_equal(provider_device_endpoint(w.provider), "https://idp.example/device");
	world_done(&w);

	world_init(&w, "generic");
	world_text(&w.settings.token_endpoint, "https://other.example/token");
	world_text(&w.settings.device_authorization_endpoint, "https://other.example/device");
	world_text(&w.settings.jwks_uri, "https://other.example/jwks");
	fake_reply(200, world_keys());
	prepare(&w, &a);
	fake_run();
	assert_int_equal(a.result.outcome, OAUTH_DONE);
	assert_int_equal(fake.n_requests, 1);
	assert_string_equal(fake_last()->url, "https://other.example/jwks");
	assert_null(provider_userinfo_endpoint(w.provider));
	world_done(&w);

	world_init(&w, "generic"); /* one that must not be */
	world_text(&w.settings.token_endpoint, "http://other.example/token");
	world_text(&w.settings.device_authorization_endpoint, "https://other.example/device");
	world_text(&w.settings.jwks_uri, "https://other.example/jwks");
	prepare(&w, &a);
	fake_run();
	assert_int_equal(a.result.outcome, OAUTH_CLIENT_REFUSED);
	assert_int_equal(fake.n_requests, 0);
	world_done(&w);
}

static void issuer_that_is_no_url(void **state)
{
	struct asker a = {0};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_text(&w.settings.issuer, "idp.example");
	prepare(&w, &a);
	assert_int_equal(a.told, 0);
	fake_run();
	assert_int_equal(a.result.outcome, OAUTH_CLIENT_REFUSED);
	assert_int_equal(fake.n_requests, 0);
	world_done(&w);
}

/* Keys from root's file: the network has no say in them. */
static void keys_of_a_file(void **state)
{
	struct asker a = {0};
	struct scratch s;
	struct world w;

	(void)state;
	if (!as_root())
		skip();
	assert_true(scratch_new(&s));
	assert_true(scratch_write(&s, "jwks", world_keys(), strlen(world_keys()), 0644));
	world_init(&w, "generic");
	world_text(&w.settings.jwks_file, scratch_name(&s, "jwks"));
	fake_reply(200, world_metadata(w.settings.issuer));
	prepare(&w, &a);
	fake_run();
	assert_int_equal(a.result.outcome, OAUTH_DONE);
	assert_int_equal(fake.n_requests, 1);
	assert_int_equal(jwk_set_count(provider_keys(w.provider)), 1);

	refetch(&w, &a);
	fake_run();
	assert_int_equal(a.result.outcome, OAUTH_DONE);
	assert_int_equal(fake.n_requests, 1);
	world_done(&w);

	/* one that others may write is no key file */
	assert_true(scratch_write(&s, "jwks", world_keys(), strlen(world_keys()), 0666));
	world_init(&w, "generic");
	world_text(&w.settings.jwks_file, scratch_name(&s, "jwks"));
	fake_reply(200, world_metadata(w.settings.issuer));
	prepare(&w, &a);
	fake_run();
	assert_int_equal(a.result.outcome, OAUTH_CLIENT_REFUSED);
	assert_null(provider_keys(w.provider));
	world_done(&w);
	scratch_done(&s);
}

static void c6_no_memory(void **state)
{
	struct provider_wait *wait = NULL;
	struct asker a = {0};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	fake.start_result = -ENOMEM;
	assert_int_equal(provider_prepare(w.provider, on_done, &a, &wait), -ENOMEM);
	assert_null(wait);
	fake.start_result = 0;
	world_prepare(&w);
	fake.timer_result = -ENOMEM;
	assert_int_equal(provider_prepare(w.provider, on_done, &a, &wait), -ENOMEM);
	assert_null(wait);
	assert_int_equal(a.told, 0);
	world_done(&w);

	world_init(&w, "generic"); /* in the middle of a load */
	fake_reply(200, world_metadata(w.settings.issuer));
	fake_reply_takes(10);
	prepare(&w, &a);
	fake.start_result = -ENOMEM;
	fake_run_ms(10);
	assert_int_equal(a.result.outcome, OAUTH_NO_MEMORY);
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_askers_one_load),     cmocka_unit_test(cancelled_askers_hear_nothing),
		cmocka_unit_test(md_01_second_place),       cmocka_unit_test(bad_discovery),
		cmocka_unit_test(failures_are_remembered),  cmocka_unit_test(n13_old_keys_serve_for_a_week),
		cmocka_unit_test(n14_one_refetch_a_minute), cmocka_unit_test(refetch_joins_a_load),
		cmocka_unit_test(configured_endpoints),     cmocka_unit_test(issuer_that_is_no_url),
		cmocka_unit_test(keys_of_a_file),           cmocka_unit_test(c6_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
