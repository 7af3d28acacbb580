/* SPDX-License-Identifier: MIT */
/* The table of providers, each as it documents itself. No row may turn an error into a grant: an alias renames one error
 * into another, and a field left out means what the RFCs say. */
#include "helper/oauth/dialect.h"

#include <string.h>

#define DEVICE_GRANT "urn:ietf:params:oauth:grant-type:device_code"
#define OPENID_SCOPE "openid profile email"
#define OFFLINE_SCOPE OPENID_SCOPE " offline_access"

/* A provider without a row of its own may speak any of these. */
static const struct dialect_alias generic_aliases[] = {
	{"access-denied", "access_denied"},         {"authorization_declined", "access_denied"},
	{"token_expired", "expired_token"},         {"bad_verification_code", "invalid_grant"},
	{"incorrect_device_code", "invalid_grant"}, {NULL, NULL},
};

/* Salesforce, help "OAuth 2.0 error codes": what is about the client, and what of it is asked for once more */
static const struct dialect_alias salesforce_aliases[] = {
	{"access-denied", "access_denied"},
	{"rate_limit_exceeded", "slow_down"},
	{"app_blocked", "unauthorized_client"},
	{"app_not_found", "unauthorized_client"},
	{"ecapp_policy_not_found", "unauthorized_client"},
	{"oauth_policy_not_found", "unauthorized_client"},
	{"fail_close_app_blocked", "unauthorized_client"},
	{"invalid_app_access", "unauthorized_client"},
	{"oauth_flow_disabled", "unauthorized_client"},
	{"inactive_org", "unauthorized_client"},
	{"invalid_client_id", "invalid_client"},
	{"invalid_client_credentials", "invalid_client"},
	{"invalid_basic_auth_header", "invalid_client"},
	{NULL, NULL},
};

/* MicrosoftDocs entra-docs, v2-oauth2-device-code.md */
static const struct dialect_alias entra_aliases[] = {
	{"authorization_declined", "access_denied"},
	{"bad_verification_code", "invalid_grant"},
	{NULL, NULL},
};

/* developers.google.com/identity/protocols/oauth2/limited-input-device */
static const struct dialect_alias google_aliases[] = {
	{"rate_limit_exceeded", "slow_down"},
	{"org_internal", "access_denied"},
	{"admin_policy_enforced", "access_denied"},
	{NULL, NULL},
};

/* docs.github.com, "Authorizing OAuth apps", error codes for the device flow */
static const struct dialect_alias github_aliases[] = {
	{"token_expired", "expired_token"},
	{"incorrect_device_code", "invalid_grant"},
	{"bad_refresh_token", "invalid_grant"},
	{NULL, NULL},
};

static const struct dialect_alias no_aliases[] = {{NULL, NULL}};

/* Help "OAuth 2.0 error codes"; two requests at a time, by the text of before and after September 2024. One text serves a
 * token that was revoked, is too old, or was pushed out by the person's sign-in to a sixth host: of somebody who is only
 * working elsewhere no session may end. */
static const struct dialect_refusal salesforce_refusals[] = {
	{"invalid_grant", "already being processed", REFRESH_MEANS_BUSY},
	{"invalid_grant", "expired authorization code", REFRESH_MEANS_BUSY},
	{"invalid_grant", "expired access/refresh token", REFRESH_MEANS_DEAD},
	{"inactive_user", NULL, REFRESH_MEANS_GONE},
	{"inactive_org", NULL, REFRESH_MEANS_GONE},
	{NULL, NULL, REFRESH_MEANS_LATER},
};

