/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/login/context.h"
#include "helper/oauth/event_poll.h"

/* Listens to a provider's security events (OpenID Shared Signals) by asking for them every now and then, RFC 8936: no provider
 * need reach this host. */

struct event_stream;

/**
 * event_stream_new() - begin within seconds, and again and again
 * @ctx, @lp and @settings must outlive it
 * What an event asks for is durable before it is acknowledged; what could not be done comes again. After a failure the next
 * question comes later each time, a quarter of an hour at most; a failure that stays is said once.
 * Return: 0, -ENOMEM.
 */
int event_stream_new(struct event_stream **ret, struct login_context *ctx, const struct login_provider *lp,
		     const struct event_settings *settings);
void event_stream_free(struct event_stream *s);
LK_DEFINE_CLEANUP(struct event_stream *, event_stream_free);
