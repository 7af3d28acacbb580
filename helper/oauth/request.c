/* SPDX-License-Identifier: MIT */
/* Builds requests for the fetch process. Secrets travel in a body or an Authorization header and are wiped after; must
 * never put one into a URL (RFC 6749 section 2.3.1, RFC 6750 section 2.3). */
#include "helper/oauth/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define USER_AGENT ("User-Agent: latchkey/" LK_RELEASE)
#define HEADER_MAX (20u * 1024u)

void request_add_scope(struct form *form, const struct provider_settings *s, const char *words)
{
	LK_CLEANUP(buf_done) struct buf scope = {0};

	if (words == NULL)
		return;
	buf_init(&scope, FORM_MAX);
	for (const char *p = words; *p != '\0'; p++)
		buf_append(&scope, *p == ' ' ? &s->dialect->scope_separator : p, 1);
	form_add(form, "scope", scope.data);
	if (form->fault == 0)
		form->fault = buf_fault(&scope);
}

struct oauth_call {
	struct fetch_call *exchange;
	fetch_done_fn done;
	void *userdata;
};

void oauth_call_cancel(struct oauth_call *call)
{
	if (call == NULL)
		return;
	fetch_cancel(call->exchange);
	free(call);
}

/* The callee may free whatever holds the call: it goes first. */
static void on_exchange(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	struct oauth_call *call = userdata;
	fetch_done_fn done = call->done;

	userdata = call->userdata;
	free(call);
	done(userdata, outcome, reply, detail);
}

static int send_form(struct oauth_call *call, struct fetch_client *fetch, const struct provider_settings *s,
		     const char *url, const struct form *form, const struct buf *authorization, uint32_t timeout_ms)
{
	const char *headers[] = {
		"Accept: application/json",
		USER_AGENT,
		"Content-Type: application/x-www-form-urlencoded",
		authorization->len > 0 ? authorization->data : NULL,
		NULL,
	};
	struct fetch_request request = {
		.profile = &s->fetch,
		.url = url,
		.headers = headers,
		.body = form->text.data,
		.body_len = form->text.len,
		.timeout_ms = timeout_ms,
	};

	return fetch_start(fetch, &request, on_exchange, call, &call->exchange);
}

/* Return: as assertion_make(), 0 with *ret NULL where none is needed. */
static int make_assertion(struct secret **ret, const struct provider_settings *s, bool is_public)
{
	struct assertion_claims claims;

	if (client_auth_method(s, is_public) != CLIENT_AUTH_PRIVATE_KEY_JWT)
		return 0;
	if (s->client_id == NULL || s->client_key == NULL)
		return -EINVAL;
	client_auth_claims(&claims, s);
	return assertion_make(ret, s->client_key, &claims);
}

int request_post(struct fetch_client *fetch, const struct provider_settings *s, const char *url, struct form *form,
		 bool is_public, uint32_t timeout_ms, fetch_done_fn done, void *userdata, struct oauth_call **ret)
{
	LK_CLEANUP(oauth_call_cancelp) struct oauth_call *call = calloc(1, sizeof(*call));
	LK_CLEANUP(secret_freep) struct secret *assertion = NULL;
	LK_CLEANUP(buf_done) struct buf authorization = {0};
	int r;

	if (call == NULL)
		return -ENOMEM;
	call->done = done;
	call->userdata = userdata;
	buf_init(&authorization, CLIENT_AUTH_HEADER_MAX * 2);
	r = make_assertion(&assertion, s, is_public);
	if (r == 0)
		r = client_auth_add(form, &authorization, s, is_public, assertion);
	if (r == 0)
		r = form_fault(form);
	if (r == 0)
		r = send_form(call, fetch, s, url, form, &authorization, timeout_ms);
	if (r == 0)
		*ret = LK_STEAL(call);
	return r > 0 ? -EIO : r;
}

int request_get(struct fetch_client *fetch, const struct provider_settings *s, const char *url, const char *accept,
		const struct secret *bearer, uint32_t timeout_ms, fetch_done_fn done, void *userdata,
		struct fetch_call **ret)
{
	LK_CLEANUP(buf_done) struct buf accepted = {0};
	LK_CLEANUP(buf_done) struct buf authorization = {0};
	const char *headers[] = {USER_AGENT, NULL, NULL, NULL};
	struct fetch_request request = {.profile = &s->fetch, .url = url, .headers = headers, .timeout_ms = timeout_ms};
	int r;

	buf_init(&accepted, HEADER_MAX);
	buf_append_text(&accepted, "Accept: ");
	buf_append_text(&accepted, accept);
	buf_init(&authorization, HEADER_MAX);
	r = buf_fault(&accepted);
	if (r < 0)
		return r;
	headers[1] = accepted.data;
	if (bearer != NULL) {
		buf_append_text(&authorization, "Authorization: Bearer ");
		buf_append(&authorization, secret_data(bearer), secret_len(bearer));
		r = buf_fault(&authorization);
		if (r < 0)
			return r;
		headers[2] = authorization.data;
	}
	return fetch_start(fetch, &request, done, userdata, ret);
}

int request_json(struct fetch_client *fetch, const struct provider_settings *s, const char *method, const char *url,
		 const char *text, const struct secret *bearer, uint32_t timeout_ms, fetch_done_fn done, void *userdata,
		 struct fetch_call **ret)
{
	LK_CLEANUP(buf_done) struct buf authorization = {0};
	const char *headers[] = {"Accept: application/json", USER_AGENT, NULL, NULL, NULL};
	struct fetch_request request = {
		.profile = &s->fetch, .url = url, .method = method, .headers = headers, .timeout_ms = timeout_ms};
	size_t n = 2;
	int r;

	if (bearer != NULL) {
		buf_init(&authorization, HEADER_MAX);
		buf_append_text(&authorization, "Authorization: Bearer ");
		buf_append(&authorization, secret_data(bearer), secret_len(bearer));
		r = buf_fault(&authorization);
		if (r < 0)
			return r;
		headers[n++] = authorization.data;
	}
	if (text != NULL) {
		headers[n++] = "Content-Type: application/json";
		request.body = text;
		request.body_len = strlen(text);
	}
	return fetch_start(fetch, &request, done, userdata, ret);
}

int request_post_json(struct fetch_client *fetch, const struct provider_settings *s, const char *url, const char *text,
		      const struct secret *bearer, uint32_t timeout_ms, fetch_done_fn done, void *userdata,
		      struct fetch_call **ret)
{
	return request_json(fetch, s, NULL, url, text, bearer, timeout_ms, done, userdata, ret);
}
