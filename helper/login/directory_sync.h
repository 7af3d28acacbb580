/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/login/context.h"
#include "helper/oauth/directory.h"

/* From a provider's directory to accounts that are expected: in the background, now and then, and never in the way of a
 * sign-in or a lookup, which find what the last good run left. */

struct directory_sync;

struct directory_sync_status {
	bool is_running;
	size_t n_people;        /* of the last good run: those who can have an account here */
	size_t n_left_out;      /* and those who cannot: by the name rule, by policy, or the name is somebody else's */
	int64_t last_run_s;     /* when the last run ended; 0: none did */
	int64_t last_success_s; /* and the last good one */
	const char *fault;      /* of the last run, ASCII; NULL: it went well, or there was none */
};

/**
 * directory_sync_new() - begin soon, and again and again
 * @ctx, @lp and @settings must outlive it
 * The first run begins within seconds, spread out so that a fleet does not ask at once; the next ones at the configured
 * interval, give or take a tenth. After a failure the next is earlier: a minute at first, then twice as long each time.
 * Return: 0, -ENOMEM.
 */
int directory_sync_new(struct directory_sync **ret, struct login_context *ctx, const struct login_provider *lp,
		       const struct directory_settings *settings);
void directory_sync_free(struct directory_sync *s);
LK_DEFINE_CLEANUP(struct directory_sync *, directory_sync_free);

/** directory_sync_status() - for people; @ret->fault is valid until the next turn of the event loop */
void directory_sync_status(const struct directory_sync *s, struct directory_sync_status *ret);

/**
 * directory_sync_end_others() - withdraw whom a directory named that is not configured any more
 * @issuers: NULL-terminated, of those that are
 * Return: 0, negative errno.
 */
int directory_sync_end_others(struct accounts *accounts, const char *const *issuers);
