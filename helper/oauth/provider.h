/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>
#include <systemd/sd-event.h>

#include "helper/base/secret.h"
#include "helper/fetch/client.h"
#include "helper/jose/jwk.h"
#include "helper/oauth/dialect.h"
#include "helper/oauth/outcome.h"

/* One configured authorization server: settings, discovered metadata, keys. */

enum client_auth {
	CLIENT_AUTH_NONE = 0,
	CLIENT_AUTH_BASIC,           /* client_secret_basic */
	CLIENT_AUTH_POST,            /* client_secret_post */
	CLIENT_AUTH_PRIVATE_KEY_JWT, /* OpenID Connect Core section 9, RFC 7523 */
	CLIENT_AUTH_MTLS, /* tls_client_auth, self_signed_tls_client_auth: RFC 8705; the key is latchkey-fetch's */
};

struct signer;
struct signing_key;

/* Filled by the configuration; every string owned by whoever owns the struct. NULL where not configured. */
struct provider_settings {
	char *name; /* [provider NAME] */
	char *issuer;
	const struct dialect *dialect;
	char *client_id;
	bool is_enrolled; /* the client is what this host has registered itself (RFC 7591); client_id is "" before that */
	struct secret *client_secret;
	enum client_auth client_auth;
	struct signing_key *client_key;  /* for private_key_jwt */
	struct signer *signer;           /* for one that is slow; not owned, NULL: only PEM can sign */
	char *client_assertion_audience; /* NULL: the issuer */
	char *scope;
	char *redirect_uri;                  /* of the authorization code flow; NULL: it cannot be gone */
	char *device_authorization_endpoint; /* these ten override discovery */
	char *authorization_endpoint;
	char *backchannel_authentication_endpoint;
	char *token_endpoint;
	char *userinfo_endpoint;
	char *jwks_uri;
	char *introspection_endpoint;
	char *revocation_endpoint;
	char *registration_endpoint;
	char *login_hint_claim;     /* instead of the dialect's; "sub": the subject */
	char *group_check_endpoint; /* instead of the dialect's */
	char *token_handler;        /* of a token exchange: Salesforce's Apex class; NULL: the app's own */
	char *jwks_file;            /* keys from root's file instead of the network */
	bool has_keys_only;         /* nothing but its keys is asked for: no endpoint is missed */
	char **tenants;             /* Entra: allowed tids */
	char **verification_hosts;  /* hosts beyond the provider's own that a person may be sent to */
	uint32_t algorithms;        /* of ID tokens, bits as in jws_verify(); default RS256 */
	uint32_t code_lifetime_s;   /* our own limit on a device code; default 600 */
	struct fetch_profile fetch; /* its strings belong to this struct too */
};

struct provider;

/** provider_new() - @settings, @event and @fetch must outlive it. Return: 0, -ENOMEM. */
int provider_new(struct provider **ret, const struct provider_settings *settings, sd_event *event,
		 struct fetch_client *fetch);
void provider_free(struct provider *p);
LK_DEFINE_CLEANUP(struct provider *, provider_free);

const struct provider_settings *provider_settings(const struct provider *p);

/** provider_is_ready() - metadata and keys are at hand and fresh; provider_fault() - why not, for status, or NULL */
bool provider_is_ready(const struct provider *p);
const char *provider_fault(const struct provider *p);

/* Endpoints after discovery; NULL where the provider has none. */
const char *provider_device_endpoint(const struct provider *p);
const char *provider_ciba_endpoint(const struct provider *p);
const char *provider_token_endpoint(const struct provider *p);
const char *provider_userinfo_endpoint(const struct provider *p);
const char *provider_introspection_endpoint(const struct provider *p);
const char *provider_revocation_endpoint(const struct provider *p);
const char *provider_registration_endpoint(const struct provider *p);
const char *provider_authorization_endpoint(const struct provider *p); /* its host is one that people may be sent to */
const char *provider_pushed_authorization_endpoint(const struct provider *p);

/** provider_sends_issuer() - answers of the authorization endpoint always name the issuer (RFC 9207 section 2.4) */
bool provider_sends_issuer(const struct provider *p);

/** provider_token_issuer() - what iss of an ID token must be; @ret_is_template as in struct id_token_expectation */
const char *provider_token_issuer(const struct provider *p, bool *ret_is_template);

/** provider_note_date() - a reply of the provider carried this Date header (0: none) */
void provider_note_date(struct provider *p, int64_t date_s);

/** provider_clock_difference_s() - the provider's clock less this host's, by its last Date header; 0 when unknown */
int64_t provider_clock_difference_s(const struct provider *p);

/**
 * provider_note_silence() - a request for a code met its deadline
 * sshd repeats a refusal that comes before a code as often as the client asks, at once: the silence is remembered for 2 s,
 * so that the person waits for one deadline and not for three, and the provider is asked once.
 */
void provider_note_silence(struct provider *p);
bool provider_was_silent(const struct provider *p);

typedef void (*provider_done_fn)(void *userdata, const struct oauth_result *result);
struct provider_wait;

/**
 * provider_prepare() - have metadata and keys, fetching what is missing or older than a day
 * Any number of askers share one fetch. @done runs once, from the event loop, never from within.
 * A failure is remembered for 2 s so that a storm of logins makes one request. Stale metadata and keys serve for
 * 7 days while the provider cannot be reached (MD-07, N13).
 * @ret: for provider_wait_cancel(), valid until @done ran
 * Return: 0, -ENOMEM.
 */
int provider_prepare(struct provider *p, provider_done_fn done, void *userdata, struct provider_wait **ret);

/** provider_discover() - the same also where this host is not enrolled yet: provider_prepare() refuses then */
int provider_discover(struct provider *p, provider_done_fn done, void *userdata, struct provider_wait **ret);

/** provider_keys() - the current set; NULL before the first success */
const struct jwk_set *provider_keys(const struct provider *p);

/**
 * provider_refetch_keys() - a token named a key we do not have: fetch the set once more
 * At most once in 60 s, failed attempts included (N14, ID-20): within that time @done runs with OAUTH_TOKEN_INVALID.
 */
int provider_refetch_keys(struct provider *p, provider_done_fn done, void *userdata, struct provider_wait **ret);

/** provider_wait_cancel() - @done will not run. Accepts NULL. */
void provider_wait_cancel(struct provider_wait *w);

/**
 * provider_metadata_check() - the pure part: is this discovery document ours and usable
 * @ret: the parsed object, set only on 0. @why: reason, ASCII, OAUTH_DETAIL_MAX bytes.
 * Issuer byte by byte (MD-02, N1), every endpoint https or loopback http by switch, no user info, no fragment (N2).
 * Return: 0, -EBADMSG, -ENOMEM.
 */
int provider_metadata_check(struct json_object **ret, const struct provider_settings *s, const char *text, size_t len,
			    char *why);
