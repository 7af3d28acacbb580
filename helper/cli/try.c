/* SPDX-License-Identifier: MIT */
/*
 * "latchkey try NAME": a sign-in in the terminal, without sshd in between. The attempt lives on this connection and
 * dies with it, so interrupting the command cancels it. Must never print "granted" for anything but the last reply.
 */
#include "helper/cli/verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/base/secret.h"
#include "helper/cli/ask.h"
#include "helper/cli/question.h"
#include "helper/cli/render.h"
#include "helper/protocol/names.h"

#define TICK_MS 1000u
#define START_S 60
#define QUESTION_MAX 256u
#define ANSWER_MAX 4095u /* a terminal hands on no longer line */
#define GRACE_S 15       /* the helper ends the attempt itself; this is for one that does not */
#define LIFETIME_MAX_S 86400

struct attempt {
	const struct command *command;
	struct client *client;
	uint64_t deadline_ms; /* of the step under way */
	bool has_challenge;
	bool is_live; /* a terminal, where the time left is kept up to date */
};

static int64_t seconds_left(const struct attempt *a)
{
	uint64_t now = clock_monotonic_ms();

	return a->deadline_ms > now ? (int64_t)((a->deadline_ms - now) / 1000) : 0;
}

static void show_time_left(const struct attempt *a)
{
	char text[64];

	if (!a->is_live || !a->has_challenge)
		return;
	render_duration(text, sizeof(text), seconds_left(a));
	(void)fprintf(a->command->err, "\r\033[KWaiting for approval, %s left.", text);
	(void)fflush(a->command->err);
}

static void end_live_line(const struct attempt *a)
{
	if (a->is_live && a->has_challenge)
		(void)fputs("\r\033[K", a->command->err);
}

static int show_challenge(struct attempt *a, const struct json_object *challenge)
{
	const struct command *c = a->command;
	char text[64];
	int64_t lifetime;

	if (json_read_int(challenge, "expires_in", 1, LIFETIME_MAX_S, &lifetime) != 0)
		return -EBADMSG;

	end_live_line(a);
	a->has_challenge = true;
	a->deadline_ms = clock_monotonic_ms() + (uint64_t)lifetime * 1000;
	if (c->arguments.json)
		return 0;

	render_duration(text, sizeof(text), lifetime);
	render_member(c, "account", challenge, "account");
	render_member(c, "host", challenge, "host");
	render_member(c, "provider", challenge, "provider");
	if (json_object_object_get(challenge, "binding_message")) {
		render_line(c, "approve", "on your own device, which must show the same word:");
		render_member(c, "compare", challenge, "binding_message");
	} else {
		render_member(c, "open", challenge, "verification_uri");
		if (json_object_object_get(challenge, "user_code"))
			render_member(c, "code", challenge, "user_code");
	}
	if (json_object_object_get(challenge, "verification_uri_complete"))
		render_member(c, "or open", challenge, "verification_uri_complete");
	render_line(c, "valid for", text);
	(void)fflush(c->out);
	return 0;
}

static void show_granted(const struct attempt *a, const struct json_object *account)
{
	const struct command *c = a->command;

	end_live_line(a);
	if (c->arguments.json)
		return;
	(void)fprintf(c->out, "Granted.\n");
	if (account)
		render_account(c, account);
}

static void print_step(const struct attempt *a, const struct varlink_reply *reply)
{
	if (!a->command->arguments.json)
		return;
	render_json(a->command->out, reply->parameters);
	(void)fputc('\n', a->command->out);
	(void)fflush(a->command->out);
}

