/* SPDX-License-Identifier: MIT */
/*
 * "latchkey logout-token": hands a provider's logout token on to the helper. Behind a web server it is a CGI program (RFC
 * 3875) and answers as Back-Channel Logout 1.0 wants it; strangers reach it then, so it reads no more than it must and says
 * nothing about what was wrong.
 */
#include "helper/cli/verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "helper/base/buf.h"
#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/cli/logout_form.h"
#include "helper/cli/question.h"
#include "helper/cli/render.h"
#include "helper/protocol/names.h"

#define INPUT_MAX (128u * 1024u)
#define FORM_TYPE "application/x-www-form-urlencoded"

/* BL-07: 200 and not 204, and 400 for everything else; never stored by anybody in between. */
#define ANSWER_DONE "Status: 200 OK\r\nCache-Control: no-store\r\nContent-Type: text/plain\r\n\r\n"
#define ANSWER_REFUSED                                                                                                 \
	"Status: 400 Bad Request\r\nCache-Control: no-store\r\nContent-Type: application/json\r\n\r\n"                 \
	"{\"error\":\"invalid_request\"}"

static bool is_cgi(void)
{
	const char *gateway = getenv("GATEWAY_INTERFACE");

	return gateway != NULL && strncmp(gateway, "CGI/", 4) == 0;
}

static bool is_form(const char *type)
{
	size_t len = strlen(FORM_TYPE);

	return type != NULL && strncasecmp(type, FORM_TYPE, len) == 0 && strchr("; \t", type[len]) != NULL;
}

/* How much there is to read: a web server need not close our input behind it. Return: 0, -EBADMSG. */
static int announced_length(uint64_t *ret)
{
	const char *method = getenv("REQUEST_METHOD");
	const char *length = getenv("CONTENT_LENGTH");

	if (method == NULL || strcmp(method, "POST") != 0 || !is_form(getenv("CONTENT_TYPE")) || length == NULL ||
	    text_to_u64(ret, length, INPUT_MAX) < 0)
		return -EBADMSG;
	return 0;
}

/* At most @max bytes, or all of it. Return: 0, -E2BIG, -ENOMEM, -EIO, -EBADMSG it has NUL bytes or is none. */
static int read_input(struct buf *out, uint64_t max, bool is_exact)
{
	char chunk[4096];
	size_t n = 1;

	buf_init(out, INPUT_MAX);
	while (out->len < max && n > 0) {
		size_t wanted = sizeof(chunk);

		if (is_exact && max - out->len < wanted)
			wanted = (size_t)(max - out->len);
		n = fread(chunk, 1, wanted, stdin);
		buf_append(out, chunk, n);
		if (buf_fault(out) < 0)
			return buf_fault(out);
	}
	if (ferror(stdin))
		return -EIO;
	if (out->len == 0 || (is_exact && out->len < max) || memchr(out->data, '\0', out->len) != NULL)
		return -EBADMSG;
	/* what an editor or echo adds */
	while (out->len > 0 && strchr("\r\n", out->data[out->len - 1]) != NULL)
		out->data[--out->len] = '\0';
	return 0;
}

static enum command_exit hand_on(const struct command *c, const char *token)
{
	LK_CLEANUP(json_object_putp) struct json_object *parameters = json_object_new_object();
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	struct json_object *text = json_object_new_string(token);
	enum command_exit status;
	char n[24];

	if (!parameters || !text || json_object_object_add(parameters, "token", text) < 0) {
		json_object_put(text);
		return question_lost(c, -ENOMEM);
	}
	status = question_ask(c, METHOD_LOGOUT_TOKEN, parameters, &reply);
	if (status != COMMAND_OK || is_cgi())
		return status;
	if (c->arguments.json) {
		render_json(c->out, reply.parameters);
		(void)fputc('\n', c->out);
		return COMMAND_OK;
	}
	render_member_text(c, n, sizeof(n), reply.parameters, "accounts");
	(void)fprintf(c->out, "Logged out: %s accounts here were meant.\n", n);
	return COMMAND_OK;
}

static enum command_exit run(const struct command *c, bool cgi)
{
	LK_CLEANUP(buf_done) struct buf input = {0};
	uint64_t length = INPUT_MAX;
	const char *token = NULL;
	int r = cgi ? announced_length(&length) : 0;

	if (r == 0)
		r = read_input(&input, length, cgi);
	if (r == 0)
		r = logout_form_read(input.data, &token);
	if (r < 0)
		return command_fail(c, COMMAND_FAILED, "there is no logout token on standard input: %s",
				    strerrordesc_np(-r));
	return hand_on(c, token);
}

enum command_exit verb_logout_token(const struct command *c)
{
	bool cgi = is_cgi();
	enum command_exit status = run(c, cgi);

	if (!cgi)
		return status;
	/* Whoever looks at the exit status besides is the web server, which has an answer to pass on. */
	(void)fputs(status == COMMAND_OK ? ANSWER_DONE : ANSWER_REFUSED, c->out);
	return COMMAND_OK;
}
