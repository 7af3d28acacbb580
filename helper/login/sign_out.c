/* SPDX-License-Identifier: MIT */
/*
 * Ends a grant. What is here is dropped before the provider hears of it: if this host stops in between, a grant is left at the
 * provider that nobody holds a token of, and never the reverse.
 */
#include "helper/login/sign_out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <syslog.h>

#include "helper/login/audit.h"
#include "helper/login/log.h"
#include "helper/login/recheck.h"
#include "helper/login/remember.h"
#include "helper/vault/store_tokens.h"

struct sign_out {
	LIST_ENTRY(sign_out) entry;
	struct sign_outs *all;
	const struct login_provider *lp;
	char *name;
	char *subject;
	uint32_t uid;
	struct kept_tokens *tokens;
	struct provider_wait *prepare;
	struct revoke *revoke;
	sign_out_done_fn done;
	void *userdata;
};

struct sign_outs {
	struct login_context *ctx;
	LIST_HEAD(, sign_out) list;
};

int sign_outs_new(struct sign_outs **ret, struct login_context *ctx)
{
	struct sign_outs *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -ENOMEM;
	s->ctx = ctx;
	LIST_INIT(&s->list);
	*ret = s;
	return 0;
}

static void sign_out_free(struct sign_out *o)
{
	if (o == NULL)
		return;
	provider_wait_cancel(o->prepare);
	revoke_free(o->revoke);
	kept_tokens_free(o->tokens);
	free(o->name);
	free(o->subject);
	free(o);
}
LK_DEFINE_CLEANUP(struct sign_out *, sign_out_free);

void sign_outs_free(struct sign_outs *s)
{
	struct sign_out *o;

	if (s == NULL)
		return;
	while ((o = LIST_FIRST(&s->list)) != NULL) {
		LIST_REMOVE(o, entry);
		sign_out_free(o);
	}
	free(s);
}

void sign_out_leave(struct sign_out *o)
{
	if (o != NULL)
		o->done = NULL;
}

static void audit(const struct sign_out *o, enum sign_out_outcome outcome, const char *detail)
{
	static const char *const words[] = {
		[SIGN_OUT_REVOKED] = "done",
		[SIGN_OUT_NOTHING] = "nothing",
		[SIGN_OUT_NOT_SUPPORTED] = "not-supported",
		[SIGN_OUT_NOT_REVOKED] = "failed",
	};

	audit_write(&(struct audit_event){
		.kind = AUDIT_REVOCATION,
		.priority = outcome == SIGN_OUT_NOT_REVOKED ? LOG_WARNING : LOG_NOTICE,
		.result = words[outcome],
		.user = o->name,
		.provider = provider_settings(o->lp->provider)->name,
		.subject = o->subject,
		.uid = o->uid,
		.detail = detail,
	});
}

static void finish(struct sign_out *o, enum sign_out_outcome outcome, const char *detail)
{
	audit(o, outcome, detail);
	if (o->done != NULL)
		o->done(o->userdata, outcome);
	LIST_REMOVE(o, entry);
	sign_out_free(o);
}

static void on_revoked(void *userdata, enum revoke_outcome outcome, const struct oauth_result *result)
{
	struct sign_out *o = userdata;

	switch (outcome) {
	case REVOKE_DONE:
		finish(o, SIGN_OUT_REVOKED, NULL);
		return;
	case REVOKE_NOT_SUPPORTED:
		finish(o, SIGN_OUT_NOT_SUPPORTED, result->detail);
		return;
	case REVOKE_CLIENT_REFUSED:
	case REVOKE_UNREACHABLE:
		finish(o, SIGN_OUT_NOT_REVOKED, result->detail);
		return;
	}
}

static void on_prepared(void *userdata, const struct oauth_result *result)
{
	struct sign_out *o = userdata;
	const struct login_context *ctx = o->all->ctx;
	int r;

	o->prepare = NULL;
	if (result->outcome != OAUTH_DONE) {
		finish(o, SIGN_OUT_NOT_REVOKED, result->detail);
		return;
	}
	r = revoke_start(&o->revoke, o->lp->provider, ctx->event, ctx->fetch, o->tokens->refresh_token,
			 o->tokens->access_token, on_revoked, o);
	if (r == -ENOSYS)
		finish(o, SIGN_OUT_NOT_SUPPORTED, "the provider has no revocation endpoint");
	else if (r < 0)
		finish(o, SIGN_OUT_NOT_REVOKED, strerror(-r));
}

/* Return: 0, 1 there is nothing that could be revoked, negative errno. */
static int take_tokens(const struct login_context *ctx, const struct account *account, struct kept_tokens **ret)
{
	struct row_owner owner = account_owner(account);
	int r;

	if (account->subject == NULL)
		return 1;
	r = store_find_tokens(ctx->store, &owner, ret);
	return r == -ENOENT || r == -EKEYREJECTED ? 1 : r;
}

int sign_out_start(struct sign_out **ret, struct sign_outs *s, const struct account *account, sign_out_done_fn done,
		   void *userdata, enum sign_out_outcome *ret_now)
{
	LK_CLEANUP(kept_tokens_freep) struct kept_tokens *tokens = NULL;
	const struct login_provider *lp = login_provider_of_issuer(s->ctx, account->issuer);
	LK_CLEANUP(sign_out_freep) struct sign_out *o = NULL;
	int found = take_tokens(s->ctx, account, &tokens), r;

	if (found < 0)
		return found;
	o = calloc(1, sizeof(*o));
	if (o == NULL || (o->name = strdup(account->name)) == NULL ||
	    (o->subject = strdup(account->subject != NULL ? account->subject : "")) == NULL)
		return -ENOMEM;
	r = account->subject != NULL ? recheck_forget(s->ctx, account) : 0;
	if (r < 0)
		return r;
	(void)remember_drop(s->ctx->approvals, account->uid);
	*ret_now = SIGN_OUT_NOTHING;
	if (found == 1 || lp == NULL)
		return 1;

	o->all = s;
	o->lp = lp;
	o->uid = account->uid;
	o->tokens = LK_STEAL(tokens);
	o->done = done;
	o->userdata = userdata;
	if (provider_prepare(lp->provider, on_prepared, o, &o->prepare) < 0) {
		*ret_now = SIGN_OUT_NOT_REVOKED;
		audit(o, SIGN_OUT_NOT_REVOKED, "out of memory");
		return 1;
	}
	LIST_INSERT_HEAD(&s->list, o, entry);
	*ret = LK_STEAL(o);
	return 0;
}
