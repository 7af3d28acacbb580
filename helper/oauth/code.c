/* SPDX-License-Identifier: MIT */
/* One authorization code from the address that is shown to the tokens. Its state, nonce and verifier are made for one attempt and
 * wiped with it, so that nothing that was asked for elsewhere can be redeemed here. */
#include "helper/oauth/code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/evp.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/jose/base64url.h"
#include "helper/oauth/code_answer.h"
#include "helper/oauth/error.h"
#include "helper/oauth/flow_form.h"
#include "helper/oauth/reply.h"
#include "helper/oauth/request.h"
#include "helper/oauth/token.h"

#define PUSH_TIMEOUT_MS 10000u
#define TOKEN_TIMEOUT_MS 15000u
#define TRIES_MAX 3u
#define RANDOM_BYTES 32u
#define RANDOM_CHARACTERS 43u
#define REQUEST_URI_MAX 512u
#define REQUEST_LIFETIME_MAX_S 3600u

struct code_flow {
	struct flow head;
	struct provider *provider;
	sd_event *event;
	struct fetch_client *fetch;
	struct flow_events events;
	void *userdata;

	char state[RANDOM_CHARACTERS + 1];
	char nonce[RANDOM_CHARACTERS + 1];
	char verifier[RANDOM_CHARACTERS + 1];
	struct form request; /* the authorization request, until it is pushed or shown */
	unsigned n_tries;
	bool is_asked;
	uint64_t deadline_ms;
	sd_event_source *timer; /* until it is shown: when; then: the end */
	struct oauth_call *call;
};

static const struct provider_settings *settings_of(const struct code_flow *f)
{
	return provider_settings(f->provider);
}

static void stop(struct code_flow *f)
{
	oauth_call_cancel(LK_STEAL(f->call));
	f->timer = sd_event_source_disable_unref(f->timer);
	form_done(&f->request);
	f->is_asked = false;
	secret_wipe(f->verifier, sizeof(f->verifier)); /* PK-03 */
	secret_wipe(f->state, sizeof(f->state));
}

static void code_flow_free(struct flow *flow)
{
	struct code_flow *f = (struct code_flow *)flow;

	stop(f);
	free(f);
}

/* The callee may free the flow: nobody touches it after this. */
static void finish(struct code_flow *f, const struct oauth_result *result, struct token_set *tokens)
{
	struct oauth_result copy = *result;

	client_auth_explain(&copy, f->provider, settings_of(f));
	stop(f);
	f->events.done(f->userdata, &copy, tokens);
}

static void finish_with(struct code_flow *f, enum oauth_outcome outcome, const char *detail)
{
	struct oauth_result result;

	oauth_result_set(&result, outcome, "%s", detail);
	finish(f, &result, NULL);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	finish_with(userdata, OAUTH_EXPIRED, "no answer was pasted in time");
	return 0;
}

static int set_timer(struct code_flow *f, uint64_t wait_ms, sd_event_time_handler_t handler)
{
	f->timer = sd_event_source_disable_unref(f->timer);
	return sd_event_add_time_relative(f->event, &f->timer, CLOCK_BOOTTIME, wait_ms * 1000, 0, handler, f);
}

/* --- the tokens ---------------------------------------------------------------------------------------------------- */

/* Whatever the provider says against the code: it was typed a moment ago, and nothing else in the request was. */
static void refuse_code(struct code_flow *f, const struct oauth_result *result)
{
	struct oauth_result copy = *result;

	if (copy.outcome == OAUTH_PROVIDER_REFUSED)
		copy.outcome = OAUTH_WRONG_PROOF;
	finish(f, &copy, NULL);
}

static void take_tokens(struct code_flow *f, struct token_set *tokens)
{
	LK_CLEANUP(token_set_freep) struct token_set *t = tokens;

	t->nonce = strdup(f->nonce);
	if (t->nonce == NULL)
		finish_with(f, OAUTH_NO_MEMORY, "tokens");
	else
		finish(f, &(struct oauth_result){.outcome = OAUTH_DONE}, LK_STEAL(t));
}

