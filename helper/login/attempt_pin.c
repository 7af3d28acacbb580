/* SPDX-License-Identifier: MIT */
/*
 * What an attempt asks to be typed: the PIN while the provider cannot be asked, and a new one after it could. A right PIN
 * proves the person; whether that is enough now, the provider's last word, root's and policy decide once more.
 */
#include "helper/login/attempt_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "helper/base/text.h"
#include "helper/login/authentication.h"
#include "helper/login/known_account.h"
#include "helper/login/pin_rules.h"
#include "helper/login/pins.h"
#include "helper/protocol/names.h"

#define TRIES_MAX 3u
#define TITLE_MAX 64u
#define TEXT_MAX 240u
#define TYPED_MAX 256u

static void note(const struct attempt *a, int priority, const char *result, const char *detail)
{
	struct audit_event e = attempt_event(a, priority, result, detail);

	e.kind = AUDIT_PIN;
	e.user = a->user;
	e.uid = a->pin_account != NULL ? a->pin_account->uid : 0;
	audit_write(&e);
}

/* The question is open before it is put: the answer may be the very next thing. */
static void ask(struct attempt *a, enum prompt_kind kind, const char *before)
{
	char title[TITLE_MAX];
	char text[TEXT_MAX];
	const struct login_prompt prompt = {.kind = kind, .text = text};

	text_sanitise(title, sizeof(title), a->lp->title, strlen(a->lp->title), false);
	a->asked = kind;
	a->is_asked = true;
	switch (kind) {
	case PROMPT_PIN:
		(void)snprintf(text, sizeof(text), "%s%s cannot be reached. Your PIN on this host", before, title);
		break;
	case PROMPT_NEW_PIN:
		(void)snprintf(text, sizeof(text),
			       "%sNew PIN, for when %s cannot be reached (6 characters or more; Enter: none)", before,
			       title);
		break;
	case PROMPT_NEW_PIN_AGAIN:
		(void)snprintf(text, sizeof(text), "The same PIN again");
		break;
	case PROMPT_SIGN_IN:   /* attempt.c */
	case PROMPT_ASSERTION: /* attempt_present.c */
		return;
	}
	a->events.prompt(a->userdata, &prompt);
}

static const char *reason_of(int outcome)
{
	if (outcome < 0)
		return REASON_NO_STORE;
	return outcome == PIN_WRONG ? REASON_WRONG_PIN : outcome == PIN_BUSY ? REASON_TOO_MANY : REASON_PIN_BLOCKED;
}

static void refuse_pin(struct attempt *a, int outcome)
{
	static const char *const details[] = {
		[PIN_WRONG] = "wrong PIN",
		[PIN_NONE] = "there is no PIN any more",
		[PIN_WAIT] = "too many wrong PINs: not yet",
		[PIN_LOCKED] = "too many wrong PINs: not before a sign-in at the provider",
		[PIN_BUSY] = "another PIN is being looked at",
	};

	attempt_refuse(a, reason_of(outcome), outcome < 0 ? strerror(-outcome) : details[outcome]);
}

/* May a PIN open at all, now? The judges of a remembered approval, and what counts while nobody can be asked. */
static enum offline_basis basis_for_pin(struct attempt *a, const struct account *account, char *detail)
{
	const struct access_policy *policy = access_policy_for(a->ctx->access, a->service);
	char why[AUTHENTICATION_DETAIL_MAX];
	const char *ignored = NULL;
	enum offline_basis basis;

	if (policy == NULL || known_account_judge(a->ctx, account, a->service, &ignored) != NULL ||
	    authentication_stored_refusal(a->ctx->store, account, policy, why) != NULL)
		return OFFLINE_NO;
	basis = offline_basis(a->ctx, account, policy, detail);
	return offline_takes_pin(policy, a->service, a->source, basis) ? basis : OFFLINE_NO;
}

bool attempt_try_pin(struct attempt *a)
{
	LK_CLEANUP(account_freep) struct account *account = NULL;
	char detail[OFFLINE_DETAIL_MAX];
	int r;

	if (!a->answers || a->chooses_pin || a->has_challenge || known_account_find(a->ctx, a->user, &account) < 0 ||
	    basis_for_pin(a, account, detail) == OFFLINE_NO)
		return false;
	r = pins_look(a->ctx->pins, account);
	if (r == PIN_NONE)
		return false;
	a->is_known = true;
	a->pin_account = LK_STEAL(account);
	if (r != PIN_RIGHT)
		refuse_pin(a, r);
	else
		ask(a, PROMPT_PIN, "");
	return true;
}

