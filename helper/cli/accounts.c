/* SPDX-License-Identifier: MIT */
/* "latchkey accounts": pages of accounts, printed as they come, so that a hundred thousand need no memory; and which command
 * of it is meant. */
#include "helper/cli/verbs.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/cli/question.h"
#include "helper/cli/render.h"
#include "helper/protocol/names.h"

#define PAGE_MAX 4096u

static void print_account(const struct command *c, const struct json_object *account)
{
	char name[64], uid[24], state[32], provider[64], when[64] = "never";
	int64_t last;

	render_member_text(c, name, sizeof(name), account, "name");
	render_member_text(c, uid, sizeof(uid), account, "uid");
	render_member_text(c, state, sizeof(state), account, "state");
	render_member_text(c, provider, sizeof(provider), account, "provider");
	if (json_read_int(account, "last_sign_in", INT64_MIN, INT64_MAX, &last) == 0)
		render_time(when, sizeof(when), last);
	(void)fprintf(c->out, "%-20s %-11s %-10s %-12s %s\n", name, uid, state, provider, when);
}

static enum command_exit print_page(const struct command *c, const struct json_object *parameters, size_t *n)
{
	struct json_object *accounts;

	if (json_read_array(parameters, "accounts", PAGE_MAX, &accounts) != 0)
		return question_lost(c, -EBADMSG);

	for (size_t i = 0; i < json_object_array_length(accounts); i++, (*n)++) {
		struct json_object *account = json_object_array_get_idx(accounts, i);

		if (!c->arguments.json) {
			print_account(c, account);
			continue;
		}
		(void)fputs(*n > 0 ? ",\n" : "", c->out);
		render_json(c->out, account);
	}
	return COMMAND_OK;
}

static enum command_exit list(const struct command *c)
{
	LK_CLEANUP(client_closep) struct client *client = NULL;
	enum command_exit status;
	bool goes_on, is_first = true;
	size_t n = 0;

	status = question_open(c, &client, METHOD_LIST_ACCOUNTS, NULL, true);
	if (status != COMMAND_OK)
		return status;

	do {
		LK_CLEANUP(varlink_reply_done) struct varlink_reply reply = {0};

		status = question_next(c, client, &reply);
		if (status != COMMAND_OK)
			return status;
		if (is_first && c->arguments.json)
			(void)fputc('[', c->out);
		else if (is_first)
			(void)fprintf(c->out, "%-20s %-11s %-10s %-12s %s\n", "NAME", "UID", "STATE", "PROVIDER",
				      "LAST SIGN-IN");
		is_first = false;
		goes_on = reply.continues;
		status = print_page(c, reply.parameters, &n);
	} while (status == COMMAND_OK && goes_on);

	if (status == COMMAND_OK && c->arguments.json)
		(void)fputs("]\n", c->out);
	return status;
}

enum command_exit verb_accounts(const struct command *c)
{
	static const struct {
		const char *name;
		const char *operands;
		size_t n_operands;
		enum command_exit (*run)(const struct command *c);
	} commands[] = {
		{"export", "nothing more", 0, accounts_export},
		{"retired", "nothing more", 0, accounts_retired},
		{"import", "FILE, or - for standard input", 1, accounts_import},
		{"compare", "FILE FILE", 2, accounts_compare},
		{"pin", "NAME --uid UID", 1, accounts_pin},
		{"rename", "OLD NEW", 2, accounts_rename},
		{"move", "NAME --uid UID", 1, accounts_move},
		{"release", "NAME", 1, accounts_release},
	};
	size_t n = c->arguments.more[1] ? 2 : c->arguments.more[0] ? 1 : 0;

	if (!c->arguments.operand)
		return list(c);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(c->arguments.operand, commands[i].name) != 0)
			continue;
		if (n != commands[i].n_operands)
			return command_fail(c, COMMAND_MISUSE, "accounts %s needs %s", commands[i].name,
					    commands[i].operands);
		return commands[i].run(c);
	}
	return command_fail(c, COMMAND_MISUSE, "unknown command: accounts %.32s (latchkey accounts --help lists them)",
			    c->arguments.operand);
}
