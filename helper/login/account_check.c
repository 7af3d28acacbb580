/* SPDX-License-Identifier: MIT */
/*
 * Judges a session that is about to begin: by what the store and root's configuration say at this moment, and by what the
 * provider says now of somebody who comes without a sign-in. Success is given in one place, admit(). Never lets a
 * forgotten account in, or one outside policy, or one of which the provider has said no.
 */
#include "helper/login/account_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "helper/base/clock.h"
#include "helper/base/text.h"
#include "helper/login/audit.h"
#include "helper/login/authentication.h"
#include "helper/login/known_account.h"
#include "helper/login/offline.h"
#include "helper/login/recheck.h"
#include "helper/login/service_account.h"
#include "helper/login/standing.h"
#include "helper/protocol/names.h"

#define ROBOT_RECHECK_S 300u /* where no [access] section says how old the provider's yes may be */

struct account_check {
	struct login_context *ctx;
	account_check_done_fn done;
	void *userdata;

	char *user;
	char *reference;
	char *service;
	char *source;
	bool is_signed_in;

	struct account *account;
	const struct service_account *robot; /* NULL: a person */
	struct recheck *recheck;
	sd_event_source *deadline;
	char cause[REFERENCE_LEN + 1]; /* of the provider's answer */
};

void account_check_free(struct account_check *c)
{
	if (c == NULL)
		return;
	recheck_free(c->recheck);
	sd_event_source_disable_unref(c->deadline);
	account_free(c->account);
	free(c->user);
	free(c->reference);
	free(c->service);
	free(c->source);
	free(c);
}

static const struct login_provider *provider_of(const struct account_check *c)
{
	return c->account != NULL ? login_provider_for(c->ctx, c->account->name) : NULL;
}

static struct audit_event event_of(const struct account_check *c, int priority, const char *result, const char *detail)
{
	return (struct audit_event){
		.kind = AUDIT_ACCOUNT,
		.priority = priority,
		.result = result,
		.user = c->account != NULL ? c->account->name : NULL,
		.reference = c->reference,
		.cause = c->cause,
		.service = c->service,
		.source = c->source,
		.provider = c->account != NULL ? c->account->provider : NULL,
		.uid = c->account != NULL ? c->account->uid : 0,
		.detail = detail,
	};
}

static void stop_waiting(struct account_check *c)
{
	recheck_free(LK_STEAL(c->recheck));
	c->deadline = sd_event_source_disable_unref(c->deadline);
}

static void refuse(struct account_check *c, const char *reason, const char *detail)
{
	const struct login_provider *lp = provider_of(c);
	const struct account_check_answer answer = {.reason = reason, .provider = lp != NULL ? lp->title : NULL};
	const struct audit_event e = event_of(c, LOG_NOTICE, reason, detail);

	audit_write(&e); /* the detail may be the recheck's */
	stop_waiting(c);
	c->done(c->userdata, &answer);
}

static void step_aside(struct account_check *c)
{
	const struct account_check_answer answer = {.reason = ""};

	c->done(c->userdata, &answer);
}

/* The one place where a session may begin. */
static void admit(struct account_check *c, enum offline_basis basis, const char *detail)
{
	const struct account_check_answer answer = {.reason = NULL};
	const struct audit_event e = event_of(c, LOG_INFO, "granted", detail);

	offline_note_use(basis, &e);
	if (audit_admit(&e) < 0) {
		refuse(c, REASON_NO_STORE, "the audit file, which is required, cannot be written");
		return;
	}
	stop_waiting(c);
	c->done(c->userdata, &answer);
}

/* A sign-in that was taken back, since its caller had to connect again, counts as none. A clock that was set back makes the
 * age negative: that proves nothing. */
static bool sign_in_is_recent(const struct account *account, const struct access_policy *policy)
{
	int64_t age_s = clock_realtime_s() - account->last_sign_in_s;

	if (account->last_sign_in_s <= 0)
		return false;
	if (policy->sign_in_age_s == ACCESS_ANY_AGE)
		return true;
	return policy->sign_in_age_s > 0 && age_s >= 0 && age_s <= (int64_t)policy->sign_in_age_s;
}

/* A name that NSS may have answered for before its first sign-in. Whoever proved a key or an SSH certificate for it has not
 * proved to be anybody: it must not pass on to the next PAM module. */
