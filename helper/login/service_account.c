/* SPDX-License-Identifier: MIT */
/* Looks up the [service-account NAME] sections, and judges what they say of services and places. Pure. */
#include "helper/login/service_account.h"

#include <stdlib.h>
#include <string.h>

#include "helper/base/text.h"
#include "helper/login/context.h"

const struct service_account *service_accounts_find(const struct service_accounts *s, const char *name)
{
	for (size_t i = 0; s && name && i < s->n; i++)
		if (strcmp(s->accounts[i].name, name) == 0)
			return &s->accounts[i];
	return NULL;
}

const struct service_account *service_account_find(const struct login_context *ctx, const char *name)
{
	return service_accounts_find(ctx->services, name);
}

bool service_account_is(const struct service_account *s, const struct account *account, const char **ret_detail)
{
	if (account->subject == NULL || strcmp(account->issuer, s->issuer) != 0 ||
	    strcmp(account->subject, s->identity_subject) != 0)
		*ret_detail = "the name is held by another identity than the service account's";
	else if (account->state != ACCOUNT_ACTIVE)
		*ret_detail = "the account was forgotten";
	else
		return true;
	return false;
}

bool service_account_may_open(const struct service_account *s, const char *service)
{
	return service && text_in_list(s->services, service);
}

bool service_account_may_come_from(const struct service_account *s, const char *address)
{
	return !s->from || !address || address[0] == '\0' || networks_have(s->from, s->n_from, address);
}

void service_account_done(struct service_account *s)
{
	free(s->name);
	free(s->provider);
	free(s->subject);
	free(s->identity_subject);
	free(s->client_id);
	free(s->key);
	free(s->audience);
	free(s->scope);
	text_free_list(s->services);
	free(s->from);
	free(s->assertion_keys);
	free(s->assertion_jwks_uri);
	free(s->assertion_issuer);
	free(s->assertion_subject);
	free(s->jwks_ca_file);
	free(s->workload_issuer);
	free(s->workload_audience);
	free(s->workload_subject);
	text_free_list(s->workload_claims);
	text_free_list(s->token_clients);
	free(s->token_audience);
	free(s->token_scope);
	text_free_list(s->token_classes);
	free(s->exchange_issuer);
	free(s->exchange_token_type);
	free(s->exchange_audience);
	free(s->exchange_scope);
	memset(s, 0, sizeof(*s));
}
