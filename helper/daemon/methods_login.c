/* SPDX-License-Identifier: MIT */
/*
 * Authenticate: from parameters to an attempt, and from its events to replies. What a caller claims about itself counts from
 * uid 0 only; from anybody else the service is "local".
 */
#include "helper/daemon/methods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/login/attempt.h"
#include "helper/login/refusal.h"
#include "helper/protocol/names.h"

/* The attempt of one connection's call. */
struct job {
	struct manager *manager;
	struct conn *conn;
	struct attempt *attempt;
	char reference[REFERENCE_LEN + 1];
	char *user;
	char *source;
};

static void job_free(void *userdata)
{
	struct job *j = userdata;

	attempt_free(j->attempt);
	free(j->user);
	free(j->source);
	free(j);
}

void method_deny(struct conn *c, const char *reason, const char *provider, const char *reference)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();
	char message[REFUSAL_TEXT_MAX];

	refusal_text(message, reason, provider, reference);
	(void)method_add_text(p, "reason", reason);
	(void)method_add_text(p, "message", message);
	(void)method_add_text(p, "reference", reference);
	conn_error(c, ERROR_DENIED, p);
}

static void on_refused(void *userdata, const char *reason)
{
	struct job *j = userdata;

	method_deny(j->conn, reason, NULL, j->reference);
}

static void on_not_ours(void *userdata)
{
	struct job *j = userdata;

	conn_error(j->conn, ERROR_NOT_OURS, NULL);
}

static void on_granted(void *userdata, const struct account *account)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();
	struct job *j = userdata;

	if (method_add_text(p, "state", STATE_GRANTED) && method_add_text(p, "reference", j->reference) &&
	    method_add(p, "account", method_account_json(account)))
		conn_reply(j->conn, p, false);
	else
		conn_drop(j->conn);
}

static struct json_object *challenge_json(const struct job *j, const struct flow_challenge *challenge,
					  const char *title)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();
	const struct {
		const char *name;
		const char *value; /* "": the method has none */
	} texts[] = {
		{"verification_uri", challenge->verification_uri},
		{"verification_uri_complete", challenge->verification_uri_complete},
		{"user_code", challenge->user_code},
		{"binding_message", challenge->binding_message},
	};
	bool ok = o != NULL;

	ok = ok && method_add_text(o, "method", flow_kind(challenge->method)->name);
	for (size_t i = 0; ok && i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].value[0] != '\0')
			ok = method_add_text(o, texts[i].name, texts[i].value);
	ok = ok && method_add_int(o, "expires_in", challenge->expires_in_s);
	ok = ok && method_add_text(o, "host", j->manager->config->host);
	ok = ok && method_add_text(o, "account", j->user);
	if (ok && j->source != NULL)
		ok = method_add_text(o, "source", j->source);
	ok = ok && method_add_text(o, "provider", title);
	return ok ? LK_STEAL(o) : NULL;
}

static void on_challenge(void *userdata, const struct flow_challenge *challenge, const char *title)
{
	/* The user code is in here: wiped, for a memory image of the helper may outlive it (D7). */
	LK_CLEANUP(json_put_wipedp) struct json_object *p = json_object_new_object();
	struct job *j = userdata;

	if (method_add_text(p, "state", STATE_CHALLENGE) &&
	    method_add(p, "challenge", challenge_json(j, challenge, title)))
		conn_reply(j->conn, p, true);
	else
		conn_drop(j->conn);
}

static void on_prompt(void *userdata, const struct login_prompt *prompt)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = json_object_new_object();
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();
	struct job *j = userdata;

	if (method_add_text(o, "kind", prompt_word(prompt->kind)) && method_add_text(o, "text", prompt->text) &&
	    method_add(o, "echo", json_object_new_boolean(prompt->echo)) && method_add_text(p, "state", STATE_PROMPT) &&
	    method_add(p, "prompt", LK_STEAL(o)))
		conn_ask(j->conn, p, prompt->timeout_s != 0 ? prompt->timeout_s : PROMPT_TIMEOUT_S);
	else
		conn_drop(j->conn);
}

