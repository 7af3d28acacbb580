/* SPDX-License-Identifier: MIT */
/* Asks providers whether a sign-in could begin, before anything depends on the answer. A code that comes is dropped at once. */
#include "helper/daemon/probe.h"

#include <errno.h>
#include <string.h>

#include <systemd/sd-event.h>

#include "helper/base/json.h"
#include "helper/fetch/client.h"
#include "helper/oauth/flow.h"
#include "helper/oauth/provider.h"

#define LIFETIME_S 3600u /* longer than any configured limit, so that this alone counts */

struct probe {
	const struct config *config;
	sd_event *event;
	struct fetch_client *fetch;
	struct provider *provider;
	struct flow *flow;
	struct oauth_result result;
	bool has_code;
	uint32_t expires_in_s;
};

static void on_challenge(void *userdata, const struct flow_challenge *challenge)
{
	struct probe *p = userdata;

	p->has_code = true;
	p->expires_in_s = challenge->expires_in_s;
	(void)sd_event_exit(p->event, 0);
}

static void on_done(void *userdata, const struct oauth_result *result, struct token_set *tokens)
{
	struct probe *p = userdata;

	/* Nobody has been asked to approve it. */
	token_set_free(tokens);
	p->result = *result;
	(void)sd_event_exit(p->event, 0);
}

static void fail(struct probe *p, enum oauth_outcome outcome, const char *why)
{
	p->result.outcome = outcome;
	(void)snprintf(p->result.detail, sizeof(p->result.detail), "%s", why);
	(void)sd_event_exit(p->event, 0);
}

static void on_prepared(void *userdata, const struct oauth_result *result)
{
	static const struct flow_events events = {.challenge = on_challenge, .done = on_done};
	struct probe *p = userdata;
	const struct flow_request request = {.lifetime_s = LIFETIME_S, .host = p->config->host};
	const char *fault;

	p->result = *result;
	if (result->outcome != OAUTH_DONE) {
		(void)sd_event_exit(p->event, 0);
		return;
	}
	fault = flow_kind(FLOW_DEVICE)->fault(p->provider, &request);
	if (fault != NULL)
		fail(p, OAUTH_CLIENT_REFUSED, fault);
	else if (flow_start(&p->flow, FLOW_DEVICE, p->provider, p->event, p->fetch, &request, &events, p) < 0)
		fail(p, OAUTH_NO_MEMORY, "the request could not be made");
}

static const char *outcome_word(const struct probe *p)
{
	if (p->has_code)
		return "good";
	switch (p->result.outcome) {
	case OAUTH_UNREACHABLE:
	case OAUTH_THROTTLED:
		return "unreachable";
	case OAUTH_BAD_REPLY:
	case OAUTH_TOKEN_INVALID:
		return "bad-reply";
	case OAUTH_CLIENT_REFUSED:
		return "client-refused";
	case OAUTH_DENIED:
	case OAUTH_NOT_ADMITTED:
	case OAUTH_WRONG_PROOF:
	case OAUTH_EXPIRED:
	case OAUTH_PROVIDER_REFUSED:
	case OAUTH_TOKEN_REFUSED:
	case OAUTH_TOO_WEAK:
		return "refused";
	case OAUTH_DONE:
	case OAUTH_NO_MEMORY:
		break;
	}
	return "failed";
}

static void print_text(struct buf *out, const char *key, const char *text)
{
	buf_printf(out, ",\"%s\":", key);
	json_write_string(out, text, strlen(text));
}

static int print(const struct probe *p, const char *name, bool was_prepared, FILE *out)
{
	LK_CLEANUP(buf_done) struct buf line = {0};

	buf_init(&line, JSON_MAX_BYTES);
	buf_append_text(&line, "{\"provider\":");
	json_write_string(&line, name, strlen(name));
	print_text(&line, "outcome", outcome_word(p));
	print_text(&line, "stage", was_prepared ? "code" : "discovery");
	if (p->has_code) {
		print_text(&line, "device_endpoint", provider_device_endpoint(p->provider));
		buf_printf(&line, ",\"expires_in\":%u,\"clock_difference\":%lld", p->expires_in_s,
			   (long long)provider_clock_difference_s(p->provider));
	} else {
		print_text(&line, "detail", p->result.detail);
	}
	buf_append_text(&line, "}\n");
	if (buf_fault(&line) < 0)
		return buf_fault(&line);
	return fwrite(line.data, 1, line.len, out) == line.len && fflush(out) == 0 ? 0 : -EIO;
}

/* @ret: may a sign-in begin there */
static int ask(const struct config *config, const struct provider_settings *settings, const char *fetch_socket,
	       FILE *out, bool *ret)
{
	LK_CLEANUP(sd_event_unrefp) sd_event *event = NULL;
	struct probe p = {.config = config, .result = {.outcome = OAUTH_UNREACHABLE}};
	struct provider_wait *wait;
	int r = sd_event_new(&event);

	p.event = event;
	if (r >= 0)
		r = fetch_client_new(&p.fetch, event, fetch_socket);
	if (r >= 0)
		r = provider_new(&p.provider, settings, event, p.fetch);
	if (r >= 0)
		r = provider_prepare(p.provider, on_prepared, &p, &wait);
	if (r >= 0)
		r = sd_event_loop(event);
	if (r >= 0)
		r = print(&p, settings->name, p.flow != NULL, out);
	*ret = p.has_code;
	flow_free(p.flow);
	provider_free(p.provider);
	fetch_client_free(p.fetch);
	return r < 0 ? r : 0;
}

int probe_run(const struct config *config, const char *fetch_socket, FILE *out)
{
	bool all = true;

	for (size_t i = 0; i < config->n_providers; i++) {
		bool is_good = false;
		int r = ask(config, &config->providers[i].settings, fetch_socket, out, &is_good);

		if (r < 0)
			return r;
		all = all && is_good;
	}
	return all ? 0 : 1;
}
