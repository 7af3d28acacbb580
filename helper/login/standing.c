/* SPDX-License-Identifier: MIT */
/*
 * The provider's last word, from the store and, for a no that the store could not take, from memory. Must never let a no be
 * forgotten because a disk was full, nor take an old yes for one of now because a clock was set back.
 */
#include "helper/login/standing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "helper/base/clock.h"
#include "helper/login/audit.h"
#include "helper/login/expel.h"
#include "helper/login/log.h"
#include "helper/login/recheck_internal.h"
#include "helper/login/recheck_job.h"
#include "helper/login/remember.h"
#include "helper/vault/store_tokens.h"

/* The no, and nothing to ask with any more: both or neither. */
static int store_refusal(struct login_context *ctx, const struct account *account, const char *why)
{
	struct standing st = {.state = STANDING_REFUSED, .checked_s = clock_realtime_s()};
	struct row_owner owner = account_owner(account);
	int r;

	(void)snprintf(st.reason, sizeof(st.reason), "%s", why);
	r = store_batch_begin(ctx->store);
	if (r < 0)
		return r;
	r = store_note_standing(ctx->store, &owner, &st);
	if (r == 0)
		r = store_drop_tokens(ctx->store, account->uid);
	return store_batch_end(ctx->store, r);
}

int standing_read(struct login_context *ctx, const struct account *account, struct standing_view *ret)
{
	struct recheck_person *p = recheck_person_find(ctx->rechecks, account);
	struct row_owner owner = account_owner(account);
	int64_t now_s = clock_realtime_s();
	struct standing st = {.state = STANDING_UNKNOWN};
	int r;

	*ret = (struct standing_view){.age_s = INT64_MAX};
	if (p != NULL && p->unstored_refusal != NULL && store_refusal(ctx, account, p->unstored_refusal) == 0)
		free(LK_STEAL(p->unstored_refusal));
	if (p != NULL && p->unstored_refusal != NULL) {
		ret->state = STANDING_REFUSED;
		ret->checked_s = now_s;
		ret->age_s = 0;
		(void)snprintf(ret->reason, sizeof(ret->reason), "%s", p->unstored_refusal);
		return 0;
	}
	r = store_find_standing(ctx->store, &owner, &st);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	ret->state = st.state;
	ret->checked_s = st.checked_s;
	memcpy(ret->reason, st.reason, sizeof(ret->reason));
	if (st.checked_s > 0 && st.checked_s <= now_s)
		ret->age_s = now_s - st.checked_s;
	return 0;
}

int standing_refuse(struct login_context *ctx, const struct account *account, const char *why)
{
	struct recheck_person *p = recheck_person_get(ctx->rechecks, account);
	struct row_owner owner = account_owner(account);
	bool had_tokens = store_check_lock(ctx->store, &owner) != -ENOENT;
	const struct audit_event event = {
		.kind = AUDIT_REVOCATION,
		.priority = LOG_NOTICE,
		.result = "refused",
		.user = account->name,
		.reference = p != NULL && p->job != NULL ? p->job->reference : NULL,
		.provider = account->provider,
		.subject = account->subject,
		.uid = account->uid,
		.detail = why,
	};
	int r = store_refusal(ctx, account, why);

	/* Where none was kept, it is in memory alone: a service account's, which would outlive the refusal. */
	if (p != NULL && r == 0 && !had_tokens)
		recheck_revoke_later(ctx, account, NULL, p->access_token, NULL);
	if (p != NULL) {
		recheck_person_reset(p);
		if (r < 0)
			p->unstored_refusal = strdup(why);
	}
	if (ctx->approvals != NULL)
		(void)remember_drop(ctx->approvals, account->uid);
	audit_write(&event);
	if (expel_person(ctx, account, clock_realtime_s(), why) < 0)
		log_line(LOG_ERR, "the sessions of %s are not ended before a restart: out of memory", account->name);
	if (r < 0)
		log_line(LOG_ERR, "the provider's no about %s could not be stored and holds until a restart: %s",
			 account->name, strerror(-r));
	return r;
}
