/* SPDX-License-Identifier: MIT */
/* A token that somebody presents: whose it is, for whom, and since when. RFC 7662 section 2.2; checklist INT-01 to INT-03, INT-07, TX-06. */
#include "helper/oauth/introspect_presented.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1700000000
#define GOOD                                                                                                           \
	"\"active\":true,\"sub\":\"s-1\",\"client_id\":\"robots\",\"aud\":\"https://"                                  \
	"host.example\",\"scope\":\"ssh:login openid\""

static const char *const clients[] = {"robots", "other-robots", NULL};
static const char *const classes[] = {"urn:strong", NULL};
static const struct introspect_presented plain = {
	.subject = "s-1",
	.clients = clients,
	.issuer = "https://id.example",
	.audience = "https://host.example",
	.scope = "ssh:login",
	.now_s = NOW,
};

struct row {
	const char *body;
	enum introspect_outcome outcome;
};

static void judge(const struct introspect_presented *expect, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct introspect_facts facts = {.expires_s = 7};
		struct oauth_result result;
		enum introspect_outcome outcome =
			introspect_presented_parse(&facts, &result, expect, rows[i].body, strlen(rows[i].body));

		if (outcome != rows[i].outcome)
			fail_msg("%s: %d, %s", rows[i].body, (int)outcome, result.detail);
		assert_int_equal(result.outcome == OAUTH_DONE, outcome == INTROSPECT_ACTIVE);
		if (outcome != INTROSPECT_ACTIVE)
			assert_int_equal(facts.expires_s, 7);
	}
}
#define JUDGE(expect, rows) judge(expect, rows, sizeof(rows) / sizeof((rows)[0]))

/* INT-01, INT-02: JSON true and nothing else; what stands beside another word counts for nothing */
static void int01_active_is_json_true(void **state)
{
	static const struct row rows[] = {
		{"{" GOOD "}", INTROSPECT_ACTIVE},
		{"{\"active\":false,\"sub\":\"s-1\",\"client_id\":\"robots\"}", INTROSPECT_INACTIVE},
		{"{\"active\":\"true\",\"sub\":\"s-1\",\"client_id\":\"robots\"}", INTROSPECT_INACTIVE},
		{"{\"active\":1,\"sub\":\"s-1\",\"client_id\":\"robots\"}", INTROSPECT_INACTIVE},
		{"{\"sub\":\"s-1\",\"client_id\":\"robots\"}", INTROSPECT_INACTIVE},
		{"{}", INTROSPECT_INACTIVE},
		{"{" GOOD ",\"active\":false}", INTROSPECT_UNREACHABLE},
		{"[]", INTROSPECT_UNREACHABLE},
		{"", INTROSPECT_UNREACHABLE},
		{"active=true&sub=s-1", INTROSPECT_UNREACHABLE},
	};

	(void)state;
	JUDGE(&plain, rows);
}

/* INT-03: the dates count, and whose and for whom it is must be said */
static void int03_dates_and_names(void **state)
{
#define OF(sub, client, aud, scope) "{\"active\":true" sub client aud scope "}"
#define SUB ",\"sub\":\"s-1\""
#define CLIENT ",\"client_id\":\"other-robots\""
#define AUD ",\"aud\":[\"https://a.example\",\"https://host.example\"]"
#define SCOPE ",\"scope\":\"openid ssh:login\""
	static const struct row rows[] = {
		{OF(SUB, CLIENT, AUD, SCOPE), INTROSPECT_ACTIVE},
		{OF("", CLIENT, AUD, SCOPE), INTROSPECT_INACTIVE},
		{OF(",\"sub\":\"s-2\"", CLIENT, AUD, SCOPE), INTROSPECT_INACTIVE},
		{OF(",\"sub\":\"S-1\"", CLIENT, AUD, SCOPE), INTROSPECT_INACTIVE},
		{OF(",\"sub\":[\"s-1\"]", CLIENT, AUD, SCOPE), INTROSPECT_INACTIVE},
		{OF(",\"username\":\"s-1\"", CLIENT, AUD, SCOPE), INTROSPECT_INACTIVE},
		{OF(SUB, "", AUD, SCOPE), INTROSPECT_INACTIVE},
		{OF(SUB, ",\"client_id\":\"stranger\"", AUD, SCOPE), INTROSPECT_INACTIVE},
		{OF(SUB, ",\"client_id\":7", AUD, SCOPE), INTROSPECT_UNREACHABLE},
		{OF(SUB, CLIENT, "", SCOPE), INTROSPECT_INACTIVE},
		{OF(SUB, CLIENT, ",\"aud\":\"https://host.example/\"", SCOPE), INTROSPECT_INACTIVE},
		{OF(SUB, CLIENT, ",\"aud\":[[\"https://host.example\"]]", SCOPE), INTROSPECT_INACTIVE},
		{OF(SUB, CLIENT, ",\"aud\":[\"https://host.example\\u0001\"]", SCOPE), INTROSPECT_INACTIVE},
		{OF(SUB, CLIENT, ",\"aud\":[]", SCOPE), INTROSPECT_INACTIVE},
		{OF(SUB, CLIENT, AUD, ""), INTROSPECT_INACTIVE},
		{OF(SUB, CLIENT, AUD, ",\"scope\":\"ssh:logins\""), INTROSPECT_INACTIVE},
		{OF(SUB, CLIENT, AUD, ",\"scope\":\"xssh:login\""), INTROSPECT_INACTIVE},
		{OF(SUB, CLIENT, AUD, ",\"scope\":[\"ssh:login\"]"), INTROSPECT_INACTIVE},
		{"{" GOOD ",\"iss\":\"https://id.example\"}", INTROSPECT_ACTIVE},
		{"{" GOOD ",\"iss\":\"https://id.example/\"}", INTROSPECT_INACTIVE},
		{"{" GOOD ",\"iss\":1}", INTROSPECT_UNREACHABLE},
		{"{" GOOD ",\"exp\":1700000001,\"nbf\":1700000060,\"iat\":1700000060}", INTROSPECT_ACTIVE},
		{"{" GOOD ",\"exp\":1700000000}", INTROSPECT_INACTIVE},
		{"{" GOOD ",\"nbf\":1700000061}", INTROSPECT_INACTIVE},
		{"{" GOOD ",\"iat\":1700000061}", INTROSPECT_INACTIVE},
		{"{" GOOD ",\"exp\":\"never\"}", INTROSPECT_UNREACHABLE},
	};
	static const struct row any[] = {
		{OF(SUB, CLIENT, "", ""), INTROSPECT_ACTIVE},
	};
	const struct introspect_presented loose = {.subject = "s-1", .clients = clients, .now_s = NOW};

	(void)state;
	JUDGE(&plain, rows);
	JUDGE(&loose, any);
}

