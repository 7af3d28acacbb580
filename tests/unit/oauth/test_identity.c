/* SPDX-License-Identifier: MIT */
/* From tokens to a person, with tokens that are really signed. Checklist ID-02 to ID-15, ID-20, MD-03, threats N15, N19,
 * N20, T4, T18. */
#include "helper/oauth/identity.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/oauth/identity_world.h"

#define TENANT "11111111-2222-3333-4444-555555555555"

static void id_token_suffices(void **state)
{
	struct judged j = {0};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	assert_int_equal(judge(&w, &j, good_token(",\"preferred_username\":\"alice\""), want_name), 1);
	assert_int_equal(j.told, 1);
	assert_null(j.check);
	assert_int_equal(j.result.outcome, OAUTH_DONE);
	assert_string_equal(j.identity->issuer, WORLD_ISSUER);
	assert_string_equal(j.identity->subject, "alice-1");
	assert_int_equal(fake.n_requests, 0);
	judged_done(&j);

	assert_int_equal(judge(&w, &j, good_token(""), NULL), 1); /* nothing wanted */
	assert_int_equal(j.result.outcome, OAUTH_DONE);
	judged_done(&j);
	world_done(&w);
}

/* N15, ID-20: rotated just before signing. */
static void n15_rotated_key(void **state)
{
	char key[4096], keys[8192];
	struct judged j = {0};
	struct world w;

	(void)state;
	test_jwk(key, sizeof(key), test_key(JWS_RS256, 1), ",\"kid\":\"k2\"");
	(void)snprintf(keys, sizeof(keys), "{\"keys\":[%s]}", key);
	world_init(&w, "generic");
	world_prepare(&w);
	fake_reply(200, keys);
	assert_int_equal(
		judge(&w, &j, token_of(claims_of(WORLD_ISSUER, ""), JWS_RS256, 1, "{\"alg\":\"RS256\",\"kid\":\"k2\"}"),
		      NULL),
		0);
	fake_run();
	assert_int_equal(j.result.outcome, OAUTH_DONE);
	assert_int_equal(fake.n_requests, 1);
	assert_string_equal(fake_last()->url, "https://idp.example/jwks");
	judged_done(&j);

	/* the old key is gone with the old set, and there is no second look within the minute */
	assert_int_equal(judge(&w, &j, good_token(""), NULL), 0);
	fake_run();
	assert_int_equal(j.result.outcome, OAUTH_TOKEN_INVALID);
	assert_int_equal(fake.n_requests, 1);
	judged_done(&j);
	world_done(&w);
}

static void unknown_key_stays_unknown(void **state)
{
	struct judged j = {0};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	fake_reply(200, world_keys());
	assert_int_equal(
		judge(&w, &j, token_of(claims_of(WORLD_ISSUER, ""), JWS_RS256, 1, "{\"alg\":\"RS256\",\"kid\":\"zz\"}"),
		      NULL),
		0);
	fake_run();
	assert_int_equal(j.told, 1);
	assert_int_equal(j.result.outcome, OAUTH_TOKEN_INVALID);
	assert_int_equal(fake.n_requests, 1);
	judged_done(&j);
	world_done(&w);
}

/* What jose refuses is refused here, before anything else is asked. */
static void tokens_that_must_not_be_believed(void **state)
{
	static const char none[] = "{\"alg\":\"none\"}";
	struct judged j = {0};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	assert_int_equal(judge(&w, &j, NULL, NULL), 1); /* N19 */
	assert_int_equal(j.result.outcome, OAUTH_TOKEN_INVALID);
	assert_int_equal(judge(&w, &j, "", NULL), 1);
	assert_int_equal(j.result.outcome, OAUTH_TOKEN_INVALID);
	assert_int_equal(judge(&w, &j, token_of(claims_of(WORLD_ISSUER, ""), JWS_RS256, 0, none), NULL), 1);
	assert_int_equal(j.result.outcome, OAUTH_TOKEN_INVALID);
	assert_int_equal(judge(&w, &j, token_of(claims_of(WORLD_ISSUER, ""), JWS_RS256, 1, HEADER), NULL), 1);
	assert_int_equal(j.result.outcome, OAUTH_TOKEN_INVALID);
	assert_int_equal(judge(&w, &j, token_of(claims_of(WORLD_ISSUER "/", ""), JWS_RS256, 0, HEADER), NULL), 1);
	assert_int_equal(j.result.outcome, OAUTH_TOKEN_INVALID);
	assert_int_equal(judge(&w, &j, good_token(",\"azp\":\"other\""), NULL), 1);
	assert_int_equal(j.result.outcome, OAUTH_TOKEN_INVALID);
	/* T18: at_hash of another access token */
	assert_int_equal(judge(&w, &j, good_token(",\"at_hash\":\"AAAAAAAAAAAAAAAAAAAAAA\""), NULL), 1);
	assert_int_equal(j.result.outcome, OAUTH_TOKEN_INVALID);
	assert_int_equal(fake.n_requests, 0);
	judged_done(&j);
	world_done(&w);
}

