/* SPDX-License-Identifier: MIT */
/*
 * Ends a grant. What is here is of no use any more before the provider hears of it, and waits in the store until it has: if this
 * host stops in between, the grant ends after the next start, and nobody gets anything by it before.
 */
#include "helper/login/sign_out_internal.h"

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

#define AGAIN_S 60u

struct sign_out {
	LIST_ENTRY(sign_out) entry;
	int64_t id; /* of what waits in the store */
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

int sign_outs_new(struct sign_outs **ret, struct login_context *ctx)
{
	struct sign_outs *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -ENOMEM;
	s->ctx = ctx;
	LIST_INIT(&s->list);
	if (sign_out_backlog_wake(s, 0) < 0) {
		free(s);
		return -ENOMEM;
	}
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
	sign_out_backlog_done(s);
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

bool sign_out_is_under_way(const struct sign_outs *s, int64_t id)
{
	const struct sign_out *o;

	LIST_FOREACH(o, &s->list, entry)
	if (o->id == id)
		return true;
	return false;
}

void sign_out_audit(const char *result, const char *name, const char *provider, const char *subject, uint32_t uid,
		    const char *detail)
{
	bool is_told = strcmp(result, "delayed") != 0 && strcmp(result, "failed") != 0;

	audit_write(&(struct audit_event){
		.kind = AUDIT_REVOCATION,
		.priority = is_told ? LOG_NOTICE : LOG_WARNING,
		.result = result,
		.user = name,
		.provider = provider,
		.subject = subject,
		.uid = uid,
		.detail = detail,
	});
}

static void audit(const struct sign_out *o, enum sign_out_outcome outcome, const char *detail)
{
	static const char *const words[] = {
		[SIGN_OUT_REVOKED] = "done",
		[SIGN_OUT_NOTHING] = "nothing",
		[SIGN_OUT_NOT_SUPPORTED] = "not-supported",
		[SIGN_OUT_DELAYED] = "delayed",
	};

	sign_out_audit(words[outcome], o->name, provider_settings(o->lp->provider)->name, o->subject, o->uid, detail);
}

/* What the provider has heard of, or never can, need not wait any more. */
static void settle(const struct sign_out *o, enum sign_out_outcome outcome, uint32_t retry_after_s)
{
	struct sign_outs *s = o->all;
	int r = 0;

	if (outcome != SIGN_OUT_DELAYED)
		r = store_drop_revocation(s->ctx->store, o->id);
	if (r < 0)
		log_line(LOG_WARNING, "the provider hears of the end of %s's grant once more: %s", o->name,
			 strerror(-r));
	if ((outcome == SIGN_OUT_DELAYED || r < 0) &&
	    sign_out_backlog_wake(s, retry_after_s > AGAIN_S ? retry_after_s : AGAIN_S) < 0)
		log_line(LOG_ERR, "revocations have to wait for a restart: out of memory");
}

static void finish_until(struct sign_out *o, enum sign_out_outcome outcome, const char *detail, uint32_t retry_after_s)
{
	audit(o, outcome, detail);
	settle(o, outcome, retry_after_s);
	if (o->done != NULL)
		o->done(o->userdata, outcome);
	LIST_REMOVE(o, entry);
	sign_out_free(o);
}

static void finish(struct sign_out *o, enum sign_out_outcome outcome, const char *detail)
{
	finish_until(o, outcome, detail, 0);
}

static void on_revoked(void *userdata, enum revoke_outcome outcome, const struct oauth_result *result,
		       uint32_t retry_after_s)
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
		finish_until(o, SIGN_OUT_DELAYED, result->detail, retry_after_s);
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
		finish(o, SIGN_OUT_DELAYED, result->detail);
		return;
	}
	r = revoke_start(&o->revoke, o->lp->provider, ctx->event, ctx->fetch, o->tokens->refresh_token,
			 o->tokens->access_token, on_revoked, o);
	if (r == -ENOSYS)
		finish(o, SIGN_OUT_NOT_SUPPORTED, "the provider has no revocation endpoint");
	else if (r < 0)
		finish(o, SIGN_OUT_DELAYED, strerror(-r));
}

/* What waits now. Return: 0, 1 it cannot be opened, and waits for its key; negative errno. */
static int take_waiting(struct sign_out *o, int64_t id)
{
	struct revocation waiting;
	int r = store_find_revocation(o->all->ctx->store, id, &waiting);

	if (r < 0)
		return r == -ENOENT ? 1 : r;
	o->id = id;
	o->tokens = LK_STEAL(waiting.tokens);
	revocation_done(&waiting);
	return o->tokens != NULL ? 0 : 1;
}

int sign_out_start(struct sign_out **ret, struct sign_outs *s, const struct account *account, sign_out_done_fn done,
		   void *userdata, enum sign_out_outcome *ret_now)
{
	LK_CLEANUP(sign_out_freep) struct sign_out *o = calloc(1, sizeof(*o));
	int64_t id = 0;
	int r;

	if (o == NULL || (o->name = strdup(account->name)) == NULL ||
	    (o->subject = strdup(account->subject != NULL ? account->subject : "")) == NULL)
		return -ENOMEM;
	o->all = s;
	o->lp = login_provider_of_issuer(s->ctx, account->issuer);
	o->uid = account->uid;
	o->done = done;
	o->userdata = userdata;
	r = account->subject != NULL ? recheck_forget(s->ctx, account, &id) : 0;
	if (r < 0)
		return r;
	(void)remember_drop(s->ctx->approvals, account->uid);
	*ret_now = SIGN_OUT_NOTHING;
	r = id != 0 ? take_waiting(o, id) : 1;
	if (r != 0 || o->lp == NULL)
		return r != 0 ? r : 1;
	if (provider_prepare(o->lp->provider, on_prepared, o, &o->prepare) < 0) {
		*ret_now = SIGN_OUT_DELAYED;
		audit(o, SIGN_OUT_DELAYED, "out of memory");
		settle(o, SIGN_OUT_DELAYED, 0);
		return 1;
	}
	LIST_INSERT_HEAD(&s->list, o, entry);
	*ret = LK_STEAL(o);
	return 0;
}
