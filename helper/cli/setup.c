/* SPDX-License-Identifier: MIT */
/* "latchkey setup": the administrator's terminal around helper/setup. Asks once, and nobody where there is no terminal. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/base/terminal.h"
#include "helper/cli/ask.h"
#include "helper/cli/verbs.h"
#include "helper/setup/setup.h"

#define ANSWER_SIZE 16u

static bool confirm(void *userdata, const char *question)
{
	const struct command *c = userdata;
	char text[64];
	char answer[ANSWER_SIZE];

	if (isatty(STDIN_FILENO) != 1) {
		(void)command_fail(c, COMMAND_FAILED, "there is no terminal to ask on: --yes goes on without asking");
		return false;
	}
	(void)snprintf(text, sizeof(text), "%s [y/N]", question);
	return ask_line(c, text, true, answer, sizeof(answer)) == 0 &&
	       (strcmp(answer, "y") == 0 || strcmp(answer, "yes") == 0);
}

static const char *fault_of(const struct arguments *a)
{
	bool has_answers = a->issuer || a->client_id || a->provider || a->dialect || a->secret_file || a->ca_file ||
			   a->scope || a->domain || a->users || a->groups || a->everyone;

	if (a->json)
		return "setup has no output for programs";
	if (a->undo && has_answers)
		return "--undo goes with --dry-run, --yes, --keep-configuration and --root alone";
	if (a->keep_configuration && !a->undo)
		return "--keep-configuration goes with --undo";
	return NULL;
}

enum command_exit verb_setup(const struct command *c)
{
	const struct arguments *a = &c->arguments;
	const struct setup_options options = {
		.issuer = a->issuer,
		.client_id = a->client_id,
		.provider = a->provider,
		.dialect = a->dialect,
		.secret_file = a->secret_file,
		.ca_file = a->ca_file,
		.scope = a->scope,
		.domains = a->domain,
		.users = a->users,
		.groups = a->groups,
		.everyone = a->everyone,
		.root = a->root,
		.dry_run = a->dry_run,
		.yes = a->yes,
		.undo = a->undo,
		.keep_configuration = a->keep_configuration,
	};
	/* What asks, shows and complains is the same terminal, so that it stays in order. */
	struct command copy = *c;
	const struct setup_terminal terminal = {
		.out = c->out,
		.err = c->err,
		.utf8 = c->utf8,
		.colours = terminal_has_colours(c->out),
		.confirm = confirm,
		.userdata = &copy,
	};
	const char *fault = fault_of(a);

	if (fault != NULL)
		return command_fail(c, COMMAND_MISUSE, "%s", fault);
	switch (setup_run(&options, &terminal)) {
	case SETUP_DONE:
		return COMMAND_OK;
	case SETUP_MISUSE:
		return COMMAND_MISUSE;
	case SETUP_FAILED:
		break;
	}
	return COMMAND_FAILED;
}
