/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "helper/accounts/accounts.h"
#include "helper/base/cleanup.h"
#include "helper/login/context.h"
#include "helper/oauth/token.h"

/* From a token reply to a decision, whichever flow brought the tokens: who is it, is that the account that was asked for
 * (T1), may that person, then bind and publish, and only then granted. */

/* What the tokens are to open. Everything it points to outlives the judge. */
struct judge_request {
	const struct login_provider *lp; /* whose tokens they are */
	const char *user;
	const char *service; /* PAM service */
	bool is_local;       /* an account of /etc/passwd that root's configuration gives to an identity */
	bool is_known;       /* the name is bound already: neither it nor its numbers need be told again */
	uint64_t begun_ms;   /* by the monotonic clock: when the flow was started */
	bool has_seen;       /* the caller holds an answer of NSS: */
	uint32_t seen_uid;
	uint32_t seen_gid;
	const char *seen_home;
	const char *seen_shell;
};

/* How far it came: for the log, also where the judge is freed before it has ended. */
struct judge_finding {
	const char *subject;     /* of who approved; NULL: not known yet */
	bool is_proved;          /* the name is that of whoever approved: it may stand in the log */
	struct account *account; /* NULL: none yet */
};

/* Exactly one runs, once: from the event loop, or from within judge_start() after *ret is set. The judge is to be freed
 * soon after, never from within them. @reason is one of helper/protocol/names.h, @detail is for the log or NULL. */
struct judge_events {
	void (*granted)(void *userdata, const struct account *account);
	void (*refused)(void *userdata, const char *reason, const char *detail);
};

struct judge;

/**
 * judge_start() - judge @tokens
 * @ret:     set on 0 only
 * @request: copied, but not what it points to
 * @tokens:  what a flow of our own got (OA-15); signatures are verified here. Taken over, also on failure.
 * Neither policy before a start nor limits nor the reservation of a UID is looked at: that is for the flow to do before it
 * has tokens.
 * Return: 0 (an event ran or will run), -ENOMEM.
 */
int judge_start(struct judge **ret, struct login_context *ctx, const struct judge_request *request,
		struct token_set *tokens, const struct judge_events *events, void *userdata);

/** judge_finding() - what is known by now; never NULL, lives as long as the judge */
const struct judge_finding *judge_finding(const struct judge *j);

/** judge_free() - no event runs any more; what is stored by then stays stored. Accepts NULL. */
void judge_free(struct judge *j);
LK_DEFINE_CLEANUP(struct judge *, judge_free);
