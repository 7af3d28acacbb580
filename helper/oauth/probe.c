/* SPDX-License-Identifier: MIT */
/* A look at a provider from the outside in: reach it, read what it says of itself, ask for a code. Works on a provider of
 * its own, so that what is at hand for sign-ins neither hides a fault nor is touched. */
#include "helper/oauth/probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/clock.h"
#include "helper/base/text.h"
#include "helper/oauth/error.h"
#include "helper/oauth/flow.h"
#include "helper/oauth/request.h"
#include "helper/protocol/names.h"

#define REACH_TIMEOUT_MS 10000u
#define CODE_TIMEOUT_S 20u

struct probe {
	const struct provider_settings *settings;
	sd_event *event;
	struct fetch_client *fetch;
	struct probe_events events;
	void *userdata;

	struct provider *provider;
	struct fetch_call *call;
	struct provider_wait *wait;
	struct flow *flow;
	sd_event_source *end; /* of what has to go before done is told */
};

static void say(struct probe *p, const char *step, bool is_good, const char *detail, int64_t value)
{
	const struct probe_finding f = {.step = step, .is_good = is_good, .detail = detail, .value = value};

	p->events.finding(p->userdata, &f);
}

static int on_end(sd_event_source *source, void *userdata)
{
	struct probe *p = userdata;

	(void)source;
	p->end = sd_event_source_unref(p->end);
	/* Polled for no longer: the code is nobody's. */
	flow_free(LK_STEAL(p->flow));
	p->events.done(p->userdata);
	return 0;
}

/* Not from within a callback of what is freed there. */
static void end(struct probe *p)
{
	if (sd_event_add_defer(p->event, &p->end, on_end, p) < 0)
		p->events.done(p->userdata);
}

static void end_with(struct probe *p, const char *step, const char *detail)
{
	say(p, step, false, detail, 0);
	end(p);
}

/* --- a code ------------------------------------------------------------------------------------------------------------ */

static void on_challenge(void *userdata, const struct flow_challenge *challenge)
{
	struct probe *p = userdata;
	uint32_t life_s = challenge->outstanding_s;

	if (p->settings->code_lifetime_s > 0 && life_s > p->settings->code_lifetime_s)
		life_s = p->settings->code_lifetime_s;
	say(p, STEP_CLIENT, true, "", life_s);
	end(p);
}

static void on_flow_done(void *userdata, const struct oauth_result *result, struct token_set *tokens)
{
	struct probe *p = userdata;

	token_set_free(tokens);
	/* After a challenge it has ended already. */
	if (p->end == NULL)
		end_with(p, STEP_CLIENT, result->detail);
}

static void ask_for_code(struct probe *p)
{
	static const struct flow_events events = {.challenge = on_challenge, .done = on_flow_done};
	const struct flow_request request = {.lifetime_s = CODE_TIMEOUT_S, .host = "latchkey doctor"};
	const char *fault = flow_kind(FLOW_DEVICE)->fault(p->provider, &request);

	if (fault != NULL && provider_ciba_endpoint(p->provider) != NULL) {
		say(p, STEP_CLIENT, true, "it has no device grant, and CIBA would ask a person: not tried", 0);
		end(p);
	} else if (fault != NULL) {
		end_with(p, STEP_CLIENT, fault);
	} else if (flow_start(&p->flow, FLOW_DEVICE, p->provider, p->event, p->fetch, &request, &events, p) < 0) {
		end_with(p, STEP_CLIENT, "out of memory");
	}
}

/* --- metadata and keys ------------------------------------------------------------------------------------------------- */

static void on_prepared(void *userdata, const struct oauth_result *result)
{
	struct probe *p = userdata;
	bool is_about_keys = text_has_prefix(result->detail, "keys") || text_has_prefix(result->detail, "jwks_file");

	p->wait = NULL;
	if (result->outcome != OAUTH_DONE && !is_about_keys) {
		end_with(p, STEP_DISCOVERY, result->detail);
		return;
	}
	say(p, STEP_DISCOVERY, true, "", 0);
	if (result->outcome != OAUTH_DONE) {
		end_with(p, STEP_KEYS, result->detail);
		return;
	}
	say(p, STEP_KEYS, true, "", 0);
	ask_for_code(p);
}

/* --- the way there ----------------------------------------------------------------------------------------------------- */

/* In libcurl's words. */
static bool is_about_name(enum fetch_outcome outcome, const char *detail)
{
	return (outcome == FETCH_UNREACHABLE && text_has_prefix(detail, "Could not resolve")) ||
	       (outcome == FETCH_TIMEOUT && text_has_prefix(detail, "Resolving timed out"));
}

static void on_reached(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	struct probe *p = userdata;
	struct oauth_result why;

	p->call = NULL;
	oauth_result_from_fetch(&why, "issuer", outcome, detail);
	if (outcome == FETCH_LOST || outcome == FETCH_OVERLOADED) {
		end_with(p, STEP_FETCH, why.detail);
		return;
	}
	say(p, STEP_FETCH, true, "", 0);
	if (is_about_name(outcome, detail)) {
		end_with(p, STEP_NAME, why.detail);
		return;
	}
	say(p, STEP_NAME, true, "", 0);
	/* Whatever it answered, it has answered. */
	if (outcome != FETCH_DONE && outcome != FETCH_TOO_LARGE && outcome != FETCH_BAD_REPLY) {
		end_with(p, STEP_CONNECTION, why.detail);
		return;
	}
	say(p, STEP_CONNECTION, true, "", 0);
	if (outcome == FETCH_DONE && reply->date_s != 0)
		say(p, STEP_CLOCK, true, "", reply->date_s - clock_realtime_s());
	if (provider_prepare(p->provider, on_prepared, p, &p->wait) < 0)
		end_with(p, STEP_DISCOVERY, "out of memory");
}

int probe_start(struct probe **ret, const struct provider_settings *s, sd_event *event, struct fetch_client *fetch,
		const struct probe_events *events, void *userdata)
{
	LK_CLEANUP(probe_freep) struct probe *p = calloc(1, sizeof(*p));
	int r;

	if (p == NULL)
		return -ENOMEM;
	*p = (struct probe){.settings = s, .event = event, .fetch = fetch, .events = *events, .userdata = userdata};
	r = provider_new(&p->provider, s, event, fetch);
	if (r == 0)
		r = request_get(fetch, s, s->issuer, "*/*", NULL, REACH_TIMEOUT_MS, on_reached, p, &p->call);
	if (r < 0)
		return r;
	*ret = LK_STEAL(p);
	return 0;
}

void probe_free(struct probe *p)
{
	if (p == NULL)
		return;
	(void)sd_event_source_unref(p->end);
	fetch_cancel(p->call);
	flow_free(p->flow);
	provider_wait_cancel(p->wait);
	provider_free(p->provider);
	free(p);
}
