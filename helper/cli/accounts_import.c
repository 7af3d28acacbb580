/* SPDX-License-Identifier: MIT */
/* "latchkey accounts import": all accounts of a file or none, in one message and one transaction. What cannot be is said with
 * the file's line. */
#include "helper/cli/verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/cli/question.h"
#include "helper/cli/render.h"
#include "helper/cli/table.h"
#include "helper/protocol/frame.h"
#include "helper/protocol/names.h"

#define MESSAGE_ROOM 1024u /* of a frame, for what is around the accounts */
#define ROWS_MAX 4096u     /* as in helper/accounts/accounts.h */

/* Another host's marks: its own issuer follows from the provider's name, and whoever it has forgotten is nobody here. */
static const enum table_column sent[] = {TABLE_NAME,    TABLE_UID,   TABLE_GID,  TABLE_PROVIDER,
					 TABLE_SUBJECT, TABLE_GECOS, TABLE_HOME, TABLE_SHELL};

struct import {
	struct table table;
	struct json_object *list;
	unsigned *lines; /* of each that is sent */
	size_t n;
	size_t n_left_out;
};

static void import_done(struct import *i)
{
	table_done(&i->table);
	json_object_put(i->list);
	free(i->lines);
}

static struct json_object *row_json(const struct table_row *row)
{
	LK_CLEANUP(json_object_putp) struct json_object *o = json_object_new_object();

	for (size_t i = 0; o && i < sizeof(sent) / sizeof(sent[0]); i++) {
		const char *text = row->fields[sent[i]];
		bool is_number = sent[i] == TABLE_UID || sent[i] == TABLE_GID;
		struct json_object *value;

		if (!text)
			continue;
		value = is_number ? json_object_new_int64(strtoll(text, NULL, 10)) : json_object_new_string(text);
		if (!value || json_object_object_add(o, table_columns[sent[i]], value) != 0) {
			json_object_put(value);
			return NULL;
		}
	}
	return LK_STEAL(o);
}

/* Not those who are gone where the file comes from, nor its local accounts. */
static bool is_to_come(const struct table_row *row)
{
	const char *state = row->fields[TABLE_STATE];

	return !state || strcmp(state, "active") == 0 || strcmp(state, "expected") == 0;
}

static int collect(struct import *in)
{
	in->list = json_object_new_array();
	in->lines = calloc(in->table.n + 1, sizeof(*in->lines));
	if (!in->list || !in->lines)
		return -ENOMEM;
	for (size_t i = 0; i < in->table.n; i++) {
		const struct table_row *row = &in->table.rows[i];
		struct json_object *o;

		if (!is_to_come(row)) {
			in->n_left_out++;
			continue;
		}
		o = row_json(row);
		if (!o || json_object_array_add(in->list, o) != 0) {
			json_object_put(o);
			return -ENOMEM;
		}
		in->lines[in->n++] = row->line;
	}
	return 0;
}

/* Says which line cannot be, where the answer is about one. Return: the exit status. */
static enum command_exit refused(const struct command *c, const struct import *in, const struct varlink_reply *reply)
{
	const char *message;
	int64_t index;

	if (strcmp(reply->error, ERROR_NOT_POSSIBLE) != 0 ||
	    json_read_int(reply->parameters, "index", 0, (int64_t)in->n - 1, &index) != 0 ||
	    json_read_string(reply->parameters, "message", 900, &message) != 0)
		return question_refused(c, reply);
	return command_fail(c, COMMAND_FAILED, "%s:%u: %s (nothing was imported)", in->table.path, in->lines[index],
			    message);
}

static enum command_exit send(const struct command *c, const struct import *in)
{
	LK_CLEANUP(json_object_putp) struct json_object *parameters = json_object_new_object();
	LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};
	LK_CLEANUP(client_closep) struct client *client = NULL;
	enum command_exit status;
	int64_t imported;
	int r;

	if (!parameters || json_object_object_add(parameters, "accounts", json_object_get(in->list)) != 0)
		return question_lost(c, -ENOMEM);
	status = question_open(c, &client, METHOD_IMPORT_ACCOUNTS, parameters, false);
	if (status != COMMAND_OK)
		return status;
	r = client_next(client, &reply, QUESTION_TIMEOUT_MS, -1, NULL);
	if (r < 0)
		return question_lost(c, r);
	if (reply.error)
		return refused(c, in, &reply);
	if (json_read_int(reply.parameters, "imported", 0, INT32_MAX, &imported) != 0)
		return question_lost(c, -EBADMSG);
	if (c->arguments.json) {
		render_json(c->out, reply.parameters);
		(void)fputc('\n', c->out);
		return COMMAND_OK;
	}
	(void)fprintf(c->out, "Imported %lld accounts, %zu were there already.\n", (long long)imported,
		      in->n - (size_t)imported);
	if (in->n_left_out > 0)
		(void)fprintf(c->out,
			      "%zu that are forgotten, withdrawn or local where they come from were left out.\n",
			      in->n_left_out);
	return COMMAND_OK;
}

enum command_exit accounts_import(const struct command *c)
{
	LK_CLEANUP(import_done) struct import in = {0};
	enum command_exit status = table_read(c, &in.table, c->arguments.more[0]);
	const char *text;

	if (status != COMMAND_OK)
		return status;
	if (collect(&in) < 0)
		return question_lost(c, -ENOMEM);
	text = json_text(in.list);
	if (in.n > ROWS_MAX || !text || strlen(text) > FRAME_MAX - MESSAGE_ROOM)
		return command_fail(c, COMMAND_FAILED,
				    "%s: too much for one import: at most %u accounts and %u KiB; split the file",
				    in.table.path, ROWS_MAX, (FRAME_MAX - MESSAGE_ROOM) / 1024);
	return send(c, &in);
}
