/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/login/context.h"

/* Somebody who has signed in before, judged without a token: by what the store and root's configuration say at this moment. */

/**
 * known_account_find() - of the store, or of /etc/passwd where root's configuration gives it to an identity
 * @ret: in whatever state it is
 * Return: 0; -ENOENT nobody has it; other negative errno, also where it cannot be told.
 */
int known_account_find(struct login_context *ctx, const char *name, struct account **ret);

/**
 * known_account_judge() - may this account use @service, by its stored facts
 * Whether it has signed in of late, and what its provider says by now, is for the caller to ask.
 * @ret_detail: for the log, set with a reason
 * Return: NULL, or the reason (helper/protocol/names.h).
 */
const char *known_account_judge(struct login_context *ctx, const struct account *account, const char *service,
				const char **ret_detail);
