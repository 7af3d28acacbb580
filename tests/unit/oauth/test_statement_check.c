/* SPDX-License-Identifier: MIT */
/* A statement against the provider's keys: which expectation it meets, and when keys are fetched once more (BL-02, SS-02, ID-20,
 * N14, N15). */
#include "helper/oauth/statement_check.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/oauth/world.h"

static struct {
	int results[3]; /* of the tries */
	unsigned int n_tries;
	unsigned int n_done;
	struct oauth_result result;
	char issuer[128];
	char audience[64];
	uint32_t algorithms;
} seen;

static int on_try(void *userdata, const struct jwk_set *keys, const struct statement_expectation *expect)
{
	assert_ptr_equal(userdata, &seen);
	assert_non_null(keys);
	assert_int_equal(expect->now_s, FAKE_START_S);
	(void)snprintf(seen.issuer, sizeof(seen.issuer), "%s", expect->issuer);
	(void)snprintf(seen.audience, sizeof(seen.audience), "%s", expect->audience);
	seen.algorithms = expect->algorithms;
	return seen.results[seen.n_tries++];
}

static void on_done(void *userdata, const struct oauth_result *result)
{
	assert_ptr_equal(userdata, &seen);
	seen.n_done++;
	seen.result = *result;
}

static struct statement_check *start(struct world *w, const char *issuer, const char *audience)
{
	struct statement_check *c = NULL;
	int results[3];

	memcpy(results, seen.results, sizeof(results));
	memset(&seen, 0, sizeof(seen));
	memcpy(seen.results, results, sizeof(results));
	assert_int_equal(statement_check_start(&c, w->provider, issuer, audience, on_try, on_done, &seen), 0);
	assert_int_equal(seen.n_tries + seen.n_done, 0);
	return c;
}

static void test_expectations(void **state)
{
	struct statement_check *c;
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	memset(&seen, 0, sizeof(seen));
	c = start(&w, NULL, NULL);
	fake_run();
	assert_int_equal(seen.n_tries, 1);
	assert_int_equal(seen.n_done, 1);
	assert_int_equal(seen.result.outcome, OAUTH_DONE);
	assert_string_equal(seen.issuer, WORLD_ISSUER);
	assert_string_equal(seen.audience, w.settings.client_id);
	assert_int_equal(seen.algorithms, 1u << JWS_RS256);
	statement_check_free(c);
	w.settings.algorithms = 1u << JWS_ES256;
	c = start(&w, "https://events.example", "https://this-host.example");
	fake_run();
	assert_string_equal(seen.issuer, "https://events.example");
	assert_string_equal(seen.audience, "https://this-host.example");
	assert_int_equal(seen.algorithms, 1u << JWS_ES256);
	statement_check_free(c);
	world_done(&w);
}

/* N15: one more look at the keys, and no more than one. */
static void test_unknown_key(void **state)
{
	struct statement_check *c;
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	seen.results[0] = JWS_UNKNOWN_KEY;
	seen.results[1] = JWS_UNKNOWN_KEY;
	fake_reply(200, world_keys());
	c = start(&w, NULL, NULL);
	fake_run();
	assert_int_equal(fake.n_requests, 1);
	assert_int_equal(seen.n_tries, 2);
	assert_int_equal(seen.n_done, 1);
	assert_int_equal(seen.result.outcome, OAUTH_TOKEN_INVALID);
	statement_check_free(c);
	/* N14: within a minute nothing is fetched again, whatever comes */
	c = start(&w, NULL, NULL);
	fake_run();
	assert_int_equal(fake.n_requests, 1);
	assert_int_equal(seen.n_tries, 1);
	assert_int_equal(seen.result.outcome, OAUTH_TOKEN_INVALID);
	statement_check_free(c);
	world_done(&w);
}

static void test_refused(void **state)
{
	struct statement_check *c;
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	seen.results[0] = STATEMENT_AUDIENCE;
	c = start(&w, NULL, NULL);
	fake_run();
	assert_int_equal(seen.n_tries, 1);
	assert_int_equal(seen.result.outcome, OAUTH_TOKEN_INVALID);
	assert_string_equal(seen.result.detail, statement_outcome_text(STATEMENT_AUDIENCE));
	statement_check_free(c);
	seen.results[0] = -ENOMEM;
	c = start(&w, NULL, NULL);
	fake_run();
	assert_int_equal(seen.result.outcome, OAUTH_NO_MEMORY);
	statement_check_free(c);
	world_done(&w);
}

/* Keys that cannot be had are neither yes nor no; and who goes away hears nothing. */
static void test_no_keys(void **state)
{
	struct statement_check *c;
	struct world w;

	(void)state;
	world_init(&w, "generic");
	fake_failure(FETCH_UNREACHABLE);
	memset(&seen, 0, sizeof(seen));
	c = start(&w, NULL, NULL);
	fake_run();
	assert_int_equal(seen.n_tries, 0);
	assert_int_equal(seen.n_done, 1);
	assert_int_equal(seen.result.outcome, OAUTH_UNREACHABLE);
	statement_check_free(c);
	c = start(&w, NULL, NULL);
	statement_check_free(c);
	fake_run_ms(60000);
	assert_int_equal(seen.n_done, 0);
	statement_check_free(NULL);
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expectations),
		cmocka_unit_test(test_unknown_key),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