/* T4: an algorithm of the family that is not configured, with a key that would fit. */
static void only_configured_algorithms(void **state)
{
	struct judged j = {0};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	assert_int_equal(
		judge(&w, &j, token_of(claims_of(WORLD_ISSUER, ""), JWS_PS256, 0, "{\"alg\":\"PS256\",\"kid\":\"k1\"}"),
		      NULL),
		1);
	assert_int_equal(j.result.outcome, OAUTH_TOKEN_INVALID);
	judged_done(&j);
	world_done(&w);
}

/* N20: both clocks' difference is said, and nothing is let through because of it. */
static void n20_clocks_that_differ(void **state)
{
	static const struct {
		int64_t host_s; /* what the host's clock is ahead */
		const char *text;
	} table[] = {
		{700, "clock is 700 s ahead of the provider's"},
		{-700, "clock is 700 s behind the provider's"},
		{-FAKE_START_S, "clock is 1700000000 s behind"},
		{2000000000, "clock is 2000000000 s ahead"},
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct judged j = {0};

		world_init(&w, "generic");
		world_prepare(&w);
		fake.wall_jump_s = table[i].host_s;
		fake_run_ms(1000);
		provider_note_date(w.provider, FAKE_START_S + 1);
		assert_int_equal(judge(&w, &j, good_token(""), NULL), 1);
		assert_int_equal(j.result.outcome, OAUTH_TOKEN_INVALID);
		assert_non_null(strstr(j.result.detail, table[i].text));
		judged_done(&j);
		world_done(&w);
	}

	world_init(&w, "generic"); /* agreeing clocks and an old token: nothing is said of clocks */
	world_prepare(&w);
	fake_run_ms(1000000);
	provider_note_date(w.provider, FAKE_START_S + 1000);
	{
		struct judged j = {0};

		assert_int_equal(judge(&w, &j, good_token(""), NULL), 1);
		assert_int_equal(j.result.outcome, OAUTH_TOKEN_INVALID);
		assert_null(strstr(j.result.detail, "clock"));
		judged_done(&j);
	}
	world_done(&w);
}

static void entra(struct world *w, char **tenants)
{
	world_init(w, "entra");
	w->settings.tenants = tenants;
	world_text(&w->settings.issuer, "https://login.microsoftonline.com/organizations/v2.0");
	provider_free(w->provider);
	assert_int_equal(provider_new(&w->provider, &w->settings, NULL, NULL), 0);
	fake_reply(200, world_metadata("https://login.microsoftonline.com/{tenantid}/v2.0"));
	fake_reply(200, world_keys());
}

static void on_prepared(void *userdata, const struct oauth_result *result)
{
	*(struct oauth_result *)userdata = *result;
}

