/* SPDX-License-Identifier: MIT */
/* The table of error codes: complete, in an order in which each row can be found, and none of them a success. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/json.h"
#include "helper/oauth/error.h"
#include "helper/oauth/error_codes.h"

static void every_row_can_be_found(void **state)
{
	const struct error_code *row;
	size_t n;

	(void)state;
	for (n = 0; (row = error_code_at(n)) != NULL; n++) {
		assert_int_not_equal(row->outcome, OAUTH_DONE);
		assert_ptr_equal(error_code_find(row->code, row->text != NULL ? row->text : ""), row);
		assert_true(strlen(row->meaning) > 0 && strlen(row->meaning) < OAUTH_DETAIL_MAX / 2);
		for (const char *p = row->meaning; *p != '\0'; p++)
			assert_true(*p >= ' ' && *p <= '~' && *p != '|' && *p != '"');
	}
	assert_true(n > 90);
	assert_null(error_code_find("no_such_code", "no_such_text"));
	assert_null(error_code_find("", ""));
}

/* The page "OAuth 2.0 Authorization Errors", and the one of 1.0.A. */
static void every_code_of_the_page(void **state)
{
	static const char *const page[] = {
		"access_denied",
		"access-denied",
		"inactive_user",
		"login_error",
		"invalid_otp",
		"otp_error",
		"immediate_unsuccessful",
		"registration_error",
		"failed_registration",
		"app_blocked",
		"app_not_found",
		"ecapp_policy_not_found",
		"oauth_policy_not_found",
		"fail_close_app_blocked",
		"invalid_app_access",
		"oauth_flow_disabled",
		"installation_error",
		"invalid_distribution_state",
		"exceeded_registration_limit",
		"inactive_org",
		"unsupported_grant_type",
		"unsupported_response_type",
		"redirect_uri_missing",
		"redirect_uri_mismatch",
		"invalid_session_level",
		"invalid_client",
		"invalid_client_id",
		"invalid_client_credentials",
		"invalid_basic_auth_header",
		"invalid_scope",
		"invalid_request",
		"invalid_assertion_type",
		"bad_jti_claim",
		"invalid_expid",
		"unsupported_expid",
		"unsupported_token_type",
		"invalid_dpop_proof",
		"app_attest_failed",
		"invalid_grant",
		"invalid_token",
		"authorization_pending",
		"slow_down",
		"use_dpop_nonce",
		"rate_limit_exceeded",
		"server_error",
		"service_unavailable",
		"system_down",
		"unknown_error",
		"app_attest_failed_retry",
		"1701",
		"1702",
		"1703",
		"1704",
		"1705",
		"1706",
		"1707",
		"1708",
		"1709",
		"1710",
		"1711",
		"1712",
		"1713",
		"1716",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(page) / sizeof(page[0]); i++) {
		if (error_code_find(page[i], "") == NULL)
			fail_msg("%s has no row", page[i]);
	}
}

static void assert_error(const char *dialect, const char *error, const char *description, enum oauth_outcome outcome,
			 const char *detail)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();
	struct oauth_result result = {0};

	assert_non_null(dialect_find(dialect));
	if (description != NULL)
		assert_int_equal(json_object_object_add(o, "error_description", json_object_new_string(description)),
				 0);
	oauth_result_from_error(&result, dialect_find(dialect), error, o);
	assert_int_equal(result.outcome, outcome);
	assert_string_equal(result.detail, detail);
}

/* What decides is the code, and a text only where its row says so; the log has the meaning beside the provider's words. */
static void what_an_error_becomes(void **state)
{
	(void)state;
	assert_error("generic", "invalid_client", NULL, OAUTH_CLIENT_REFUSED,
		     "provider says invalid_client (client_id, secret or key are not what is registered there)");
	assert_error("generic", "nobody_has_this", "text \"x\"", OAUTH_PROVIDER_REFUSED,
		     "provider says nobody_has_this: text ?x?");
	assert_error("salesforce", "inactive_user", NULL, OAUTH_NOT_ADMITTED,
		     "provider says inactive_user (the person's account is switched off there)");
	assert_error(
		"salesforce", "invalid_grant", "user hasn't approved this consumer", OAUTH_CLIENT_REFUSED,
		"provider says invalid_grant: user hasn't approved this consumer (nobody has allowed this client to "
		"act for that account: pre-authorize it there)");
	assert_error("salesforce", "invalid_grant", "token request is already being processed", OAUTH_THROTTLED,
		     "provider says invalid_grant: token request is already being processed (two hosts or programs "
		     "showed one refresh token at the same moment)");
	assert_error("salesforce", "invalid_otp", NULL, OAUTH_WRONG_PROOF,
		     "provider says invalid_otp (the one-time code is wrong or too old)");
	/* a row of its own goes before the RFCs' word for it */
	assert_error("google", "admin_policy_enforced", NULL, OAUTH_NOT_ADMITTED,
		     "provider says admin_policy_enforced (its administrator does not let that person use the client)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_can_be_found),
		cmocka_unit_test(every_code_of_the_page),
		cmocka_unit_test(what_an_error_becomes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