static bool could_be_ours(struct login_context *ctx, const char *name)
{
	return access_name_is_possible(ctx->access, name) && accounts_name_is_possible(ctx->accounts, name) != 0 &&
	       login_provider_for(ctx, name) != NULL;
}

/* "Not ours" hands on to the next PAM module, so it must be known and not guessed. Return: is the account there. */
static bool find(struct account_check *c)
{
	int r;

	r = known_account_find(c->ctx, c->user, &c->account);
	if (r == -ENOENT && c->robot != NULL)
		refuse(c, REASON_NOT_ALLOWED, "the service account is not there; this helper said why when it started");
	else if (r == -ENOENT && (localdb_has_user(c->ctx->local, c->user) || !could_be_ours(c->ctx, c->user)))
		step_aside(c);
	else if (r == -ENOENT)
		refuse(c, REASON_NOT_ALLOWED, "nobody of this name has signed in yet");
	else if (r < 0)
		refuse(c, REASON_NO_STORE, strerror(-r));
	return r == 0;
}

/* By what the store and root's configuration say now, which is the provider's last word as well. */
static void decide(struct account_check *c, enum offline_basis basis, const char *granted_detail)
{
	const char *detail = NULL;
	const char *reason = known_account_judge(c->ctx, c->account, c->service, &detail);

	if (reason != NULL)
		refuse(c, reason, detail);
	else
		admit(c, basis, granted_detail);
}

/* An administrator may have forgotten it meanwhile, and let somebody else have the name. */
static void decide_again(struct account_check *c, enum offline_basis basis, const char *detail)
{
	LK_CLEANUP(account_freep) struct account *before = LK_STEAL(c->account);

	if (!find(c))
		return;
	if (before->uid != c->account->uid || strcmp(before->issuer, c->account->issuer) != 0 ||
	    strcmp(before->subject, c->account->subject) != 0)
		refuse(c, REASON_NOT_ALLOWED, "the account is another one than a moment ago");
	else
		decide(c, basis, detail);
}

/* Nothing stands in for the provider's word here: no older one, no break-glass, no "unchecked". */
static void decide_robot(struct account_check *c, const struct recheck_result *result)
{
	switch (result->outcome) {
	case RECHECK_GOOD:
		decide_again(c, OFFLINE_NO, NULL);
		return;
	case RECHECK_REFUSED:
	case RECHECK_NO_TOKEN:
		refuse(c, REASON_REFUSED, result->detail);
		return;
	case RECHECK_UNREACHABLE:
		refuse(c, REASON_UNAVAILABLE, result->detail);
		return;
	case RECHECK_FAILED:
		break;
	}
	refuse(c, REASON_NO_STORE, result->detail);
}

static void on_recheck(void *userdata, const struct recheck_result *result)
{
	struct account_check *c = userdata;
	const struct access_policy *policy = access_policy_for(c->ctx->access, c->service);
	enum offline_basis basis;
	char why[OFFLINE_DETAIL_MAX];

	memcpy(c->cause, result->reference, sizeof(c->cause));
	if (c->robot != NULL) {
		decide_robot(c, result);
		return;
	}
	switch (result->outcome) {
	case RECHECK_GOOD:
		decide_again(c, OFFLINE_NO, NULL);
		return;
	case RECHECK_REFUSED:
		refuse(c, REASON_REFUSED, result->detail);
		return;
	case RECHECK_NO_TOKEN:
		if (policy->unchecked)
			decide_again(c, OFFLINE_NO, "unchecked: there is nothing to ask the provider with");
		else if (offline_has_break_glass(c->ctx, c->account, why))
			decide_again(c, OFFLINE_BREAK_GLASS, why);
		else
			refuse(c, REASON_SIGN_IN_NEEDED, result->detail);
		return;
	case RECHECK_UNREACHABLE:
		basis = offline_basis(c->ctx, c->account, policy, why);
		if (basis == OFFLINE_NO)
			refuse(c, REASON_UNAVAILABLE, result->detail);
		else
			decide_again(c, basis, why);
		return;
	case RECHECK_FAILED:
		break;
	}
	refuse(c, REASON_NO_STORE, result->detail);
}

/* Neither a yes nor a no. The request goes on without us, and whoever comes next may find its answer. */
static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct account_check *c = userdata;
	struct recheck_result late = {.outcome = RECHECK_UNREACHABLE, .detail = "no answer within ten seconds"};
	struct standing_view standing;

	(void)source;
	(void)usec;
	if (standing_read(c->ctx, c->account, &standing) == 0 && standing.state == STANDING_GOOD)
		late.good_s = standing.checked_s;
	on_recheck(c, &late);
	return 0;
}

