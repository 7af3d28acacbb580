/* SPDX-License-Identifier: MIT */
/* The request of RFC 8936 section 2.2 and what its answer means. The connection is never held open for events to come: a host
 * that asks every now and then holds nobody's. */
#include "helper/oauth/event_poll.h"

#include <errno.h>
#include <stdlib.h>

#include "helper/base/json.h"
#include "helper/oauth/error.h"
#include "helper/oauth/request.h"

#define POLL_TIMEOUT_MS 15000u

struct event_poll {
	struct provider *provider;
	const struct event_settings *settings;
	struct fetch_call *call;
	event_poll_done_fn done;
	void *userdata;
};

/* The callee may free @p: nobody touches it after this. */
static void finish(struct event_poll *p, const struct oauth_result *result, const struct event_reply *reply,
		   uint32_t retry_after_s)
{
	struct oauth_result copy = *result;

	oauth_result_hide(&copy, p->settings->token);
	p->done(p->userdata, &copy, reply, retry_after_s);
}

static void use_reply(struct event_poll *p, const struct fetch_reply *fetched)
{
	LK_CLEANUP(event_reply_done) struct event_reply reply = {.sets = NULL};
	struct oauth_result result = {.outcome = OAUTH_DONE};
	int r = event_reply_parse(&reply, fetched->body, fetched->body_len);

	if (r == -ENOMEM)
		oauth_result_set(&result, OAUTH_NO_MEMORY, "event stream: out of memory");
	else if (r < 0)
		oauth_result_set(&result, OAUTH_BAD_REPLY, "event stream: the answer is not as RFC 8936 has it");
	finish(p, &result, r == 0 ? &reply : NULL, 0);
}

static void on_reply(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	struct event_poll *p = userdata;
	struct oauth_result result;

	p->call = NULL;
	if (outcome != FETCH_DONE) {
		oauth_result_from_fetch(&result, "event stream", outcome, detail);
		finish(p, &result, NULL, 0);
		return;
	}
	provider_note_date(p->provider, reply->date_s);
	if (reply->status == 200) {
		use_reply(p, reply);
		return;
	}
	if (reply->status == 401 || reply->status == 403)
		oauth_result_set(&result, OAUTH_CLIENT_REFUSED,
				 "event stream: HTTP %u, this host's token is not accepted", reply->status);
	else
		oauth_result_from_status(&result, "event stream", reply->status);
	finish(p, &result, NULL, reply->retry_after_s);
}

static bool add(struct json_object *o, const char *name, struct json_object *value)
{
	if (value != NULL && json_object_object_add(o, name, value) == 0)
		return true;
	json_object_put(value);
	return false;
}

static struct json_object *question(struct json_object *acks, struct json_object *faults)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();
	bool ok = o != NULL && add(o, "maxEvents", json_object_new_int(EVENT_POLL_AT_ONCE)) &&
		  add(o, "returnImmediately", json_object_new_boolean(true));

	if (ok && acks != NULL && json_object_array_length(acks) > 0)
		ok = add(o, "ack", json_object_get(acks));
	if (ok && faults != NULL && json_object_object_length(faults) > 0)
		ok = add(o, "setErrs", json_object_get(faults));
	return ok ? LK_STEAL(o) : NULL;
}

int event_poll_start(struct event_poll **ret, struct provider *provider, struct fetch_client *fetch,
		     const struct event_settings *settings, struct json_object *acks, struct json_object *faults,
		     event_poll_done_fn done, void *userdata)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = question(acks, faults);
	LK_CLEANUP(event_poll_freep) struct event_poll *p = calloc(1, sizeof(*p));
	int r;

	if (p == NULL || o == NULL)
		return -ENOMEM;
	p->provider = provider;
	p->settings = settings;
	p->done = done;
	p->userdata = userdata;
	r = request_post_json(fetch, provider_settings(provider), settings->endpoint, json_text(o), settings->token,
			      POLL_TIMEOUT_MS, on_reply, p, &p->call);
	if (r < 0)
		return -ENOMEM;
	*ret = LK_STEAL(p);
	return 0;
}

void event_poll_free(struct event_poll *p)
{
	if (p == NULL)
		return;
	fetch_cancel(p->call);
	free(p);
}
