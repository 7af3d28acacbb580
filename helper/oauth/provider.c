/* SPDX-License-Identifier: MIT */
/* Keeps one provider's metadata and keys for all flows, and decides when they are asked for again. However many logins
 * wait, one load runs; what was once good is kept until it is too old, and never mixed with what was refused. */
#include "helper/oauth/provider.h"

#include <errno.h>
#include <stdlib.h>

#include "helper/base/clock.h"
#include "helper/oauth/error.h"
#include "helper/oauth/provider_internal.h"

static const char not_enrolled[] = "this host is not enrolled: \"latchkey enroll\" registers its client";

static bool is_younger(uint64_t since_ms, uint64_t age_ms)
{
	return clock_monotonic_ms() - since_ms < age_ms;
}

bool provider_metadata_is_younger(const struct provider *p, uint64_t age_ms)
{
	return p->has_endpoints && (!metadata_is_needed(p->settings) || is_younger(p->metadata_ms, age_ms));
}

bool provider_keys_are_younger(const struct provider *p, uint64_t age_ms)
{
	return !p->settings->dialect->has_id_token || (p->keys != NULL && is_younger(p->keys_ms, age_ms));
}

static bool everything_is_younger(const struct provider *p, uint64_t age_ms)
{
	return provider_metadata_is_younger(p, age_ms) && provider_keys_are_younger(p, age_ms);
}

static bool has_failed_within(const struct provider *p, uint64_t age_ms)
{
	return p->failure.outcome != OAUTH_DONE && is_younger(p->failed_ms, age_ms);
}

static bool lacks_client(const struct provider *p)
{
	return p->settings->is_enrolled && p->settings->client_id[0] == '\0';
}

static bool is_loaded(const struct provider *p)
{
	return everything_is_younger(p, PROVIDER_FRESH_MS) ||
	       (everything_is_younger(p, PROVIDER_STALE_MS) && has_failed_within(p, PROVIDER_STALE_RETRY_MS));
}

bool provider_is_ready(const struct provider *p)
{
	return !lacks_client(p) && is_loaded(p);
}

void provider_note_silence(struct provider *p)
{
	p->silent_until_ms = clock_monotonic_ms() + PROVIDER_FAILURE_MEMORY_MS;
}

bool provider_was_silent(const struct provider *p)
{
	return clock_monotonic_ms() < p->silent_until_ms;
}

const char *provider_fault(const struct provider *p)
{
	if (lacks_client(p))
		return not_enrolled;
	if (p->failure.outcome != OAUTH_DONE)
		return p->failure.detail;
	return provider_is_ready(p) ? NULL : "not asked yet, or too long ago";
}

int provider_new(struct provider **ret, const struct provider_settings *settings, sd_event *event,
		 struct fetch_client *fetch)
{
	LK_CLEANUP(provider_freep) struct provider *p = calloc(1, sizeof(*p));
	int r;

	if (p == NULL)
		return -ENOMEM;
	p->settings = settings;
	p->event = event;
	p->fetch = fetch;
	r = metadata_token_issuer(&p->token_issuer, &p->issuer_is_template, settings);
	if (r < 0)
		return r;
	*ret = LK_STEAL(p);
	return 0;
}

static void wait_free(struct provider_wait *w)
{
	*w->back = w->next;
	if (w->next != NULL)
		w->next->back = w->back;
	sd_event_source_disable_unref(w->source);
	free(w);
}

void provider_free(struct provider *p)
{
	if (p == NULL)
		return;
	fetch_cancel(p->call);
	while (p->waits != NULL)
		wait_free(p->waits);
	while (p->answered != NULL)
		wait_free(p->answered);
	metadata_endpoints_done(&p->endpoints);
	jwk_set_free(p->keys);
	free(p->token_issuer);
	free(p);
}

const struct provider_settings *provider_settings(const struct provider *p)
{
	return p->settings;
}

const char *provider_device_endpoint(const struct provider *p)
{
	return p->endpoints.device;
}

const char *provider_ciba_endpoint(const struct provider *p)
{
	return p->endpoints.ciba;
}

const char *provider_token_endpoint(const struct provider *p)
{
	return p->endpoints.token;
}

const char *provider_userinfo_endpoint(const struct provider *p)
{
	return p->endpoints.userinfo;
}

const char *provider_revocation_endpoint(const struct provider *p)
{
	return p->endpoints.revocation;
}

const char *provider_introspection_endpoint(const struct provider *p)
{
	return p->endpoints.introspection;
}

const char *provider_registration_endpoint(const struct provider *p)
{
	return p->endpoints.registration;
}

const char *provider_authorization_endpoint(const struct provider *p)
{
	return p->endpoints.authorization;
}

const char *provider_pushed_authorization_endpoint(const struct provider *p)
{
	return p->endpoints.pushed_authorization;
}

bool provider_sends_issuer(const struct provider *p)
{
	return p->endpoints.sends_issuer;
}

const char *provider_token_issuer(const struct provider *p, bool *ret_is_template)
{
	*ret_is_template = p->issuer_is_template;
	return p->token_issuer;
}

const struct jwk_set *provider_keys(const struct provider *p)
{
	return p->keys;
}

void provider_note_date(struct provider *p, int64_t date_s)
{
	if (date_s > 0)
		p->clock_difference_s = date_s - clock_realtime_s();
}

