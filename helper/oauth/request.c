/* SPDX-License-Identifier: MIT */
/* Builds requests for the fetch process. Secrets travel in a body or an Authorization header and are wiped after; must
 * never put one into a URL (RFC 6749 section 2.3.1, RFC 6750 section 2.3). */
#include "helper/oauth/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/jose/signing_key.h"
#include "helper/oauth/signer.h"

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
	struct fetch_client *fetch;
	const struct provider_settings *settings;
	bool is_public;
	uint32_t timeout_ms;
	struct signer_job *signing; /* then the rest waits here; at most one of signing and exchange is set */
	struct form form;
	char *url;
	struct fetch_call *exchange;
	fetch_done_fn done;
	void *userdata;
};

void oauth_call_cancel(struct oauth_call *call)
{
	if (call == NULL)
		return;
	signer_cancel(call->signing);
	fetch_cancel(call->exchange);
	form_done(&call->form);
	free(call->url);
	free(call);
}

/* The callee may free whatever holds the call: it goes first. */
static void finish(struct oauth_call *call, enum fetch_outcome outcome, const struct fetch_reply *reply,
		   const char *detail)
{
	fetch_done_fn done = call->done;
	void *userdata = call->userdata;

	oauth_call_cancel(call);
	done(userdata, outcome, reply, detail);
}

static void on_exchange(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	struct oauth_call *call = userdata;

	call->exchange = NULL;
	finish(call, outcome, reply, detail);
}

static int send_form(struct oauth_call *call, const char *url, struct form *form, const struct secret *assertion)
{
	LK_CLEANUP(buf_done) struct buf authorization = {0};
	const char *headers[] = {
		"Accept: application/json",
		USER_AGENT,
		"Content-Type: application/x-www-form-urlencoded",
		NULL, /* room for Authorization */
		NULL,
	};
	struct fetch_request request = {
		.profile = &call->settings->fetch, .url = url, .headers = headers, .timeout_ms = call->timeout_ms};
	int r;

	buf_init(&authorization, CLIENT_AUTH_HEADER_MAX * 2);
	r = client_auth_add(form, &authorization, call->settings, call->is_public, assertion);
	if (r == 0)
		r = form_fault(form);
	if (r < 0)
		return r;
	if (authorization.len > 0)
		headers[3] = authorization.data;
	request.body = form->text.data;
	request.body_len = form->text.len;
	return fetch_start(call->fetch, &request, on_exchange, call, &call->exchange);
}

static void on_signed(void *userdata, int r, const struct secret *assertion)
{
	struct oauth_call *call = userdata;

	call->signing = NULL;
	if (r != 0)
		finish(call, FETCH_UNSIGNED, NULL, signing_text(r));
	else if (send_form(call, call->url, &call->form, assertion) < 0)
		finish(call, FETCH_OVERLOADED, NULL, "the request cannot be made");
}

/* Return: 0, and *ret is set where it is there at once; else call->signing is, and on_signed() follows. Errors as signer_start(). */
static int make_assertion(struct secret **ret, struct oauth_call *call)
{
	const struct provider_settings *s = call->settings;
	struct assertion_claims claims;

	if (s->client_id == NULL || s->client_key == NULL)
		return -EINVAL;
	client_auth_claims(&claims, s);
	return signer_start(&call->signing, ret, s->signer, s->client_key, &claims, on_signed, call);
}

/* What the signature is waited for with; the caller's form is empty then. */
static int keep(struct oauth_call *call, const char *url, struct form *form)
{
	call->url = strdup(url);
	if (call->url == NULL)
		return -ENOMEM;
	call->form = *form;
	*form = (struct form){0};
	return 0;
}

int request_post(struct fetch_client *fetch, const struct provider_settings *s, const char *url, struct form *form,
		 bool is_public, uint32_t timeout_ms, fetch_done_fn done, void *userdata, struct oauth_call **ret)
{
	LK_CLEANUP(oauth_call_cancelp) struct oauth_call *call = calloc(1, sizeof(*call));
	LK_CLEANUP(secret_freep) struct secret *assertion = NULL;
	int r = 0;

	if (call == NULL)
		return -ENOMEM;
	*call = (struct oauth_call){
		.fetch = fetch,
		.settings = s,
		.is_public = is_public,
		.timeout_ms = timeout_ms,
		.done = done,
		.userdata = userdata,
	};
	if (client_auth_method(s, is_public) == CLIENT_AUTH_PRIVATE_KEY_JWT)
		r = make_assertion(&assertion, call);
	if (r == 0)
		r = call->signing != NULL ? keep(call, url, form) : send_form(call, url, form, assertion);
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
