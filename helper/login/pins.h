/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <systemd/sd-event.h>

#include "helper/base/cleanup.h"
#include "helper/base/secret.h"
#include "helper/vault/store.h"

/* PINs for the time when the provider cannot be asked. A guess is counted durably before it is compared, and hashed where it
 * keeps nobody waiting. What a right PIN is worth, its caller decides. */

enum pin_outcome {
	PIN_RIGHT = 0,
	PIN_WRONG,
	PIN_NONE,   /* there is none, or it cannot be read: a new one is needed */
	PIN_WAIT,   /* too many were wrong: not yet */
	PIN_LOCKED, /* too many were wrong: not before a sign-in at the provider */
	PIN_BUSY,   /* another guess at this account's, or too many at others', are under way */
};

struct pins;
struct pin_job;

int pins_new(struct pins **ret, sd_event *event, struct store *store);
void pins_free(struct pins *p);
LK_DEFINE_CLEANUP(struct pins *, pins_free);

/** pins_look() - may one guess at @account's now. Return: PIN_RIGHT yes, another outcome, negative errno. */
int pins_look(struct pins *p, const struct account *account);

/** @outcome: PIN_RIGHT, PIN_WRONG, or a negative errno */
typedef void (*pins_done_fn)(void *userdata, int outcome);

/**
 * pins_guess() - is @typed the PIN of @account
 * @ret:  set on 0 only; for pins_cancel(), valid until @done runs
 * @done: runs once, from the event loop
 * The failure is on the disk before the hash is begun; whoever dies or leaves meanwhile has guessed wrong.
 * Return: 0; PIN_NONE, PIN_WAIT, PIN_LOCKED or PIN_BUSY at once; negative errno.
 */
int pins_guess(struct pin_job **ret, struct pins *p, const struct account *account, const struct secret *typed,
	       pins_done_fn done, void *userdata);

/** pins_set() - @typed is the PIN from now on; @outcome: 0 durable, or a negative errno. Return: 0, PIN_BUSY, negative errno. */
int pins_set(struct pin_job **ret, struct pins *p, const struct account *account, const struct secret *typed,
	     pins_done_fn done, void *userdata);

/** pins_cancel() - @done will not run; a guess stays counted. Accepts NULL. */
void pins_cancel(struct pin_job *j);

/** pins_reset() - its owner has signed in at the provider: wrong guesses of before count no more */
void pins_reset(struct pins *p, const struct account *account);

/** pins_has() - is there one that can be read */
bool pins_has(struct pins *p, const struct account *account);

/** pins_decline() - the person wants none; pins_has_declined() - so they said, since the helper began, as far as it knows */
void pins_decline(struct pins *p, const struct account *account);
bool pins_has_declined(const struct pins *p, const struct account *account);
