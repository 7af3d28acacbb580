/* SPDX-License-Identifier: MIT */
/*
 * One question to the helper and its answer, with a sentence for each way in which that can fail. An error reply must
 * never end in COMMAND_OK.
 */
#include "helper/cli/question.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/cli/render.h"
#include "helper/protocol/names.h"

#define NAME_SHOWN_MAX 255u
#define MESSAGE_MAX 900u

bool question_add_text(struct json_object *o, const char *key, const char *text)
{
	struct json_object *value = text ? json_object_new_string(text) : NULL;

	if (!text)
		return true;
	if (o && value && json_object_object_add(o, key, value) == 0)
		return true;
	json_object_put(value);
	return false;
}

static enum command_exit unreachable(const struct command *c, int r)
{
	const char *path = c->arguments.socket;

	switch (r) {
	case -ENOENT:
	case -ECONNREFUSED:
		return command_fail(c, COMMAND_UNREACHABLE, "no helper answers at %s: is latchkeyd running?", path);
	case -EPERM:
		return command_fail(c, COMMAND_UNREACHABLE,
				    "%s is not to be trusted: its folder and its listener must belong to root", path);
	case -EACCES:
		return command_fail(c, COMMAND_UNREACHABLE, "no permission to reach the helper at %s", path);
	case -ETIMEDOUT:
		return command_fail(c, COMMAND_UNREACHABLE, "the helper at %s is too busy to answer", path);
	default:
		return command_fail(c, COMMAND_UNREACHABLE, "cannot reach the helper at %s: %s", path,
				    strerrordesc_np(-r));
	}
}

enum command_exit question_lost(const struct command *c, int r)
{
	switch (r) {
	case -ETIMEDOUT:
		return command_fail(c, COMMAND_UNREACHABLE, "the helper did not answer in time");
	case -EPIPE:
		return command_fail(c, COMMAND_UNREACHABLE, "the helper has closed the connection");
	case -EBADMSG:
		return command_fail(c, COMMAND_FAILED, "the helper's answer cannot be understood");
	default:
		return command_fail(c, COMMAND_FAILED, "waiting for the helper failed: %s", strerrordesc_np(-r));
	}
}

static const char *text_or(const struct json_object *o, const char *key, size_t max, const char *otherwise)
{
	const char *text;

	return json_read_string(o, key, max, &text) == 0 ? text : otherwise;
}

static int64_t number_of(const struct json_object *o, const char *key)
{
	int64_t n;

	return json_read_int(o, key, 0, INT32_MAX, &n) == 0 ? n : 0;
}

static void print_refusal_json(const struct command *c, const struct varlink_reply *reply)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();
	struct json_object *name = json_object_new_string(reply->error);

	if (o && name && json_object_object_add(o, "error", name) == 0) {
		(void)json_object_object_add(o, "parameters", json_object_get(reply->parameters));
		render_json(c->out, o);
		(void)fputc('\n', c->out);
	} else {
		json_object_put(name);
	}
}

enum command_exit question_refused(const struct command *c, const struct varlink_reply *reply)
{
	const char *error = reply->error, *operand = c->arguments.operand ? c->arguments.operand : "";

	if (c->arguments.json)
		print_refusal_json(c, reply);

	if (strcmp(error, ERROR_DENIED) == 0)
		return command_fail(c, COMMAND_FAILED, "refused (%s): %s",
				    text_or(reply->parameters, "reason", 64, "?"),
				    text_or(reply->parameters, "message", MESSAGE_MAX, "no reason was given"));
	if (strcmp(error, ERROR_NOT_OURS) == 0)
		return command_fail(c, COMMAND_FAILED, "%s is not an account of Latchkey", operand);
	if (strcmp(error, ERROR_NO_SUCH_ACCOUNT) == 0)
		return command_fail(c, COMMAND_FAILED, "there is no account %s",
				    text_or(reply->parameters, "name", NAME_SHOWN_MAX, operand));
	if (strcmp(error, ERROR_NOT_POSSIBLE) == 0)
		return command_fail(c, COMMAND_FAILED, "%s: %s",
				    text_or(reply->parameters, "name", NAME_SHOWN_MAX, operand),
				    text_or(reply->parameters, "message", MESSAGE_MAX, "it is not possible"));
	if (strcmp(error, ERROR_NOT_PERMITTED) == 0)
		return command_fail(c, COMMAND_FAILED, "the helper does not let you ask this (root may)");
	if (strcmp(error, ERROR_VERSION_MISMATCH) == 0)
		return command_fail(c, COMMAND_FAILED,
				    "the helper speaks protocol %" PRId64 " to %" PRId64
				    ", this command %d: restart latchkeyd after an upgrade",
				    number_of(reply->parameters, "minimum"), number_of(reply->parameters, "protocol"),
				    PROTOCOL_VERSION);
	return command_fail(c, COMMAND_FAILED, "the helper answers %s", error);
}

enum command_exit question_open(const struct command *c, struct client **ret, const char *method,
				struct json_object *parameters, bool more)
{
	LK_CLEANUP(client_closep) struct client *client = NULL;
	int r;

	r = client_open(&client, c->arguments.socket);
	if (r < 0)
		return unreachable(c, r);
	r = client_call(client, method, parameters, more);
	if (r < 0)
		return question_lost(c, r);

	*ret = LK_STEAL(client);
	return COMMAND_OK;
}

enum command_exit question_next(const struct command *c, struct client *client, struct varlink_reply *ret)
{
	struct varlink_reply reply;
	enum command_exit status;
	int r;

	r = client_next(client, &reply, QUESTION_TIMEOUT_MS, -1, NULL);
	if (r < 0)
		return question_lost(c, r);
	if (reply.error) {
		status = question_refused(c, &reply);
		varlink_reply_done(&reply);
		return status;
	}
	*ret = reply;
	return COMMAND_OK;
}

enum command_exit question_ask(const struct command *c, const char *method, struct json_object *parameters,
			       struct varlink_reply *ret)
{
	LK_CLEANUP(client_closep) struct client *client = NULL;
	enum command_exit status;

	status = question_open(c, &client, method, parameters, false);
	return status == COMMAND_OK ? question_next(c, client, ret) : status;
}

enum command_exit question_ask_about(const struct command *c, const char *method, struct varlink_reply *ret,
				     struct json_object **ret_account)
{
	LK_CLEANUP(json_object_putp) struct json_object *parameters = json_object_new_object();
	struct json_object *name = json_object_new_string(c->arguments.operand);
	enum command_exit status;

	if (!parameters || !name || json_object_object_add(parameters, "name", name) < 0) {
		json_object_put(name);
		return question_lost(c, -ENOMEM);
	}

	status = question_ask(c, method, parameters, ret);
	if (status != COMMAND_OK)
		return status;
	if (json_read_object(ret->parameters, "account", ret_account) != 0) {
		varlink_reply_done(ret);
		return question_lost(c, -EBADMSG);
	}
	return COMMAND_OK;
}
