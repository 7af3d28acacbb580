/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/cleanup.h"
#include "helper/login/context.h"
#include "helper/oauth/outcome.h"

/* A logout token that somebody brought: OpenID Connect Back-Channel Logout 1.0. Whoever brings it proves nothing and is
 * believed nothing; the provider's signature is. */

struct logout;

enum logout_outcome {
	LOGOUT_DONE = 0, /* also where nobody here was meant (BL-07) */
	LOGOUT_INVALID,  /* not a logout token of a provider of ours, or used before */
	LOGOUT_FAILED,   /* the provider's keys cannot be had, or the store cannot be written: try again */
};

/** @n: how many accounts it was about. @why: ASCII, "" where done. May free the logout. */
typedef void (*logout_done_fn)(void *userdata, enum logout_outcome outcome, size_t n, const char *why);

/**
 * logout_start() - judge it, then end what that person has here
 * @token: copied
 * @done:  runs once, from the event loop, never from within
 * Return: 0, -ENOMEM.
 */
int logout_start(struct logout **ret, struct login_context *ctx, const char *token, logout_done_fn done,
		 void *userdata);

/** logout_free() - Accepts NULL. */
void logout_free(struct logout *l);
LK_DEFINE_CLEANUP(struct logout *, logout_free);
