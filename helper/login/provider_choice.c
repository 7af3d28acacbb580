/* SPDX-License-Identifier: MIT */
/*
 * Which provider a name belongs to: that of whom it is bound to, and only for a name that nobody has, the one whose rule
 * could make it. Never a guess between two.
 */
#include <errno.h>
#include <string.h>

#include "helper/accounts/name.h"
#include "helper/login/context.h"

const struct login_provider *login_provider_of_issuer(const struct login_context *ctx, const char *issuer)
{
	for (size_t i = 0; i < ctx->n_providers; i++)
		if (strcmp(provider_settings(ctx->providers[i].provider)->issuer, issuer) == 0)
			return &ctx->providers[i];
	return NULL;
}

const struct login_provider *login_provider_for(const struct login_context *ctx, const char *name)
{
	LK_CLEANUP(account_freep) struct account *known = NULL;
	const char *issuer = accounts_issuer_of_local(ctx->accounts, name);
	const struct login_provider *found = NULL;
	int r;

	if (issuer != NULL)
		return login_provider_of_issuer(ctx, issuer);
	r = store_find_name(ctx->store, name, &known);
	if (r < 0 && r != -ENOENT)
		return NULL; /* whose the name is cannot be known, and a guess could be another provider's */
	if (r == 0)          /* none where it is not configured any more: nobody else may answer for it */
		return login_provider_of_issuer(ctx, known->issuer);

	/* The configuration refuses rules that overlap; should two fit all the same, none is chosen. */
	for (size_t i = 0; i < ctx->n_providers; i++) {
		if (!name_fits_rule(name, ctx->providers[i].names))
			continue;
		if (found != NULL)
			return NULL;
		found = &ctx->providers[i];
	}
	return found;
}
