/* SPDX-License-Identifier: MIT */
/*
 * The ways in that need no approval at this moment: the one of a short time ago counts again. Policy judges as if it were
 * the first time, and the provider is asked about the account; whoever they do not let in by this way has to approve.
 */
#include "helper/login/attempt_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "helper/login/authentication.h"
#include "helper/login/known_account.h"
#include "helper/login/remember.h"
#include "helper/protocol/names.h"

#define DETAIL_MAX (OFFLINE_DETAIL_MAX + 64u)

/* What this caller shows again, as good as any for @account. Return: false, nothing. */
static bool find_proof(const struct attempt *a, const struct account *account, struct proof *ret)
{
	if (a->key.kind != PROOF_NONE) {
		*ret = a->key;
		return true;
	}
	return a->has_session && proof_of_session(ret, &a->session, account->uid) == 0;
}

static uint32_t remember_s(const struct attempt *a)
{
	const struct access_policy *policy = access_policy_for(a->ctx->access, a->service);

	return policy != NULL ? policy->remember_s : 0;
}

void attempt_remember(struct attempt *a, const struct account *account)
{
	struct audit_event e;
	struct proof proof;

	if (remember_s(a) == 0 || !find_proof(a, account, &proof))
		return;
	remember_put(a->ctx->approvals, account->name, account->uid, a->service, &proof, remember_s(a));
	e = attempt_event(a, LOG_INFO, "remembered", proof.text);
	e.kind = AUDIT_APPROVAL;
	e.uid = account->uid;
	audit_write(&e);
}

static bool differs_from_seen(const struct attempt *a, const struct account *account)
{
	return a->has_seen && (a->seen_uid != account->uid || a->seen_gid != account->gid ||
			       strcmp(a->seen_home, account->home) != 0 || strcmp(a->seen_shell, account->shell) != 0);
}

/* Found anew: while the provider was asked, an administrator may have forgotten the account, or its facts may have changed. */
void attempt_admit_known(struct attempt *a, const struct account *before, enum offline_basis basis, const char *how)
{
	LK_CLEANUP(account_freep) struct account *account = NULL;
	char why[AUTHENTICATION_DETAIL_MAX];
	struct audit_event granted;
	const char *detail = NULL;
	const char *reason;
	int r = known_account_find(a->ctx, a->user, &account);

	if (r < 0 || account->uid != before->uid || strcmp(account->issuer, before->issuer) != 0 ||
	    account->subject == NULL || strcmp(account->subject, before->subject) != 0) {
		attempt_refuse(a, r == 0 || r == -ENOENT ? REASON_NOT_ALLOWED : REASON_NO_STORE,
			       "the account is not what it was a moment ago");
		return;
	}
	reason = known_account_judge(a->ctx, account, a->service, &detail);
	if (reason == NULL && !a->has_approved && a->service_account == NULL) {
		reason = authentication_stored_refusal(a->ctx->store, account,
						       access_policy_for(a->ctx->access, a->service), why);
		detail = why;
	}
	if (reason == NULL && differs_from_seen(a, account)) {
		reason = REASON_CONNECT_AGAIN;
		detail = "the caller holds an older answer of NSS";
	}
	if (reason != NULL) {
		attempt_refuse(a, reason, detail);
		return;
	}
	a->is_known = true;
	granted = attempt_event(a, LOG_INFO, "granted", how);
	granted.uid = account->uid;
	offline_note_use(basis, &granted);
	attempt_grant(a, account, how);
}

static void on_rechecked(void *userdata, const struct recheck_result *result)
{
	LK_CLEANUP(account_freep) struct account *account = NULL;
	struct attempt *a = userdata;
	struct proof proof = {.kind = PROOF_NONE};
	enum offline_basis basis = OFFLINE_NO;
	char offline[OFFLINE_DETAIL_MAX] = "";
	char how[DETAIL_MAX];

	if (known_account_find(a->ctx, a->user, &account) == 0)
		(void)find_proof(a, account, &proof);
	switch (result->outcome) {
	case RECHECK_GOOD:
		break;
	case RECHECK_REFUSED:
		if (account != NULL)
			(void)remember_drop(a->ctx->approvals, account->uid);
		account_free(LK_STEAL(account));
		break;
	case RECHECK_UNREACHABLE:
		if (account != NULL)
			basis = offline_basis(a->ctx, account, access_policy_for(a->ctx->access, a->service), offline);
		if (basis == OFFLINE_NO)
			account_free(LK_STEAL(account));
		break;
	case RECHECK_NO_TOKEN:
	case RECHECK_FAILED:
		account_free(LK_STEAL(account));
		break;
	}
	/* It may have been revoked while the provider was asked. */
	if (account == NULL ||
	    !remember_has(a->ctx->approvals, account->name, account->uid, a->service, &proof, remember_s(a))) {
		attempt_approve(a);
		return;
	}
	(void)snprintf(how, sizeof(how), "approved before, with the same %s%s%s",
		       proof.kind == PROOF_KEY ? "key" : "session", offline[0] != '\0' ? "; " : "", offline);
	attempt_admit_known(a, account, basis, how);
}

bool attempt_try_remembered(struct attempt *a)
{
	LK_CLEANUP(account_freep) struct account *account = NULL;
	const struct access_policy *policy = access_policy_for(a->ctx->access, a->service);
	char why[AUTHENTICATION_DETAIL_MAX];
	const char *detail = NULL;
	struct proof proof;

	if (remember_s(a) == 0 || known_account_find(a->ctx, a->user, &account) < 0 ||
	    known_account_judge(a->ctx, account, a->service, &detail) != NULL ||
	    authentication_stored_refusal(a->ctx->store, account, policy, why) != NULL ||
	    !find_proof(a, account, &proof) ||
	    !remember_find(a->ctx->approvals, account->name, account->uid, a->service, &proof, remember_s(a)))
		return false;
	return recheck_start(&a->recheck, a->ctx, account, policy->recheck_s, on_rechecked, a) >= 0;
}
