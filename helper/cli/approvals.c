/* SPDX-License-Identifier: MIT */
/* "latchkey approvals": which sign-ins count once more without an approval, and an end to those of one account. */
#include "helper/cli/verbs.h"

#include <errno.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/cli/question.h"
#include "helper/cli/render.h"
#include "helper/protocol/names.h"

#define APPROVALS_MAX 65536u

/* @name: NULL for everybody's */
static struct json_object *about(const char *name)
{
	struct json_object *o = json_object_new_object(), *value = name ? json_object_new_string(name) : NULL;

	if (o && name && (!value || json_object_object_add(o, "name", value) < 0)) {
		json_object_put(value);
		json_object_put(o);
		return NULL;
	}
	return o;
}

static void print_approval(const struct command *c, const struct json_object *approval)
{
	char name[64], service[72], proof[72], used[16], left[64] = "-";
	int64_t seconds;

	render_member_text(c, name, sizeof(name), approval, "name");
	render_member_text(c, service, sizeof(service), approval, "service");
	render_member_text(c, proof, sizeof(proof), approval, "proof");
	render_member_text(c, used, sizeof(used), approval, "used");
	if (json_read_int(approval, "left", 0, INT64_MAX, &seconds) == 0)
		render_duration(left, sizeof(left), seconds);
	(void)fprintf(c->out, "%-20s %-12s %-14s %-6s %s\n", name, service, left, used, proof);
}

static enum command_exit list(const struct command *c, const char *name)
{
	LK_CLEANUP(json_object_putp) struct json_object *parameters = about(name);
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	struct json_object *approvals;
	enum command_exit status;

	if (!parameters)
		return question_lost(c, -ENOMEM);
	status = question_ask(c, METHOD_LIST_APPROVALS, parameters, &reply);
	if (status != COMMAND_OK)
		return status;
	if (json_read_array(reply.parameters, "approvals", APPROVALS_MAX, &approvals) != 0)
		return question_lost(c, -EBADMSG);
	if (c->arguments.json) {
		render_json(c->out, approvals);
		(void)fputc('\n', c->out);
		return COMMAND_OK;
	}
	(void)fprintf(c->out, "%-20s %-12s %-14s %-6s %s\n", "NAME", "SERVICE", "FOR", "USED", "WITH");
	for (size_t i = 0; i < json_object_array_length(approvals); i++)
		print_approval(c, json_object_array_get_idx(approvals, i));
	return COMMAND_OK;
}

static enum command_exit revoke_all(const struct command *c, const char *name)
{
	LK_CLEANUP(json_object_putp) struct json_object *parameters = about(name);
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	enum command_exit status;
	char n[24];

	if (!parameters)
		return question_lost(c, -ENOMEM);
	status = question_ask(c, METHOD_REVOKE_APPROVALS, parameters, &reply);
	if (status != COMMAND_OK)
		return status;
	if (c->arguments.json) {
		render_json(c->out, reply.parameters);
		(void)fputc('\n', c->out);
		return COMMAND_OK;
	}
	render_member_text(c, n, sizeof(n), reply.parameters, "revoked");
	(void)fprintf(c->out, "Revoked: %s. The next sign-in has to be approved.\n", n);
	return COMMAND_OK;
}

enum command_exit verb_approvals(const struct command *c)
{
	const struct arguments *a = &c->arguments;

	if (a->operand && strcmp(a->operand, "revoke") == 0 && a->more[0] && !a->more[1])
		return revoke_all(c, a->more[0]);
	if (a->more[0] || (a->operand && strcmp(a->operand, "revoke") == 0))
		return command_fail(c, COMMAND_MISUSE, "approvals [NAME], or approvals revoke NAME");
	return list(c, a->operand);
}
