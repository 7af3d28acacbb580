/* SPDX-License-Identifier: MIT */
/* What an answer to a refresh says about the person. Checklist OA-06, BCP-11; threats N8, N17, R14. */
#include "helper/oauth/refresh_reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TOKENS "{\"access_token\":\"at\",\"token_type\":\"Bearer\",\"refresh_token\":\"rt\"}"
#define ERROR(code) "{\"error\":\"" code "\"}"
#define SAYS(code, text) "{\"error\":\"" code "\",\"error_description\":\"" text "\"}"

struct row {
	const char *dialect;
	unsigned status;
	const char *body;
	enum refresh_outcome outcome;
	enum oauth_outcome oauth;
};

static const struct row rows[] = {
	{"generic", 200, TOKENS, REFRESH_DONE, OAUTH_DONE},
	{"generic", 201, TOKENS, REFRESH_DONE, OAUTH_DONE},

	/* the grant is no more, on any status */
	{"generic", 400, ERROR("invalid_grant"), REFRESH_GONE, OAUTH_PROVIDER_REFUSED},
	{"generic", 200, ERROR("invalid_grant"), REFRESH_GONE, OAUTH_PROVIDER_REFUSED},
	{"generic", 401, SAYS("invalid_grant", "grant request is invalid"), REFRESH_GONE, OAUTH_PROVIDER_REFUSED},
	{"generic", 500, ERROR("invalid_grant"), REFRESH_GONE, OAUTH_PROVIDER_REFUSED},
	{"auth0", 403, SAYS("access_denied", "user is blocked"), REFRESH_GONE, OAUTH_DENIED},
	{"github", 200, "error=bad_refresh_token&error_description=The+refresh+token+is+incorrect", REFRESH_GONE,
	 OAUTH_PROVIDER_REFUSED},
	{"entra", 400, SAYS("invalid_grant", "AADSTS50057: The user account is disabled."), REFRESH_GONE,
	 OAUTH_PROVIDER_REFUSED},
	{"keycloak", 400, SAYS("invalid_grant", "Session not active"), REFRESH_GONE, OAUTH_PROVIDER_REFUSED},
	{"salesforce", 400, SAYS("inactive_user", "user is inactive"), REFRESH_GONE, OAUTH_NOT_ADMITTED},
	{"salesforce", 400, SAYS("inactive_org", "org is inactive"), REFRESH_GONE, OAUTH_CLIENT_REFUSED},

	/* the token alone */
	{"generic", 400, ERROR("interaction_required"), REFRESH_DEAD, OAUTH_PROVIDER_REFUSED},
	{"generic", 400, ERROR("login_required"), REFRESH_DEAD, OAUTH_PROVIDER_REFUSED},
	{"generic", 400, ERROR("consent_required"), REFRESH_DEAD, OAUTH_PROVIDER_REFUSED},
	{"entra", 400, SAYS("invalid_grant", "AADSTS700082: The refresh token has expired due to inactivity."),
	 REFRESH_DEAD, OAUTH_PROVIDER_REFUSED},
	{"keycloak", 400, SAYS("invalid_grant", "Maximum allowed refresh token reuse exceeded"), REFRESH_DEAD,
	 OAUTH_PROVIDER_REFUSED},
	{"salesforce", 400, SAYS("invalid_grant", "expired access/refresh token"), REFRESH_DEAD,
	 OAUTH_PROVIDER_REFUSED},

	/* two at a time, as only Salesforce says it; a text of theirs means nothing of another provider */
	{"salesforce", 400, SAYS("invalid_grant", "token request is already being processed"), REFRESH_BUSY,
	 OAUTH_THROTTLED},
	{"salesforce", 400, SAYS("invalid_grant", "expired authorization code"), REFRESH_BUSY, OAUTH_PROVIDER_REFUSED},
	{"generic", 400, SAYS("invalid_grant", "token request is already being processed"), REFRESH_GONE,
	 OAUTH_THROTTLED},
	{"generic", 400, SAYS("invalid_grant", "AADSTS700082"), REFRESH_GONE, OAUTH_PROVIDER_REFUSED},

	/* of our client, or of our request: nothing about the person, and the token was not used */
	{"generic", 401, ERROR("invalid_client"), REFRESH_UNREACHABLE, OAUTH_CLIENT_REFUSED},
	{"generic", 400, ERROR("unauthorized_client"), REFRESH_UNREACHABLE, OAUTH_CLIENT_REFUSED},
	{"generic", 400, ERROR("unsupported_grant_type"), REFRESH_UNREACHABLE, OAUTH_CLIENT_REFUSED},
	{"generic", 400, ERROR("invalid_scope"), REFRESH_UNREACHABLE, OAUTH_CLIENT_REFUSED},
	{"generic", 400, ERROR("invalid_request"), REFRESH_UNREACHABLE, OAUTH_PROVIDER_REFUSED},
	{"generic", 400, ERROR("no_such_error"), REFRESH_UNREACHABLE, OAUTH_PROVIDER_REFUSED},
	{"salesforce", 400, ERROR("invalid_client_id"), REFRESH_UNREACHABLE, OAUTH_CLIENT_REFUSED},
	{"generic", 429, "", REFRESH_UNREACHABLE, OAUTH_THROTTLED},
	{"generic", 400, ERROR("slow_down"), REFRESH_UNREACHABLE, OAUTH_THROTTLED},
	{"generic", 400, ERROR("authorization_pending"), REFRESH_UNREACHABLE, OAUTH_BAD_REPLY},

	/* a provider that stumbled, or something before it: the token may be used up */
	{"generic", 500, "", REFRESH_LOST, OAUTH_UNREACHABLE},
	{"generic", 503, "<html>down</html>", REFRESH_LOST, OAUTH_UNREACHABLE},
	{"generic", 500, ERROR("server_error"), REFRESH_LOST, OAUTH_UNREACHABLE},
	{"generic", 400, ERROR("temporarily_unavailable"), REFRESH_LOST, OAUTH_UNREACHABLE},
	{"generic", 200, "", REFRESH_LOST, OAUTH_BAD_REPLY},
	{"generic", 200, "{}", REFRESH_LOST, OAUTH_BAD_REPLY},
	{"generic", 200, "{\"access_token\":\"at\"}", REFRESH_LOST, OAUTH_BAD_REPLY},
	{"generic", 200, "{\"access_token\":\"at\",\"token_type\":\"DPoP\"}", REFRESH_LOST, OAUTH_BAD_REPLY},
	{"generic", 200, "{\"error\":{},\"access_token\":\"at\",\"token_type\":\"Bearer\"}", REFRESH_LOST,
	 OAUTH_BAD_REPLY},
	{"generic", 302, "", REFRESH_LOST, OAUTH_BAD_REPLY},
	{"generic", 404, "not here", REFRESH_LOST, OAUTH_BAD_REPLY},
};

static void each_meaning(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		LK_CLEANUP(token_set_freep) struct token_set *tokens = NULL;
		struct oauth_result result = {.outcome = OAUTH_DONE};
		enum refresh_outcome outcome = refresh_reply_parse(&tokens, &result, dialect_find(rows[i].dialect),
								   rows[i].status, rows[i].body, strlen(rows[i].body));

		if (outcome != rows[i].outcome || result.outcome != rows[i].oauth)
			fail_msg("%s %u %s: %d %d", rows[i].dialect, rows[i].status, rows[i].body, (int)outcome,
				 (int)result.outcome);
		assert_int_equal(tokens != NULL, outcome == REFRESH_DONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
