/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include <json-c/json.h>

#include "helper/base/cleanup.h"
#include "helper/base/reference.h"
#include "helper/base/secret.h"
#include "helper/oauth/outcome.h"
#include "helper/oauth/token.h"
#include "helper/vault/store.h"

/*
 * Asks the provider again about somebody who has signed in before: by the refresh token that was kept, else by introspection
 * or userinfo with the access token. However many wait, one request is under way for an account, and it is brought to its
 * end also where nobody waits any more, since its reply may hold the only token that works from then on.
 */

struct login_context;
struct rechecks;
struct recheck;

struct recheck_settings {
	uint32_t min_s;           /* between two questions about one account in the background */
	uint32_t max_s;           /* 0: nobody is asked about in the background */
	uint32_t unused_s;        /* after which the grant of somebody without a session is given back; 0: never */
	const char *users_folder; /* where logind has a file for each uid with a session */
};

#define RECHECK_USERS_FOLDER "/run/systemd/users"

/**
 * rechecks_new() - for all accounts of one helper
 * @ctx: must outlive it, as @settings' text; its store is there already
 * In the background each account that has a session, or was asked about within a day, is asked about again at half the life
 * of its token, a tenth sooner or later, and never more than a few at a time. What nobody has used for @unused_s is given back: the
 * tokens wait for their revocation, and the next sign-in brings others.
 * Return: 0, negative errno.
 */
int rechecks_new(struct rechecks **ret, struct login_context *ctx, const struct recheck_settings *settings);
void rechecks_free(struct rechecks *all);
LK_DEFINE_CLEANUP(struct rechecks *, rechecks_free);

enum recheck_outcome {
	RECHECK_GOOD = 0,    /* the provider stands by the account; its facts are up to date and published */
	RECHECK_REFUSED,     /* by the provider; remembered, and only an interactive sign-in heals it */
	RECHECK_NO_TOKEN,    /* nothing to ask with: an interactive sign-in brings it */
	RECHECK_UNREACHABLE, /* neither yes nor no: network, TLS, 5xx, unreadable, throttled, or our client was refused */
	RECHECK_FAILED, /* this host cannot: store, map, memory. Nothing that is remembered may count in its place */
};

struct recheck_result {
	enum recheck_outcome outcome;
	int64_t good_s;                    /* when the provider last said yes; 0: never, or not known */
	char detail[OAUTH_DETAIL_MAX];     /* ASCII, for the log; "" for RECHECK_GOOD */
	char reference[REFERENCE_LEN + 1]; /* under which the question to the provider was logged; "": none was asked */
};

typedef void (*recheck_done_fn)(void *userdata, const struct recheck_result *result);

/**
 * recheck_start() - does the provider still stand by @account
 * @ret:       set on 0 only; for recheck_free()
 * @account:   as the store, or accounts_find_local(), has it; needed during the call only
 * @max_age_s: a yes no older counts as one of now; 0: ask in any case, but share what is under way
 * @done:      runs once: from the event loop, or before this returns with 1; may free the recheck
 * A no that is remembered is answered at once and never asked again; a service account's is no older than @max_age_s, for
 * nobody could sign in to heal it. Sets no deadline of its own beyond that of each
 * request (10 s): whoever cannot wait frees it.
 * Return: 0 under way, 1 @done ran already, -ENOMEM.
 */
int recheck_start(struct recheck **ret, struct login_context *ctx, const struct account *account, uint32_t max_age_s,
		  recheck_done_fn done, void *userdata);

/** recheck_watch() - ask about @account, a service's, in a moment and from then on as about somebody who was asked about: its
 *  token is ready before anybody wants it */
void recheck_watch(struct login_context *ctx, const struct account *account);

/**
 * recheck_start_presented() - the same about a service account, by an assertion that its robot has signed for the provider
 * @assertion: copied; shown once, in a question of its own, whatever is known or under way. A young no is answered at once all the same.
 */
int recheck_start_presented(struct recheck **ret, struct login_context *ctx, const struct account *account,
			    const struct secret *assertion, recheck_done_fn done, void *userdata);

/** recheck_free() - @done will not run any more; a request under way goes on. Accepts NULL. */
void recheck_free(struct recheck *r);
LK_DEFINE_CLEANUP(struct recheck *, recheck_free);

/* What an access token is wanted for. */
struct recheck_token_request {
	const char *scope;    /* a part of what was granted (OA-13); NULL: all of it */
	const char *resource; /* RFC 8707; NULL: none */
};

/** @token: borrowed, set for RECHECK_GOOD only; @lifetime_s: what is left of it, 0 where the provider did not say */
typedef void (*recheck_token_fn)(void *userdata, const struct recheck_result *result, const struct secret *token,
				 uint32_t lifetime_s);

/**
 * recheck_token_start() - a live access token of @account's
 * One for the whole grant is held in memory and renewed when less than a third of its life is left; one with a scope or
 * resource of its own is asked for each time. All else as recheck_start().
 */
int recheck_token_start(struct recheck **ret, struct login_context *ctx, const struct account *account,
			const struct recheck_token_request *request, recheck_token_fn done, void *userdata);

/**
 * recheck_kept() - somebody has signed in interactively: keep the tokens, and the provider's yes
 * @claims: verified, for auth_time, acr and amr; may be NULL
 * Runs before anybody hears of the yes. Whatever an older request of this account brings afterwards counts for nothing.
 * Return: 0 durable, negative errno: the sign-in must be refused, for what is stored may contradict it.
 */
int recheck_kept(struct login_context *ctx, const struct account *account, const struct token_set *tokens,
		 struct json_object *claims);

/**
 * recheck_forget() - nothing that is kept or held in memory is used any more: the account was forgotten, or its owner logged out
 * @ret_id: of the tokens, which wait in the store to be revoked; 0: there were none. May be NULL
 * Return: 0, negative errno: they may still be in use.
 */
int recheck_forget(struct login_context *ctx, const struct account *account, int64_t *ret_id);