int64_t provider_clock_difference_s(const struct provider *p)
{
	return p->clock_difference_s;
}

static void push(struct provider_wait **list, struct provider_wait *w)
{
	w->next = *list;
	w->back = list;
	if (w->next != NULL)
		w->next->back = &w->next;
	*list = w;
}

static int wait_new(struct provider_wait **ret, struct provider *p, provider_done_fn done, void *userdata)
{
	struct provider_wait *w = malloc(sizeof(*w));

	if (w == NULL)
		return -ENOMEM;
	*w = (struct provider_wait){.provider = p, .done = done, .userdata = userdata};
	*ret = w;
	return 0;
}

static void tell(struct provider_wait *w, const struct oauth_result *result)
{
	struct oauth_result copy = *result;
	provider_done_fn done = w->done;
	void *userdata = w->userdata;

	wait_free(w);
	done(userdata, &copy);
}

static int on_answer(sd_event_source *source, void *userdata)
{
	struct provider_wait *w = userdata;

	(void)source;
	tell(w, &w->result);
	return 0;
}

/* The answer is known, but nobody is called from within his own call. */
static int answer_soon(struct provider_wait *w, const struct oauth_result *result)
{
	w->result = *result;
	push(&w->provider->answered, w);
	if (sd_event_add_defer(w->provider->event, &w->source, on_answer, w) < 0) {
		wait_free(w);
		return -ENOMEM;
	}
	return 0;
}

/* MD-07, N13: what is there serves on, unless it was the keys themselves that were asked for. */
static struct oauth_result answer_for(const struct provider *p, const struct provider_wait *w)
{
	if (!w->wants_keys && everything_is_younger(p, PROVIDER_STALE_MS))
		return (struct oauth_result){.outcome = OAUTH_DONE};
	return p->failure;
}

void provider_load_done(struct provider *p)
{
	struct provider_wait *waits = LK_STEAL(p->waits);

	p->load = PROVIDER_LOAD_NONE;
	p->forces_keys = false;
	if (p->failure.outcome != OAUTH_DONE)
		p->failed_ms = clock_monotonic_ms();

	/* All answers are fixed before the first is given: a callee may ask again, and so begin the next load. */
	for (struct provider_wait *w = waits; w != NULL; w = w->next)
		w->result = answer_for(p, w);
	/* A callee may cancel others that wait: they leave this list then, wherever it is kept. */
	if (waits != NULL)
		waits->back = &waits;
	while (waits != NULL)
		tell(waits, &waits->result);
}

/* Starts a load, or joins the one under way. */
static int wait_for_load(struct provider_wait *w)
{
	struct provider *p = w->provider;
	int r = 0;

	if (w->wants_keys)
		p->forces_keys = true;
	if (p->load == PROVIDER_LOAD_NONE)
		r = provider_load_start(p);
	if (r < 0) {
		free(w);
		return r;
	}
	if (r > 0) { /* nothing had to be fetched */
		struct oauth_result answer = answer_for(p, w);

		return answer_soon(w, &answer);
	}
	push(&p->waits, w);
	return 0;
}

int provider_prepare(struct provider *p, provider_done_fn done, void *userdata, struct provider_wait **ret)
{
	struct oauth_result refused;
	struct provider_wait *w;
	int r;

	if (!lacks_client(p))
		return provider_discover(p, done, userdata, ret);
	r = wait_new(&w, p, done, userdata);
	if (r < 0)
		return r;
	oauth_result_set(&refused, OAUTH_CLIENT_REFUSED, "%s", not_enrolled);
	r = answer_soon(w, &refused);
	if (r == 0)
		*ret = w;
	return r;
}

int provider_discover(struct provider *p, provider_done_fn done, void *userdata, struct provider_wait **ret)
{
	struct provider_wait *w;
	int r = wait_new(&w, p, done, userdata);

	if (r < 0)
		return r;
	if (is_loaded(p))
		r = answer_soon(w, &(struct oauth_result){.outcome = OAUTH_DONE});
	else if (p->load == PROVIDER_LOAD_NONE && has_failed_within(p, PROVIDER_FAILURE_MEMORY_MS))
		r = answer_soon(w, &p->failure);
	else
		r = wait_for_load(w);
	if (r == 0)
		*ret = w;
	return r;
}

int provider_refetch_keys(struct provider *p, provider_done_fn done, void *userdata, struct provider_wait **ret)
{
	struct oauth_result too_early;
	struct provider_wait *w;
	int r = wait_new(&w, p, done, userdata);

	if (r < 0)
		return r;
	w->wants_keys = true;
	if (p->load == PROVIDER_LOAD_NONE && p->has_refetched &&
	    is_younger(p->refetched_ms, PROVIDER_REFETCH_COOL_DOWN_MS)) {
		oauth_result_set(&too_early, OAUTH_TOKEN_INVALID,
				 "unknown key, and the keys were fetched a moment ago");
		r = answer_soon(w, &too_early);
	} else {
		p->has_refetched = true;
		p->refetched_ms = clock_monotonic_ms();
		r = wait_for_load(w);
	}
	if (r == 0)
		*ret = w;
	return r;
}

void provider_wait_cancel(struct provider_wait *w)
{
	if (w != NULL)
		wait_free(w);
}
