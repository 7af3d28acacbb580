/* SPDX-License-Identifier: MIT */
/* The events of a provider: where they are and by which token they are asked for. Off unless an endpoint is named; a key of them
 * without one is a fault, since somebody believes that it does something. */
#include "helper/daemon/config_internal.h"
#include "helper/oauth/uri.h"

#define INTERVAL_DEFAULT_S 30u

int config_set_events_token_file(const struct config_target *t, const struct config_key *key, const char *value,
				 char *why)
{
	struct config_target into_draft = {.draft = t->draft, .base = &t->draft->events_token_files[t->index]};

	return config_set_path(&into_draft, key, value, why);
}

int config_check_events(struct config_draft *d, size_t i, char *why)
{
	struct provider_config *p = &d->config->providers[i];
	struct event_settings *s = &p->events;
	const char *fault;

	if (s->endpoint == NULL) {
		if (s->issuer != NULL || s->audience != NULL || s->interval_s != 0 || d->events_token_files[i] != NULL)
			return config_refuse(why,
					     "[provider %s]: a key of the events is set, but events_endpoint is not",
					     p->settings.name);
		return 0;
	}
	fault = uri_endpoint_fault(s->endpoint, d->config->allow_insecure_loopback);
	if (fault != NULL)
		return config_refuse(why, "[provider %s]: events_endpoint: %s", p->settings.name, fault);
	if (d->events_token_files[i] == NULL)
		return config_refuse(why, "[provider %s]: events_endpoint needs an events_token_file",
				     p->settings.name);
	if (s->interval_s == 0)
		s->interval_s = INTERVAL_DEFAULT_S;
	return 0;
}
