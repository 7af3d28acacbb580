/* SPDX-License-Identifier: MIT */
/* From tokens to a person, with tokens that are really signed. Checklist ID-02 to ID-20, OA-15, BT-01, BT-03, threats
 * N15, N19, N20, T5, T18, T21. */
#include "helper/oauth/identity.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/jose/make_token.h"
#include "tests/unit/oauth/world.h"

#define HEADER "{\"alg\":\"RS256\",\"kid\":\"k1\"}"
#define TENANT "11111111-2222-3333-4444-555555555555"

struct judged {
	struct identity_check *check;
	unsigned told;
	struct oauth_result result;
	struct identity *identity;
	bool frees_check;
};

static void on_done(void *userdata, const struct oauth_result *result, struct identity *identity)
{
	struct judged *j = userdata;

	j->told++;
	j->result = *result;
	identity_free(j->identity);
	j->identity = identity;
	assert_int_equal(identity != NULL, result->outcome == OAUTH_DONE);
	if (j->frees_check)
		identity_check_free(LK_STEAL(j->check));
}

static void judged_done(struct judged *j)
{
	identity_check_free(j->check);
	identity_free(j->identity);
	*j = (struct judged){0};
}

static const char *token_of(const char *claims, enum jws_algorithm a, unsigned key, const char *header)
{
	static char token[TOKEN_MAX];

	test_token(token, a, test_key(a, key), header, claims);
	return token;
}

/* Claims that are right for the world's client at its frozen time, with @more members and their comma before. */
static const char *claims_of(const char *issuer, const char *more)
{
	static char claims[4096];

	(void)snprintf(claims, sizeof(claims),
		       "{\"iss\":\"%s\",\"aud\":\"client\",\"sub\":\"alice-1\",\"iat\":%d,\"exp\":%d%s}", issuer,
		       FAKE_START_S - 5, FAKE_START_S + 300, more);
	return claims;
}

static const char *good_token(const char *more)
{
	return token_of(claims_of(WORLD_ISSUER, more), JWS_RS256, 0, HEADER);
}

static int judge(struct world *w, struct judged *j, const char *id_token, const char *const *wanted)
{
	struct token_set tokens = {0};
	int r;

	assert_int_equal(secret_copy(&tokens.access_token, "at-9", 4), 0);
	if (id_token != NULL)
		assert_int_equal(secret_copy(&tokens.id_token, id_token, strlen(id_token)), 0);
	r = identity_check_start(&j->check, w->provider, NULL, &tokens, wanted, on_done, j);
	secret_free(tokens.access_token); /* what it needs it has copied */
	secret_free(tokens.id_token);
	return r;
}

static const char *const want_name[] = {"preferred_username", NULL};
static const char *const want_groups[] = {"preferred_username", "/realm_access/roles", NULL};

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

/* ID-19, BT-01: what is missing comes from userinfo, and never replaces what was signed. */
static void id_19_missing_claims_are_fetched(void **state)
{
	struct judged j = {0};
	struct json_object *value = NULL;
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	fake_reply(200, "{\"sub\":\"alice-1\",\"preferred_username\":\"alice\",\"email\":\"evil@example\","
			"\"email_verified\":true,\"acr\":\"high\",\"iss\":\"https://evil.example\",\"name\":null,"
			"\"_claim_sources\":{},\"realm_access\":{\"roles\":[\"x\"]}}");
	assert_int_equal(judge(&w, &j, good_token(",\"email\":\"alice@example\""), want_groups), 0);
	assert_int_equal(j.told, 0);
	j.frees_check = true;
	fake_run();
	assert_int_equal(j.told, 1);
	assert_int_equal(j.result.outcome, OAUTH_DONE);
	assert_string_equal(fake_last()->url, "https://idp.example/userinfo");
	assert_null(fake_last()->body);
	assert_non_null(strstr(fake_last()->headers, "Authorization: Bearer at-9\n"));
	assert_true(json_object_object_get_ex(j.identity->claims, "preferred_username", &value));
	assert_string_equal(json_object_get_string(value), "alice");
	assert_true(json_object_object_get_ex(j.identity->claims, "realm_access", NULL));
	assert_true(json_object_object_get_ex(j.identity->claims, "email", &value));
	assert_string_equal(json_object_get_string(value), "alice@example");
	/* ID-18: verified was said of the other address */
	assert_false(json_object_object_get_ex(j.identity->claims, "email_verified", NULL));
	assert_false(json_object_object_get_ex(j.identity->claims, "acr", NULL));
	assert_false(json_object_object_get_ex(j.identity->claims, "_claim_sources", NULL));
	assert_true(json_object_object_get_ex(j.identity->claims, "iss", &value));
	assert_string_equal(json_object_get_string(value), WORLD_ISSUER);
	judged_done(&j);
	world_done(&w);
}