/* Return: 1 to go on, negative errno. */
static int answer(struct attempt *a, const struct json_object *prompt)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *parameters = json_object_new_object();
	struct json_object *value;
	char typed[ANSWER_MAX + 1];
	const char *text;
	bool echo;
	int r;

	if (json_read_string(prompt, "text", QUESTION_MAX, &text) != 0 || json_read_bool(prompt, "echo", &echo) != 0)
		return -EBADMSG;
	end_live_line(a);
	a->has_challenge = false;
	r = ask_line(a->command, text, echo, typed, sizeof(typed));
	if (r < 0)
		return r;
	value = json_object_new_string(typed);
	secret_wipe(typed, sizeof(typed));
	if (!parameters || !value || json_object_object_add(parameters, "answer", value) < 0) {
		json_object_put(value);
		return -ENOMEM;
	}
	a->deadline_ms = clock_monotonic_ms() + UINT64_C(1000) * START_S;
	r = client_call(a->client, METHOD_ANSWER, parameters, true);
	return r < 0 ? r : 1;
}

/* Return: 1 to go on, 0 granted, negative errno. */
static int take_step(struct attempt *a, const struct varlink_reply *reply)
{
	struct json_object *part = NULL;
	const char *state;

	if (json_read_string(reply->parameters, "state", 64, &state) != 0)
		return -EBADMSG;
	print_step(a, reply);

	if (strcmp(state, STATE_GRANTED) == 0) {
		if (reply->continues)
			return -EBADMSG;
		(void)json_object_object_get_ex(reply->parameters, "account", &part);
		show_granted(a, part);
		return 0;
	}
	if (strcmp(state, STATE_PROMPT) == 0 && !reply->continues)
		return json_read_object(reply->parameters, "prompt", &part) == 0 ? answer(a, part) : -EBADMSG;
	/* The stream has ended without a decision. */
	if (!reply->continues)
		return -EBADMSG;
	if (strcmp(state, STATE_CHALLENGE) == 0) {
		if (json_read_object(reply->parameters, "challenge", &part) != 0 || show_challenge(a, part) < 0)
			return -EBADMSG;
	}
	/* A newer helper may report more states while one waits. */
	return 1;
}

static enum command_exit lost(const struct attempt *a, int r)
{
	end_live_line(a);
	return question_lost(a->command, r);
}

static enum command_exit follow(struct attempt *a)
{
	int r;

	for (;;) {
		LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};

		show_time_left(a);
		r = client_next(a->client, &reply, TICK_MS, -1, NULL);
		if (r == -EINTR)
			continue;
		if (r == -ETIMEDOUT && clock_monotonic_ms() < a->deadline_ms + UINT64_C(1000) * GRACE_S)
			continue;
		if (r < 0)
			return lost(a, r);
		if (reply.error) {
			end_live_line(a);
			return question_refused(a->command, &reply);
		}
		r = take_step(a, &reply);
		if (r <= 0)
			return r == 0 ? COMMAND_OK : lost(a, r);
	}
}

static struct json_object *attempt_parameters(const char *user)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();
	struct json_object *version = json_object_new_int(PROTOCOL_VERSION), *name = json_object_new_string(user);

	if (!o || !version || !name || json_object_object_add(o, "version", version) < 0) {
		json_object_put(version);
		json_object_put(name);
		return NULL;
	}
	if (json_object_object_add(o, "user", name) < 0) {
		json_object_put(name);
		return NULL;
	}
	if (json_object_object_add(o, "answers", json_object_new_boolean(1)) < 0)
		return NULL;
	return LK_STEAL(o);
}

enum command_exit try_run(const struct command *c, const char *method, const char *name)
{
	LK_CLEANUP(json_object_putp) struct json_object *parameters = attempt_parameters(name);
	LK_CLEANUP(client_closep) struct client *client = NULL;
	struct attempt a = {.command = c};
	enum command_exit status;

	if (!parameters)
		return question_lost(c, -ENOMEM);
	status = question_open(c, &client, method, parameters, true);
	if (status != COMMAND_OK)
		return status;

	a.client = client;
	a.deadline_ms = clock_monotonic_ms() + UINT64_C(1000) * START_S;
	a.is_live = !c->arguments.json && fileno(c->err) >= 0 && isatty(fileno(c->err));
	return follow(&a);
}

enum command_exit verb_try(const struct command *c)
{
	return try_run(c, METHOD_AUTHENTICATE, c->arguments.operand);
}
