/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include "helper/jose/security_event.h"
#include "helper/login/context.h"

/* What a provider tells by itself, verified: somebody has logged out, is gone, has other claims now. */

struct notice {
	const char *issuer; /* who says so, and the name of the statement: it counts once */
	const char *id;
	const char *subject_issuer; /* whom it is about; NULL: nobody whom this host could know */
	const char *subject;
	const char *session; /* instead: whoever signed in within this session of the provider's; NULL */
	int64_t happened_s;
	int64_t keep_until_s; /* after it the statement would not be believed again, or does no harm */
	unsigned int actions; /* of enum security_event_action */
	const char *name;     /* ASCII, for the audit event: "logout", "session-revoked" */
};

#define NOTICE_KNOWN 1

/**
 * notice_apply() - do what it asks for, about everybody here who is that person
 * Somebody who has signed in since is left alone. What is done is durable before the statement's id is, so that a notice
 * which comes again after a crash is done again, which does no harm.
 * @ret_n: how many accounts it was about
 * Return: 0, NOTICE_KNOWN it was done before, -ENOMEM or another negative errno: not done, or not all of it; let it come again.
 */
int notice_apply(struct login_context *ctx, const struct login_provider *lp, const struct notice *n, size_t *ret_n);
