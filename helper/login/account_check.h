/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "helper/base/cleanup.h"
#include "helper/login/context.h"

/* The account phase: may a known person begin a session now? Also asked for public keys, cron, su and a remembered sudo, where
 * nobody has just signed in: then the provider is asked again, unless it said yes a moment ago. */

#define ACCOUNT_CHECK_MS 10000u /* for all of it: what has no answer by then is unreachable */

struct account_check_request {
	const char *user;
	const char *reference; /* under which its event stands (helper/base/reference.h); NULL: none */
	const char *service;
	const char *source;
	bool is_signed_in; /* this very transaction signed the person in */
};

struct account_check_answer {
	const char
		*reason; /* NULL: the session may begin; else of helper/protocol/names.h, or "": the name is not ours */
	const char *provider; /* its title, for the person; NULL: none */
};

typedef void (*account_check_done_fn)(void *userdata, const struct account_check_answer *answer);

struct account_check;

/**
 * account_check_start() - judge and log
 * @ret:  set before @done runs, on 0 only
 * @done: runs once: from the event loop, or before this returns; the check is to be freed soon after, never from within
 * Strings of @request are copied. Return: 0, -ENOMEM.
 */
int account_check_start(struct account_check **ret, struct login_context *ctx,
			const struct account_check_request *request, account_check_done_fn done, void *userdata);

/** account_check_free() - @done does not run any more. Accepts NULL. */
void account_check_free(struct account_check *c);
LK_DEFINE_CLEANUP(struct account_check *, account_check_free);
