/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <systemd/sd-event.h>

#include "helper/base/cleanup.h"
#include "helper/vault/store.h"
#include "helper/vault/store_break_glass.h"

/* Accounts that root has opened for a while for the time when no provider answers. They end by themselves, over restarts too:
 * by the wall clock, by the clock that nobody sets while the helper runs, and at once where the wall clock went back. */

#define BREAK_GLASS_MAX 64u                  /* at a time */
#define BREAK_GLASS_MIN_S 60                 /* for how long at least */
#define BREAK_GLASS_MAX_S (7 * 24 * 60 * 60) /* and at most */
#define BREAK_GLASS_BACK_S 120               /* so far a clock may be set back without a doubt */
#define BREAK_GLASS_REASON_MAX 200u

struct break_glasses;

/** break_glasses_new() - those that are stored and not over go on. Return: 0, negative errno. */
int break_glasses_new(struct break_glasses **ret, sd_event *event, struct store *store);
void break_glasses_free(struct break_glasses *g);
LK_DEFINE_CLEANUP(struct break_glasses *, break_glasses_free);

/**
 * break_glass_open() - for @lifetime_s from now; what the account had before is over
 * @reason: 1 to BREAK_GLASS_REASON_MAX bytes, sanitised by the caller; @by: who wanted it, in words
 * Return: 0 durable, -E2BIG too many are open, -EINVAL, negative errno of the store.
 */
int break_glass_open(struct break_glasses *g, const char *name, int64_t lifetime_s, const char *reason, const char *by);

/** break_glass_close() - Return: 0 durable, -ENOENT there is none, negative errno of the store: it is over all the same. */
int break_glass_close(struct break_glasses *g, const char *name);

/** break_glass_find() - is @name's account open now. @ret: set then; may be NULL. No where the store cannot say. */
bool break_glass_find(struct break_glasses *g, const char *name, struct break_glass *ret);

/** break_glass_each() - those that are open now; @fn returns false to stop */
void break_glass_each(struct break_glasses *g, bool (*fn)(void *userdata, const struct break_glass *b), void *userdata);