/* Help "OAuth 2.0 JWT Bearer Flow" and "OAuth 2.0 error codes". The text of an old assertion is that of an old code. */
static const struct dialect_grant_refusal salesforce_grant_refusals[] = {
	{"invalid_grant", "user hasn't approved this consumer", GRANT_MEANS_NO,
	 "pre-authorize the app for the account's profile or a permission set"},
	{"invalid_app_access", NULL, GRANT_MEANS_NO, "the app is for approved users only, and the account is none"},
	{"invalid_grant", "invalid user", GRANT_MEANS_NO, "subject must be the username"},
	{"inactive_user", NULL, GRANT_MEANS_NO, NULL},
	{"inactive_org", NULL, GRANT_MEANS_NO, NULL},
	{"invalid_grant", "ip restricted", GRANT_MEANS_NO, NULL},
	{"invalid_grant", "invalid login hours", GRANT_MEANS_NO, NULL},
	{"invalid_grant", "invalid assertion", GRANT_MEANS_OURS,
	 "is this key's certificate the one that the app has? It may have been rotated"},
	{"invalid_client", NULL, GRANT_MEANS_OURS, "is this key's certificate the one that the app has?"},
	{"invalid_client_credentials", NULL, GRANT_MEANS_OURS, "is this key's certificate the one that the app has?"},
	{"invalid_client_id", NULL, GRANT_MEANS_OURS, "client_id must be the consumer key"},
	{"invalid_grant", "audience", GRANT_MEANS_OURS, "audience must be the login host of the org"},
	{"invalid_grant", "Audience", GRANT_MEANS_OURS, "audience must be the login host of the org"},
	{"invalid_grant", "no valid scopes defined", GRANT_MEANS_OURS, "give the app a scope"},
	{"invalid_grant", "expired authorization code", GRANT_MEANS_CLOCK, NULL},
	{"bad_jti_claim", NULL, GRANT_MEANS_LATER, NULL},
	{NULL, NULL, GRANT_MEANS_LATER, NULL},
};

/* MicrosoftDocs entra-docs, reference-error-codes.md: the token's own age, or a proof that only the person can give. */
static const struct dialect_refusal entra_refusals[] = {
	{"invalid_grant", "AADSTS700082", REFRESH_MEANS_DEAD},
	{"invalid_grant", "AADSTS700084", REFRESH_MEANS_DEAD},
	{"invalid_grant", "AADSTS70043", REFRESH_MEANS_DEAD},
	{"invalid_grant", "AADSTS50076", REFRESH_MEANS_DEAD},
	{"invalid_grant", "AADSTS50079", REFRESH_MEANS_DEAD},
	{"invalid_grant", "AADSTS65001", REFRESH_MEANS_DEAD},
	{NULL, NULL, REFRESH_MEANS_LATER},
};

/* Keycloak, TokenManager.java: an age, and a copy that was used too often. "Session not active" is a logout. */
static const struct dialect_refusal keycloak_refusals[] = {
	{"invalid_grant", "Token is not active", REFRESH_MEANS_DEAD},
	{"invalid_grant", "Stale token", REFRESH_MEANS_DEAD},
	{"invalid_grant", "Maximum allowed refresh token reuse exceeded", REFRESH_MEANS_DEAD},
	{NULL, NULL, REFRESH_MEANS_LATER},
};

static const char *const entra_hosts[] = {"microsoft.com", "www.microsoft.com", "login.microsoft.com", NULL};
static const char *const google_hosts[] = {"www.google.com", "google.com", NULL};
static const char *const github_hosts[] = {"github.com", NULL};

