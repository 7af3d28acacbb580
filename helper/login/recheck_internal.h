/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <sys/queue.h>

#include "helper/login/context.h"
#include "helper/login/recheck.h"
#include "helper/vault/store_tokens.h"

/* Shared by recheck.c (who waits for what), recheck_people.c (who is known), recheck_job.c and recheck_facts.c (one question to
 * the provider), recheck_keep.c (what is kept), recheck_background.c (who is asked about unasked) and standing.c. */

TAILQ_HEAD(recheck_list, recheck);

/* Somebody who waits. */
struct recheck {
	TAILQ_ENTRY(recheck) entry;
	struct recheck_list *list; /* where it stands */
	recheck_done_fn done;
	recheck_token_fn token_done; /* one of the two */
	void *userdata;
	char *scope; /* of a token of its own; both NULL: any */
	char *resource;
	struct secret *assertion; /* to ask with, in place of the account's key; NULL: none */
	bool is_asking;           /* a job has begun that shows it */
};

/* What is known of one account beside the store: nothing in it is needed after a restart. */
struct recheck_person {
	struct recheck_person *next; /* in its bucket */
	struct rechecks *all;
	uint32_t uid;
	char *name;
	char *issuer;
	char *subject;
	const struct service_account *service; /* whose grant is asked for instead of a refresh; NULL: a person */

	struct recheck_list waits;
	struct recheck_job *job; /* the one request under way */
	uint64_t generation;     /* whatever began before the last sign-in, refusal or logout counts for nothing */

	struct secret *access_token; /* for the whole grant, or NULL */
	uint64_t token_renew_ms;
	uint64_t token_end_ms;
	struct kept_tokens *unstored; /* newer than what the store has; it could not be written */
	char *unstored_refusal;
	bool knows_until;
	int64_t until_s; /* a yes holds no longer than this, by the wall clock; 0: no such end (INT-05) */

	struct recheck_result failure; /* the last one, */
	uint64_t failure_until_ms;     /* which answers whoever asks until then */

	sd_event_source *timer; /* the next re-check in the background */
	uint64_t asked_ms;      /* when somebody last asked */
	uint64_t used_ms;       /* when a session was seen last; 0: not in this run */
	uint32_t lifetime_s;    /* of the last access token; 0: not known */
	unsigned n_failures;    /* one after another */
	bool is_waiting;        /* the background waits for the job */
};

#define RECHECK_BUCKETS 1024u

struct rechecks {
	struct login_context *ctx;
	struct recheck_settings settings;
	struct recheck_person *buckets[RECHECK_BUCKETS];
	uint64_t started_ms;
	sd_event_source *load; /* people of the store who are not known yet */
	uint32_t loaded_uid;
	size_t n_loaded;
	unsigned n_background; /* jobs that nobody else asked for */
};

/** recheck_person_find() - NULL where nothing is known of the account; recheck_person_get() - made where it is not known; NULL
 *  out of memory. What is known of another identity with that uid is dropped. */
struct recheck_person *recheck_person_find(struct rechecks *all, const struct account *account);
struct recheck_person *recheck_person_get(struct rechecks *all, const struct account *account);

/** recheck_person_reset() - something else than a re-check has decided: nothing that is held in memory counts any more */
void recheck_person_reset(struct recheck_person *p);

/** recheck_person_hold() - the access token of a reply is for everybody who wants one of the whole grant from now on */
void recheck_person_hold(struct recheck_person *p, const struct token_set *tokens);

/**
 * recheck_revoke_later() - tokens that nobody keeps any more wait in the store for their revocation (sign_out.h)
 * Where something is kept for @account they belong to a grant that goes on, or that a sign-in has replaced: nothing is done then.
 * @ret_id: of what waits now; left alone where nothing does. May be NULL
 */
void recheck_revoke_later(struct login_context *ctx, const struct account *account, const struct secret *refresh_token,
			  const struct secret *access_token, int64_t *ret_id);

/** recheck_person_account() - as the store or /etc/passwd has it now. Return: 0, -ENOENT it is not there or another's, other
 *  negative errno. */
int recheck_person_account(const struct recheck_person *p, struct account **ret);

struct row_owner recheck_person_owner(const struct recheck_person *p);

/**
 * recheck_job_start() - ask the provider; there must be no job
 * @w: what somebody waits for, whose assertion is shown, and whose scope and resource the token has; NULL: the whole grant
 * Return: 0 under way, recheck_job_done() follows from the event loop; 1 @result is known without asking; -ENOMEM.
 */
int recheck_job_start(struct recheck_person *p, struct recheck *w, struct recheck_result *result);

/** recheck_job_free() - nothing is told. Accepts NULL. */
void recheck_job_free(struct recheck_job *j);

/* How a job ended. */
struct recheck_end {
	struct recheck_result result;
	const char *scope; /* whose token it is; both NULL: of the whole grant */
	const char *resource;
	const struct secret *token; /* NULL: none */
	uint32_t lifetime_s;
	bool is_void; /* it counts for nothing: whoever waits begins anew */
};

/** recheck_job_done() - in recheck.c: tells whoever waits, and begins the next one where somebody wants another token */
void recheck_job_done(struct recheck_person *p, const struct recheck_end *end);

/** recheck_background_end() - the provider was asked, or somebody has signed in: when to ask again. NULL: it did not count. */
void recheck_background_end(struct recheck_person *p, const struct recheck_result *result);

/** recheck_background_seen() - somebody asked, and what was known was enough */
void recheck_background_seen(struct recheck_person *p);

/** recheck_background_load() - begin to watch over those of whom the store keeps tokens. Return: 0, negative errno. */
int recheck_background_load(struct rechecks *all);
