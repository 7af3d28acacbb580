/* SPDX-License-Identifier: MIT */
/*
 * From the command line to a verb and back to an exit status. Results go to one stream and complaints to the other, so
 * that a script never takes the one for the other.
 */
#include "helper/cli/command.h"

#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/base/text.h"

static const struct verb *find_verb(const struct verb *verbs, const char *name)
{
	for (; verbs->name; verbs++) {
		if (strcmp(verbs->name, name) == 0)
			return verbs;
	}
	return NULL;
}

/* In the list of all verbs there is no room for the words of one. */
static const char *short_operand(const char *operand)
{
	if (operand == NULL)
		return "";
	if (strchr(operand, '|') == NULL || strstr(operand, "|-") != NULL)
		return operand;
	return operand[0] == '[' ? "[COMMAND]" : "COMMAND";
}

static void print_usage(FILE *out, const struct verb *verbs)
{
	(void)fprintf(out, "usage: latchkey COMMAND [OPTION...]\n\n");
	for (; verbs->name; verbs++) {
		const char *operand = short_operand(verbs->operand);
		char left[40];

		(void)snprintf(left, sizeof(left), "%s%s%s", verbs->name, operand[0] ? " " : "", operand);
		(void)fprintf(out, "  %-22s  %s\n", left, verbs->summary);
	}
	(void)fprintf(out, "\n");
	arguments_print_options(out, NULL);
	(void)fprintf(out,
		      "\nExit status: 0 done, 1 refused or failed, 2 wrong use, 3 the helper cannot be reached.\n");
}

static void print_verb_usage(FILE *out, const struct verb *verb)
{
	(void)fprintf(out, "usage: latchkey %s [OPTION...]%s%s\n\n%s\n\n", verb->name, verb->operand ? " " : "",
		      verb->operand ? verb->operand : "", verb->summary);
	arguments_print_options(out, verb->name);
	arguments_print_options(out, NULL);
	/* A command line is readable for every user of the machine. */
	if (verb->operand && strstr(verb->operand, "TOKEN"))
		(void)fprintf(out, "\nA TOKEN given as an argument can be seen by others in the process list; "
				   "'-' reads it from standard input.\n");
}

enum command_exit command_fail(const struct command *c, enum command_exit status, const char *format, ...)
{
	char text[1024], clean[1024];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text_sanitise(clean, sizeof(clean), text, strlen(text), c->utf8);
	(void)fprintf(c->err, "latchkey: %s\n", clean);
	return status;
}

bool command_has_colour(const struct command *c)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	if (none && none[0] != '\0')
		return false;
	return term && term[0] != '\0' && strcmp(term, "dumb") != 0 && isatty(fileno(c->out)) == 1;
}

/* Nothing else can stand in a message. */
static bool is_utf8(const char *text)
{
	return !text || text_is_utf8(text, strlen(text));
}

static enum command_exit run_verb(const struct command *c, const struct verb *verb)
{
	enum command_exit status;

	bool judges_itself = verb->operand && verb->operand[0] == '[';

	if (verb->operand && !judges_itself && !c->arguments.operand)
		return command_fail(c, COMMAND_MISUSE, "%s needs %s", verb->name, verb->operand);
	if (!judges_itself && c->arguments.more[0])
		return command_fail(c, COMMAND_MISUSE, "one argument too many: %.64s (latchkey --help says more)",
				    c->arguments.more[0]);
	if (!verb->operand && c->arguments.operand)
		return command_fail(c, COMMAND_MISUSE, "%s takes no argument", verb->name);

	if (!is_utf8(c->arguments.operand) || !is_utf8(c->arguments.more[0]) || !is_utf8(c->arguments.more[1]) ||
	    !is_utf8(c->arguments.user) || !is_utf8(c->arguments.file) || !is_utf8(c->arguments.subject) ||
	    !is_utf8(c->arguments.provider) || !is_utf8(c->arguments.home) || !is_utf8(c->arguments.shell) ||
	    !is_utf8(c->arguments.scope) || !is_utf8(c->arguments.audience) || !is_utf8(c->arguments.resource) ||
	    !is_utf8(c->arguments.token_type) || !is_utf8(c->arguments.service) || !is_utf8(c->arguments.root))
		return command_fail(c, COMMAND_MISUSE, "the argument is not UTF-8");

	status = verb->run(c);
	/* A full disk must not pass for a complete answer. */
	if (fflush(c->out) != 0 && status == COMMAND_OK)
		return command_fail(c, COMMAND_FAILED, "cannot write the result");
	return status;
}

enum command_exit command_run(const struct verb *verbs, int argc, char *const *argv, FILE *out, FILE *err)
{
	struct command c = {.verbs = verbs, .out = out, .err = err};
	const struct verb *verb;
	char why[128];

	c.utf8 = setlocale(LC_CTYPE, "") && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (arguments_parse(&c.arguments, argc, argv, why, sizeof(why)) < 0)
		return command_fail(&c, COMMAND_MISUSE, "%s (latchkey --help says more)", why);

	if (c.arguments.version) {
		(void)fprintf(out, "latchkey %s\n", LK_RELEASE);
		return COMMAND_OK;
	}
	if (!c.arguments.verb) {
		print_usage(c.arguments.help ? out : err, verbs);
		return c.arguments.help ? COMMAND_OK : COMMAND_MISUSE;
	}

	verb = find_verb(verbs, c.arguments.verb);
	if (!verb)
		return command_fail(&c, COMMAND_MISUSE, "unknown command: %.64s (latchkey --help lists them)",
				    c.arguments.verb);
	if (c.arguments.help) {
		print_verb_usage(out, verb);
		return COMMAND_OK;
	}
	return run_verb(&c, verb);
}
