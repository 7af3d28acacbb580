/* SPDX-License-Identifier: MIT */
/* What userinfo adds to an ID token, or says in place of one. Checklist ID-16, ID-18, ID-19, OA-15, BT-01, BT-03, threats
 * N3, N9, T21. */
#include "helper/oauth/userinfo.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/oauth/identity_world.h"

static const char *const want_groups[] = {"preferred_username", "/realm_access/roles", NULL};

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

/* ID-18, I5: an address from userinfo does not come to stand beside a signed mark that was not said of it. */
static void id_18_mark_without_its_address(void **state)
{
	static const struct {
		const char *token, *userinfo;
		bool is_taken;
	} table[] = {
		{",\"email_verified\":true", ",\"email\":\"a@b\",\"email_verified\":false", false},
		{",\"email_verified\":true", ",\"email\":\"a@b\"", false},
		{",\"email_verified\":true", ",\"email\":\"a@b\",\"email_verified\":true", true},
		{"", ",\"email\":\"a@b\",\"email_verified\":true", true},
		{"", ",\"email\":\"a@b\"", true},
	};
	struct world w;

	(void)state;
	world_init(&w, "generic");
	world_prepare(&w);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct judged j = {0};
		char body[128];

		(void)snprintf(body, sizeof(body), "{\"sub\":\"alice-1\"%s}", table[i].userinfo);
		fake_reply(200, body);
		assert_int_equal(judge(&w, &j, good_token(table[i].token), want_groups), 0);
		fake_run();
		assert_int_equal(j.result.outcome, OAUTH_DONE);
		assert_int_equal(json_object_object_get_ex(j.identity->claims, "email", NULL), table[i].is_taken);
		judged_done(&j);
	}
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
		{401, "application/json", "{\"error\":\"invalid_token\"}", OAUTH_TOKEN_REFUSED},
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(id_19_missing_claims_are_fetched),
		cmocka_unit_test(id_18_mark_without_its_address),
		cmocka_unit_test(no_userinfo_endpoint),
		cmocka_unit_test(t21_userinfo_of_another),
		cmocka_unit_test(userinfo_failures),
		cmocka_unit_test(id_16_signed_userinfo),
		cmocka_unit_test(github_subject),
	};

	return cmocka_run_group_tests(tests, NULL, end_keys);
}
