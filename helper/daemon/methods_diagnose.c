/* SPDX-License-Identifier: MIT */
/*
 * Diagnose: what only this process can look at, for root. The store, the way to latchkey-root, and each provider by way of
 * latchkey-fetch, all at once; findings come as they are made.
 */
#include "helper/daemon/methods.h"

#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/oauth/probe.h"
#include "helper/protocol/names.h"

struct job {
	struct conn *conn;
	struct manager *manager;
	struct job_probe {
		struct job *job;
		const char *provider;
		struct probe *probe;
	} probes[CONFIG_PROVIDERS_MAX];
	struct publish_wait *publish;
	size_t n_left; /* that have not ended */
};

static void job_free(void *userdata)
{
	struct job *j = userdata;

	publish_wait_cancel(j->publish);
	for (size_t i = 0; i < CONFIG_PROVIDERS_MAX; i++)
		probe_free(j->probes[i].probe);
	free(j);
}

static void tell(struct job *j, const char *provider, const struct probe_finding *f)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();
	struct json_object *o = json_object_new_object();
	bool ok = method_add_text(o, "step", f->step) && method_add(o, "good", json_object_new_boolean(f->is_good));

	if (ok && provider != NULL)
		ok = method_add_text(o, "provider", provider);
	if (ok && f->detail[0] != '\0')
		ok = method_add_text(o, "detail", f->detail);
	if (ok && f->value != 0)
		ok = method_add_int(o, "value", f->value);
	if (!ok) {
		json_object_put(o);
		conn_drop(j->conn);
	} else if (method_add(p, "finding", o)) {
		conn_reply(j->conn, p, true);
	} else {
		conn_drop(j->conn);
	}
}

static void end_one(struct job *j)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();

	j->n_left--;
	if (j->n_left == 0)
		conn_reply(j->conn, p, false);
}

static void on_finding(void *userdata, const struct probe_finding *f)
{
	struct job_probe *p = userdata;

	tell(p->job, p->provider, f);
}

static void on_probed(void *userdata)
{
	end_one(((struct job_probe *)userdata)->job);
}

static void on_published(void *userdata, int error, const char *detail)
{
	struct job *j = userdata;
	const char *example = "";
	const size_t n = publisher_left_off(j->manager->publisher, &example);
	const struct probe_finding f = {
		.step = STEP_PUBLISH, .is_good = error == 0, .detail = error != 0 ? detail : "", .value = (int64_t)n};

	j->publish = NULL;
	tell(j, NULL, &f);
	end_one(j);
}

static void look_at_store(struct job *j)
{
	int r = store_check(j->manager->store);
	const struct probe_finding f = {.step = STEP_STORE, .is_good = r == 0, .detail = r < 0 ? strerror(-r) : ""};

	tell(j, NULL, &f);
}

/* Return: false without memory. */
static bool start(struct job *j)
{
	static const struct probe_events events = {.finding = on_finding, .done = on_probed};
	struct manager *m = j->manager;

	j->n_left = 1 + m->login.n_providers;
	for (size_t i = 0; i < m->login.n_providers; i++) {
		const struct provider_settings *s = provider_settings(m->login.providers[i].provider);

		j->probes[i] = (struct job_probe){.job = j, .provider = s->name};
		if (probe_start(&j->probes[i].probe, s, m->event, m->fetch, &events, &j->probes[i]) < 0)
			return false;
	}
	return publisher_request(m->publisher, on_published, j, &j->publish) == 0;
}

void method_diagnose(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	struct job *j;

	if (!call->more) {
		conn_error(c, ERROR_EXPECTED_MORE, NULL);
		return;
	}
	j = calloc(1, sizeof(*j));
	if (j == NULL) {
		conn_drop(c);
		return;
	}
	j->conn = c;
	j->manager = m;
	conn_set_job(c, j, job_free);
	if (start(j))
		look_at_store(j);
	else
		conn_drop(c);
}
