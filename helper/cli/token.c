/* SPDX-License-Identifier: MIT */
/*
 * "latchkey token", "lock" and "logout": fresh tokens for the caller's own programs, and the end of them. A token goes to
 * standard output, or into the memory of the command that is to have it: never into the environment, the command line or a file.
 */
#include "helper/cli/verbs.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "helper/base/json.h"
#include "helper/cli/question.h"
#include "helper/cli/token.h"
#include "helper/cli/token_exec.h"
#include "helper/protocol/names.h"

#define TOKEN_MAX 65536u

void token_close_memory(void)
{
	/* What passes through here shall be in no core file. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int token_read(struct json_object *parameters, const char **ret_token, int64_t *ret_expires_in_s)
{
	if (json_read_string(parameters, "access_token", TOKEN_MAX, ret_token) != 0)
		return -EBADMSG;
	/* It goes into a header or a line of its own. */
	for (const char *p = *ret_token; *p != '\0'; p++)
		if (*p <= 0x20 || *p > 0x7e)
			return -EBADMSG;
	if (json_read_int(parameters, "expires_in", 1, INT32_MAX, ret_expires_in_s) != 0)
		*ret_expires_in_s = 0;
	return 0;
}

static void write_token(struct buf *out, const struct arguments *a, const char *token, int64_t expires_in_s,
			bool is_bearer, const char *issued_type)
{
	if (!a->json) {
		buf_printf(out, a->header ? "Authorization: Bearer %s\n" : "%s\n", token);
		return;
	}
	buf_printf(out, "{\"access_token\":\"%s\",\"token_type\":\"%s\"", token, is_bearer ? "Bearer" : "N_A");
	if (issued_type[0] != '\0')
		buf_printf(out, ",\"issued_token_type\":\"%s\"", issued_type);
	if (expires_in_s > 0)
		buf_printf(out, ",\"expires_in\":%lld", (long long)expires_in_s);
	buf_append_text(out, "}\n");
}

/* Of an exchange; of any other token there is nothing to say. A quote or backslash would break the JSON. */
static int read_kind(struct json_object *parameters, bool *ret_is_bearer, const char **ret_issued_type)
{
	const char *type;
	int r = json_read_string(parameters, "issued_token_type", 256, ret_issued_type);

	if (r == -ENOENT)
		*ret_issued_type = "";
	else if (r < 0)
		return -EBADMSG;
	for (const char *p = *ret_issued_type; *p != '\0'; p++)
		if (*p <= 0x20 || *p > 0x7e || *p == '"' || *p == '\\')
			return -EBADMSG;
	if (json_read_string(parameters, "token_type", 32, &type) != 0)
		return -EBADMSG;
	*ret_is_bearer = strcmp(type, "Bearer") == 0;
	return 0;
}

static bool add_wish(struct json_object *parameters, const struct arguments *a)
{
	if (a->exchange && json_object_object_add(parameters, "exchange", json_object_new_boolean(true)) < 0)
		return false;
	return question_add_text(parameters, "scope", a->scope) &&
	       question_add_text(parameters, "audience", a->audience) &&
	       question_add_text(parameters, "resource", a->resource) &&
	       question_add_text(parameters, "requested_token_type", a->token_type) &&
	       question_add_text(parameters, "name", a->operand);
}

static enum command_exit one_too_many(const struct command *c)
{
	return command_fail(c, COMMAND_MISUSE, "one argument too many: %.64s (latchkey --help says more)",
			    c->arguments.more[0]);
}

enum command_exit verb_token(const struct command *c)
{
	LK_CLEANUP(json_object_putp) struct json_object *parameters = json_object_new_object();
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	LK_CLEANUP(buf_done) struct buf text = {.max = 2 * TOKEN_MAX};
	enum command_exit status;
	const char *token, *issued_type = "";
	int64_t expires_in_s = 0;
	bool is_bearer = false;

	if (c->arguments.more[0])
		return one_too_many(c);
	token_close_memory();
	if (!c->arguments.exchange && (c->arguments.resource || c->arguments.token_type))
		return command_fail(c, COMMAND_MISUSE, "--resource and --requested-token-type go with --exchange");
	if (!add_wish(parameters, &c->arguments))
		return question_lost(c, -ENOMEM);
	status = question_ask(c, METHOD_GET_TOKEN, parameters, &reply);
	if (status != COMMAND_OK)
		return status;
	/* A quote or backslash cannot be in a token (RFC 6750 section 2.1), and would break the JSON. */
	if (token_read(reply.parameters, &token, &expires_in_s) < 0 || strpbrk(token, "\"\\") != NULL ||
	    read_kind(reply.parameters, &is_bearer, &issued_type) < 0)
		return question_lost(c, -EBADMSG);
	if (c->arguments.header && !is_bearer)
		return command_fail(c, COMMAND_FAILED, "this token is none that a header shows as Bearer");
	write_token(&text, &c->arguments, token, expires_in_s, is_bearer, issued_type);
	if (buf_fault(&text) < 0)
		return question_lost(c, -ENOMEM);
	if (c->arguments.exec)
		return token_exec(c, &text);
	(void)fputs(text.data, c->out);
	return COMMAND_OK;
}

enum command_exit verb_lock(const struct command *c)
{
	LK_CLEANUP(json_object_putp) struct json_object *parameters = json_object_new_object();
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	enum command_exit status;

	if (c->arguments.more[0])
		return one_too_many(c);
	if (!question_add_text(parameters, "name", c->arguments.operand))
		return question_lost(c, -ENOMEM);
	status = question_ask(c, METHOD_LOCK_TOKENS, parameters, &reply);
	if (status == COMMAND_OK)
		(void)fputs(c->arguments.json ? "{}\n" : "Locked: no token is handed out until the next sign-in.\n",
			    c->out);
	return status;
}

enum command_exit verb_logout(const struct command *c)
{
	static const struct {
		const char *result;
		enum command_exit status;
		const char *text;
	} rows[] = {
		{"revoked", COMMAND_OK, "Signed out, here and at the provider.\n"},
		{"nothing", COMMAND_OK, "Signed out. There was nothing to revoke at the provider.\n"},
		{"not-supported", COMMAND_OK,
		 "Signed out here. The provider cannot be told: end the session there by hand.\n"},
		{"delayed", COMMAND_FAILED,
		 "Signed out here. The provider could not be told yet; the helper goes on trying.\n"},
	};
	LK_CLEANUP(json_object_putp) struct json_object *parameters = json_object_new_object();
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	enum command_exit status;
	const char *result;

	if (c->arguments.more[0])
		return one_too_many(c);
	if (!question_add_text(parameters, "name", c->arguments.operand))
		return question_lost(c, -ENOMEM);
	status = question_ask(c, METHOD_LOGOUT, parameters, &reply);
	if (status != COMMAND_OK)
		return status;
	if (json_read_string(reply.parameters, "result", 32, &result) != 0)
		return question_lost(c, -EBADMSG);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].result, result) != 0)
			continue;
		if (c->arguments.json)
			(void)fprintf(c->out, "{\"result\":\"%s\"}\n", result);
		else
			(void)fputs(rows[i].text, c->out);
		return rows[i].status;
	}
	return question_lost(c, -EBADMSG);
}
