/* SPDX-License-Identifier: MIT */
/*
 * A sign-in by an interactive flow: may this caller start, provider ready, challenge, and then the judge's decision (judge.c). An
 * attempt that is freed leaves nothing behind.
 */
#include "helper/login/attempt_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "helper/accounts/name.h"
#include "helper/base/clock.h"
#include "helper/base/text.h"
#include "helper/login/pins.h"
#include "helper/login/refusal.h"
#include "helper/login/service_account.h"
#include "helper/login/way.h"
#include "helper/protocol/names.h"

#define LATE_S 30u /* in which an answer that comes too late is still told so */

/* As long as any attempt may last, and more than a promise that is made meanwhile: where there are too many, the one that ends
 * first gives way, and a stranger's lookup must not take the number of somebody who is approving. */
#define RESERVE_MS (LOGIN_PROMISE_MS + 15u * 60u * 1000u)

struct audit_event attempt_event(const struct attempt *a, int priority, const char *result, const char *detail)
{
	const struct judge_finding nothing = {0};
	const struct judge_finding *found = a->judge != NULL ? judge_finding(a->judge) : &nothing;

	return (struct audit_event){
		.kind = AUDIT_SIGN_IN,
		.priority = priority,
		.result = result,
		.user = a->is_known || found->is_proved ? a->user : NULL,
		.reference = a->reference,
		.service = a->service,
		.source = a->source,
		.provider = a->lp != NULL ? provider_settings(a->lp->provider)->name : NULL,
		.subject = found->subject,
		.uid = found->account != NULL ? found->account->uid : 0,
		.detail = detail,
	};
}

static void log_end(struct attempt *a, int priority, const char *result, const char *detail)
{
	const struct audit_event e = attempt_event(a, priority, result, detail);

	a->has_ended = true;
	audit_write(&e);
}

void attempt_free(struct attempt *a)
{
	if (a == NULL)
		return;

	/* D1: whoever had a code and then left, as a phisher who was noticed does, leaves a trace. */
	if ((a->is_reserved || a->is_local || a->service_account != NULL) && !a->has_ended)
		log_end(a, LOG_INFO, "cancelled", "its connection ended before");
	newcomer_free(a->newcomer);
	provider_wait_cancel(a->prepare);
	flow_free(a->flow);
	judge_free(a->judge);
	account_free(a->person);
	recheck_free(a->recheck);
	pins_cancel(a->pin_job);
	presented_free(a->presented);
	presented_parts_done(&a->parts);
	account_free(a->pin_account);
	secret_free(a->new_pin);
	if (a->is_reserved)
		accounts_release(a->ctx->accounts, a->user);
	a->ctx->pending--;
	free(a->reference);
	free(a->user);
	free(a->service);
	free(a->source);
	free(a->seen_home);
	free(a->seen_shell);
	free(a);
}

void attempt_refuse(struct attempt *a, const char *reason, const char *detail)
{
	bool is_fault = strcmp(reason, REASON_CONFIGURATION) == 0 || strcmp(reason, REASON_NO_STORE) == 0 ||
			strcmp(reason, REASON_TOKEN_INVALID) == 0 || strcmp(reason, REASON_PROVIDER_ERROR) == 0;

	log_end(a, is_fault ? LOG_WARNING : LOG_NOTICE, reason, detail);
	if (a->is_asked)
		a->late_reason = reason; /* whoever is typing hears of it with the answer */
	else
		a->events.refused(a->userdata, reason);
}

void attempt_grant(struct attempt *a, const struct account *account, const char *detail)
{
	struct audit_event e = attempt_event(a, LOG_INFO, "granted", detail);

	e.uid = account->uid;
	if (audit_admit(&e) < 0) {
		attempt_refuse(a, REASON_NO_STORE, "the audit file, which is required, cannot be written");
		return;
	}
	a->has_ended = true;
	if (a->has_approved)
		attempt_remember(a, account);
	a->events.granted(a->userdata, account);
}

static void on_granted(void *userdata, const struct account *account)
{
	struct attempt *a = userdata;

	a->has_approved = true;
	if (!attempt_offer_pin(a, account))
		attempt_grant(a, account, NULL);
}

static void on_refused(void *userdata, const char *reason, const char *detail)
{
	attempt_refuse(userdata, reason, detail);
}

static const struct judge_events judge_events = {.granted = on_granted, .refused = on_refused};

/* What a provider sends that is none, such as the page of a captive portal, is no answer either. */
static void end_unapproved(struct attempt *a, const struct oauth_result *result)
{
	bool is_unreachable = result->outcome == OAUTH_UNREACHABLE || result->outcome == OAUTH_BAD_REPLY;

	if (!is_unreachable || !attempt_try_pin(a))
		attempt_refuse(a, refusal_of_oauth(result->outcome), result->detail);
}

