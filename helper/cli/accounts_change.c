/* SPDX-License-Identifier: MIT */
/*
 * "latchkey accounts pin, rename, move, release": one account, one change, and in words what it does not change.
 */
#include "helper/cli/verbs.h"

#include <errno.h>

#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/cli/question.h"
#include "helper/cli/render.h"
#include "helper/protocol/names.h"

/* The same for a number of digits. Return: 0, -EINVAL, -ENOMEM. */
static int add_id(struct json_object *o, const char *key, const char *digits)
{
	struct json_object *value;
	uint64_t id;

	if (!digits)
		return 0;
	if (text_to_u64(&id, digits, INT32_MAX) < 0 || id == 0)
		return -EINVAL;
	value = json_object_new_int64((int64_t)id);
	if (o && value && json_object_object_add(o, key, value) == 0)
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

static enum command_exit bad_id(const struct command *c, int r)
{
	if (r == -ENOMEM)
		return question_lost(c, r);
	return command_fail(c, COMMAND_MISUSE, "--uid and --gid are numbers from 1 to 2147483647");
}

/* Asks, and with --json prints the answer. Return: COMMAND_OK with @reply to be released. */
static enum command_exit ask(const struct command *c, const char *method, struct json_object *parameters,
			     struct varlink_reply *reply)
{
	enum command_exit status = question_ask(c, method, parameters, reply);

	if (status == COMMAND_OK && c->arguments.json) {
		render_json(c->out, reply->parameters);
		(void)fputc('\n', c->out);
	}
	return status;
}

enum command_exit accounts_pin(const struct command *c)
{
	LK_CLEANUP(json_object_putp) struct json_object *parameters = json_object_new_object();
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	const struct arguments *a = &c->arguments;
	struct json_object *list = json_object_new_array(), *o = json_object_new_object();
	enum command_exit status;
	int64_t imported = 0;
	int r;

	if (!parameters || !list || !o || json_object_array_add(list, o) != 0) {
		json_object_put(o);
		json_object_put(list);
		return question_lost(c, -ENOMEM);
	}
	if (json_object_object_add(parameters, "accounts", list) != 0) {
		json_object_put(list);
		return question_lost(c, -ENOMEM);
	}
	if (!a->uid)
		return command_fail(c, COMMAND_MISUSE, "accounts pin needs --uid");
	r = add_id(o, "uid", a->uid);
	if (r == 0)
		r = add_id(o, "gid", a->gid);
	if (r < 0)
		return bad_id(c, r);
	if (!question_add_text(o, "name", a->more[0]) || !question_add_text(o, "provider", a->provider) ||
	    !question_add_text(o, "subject", a->subject) || !question_add_text(o, "home", a->home) ||
	    !question_add_text(o, "shell", a->shell))
		return question_lost(c, -ENOMEM);

	status = ask(c, METHOD_IMPORT_ACCOUNTS, parameters, &reply);
	if (status != COMMAND_OK || a->json)
		return status;
	if (json_read_int(reply.parameters, "imported", 0, INT32_MAX, &imported) != 0)
		return question_lost(c, -EBADMSG);
	(void)fprintf(c->out, imported > 0 ? "Pinned %s to UID %s.\n" : "%s has UID %s already.\n", a->more[0], a->uid);
	return COMMAND_OK;
}

enum command_exit accounts_rename(const struct command *c)
{
	LK_CLEANUP(json_object_putp) struct json_object *parameters = json_object_new_object();
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	struct json_object *account;
	char name[256], uid[24], home[512];
	enum command_exit status;

	if (!question_add_text(parameters, "name", c->arguments.more[0]) ||
	    !question_add_text(parameters, "new_name", c->arguments.more[1]))
		return question_lost(c, -ENOMEM);
	status = ask(c, METHOD_RENAME_ACCOUNT, parameters, &reply);
	if (status != COMMAND_OK || c->arguments.json)
		return status;
	if (json_read_object(reply.parameters, "account", &account) != 0)
		return question_lost(c, -EBADMSG);
	render_member_text(c, name, sizeof(name), account, "name");
	render_member_text(c, uid, sizeof(uid), account, "uid");
	render_member_text(c, home, sizeof(home), account, "home");
	(void)fprintf(c->out,
		      "Renamed %s to %s. UID %s and home %s are what they were; nobody else gets the old name.\n",
		      c->arguments.more[0], name, uid, home);
	return COMMAND_OK;
}

enum command_exit accounts_move(const struct command *c)
{
	LK_CLEANUP(json_object_putp) struct json_object *parameters = json_object_new_object();
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	struct json_object *account;
	char name[256], uid[24], gid[24], old_uid[24], home[512];
	enum command_exit status;
	int r;

	if (!c->arguments.uid)
		return command_fail(c, COMMAND_MISUSE, "accounts move needs --uid");
	r = add_id(parameters, "uid", c->arguments.uid);
	if (r == 0)
		r = add_id(parameters, "gid", c->arguments.gid);
	if (r < 0)
		return bad_id(c, r);
	if (!question_add_text(parameters, "name", c->arguments.more[0]))
		return question_lost(c, -ENOMEM);
	status = ask(c, METHOD_MOVE_ACCOUNT, parameters, &reply);
	if (status != COMMAND_OK || c->arguments.json)
		return status;
	if (json_read_object(reply.parameters, "account", &account) != 0)
		return question_lost(c, -EBADMSG);
	render_member_text(c, name, sizeof(name), account, "name");
	render_member_text(c, uid, sizeof(uid), account, "uid");
	render_member_text(c, gid, sizeof(gid), account, "gid");
	render_member_text(c, home, sizeof(home), account, "home");
	render_member_text(c, old_uid, sizeof(old_uid), reply.parameters, "old_uid");
	(void)fprintf(
		c->out,
		"Moved %s from UID %s to %s. Files and running processes keep the old number. For those below the "
		"home:\n  chown -hR --from=%s %s:%s %s\n",
		name, old_uid, uid, old_uid, uid, gid, home);
	return COMMAND_OK;
}

enum command_exit accounts_release(const struct command *c)
{
	LK_CLEANUP(json_object_putp) struct json_object *parameters = json_object_new_object();
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	char name[256], old_uid[24];
	enum command_exit status;

	if (!question_add_text(parameters, "name", c->arguments.more[0]))
		return question_lost(c, -ENOMEM);
	status = ask(c, METHOD_RELEASE_NAME, parameters, &reply);
	if (status != COMMAND_OK || c->arguments.json)
		return status;
	render_member_text(c, name, sizeof(name), reply.parameters, "name");
	render_member_text(c, old_uid, sizeof(old_uid), reply.parameters, "old_uid");
	(void)fprintf(
		c->out,
		"Released %s: the next person with this name may have it, with a UID of their own. Files of UID %s "
		"stay nobody else's; look whether a home of the name still belongs to it.\n",
		name, old_uid);
	return COMMAND_OK;
}