static void on_token_reply(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply,
			   const char *detail)
{
	struct code_flow *f = userdata;
	struct oauth_result result = {.outcome = OAUTH_BAD_REPLY};
	struct token_set *tokens = NULL;
	uint32_t interval_s;
	int r;

	f->call = NULL;
	if (outcome != FETCH_DONE) {
		oauth_result_from_fetch(&result, "token endpoint", outcome, detail);
		finish(f, &result, NULL);
		return;
	}
	provider_note_date(f->provider, reply->date_s);
	r = token_reply_parse(&tokens, &interval_s, &result, settings_of(f)->dialect, reply->status, reply->body,
			      reply->body_len);
	token_reply_explain(&result, r, "token endpoint", reply->status);
	if (r == TOKEN_REPLY_TOKENS)
		take_tokens(f, tokens);
	else if (r == TOKEN_REPLY_ERROR)
		refuse_code(f, &result);
	else
		finish(f, &result, NULL);
}

/* The code goes once and never again, whatever comes of it: RFC 6749 section 4.1.2. */
static void redeem(struct code_flow *f, const struct secret *code)
{
	LK_CLEANUP(form_done) struct form form = {0};
	const struct provider_settings *s = settings_of(f);

	form_init(&form);
	form_add(&form, "grant_type", "authorization_code");
	form_add_secret(&form, "code", code);
	form_add(&form, "redirect_uri", s->redirect_uri);
	form_add(&form, "code_verifier", f->verifier);
	if (request_post(f->fetch, s, provider_token_endpoint(f->provider), &form, false, TOKEN_TIMEOUT_MS,
			 on_token_reply, f, &f->call) < 0)
		finish_with(f, OAUTH_NO_MEMORY, "the token request cannot be made");
}

/* --- what is pasted ------------------------------------------------------------------------------------------------ */

static void ask(struct code_flow *f, const char *text)
{
	const uint64_t now_ms = clock_monotonic_ms();
	const struct flow_question question = {
		.text = text,
		.echo = true,
		.timeout_s = f->deadline_ms > now_ms ? (uint32_t)((f->deadline_ms - now_ms) / 1000) : 0,
	};

	f->is_asked = true;
	f->events.ask(f->userdata, &question);
}

/* A slip of the hand: NULL for what is none. */
static const char *hint_for(int answer)
{
	switch (answer) {
	case CODE_ANSWER_EMPTY:
		return "Nothing arrived; very long addresses are cut off on the way. Paste the address, or what stands "
		       "in it "
		       "between \"code=\" and the next \"&\"";
	case CODE_ANSWER_GARBAGE:
		return "That is neither an address nor a code. Paste the whole address that your browser ended at";
	case CODE_ANSWER_OTHER_ADDRESS:
		return "That is another address. Paste the one that your browser ended at, after you signed in";
	case CODE_ANSWER_CODE_ALONE:
		return "The code alone is not enough here. Paste the whole address that your browser ended at";
	default:
		return NULL;
	}
}

static void refuse_answer(struct code_flow *f, int answer)
{
	const char *hint = hint_for(answer);

	if (answer == -ENOMEM)
		finish_with(f, OAUTH_NO_MEMORY, "answer");
	else if (hint != NULL && ++f->n_tries < TRIES_MAX)
		ask(f, hint);
	else
		finish_with(f, OAUTH_WRONG_PROOF, code_answer_text(answer));
}

static void refuse_error(struct code_flow *f, struct json_object *reply)
{
	struct oauth_result result;
	const char *error = "";

	if (json_read_string(reply, "error", OAUTH_ERROR_MAX, &error) != 0)
		error = "an error";
	oauth_result_from_error(&result, settings_of(f)->dialect, error, reply);
	finish(f, &result, NULL);
}

static void code_flow_answer(struct flow *flow, const char *text, size_t len)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *reply = NULL;
	LK_CLEANUP(secret_freep) struct secret *code = NULL;
	struct code_flow *f = (struct code_flow *)flow;
	const struct code_expectation expected = {
		.redirect_uri = settings_of(f)->redirect_uri,
		.state = f->state,
		.issuer = settings_of(f)->issuer,
		.sends_issuer = provider_sends_issuer(f->provider),
	};
	int r;

	if (!f->is_asked)
		return;
	f->is_asked = false;
	r = code_answer_read(&code, &reply, &expected, text, len);
	if (r == CODE_ANSWER_CODE)
		redeem(f, code);
	else if (r == CODE_ANSWER_ERROR)
		refuse_error(f, reply);
	else
		refuse_answer(f, r);
}

