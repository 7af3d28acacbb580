/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/cleanup.h"
#include "helper/fetch/client.h"
#include "helper/oauth/event_reply.h"
#include "helper/oauth/outcome.h"
#include "helper/oauth/provider.h"

/* One question to an event stream, RFC 8936: which events have been dealt with, which could not be, and what is new. */

#define EVENT_POLL_AT_ONCE 20u

/* Where a provider's events are; owned by the configuration. */
struct event_settings {
	char *endpoint;       /* NULL: there is no stream */
	struct secret *token; /* the bearer token of this host */
	char *issuer;         /* of the events; NULL: the provider's */
	char *audience;       /* that names us; NULL: the client id */
	uint32_t interval_s;
};

struct event_poll;

/** @reply: for OAUTH_DONE only, and during the call only. @retry_after_s: what the transmitter asks for, 0: nothing. May free
 *  the poll. */
typedef void (*event_poll_done_fn)(void *userdata, const struct oauth_result *result, const struct event_reply *reply,
				   uint32_t retry_after_s);

/**
 * event_poll_start() - ask once; the answer comes at once, whether there are events or not
 * @acks:   array of ids that are done with, or NULL
 * @faults: object id -> {"err": code, "description": text} of those that are no events, or NULL; both borrowed
 * Return: 0, -ENOMEM.
 */
int event_poll_start(struct event_poll **ret, struct provider *p, struct fetch_client *fetch,
		     const struct event_settings *settings, struct json_object *acks, struct json_object *faults,
		     event_poll_done_fn done, void *userdata);

/** event_poll_free() - @done will not run any more. Accepts NULL. */
void event_poll_free(struct event_poll *p);
LK_DEFINE_CLEANUP(struct event_poll *, event_poll_free);
