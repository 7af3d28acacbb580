/* SPDX-License-Identifier: MIT */
/*
 * From a verified statement to accounts. A provider speaks of its own people only: what it says about another issuer's is
 * nothing (T15).
 */
#include "helper/login/notice.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "helper/base/clock.h"
#include "helper/login/audit.h"
#include "helper/login/log.h"
#include "helper/login/recheck.h"
#include "helper/login/standing.h"
#include "helper/vault/store_jti.h"
#include "helper/vault/store_pins.h"

/* The clocks of the provider and of this host may differ by so much. */
#define SKEW_S 60

struct telling {
	struct login_context *ctx;
	const struct login_provider *lp;
	const struct notice *notice;
	const char *issuer; /* whom it is about: */
	const char *subject;
	size_t n;
};

static void audit(const struct telling *t, const struct account *a, const char *detail)
{
	const struct audit_event event = {
		.kind = AUDIT_REVOCATION,
		.priority = LOG_NOTICE,
		.result = t->notice->name,
		.user = a->name,
		.uid = a->uid,
		.provider = a->provider,
		.subject = a->subject,
		.detail = detail,
	};

	audit_write(&event);
}

static void on_rechecked(void *userdata, const struct recheck_result *result)
{
	(void)userdata;
	(void)result;
}

/* The answer is stored and acted upon by the one who asks, also where nobody waits for it. */
static void recheck(struct login_context *ctx, const struct account *a)
{
	struct recheck *r;

	if (recheck_start(&r, ctx, a, 0, on_rechecked, NULL) == 0)
		recheck_free(r);
}

static int tell(struct telling *t, const struct account *a)
{
	const struct notice *n = t->notice;
	char why[128];
	int r = 0;

	if (a->state != ACCOUNT_ACTIVE || a->subject == NULL)
		return 0;
	t->n++;
	if (n->happened_s + SKEW_S < a->last_sign_in_s) {
		audit(t, a, "older than the last sign-in: nothing is done");
		return 0;
	}
	if ((n->actions & EVENT_DROPS_PIN) != 0)
		r = store_drop_pin(t->ctx->store, a->uid);
	if (r == 0 && (n->actions & EVENT_REFUSES) != 0) {
		(void)snprintf(why, sizeof(why), "the provider says %s", n->name);
		r = standing_refuse(t->ctx, a, why);
	}
	if (r < 0) {
		log_line(LOG_WARNING, "%s of uid %u: %s; it is to come again", n->name, a->uid, strerror(-r));
		return r;
	}
	if ((n->actions & (EVENT_RECHECKS | EVENT_REFUSES)) == EVENT_RECHECKS)
		recheck(t->ctx, a);
	audit(t, a, "told by the provider");
	return 0;
}

static int on_local(void *userdata, const struct account *a)
{
	struct telling *t = userdata;

	if (a->subject == NULL || strcmp(a->issuer, t->issuer) != 0 || strcmp(a->subject, t->subject) != 0)
		return 0;
	return tell(t, a);
}

/* One identity may have an account here, and local accounts besides. */
static int tell_person(struct telling *t)
{
	LK_CLEANUP(account_freep) struct account *a = NULL;
	size_t at = 0;
	int r = store_find_identity(t->ctx->store, t->issuer, t->subject, &a);

	if (r == 0)
		r = tell(t, a);
	else if (r == -ENOENT)
		r = 0;
	return r == 0 ? accounts_each_local(t->ctx->accounts, &at, on_local, t) : r;
}

/* BL-06: of everybody who signed in within that session, who are few. */
static int tell_session(struct telling *t)
{
	uint32_t after = 0;

	for (;;) {
		struct standing_note note;
		int r = store_next_standing(t->ctx->store, after, &note);

		if (r < 0)
			return r == -ENOENT ? 0 : r;
		after = note.uid;
		if (strcmp(note.standing.sid, t->notice->session) == 0 && strcmp(note.issuer, t->issuer) == 0) {
			t->subject = note.subject;
			r = tell_person(t);
		}
		standing_note_done(&note);
		if (r < 0)
			return r;
	}
}

/* Is @issuer one whose people this provider may speak of, and by what issuer are they stored. */
static const char *people_of(const struct telling *t, const char *issuer)
{
	const char *own = provider_settings(t->lp->provider)->issuer;
	bool is_template;

	if (issuer == NULL)
		return NULL;
	if (strcmp(issuer, own) == 0)
		return own;
	/* Entra: the statement's own issuer was found to be one of the tenants that are allowed. */
	(void)provider_token_issuer(t->lp->provider, &is_template);
	return is_template && strcmp(issuer, t->notice->issuer) == 0 ? issuer : NULL;
}

int notice_apply(struct login_context *ctx, const struct login_provider *lp, const struct notice *n, size_t *ret_n)
{
	struct telling t = {.ctx = ctx, .lp = lp, .notice = n, .subject = n->subject};
	int r = store_find_jti(ctx->store, n->issuer, n->id);

	*ret_n = 0;
	if (r != -ENOENT)
		return r == 0 ? NOTICE_KNOWN : r;
	r = 0;
	t.issuer = people_of(&t, n->subject != NULL ? n->subject_issuer : n->session != NULL ? n->issuer : NULL);
	if (n->actions != 0 && t.issuer != NULL)
		r = n->subject != NULL ? tell_person(&t) : tell_session(&t);
	if (r < 0)
		return r;
	r = store_use_jti(ctx->store, n->issuer, n->id, n->keep_until_s);
	if (r == 0)
		(void)store_forget_jti(ctx->store, clock_realtime_s());
	*ret_n = t.n;
	return r == -EEXIST ? 0 : r;
}