/* --- the request --------------------------------------------------------------------------------------------------- */

/* @query: the request, or what stands for it. @lifetime_s: for how long the page can be opened */
static void show(struct code_flow *f, const struct buf *query, uint32_t lifetime_s)
{
	struct flow_challenge challenge = {.method = FLOW_CODE};
	const char *endpoint = provider_authorization_endpoint(f->provider);
	uint64_t now_ms = clock_monotonic_ms();
	uint32_t left_s = f->deadline_ms > now_ms ? (uint32_t)((f->deadline_ms - now_ms) / 1000) : 0;
	int n = snprintf(challenge.verification_uri, sizeof(challenge.verification_uri), "%s%s%s", endpoint,
			 strchr(endpoint, '?') != NULL ? "&" : "?", query->data);

	if (n < 0 || (size_t)n >= sizeof(challenge.verification_uri)) {
		finish_with(f, OAUTH_CLIENT_REFUSED,
			    "the address of the authorization request is too long to be shown");
		return;
	}
	if (left_s == 0 || set_timer(f, f->deadline_ms - now_ms, on_deadline) < 0) {
		finish_with(f, left_s == 0 ? OAUTH_EXPIRED : OAUTH_NO_MEMORY, "authorization request");
		return;
	}
	form_done(&f->request);
	challenge.expires_in_s = lifetime_s < left_s ? lifetime_s : left_s;
	challenge.outstanding_s = challenge.expires_in_s;
	f->events.challenge(f->userdata, &challenge);
	secret_wipe(&challenge, sizeof(challenge));
	ask(f, "Paste the address that your browser ended at");
}

/* PAR-02, PAR-03: RFC 9126 section 2.2. */
static void on_pushed(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply, const char *detail)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *o = NULL;
	LK_CLEANUP(form_done) struct form query = {0};
	struct code_flow *f = userdata;
	struct oauth_result result;
	const char *text;
	uint32_t lifetime_s;

	f->call = NULL;
	if (outcome != FETCH_DONE) {
		oauth_result_from_fetch(&result, "pushed authorization request", outcome, detail);
		finish(f, &result, NULL);
		return;
	}
	provider_note_date(f->provider, reply->date_s);
	if (reply_object(&o, reply->body, reply->body_len) < 0) {
		oauth_result_from_status(&result, "pushed authorization request", reply->status);
		finish(f, &result, NULL);
		return;
	}
	if (json_read_string(o, "error", OAUTH_ERROR_MAX, &text) == 0) {
		oauth_result_from_error(&result, settings_of(f)->dialect, text, o);
		finish(f, &result, NULL);
		return;
	}
	if ((reply->status != 201 && reply->status != 200) ||
	    json_read_string(o, "request_uri", REQUEST_URI_MAX, &text) != 0 || !reply_is_visible(text) ||
	    reply_seconds(o, "expires_in", REQUEST_LIFETIME_MAX_S, &lifetime_s) != 0) {
		finish_with(f, OAUTH_BAD_REPLY, "pushed authorization request: no request_uri with a lifetime");
		return;
	}
	form_init(&query);
	form_add(&query, "client_id", settings_of(f)->client_id);
	form_add(&query, "request_uri", text);
	if (form_fault(&query) < 0)
		finish_with(f, OAUTH_NO_MEMORY, "authorization request");
	else
		show(f, &query.text, lifetime_s);
}

/* PAR-01: the client says who it is as it does at the token endpoint, which for Basic leaves its id out of the form. */
static void push(struct code_flow *f)
{
	const struct provider_settings *s = settings_of(f);

	if (s->client_auth == CLIENT_AUTH_BASIC)
		form_add(&f->request, "client_id", s->client_id);
	if (request_post(f->fetch, s, provider_pushed_authorization_endpoint(f->provider), &f->request, false,
			 PUSH_TIMEOUT_MS, on_pushed, f, &f->call) < 0)
		finish_with(f, OAUTH_NO_MEMORY, "the authorization request cannot be made");
}