static const struct attempt_events attempt_events = {
	.challenge = on_challenge,
	.prompt = on_prompt,
	.granted = on_granted,
	.refused = on_refused,
	.not_ours = on_not_ours,
};

bool method_read_optional(const struct varlink_call *call, const char *key, size_t max_len, const char **ret)
{
	int r = json_read_string(call->parameters, key, max_len, ret);
	struct json_object *empty;

	if (r == -EBADMSG && json_object_object_get_ex(call->parameters, key, &empty) &&
	    json_object_is_type(empty, json_type_string) && json_object_get_string_len(empty) == 0)
		return true; /* PAM items are often there and empty */
	return r == 0 || r == -ENOENT;
}

static bool read_seen(const struct varlink_call *call, struct attempt_request *request)
{
	struct json_object *seen;
	int64_t uid;
	int64_t gid;
	int r;

	r = json_read_object(call->parameters, "seen", &seen);
	if (r == -ENOENT)
		return true;
	if (r < 0 || json_read_int(seen, "uid", 0, UINT32_MAX, &uid) != 0 ||
	    json_read_int(seen, "gid", 0, UINT32_MAX, &gid) != 0 ||
	    json_read_string(seen, "home", 255, &request->seen_home) != 0 ||
	    json_read_string(seen, "shell", 255, &request->seen_shell) != 0)
		return false;
	request->has_seen = true;
	request->seen_uid = (uint32_t)uid;
	request->seen_gid = (uint32_t)gid;
	return true;
}

/* Whoever asks knows best whether anybody sees what is shown. */
static bool read_screen(const struct varlink_call *call, struct attempt_request *request)
{
	int r = json_read_bool(call->parameters, "screen", &request->has_screen);

	if (r == -ENOENT)
		request->has_screen = true;
	return r == 0 || r == -ENOENT;
}

static bool read_session(const struct varlink_call *call, struct session_place *place, struct attempt_request *request)
{
	struct json_object *o;
	int64_t numbers[7];
	static const struct {
		const char *name;
		int64_t max;
	} members[] = {
		{"real_uid", UINT32_MAX},     {"login_uid", UINT32_MAX}, {"audit_session", UINT32_MAX},
		{"terminal", UINT32_MAX},     {"leader", INT32_MAX},     {"leader_start", INT64_MAX},
		{"pid_namespace", INT64_MAX},
	};
	int r = json_read_object(call->parameters, "session", &o);

	if (r == -ENOENT)
		return true;
	for (size_t i = 0; r == 0 && i < sizeof(members) / sizeof(members[0]); i++)
		r = json_read_int(o, members[i].name, 0, members[i].max, &numbers[i]);
	if (r != 0)
		return false;
	*place = (struct session_place){
		.real_uid = (uint32_t)numbers[0],
		.login_uid = (uint32_t)numbers[1],
		.audit_session = (uint32_t)numbers[2],
		.terminal = (uint32_t)numbers[3],
		.session = (uint32_t)numbers[4],
		.leader_start = (uint64_t)numbers[5],
		.pid_namespace = (uint64_t)numbers[6],
	};
	request->session = place;
	return true;
}

/* What only root may say of its client. Return: NULL, or the name of a bad parameter. */
static const char *read_claims_of_root(const struct varlink_call *call, struct attempt_request *request,
				       struct session_place *place)
{

	if (!method_read_optional(call, "service", 64, &request->service))
		return "service";
	if (!method_read_optional(call, "rhost", 255, &request->source))
		return "rhost";
	if (!method_read_optional(call, "public_key", 16384, &request->public_key))
		return "public_key";
	if (!read_session(call, place, request))
		return "session";
	if (!read_seen(call, request))
		return "seen";
	return NULL;
}

