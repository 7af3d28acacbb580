/* SPDX-License-Identifier: MIT */
/* What an answer to a service account's grant says of the account. Checklist AS-05, AS-06; each text of Salesforce's. Threats N8,
 * N17. */
#include "helper/oauth/grant_reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TOKENS "{\"access_token\":\"at\",\"token_type\":\"Bearer\"}"
#define ERROR(code) "{\"error\":\"" code "\"}"
#define SAYS(code, text) "{\"error\":\"" code "\",\"error_description\":\"" text "\"}"

struct row {
	const char *dialect;
	unsigned status;
	const char *body;
	enum grant_outcome outcome;
	const char *says; /* is in the line for the log; NULL: nothing is looked for */
};

static const struct row rows[] = {
	{"generic", 200, TOKENS, GRANT_DONE, NULL},
	{"generic", 400, ERROR("invalid_grant"), GRANT_REFUSED, "invalid_grant"},
	{"generic", 400, SAYS("invalid_grant", "account disabled"), GRANT_REFUSED, "account disabled"},
	{"generic", 403, ERROR("access_denied"), GRANT_REFUSED, NULL},

	/* AS-06 */
	{"generic", 400, SAYS("invalid_grant", "assertion expired"), GRANT_UNREACHABLE, "is this host's clock right?"},
	{"generic", 400, SAYS("invalid_grant", "the JWT expired"), GRANT_UNREACHABLE, "clock"},
	{"generic", 400, SAYS("invalid_grant", "issued in the future"), GRANT_UNREACHABLE, "clock"},

	/* of our key, client or request, and of a provider that stumbles: nothing about the account */
	{"generic", 401, ERROR("invalid_client"), GRANT_UNREACHABLE, "does the provider know this key?"},
	{"generic", 400, ERROR("unauthorized_client"), GRANT_UNREACHABLE, "is this client allowed this grant there?"},
	{"generic", 400, ERROR("unsupported_grant_type"), GRANT_UNREACHABLE, NULL},
	{"generic", 400, ERROR("invalid_scope"), GRANT_UNREACHABLE, NULL},
	{"generic", 400, ERROR("invalid_request"), GRANT_UNREACHABLE, NULL},
	{"generic", 400, ERROR("no_such_error"), GRANT_UNREACHABLE, NULL},
	{"generic", 400, ERROR("slow_down"), GRANT_UNREACHABLE, NULL},
	{"generic", 400, ERROR("authorization_pending"), GRANT_UNREACHABLE, NULL},
	{"generic", 429, "", GRANT_UNREACHABLE, NULL},
	{"generic", 503, "<html>down</html>", GRANT_UNREACHABLE, NULL},
	{"generic", 500, ERROR("server_error"), GRANT_UNREACHABLE, NULL},
	{"generic", 200, "{}", GRANT_UNREACHABLE, NULL},
	{"generic", 200, "{\"access_token\":\"at\",\"token_type\":\"DPoP\"}", GRANT_UNREACHABLE, NULL},
	{"generic", 200, "{\"error\":{},\"access_token\":\"at\",\"token_type\":\"Bearer\"}", GRANT_UNREACHABLE, NULL},
	{"generic", 404, "not here", GRANT_UNREACHABLE, NULL},

	/* Salesforce */
	{"salesforce", 400, SAYS("invalid_grant", "user hasn't approved this consumer"), GRANT_REFUSED,
	 "pre-authorize the app"},
	{"salesforce", 400, SAYS("invalid_app_access", "user is not admin approved to access this app"), GRANT_REFUSED,
	 "approved users only"},
	{"salesforce", 400, SAYS("invalid_grant", "invalid user"), GRANT_REFUSED, "subject must be the username"},
	{"salesforce", 400, SAYS("inactive_user", "user is inactive"), GRANT_REFUSED, NULL},
	{"salesforce", 400, SAYS("inactive_org", "org is inactive"), GRANT_REFUSED, NULL},
	{"salesforce", 400, SAYS("invalid_grant", "ip restricted"), GRANT_REFUSED, NULL},
	{"salesforce", 400, SAYS("invalid_grant", "ip restricted or invalid login hours"), GRANT_REFUSED, NULL},
	{"salesforce", 400, SAYS("invalid_grant", "authentication failure"), GRANT_REFUSED, NULL},
	{"salesforce", 400, SAYS("invalid_grant", "invalid assertion"), GRANT_UNREACHABLE, "rotated"},
	{"salesforce", 400, SAYS("invalid_client", "invalid client credentials"), GRANT_UNREACHABLE, "certificate"},
	{"salesforce", 400, SAYS("invalid_client_id", "client identifier invalid"), GRANT_UNREACHABLE,
	 "client_id must be the consumer key"},
	{"salesforce", 400, SAYS("invalid_grant", "audience is invalid"), GRANT_UNREACHABLE, "login host"},
	{"salesforce", 400, SAYS("invalid_grant", "Audience validation failed"), GRANT_UNREACHABLE, "login host"},
	{"salesforce", 400, SAYS("invalid_grant", "no valid scopes defined"), GRANT_UNREACHABLE,
	 "give the app a scope"},
	{"salesforce", 400, SAYS("invalid_grant", "expired authorization code"), GRANT_UNREACHABLE, "clock"},
	{"salesforce", 400, SAYS("bad_jti_claim", "jti was used"), GRANT_UNREACHABLE, NULL},
	{"salesforce", 500, ERROR("unknown_error"), GRANT_UNREACHABLE, NULL},
	/* a text of theirs means nothing of another provider */
	{"generic", 400, SAYS("invalid_grant", "invalid assertion"), GRANT_REFUSED, NULL},
};

