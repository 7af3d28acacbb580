/* SPDX-License-Identifier: MIT */
/* Chooses a method and says to the provider who is meant, by what was proved at an earlier sign-in alone (CB-02). */
#include "helper/login/way.h"

#include <errno.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/login/pushes.h"
#include "helper/oauth/ciba.h"
#include "helper/protocol/names.h"

static bool is_counted(enum flow_method method)
{
	return method == FLOW_CIBA;
}

/* Return: 0, or 1 with @refusal set, -ENOMEM. */
static int begin(struct flow **ret, enum flow_method method, struct login_context *ctx,
		 const struct way_request *request, const struct flow_request *flow, const struct flow_events *events,
		 void *userdata, struct way_refusal *refusal)
{
	struct provider *p = request->lp->provider;
	const char *fault = flow_kind(method)->fault(p, flow);
	int r;

	if (is_counted(method) && request->account == NULL) {
		*refusal = (struct way_refusal){REASON_NOT_ALLOWED,
						"nobody has signed in by this account yet, so nobody can be asked"};
		return 1;
	}
	if (fault != NULL) {
		*refusal = (struct way_refusal){REASON_CONFIGURATION, fault};
		return 1;
	}
	if (flow_asks(method) && !request->answers) {
		*refusal = (struct way_refusal){REASON_NO_SCREEN, "nobody is there who could type an answer"};
		return 1;
	}
	if (method != FLOW_CIBA && !request->has_screen) {
		*refusal = (struct way_refusal){REASON_NO_SCREEN, "there is no terminal to show a code on"};
		return 1;
	}
	if (!is_counted(method))
		return flow_start(ret, method, p, ctx->event, ctx->fetch, flow, events, userdata);

	r = pushes_take(ctx->pushes, request->account->issuer, request->account->subject, CIBA_LIFETIME_S);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		*refusal = (struct way_refusal){r == -EBUSY ? REASON_PUSH_PENDING : REASON_TOO_MANY,
						"a request is on the person's own device, or was refused there, a "
						"moment ago"};
		return 1;
	}
	r = flow_start(ret, method, p, ctx->event, ctx->fetch, flow, events, userdata);
	if (r < 0)
		pushes_release(ctx->pushes, request->account->issuer, request->account->subject);
	return r;
}

int way_start(struct flow **ret, enum flow_method *ret_method, struct login_context *ctx,
	      const struct way_request *request, const struct flow_events *events, void *userdata,
	      struct way_refusal *refusal)
{
	static const enum flow_method usual[] = {FLOW_DEVICE, FLOW_CODE};
	LK_CLEANUP(json_object_putp) struct json_object *facts = NULL;
	const struct access_policy *policy = request->policy;
	const enum flow_method *methods = policy->n_methods > 0 ? policy->methods : usual;
	bool has_code = provider_settings(request->lp->provider)->redirect_uri != NULL;
	size_t n = policy->n_methods > 0 ? policy->n_methods : has_code ? 2 : 1;
	struct flow_request flow = {
		.lifetime_s = provider_settings(request->lp->provider)->code_lifetime_s,
		.host = ctx->host,
		.acr_values = policy->acr,
		.has_max_age = policy->has_max_age,
		.max_age_s = policy->max_age_s,
	};
	int r = 1;

	if (request->account != NULL) {
		const char *text = request->account->facts;

		flow.subject = request->account->subject;
		if (text != NULL && json_parse(&facts, text, strlen(text)) == 0 &&
		    json_read_string(facts, "login_hint", ACCESS_LOGIN_HINT_MAX, &flow.login_hint) != 0)
			flow.login_hint = NULL;
	}
	for (size_t i = 0; i < n && r == 1; i++) {
		r = begin(ret, methods[i], ctx, request, &flow, events, userdata, refusal);
		if (r == -EINVAL) {
			*refusal = (struct way_refusal){REASON_CONFIGURATION, "the client's settings make no request"};
			r = 1;
		}
		if (r == 0)
			*ret_method = methods[i];
	}
	return r;
}

void way_told(struct login_context *ctx, const struct account *account, const struct flow_challenge *challenge)
{
	if (is_counted(challenge->method))
		pushes_keep(ctx->pushes, account->issuer, account->subject, challenge->outstanding_s);
}

void way_ended(struct login_context *ctx, enum flow_method method, const struct account *account, bool had_challenge,
	       enum oauth_outcome outcome)
{
	if (is_counted(method) && (!had_challenge || outcome == OAUTH_DONE))
		pushes_release(ctx->pushes, account->issuer, account->subject);
}
