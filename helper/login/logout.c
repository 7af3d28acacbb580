/* SPDX-License-Identifier: MIT */
/* Which provider could have made it is read from the token as it came, and then it is judged by that provider's rules and
 * keys alone. */
#include "helper/login/logout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/jose/logout_token.h"
#include "helper/jose/token_claims.h"
#include "helper/login/notice.h"
#include "helper/oauth/statement_check.h"

struct logout {
	struct login_context *ctx;
	const struct login_provider *lp; /* NULL: nobody's */
	char *token;
	struct logout_token judged;
	struct statement_check *check;
	sd_event_source *refusal;
	logout_done_fn done;
	void *userdata;
};

/* Believed by nobody: it chooses whose keys are tried. */
static const struct login_provider *provider_of(const struct login_context *ctx, const char *token)
{
	LK_CLEANUP(json_object_putp) struct json_object *claims = NULL;
	LK_CLEANUP(jws_done) struct jws jws = {0};

	if (jws_decode(&jws, token, strlen(token)) != 0 || json_parse(&claims, jws.payload, jws.payload_len) < 0)
		return NULL;
	for (size_t i = 0; i < ctx->n_providers; i++) {
		struct provider *p = ctx->providers[i].provider;
		bool is_template;
		const char *issuer = provider_token_issuer(p, &is_template);

		if (token_claims_has_issuer(claims, issuer, is_template,
					    (const char *const *)provider_settings(p)->tenants))
			return &ctx->providers[i];
	}
	return NULL;
}

static int try_token(void *userdata, const struct jwk_set *keys, const struct statement_expectation *expect)
{
	struct logout *l = userdata;

	return logout_token_check(&l->judged, l->token, strlen(l->token), keys, expect);
}

static void on_checked(void *userdata, const struct oauth_result *result)
{
	struct logout *l = userdata;
	const struct logout_token *t = &l->judged;
	struct notice notice;
	size_t n = 0;
	int r;

	if (result->outcome != OAUTH_DONE) {
		l->done(l->userdata, result->outcome == OAUTH_TOKEN_INVALID ? LOGOUT_INVALID : LOGOUT_FAILED, 0,
			result->detail);
		return;
	}
	notice = (struct notice){
		.issuer = t->issuer,
		.id = t->id,
		.subject_issuer = t->issuer,
		.subject = t->subject,
		.session = t->subject == NULL ? t->session : NULL,
		.happened_s = t->issued_s,
		.keep_until_s = t->issued_s + LOGOUT_TOKEN_MAX_AGE_S + STATEMENT_SKEW_S,
		.actions = EVENT_REFUSES,
		.name = "logout",
	};
	r = notice_apply(l->ctx, l->lp, &notice, &n);
	if (r == NOTICE_KNOWN)
		l->done(l->userdata, LOGOUT_INVALID, 0, "it was used before");
	else if (r < 0)
		l->done(l->userdata, LOGOUT_FAILED, 0, strerrordesc_np(-r));
	else
		l->done(l->userdata, LOGOUT_DONE, n, "");
}

static int on_refusal(sd_event_source *s, void *userdata)
{
	struct logout *l = userdata;

	(void)s;
	l->refusal = sd_event_source_disable_unref(l->refusal);
	l->done(l->userdata, LOGOUT_INVALID, 0, "it is no token of a provider of this host");
	return 0;
}

int logout_start(struct logout **ret, struct login_context *ctx, const char *token, logout_done_fn done, void *userdata)
{
	LK_CLEANUP(logout_freep) struct logout *l = calloc(1, sizeof(*l));
	int r;

	if (l == NULL)
		return -ENOMEM;
	l->ctx = ctx;
	l->done = done;
	l->userdata = userdata;
	l->token = strdup(token);
	if (l->token == NULL)
		return -ENOMEM;
	l->lp = provider_of(ctx, token);
	if (l->lp != NULL)
		r = statement_check_start(&l->check, l->lp->provider, NULL, NULL, try_token, on_checked, l);
	else
		r = sd_event_add_defer(ctx->event, &l->refusal, on_refusal, l);
	if (r < 0)
		return -ENOMEM;
	*ret = LK_STEAL(l);
	return 0;
}

void logout_free(struct logout *l)
{
	if (l == NULL)
		return;
	statement_check_free(l->check);
	logout_token_done(&l->judged);
	(void)sd_event_source_disable_unref(l->refusal);
	free(l->token);
	free(l);
}