/* Somebody who has just signed in: what the provider said then is its last word, unless it took that back since. */
static void decide_signed_in(struct account_check *c)
{
	struct standing_view standing;

	if (standing_read(c->ctx, c->account, &standing) < 0)
		refuse(c, REASON_NO_STORE, "what the provider said last cannot be read");
	else if (standing.state == STANDING_REFUSED)
		refuse(c, REASON_REFUSED, standing.reason);
	else
		decide(c, OFFLINE_NO, NULL);
}

/* A key, or a sudo that remembers, proves nothing of how somebody signed in at the provider. Return: was it refused. */
static bool is_too_weak(struct account_check *c, const struct access_policy *policy)
{
	char detail[AUTHENTICATION_DETAIL_MAX];
	const char *reason = authentication_stored_refusal(c->ctx->store, c->account, policy, detail);

	if (reason != NULL)
		refuse(c, reason, detail);
	return reason != NULL;
}

static void start_recheck(struct account_check *c, uint32_t max_age_s)
{
	int r = recheck_start(&c->recheck, c->ctx, c->account, max_age_s, on_recheck, c);

	if (r == 0)
		r = sd_event_add_time_relative(c->ctx->event, &c->deadline, CLOCK_BOOTTIME,
					       ACCOUNT_CHECK_MS * UINT64_C(1000), 0, on_deadline, c);
	if (r < 0)
		refuse(c, REASON_UNAVAILABLE, "out of memory");
}

/* A service account comes without a sign-in: cron, su, a unit. What root's configuration says is looked at first, so that the
 * provider is not asked in vain. */
static void ask_about_robot(struct account_check *c)
{
	const struct access_policy *policy = access_policy_for(c->ctx->access, c->service);
	const char *detail = NULL;
	const char *reason = known_account_judge(c->ctx, c->account, c->service, &detail);

	if (reason != NULL)
		refuse(c, reason, detail);
	else if (!service_account_may_come_from(c->robot, c->source))
		refuse(c, REASON_NOT_ALLOWED, "from of the service account does not name this client");
	else
		start_recheck(c, policy != NULL ? policy->recheck_s : ROBOT_RECHECK_S);
}

/* Also where the stored facts let nobody in: the provider may have put the person into a group since. */
static void ask_provider(struct account_check *c)
{
	const struct access_policy *policy = access_policy_for(c->ctx->access, c->service);

	if (policy == NULL || c->account->state != ACCOUNT_ACTIVE || provider_of(c) == NULL) {
		const char *detail = NULL;
		const char *reason = known_account_judge(c->ctx, c->account, c->service, &detail);

		refuse(c, reason != NULL ? reason : REASON_NOT_ALLOWED, detail);
		return;
	}
	if (!sign_in_is_recent(c->account, policy)) {
		refuse(c, REASON_SIGN_IN_NEEDED,
		       c->account->last_sign_in_s > 0 ? "no sign-in within sign_in_age" : "nobody has signed in to it");
		return;
	}
	if (!is_too_weak(c, policy))
		start_recheck(c, policy->recheck_s);
}

int account_check_start(struct account_check **ret, struct login_context *ctx,
			const struct account_check_request *request, account_check_done_fn done, void *userdata)
{
	LK_CLEANUP(account_check_freep) struct account_check *owned = calloc(1, sizeof(*owned));
	struct account_check *c;

	if (owned == NULL)
		return -ENOMEM;
	owned->ctx = ctx;
	owned->done = done;
	owned->userdata = userdata;
	owned->is_signed_in = request->is_signed_in;
	if (text_copy(&owned->user, request->user) < 0 || text_copy(&owned->reference, request->reference) < 0 ||
	    text_copy(&owned->service, request->service) < 0 || text_copy(&owned->source, request->source) < 0)
		return -ENOMEM;

	c = LK_STEAL(owned);
	c->robot = service_account_find(ctx, c->user);
	*ret = c;
	if (!find(c))
		return 0;
	if (c->is_signed_in)
		decide_signed_in(c);
	else if (c->robot != NULL)
		ask_about_robot(c);
	else
		ask_provider(c);
	return 0;
}