static const struct dialect dialects[] = {
	{
		/* OpenID Connect Core section 11: who asks for offline_access asks for consent with it */
		.name = "generic",
		.title = "OpenID Connect",
		.has_discovery = true,
		.authorization_parameters = "prompt=consent",
		.device_grant_type = DEVICE_GRANT,
		.device_code_parameter = "device_code",
		.device_takes_hints = true,
		.scope_separator = ' ',
		.default_scope = OFFLINE_SCOPE,
		.verification_uri_member = "verification_url",
		.error_aliases = generic_aliases,
		.has_id_token = true,
		.subject_claim = "sub",
		.name_claim = "preferred_username",
		.email_needs_verification = true,
	},
	{
		/* Older than RFC 8628: the flow starts at the token endpoint, no expires_in at either step (the code
		 * lives ten minutes), and discovery names no device endpoint. */
		.name = "salesforce",
		.title = "Salesforce",
		.has_discovery = true,
		.device_path = "/services/oauth2/token",
		.token_path = "/services/oauth2/token",
		.userinfo_path = "/services/oauth2/userinfo",
		.jwks_path = "/id/keys",
		.revocation_path = "/services/oauth2/revoke",
		.device_start_parameters = "response_type=device_code",
		.device_grant_type = "device",
		.device_code_parameter = "code",
		.scope_separator = ' ',
		.default_scope = OPENID_SCOPE " refresh_token",
		.default_expires_in_s = 600,
		.error_aliases = salesforce_aliases,
		.refresh_refusals = salesforce_refusals,
		.grant_needs_rs256 = true,
		.grant_names_no_scope = true,
		.grant_is_by_assertion = true,
		.grant_refusals = salesforce_grant_refusals,
		.dead_token_is_unsupported = true,
		/* Help "OAuth 2.0 Token Exchange Flow" shows the reply of every other flow. */
		.exchange_omits_issued_type = true,
		.has_id_token = true,
		.subject_claim = "sub",
		.name_claim = "preferred_username",
		.email_needs_verification = true,
	},
	{
		/* sub is another one for each app, so the directory's own ids name a person. */
		.name = "entra",
		.title = "Microsoft Entra ID",
		.has_discovery = true,
		.issuer_is_template = true,
		.device_grant_type = DEVICE_GRANT,
		.device_code_parameter = "device_code",
		.scope_separator = ' ',
		.default_scope = OFFLINE_SCOPE,
		.verification_uri_member = "verification_url",
		.verification_hosts = entra_hosts,
		.error_aliases = entra_aliases,
		.keeps_used_refresh_token = true,
		.refresh_refusals = entra_refusals,
		.has_id_token = true,
		.subject_claim = "oid",
		.tenant_claim = "tid",
		/* "Conditional Access authentication context": it has no acr, and CIBA neither. */
		.acr_claim = "acrs",
		/* Microsoft Graph, "user: checkMemberGroups"; User.Read is enough for one's own groups. */
		.group_check_url = "https://graph.microsoft.com/v1.0/me/checkMemberGroups",
		.group_check_max = 20,
		.name_claim = "preferred_username",
		.email_needs_verification = true,
	},
	{
		/* "TVs and Limited Input devices": a public client that has to show its secret at the poll. */
		.name = "google",
		.title = "Google",
		.has_discovery = true,
		.authorization_parameters = "access_type=offline&prompt=consent",
		.device_path = "https://oauth2.googleapis.com/device/code",
		.device_grant_type = DEVICE_GRANT,
		.device_code_parameter = "device_code",
		.secret_at_poll_only = true,
		.scope_separator = ' ',
		.default_scope = OPENID_SCOPE,
		.verification_uri_member = "verification_url",
		.verification_hosts = google_hosts,
		.default_expires_in_s = 1800,
		.error_aliases = google_aliases,
		.keeps_used_refresh_token = true,
		.has_id_token = true,
		.subject_claim = "sub",
		.name_claim = "email",
		.email_needs_verification = true,
	},
	{
		/* No discovery and no ID token: GET /user tells whose token it is. */
		.name = "github",
		.title = "GitHub",
		.device_path = "/login/device/code",
		.token_path = "/login/oauth/access_token",
		.authorization_path = "/login/oauth/authorize",
		.userinfo_path = "https://api.github.com/user",
		.device_grant_type = DEVICE_GRANT,
		.device_code_parameter = "device_code",
		.scope_separator = ',',
		.default_scope = "read:user",
		.verification_hosts = github_hosts,
		.default_expires_in_s = 900,
		.error_aliases = github_aliases,
		.subject_claim = "id",
		.userinfo_accept = "application/vnd.github+json",
		.name_claim = "login",
		.email_needs_verification = true,
	},
	{
		.name = "gitlab",
		.title = "GitLab",
		.has_discovery = true,
		.device_path = "/oauth/authorize_device",
		.device_grant_type = DEVICE_GRANT,
		.device_code_parameter = "device_code",
		.scope_separator = ' ',
		.default_scope = OPENID_SCOPE,
		.error_aliases = no_aliases,
		.has_id_token = true,
		.subject_claim = "sub",
		.name_claim = "preferred_username",
		.email_needs_verification = true,
	},
	{
		.name = "okta",
		.title = "Okta",
		.has_discovery = true,
		.device_grant_type = DEVICE_GRANT,
		.device_code_parameter = "device_code",
		.device_takes_hints = true,
		.scope_separator = ' ',
		.default_scope = OFFLINE_SCOPE,
		.error_aliases = no_aliases,
		.refresh_grace_s = 30,
		/* help.okta.com, "Configure CIBA": the hint is the login, as preferred_username has it. */
		.ciba_expiry_parameter = "request_expiry",
		.login_hint_claim = "preferred_username",
		.has_id_token = true,
		.subject_claim = "sub",
		.name_claim = "preferred_username",
		.email_needs_verification = true,
	},
	{
		/* Pending comes as 403 and slow_down as 429; the interval counts from the last answer. */
		.name = "auth0",
		.title = "Auth0",
		.has_discovery = true,
		.device_path = "/oauth/device/code",
		.device_grant_type = DEVICE_GRANT,
		.device_code_parameter = "device_code",
		.device_takes_hints = true,
		.scope_separator = ' ',
		.default_scope = OFFLINE_SCOPE,
		.error_aliases = no_aliases,
		.ciba_path = "/bc-authorize",
		.ciba_expiry_parameter = "request_expiry",
		.ciba_hint_is_iss_sub = true,
		.has_id_token = true,
		.subject_claim = "sub",
		.name_claim = "nickname",
		.email_needs_verification = true,
	},
	{
		.name = "keycloak",
		.title = "Keycloak",
		.has_discovery = true,
		.device_path = "/protocol/openid-connect/auth/device",
		.device_grant_type = DEVICE_GRANT,
		.device_code_parameter = "device_code",
		.device_takes_hints = true,
		.scope_separator = ' ',
		.default_scope = OFFLINE_SCOPE,
		.error_aliases = no_aliases,
		.refresh_refusals = keycloak_refusals,
		.login_hint_claim = "preferred_username",
		.has_id_token = true,
		.subject_claim = "sub",
		.name_claim = "preferred_username",
		.email_needs_verification = true,
	},
	{
		/* Its token endpoint says pending even after the code ended; our own deadline decides. */
		.name = "authentik",
		.title = "authentik",
		.has_discovery = true,
		.device_grant_type = DEVICE_GRANT,
		.device_code_parameter = "device_code",
		.device_takes_hints = true,
		.scope_separator = ' ',
		.default_scope = OFFLINE_SCOPE,
		.error_aliases = no_aliases,
		.poll_margin_ms = 500,
		.refresh_names_scope = true,
		.has_id_token = true,
		.subject_claim = "sub",
		.name_claim = "preferred_username",
		.email_needs_verification = true,
	},
	{
		/* A refusal leaves the code pending, and each slow_down makes its own counter longer: keep well away
		 * from the limit. */
		.name = "dex",
		.title = "Dex",
		.has_discovery = true,
		.device_path = "/device/code",
		.device_grant_type = DEVICE_GRANT,
		.device_code_parameter = "device_code",
		.scope_separator = ' ',
		.default_scope = OFFLINE_SCOPE,
		.error_aliases = no_aliases,
		.poll_margin_ms = 1000,
		.has_id_token = true,
		.subject_claim = "sub",
		.name_claim = "preferred_username",
		.email_needs_verification = true,
	},
};

const struct dialect *dialect_at(size_t index)
{
	return index < sizeof(dialects) / sizeof(dialects[0]) ? &dialects[index] : NULL;
}

const struct dialect *dialect_find(const char *name)
{
	const struct dialect *d;

	for (size_t i = 0; (d = dialect_at(i)) != NULL; i++) {
		if (strcmp(d->name, name) == 0)
			return d;
	}
	return NULL;
}

const char *dialect_standard_error(const struct dialect *d, const char *error)
{
	for (const struct dialect_alias *a = d->error_aliases; a->theirs != NULL; a++) {
		if (strcmp(a->theirs, error) == 0)
			return a->standard;
	}
	return error;
}
