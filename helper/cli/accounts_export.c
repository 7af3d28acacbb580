/* SPDX-License-Identifier: MIT */
/* "latchkey accounts export": every account with all that another host needs to know it, forgotten ones too, as CSV or as a
 * JSON array. */
#include "helper/cli/verbs.h"

#include <errno.h>
#include <string.h>

#include "helper/base/csv.h"
#include "helper/base/json.h"
#include "helper/cli/question.h"
#include "helper/cli/render.h"
#include "helper/cli/table.h"
#include "helper/protocol/names.h"

#define PAGE_MAX 4096u

static void print_head(const struct command *c, bool as_json)
{
	if (as_json) {
		(void)fputc('[', c->out);
		return;
	}
	for (size_t i = 0; i < TABLE_COLUMNS; i++)
		(void)fprintf(c->out, "%s%s", i > 0 ? "," : "", table_columns[i]);
	(void)fputc('\n', c->out);
}

static void print_row(const struct command *c, struct json_object *account)
{
	for (size_t i = 0; i < TABLE_COLUMNS; i++) {
		struct json_object *value = NULL;

		(void)json_object_object_get_ex(account, table_columns[i], &value);
		if (i > 0)
			(void)fputc(',', c->out);
		if (value)
			csv_write(c->out, json_object_get_string(value));
	}
	(void)fputc('\n', c->out);
}

static enum command_exit print_page(const struct command *c, const struct json_object *parameters, bool as_json,
				    size_t *n)
{
	struct json_object *accounts;

	if (json_read_array(parameters, "accounts", PAGE_MAX, &accounts) != 0)
		return question_lost(c, -EBADMSG);
	for (size_t i = 0; i < json_object_array_length(accounts); i++, (*n)++) {
		struct json_object *account = json_object_array_get_idx(accounts, i);

		if (!as_json) {
			print_row(c, account);
			continue;
		}
		(void)fputs(*n > 0 ? ",\n" : "", c->out);
		render_json(c->out, account);
	}
	return COMMAND_OK;
}

enum command_exit accounts_export(const struct command *c)
{
	LK_CLEANUP(client_closep) struct client *client = NULL;
	const char *format = c->arguments.format ? c->arguments.format : c->arguments.json ? "json" : "csv";
	bool as_json = strcmp(format, "json") == 0, goes_on = true;
	enum command_exit status;
	size_t n = 0;

	if (!as_json && strcmp(format, "csv") != 0)
		return command_fail(c, COMMAND_MISUSE, "--format is csv or json");
	status = question_open(c, &client, METHOD_LIST_ACCOUNTS, NULL, true);
	for (bool is_first = true; status == COMMAND_OK && goes_on; is_first = false) {
		LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};

		status = question_next(c, client, &reply);
		if (status != COMMAND_OK)
			return status;
		if (is_first)
			print_head(c, as_json);
		goes_on = reply.continues;
		status = print_page(c, reply.parameters, as_json, &n);
	}
	if (status == COMMAND_OK && as_json)
		(void)fputs("]\n", c->out);
	return status;
}
