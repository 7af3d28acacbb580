/* SPDX-License-Identifier: MIT */
/* The table of error codes: of the RFCs, of OpenID Connect, and of the providers that have more. No row is a success: a code
 * that is not here is a refusal like any other. Rows with a text stand before the one of their code without. */
#include "helper/oauth/error_codes.h"

#include <string.h>

#define NO ERROR_RETRY_NO
#define POLL ERROR_RETRY_POLL
#define LATER ERROR_RETRY_LATER
#define ANEW ERROR_RETRY_ANEW

static const struct error_code codes[] = {
	/* RFC 6749 sections 4.1.2.1 and 5.2, RFC 8628 section 3.5 */
	{"authorization_pending", NULL, OAUTH_PROVIDER_REFUSED, POLL, "nobody has approved yet"},
	{"slow_down", NULL, OAUTH_THROTTLED, POLL, "it is asked too often; the interval grows"},
	{"access_denied", NULL, OAUTH_DENIED, ANEW, "the person, or a rule for that person there, said no"},
	{"access-denied", NULL, OAUTH_DENIED, ANEW, "the person, or a rule for that person there, said no"},
	{"expired_token", NULL, OAUTH_EXPIRED, ANEW, "the code was not approved in time"},
	{"invalid_request", "HTTPS", OAUTH_CLIENT_REFUSED, NO, "an address of this host's configuration is not https"},
	{"invalid_request", "out-of-band", OAUTH_CLIENT_REFUSED, NO, "its redirect URI is out-of-band, which is gone"},
	{"invalid_request", NULL, OAUTH_PROVIDER_REFUSED, NO, "a parameter is missing, or one too many, for it"},
	{"invalid_client", NULL, OAUTH_CLIENT_REFUSED, NO, "client_id, secret or key are not what is registered there"},
	{"invalid_grant", "already being processed", OAUTH_THROTTLED, LATER,
	 "two hosts or programs showed one refresh token at the same moment"},
	{"invalid_grant", "hasn't approved this consumer", OAUTH_CLIENT_REFUSED, NO,
	 "nobody has allowed this client to act for that account: pre-authorize it there"},
	{"invalid_grant", "audience", OAUTH_CLIENT_REFUSED, NO, "the assertion names another audience than it expects"},
	{"invalid_grant", "invalid assertion", OAUTH_CLIENT_REFUSED, NO,
	 "the assertion's signature, certificate or form is not what is registered there"},
	{"invalid_grant", "no valid scopes", OAUTH_CLIENT_REFUSED, NO, "the client has no scope there"},
	{"invalid_grant", "invalid user", OAUTH_NOT_ADMITTED, NO, "it knows no such subject"},
	{"invalid_grant", "authentication failure", OAUTH_WRONG_PROOF, ANEW, "user name, password or token is wrong"},
	{"invalid_grant", "ip restricted", OAUTH_NOT_ADMITTED, LATER,
	 "that account may not sign in from this address, or at this hour"},
	{"invalid_grant", "invalid code verifier", OAUTH_PROVIDER_REFUSED, ANEW, "the code was asked for by another"},
	{"invalid_grant", NULL, OAUTH_PROVIDER_REFUSED, ANEW,
	 "the code or token was used before, is too old, was revoked, or is another client's"},
	{"unauthorized_client", NULL, OAUTH_CLIENT_REFUSED, NO, "this client may not use this flow there"},
	{"unsupported_grant_type", NULL, OAUTH_CLIENT_REFUSED, NO, "it has no such flow, or has it switched off"},
	{"unsupported_response_type", NULL, OAUTH_CLIENT_REFUSED, NO, "it has no such flow, or has it switched off"},
	{"invalid_scope", NULL, OAUTH_CLIENT_REFUSED, NO, "the client may not ask for a scope of the configuration"},
	{"server_error", NULL, OAUTH_UNREACHABLE, LATER, "it has a fault of its own"},
	{"temporarily_unavailable", NULL, OAUTH_UNREACHABLE, LATER, "it is overloaded or being maintained"},

	/* RFC 6750 section 3.1, RFC 7009 section 2.2.1, RFC 8707 section 2, RFC 9126 section 2.3, RFC 9470 section 3 */
	{"invalid_token", NULL, OAUTH_TOKEN_REFUSED, ANEW, "the access token is too old or was revoked"},
	{"insufficient_scope", NULL, OAUTH_CLIENT_REFUSED, NO, "the token has not the scope that this needs"},
	{"unsupported_token_type", NULL, OAUTH_PROVIDER_REFUSED, NO, "it does not revoke or exchange such a token"},
	{"invalid_target", NULL, OAUTH_PROVIDER_REFUSED, NO, "it knows no such resource or audience"},
	{"insufficient_user_authentication", NULL, OAUTH_TOO_WEAK, ANEW, "the sign-in is too weak or too old for it"},
	{"unmet_authentication_requirements", NULL, OAUTH_TOO_WEAK, NO,
	 "the person cannot sign in as strongly as that"},
	{"invalid_redirect_uri", NULL, OAUTH_CLIENT_REFUSED, NO, "the redirect URI cannot be registered there"},
	{"invalid_request_uri", NULL, OAUTH_CLIENT_REFUSED, ANEW, "the pushed request was used before or is too old"},
	{"invalid_request_object", NULL, OAUTH_CLIENT_REFUSED, NO, "it cannot read the signed request"},
	{"request_not_supported", NULL, OAUTH_CLIENT_REFUSED, NO, "it takes no signed requests"},
	{"request_uri_not_supported", NULL, OAUTH_CLIENT_REFUSED, NO, "it takes no pushed requests"},
	{"registration_not_supported", NULL, OAUTH_CLIENT_REFUSED, NO, "it registers no clients this way"},

	/* OpenID Connect Core section 3.1.2.6 */
	{"interaction_required", NULL, OAUTH_PROVIDER_REFUSED, ANEW, "the person has to do something there first"},
	{"login_required", NULL, OAUTH_PROVIDER_REFUSED, ANEW, "the person has to sign in there again"},
	{"account_selection_required", NULL, OAUTH_PROVIDER_REFUSED, ANEW, "the person has to choose an account there"},
	{"consent_required", NULL, OAUTH_PROVIDER_REFUSED, ANEW, "the person has to consent there"},
	{"immediate_unsuccessful", NULL, OAUTH_PROVIDER_REFUSED, ANEW,
	 "the person is not signed in there, or has not consented"},

	/* OpenID Connect CIBA sections 11 and 13 */
	/* looks like a no to whoever waits */
	{"unknown_user_id", NULL, OAUTH_DENIED, NO, "it knows nobody by the hint that was sent"},
	{"expired_login_hint_token", NULL, OAUTH_PROVIDER_REFUSED, NO, "the hint token is too old"},
	{"missing_user_code", NULL, OAUTH_CLIENT_REFUSED, NO,
	 "it wants a code of the person that is not asked for here"},
	{"invalid_user_code", NULL, OAUTH_CLIENT_REFUSED, NO,
	 "it wants a code of the person that is not asked for here"},
	{"invalid_binding_message", NULL, OAUTH_CLIENT_REFUSED, NO, "it shows no such binding message"},
	{"transaction_failed", NULL, OAUTH_PROVIDER_REFUSED, ANEW, "it could not reach the person's device"},

	/* RFC 7591 section 3.2.2 */
	{"invalid_client_metadata", NULL, OAUTH_CLIENT_REFUSED, NO, "it registers no client with such settings"},
	{"invalid_software_statement", NULL, OAUTH_CLIENT_REFUSED, NO, "the software statement is not valid"},
	{"unapproved_software_statement", NULL, OAUTH_CLIENT_REFUSED, NO,
	 "the software statement is not approved there"},

	/* RFC 9449 section 7 */
	{"invalid_dpop_proof", NULL, OAUTH_CLIENT_REFUSED, NO, "it asks for DPoP, which is not spoken here"},
	{"use_dpop_nonce", NULL, OAUTH_CLIENT_REFUSED, NO, "it asks for DPoP, which is not spoken here"},

	/* Salesforce, help "OAuth 2.0 Authorization Errors": about the person */
	{"inactive_user", NULL, OAUTH_NOT_ADMITTED, NO, "the person's account is switched off there"},
	{"login_error", NULL, OAUTH_WRONG_PROOF, ANEW, "what was typed is wrong"},
	{"invalid_otp", NULL, OAUTH_WRONG_PROOF, ANEW, "the one-time code is wrong or too old"},
	{"otp_error", NULL, OAUTH_WRONG_PROOF, ANEW, "the one-time code is wrong or too old"},
	{"registration_error", NULL, OAUTH_PROVIDER_REFUSED, NO, "it does not register that person"},
	{"failed_registration", NULL, OAUTH_PROVIDER_REFUSED, NO, "it does not register that person"},
	{"invalid_session_level", NULL, OAUTH_TOO_WEAK, NO, "its policy asks for a stronger session"},
	{"invalid_expid", NULL, OAUTH_CLIENT_REFUSED, NO, "it has no such login page"},
	{"unsupported_expid", NULL, OAUTH_CLIENT_REFUSED, NO, "it has no such login page"},

	/* about the app */
	{"app_blocked", NULL, OAUTH_CLIENT_REFUSED, NO, "its administrator has blocked the app"},
	{"app_not_found", NULL, OAUTH_CLIENT_REFUSED, NO, "the app is not there, or not installed in the org"},
	{"ecapp_policy_not_found", NULL, OAUTH_CLIENT_REFUSED, NO, "the app has no policy in the org"},
	{"oauth_policy_not_found", NULL, OAUTH_CLIENT_REFUSED, NO, "the app has no OAuth policy in the org"},
	{"fail_close_app_blocked", NULL, OAUTH_CLIENT_REFUSED, NO, "the app's state cannot be told, so it is blocked"},
	{"invalid_app_access", NULL, OAUTH_CLIENT_REFUSED, NO, "the person is not admin-approved for the app"},
	{"oauth_flow_disabled", NULL, OAUTH_CLIENT_REFUSED, NO, "the flow is switched off in the org"},
	{"installation_error", NULL, OAUTH_CLIENT_REFUSED, NO, "the app cannot be installed in the org"},
	{"invalid_distribution_state", NULL, OAUTH_CLIENT_REFUSED, NO, "the app may not be used in another org"},
	{"exceeded_registration_limit", NULL, OAUTH_CLIENT_REFUSED, NO,
	 "there are as many registrations as there may be"},
	{"inactive_org", NULL, OAUTH_CLIENT_REFUSED, NO, "the org is switched off"},
	{"redirect_uri_missing", NULL, OAUTH_CLIENT_REFUSED, NO, "the app has no callback URL"},
	{"redirect_uri_mismatch", NULL, OAUTH_CLIENT_REFUSED, NO, "the callback URL is not one of the app's"},
	{"invalid_client_id", NULL, OAUTH_CLIENT_REFUSED, NO, "there is no such consumer key"},
	{"invalid_client_credentials", NULL, OAUTH_CLIENT_REFUSED, NO, "the consumer secret is wrong"},
	{"invalid_basic_auth_header", NULL, OAUTH_CLIENT_REFUSED, NO, "it cannot read the client's Basic header"},
	{"invalid_assertion_type", NULL, OAUTH_CLIENT_REFUSED, NO, "it takes no such assertion"},
	{"bad_jti_claim", NULL, OAUTH_PROVIDER_REFUSED, ANEW, "the assertion was used before"},
	{"app_attest_failed", NULL, OAUTH_CLIENT_REFUSED, NO, "it wants an app on a phone to prove itself"},
	{"app_attest_failed_retry", NULL, OAUTH_UNREACHABLE, LATER, "it could not check the app's proof"},

	/* about the service */
	{"rate_limit_exceeded", NULL, OAUTH_THROTTLED, LATER, "it is asked too often"},
	{"service_unavailable", NULL, OAUTH_UNREACHABLE, LATER, "it is overloaded or being maintained"},
	{"system_down", NULL, OAUTH_UNREACHABLE, LATER, "it is being maintained"},
	{"unknown_error", NULL, OAUTH_UNREACHABLE, LATER, "it has a fault of its own"},

	/* MicrosoftDocs entra-docs, v2-oauth2-device-code.md */
	{"authorization_declined", NULL, OAUTH_DENIED, ANEW, "the person said no"},
	{"bad_verification_code", NULL, OAUTH_PROVIDER_REFUSED, ANEW, "it does not know the code"},

	/* developers.google.com/identity/protocols/oauth2/limited-input-device */
	{"org_internal", NULL, OAUTH_CLIENT_REFUSED, NO, "the client is for people of its own organisation only"},
	{"admin_policy_enforced", NULL, OAUTH_NOT_ADMITTED, NO,
	 "its administrator does not let that person use the client"},

	/* docs.github.com, "Authorizing OAuth apps" */
	{"token_expired", NULL, OAUTH_EXPIRED, ANEW, "the code was not approved in time"},
	{"incorrect_client_credentials", NULL, OAUTH_CLIENT_REFUSED, NO, "there is no such client_id"},
	{"incorrect_device_code", NULL, OAUTH_PROVIDER_REFUSED, ANEW, "it does not know the code"},
	{"device_flow_disabled", NULL, OAUTH_CLIENT_REFUSED, NO, "the device flow is not switched on for the app"},
	{"bad_refresh_token", NULL, OAUTH_PROVIDER_REFUSED, ANEW, "the refresh token is too old or was revoked"},

	/* Salesforce, help "OAuth 1.0.A Error Codes" */
	{"1701", NULL, OAUTH_PROVIDER_REFUSED, ANEW, "OAuth 1.0.A: the nonce was used before"},
	{"1702", NULL, OAUTH_CLIENT_REFUSED, NO, "OAuth 1.0.A: the consumer key is missing"},
	{"1703", NULL, OAUTH_TOKEN_REFUSED, ANEW, "OAuth 1.0.A: the access token is not valid"},
	{"1704", NULL, OAUTH_CLIENT_REFUSED, NO, "OAuth 1.0.A: the version is not 1.0"},
	{"1705", NULL, OAUTH_CLIENT_REFUSED, LATER, "OAuth 1.0.A: the timestamp is off: look at this host's clock"},
	{"1706", NULL, OAUTH_CLIENT_REFUSED, NO, "OAuth 1.0.A: the nonce is missing"},
	{"1707", NULL, OAUTH_CLIENT_REFUSED, NO, "OAuth 1.0.A: the token parameter is missing"},
	{"1708", NULL, OAUTH_NOT_ADMITTED, LATER, "OAuth 1.0.A: not from this address, or not at this hour"},
	{"1709", NULL, OAUTH_CLIENT_REFUSED, NO, "OAuth 1.0.A: the signature method is not taken"},
	{"1710", NULL, OAUTH_CLIENT_REFUSED, NO, "OAuth 1.0.A: the callback is neither oob nor https"},
	{"1711", NULL, OAUTH_WRONG_PROOF, ANEW, "OAuth 1.0.A: the verifier is wrong"},
	{"1712", NULL, OAUTH_TOKEN_REFUSED, ANEW, "OAuth 1.0.A: the access token was exchanged as often as it may be"},
	{"1713", NULL, OAUTH_CLIENT_REFUSED, NO, "OAuth 1.0.A: the consumer was deleted"},
	{"1716", NULL, OAUTH_CLIENT_REFUSED, NO, "OAuth 1.0.A: API access by OAuth is switched off"},
};

const struct error_code *error_code_at(size_t index)
{
	return index < sizeof(codes) / sizeof(codes[0]) ? &codes[index] : NULL;
}

const struct error_code *error_code_find(const char *code, const char *description)
{
	const struct error_code *row;

	for (size_t i = 0; (row = error_code_at(i)) != NULL; i++) {
		if (strcmp(row->code, code) == 0 && (row->text == NULL || strstr(description, row->text) != NULL))
			return row;
	}
	return NULL;
}
