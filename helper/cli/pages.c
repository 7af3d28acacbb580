/* SPDX-License-Identifier: MIT */
/*
 * Page after page to one table or one JSON array. A list that ends in the middle must not look like a whole one: its array
 * stays open, and the exit status says so.
 */
#include "helper/cli/pages.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "helper/base/json.h"
#include "helper/cli/question.h"
#include "helper/cli/render.h"

#define PAGE_MAX 4096u

static enum command_exit print_page(const struct command *c, const struct pages *p,
				    const struct json_object *parameters, size_t *n)
{
	struct json_object *list;

	if (json_read_array(parameters, p->member, PAGE_MAX, &list) != 0)
		return question_lost(c, -EBADMSG);
	for (size_t i = 0; i < json_object_array_length(list); i++, (*n)++) {
		struct json_object *row = json_object_array_get_idx(list, i);

		if (!c->arguments.json) {
			p->print_row(c, row);
			continue;
		}
		(void)fputs(*n > 0 ? ",\n" : "", c->out);
		render_json(c->out, row);
	}
	return COMMAND_OK;
}

enum command_exit pages_print(const struct command *c, const struct pages *p)
{
	LK_CLEANUP(client_closep) struct client *client = NULL;
	enum command_exit status = question_open(c, &client, p->method, NULL, true);
	bool goes_on = true;
	size_t n = 0;

	for (bool is_first = true; status == COMMAND_OK && goes_on; is_first = false) {
		LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};

		status = question_next(c, client, &reply);
		if (status != COMMAND_OK)
			return status;
		if (is_first && c->arguments.json)
			(void)fputc('[', c->out);
		else if (is_first)
			p->print_heading(c);
		goes_on = reply.continues;
		status = print_page(c, p, reply.parameters, &n);
	}
	if (status == COMMAND_OK && c->arguments.json)
		(void)fputs("]\n", c->out);
	return status;
}