static enum grant_outcome parse(const struct row *r, bool is_client, int64_t difference_s, struct oauth_result *result)
{
	LK_CLEANUP(token_set_freep) struct token_set *tokens = NULL;
	enum grant_outcome outcome = grant_reply_parse(&tokens, result, dialect_find(r->dialect), is_client,
						       difference_s, r->status, r->body, strlen(r->body));

	assert_int_equal(tokens != NULL, outcome == GRANT_DONE);
	assert_int_equal(result->outcome == OAUTH_DONE, outcome == GRANT_DONE);
	return outcome;
}

static void each_meaning(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct oauth_result result = {.outcome = OAUTH_BAD_REPLY};
		enum grant_outcome outcome = parse(&rows[i], false, 0, &result);

		if (outcome != rows[i].outcome || (rows[i].says != NULL && !strstr(result.detail, rows[i].says)))
			fail_msg("%s %u %s: %d '%s'", rows[i].dialect, rows[i].status, rows[i].body, (int)outcome,
				 result.detail);
	}
}

/* AS-06: a no without a reason of its own, where the clocks differ, is the clock's. */
static void clocks(void **state)
{
	static const struct row general = {"generic", 400, SAYS("invalid_grant", "assertion is not good"), 0, NULL};
	static const struct row named = {"salesforce", 400, SAYS("invalid_grant", "user hasn't approved this consumer"),
					 0, NULL};
	static const struct {
		int64_t difference_s;
		enum grant_outcome outcome;
		const char *says;
	} cases[] = {
		{0, GRANT_REFUSED, "not good"},
		{60, GRANT_REFUSED, "not good"},
		{-60, GRANT_REFUSED, "not good"},
		{600, GRANT_UNREACHABLE,
		 "this host's clock is 600 s behind the provider's; provider says invalid_grant"},
		{-600, GRANT_UNREACHABLE, "this host's clock is 600 s ahead of the provider's; provider says"},
	};
	struct oauth_result result;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(&general, false, cases[i].difference_s, &result), cases[i].outcome);
		assert_non_null(strstr(result.detail, cases[i].says));
	}
	assert_int_equal(parse(&named, false, 600, &result), GRANT_REFUSED);
}

/* Client credentials: the account is the client. */
static void the_client_itself(void **state)
{
	static const struct row r[] = {
		{"generic", 401, ERROR("invalid_client"), GRANT_REFUSED, "the client is gone there"},
		{"generic", 400, ERROR("unauthorized_client"), GRANT_REFUSED, NULL},
		{"salesforce", 400, ERROR("invalid_client_id"), GRANT_REFUSED, NULL},
		{"salesforce", 400, SAYS("invalid_grant", "no client credentials user enabled"), GRANT_REFUSED, NULL},
		{"generic", 400, ERROR("invalid_scope"), GRANT_UNREACHABLE, NULL},
		{"generic", 503, "", GRANT_UNREACHABLE, NULL},
	};
	struct oauth_result result;

	(void)state;
	for (size_t i = 0; i < sizeof(r) / sizeof(r[0]); i++)
		if (parse(&r[i], true, 0, &result) != r[i].outcome ||
		    (r[i].says != NULL && !strstr(result.detail, r[i].says)))
			fail_msg("%s: '%s'", r[i].body, result.detail);
	assert_int_equal(parse(&r[0], true, 600, &result), GRANT_UNREACHABLE);
}

/* N17: what a provider wrote reaches the log as one line of printable ASCII. */
static void sanitised(void **state)
{
	static const struct row r = {"generic", 400, SAYS("invalid_grant", "a\\nb \\\"c\\\" \\u001b[31m"), 0, NULL};
	struct oauth_result result;

	(void)state;
	assert_int_equal(parse(&r, false, 0, &result), GRANT_REFUSED);
	for (const char *p = result.detail; *p != '\0'; p++)
		assert_true(*p >= ' ' && *p <= '~' && *p != '"');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_meaning),
		cmocka_unit_test(clocks),
		cmocka_unit_test(the_client_itself),
		cmocka_unit_test(sanitised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