static int on_begin(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct code_flow *f = userdata;

	(void)source;
	(void)usec;
	f->timer = sd_event_source_disable_unref(f->timer);
	if (provider_pushed_authorization_endpoint(f->provider) != NULL) {
		push(f);
		return 0;
	}
	form_add(&f->request, "client_id", settings_of(f)->client_id);
	if (form_fault(&f->request) < 0)
		finish_with(f, OAUTH_NO_MEMORY, "authorization request");
	else
		show(f, &f->request.text, UINT32_MAX);
	return 0;
}

/* PK-01: 43 characters of 32 random octets. */
static int make_random(char out[RANDOM_CHARACTERS + 1])
{
	unsigned char bytes[RANDOM_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -EIO;
	base64url_encode(out, bytes, sizeof(bytes));
	secret_wipe(bytes, sizeof(bytes));
	return 0;
}

/* PK-02: RFC 7636 section 4.2 */
static int add_challenge(struct form *form, const char *verifier)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char text[RANDOM_CHARACTERS + 1];
	unsigned len = 0;

	if (EVP_Digest(verifier, strlen(verifier), digest, &len, EVP_sha256(), NULL) != 1 || len != RANDOM_BYTES)
		return -EIO;
	base64url_encode(text, digest, len);
	form_add(form, "code_challenge", text);
	form_add(form, "code_challenge_method", "S256");
	return 0;
}

static int make_request(struct code_flow *f, const struct flow_request *request)
{
	const struct provider_settings *s = settings_of(f);

	if (make_random(f->state) < 0 || make_random(f->nonce) < 0 || make_random(f->verifier) < 0)
		return -ENOMEM;
	form_init(&f->request);
	form_add(&f->request, "response_type", "code");
	form_add(&f->request, "redirect_uri", s->redirect_uri);
	request_add_scope(&f->request, s, s->scope != NULL ? s->scope : s->dialect->default_scope);
	form_add(&f->request, "state", f->state);
	form_add(&f->request, "nonce", f->nonce);
	if (add_challenge(&f->request, f->verifier) < 0)
		return -ENOMEM;
	form_add_encoded(&f->request, s->dialect->authorization_parameters);
	form_add(&f->request, "login_hint", request->login_hint);
	flow_form_add_acr_values(&f->request, request);
	flow_form_add_max_age(&f->request, request);
	return form_fault(&f->request);
}

static const char *code_flow_fault(const struct provider *p, const struct flow_request *request)
{
	(void)request;
	if (provider_settings(p)->redirect_uri == NULL)
		return "the provider's section has no redirect_uri";
	if (provider_authorization_endpoint(p) == NULL || provider_token_endpoint(p) == NULL)
		return "the provider has no authorization endpoint";
	return NULL;
}

static int code_flow_start(struct flow **ret, struct provider *p, sd_event *event, struct fetch_client *fetch,
			   const struct flow_request *request, const struct flow_events *events, void *userdata)
{
	LK_CLEANUP(flow_freep) struct flow *flow = NULL;
	struct code_flow *f = malloc(sizeof(*f));

	if (f == NULL)
		return -ENOMEM;
	*f = (struct code_flow){
		.head = {.kind = &code_flow_kind},
		.provider = p,
		.event = event,
		.fetch = fetch,
		.events = *events,
		.userdata = userdata,
		.deadline_ms = clock_monotonic_ms() + (uint64_t)request->lifetime_s * 1000,
	};
	flow = &f->head;
	if (make_request(f, request) < 0 || set_timer(f, 0, on_begin) < 0)
		return -ENOMEM;
	*ret = LK_STEAL(flow);
	return 0;
}

const struct flow_kind code_flow_kind = {
	.name = "code",
	.fault = code_flow_fault,
	.start = code_flow_start,
	.answer = code_flow_answer,
	.free = code_flow_free,
};
