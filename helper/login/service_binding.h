/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/cleanup.h"
#include "helper/login/context.h"

/* Nobody signs in to a service account, so those that /etc/passwd does not have are made when the helper starts: cron and units
 * find them by then. */

struct service_binding;

/** Runs once, from the event loop; the binding may be freed from within. */
typedef void (*service_binding_done_fn)(void *userdata);

/**
 * service_binding_start() - bind each of @ctx->services to its name, durably
 * @ret: set for 0 only
 * One that cannot be had is said in the log, and counts for nothing until the next start. Where something is new, the map is
 * not current any more. Those that are there are watched over by the re-check from then on.
 * Return: 0 under way, since other sources of NSS are asked; 1 all is done, and @done will not run; negative errno.
 */
int service_binding_start(struct service_binding **ret, struct login_context *ctx, service_binding_done_fn done,
			  void *userdata);

/** service_binding_free() - @done will not run any more. Accepts NULL. */
void service_binding_free(struct service_binding *b);
LK_DEFINE_CLEANUP(struct service_binding *, service_binding_free);
