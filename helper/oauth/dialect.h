/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every deviation of a provider from the RFCs, as data: one row a provider, so that no flow asks who it talks to.
 * A new provider is a row in dialect.c and a row of tests; a new kind of deviation is a field here. */

struct dialect_alias {
	const char *theirs;
	const char *standard;
};

/* What an error of the token endpoint says when a refresh token was shown. */
enum refresh_meaning {
	REFRESH_MEANS_GONE,  /* the grant is no more: revoked, or the person is gone */
	REFRESH_MEANS_DEAD,  /* this token is of no use any more; of the person nothing is said */
	REFRESH_MEANS_BUSY,  /* another request with it is under way: once more in a moment */
	REFRESH_MEANS_LATER, /* neither yes nor no */
};

struct dialect_refusal {
	const char *error;
	const char *text; /* is in error_description; NULL: whatever it says */
	enum refresh_meaning meaning;
};

/* What an error of the token endpoint says when a service account's grant was asked for. */
enum grant_meaning {
	GRANT_MEANS_NO,    /* the account gets no token: it is not approved, not active, or not known */
	GRANT_MEANS_OURS,  /* our key, client or request is not accepted; of the account nothing is said */
	GRANT_MEANS_CLOCK, /* it was too early or too late for the provider's clock */
	GRANT_MEANS_LATER, /* neither */
};

struct dialect_grant_refusal {
	const char *error;
	const char *text; /* is in error_description; NULL: whatever it says */
	enum grant_meaning meaning;
	const char *advice; /* what an administrator can do; NULL: the error says it */
};

struct dialect {
	const char *name;  /* as in the configuration: generic, salesforce, entra, google, ... */
	const char *title; /* for people */

	/* Discovery */
	bool has_discovery;      /* false: endpoints below, appended to the issuer, or absolute */
	bool issuer_is_template; /* Entra's common documents: "{tenantid}" */
	const char *device_path; /* endpoint when metadata has none; NULL: must be there */
	const char *token_path;
	const char *authorization_path;
	const char *authorization_parameters; /* form-encoded, beyond those of the specification; or NULL */
	const char *userinfo_path;
	const char *jwks_path;
	const char *revocation_path;

	/* Device flow: request */
	const char *device_start_parameters; /* extra form text for the start, "response_type=device_code" */
	const char *device_grant_type;
	const char *device_code_parameter; /* "device_code", Salesforce "code" */
	bool secret_at_poll_only;          /* Google: public at the start, secret at the poll */
	bool device_takes_hints;           /* acr_values, max_age and login_hint may stand in the start */
	char scope_separator;              /* ' ', GitHub ',' */
	const char *default_scope;

	/* Device flow: reply */
	const char *verification_uri_member; /* alias beside verification_uri, or NULL */
	const char *const
		*verification_hosts;   /* where it sends people besides its own hosts; NULL or NULL-terminated */
	uint32_t default_expires_in_s; /* 0: expires_in is required */
	const struct dialect_alias *error_aliases; /* ended by {NULL, NULL} */
	uint32_t poll_margin_ms;                   /* added to every wait; authentik and strict counters */

	/* Token exchange */
	bool exchange_omits_issued_type; /* its replies may leave issued_token_type out */

	/* Refresh */
	bool keeps_used_refresh_token; /* a used one stays good beside its successor: a lost reply costs nothing */
	uint32_t refresh_grace_s;      /* a used one is taken once more for so long; 0: never */
	bool refresh_names_scope;      /* a refresh without a scope is refused */
	const struct dialect_refusal *refresh_refusals; /* before the general rules; NULL, or ended by {NULL, ...} */

	/* Grants of service accounts: RFC 7523 section 2.1 */
	bool grant_needs_rs256;     /* an assertion by another algorithm is refused */
	bool grant_names_no_scope;  /* it has no scope parameter: the app's own scopes come */
	bool grant_is_by_assertion; /* the assertion alone proves the client; its secret is not shown */
	const struct dialect_grant_refusal
		*grant_refusals; /* before the general rules; NULL, or ended by {NULL, ...} */

	/* Revocation */
	bool dead_token_is_unsupported; /* what is revoked already is "unsupported_token_type" */

	/* CIBA */
	const char *ciba_path;             /* endpoint when metadata has none; NULL: must be there */
	const char *ciba_expiry_parameter; /* NULL: "requested_expiry" */
	bool ciba_hint_is_iss_sub;         /* Auth0: login_hint is JSON with issuer and subject */
	const char *login_hint_claim;      /* how it calls a person, for login_hint; NULL: by the subject */

	/* Who it is */
	bool has_id_token;             /* false: userinfo is the proof (only for tokens of our own flow), GitHub */
	const char *subject_claim;     /* "sub"; Entra "oid"; GitHub "id" (numeric) */
	const char *tenant_claim;      /* Entra "tid": part of the subject; else NULL */
	const char *acr_claim;         /* text, or array of texts; NULL: "acr" */
	const char *userinfo_accept;   /* media type that userinfo wants to be asked for; NULL: JSON or JWT */
	const char *group_check_url;   /* where to ask about groups that a token has no room for; NULL: nowhere */
	uint32_t group_check_max;      /* groups in one such question */
	const char *name_claim;        /* default for name_claim of the configuration */
	bool email_needs_verification; /* false only where the provider never sends unverified ones and says so */
};

/** dialect_find() - the row of that name, or NULL */
const struct dialect *dialect_find(const char *name);

/** dialect_at() - row by position for listings; NULL past the end */
const struct dialect *dialect_at(size_t index);

/** dialect_standard_error() - the standard word for an error code of this provider; never NULL */
const char *dialect_standard_error(const struct dialect *d, const char *error);
