/* SPDX-License-Identifier: MIT */
/* "latchkey accounts retired": names and numbers of the past, which nobody gets again, with who had them and since when. */
#include "helper/cli/verbs.h"

#include <errno.h>
#include <stdint.h>

#include "helper/base/json.h"
#include "helper/cli/question.h"
#include "helper/cli/render.h"
#include "helper/protocol/names.h"

#define PAGE_MAX 4096u

static void print_retired(const struct command *c, const struct json_object *retired)
{
	char kind[24], name[64], id[24], account[64], since[64] = "-";
	int64_t since_s;

	render_member_text(c, kind, sizeof(kind), retired, "kind");
	render_member_text(c, name, sizeof(name), retired, "name");
	render_member_text(c, id, sizeof(id), retired, "id");
	render_member_text(c, account, sizeof(account), retired, "account");
	if (json_read_int(retired, "since", INT64_MIN, INT64_MAX, &since_s) == 0)
		render_time(since, sizeof(since), since_s);
	(void)fprintf(c->out, "%-7s %-20s %-11s %-20s %s\n", kind, name, id, account, since);
}

static enum command_exit print_page(const struct command *c, const struct json_object *parameters, size_t *n)
{
	struct json_object *list;

	if (json_read_array(parameters, "retired", PAGE_MAX, &list) != 0)
		return question_lost(c, -EBADMSG);
	for (size_t i = 0; i < json_object_array_length(list); i++, (*n)++) {
		struct json_object *retired = json_object_array_get_idx(list, i);

		if (!c->arguments.json) {
			print_retired(c, retired);
			continue;
		}
		(void)fputs(*n > 0 ? ",\n" : "", c->out);
		render_json(c->out, retired);
	}
	return COMMAND_OK;
}

enum command_exit accounts_retired(const struct command *c)
{
	LK_CLEANUP(client_closep) struct client *client = NULL;
	enum command_exit status;
	bool goes_on = true;
	size_t n = 0;

	status = question_open(c, &client, METHOD_LIST_RETIRED, NULL, true);
	for (bool is_first = true; status == COMMAND_OK && goes_on; is_first = false) {
		LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};

		status = question_next(c, client, &reply);
		if (status != COMMAND_OK)
			return status;
		if (is_first && c->arguments.json)
			(void)fputc('[', c->out);
		else if (is_first)
			(void)fprintf(c->out, "%-7s %-20s %-11s %-20s %s\n", "RETIRED", "NAME", "ID", "NOW CALLED",
				      "SINCE");
		goes_on = reply.continues;
		status = print_page(c, reply.parameters, &n);
	}
	if (status == COMMAND_OK && c->arguments.json)
		(void)fputs("]\n", c->out);
	return status;
}