bool method_version_fits(struct conn *c, const struct varlink_call *call)
{
	LK_CLEANUP(json_object_putp) struct json_object *p = NULL;
	int64_t version;

	if (json_read_int(call->parameters, "version", 1, INT32_MAX, &version) != 0) {
		service_invalid(c, "version");
		return false;
	}
	if (version >= PROTOCOL_MINIMUM && version <= PROTOCOL_VERSION)
		return true;

	p = json_object_new_object();
	(void)method_add_int(p, "protocol", PROTOCOL_VERSION);
	(void)method_add_int(p, "minimum", PROTOCOL_MINIMUM);
	conn_error(c, ERROR_VERSION_MISMATCH, p);
	return false;
}

static struct job *job_new(struct manager *m, struct conn *c, const struct attempt_request *request)
{
	struct job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->manager = m;
	j->conn = c;
	memcpy(j->reference, request->reference, sizeof(j->reference));
	j->user = strdup(request->user);
	j->source = request->source != NULL ? strdup(request->source) : NULL;
	if (j->user == NULL || (request->source != NULL && j->source == NULL)) {
		job_free(j);
		return NULL;
	}
	return j;
}

static void authenticate(struct manager *m, struct conn *c, const struct varlink_call *call, bool chooses_pin)
{
	char reference[REFERENCE_LEN + 1];
	struct attempt_request request = {.reference = reference, .chooses_pin = chooses_pin};
	struct session_place place;
	const char *bad = NULL;
	struct job *j;

	reference_new(reference);
	if (!method_version_fits(c, call))
		return;
	if (!call->more) {
		conn_error(c, ERROR_EXPECTED_MORE, NULL);
		return;
	}
	/* A name that is no name of ours is not asked about further (R1, R3). */
	if (json_read_string(call->parameters, "user", 65536, &request.user) != 0) {
		service_invalid(c, "user");
		return;
	}
	if (!name_is_valid(request.user, true, true)) {
		conn_error(c, ERROR_NOT_OURS, NULL);
		return;
	}
	if (conn_uid(c) == 0)
		bad = read_claims_of_root(call, &request, &place);
	else if (server_jobs_of(m->server, conn_uid(c)) >= m->config->limits.attempts_per_uid) {
		method_log_refusal(m, c, AUDIT_SIGN_IN, reference, REASON_TOO_MANY,
				   "too many sign-ins of this uid are pending");
		method_deny(c, REASON_TOO_MANY, NULL, reference);
		return;
	}
	if (bad == NULL && json_read_bool(call->parameters, "answers", &request.answers) == -EBADMSG)
		bad = "answers";
	if (bad != NULL) {
		service_invalid(c, bad);
		return;
	}
	if (!read_screen(call, &request)) {
		service_invalid(c, "screen");
		return;
	}
	if (request.service == NULL)
		request.service = SERVICE_LOCAL;

	j = job_new(m, c, &request);
	if (j == NULL) {
		method_deny(c, REASON_UNAVAILABLE, NULL, reference);
		return;
	}
	conn_set_job(c, j, job_free);
	if (attempt_start(&j->attempt, &m->login, &request, &attempt_events, j) < 0)
		method_deny(c, REASON_UNAVAILABLE, NULL, reference);
}

void method_authenticate(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	authenticate(m, c, call, false);
}

/* Whoever sits at the account's session is not enough: a new PIN needs the person at the provider. */
void method_set_pin(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	authenticate(m, c, call, true);
}

/* Nothing says whose answer this is but the connection that was asked. */
void method_answer(struct manager *m, struct conn *c, const struct varlink_call *call)
{
	struct json_object *text;
	struct job *j;

	(void)m;
	if (!call->more) {
		conn_error(c, ERROR_EXPECTED_MORE, NULL);
		return;
	}
	/* An empty answer is one, so json_read_string() does not fit. */
	if (!json_object_object_get_ex(call->parameters, "answer", &text) ||
	    !json_object_is_type(text, json_type_string) || json_object_get_string_len(text) > (int)ANSWER_MAX) {
		service_invalid(c, "answer");
		return;
	}
	j = conn_take_asked(c);
	if (j == NULL ||
	    attempt_answer(j->attempt, json_object_get_string(text), (size_t)json_object_get_string_len(text)) < 0)
		conn_error(c, ERROR_NOTHING_ASKED, NULL);
}
