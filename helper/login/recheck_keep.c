/* SPDX-License-Identifier: MIT */
/*
 * What is kept of a sign-in, and how it ends. The provider's yes and the tokens that came with it are stored together: there
 * is never a yes with the tokens of another sign-in.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/login/authentication.h"
#include "helper/login/log.h"
#include "helper/login/recheck_internal.h"
#include "helper/login/remember.h"
#include "helper/vault/store_revocations.h"
#include "helper/vault/store_standing.h"

static void read_standing(struct standing *st, struct login_context *ctx, const struct account *account,
			  struct json_object *claims)
{
	const struct login_provider *lp = login_provider_for(ctx, account->name);
	struct authentication a;
	const char *sid;

	*st = (struct standing){.state = STANDING_GOOD, .checked_s = clock_realtime_s()};
	if (claims == NULL || lp == NULL)
		return;
	authentication_read(&a, provider_settings(lp->provider)->dialect, claims);
	st->auth_time_s = a.auth_time_s;
	(void)snprintf(st->acr, sizeof(st->acr), "%s", a.acr);
	(void)snprintf(st->amr, sizeof(st->amr), "%s", a.amr);
	if (json_read_string(claims, "sid", sizeof(st->sid) - 1, &sid) == 0)
		(void)snprintf(st->sid, sizeof(st->sid), "%s", sid);
}

/* The access token alone is kept where there is nothing better: with a refresh token there is always another one. */
static bool read_tokens(struct kept_tokens *kept, const struct token_set *tokens)
{
	*kept = (struct kept_tokens){.refresh_token = tokens->refresh_token, .scope = tokens->scope};
	if (tokens->expires_in_s > 0)
		kept->expires_s = clock_realtime_s() + tokens->expires_in_s;
	if (tokens->refresh_token == NULL)
		kept->access_token = tokens->access_token;
	return kept->refresh_token != NULL || kept->access_token != NULL;
}

/* @kept: NULL keeps none */
static int store_all(struct store *store, const struct row_owner *owner, const struct kept_tokens *kept,
		     const struct standing *st)
{
	int r = store_batch_begin(store);

	if (r < 0)
		return r;
	r = kept != NULL ? store_put_tokens(store, owner, kept, st->checked_s) : store_drop_tokens(store, owner->uid);
	if (r == 0)
		r = store_put_standing(store, owner, st);
	return store_batch_end(store, r);
}

int recheck_kept(struct login_context *ctx, const struct account *account, const struct token_set *tokens,
		 struct json_object *claims)
{
	struct recheck_person *p = recheck_person_get(ctx->rechecks, account);
	struct row_owner owner = account_owner(account);
	struct kept_tokens kept;
	struct standing st;
	int r;

	if (p == NULL)
		return -ENOMEM;
	read_standing(&st, ctx, account, claims);
	r = store_all(ctx->store, &owner, read_tokens(&kept, tokens) ? &kept : NULL, &st);
	if (r == -ENOKEY || r == -EINVAL || r == -E2BIG) {
		log_line(LOG_WARNING, "no token of %s is kept (%s): it will have to sign in again sooner",
			 account->name,
			 r == -ENOKEY ? "there is no key to seal it with" : "it has a form that cannot be stored");
		r = store_all(ctx->store, &owner, NULL, &st);
	}
	if (r < 0)
		return r;
	recheck_person_reset(p);
	if (tokens->access_token != NULL)
		recheck_person_hold(p, tokens); /* as good as one that a refresh would bring */
	p->asked_ms = clock_monotonic_ms();
	recheck_background_end(p, &(struct recheck_result){.outcome = RECHECK_GOOD});
	return 0;
}

void recheck_revoke_later(struct login_context *ctx, const struct account *account, const struct secret *refresh_token,
			  const struct secret *access_token, int64_t *ret_id)
{
	LK_CLEANUP(kept_tokens_freep) struct kept_tokens *t = NULL;
	struct row_owner owner = account_owner(account);
	int r;

	if ((refresh_token == NULL && access_token == NULL) || store_check_lock(ctx->store, &owner) != -ENOENT)
		return;
	t = calloc(1, sizeof(*t));
	r = t != NULL ? 0 : -ENOMEM;
	if (r == 0 && refresh_token != NULL)
		r = secret_copy(&t->refresh_token, secret_data(refresh_token), secret_len(refresh_token));
	if (r == 0 && access_token != NULL)
		r = secret_copy(&t->access_token, secret_data(access_token), secret_len(access_token));
	if (r == 0)
		r = store_put_revocation(ctx->store, &owner, t, ret_id);
	if (r < 0)
		log_line(LOG_WARNING, "a token of %s that is of no use here any more cannot be revoked: %s",
			 account->name, strerror(-r));
}

int recheck_forget(struct login_context *ctx, const struct account *account, int64_t *ret_id)
{
	struct recheck_person *p = recheck_person_find(ctx->rechecks, account);
	struct row_owner owner = account_owner(account);
	struct standing st = {.state = STANDING_UNKNOWN};
	int64_t id = 0;
	int r;

	if (ctx->approvals != NULL)
		(void)remember_drop(ctx->approvals, account->uid);
	r = store_revoke_tokens(ctx->store, account->uid, &id);
	/* One that is in memory alone, as a service account's. */
	if (r == 0 && id == 0 && p != NULL)
		recheck_revoke_later(ctx, account, NULL, p->access_token, &id);
	if (p != NULL)
		recheck_person_reset(p);
	if (r == 0 && ret_id != NULL)
		*ret_id = id;
	/* A no stays. */
	if (r == 0 && store_find_standing(ctx->store, &owner, &st) == 0 && st.state == STANDING_GOOD)
		r = store_drop_standing(ctx->store, account->uid);
	return r;
}
