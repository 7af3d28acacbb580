/* SPDX-License-Identifier: MIT */
/* The doctor's questions to latchkeyd. A helper that does not answer, or is older, is a finding and no failure. */
#include "helper/doctor/diagnosis.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/protocol/client.h"
#include "helper/protocol/names.h"

/* A step may wait for a name server, a connection and a reply. */
#define STEP_TIMEOUT_MS 60000u
#define ANSWER_TIMEOUT_MS 10000u

static void copy_member(char *out, size_t size, const struct json_object *o, const char *key)
{
	const char *text;

	if (json_read_string(o, key, DIAGNOSIS_DETAIL_MAX * 4, &text) == 0)
		(void)snprintf(out, size, "%s", text);
}

static int ask_once(const char *socket, const char *method, struct json_object *parameters, struct varlink_reply *ret)
{
	LK_CLEANUP(client_closep) struct client *client = NULL;
	int r;

	r = client_open(&client, socket);
	if (r == 0)
		r = client_call(client, method, parameters, false);
	return r < 0 ? r : client_next(client, ret, ANSWER_TIMEOUT_MS, -1, NULL);
}

static int ask_release(struct diagnosis *d, const char *socket)
{
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	int r = ask_once(socket, METHOD_GET_VERSION, NULL, &reply);

	if (r == 0 && reply.error)
		r = -EPROTO;
	if (r == 0)
		copy_member(d->release, sizeof(d->release), reply.parameters, "release");
	return r;
}

static void take_step(struct diagnosis *d, const struct json_object *finding)
{
	struct diagnosis_step *s = &d->steps[d->n];

	if (d->n == DIAGNOSIS_STEPS_MAX)
		return;
	copy_member(s->step, sizeof(s->step), finding, "step");
	copy_member(s->provider, sizeof(s->provider), finding, "provider");
	copy_member(s->detail, sizeof(s->detail), finding, "detail");
	if (json_read_bool(finding, "good", &s->is_good) != 0)
		s->is_good = false;
	if (json_read_int(finding, "value", INT64_MIN, INT64_MAX, &s->value) != 0)
		s->value = 0;
	d->n++;
}

static int ask_steps(struct diagnosis *d, const char *socket)
{
	LK_CLEANUP(client_closep) struct client *client = NULL;
	bool goes_on = true;
	int r;

	r = client_open(&client, socket);
	if (r == 0)
		r = client_call(client, METHOD_DIAGNOSE, NULL, true);
	while (r == 0 && goes_on) {
		LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
		struct json_object *finding;

		r = client_next(client, &reply, STEP_TIMEOUT_MS, -1, NULL);
		if (r < 0)
			break;
		if (reply.error)
			return -EPROTO;
		if (json_read_object(reply.parameters, "finding", &finding) == 0)
			take_step(d, finding);
		goes_on = reply.continues;
	}
	return r;
}

int diagnosis_ask(struct diagnosis **ret, const char *socket)
{
	struct diagnosis *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->reached = ask_release(d, socket);
	d->asked = d->reached == 0 ? ask_steps(d, socket) : d->reached;
	*ret = d;
	return 0;
}

void diagnosis_free(struct diagnosis *d)
{
	free(d);
}

uint32_t diagnosis_code_lifetime_s(const struct diagnosis *d)
{
	uint32_t shortest = 0;

	for (size_t i = 0; d && i < d->n; i++) {
		const struct diagnosis_step *s = &d->steps[i];

		if (strcmp(s->step, STEP_CLIENT) == 0 && s->is_good && s->value > 0 && s->value < UINT32_MAX &&
		    (shortest == 0 || s->value < shortest))
			shortest = (uint32_t)s->value;
	}
	return shortest;
}

int diagnosis_account(struct diagnosis_account *ret, const char *socket, const char *name)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();
	struct json_object *text = json_object_new_string(name);
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	struct json_object *account;
	int r;

	*ret = (struct diagnosis_account){0};
	if (!p || !text || json_object_object_add(p, "name", text) < 0) {
		json_object_put(text);
		return -ENOMEM;
	}
	r = ask_once(socket, METHOD_SHOW_ACCOUNT, p, &reply);
	if (r < 0)
		return r;
	if (reply.error)
		return strcmp(reply.error, ERROR_NO_SUCH_ACCOUNT) == 0 ? 0 : -ENODATA;
	if (json_read_object(reply.parameters, "account", &account) != 0)
		return -ENODATA;
	ret->is_known = true;
	copy_member(ret->state, sizeof(ret->state), account, "state");
	copy_member(ret->standing, sizeof(ret->standing), account, "standing");
	copy_member(ret->refusal, sizeof(ret->refusal), account, "refusal");
	return 0;
}
