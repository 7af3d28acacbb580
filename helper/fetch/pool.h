/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <systemd/sd-event.h>

#include "helper/base/cleanup.h"
#include "helper/fetch/client.h"

/* Runs exchanges: one libcurl multi handle for each profile on one event loop, with limits, queues and deadlines. */

#define POOL_TRANSFERS_MAX 256u        /* at once, of all profiles */
#define POOL_TRANSFERS_PROFILE_MAX 64u /* at once, of one: a provider that hangs must not hold up the others (N6) */
#define POOL_WAITING_MAX 4096u         /* in all queues together */
#define POOL_WAITING_PROFILE_MAX 3072u /* in one */
#define POOL_PROFILES_MAX 32u
#define POOL_IDLE_MS 30000u /* then connections and TLS state of a profile go */

struct pools;
struct transfer;

typedef void (*transfer_done_fn)(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply,
				 const char *detail);

/** pools_new() - the limits shrink with RLIMIT_NOFILE. libcurl is not touched before the first transfer. */
int pools_new(struct pools **ret, sd_event *event);
void pools_free(struct pools *p);
LK_DEFINE_CLEANUP(struct pools *, pools_free);

/**
 * pools_start() - queue one request
 * @request: must stay until @done has run or transfer_cancel() was called
 * @done:    runs once, from the event loop, never from within; the transfer is gone then
 * Return: 0; an enum fetch_outcome > 0 with @detail set, when it is refused at once; -ENOMEM.
 */
int pools_start(struct pools *p, const struct fetch_request *request, transfer_done_fn done, void *userdata,
		struct transfer **ret, const char **detail);

/** transfer_cancel() - stop; @done will not run. Accepts NULL. */
void transfer_cancel(struct transfer *t);

/** pools_are_empty() - no transfer runs or waits */
bool pools_are_empty(const struct pools *p);