static void on_guessed(void *userdata, int outcome)
{
	struct attempt *a = userdata;
	char detail[OFFLINE_DETAIL_MAX];
	char how[OFFLINE_DETAIL_MAX + 16];
	enum offline_basis basis;

	a->pin_job = NULL;
	if (outcome == PIN_RIGHT) {
		basis = basis_for_pin(a, a->pin_account, detail);
		(void)snprintf(how, sizeof(how), "by PIN, %s", basis != OFFLINE_NO ? detail : "");
		note(a, LOG_INFO, "right", NULL);
		if (basis == OFFLINE_NO)
			attempt_refuse(a, REASON_UNAVAILABLE, "the provider's last word does not count any more");
		else
			attempt_admit_known(a, a->pin_account, basis, how);
		return;
	}
	if (outcome != PIN_WRONG) {
		refuse_pin(a, outcome);
		return;
	}
	note(a, LOG_NOTICE, "wrong", NULL);
	outcome = ++a->n_tries < TRIES_MAX ? pins_look(a->ctx->pins, a->pin_account) : PIN_WRONG;
	if (outcome == PIN_RIGHT)
		ask(a, PROMPT_PIN, "That PIN is wrong. ");
	else
		refuse_pin(a, outcome);
}

/* Where nobody is, clients answer with nothing: that is no guess. */
static void guess(struct attempt *a, const struct secret *typed)
{
	int r;

	if (typed == NULL) {
		attempt_refuse(a, REASON_WRONG_PIN, "no PIN was typed");
		return;
	}
	r = pins_guess(&a->pin_job, a->ctx->pins, a->pin_account, typed, on_guessed, a);
	if (r != 0)
		refuse_pin(a, r);
}

bool attempt_offer_pin(struct attempt *a, const struct account *account)
{
	const struct access_policy *policy = access_policy_for(a->ctx->access, a->service);

	pins_reset(a->ctx->pins, account);
	if (!a->answers ||
	    (!a->chooses_pin && (policy == NULL || policy->offline_max_age_s == 0 ||
				 !offline_takes_pin(policy, a->service, a->source, OFFLINE_LAST_WORD) ||
				 pins_has(a->ctx->pins, account) || pins_has_declined(a->ctx->pins, account))))
		return false;
	if (known_account_find(a->ctx, a->user, &a->pin_account) < 0)
		return false;
	a->n_tries = 0;
	ask(a, PROMPT_NEW_PIN, "");
	return true;
}

/* The sign-in at the provider is what lets the person in, with or without a new PIN. */
static void go_on(struct attempt *a, bool has_pin)
{
	if (!has_pin && a->chooses_pin)
		attempt_refuse(a, REASON_PIN_NOT_SET, "no PIN was chosen");
	else
		attempt_admit_known(a, a->pin_account, OFFLINE_NO, NULL);
}

static void try_again(struct attempt *a, const char *why)
{
	if (++a->n_tries < TRIES_MAX)
		ask(a, PROMPT_NEW_PIN, why);
	else
		go_on(a, false);
}

static void on_set(void *userdata, int outcome)
{
	struct attempt *a = userdata;

	a->pin_job = NULL;
	if (outcome == 0)
		note(a, LOG_NOTICE, "set", NULL);
	else
		note(a, LOG_WARNING, "not-set", strerror(-outcome));
	go_on(a, outcome == 0);
}

static void choose(struct attempt *a, struct secret *typed)
{
	char why[TEXT_MAX];
	const char *fault;

	if (typed == NULL) {
		pins_decline(a->ctx->pins, a->pin_account);
		go_on(a, false);
		return;
	}
	fault = pin_fault(secret_data(typed), secret_len(typed));
	if (fault != NULL) {
		secret_free(typed);
		(void)snprintf(why, sizeof(why), "That PIN %s. ", fault);
		try_again(a, why);
		return;
	}
	secret_free(a->new_pin);
	a->new_pin = typed;
	ask(a, PROMPT_NEW_PIN_AGAIN, "");
}

static void confirm(struct attempt *a, const struct secret *typed)
{
	int r;

	if (!secret_equal(typed, a->new_pin)) {
		try_again(a, "The two were not the same. ");
		return;
	}
	r = pins_set(&a->pin_job, a->ctx->pins, a->pin_account, typed, on_set, a);
	if (r != 0)
		on_set(a, r < 0 ? r : -EBUSY);
}

int attempt_answer(struct attempt *a, const char *text, size_t len)
{
	LK_CLEANUP(secret_freep) struct secret *typed = NULL;

	if (!a->is_asked)
		return -ENOENT;
	a->is_asked = false;
	if (a->late_reason != NULL) {
		a->events.refused(a->userdata, a->late_reason);
		return 0;
	}
	if (a->asked == PROMPT_ASSERTION) {
		attempt_take_presented(a, text, len);
		return 0;
	}
	if (a->asked == PROMPT_SIGN_IN) {
		flow_answer(a->flow, text, len);
		return 0;
	}
	if (len > TYPED_MAX || (len > 0 && secret_copy(&typed, text, len) < 0)) {
		attempt_refuse(a, REASON_UNAVAILABLE, "out of memory");
		return 0;
	}
	switch (a->asked) {
	case PROMPT_PIN:
		guess(a, typed);
		break;
	case PROMPT_NEW_PIN:
		choose(a, LK_STEAL(typed));
		break;
	case PROMPT_NEW_PIN_AGAIN:
		confirm(a, typed);
		break;
	case PROMPT_SIGN_IN:
	case PROMPT_ASSERTION:
		break;
	}
	return 0;
}
