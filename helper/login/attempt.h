/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "helper/accounts/accounts.h"
#include "helper/base/cleanup.h"
#include "helper/login/context.h"
#include "helper/login/prompt.h"
#include "helper/login/proof.h"
#include "helper/oauth/flow.h"

/* One sign-in from request to decision. The order is the safety: nothing is asked of a provider before policy and limits
 * have said that this caller may, and nothing is stored before policy has said that this person may. */

struct attempt_request {
	const char *user;
	const char *reference;               /* under which its events stand (helper/base/reference.h); NULL: none */
	const char *service;                 /* PAM service, or "local" */
	const char *source;                  /* client address, or NULL */
	const char *public_key;              /* that this connection has proved, as sshd writes it; or NULL */
	const struct session_place *session; /* where the caller's program runs; or NULL */
	bool has_screen;                     /* what is shown reaches somebody */
	bool answers;                        /* there is somebody who can be asked something */
	bool chooses_pin;                    /* what it is for: after the approval, a new PIN */
	bool has_seen;                       /* NSS answered the caller before authentication: */
	uint32_t seen_uid;
	uint32_t seen_gid;
	const char *seen_home;
	const char *seen_shell;
};

/* Each runs from the event loop or from within attempt_start() or attempt_answer(). granted, refused and not_ours come last
 * and once; the attempt is to be freed soon after, never from within them. @reason is one of helper/protocol/names.h. */
struct attempt_events {
	void (*challenge)(void *userdata, const struct flow_challenge *challenge, const char *provider_title);
	void (*prompt)(void *userdata, const struct login_prompt *prompt); /* goes on with attempt_answer() */
	void (*granted)(void *userdata, const struct account *account);
	void (*refused)(void *userdata, const char *reason);
	void (*not_ours)(void *userdata);
};

struct attempt;

/**
 * attempt_start() - begin; strings of @request are copied
 * Return: 0 (an event ran or will run), -ENOMEM.
 */
int attempt_start(struct attempt **ret, struct login_context *ctx, const struct attempt_request *request,
		  const struct attempt_events *events, void *userdata);

/** attempt_answer() - what the person typed to the last prompt; copied. Return: 0 (an event ran or will run), -ENOENT there
 *  was no prompt. */
int attempt_answer(struct attempt *a, const char *text, size_t len);

/** attempt_free() - ends it at once: no event runs any more and its code is never redeemed (R6, D6). Accepts NULL. */
void attempt_free(struct attempt *a);
LK_DEFINE_CLEANUP(struct attempt *, attempt_free);