static void on_tokens(void *userdata, const struct oauth_result *result, struct token_set *tokens)
{
	struct attempt *a = userdata;
	const struct judge_request request = {
		.lp = a->lp,
		.user = a->user,
		.service = a->service,
		.is_local = a->is_local,
		.is_known = a->is_known,
		.begun_ms = a->begun_ms,
		.has_seen = a->has_seen,
		.seen_uid = a->seen_uid,
		.seen_gid = a->seen_gid,
		.seen_home = a->seen_home,
		.seen_shell = a->seen_shell,
	};

	way_ended(a->ctx, a->method, a->person, a->has_challenge, result->outcome);
	if (result->outcome != OAUTH_DONE || tokens == NULL) {
		token_set_free(tokens);
		end_unapproved(a, result);
		return;
	}
	newcomer_free(LK_STEAL(a->newcomer)); /* the judge asks for itself, and shares the answer */
	if (judge_start(&a->judge, a->ctx, &request, tokens, &judge_events, a) < 0)
		attempt_refuse(a, REASON_UNAVAILABLE, "out of memory");
}

static void on_challenge(void *userdata, const struct flow_challenge *challenge)
{
	struct attempt *a = userdata;
	bool is_ciba = challenge->method == FLOW_CIBA;
	struct audit_event e = attempt_event(a, LOG_INFO, is_ciba ? "request-sent" : "code-shown", NULL);

	a->has_challenge = true;
	way_told(a->ctx, a->person, challenge);
	e.kind = AUDIT_ATTEMPT;
	audit_write(&e);
	a->events.challenge(a->userdata, challenge, a->lp->title);
}

static void on_question(void *userdata, const struct flow_question *question)
{
	struct attempt *a = userdata;
	const struct login_prompt prompt = {
		.kind = PROMPT_SIGN_IN,
		.text = question->text,
		.echo = question->echo,
		.timeout_s = question->timeout_s + LATE_S,
	};

	a->asked = PROMPT_SIGN_IN;
	a->is_asked = true;
	a->events.prompt(a->userdata, &prompt);
}

static const struct flow_events flow_events = {.challenge = on_challenge, .ask = on_question, .done = on_tokens};

static void on_prepared(void *userdata, const struct oauth_result *result)
{
	struct attempt *a = userdata;
	struct way_refusal refusal = {REASON_CONFIGURATION, NULL};
	struct way_request request;
	int r;

	a->prepare = NULL;
	if (result->outcome != OAUTH_DONE) {
		end_unapproved(a, result);
		return;
	}

	request = (struct way_request){
		.policy = access_policy_for(a->ctx->access, a->service),
		.lp = a->lp,
		.account = a->person,
		.has_screen = a->has_screen,
		.answers = a->answers,
	};
	a->begun_ms = clock_monotonic_ms();
	r = way_start(&a->flow, &a->method, a->ctx, &request, &flow_events, a, &refusal);
	if (r < 0)
		attempt_refuse(a, REASON_UNAVAILABLE, "out of memory");
	else if (r > 0)
		attempt_refuse(a, refusal.reason, refusal.detail);
}

/* Before anybody has to approve. Whether other sources can be asked at all counts only when it matters, for the judge. */
static void on_newcomer(void *userdata, const struct newcomer_result *result)
{
	struct attempt *a = userdata;
	const char *reason = result->reason, *detail = result->detail;

	if (result->outcome == SOURCES_NOBODY && result->has_avoided && a->has_seen) {
		reason = REASON_CONNECT_AGAIN;
		detail = "the number that the caller holds is somebody's in another source of NSS";
	}
	if (result->outcome == SOURCES_UNKNOWN || reason == NULL || a->has_ended)
		return;
	provider_wait_cancel(LK_STEAL(a->prepare));
	flow_free(LK_STEAL(a->flow));
	attempt_refuse(a, reason, detail);
}

/* While the person approves. Return: false, and it was refused. */
static bool ask_others(struct attempt *a)
{
	const struct account_person person = {.name = a->user, .issuer = provider_settings(a->lp->provider)->issuer};
	bool with_numbers = a->lp->uid_claim == NULL && a->lp->gid_claim == NULL;

	if (a->is_known)
		return true;
	if (newcomer_start(&a->newcomer, a->ctx, &person, with_numbers, on_newcomer, a) < 0)
		attempt_refuse(a, REASON_UNAVAILABLE, "out of memory");
	return !a->has_ended;
}

/* Where there is no client address, each account has a limit of its own, lest one person's sudo could stop everybody's. */
static int take_code(const struct attempt *a)
{
	char key[2 * NAME_MAX_LEN + 2];

	if (a->source != NULL)
		return limits_take(a->ctx->codes, a->source);
	(void)snprintf(key, sizeof(key), "%s %s", a->user, a->service);
	return limits_take(a->ctx->codes, key);
}