static void no_userinfo_endpoint(void **state)
{
	struct judged j = {0};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_text(&w.settings.device_authorization_endpoint, "https://idp.example/d");
	world_text(&w.settings.token_endpoint, "https://idp.example/t");
	world_text(&w.settings.jwks_uri, "https://idp.example/j");
	w.settings.dialect = dialect_find("okta");
	fake_reply(200, world_keys());
	assert_null(provider_keys(w.provider)); /* looked for as for an unknown one */
	assert_int_equal(judge(&w, &j, good_token(""), want_name), 0);
	fake_run();
	assert_int_equal(fake.n_requests, 1);
	assert_string_equal(fake_last()->url, "https://idp.example/j");
	assert_null(provider_userinfo_endpoint(w.provider));
	assert_int_equal(j.result.outcome, OAUTH_DONE); /* what is missing stays missing */
	assert_false(json_object_object_get_ex(j.identity->claims, "preferred_username", NULL));
	judged_done(&j);
	world_done(&w);
}

/* T21, ID-16 */
static void t21_userinfo_of_another(void **state)
{
	static const char *const bodies[] = {
		"{\"sub\":\"bob-2\",\"preferred_username\":\"alice\"}",
		"{\"sub\":\"alice-1 \",\"preferred_username\":\"alice\"}",
		"{\"sub\":\"ALICE-1\",\"preferred_username\":\"alice\"}",
		"{\"preferred_username\":\"alice\"}",
		"{\"sub\":null,\"preferred_username\":\"alice\"}",
		"{\"sub\":[\"alice-1\"],\"preferred_username\":\"alice\"}",
	};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct judged j = {0};

		fake_reply(200, bodies[i]);
		assert_int_equal(judge(&w, &j, good_token(""), want_name), 0);
		fake_run();
		assert_int_equal(j.result.outcome, OAUTH_TOKEN_INVALID);
		judged_done(&j);
	}
	world_done(&w);
}

/* BT-03 and the rest of what userinfo may answer: none of it is asked again. */
static void userinfo_failures(void **state)
{
	static const struct {
		unsigned status;
		const char *type, *body;
		enum oauth_outcome outcome;
	} table[] = {
		{401, "application/json", "{\"error\":\"invalid_token\"}", OAUTH_TOKEN_INVALID},
		{403, "text/plain", "Bad_OAuth_Token", OAUTH_PROVIDER_REFUSED},
		{403, "application/json", "{\"error\":\"insufficient_scope\"}", OAUTH_PROVIDER_REFUSED},
		{429, "application/json", "", OAUTH_THROTTLED},
		{500, "text/html", "<html>", OAUTH_UNREACHABLE},
		{302, "text/html", "", OAUTH_BAD_REPLY}, /* N3 */
		{204, "application/json", "{\"sub\":\"alice-1\"}", OAUTH_BAD_REPLY},
		{200, "text/html", "<html>", OAUTH_BAD_REPLY},
		{200, "application/json", "[]", OAUTH_BAD_REPLY},
		{200, "application/json", "", OAUTH_BAD_REPLY},
		{200, "application/json", "{\"sub\":\"alice-1\",\"sub\":\"alice-1\"}", OAUTH_BAD_REPLY},
	};
	struct judged j = {0};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		fake_reply_typed(table[i].status, table[i].type, table[i].body);
		assert_int_equal(judge(&w, &j, good_token(""), want_name), 0);
		fake_run();
		assert_int_equal(j.told, 1);
		assert_int_equal(j.result.outcome, table[i].outcome);
		assert_int_equal(fake.n_requests, i + 1);
		judged_done(&j);
	}
	fake_failure(FETCH_TLS);
	assert_int_equal(judge(&w, &j, good_token(""), want_name), 0);
	fake_run();
	assert_int_equal(j.result.outcome, OAUTH_UNREACHABLE);
	judged_done(&j);
	world_done(&w);
}

