/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/base/cleanup.h"
#include "helper/jose/jwk.h"
#include "helper/login/policy.h"

/* Accounts that no person is behind: backups, deploys, robots. Root's configuration names each in a section of its own.
 * What takes the place of a sign-in is the provider's grant, asked for with a key of the account's. */

#define SERVICE_ACCOUNTS_MAX 64u

/* By what the provider is asked whether it still stands by the account. */
enum service_grant {
	SERVICE_GRANT_JWT_BEARER = 0,     /* RFC 7523 section 2.1 */
	SERVICE_GRANT_CLIENT_CREDENTIALS, /* RFC 6749 section 4.4 */
	SERVICE_GRANT_NONE,               /* it is not: only what is proved at the door counts */
};

/* Kinds of credentials that may be presented at the door, bits. */
enum service_accepts {
	SERVICE_ACCEPTS_ASSERTION = 1u << 0,    /* signed by a key of assertion_keys or assertion_jwks_uri */
	SERVICE_ACCEPTS_WORKLOAD = 1u << 1,     /* an ID token of workload_issuer */
	SERVICE_ACCEPTS_ACCESS_TOKEN = 1u << 2, /* an opaque access token, asked about by introspection */
	SERVICE_ACCEPTS_EXCHANGE = 1u << 3,     /* another provider's token, exchanged for one of ours */
};

/* One [service-account NAME] section. All strings are its own but for @issuer; NULL where unset. */
struct service_account {
	char *name;         /* of the local account, in /etc/passwd or one of our own */
	char *provider;     /* name of its section; set once the configuration was judged */
	const char *issuer; /* of that provider, borrowed */

	/* The grant */
	enum service_grant grant;
	char *subject;                /* "sub" of the assertion: what the provider calls the account */
	char *identity_subject;       /* what tokens must show; never NULL once the configuration was judged */
	char *client_id;              /* never NULL once the configuration was judged */
	char *key;                    /* source text of the private key */
	enum jws_algorithm algorithm; /* JWS_NONE: by the key's kind */
	char *audience;               /* NULL: by dialect and issuer */
	char *scope;                  /* NULL: whatever the provider gives */

	/* Where it may be used */
	char **services;      /* PAM services that it may open; NULL: none */
	struct network *from; /* clients that may, where the service knows the client; NULL: all */
	size_t n_from;

	/* What is presented at the door */
	char *assertion_keys;     /* file of root's with a JWK Set, or PEM */
	char *assertion_jwks_uri; /* or from the network */
	char *assertion_issuer;
	char *assertion_subject;
	bool assertion_to_provider;    /* hand it on as the grant's own assertion */
	uint32_t presented_algorithms; /* bits as in jws_verify() */
	char *jwks_ca_file;            /* authority of what serves keys; NULL: the system's */
	char *workload_issuer;
	char *workload_audience;
	char *workload_subject; /* pattern */
	char **workload_claims; /* NAME=PATTERN, each of which must fit */
	unsigned int accepts;   /* enum service_accepts */

	/* An access token of the provider's: what an introspection must say of it */
	char **token_clients; /* whom it was issued to; NULL: client_id */
	char *token_audience; /* one of these two at least */
	char *token_scope;
	char **token_classes;     /* "acr", one of them */
	uint32_t token_max_age_s; /* since "auth_time"; 0: whatever it is */
	uint32_t token_cache_s;   /* for how long a yes counts again; 0: not at all */

	/* Another provider's, which the account's own exchanges */
	char *exchange_issuer;     /* whose tokens; NULL: what names no issuer */
	char *exchange_token_type; /* a word of token_type_uri(); NULL: by its form */
	char *exchange_audience;
	char *exchange_scope; /* NULL: "openid" */
};

struct service_accounts {
	struct service_account *accounts;
	size_t n;
};

struct account;
struct login_context;

/** service_accounts_find() - the section for that name, or NULL */
const struct service_account *service_accounts_find(const struct service_accounts *s, const char *name);

/** service_account_find() - the same from what every way in works with */
const struct service_account *service_account_find(const struct login_context *ctx, const char *name);

/** service_account_is() - is @account, as the store has it, this service's: active, and of its identity. Else @ret_detail says why
 *  not, for the log. */
bool service_account_is(const struct service_account *s, const struct account *account, const char **ret_detail);

/** service_account_may_open() - may it open this PAM service at all */
bool service_account_may_open(const struct service_account *s, const char *service);

/** service_account_may_come_from() - @address: textual; NULL where the service knows no client, which binds nobody */
bool service_account_may_come_from(const struct service_account *s, const char *address);

/** service_account_done() - frees what @s holds */
void service_account_done(struct service_account *s);