/* RFC 8705 section 3.2, RFC 9449 section 6.2: who has a bound token has half of what it takes; and a refresh token is none to show */
static void bound_and_other_tokens(void **state)
{
	static const struct row rows[] = {
		{"{" GOOD ",\"token_type\":\"Bearer\"}", INTROSPECT_ACTIVE},
		{"{" GOOD ",\"token_type\":\"access_token\"}", INTROSPECT_ACTIVE},
		{"{" GOOD ",\"token_type\":\"refresh_token\"}", INTROSPECT_INACTIVE},
		{"{" GOOD ",\"token_type\":\"DPoP\"}", INTROSPECT_INACTIVE},
		{"{" GOOD ",\"token_type\":1}", INTROSPECT_INACTIVE},
		{"{" GOOD ",\"cnf\":{\"x5t#S256\":\"a\"}}", INTROSPECT_INACTIVE},
		{"{" GOOD ",\"cnf\":{\"jkt\":\"a\"},\"token_type\":\"Bearer\"}", INTROSPECT_INACTIVE},
	};

	(void)state;
	JUDGE(&plain, rows);
}

/* INT-07: acr and auth_time, where they are wanted; what is not said is a no */
static void int07_strength(void **state)
{
	static const struct row rows[] = {
		{"{" GOOD ",\"acr\":\"urn:strong\",\"auth_time\":1699999990}", INTROSPECT_ACTIVE},
		{"{" GOOD ",\"acr\":\"urn:strong\",\"auth_time\":1699999400}", INTROSPECT_ACTIVE},
		{"{" GOOD ",\"acr\":\"urn:strong\",\"auth_time\":1699999399}", INTROSPECT_INACTIVE},
		{"{" GOOD ",\"acr\":\"urn:strong\",\"auth_time\":1700000061}", INTROSPECT_INACTIVE},
		{"{" GOOD ",\"acr\":\"urn:strong\",\"auth_time\":\"1699999990\"}", INTROSPECT_INACTIVE},
		{"{" GOOD ",\"acr\":\"urn:strong\"}", INTROSPECT_INACTIVE},
		{"{" GOOD ",\"acr\":\"urn:stronger\",\"auth_time\":1699999990}", INTROSPECT_INACTIVE},
		{"{" GOOD ",\"auth_time\":1699999990}", INTROSPECT_INACTIVE},
	};
	struct introspect_presented strict = plain;

	(void)state;
	strict.classes = classes;
	strict.max_age_s = 600;
	JUDGE(&strict, rows);
}

/* TX-06: the outermost actor is told, for the log; the ones inside it are not looked at */
static void tx06_actor(void **state)
{
	static const struct {
		const char *body;
		const char *actor;
	} rows[] = {
		{"{" GOOD "}", ""},
		{"{" GOOD ",\"act\":{\"sub\":\"ci\",\"act\":{\"sub\":\"inner\"}}}", "ci"},
		{"{" GOOD ",\"act\":{\"client_id\":\"gateway\",\"act\":{\"sub\":\"inner\"}}}", "gateway"},
		{"{" GOOD ",\"act\":{\"act\":{\"sub\":\"inner\"}}}", "(unnamed)"},
		{"{" GOOD ",\"act\":\"ci\"}", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct introspect_facts facts;
		struct oauth_result result;

		assert_int_equal(
			introspect_presented_parse(&facts, &result, &plain, rows[i].body, strlen(rows[i].body)),
			INTROSPECT_ACTIVE);
		assert_string_equal(facts.actor, rows[i].actor);
		assert_string_equal(facts.client, "robots");
		assert_int_equal(facts.expires_s, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(int01_active_is_json_true),
		cmocka_unit_test(int03_dates_and_names),
		cmocka_unit_test(bound_and_other_tokens),
		cmocka_unit_test(int07_strength),
		cmocka_unit_test(tx06_actor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
