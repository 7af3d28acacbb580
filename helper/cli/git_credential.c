/* SPDX-License-Identifier: MIT */
/*
 * "latchkey git-credential get|store|erase": a fresh token where git wants a password, for hosts that root's configuration
 * names and over HTTPS alone. There is nothing to store and nothing to erase: the helper keeps it.
 */
#include "helper/cli/git_credential.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/base/secret.h"
#include "helper/base/text.h"
#include "helper/cli/question.h"
#include "helper/cli/token.h"
#include "helper/cli/verbs.h"
#include "helper/protocol/names.h"

/* Where git knows no better: GitLab, Gitea and others take any name or this one beside an OAuth token. */
#define USERNAME "oauth2"

static void set_text(char *field, size_t size, const char *value)
{
	field[0] = '\0';
	if (strlen(value) < size)
		memcpy(field, value, strlen(value) + 1);
}

static void take_line(struct git_request *r, const char *key, const char *value)
{
	if (strcmp(key, "protocol") == 0)
		set_text(r->protocol, sizeof(r->protocol), value);
	else if (strcmp(key, "host") == 0)
		set_text(r->host, sizeof(r->host), value);
	else if (strcmp(key, "username") == 0)
		set_text(r->username, sizeof(r->username), value);
	else if (strcmp(key, "capability[]") == 0 && strcmp(value, "authtype") == 0)
		r->knows_authtype = true;
}

/* Return: 1 a line, 0 the end, -EBADMSG. */
static int read_line(char line[GIT_LINE_MAX], FILE *in)
{
	size_t len = 0;
	int c;

	while ((c = getc(in)) != EOF && c != '\n') {
		if (c == '\0' || len + 1 >= GIT_LINE_MAX)
			return -EBADMSG;
		line[len++] = (char)c;
	}
	line[len] = '\0';
	return len > 0;
}

int git_request_read(struct git_request *ret, FILE *in)
{
	char line[GIT_LINE_MAX];
	int r = 1;

	*ret = (struct git_request){.knows_authtype = false};
	for (size_t i = 0; r == 1 && i < GIT_LINES_MAX; i++) {
		char *equals;

		r = read_line(line, in);
		if (r != 1)
			break;
		equals = strchr(line, '=');
		if (!equals) {
			r = -EBADMSG;
			break;
		}
		*equals = '\0';
		take_line(ret, line, equals + 1);
	}
	secret_wipe(line, sizeof(line)); /* "store" comes with the password */
	return r == 1 ? -EBADMSG : r;
}

static void print_credential(const struct command *c, const struct git_request *request, const char *token,
			     int64_t expires_in_s)
{
	if (request->knows_authtype)
		(void)fprintf(c->out, "capability[]=authtype\nauthtype=Bearer\ncredential=%s\nephemeral=1\n", token);
	else
		(void)fprintf(c->out, "username=%s\npassword=%s\n",
			      request->username[0] != '\0' ? request->username : USERNAME, token);
	if (expires_in_s > 0)
		(void)fprintf(c->out, "password_expiry_utc=%" PRId64 "\n", clock_realtime_s() + expires_in_s);
}

/* git asks its helpers about every host: one that is not ours is passed over without a word. */
static enum command_exit refused(const struct command *c, const struct varlink_reply *reply)
{
	const char *reason;

	if (strcmp(reply->error, ERROR_DENIED) == 0 &&
	    json_read_string(reply->parameters, "reason", 64, &reason) == 0 &&
	    strcmp(reason, REASON_NOT_HANDED_OUT) == 0)
		return COMMAND_OK;
	return question_refused(c, reply);
}

static enum command_exit get(const struct command *c, const struct git_request *request)
{
	LK_CLEANUP(json_object_putp) struct json_object *parameters = json_object_new_object();
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	LK_CLEANUP(client_closep) struct client *client = NULL;
	enum command_exit status;
	int64_t expires_in_s = 0;
	const char *token;
	int r;

	if (!question_add_text(parameters, "git_host", request->host) ||
	    !question_add_text(parameters, "scope", c->arguments.scope) ||
	    !question_add_text(parameters, "audience", c->arguments.audience))
		return question_lost(c, -ENOMEM);
	status = question_open(c, &client, METHOD_GET_TOKEN, parameters, false);
	if (status != COMMAND_OK)
		return status;
	r = client_next(client, &reply, QUESTION_TIMEOUT_MS, -1, NULL);
	if (r < 0)
		return question_lost(c, r);
	if (reply.error)
		return refused(c, &reply);
	if (token_read(reply.parameters, &token, &expires_in_s) < 0)
		return question_lost(c, -EBADMSG);
	print_credential(c, request, token, expires_in_s);
	return COMMAND_OK;
}

enum command_exit verb_git_credential(const struct command *c)
{
	const char *operation = c->arguments.operand;
	struct git_request request;

	token_close_memory();
	if (git_request_read(&request, stdin) < 0)
		return command_fail(c, COMMAND_FAILED, "this is not what git says to a credential helper");
	/* As the format demands: an operation of a later git is passed over. */
	if (strcmp(operation, "get") != 0)
		return COMMAND_OK;
	if (strcasecmp(request.protocol, "https") != 0 || request.host[0] == '\0' ||
	    !text_is_utf8(request.host, strlen(request.host)))
		return COMMAND_OK;
	return get(c, &request);
}
