/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/cleanup.h"
#include "helper/oauth/provider.h"

/* Tries a provider as if it were new: name, connection, certificate, clock, metadata, keys, and whether it gives this client
 * a code, which is thrown away. Keeps nothing, and nothing of it counts for sign-ins. */

struct probe;

/* One step, by a STEP_ word of protocol/names.h. Steps come in order; behind one that is not good none comes. */
struct probe_finding {
	const char *step;
	bool is_good;
	const char *detail; /* ASCII, "" for nothing: never a code, a secret or a token */
	int64_t value; /* STEP_CLOCK: seconds that the provider's clock is ahead; STEP_CLIENT: seconds that a code lives */
};

struct probe_events {
	void (*finding)(void *userdata, const struct probe_finding *f);
	void (*done)(void *userdata); /* once; the probe may not be freed from within */
};

/**
 * probe_start() - @s, @event and @fetch must outlive it
 * Both events come from the event loop. It ends within a minute.
 * Return: 0, -ENOMEM.
 */
int probe_start(struct probe **ret, const struct provider_settings *s, sd_event *event, struct fetch_client *fetch,
		const struct probe_events *events, void *userdata);

/** probe_free() - at any time but from within an event. Accepts NULL. */
void probe_free(struct probe *p);
LK_DEFINE_CLEANUP(struct probe *, probe_free);