/* ID-16: signed userinfo is checked like any other signed thing. */
static void id_16_signed_userinfo(void **state)
{
	static const struct {
		const char *claims, *header;
		enum jws_algorithm algorithm;
		unsigned key;
		enum oauth_outcome outcome;
	} table[] = {
		{"{\"sub\":\"alice-1\",\"preferred_username\":\"alice\"}", HEADER, JWS_RS256, 0, OAUTH_DONE},
		{"{\"sub\":\"alice-1\",\"iss\":\"" WORLD_ISSUER "\",\"aud\":[\"client\"]}", HEADER, JWS_RS256, 0,
		 OAUTH_DONE},
		{"{\"sub\":\"alice-1\",\"iss\":\"https://evil.example\"}", HEADER, JWS_RS256, 0, OAUTH_TOKEN_INVALID},
		{"{\"sub\":\"alice-1\",\"aud\":\"other\"}", HEADER, JWS_RS256, 0, OAUTH_TOKEN_INVALID},
		{"{\"sub\":\"alice-1\",\"aud\":5}", HEADER, JWS_RS256, 0, OAUTH_TOKEN_INVALID},
		{"{\"sub\":\"bob-2\"}", HEADER, JWS_RS256, 0, OAUTH_TOKEN_INVALID},
		{"{\"sub\":\"alice-1\"}", HEADER, JWS_RS256, 1, OAUTH_TOKEN_INVALID}, /* forged */
		{"{\"sub\":\"alice-1\"}", "{\"alg\":\"none\",\"kid\":\"k1\"}", JWS_RS256, 0, OAUTH_TOKEN_INVALID},
		{"[]", HEADER, JWS_RS256, 0, OAUTH_TOKEN_INVALID},
	};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct judged j = {0};

		fake_reply_typed(200, "application/jwt; charset=utf-8",
				 token_of(table[i].claims, table[i].algorithm, table[i].key, table[i].header));
		assert_int_equal(judge(&w, &j, good_token(""), want_name), 0);
		fake_run();
		assert_int_equal(j.result.outcome, table[i].outcome);
		judged_done(&j);
	}
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

/* OA-15: GitHub has no ID token; its numeric id is the person, and nothing else is. */
static void github_subject(void **state)
{
	static const struct {
		const char *body, *subject;
	} table[] = {
		{"{\"login\":\"octocat\",\"id\":583231,\"email\":null}", "583231"},
		{"{\"login\":\"octocat\",\"id\":9007199254740993}", "9007199254740993"},
		{"{\"login\":\"octocat\",\"id\":1.5}", NULL},
		{"{\"login\":\"octocat\",\"id\":0}", NULL},
		{"{\"login\":\"octocat\",\"id\":-4}", NULL},
		{"{\"login\":\"octocat\",\"id\":null}", NULL},
		{"{\"login\":\"octocat\",\"id\":[583231]}", NULL},
		{"{\"login\":\"octocat\"}", NULL},
	};
	struct world w;

	(void)state;
	world_init(&w, "github");
	world_text(&w.settings.issuer, "https://github.com");
	world_prepare(&w);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct judged j = {0};

		fake_reply(200, table[i].body);
		assert_int_equal(judge(&w, &j, NULL, want_name), 0);
		fake_run();
		assert_int_equal(j.result.outcome, table[i].subject != NULL ? OAUTH_DONE : OAUTH_TOKEN_INVALID);
		if (table[i].subject != NULL) {
			assert_string_equal(j.identity->subject, table[i].subject);
			assert_string_equal(j.identity->issuer, "https://github.com");
		}
		assert_string_equal(fake_last()->url, "https://api.github.com/user");
		assert_non_null(strstr(fake_last()->headers, "Accept: application/vnd.github+json\n"));
		assert_non_null(strstr(fake_last()->headers, "User-Agent: latchkey/"));
		assert_non_null(strstr(fake_last()->headers, "Authorization: Bearer at-9\n"));
		judged_done(&j);
	}
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

static int end_keys(void **state)
{
	(void)state;
	test_keys_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(id_token_suffices),
		cmocka_unit_test(id_19_missing_claims_are_fetched),
		cmocka_unit_test(no_userinfo_endpoint),
		cmocka_unit_test(t21_userinfo_of_another),
		cmocka_unit_test(userinfo_failures),
		cmocka_unit_test(id_16_signed_userinfo),
		cmocka_unit_test(n15_rotated_key),
		cmocka_unit_test(unknown_key_stays_unknown),
		cmocka_unit_test(tokens_that_must_not_be_believed),
		cmocka_unit_test(only_configured_algorithms),
		cmocka_unit_test(n20_clocks_that_differ),
		cmocka_unit_test(entra_subject),
		cmocka_unit_test(github_subject),
		cmocka_unit_test(freed_in_mid_flow),
	};

	return cmocka_run_group_tests(tests, NULL, end_keys);
}
