/* SPDX-License-Identifier: MIT */
/* "latchkey enroll": has the helper register this host at a provider (RFC 7591), renew what is registered, or end it. */
#include "helper/cli/verbs.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "helper/base/file.h"
#include "helper/base/json.h"
#include "helper/base/secret.h"
#include "helper/cli/question.h"
#include "helper/cli/render.h"
#include "helper/protocol/names.h"

#define TOKEN_MAX 8192u

static int read_standard_input(struct buf *out)
{
	char chunk[1024];
	ssize_t n;

	buf_init(out, TOKEN_MAX);
	while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0)
		buf_append(out, chunk, (size_t)n);
	secret_wipe(chunk, sizeof(chunk));
	return n < 0 ? -errno : buf_fault(out);
}

static const char *trouble(int r)
{
	switch (r) {
	case -EPERM:
		return "it must belong to root, and nobody else may read it";
	case -E2BIG:
		return "it is longer than 8 KiB";
	case -ENODATA:
		return "it is empty";
	default:
		return strerrordesc_np(-r);
	}
}

/* Without the newline that editors leave. Return: COMMAND_OK, or the exit status after the reason was printed. */
static enum command_exit read_token(const struct command *c, struct buf *out)
{
	const char *path = c->arguments.token_file;
	int r = strcmp(path, "-") == 0 ? read_standard_input(out)
				       : file_read(out, path, FILE_OWNER_ROOT_OR_SELF, FILE_PRIVATE, TOKEN_MAX);

	while (r == 0 && out->len > 0 && strchr("\r\n", out->data[out->len - 1]) != NULL)
		out->data[--out->len] = '\0';
	if (r == 0 && out->len == 0)
		r = -ENODATA;
	return r < 0 ? command_fail(c, COMMAND_FAILED, "%s: %s", path, trouble(r)) : COMMAND_OK;
}

static enum command_exit ask(const struct command *c, const char *action, const char *token)
{
	LK_CLEANUP(json_object_putp) struct json_object *parameters = json_object_new_object();
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	char id[256], provider[64];
	enum command_exit status;

	if (parameters == NULL || !question_add_text(parameters, "action", action) ||
	    !question_add_text(parameters, "provider", c->arguments.provider) ||
	    !question_add_text(parameters, "token", token))
		return question_lost(c, -ENOMEM);
	status = question_ask(c, METHOD_ENROLL, parameters, &reply);
	if (status != COMMAND_OK)
		return status;
	if (c->arguments.json) {
		render_json(c->out, reply.parameters);
		(void)fputc('\n', c->out);
		return COMMAND_OK;
	}
	render_member_text(c, id, sizeof(id), reply.parameters, "client_id");
	render_member_text(c, provider, sizeof(provider), reply.parameters, "provider");
	if (c->arguments.remove)
		(void)fprintf(c->out, "This host is no client of %s any more.\n", provider);
	else
		(void)fprintf(c->out, "This host is client %s of %s.\n", id, provider);
	return COMMAND_OK;
}

enum command_exit verb_enroll(const struct command *c)
{
	const struct arguments *a = &c->arguments;
	LK_CLEANUP(buf_done) struct buf token = {0};
	enum command_exit status;

	if (a->renew && a->remove)
		return command_fail(c, COMMAND_MISUSE, "--renew or --delete, not both");
	if (a->token_file != NULL && (a->renew || a->remove))
		return command_fail(c, COMMAND_MISUSE, "an initial access token is for the first registration alone");
	if (a->token_file != NULL) {
		status = read_token(c, &token);
		if (status != COMMAND_OK)
			return status;
	}
	return ask(c, a->renew ? "renew" : a->remove ? "end" : "begin", token.data);
}
