/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "helper/login/context.h"

/* The account phase: may a known person begin a session now? Also asked for public keys, cron and a remembered sudo. */

struct account_check_request {
	const char *user;
	const char *reference; /* under which its event stands (helper/base/reference.h); NULL: none */
	const char *service;
	const char *source;
	bool is_signed_in; /* this very transaction signed the person in */
};

/**
 * account_check() - judge and log
 * Without a sign-in in the same transaction the last one must be no older than the section's sign_in_age: until then the
 * provider's word counts.
 * Return: NULL when the session may begin; else the reason (helper/protocol/names.h), or "" when the name is not ours.
 */
const char *account_check(struct login_context *ctx, const struct account_check_request *request);