/* Everything that must hold before a stranger can make the provider work. Return: NULL, or the reason of a refusal. */
static const char *check_start(struct attempt *a, const char **ret_detail)
{
	const struct access_policy *policy = access_policy_for(a->ctx->access, a->service);

	if (a->ctx->pending > a->ctx->pending_max) {
		*ret_detail = "too many sign-ins are pending on this host";
		return REASON_TOO_MANY;
	}
	if (policy == NULL) {
		*ret_detail = "no access section lets anybody in";
		return REASON_NOT_ALLOWED;
	}
	if (!access_policy_could_allow(policy, a->user)) {
		*ret_detail = "the access section of this service cannot let this account in";
		return REASON_NOT_ALLOWED;
	}
	if (a->chooses_pin && !access_has_pins(a->ctx->access)) {
		*ret_detail = "no access section has offline_pin";
		return REASON_PIN_NOT_SET;
	}
	if (!access_may_start(policy, a->source, a->has_public_key)) {
		*ret_detail = "before_start is not fulfilled";
		return REASON_NOT_ALLOWED;
	}
	return NULL;
}

/* The UID is the name's for as long as the attempt may last. Return: false, and it was refused. */
static bool reserve(struct attempt *a)
{
	LK_CLEANUP(account_freep) struct account *reserved = NULL;
	int r;

	a->is_known = a->is_local;
	if (a->is_local) {
		r = accounts_find_local(a->ctx->accounts, a->user, &a->person);
		if (r < 0)
			attempt_refuse(a, REASON_NO_STORE, "the local account cannot be read");
		return r == 0;
	}
	r = accounts_reserve(a->ctx->accounts, a->user, provider_settings(a->lp->provider)->issuer, RESERVE_MS,
			     &reserved);
	if (r != 0) {
		attempt_refuse(a, refusal_of_account(r), refusal_account_text(r));
		return false;
	}
	a->is_reserved = true;
	a->is_known = reserved->created_s != 0 && reserved->state == ACCOUNT_ACTIVE;
	if (a->is_known)
		a->person = LK_STEAL(reserved);
	return true;
}

void attempt_approve(struct attempt *a)
{
	if (take_code(a) != 0) {
		attempt_refuse(a, REASON_TOO_MANY, "too many codes for this client address");
		return;
	}
	if (!reserve(a) || !ask_others(a))
		return;
	if (provider_prepare(a->lp->provider, on_prepared, a, &a->prepare) < 0)
		attempt_refuse(a, REASON_UNAVAILABLE, "out of memory");
}

static void start(struct attempt *a)
{
	const char *detail = NULL;
	const char *reason;
	int r;

	(void)localdb_refresh(a->ctx->local);
	a->service_account = service_account_find(a->ctx, a->user);
	if (a->service_account != NULL) {
		attempt_serve(a);
		return;
	}
	r = accounts_name_is_possible(a->ctx->accounts, a->user);
	if (r == 0) {
		a->events.not_ours(a->userdata);
		return;
	}
	if (r < 0) {
		attempt_refuse(a, REASON_NO_STORE, "the store cannot be read");
		return;
	}
	a->is_local = accounts_issuer_of_local(a->ctx->accounts, a->user) != NULL;
	a->lp = login_provider_for(a->ctx, a->user);
	/* A local account that belongs to an identity is never the next PAM module's to let in. */
	if (!a->is_local && (a->lp == NULL || !access_name_is_possible(a->ctx->access, a->user))) {
		a->events.not_ours(a->userdata);
		return;
	}

	reason = check_start(a, &detail);
	if (reason != NULL) {
		attempt_refuse(a, reason, detail);
		return;
	}
	if (a->chooses_pin || !attempt_try_remembered(a))
		attempt_approve(a);
}

int attempt_start(struct attempt **ret, struct login_context *ctx, const struct attempt_request *request,
		  const struct attempt_events *events, void *userdata)
{
	struct attempt *a;

	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return -ENOMEM;
	a->ctx = ctx;
	a->events = *events;
	a->userdata = userdata;
	a->has_public_key = request->public_key != NULL;
	if (request->public_key != NULL)
		(void)proof_of_key(&a->key, request->public_key);
	a->has_session = request->session != NULL;
	if (request->session != NULL)
		a->session = *request->session;
	a->has_screen = request->has_screen;
	a->answers = request->answers;
	a->chooses_pin = request->chooses_pin;
	a->has_seen = request->has_seen;
	a->seen_uid = request->seen_uid;
	a->seen_gid = request->seen_gid;
	ctx->pending++;

	if (text_copy(&a->reference, request->reference) < 0 || text_copy(&a->user, request->user) < 0 ||
	    text_copy(&a->service, request->service) < 0 || text_copy(&a->source, request->source) < 0 ||
	    text_copy(&a->seen_home, request->seen_home) < 0 || text_copy(&a->seen_shell, request->seen_shell) < 0) {
		attempt_free(a);
		return -ENOMEM;
	}

	*ret = a;
	start(a);
	return 0;
}
