/* SPDX-License-Identifier: MIT */
/*
 * The door of a service account: a program presents a credential where a person would approve. It is asked for by a nonce of
 * this attempt's own, comes in one answer or in parts, and proves who is there. Whether the account still has its grant the
 * provider is asked then, and attempt_admit_known() alone lets in.
 */
#include "helper/login/attempt_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "helper/base/clock.h"
#include "helper/jose/base64url.h"
#include "helper/login/known_account.h"
#include "helper/login/service_account.h"
#include "helper/protocol/names.h"

#define NONCE_BYTES 16u

static void ask(struct attempt *a)
{
	struct presenting_question q = {.part = a->parts.next == 0 ? 1 : a->parts.next};
	char text[PRESENTING_TEXT_MAX];
	const struct login_prompt prompt = {.kind = PROMPT_ASSERTION, .text = text};

	if (snprintf(q.account, sizeof(q.account), "%s", a->user) >= (int)sizeof(q.account) ||
	    snprintf(q.host, sizeof(q.host), "%s", a->ctx->host) >= (int)sizeof(q.host)) {
		attempt_refuse(a, REASON_CONFIGURATION, "host is too long for a question");
		return;
	}
	memcpy(q.nonce, a->nonce, sizeof(q.nonce));
	if (presenting_question_write(text, &q) < 0) {
		attempt_refuse(a, REASON_CONFIGURATION, "host is too long for a question");
		return;
	}
	a->asked = PROMPT_ASSERTION;
	a->is_asked = true;
	a->events.prompt(a->userdata, &prompt);
}

/* Return: NULL, or the reason of a refusal. */
static const char *check_start(const struct attempt *a, const char **ret_detail)
{
	if (a->ctx->pending > a->ctx->pending_max) {
		*ret_detail = "too many sign-ins are pending on this host";
		return REASON_TOO_MANY;
	}
	if (a->lp == NULL || a->chooses_pin || !service_account_may_open(a->service_account, a->service)) {
		*ret_detail = "services of the service account does not name this one";
		return REASON_NOT_ALLOWED;
	}
	if (!service_account_may_come_from(a->service_account, a->source)) {
		*ret_detail = "from of the service account does not name this client";
		return REASON_NOT_ALLOWED;
	}
	/* Nobody types an assertion: where no client comes from elsewhere, what is asked is whether the provider grants. */
	if (a->service_account->accepts == 0 || !a->answers || a->source == NULL) {
		*ret_detail = "nobody is there who could present anything";
		return REASON_NOTHING_PRESENTED;
	}
	return NULL;
}

void attempt_serve(struct attempt *a)
{
	const char *detail = NULL;
	const char *reason;
	unsigned char bytes[NONCE_BYTES];

	a->is_known = true; /* root's configuration names it */
	a->lp = login_provider_of_issuer(a->ctx, a->service_account->issuer);
	reason = check_start(a, &detail);
	if (reason != NULL) {
		attempt_refuse(a, reason, detail);
		return;
	}
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		attempt_refuse(a, REASON_UNAVAILABLE, "no random numbers");
		return;
	}
	base64url_encode(a->nonce, bytes, sizeof(bytes));
	a->nonce_s = clock_realtime_s();
	ask(a);
}

static const char *reason_of(enum recheck_outcome outcome)
{
	switch (outcome) {
	case RECHECK_REFUSED:
	case RECHECK_NO_TOKEN:
		return REASON_REFUSED;
	case RECHECK_UNREACHABLE:
		return REASON_UNAVAILABLE;
	case RECHECK_FAILED:
		return REASON_NO_STORE;
	case RECHECK_GOOD:
		break;
	}
	return REASON_NO_STORE;
}

static void admit(struct attempt *a)
{
	LK_CLEANUP(account_freep) struct account *account = NULL;

	if (known_account_find(a->ctx, a->user, &account) < 0)
		attempt_refuse(a, REASON_NO_STORE, "the account cannot be read");
	else
		attempt_admit_known(a, account, OFFLINE_NO, a->proved_by);
}

static void on_rechecked(void *userdata, const struct recheck_result *result)
{
	struct attempt *a = userdata;

	if (result->outcome == RECHECK_GOOD)
		admit(a);
	else
		attempt_refuse(a, reason_of(result->outcome), result->detail);
}

static int hand_on(struct attempt *a, const struct account *account)
{
	LK_CLEANUP(secret_freep) struct secret *assertion = NULL;

	if (secret_copy(&assertion, a->parts.text.data, a->parts.text.len) < 0)
		return -ENOMEM;
	return recheck_start_presented(&a->recheck, a->ctx, account, assertion, on_rechecked, a);
}

/* Who is there is proved; whether the provider still stands by the account is another question. */
static void ask_provider(struct attempt *a)
{
	LK_CLEANUP(account_freep) struct account *account = NULL;
	const struct access_policy *policy = access_policy_for(a->ctx->access, a->service);
	int r = known_account_find(a->ctx, a->user, &account);

	if (r < 0) {
		attempt_refuse(a, REASON_NO_STORE, "the account cannot be read");
		return;
	}
	if (a->service_account->grant == SERVICE_GRANT_NONE) {
		attempt_admit_known(a, account, OFFLINE_NO, a->proved_by);
		return;
	}
	if (a->goes_on)
		r = hand_on(a, account);
	else
		r = recheck_start(&a->recheck, a->ctx, account, policy != NULL ? policy->recheck_s : 0, on_rechecked,
				  a);
	if (r < 0)
		attempt_refuse(a, REASON_UNAVAILABLE, "out of memory");
}

static void on_judged(void *userdata, const struct presented_result *result)
{
	struct attempt *a = userdata;

	if (result->reason != NULL) {
		attempt_refuse(a, result->reason, result->detail);
		return;
	}
	a->goes_on = result->goes_on;
	(void)snprintf(a->proved_by, sizeof(a->proved_by), "%s", result->detail);
	ask_provider(a);
}

static void judge(struct attempt *a)
{
	const struct presented_request request = {
		.ctx = a->ctx,
		.account = a->service_account,
		.nonce = a->nonce,
		.asked_s = a->nonce_s,
		.text = a->parts.text.data,
		.len = a->parts.text.len,
	};

	if (presented_start(&a->presented, &request, on_judged, a) < 0)
		attempt_refuse(a, REASON_UNAVAILABLE, "out of memory");
}

void attempt_take_presented(struct attempt *a, const char *text, size_t len)
{
	int r = presented_parts_add(&a->parts, text, len);

	switch (r) {
	case PRESENTED_WHOLE:
		judge(a);
		break;
	case PRESENTED_MORE:
		ask(a);
		break;
	case PRESENTED_EMPTY:
		attempt_refuse(a, REASON_NOTHING_PRESENTED, presented_parts_text(r));
		break;
	default:
		attempt_refuse(a, r < 0 ? REASON_UNAVAILABLE : REASON_NOT_BELIEVED, presented_parts_text(r));
		break;
	}
}
