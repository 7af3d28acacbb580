/* SPDX-License-Identifier: MIT */
/* "latchkey accounts": pages of accounts, printed as they come, so that a hundred thousand need no memory; and which command
 * of it is meant. */
#include "helper/cli/verbs.h"

#include <stdint.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/cli/pages.h"
#include "helper/cli/render.h"
#include "helper/protocol/names.h"

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

static void print_heading(const struct command *c)
{
	(void)fprintf(c->out, "%-20s %-11s %-10s %-12s %s\n", "NAME", "UID", "STATE", "PROVIDER", "LAST SIGN-IN");
}

static enum command_exit list(const struct command *c)
{
	static const struct pages pages = {METHOD_LIST_ACCOUNTS, "accounts", print_heading, print_account};

	return pages_print(c, &pages);
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
