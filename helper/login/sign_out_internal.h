/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <sys/queue.h>

#include "helper/login/sign_out.h"
#include "helper/vault/store_revocations.h"

/* Shared by sign_out.c (somebody asked for it) and sign_out_backlog.c (what the provider could not be told then). */

struct sign_out;

/* What waits in the store. One row is worked on at a time. */
struct sign_out_backlog {
	sd_event_source *timer; /* the next round, or the next row of this one */
	unsigned n_rounds;      /* that told less than they had to, one after another */
	uint32_t retry_after_s; /* the longest that a provider asked for in this round */
	bool is_in_round;
	bool has_failed;     /* something is left of this round */
	char *failed_issuer; /* who is left alone for the rest of it */

	struct revocation row; /* the one of now */
	const struct login_provider *lp;
	struct provider_wait *prepare;
	struct revoke *revoke;
};

struct sign_outs {
	struct login_context *ctx;
	LIST_HEAD(, sign_out) list;
	struct sign_out_backlog backlog;
};

/** sign_out_is_under_way() - somebody waits for the revocation with that id */
bool sign_out_is_under_way(const struct sign_outs *s, int64_t id);

/** sign_out_backlog_wake() - begin a round soon, unless one is to come or under way. Return: 0, -ENOMEM. */
int sign_out_backlog_wake(struct sign_outs *s, uint32_t wait_s);

void sign_out_backlog_done(struct sign_outs *s);

/** sign_out_audit() - how a revocation ended, for the log. @name, @provider, @detail: or NULL */
void sign_out_audit(const char *result, const char *name, const char *provider, const char *subject, uint32_t uid,
		    const char *detail);
