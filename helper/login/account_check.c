/* SPDX-License-Identifier: MIT */
/*
 * Judges a session that is about to begin by what the store and root's configuration say at this moment. Never asks the
 * network; never lets a forgotten account or one outside policy in.
 */
#include "helper/login/account_check.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/login/audit.h"
#include "helper/login/refusal.h"
#include "helper/protocol/names.h"

static bool sign_in_is_recent(const struct account *account, const struct access_policy *policy)
{
	int64_t age_s = clock_realtime_s() - account->last_sign_in_s;

	/* A clock that was set back makes the age negative: that proves nothing. */
	return account->last_sign_in_s > 0 && policy->sign_in_age_s > 0 && age_s >= 0 &&
	       age_s <= (int64_t)policy->sign_in_age_s;
}

static const char *judge(struct login_context *ctx, const struct account_check_request *request,
			 const struct account *account, const char **ret_detail)
{
	LK_CLEANUP(json_object_putp) struct json_object *facts = NULL;
	LK_CLEANUP(text_free_listp) char **groups = NULL;
	const struct access_policy *policy = access_policy_for(ctx->access, request->service);
	const struct login_provider *lp = login_provider_for(ctx, account->name);
	struct access_person person = {.name = account->name, .subject = account->subject};

	/* By the issuer: the name of a section may be another provider's by now. */
	if (lp == NULL) {
		*ret_detail = "the account's provider is not configured any more";
		return REASON_NOT_ALLOWED;
	}
	person.provider = provider_settings(lp->provider)->name;
	if (account->state != ACCOUNT_ACTIVE) {
		*ret_detail = account->state == ACCOUNT_EXPECTED ? "whoever it is kept for has not signed in yet"
								 : "the account was forgotten";
		return REASON_NOT_ALLOWED;
	}
	if (policy == NULL) {
		*ret_detail = "no access section lets anybody in";
		return REASON_NOT_ALLOWED;
	}
	if (json_parse(&facts, account->facts, strlen(account->facts)) < 0 ||
	    access_person_from_facts(&person, facts, &groups) < 0) {
		*ret_detail = "the stored facts cannot be read";
		return REASON_NO_STORE;
	}
	if (!access_allows(policy, &person)) {
		*ret_detail = "no grant of the access section fits";
		return REASON_NOT_ALLOWED;
	}
	if (!request->is_signed_in && !sign_in_is_recent(account, policy)) {
		*ret_detail = "no sign-in within sign_in_age";
		return REASON_NOT_ALLOWED;
	}
	return NULL;
}

/* A name that NSS may have answered for before its first sign-in. Whoever proved a key or an SSH certificate for it has not
 * proved to be anybody: it must not pass on to the next PAM module. */
static bool could_be_ours(struct login_context *ctx, const char *name)
{
	return access_name_is_possible(ctx->access, name) && accounts_name_is_possible(ctx->accounts, name) != 0 &&
	       login_provider_for(ctx, name) != NULL;
}

const char *account_check(struct login_context *ctx, const struct account_check_request *request)
{
	LK_CLEANUP(account_freep) struct account *account = NULL;
	const char *detail = NULL;
	const char *reason;
	int r;

	/* "Not ours" hands on to the next PAM module, so it must be known and not guessed. */
	r = localdb_refresh(ctx->local);
	if (r < 0) {
		r = -EIO;
	} else {
		r = accounts_find_local(ctx->accounts, request->user, &account);
		if (r == -ENOENT && localdb_has_user(ctx->local, request->user))
			return "";
		if (r == -ENOENT)
			r = store_find_name(ctx->store, request->user, &account);
		if (r == -ENOENT && !could_be_ours(ctx, request->user))
			return "";
	}
	if (r == -ENOENT) {
		reason = REASON_NOT_ALLOWED;
		detail = "nobody of this name has signed in yet";
	} else if (r < 0) {
		reason = REASON_NO_STORE;
		detail = strerror(-r);
	} else {
		reason = judge(ctx, request, account, &detail);
	}

	struct audit_event e = {
		.kind = AUDIT_ACCOUNT,
		.priority = LOG_INFO,
		.reference = request->reference,
		.result = reason == NULL ? "granted" : reason,
		.user = account != NULL ? account->name : NULL,
		.service = request->service,
		.source = request->source,
		.provider = account != NULL ? account->provider : NULL,
		.uid = account != NULL ? account->uid : 0,
		.detail = detail,
	};
	if (reason == NULL && audit_admit(&e) == 0)
		return NULL;
	if (reason == NULL) {
		reason = REASON_NO_STORE;
		e.detail = "the audit file, which is required, cannot be written";
	}
	e.priority = LOG_NOTICE;
	e.result = reason;
	audit_write(&e);
	return reason;
}
