/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include <systemd/sd-event.h>

#include "helper/base/secret.h"
#include "helper/jose/assertion.h"

/*
 * Has assertions signed without holding up the event loop: PEM at once, since that takes no longer than the rest of a
 * request; a token's or TPM's key in a thread, one signature after the other, and no longer than SIGNER_TIMEOUT_MS.
 */

#define SIGNER_QUEUE_MAX 64u
#define SIGNER_TIMEOUT_MS 10000u

struct signer;
struct signer_job;

/** signer_new() - the thread begins with the first signature that needs it. Return: 0, negative errno. */
int signer_new(struct signer **ret, sd_event *event);

/** signer_free() - no done runs any more; waits a second at most for a device that hangs. Accepts NULL. */
void signer_free(struct signer *s);
LK_DEFINE_CLEANUP(struct signer *, signer_free);

/** signer_set_timeout() - another time than SIGNER_TIMEOUT_MS for a device's answer */
void signer_set_timeout(struct signer *s, uint64_t timeout_ms);

/** @r: as signer_start(); @assertion: borrowed, NULL unless @r is 0 */
typedef void (*signer_done_fn)(void *userdata, int r, const struct secret *assertion);

/**
 * signer_start() - a new assertion, with a jti of its own
 * @ret:           the job under way, valid until @done runs; NULL where @ret_assertion is set
 * @ret_assertion: set at once, and @done does not run, where the key is PEM; else NULL
 * @s:             NULL: only PEM can sign (SIGNING_NOT_OPEN for others)
 * @k:             kept until the device is done with it
 * @claims:        borrowed for the call
 * @done:          runs once from the event loop, never during the call
 * Return: 0 and one of both is set; else an enum signing_outcome or negative errno for signing_text() as assertion_make()
 * has them; -ETIMEDOUT the device has not answered, also at once while it hangs; -EBUSY too many wait.
 */
int signer_start(struct signer_job **ret, struct secret **ret_assertion, struct signer *s, struct signing_key *k,
		 const struct assertion_claims *claims, signer_done_fn done, void *userdata);

/** signer_cancel() - @done will not run. Accepts NULL. */
void signer_cancel(struct signer_job *j);
