/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include "helper/vault/store_standing.h"

/*
 * The provider's last word about an account. A no is durable: it holds with the provider switched off and over restarts, it
 * beats everything that was said before, and only an interactive sign-in ends it.
 */

struct login_context;

struct standing_view {
	enum standing_state
		state;     /* STANDING_UNKNOWN where nobody asked yet, or another identity has the account now */
	int64_t checked_s; /* when the provider said so; 0 for STANDING_UNKNOWN */
	int64_t age_s;     /* of that word, now; INT64_MAX without one, and where the clock was set back since */
	char reason[256];  /* of a no: ASCII, for the log and the administrator; else "" */
};

/**
 * standing_read() - what the provider last said of @account
 * A word about another identity than the account's does not count. A no that could not be stored counts all the same, and is
 * stored now if that can be done.
 * Return: 0, negative errno where the store cannot say: then nobody may be let in by an older word.
 */
int standing_read(struct login_context *ctx, const struct account *account, struct standing_view *ret);

/**
 * standing_refuse() - the provider says no about @account: the one place where that becomes lasting
 * @why: ASCII, sanitised by the caller: "provider says invalid_grant", "session-revoked"
 * The word is stored, kept tokens and remembered approvals go, and the person's open sessions are ended after the grace time. Where the store cannot
 * be written the no holds in memory, and the store is tried again at each look.
 * Return: 0 durable, negative errno: in memory only (the caller refuses all the same).
 */
int standing_refuse(struct login_context *ctx, const struct account *account, const char *why);
