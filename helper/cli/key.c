/* SPDX-License-Identifier: MIT */
/* "latchkey key": the private keys that this host has made. The helper keeps them; what is printed is their public half. */
#include "helper/cli/verbs.h"

#include <errno.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/cli/question.h"
#include "helper/cli/render.h"
#include "helper/protocol/names.h"

#define KEYS_MAX 256u
#define TEXT_MAX 16384u
#define DAYS_MAX 3650u

static void print_key(const struct command *c, const struct json_object *key)
{
	char name[80], type[16], kid[64], next[64], fault[256];

	render_member_text(c, name, sizeof(name), key, "name");
	render_member_text(c, type, sizeof(type), key, "type");
	render_member_text(c, kid, sizeof(kid), key, "kid");
	render_member_text(c, next, sizeof(next), key, "next_kid");
	render_member_text(c, fault, sizeof(fault), key, "fault");
	(void)fprintf(c->out, "%-20s  %-8s  %s", name, type, kid);
	if (strcmp(next, "-") != 0)
		(void)fprintf(c->out, "  to be followed by %s", next);
	if (strcmp(fault, "-") != 0)
		(void)fprintf(c->out, "  CANNOT BE USED: %s", fault);
	(void)fputc('\n', c->out);
}

static void print_json(const struct command *c, struct json_object *o)
{
	render_json(c->out, o);
	(void)fputc('\n', c->out);
}

static enum command_exit list(const struct command *c)
{
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	struct json_object *keys;
	enum command_exit status = question_ask(c, METHOD_LIST_SIGNING_KEYS, NULL, &reply);

	if (status != COMMAND_OK)
		return status;
	if (json_read_array(reply.parameters, "keys", KEYS_MAX, &keys) != 0)
		return question_lost(c, -EBADMSG);
	if (c->arguments.json)
		print_json(c, keys);
	for (size_t i = 0; !c->arguments.json && i < json_object_array_length(keys); i++)
		print_key(c, json_object_array_get_idx(keys, i));
	return COMMAND_OK;
}

/* One question about the key NAME, whose reply has it as it is now */
static enum command_exit ask(const struct command *c, const char *method, struct json_object *parameters)
{
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	struct json_object *key;
	enum command_exit status = question_ask(c, method, parameters, &reply);

	if (status != COMMAND_OK)
		return status;
	if (json_read_object(reply.parameters, "key", &key) != 0)
		return question_lost(c, -EBADMSG);
	if (c->arguments.json)
		print_json(c, key);
	else
		print_key(c, key);
	return COMMAND_OK;
}

static enum command_exit make(const struct command *c, struct json_object *o)
{
	if (!question_add_text(o, "type", c->arguments.type))
		return question_lost(c, -ENOMEM);
	return ask(c, METHOD_NEW_SIGNING_KEY, o);
}

static enum command_exit rotate(const struct command *c, struct json_object *o)
{
	const struct arguments *a = &c->arguments;
	const char *action = a->finish ? "finish" : a->cancel ? "cancel" : "start";

	if ((a->finish && a->cancel) || (a->type && (a->finish || a->cancel)))
		return command_fail(c, COMMAND_MISUSE, "rotate NAME [--type TYPE], or with --finish or --cancel alone");
	if (!question_add_text(o, "action", action) || !question_add_text(o, "type", a->type))
		return question_lost(c, -ENOMEM);
	return ask(c, METHOD_ROTATE_SIGNING_KEY, o);
}

static enum command_exit delete_key(const struct command *c, struct json_object *o)
{
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	enum command_exit status = question_ask(c, METHOD_DELETE_SIGNING_KEY, o, &reply);

	if (status == COMMAND_OK)
		(void)fprintf(c->out, c->arguments.json ? "{}\n" : "It is gone.\n");
	return status;
}

static enum command_exit print_text(const struct command *c, const struct json_object *reply, const char *member)
{
	const char *text;

	if (json_read_string(reply, member, TEXT_MAX, &text) != 0)
		return question_lost(c, -EBADMSG);
	for (const char *p = text; *p != '\0'; p++)
		if (*p != '\n' && (*p < ' ' || *p > '~'))
			return question_lost(c, -EBADMSG);
	(void)fputs(text, c->out);
	return COMMAND_OK;
}

static enum command_exit print_set(const struct command *c, const struct json_object *reply)
{
	struct json_object *set, *keys;

	if (json_read_object(reply, "jwks", &set) != 0 || json_read_array(set, "keys", 2, &keys) != 0 ||
	    json_object_array_length(keys) == 0)
		return question_lost(c, -EBADMSG);
	print_json(c, c->arguments.jwk ? json_object_array_get_idx(keys, json_object_array_length(keys) - 1) : set);
	return COMMAND_OK;
}

static enum command_exit show(const struct command *c, struct json_object *o)
{
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	const struct arguments *a = &c->arguments;
	enum command_exit status;
	uint64_t days;

	if (a->jwk + a->pem + a->certificate > 1 || ((a->subject || a->days) && !a->certificate))
		return command_fail(
			c, COMMAND_MISUSE,
			"public NAME, with one of --jwk, --pem and --certificate [--subject NAME] [--days DAYS]");
	if (a->days && (text_to_u64(&days, a->days, DAYS_MAX) < 0 || days == 0))
		return command_fail(c, COMMAND_MISUSE, "--days: from 1 to %u", DAYS_MAX);
	if (!question_add_text(o, "subject", a->subject) ||
	    (a->days && json_object_object_add(o, "days", json_object_new_int64((int64_t)days)) < 0))
		return question_lost(c, -ENOMEM);
	status = question_ask(c, METHOD_SHOW_SIGNING_KEY, o, &reply);
	if (status != COMMAND_OK)
		return status;
	if (a->json)
		print_json(c, reply.parameters);
	else if (a->pem)
		return print_text(c, reply.parameters, "pem");
	else if (a->certificate)
		return print_text(c, reply.parameters, "certificate");
	else
		return print_set(c, reply.parameters);
	return COMMAND_OK;
}

enum command_exit verb_key(const struct command *c)
{
	static const struct {
		const char *word;
		enum command_exit (*run)(const struct command *c, struct json_object *parameters);
	} commands[] = {{"new", make}, {"public", show}, {"rotate", rotate}, {"delete", delete_key}};
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();
	const struct arguments *a = &c->arguments;

	if (!a->operand || (strcmp(a->operand, "list") == 0 && !a->more[0]))
		return list(c);
	if (!o || !question_add_text(o, "name", a->more[0]))
		return question_lost(c, -ENOMEM);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(a->operand, commands[i].word) == 0 && a->more[0] && !a->more[1])
			return commands[i].run(c, o);
	return command_fail(c, COMMAND_MISUSE, "key [list], or key new|public|rotate|delete NAME");
}
