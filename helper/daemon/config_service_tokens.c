/* SPDX-License-Identifier: MIT */
/*
 * How the keys of a [service-account NAME] section fit together that are about tokens which only a provider can judge. Must never
 * let a token in that was meant for any other service.
 */
#include <string.h>

#include "helper/daemon/config_internal.h"

static bool has_token_keys(const struct service_account *s)
{
	return s->token_clients || s->token_audience || s->token_scope || s->token_classes || s->token_max_age_s > 0 ||
	       s->token_cache_s > 0;
}

static int check_access_token(const struct service_account *s, const struct provider_settings *p, char *why)
{
	if ((s->accepts & SERVICE_ACCEPTS_ACCESS_TOKEN) == 0) {
		if (has_token_keys(s))
			return config_refuse(why,
					     "[service-account %s]: token_... mean nothing where accepts has no "
					     "access-token",
					     s->name);
		return 0;
	}
	/* Whoever runs some other service gets tokens shown, too. */
	if (!s->token_audience && !s->token_scope)
		return config_refuse(
			why,
			"[service-account %s]: access-token needs token_audience or token_scope, by which a "
			"token is one for this host",
			s->name);
	if (p->client_auth == CLIENT_AUTH_NONE)
		return config_refuse(
			why,
			"[service-account %s]: access-token needs a client that proves itself in [provider "
			"%s]: introspection is for nobody else",
			s->name, p->name);
	return 0;
}

static int check_exchange(const struct service_account *s, const struct provider_settings *p, char *why)
{
	if ((s->accepts & SERVICE_ACCEPTS_EXCHANGE) == 0) {
		if (s->exchange_issuer || s->exchange_token_type || s->exchange_audience || s->exchange_scope)
			return config_refuse(why,
					     "[service-account %s]: exchange_... mean nothing where accepts has no "
					     "exchange",
					     s->name);
		return 0;
	}
	if ((s->accepts & SERVICE_ACCEPTS_ACCESS_TOKEN) != 0 && !s->exchange_issuer)
		return config_refuse(
			why,
			"[service-account %s]: access-token and exchange: exchange_issuer must say which is "
			"which",
			s->name);
	if (s->exchange_issuer && strcmp(s->exchange_issuer, p->issuer) == 0)
		return config_refuse(why, "[service-account %s]: exchange_issuer is the provider itself", s->name);
	return 0;
}

int config_check_service_tokens(const struct service_account *s, const struct provider_settings *p, char *why)
{
	int r = check_access_token(s, p, why);

	return r < 0 ? r : check_exchange(s, p, why);
}
