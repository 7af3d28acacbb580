/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/login/attempt.h"
#include "helper/login/audit.h"
#include "helper/login/judge.h"
#include "helper/login/newcomer.h"
#include "helper/login/offline.h"
#include "helper/login/presented.h"
#include "helper/login/recheck.h"

/* Shared by attempt.c (the way through the provider), attempt_known.c (the ways in that need no approval now) and
 * attempt_present.c (those of programs). */

struct attempt {
	struct login_context *ctx;
	struct attempt_events events;
	void *userdata;

	char *reference;
	char *user;
	char *service;
	char *source;
	bool has_public_key;
	struct proof key; /* PROOF_NONE where there is none, or none that can be read */
	bool has_session;
	struct session_place session;
	bool has_screen;
	bool answers;
	bool has_seen;
	uint32_t seen_uid;
	uint32_t seen_gid;
	char *seen_home;
	char *seen_shell;

	const struct login_provider *lp;
	bool is_reserved;  /* holds the reservation of the name's UID */
	bool is_local;     /* an account of /etc/passwd that root's configuration gives to an identity */
	bool is_known;     /* the name is bound already: userinfo need not tell it again */
	bool has_approved; /* the person, at the provider, a moment ago */
	bool has_ended;    /* its one line is in the log */
	struct newcomer *newcomer;
	struct provider_wait *prepare;
	struct account *person; /* of somebody who has signed in by the name before; NULL: nobody has */
	struct flow *flow;
	enum flow_method method; /* of the flow */
	bool has_challenge;
	uint64_t begun_ms;       /* the flow */
	struct judge *judge;     /* NULL until there are tokens */
	struct recheck *recheck; /* of an account whose approval is remembered */

	bool chooses_pin; /* what it is for: a new PIN */
	bool is_asked;
	const char *late_reason; /* of a refusal while somebody is asked; NULL: there was none */
	enum prompt_kind asked;
	unsigned n_tries;
	struct account *pin_account; /* whose PIN is asked for */
	struct secret *new_pin;      /* until it was typed again */
	struct pin_job *pin_job;

	const struct service_account *service_account; /* NULL: a person's */
	char nonce[PRESENTED_NONCE_LEN + 1];           /* of the question */
	int64_t nonce_s;                               /* when it was made */
	struct presented_parts parts;                  /* what has come so far */
	struct presented *presented;                   /* while it is judged */
	bool goes_on;                                  /* parts is what the provider is asked with */
	char proved_by[OAUTH_DETAIL_MAX];              /* for the log */
};

/** attempt_approve() - have the person approve at the provider */
void attempt_approve(struct attempt *a);

/** attempt_serve() - a service account's: ask for what proves who is there, and judge it */
void attempt_serve(struct attempt *a);

/** attempt_take_presented() - an answer to its question */
void attempt_take_presented(struct attempt *a, const char *text, size_t len);

/** attempt_event() - what is known by now, for the log */
struct audit_event attempt_event(const struct attempt *a, int priority, const char *result, const char *detail);

/** attempt_refuse() - ends it with a no */
void attempt_refuse(struct attempt *a, const char *reason, const char *detail);

/** attempt_grant() - ends it with a yes, if the audit file takes it; @detail may be NULL */
void attempt_grant(struct attempt *a, const struct account *account, const char *detail);

/**
 * attempt_try_remembered() - where an approval of this caller's is remembered, ask the provider about the account instead of
 * the person
 * Return: false, none is; true, the attempt goes on by itself, perhaps through attempt_approve().
 */
bool attempt_try_remembered(struct attempt *a);

/**
 * attempt_admit_known() - let in somebody who has proved to be @account, if the store and policy still do
 * @basis: what counts while the provider cannot be asked; OFFLINE_NO: it was asked. @how: for the log, or NULL
 */
void attempt_admit_known(struct attempt *a, const struct account *account, enum offline_basis basis, const char *how);

/** attempt_try_pin() - the provider cannot be asked: may a PIN do instead. Return: false, no; true, the attempt goes on by it,
 *  or was refused. */
bool attempt_try_pin(struct attempt *a);

/** attempt_offer_pin() - the person has approved: have them choose a PIN for another time, where there is to be one.
 *  Return: false, no; true, the grant comes later. */
bool attempt_offer_pin(struct attempt *a, const struct account *account);

/** attempt_remember() - the person has just approved, and was granted */
void attempt_remember(struct attempt *a, const struct account *account);
