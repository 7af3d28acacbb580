/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "helper/login/audit.h"
#include "helper/login/context.h"

/* While the provider gives no answer: whether its last one may count. Never where that was a no. */

#define OFFLINE_DETAIL_MAX 384u

enum offline_basis {
	OFFLINE_NO = 0,
	OFFLINE_LAST_WORD,   /* its last yes is younger than offline_max_age */
	OFFLINE_BREAK_GLASS, /* root has opened the account for a while */
};

/**
 * offline_basis() - what @account may be let in by
 * @detail: OFFLINE_DETAIL_MAX bytes, for the log
 */
enum offline_basis offline_basis(struct login_context *ctx, const struct account *account,
				 const struct access_policy *policy, char *detail);

/** offline_has_break_glass() - only that, for where there is nothing to ask the provider with. @detail as above. */
bool offline_has_break_glass(struct login_context *ctx, const struct account *account, char *detail);

/** offline_note_use() - say it where break-glass is what lets somebody in: loudly, each time. @granted: the event of the yes */
void offline_note_use(enum offline_basis basis, const struct audit_event *granted);

/**
 * offline_takes_pin() - may a PIN be asked for at all
 * Over the network only where the section is that service's own: [access] with offline_pin=yes does not open sshd. Break-glass
 * needs no offline_pin, except there.
 */
bool offline_takes_pin(const struct access_policy *policy, const char *service, const char *source,
		       enum offline_basis basis);
