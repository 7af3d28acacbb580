/* SPDX-License-Identifier: MIT */
#pragma once

#include <systemd/sd-event.h>

#include "helper/base/cleanup.h"
#include "helper/base/secret.h"

/* Hashes PINs by yescrypt (crypt(5)), which is meant to take long and much memory, in a thread of its own: nobody else waits
 * for it. One at a time, so that many cost the machine no more memory than one. */

#define PIN_HASHER_QUEUE_MAX 32u
#define PIN_SETTING_MAX 512u
#define PIN_HASHER_PATIENCE_MS 60000u

struct pin_hasher;
struct pin_hash;

/** pin_hasher_new() - the thread begins with the first PIN. Return: 0, negative errno. */
int pin_hasher_new(struct pin_hasher **ret, sd_event *event);

/** pin_hasher_free() - waits for the one under way; no @done runs. Accepts NULL. */
void pin_hasher_free(struct pin_hasher *h);
LK_DEFINE_CLEANUP(struct pin_hasher *, pin_hasher_free);

/** @hash: borrowed, in the form of crypt(5); NULL where @error is negative: -EINVAL no such @setting, -ENOMEM, -EIO */
typedef void (*pin_hash_done_fn)(void *userdata, int error, const struct secret *hash);

/**
 * pin_hash_start() - hash @pin
 * @ret:     for pin_hash_cancel(), valid until @done runs
 * @setting: an earlier hash, whose salt and cost count; NULL: a new salt
 * @done:    runs once, from the event loop
 * Return: 0, -EBUSY too many wait already, -EINVAL, -EAGAIN no thread, -ENOMEM.
 */
int pin_hash_start(struct pin_hash **ret, struct pin_hasher *h, const struct secret *pin, const struct secret *setting,
		   pin_hash_done_fn done, void *userdata);

/** pin_hash_cancel() - @done will not run. Accepts NULL. */
void pin_hash_cancel(struct pin_hash *p);
