/* SPDX-License-Identifier: MIT */
/* Enroll: this host registers itself at a provider. The work goes on when the caller leaves; only its answer is lost. */
#include "helper/daemon/methods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/daemon/enrolment.h"
#include "helper/protocol/names.h"

#define NAME_SIZE_MAX 255u
#define TOKEN_SIZE_MAX 8192u

struct job {
	struct conn *conn;
	const char *provider;
	struct enrolment_wait *wait;
};

static void job_free(void *userdata)
{
	struct job *j = userdata;

	enrolment_leave(j->wait);
	free(j);
}

static void on_done(void *userdata, const char *fault, const char *client_id)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();
	struct job *j = userdata;

	j->wait = NULL;
	if (fault != NULL)
		method_not_possible(j->conn, j->provider, fault, -1);
	else if (method_add_text(p, "provider", j->provider) && method_add_text(p, "client_id", client_id))
		conn_reply(j->conn, p, false);
	else
		conn_drop(j->conn);
}

/* Return: false after the call was answered. */
static bool read_action(struct conn *c, const struct varlink_call *call, enum enrolment_action *ret)
{
	static const char *const words[] = {
		[ENROLMENT_BEGIN] = "begin", [ENROLMENT_RENEW] = "renew", [ENROLMENT_END] = "end"};
	const char *word;

	if (json_read_string(call->parameters, "action", 16, &word) == 0) {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			if (strcmp(word, words[i]) == 0) {
				*ret = (enum enrolment_action)i;
				return true;
			}
		}
	}
	service_invalid(c, "action");
	return false;
}

/* By name, or the only one that is enrolled. Return: false after the call was answered. */
static bool find_provider(const struct manager *m, struct conn *c, const struct varlink_call *call, size_t *ret)
{
	const struct config *config = m->config;
	const char *name = NULL;
	size_t n = 0;

	if (!method_read_optional(call, "provider", NAME_SIZE_MAX, &name)) {
		service_invalid(c, "provider");
		return false;
	}
	for (size_t i = 0; i < config->n_providers; i++) {
		const struct provider_settings *s = &config->providers[i].settings;

		if (name != NULL && name[0] != '\0' ? strcmp(s->name, name) == 0 : s->is_enrolled) {
			*ret = i;
			n++;
		}
	}
	if (n == 1)
		return true;
	method_not_possible(c, name != NULL ? name : "",
			    n == 0 ? "there is no such provider with client = enrolled"
				   : "there are several: name the provider",
			    -1);
	return false;
}

/* Printable ASCII without blanks, so that it fits a header. Return: false after the call was answered. */
static bool read_token(struct conn *c, const struct varlink_call *call, struct secret **ret)
{
	const char *token = NULL;
	bool is_good = method_read_optional(call, "token", TOKEN_SIZE_MAX, &token);

	if (is_good && (token == NULL || token[0] == '\0'))
		return true;
	for (const char *at = token; is_good && *at != '\0'; at++)
		is_good = *at > ' ' && *at <= '~';
	if (is_good && secret_copy(ret, token, strlen(token)) == 0)
		return true;
	service_invalid(c, "token");
	return false;
}

void method_enroll(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(secret_freep) struct secret *token = NULL;
	enum enrolment_action action;
	const char *fault = NULL;
	size_t provider;
	struct job *j;
	int r;

	if (!read_action(c, call, &action) || !find_provider(m, c, call, &provider) || !read_token(c, call, &token))
		return;
	j = calloc(1, sizeof(*j));
	if (j == NULL) {
		conn_drop(c);
		return;
	}
	j->conn = c;
	j->provider = m->config->providers[provider].settings.name;
	conn_set_job(c, j, job_free);
	r = enrolment_start(&j->wait, m->enrolments, provider, action, token, on_done, j, &fault);
	if (r == -EINVAL)
		method_not_possible(c, j->provider, fault, -1);
	else if (r < 0)
		conn_drop(c);
}
