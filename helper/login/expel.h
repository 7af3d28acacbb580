/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/base/cleanup.h"
#include "helper/vault/store.h"

/* Ends the open sessions of people whom the provider does not know any more, through latchkey-root. */

struct login_context;
struct expulsions;

struct expel_settings {
	bool is_on;       /* end_sessions */
	uint32_t grace_s; /* end_sessions_grace: from the provider's word to the first stroke */
	const char *root_socket;
	/* Waits after a stroke that found somebody: SIGTERM, SIGKILL; and between two looks that find nobody. */
	uint32_t term_ms;
	uint32_t kill_ms;
	uint32_t quiet_ms;
};

#define EXPEL_TERM_MS 5000u
#define EXPEL_KILL_MS 1000u
#define EXPEL_QUIET_MS 10000u /* a login that was granted before has begun its session by then */

/**
 * expulsions_new() - @ctx and @settings must outlive it
 * Return: 0, -ENOMEM.
 */
int expulsions_new(struct expulsions **ret, struct login_context *ctx, const struct expel_settings *settings);
void expulsions_free(struct expulsions *x);
LK_DEFINE_CLEANUP(struct expulsions *, expulsions_free);

/** expulsions_count() - of how many people sessions are being ended */
size_t expulsions_count(const struct expulsions *x);

/**
 * expel_person() - end everything that @account's person runs here, after the grace time
 * @since_s: when the provider said so; what of the grace time has passed since then is over
 * @why:     ASCII, for the audit event
 * SIGTERM, then SIGKILL, and again until latchkey-root has found nobody twice in a row; what hinders it is said once and
 * tried again. A sign-in that succeeds meanwhile ends it. Somebody who is being expelled already stays it. Nothing happens
 * where end_sessions is off, and none of a service account of the system's: daemons that never came through PAM may run as it,
 * and latchkey-root ends nothing of such a number.
 * Return: 0, -ENOMEM.
 */
int expel_person(struct login_context *ctx, const struct account *account, int64_t since_s, const char *why);

/**
 * expulsions_resume() - at the start: whom the provider refused before, and who may have sessions that nobody ended
 * One after the other in the background. Return: 0, -ENOMEM.
 */
int expulsions_resume(struct expulsions *x);

struct expel_once;

/** @n_found: how many processes were there; @fault: NULL, or ASCII: why some may be there still */
typedef void (*expel_once_fn)(void *userdata, uint64_t n_found, const char *fault);

/**
 * expel_once_start() - end everything that runs as @uid now, before it is nobody's on the map any more
 * SIGTERM without grace, and SIGKILL to what is left, for about ten seconds. The caller has seen to it that no new session begins.
 * @done: runs once, from the event loop; may free it
 * Return: 0 under way, 1 end_sessions is off: nothing is done and @done does not run; -ENOMEM.
 */
int expel_once_start(struct expel_once **ret, struct login_context *ctx, uint32_t uid, expel_once_fn done,
		     void *userdata);

/** expel_once_free() - @done will not run. Accepts NULL. */
void expel_once_free(struct expel_once *e);
LK_DEFINE_CLEANUP(struct expel_once *, expel_once_free);