/* MD-03: a document for many tenants, the person by tid and oid. */
static void entra_subject(void **state)
{
	static const struct {
		const char *tid, *more, *subject;
	} table[] = {
		{TENANT, ",\"oid\":\"o-1\",\"tid\":\"" TENANT "\"", TENANT "/o-1"},
		{"99999999-2222-3333-4444-555555555555",
		 ",\"oid\":\"o-1\",\"tid\":\"99999999-2222-3333-4444-555555555555\"", NULL},
		{TENANT, ",\"oid\":\"o-1\"", NULL},
		{TENANT, ",\"tid\":\"" TENANT "\"", NULL},
		{TENANT, ",\"oid\":\"a/b\",\"tid\":\"" TENANT "\"", NULL},
		{TENANT, ",\"oid\":\"a b\",\"tid\":\"" TENANT "\"", NULL},
		{TENANT, ",\"oid\":\"\",\"tid\":\"" TENANT "\"", NULL},
		{"organizations", ",\"oid\":\"o-1\",\"tid\":\"" TENANT "\"", NULL},
	};
	char tenant[] = TENANT;
	char *tenants[] = {tenant, NULL};
	struct oauth_result result = {0};
	struct provider_wait *wait;
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct judged j = {0};
		char issuer[128];

		entra(&w, tenants);
		assert_int_equal(provider_prepare(w.provider, on_prepared, &result, &wait), 0);
		fake_run();
		assert_string_equal(result.detail, "");
		(void)snprintf(issuer, sizeof(issuer), "https://login.microsoftonline.com/%s/v2.0", table[i].tid);
		assert_int_equal(judge(&w, &j, token_of(claims_of(issuer, table[i].more), JWS_RS256, 0, HEADER), NULL),
				 1);
		assert_int_equal(j.result.outcome, table[i].subject != NULL ? OAUTH_DONE : OAUTH_TOKEN_INVALID);
		if (table[i].subject != NULL)
			assert_string_equal(j.identity->subject, table[i].subject);
		judged_done(&j);
		world_done(&w);
	}

	entra(&w, NULL); /* nobody said which tenants */
	assert_int_equal(provider_prepare(w.provider, on_prepared, &result, &wait), 0);
	fake_run();
	assert_int_equal(result.outcome, OAUTH_BAD_REPLY);
	assert_non_null(strstr(result.detail, "tenants"));
	world_done(&w);
}

static void freed_in_mid_flow(void **state)
{
	struct judged j = {0};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	assert_int_equal(judge(&w, &j, good_token(""), want_name), 0); /* waits for userinfo */
	identity_check_free(LK_STEAL(j.check));
	assert_int_equal(fake_leaks(), 0);
	assert_int_equal(
		judge(&w, &j, token_of(claims_of(WORLD_ISSUER, ""), JWS_RS256, 1, "{\"alg\":\"RS256\",\"kid\":\"zz\"}"),
		      NULL),
		0); /* waits for keys */
	identity_check_free(LK_STEAL(j.check));
	fake_run_ms(60000);
	assert_int_equal(j.told, 0);
	identity_check_free(NULL);

	fake.start_result = -ENOMEM; /* C6 */
	assert_int_equal(judge(&w, &j, good_token(""), want_name), 1);
	assert_int_equal(j.result.outcome, OAUTH_NO_MEMORY);
	judged_done(&j);
	world_done(&w);
}

/* One tenant's own issuer, and a list that does not hold it: the list decides as well. */
static void entra_single_tenant(void **state)
{
	char other[] = "22222222-2222-3333-4444-555555555555";
	char *tenants[] = {other, NULL};
	struct judged j = {0};
	struct world w;

	(void)state;
	world_init(&w, "entra");
	world_text(&w.settings.issuer, "https://login.microsoftonline.com/" TENANT "/v2.0");
	provider_free(w.provider);
	assert_int_equal(provider_new(&w.provider, &w.settings, NULL, NULL), 0);
	world_prepare(&w);
	for (int is_listed = 1; is_listed >= 0; is_listed--) {
		w.settings.tenants = is_listed ? NULL : tenants;
		assert_int_equal(judge(&w, &j,
				       token_of(claims_of(w.settings.issuer, ",\"oid\":\"o-1\",\"tid\":\"" TENANT "\""),
						JWS_RS256, 0, HEADER),
				       NULL),
				 1);
		assert_int_equal(j.result.outcome, is_listed ? OAUTH_DONE : OAUTH_TOKEN_INVALID);
	}
	judged_done(&j);
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(id_token_suffices),
		cmocka_unit_test(n15_rotated_key),
		cmocka_unit_test(unknown_key_stays_unknown),
		cmocka_unit_test(tokens_that_must_not_be_believed),
		cmocka_unit_test(only_configured_algorithms),
		cmocka_unit_test(n20_clocks_that_differ),
		cmocka_unit_test(entra_subject),
		cmocka_unit_test(entra_single_tenant),
		cmocka_unit_test(freed_in_mid_flow),
	};

	return cmocka_run_group_tests(tests, NULL, end_keys);
}
