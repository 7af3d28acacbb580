/* SPDX-License-Identifier: MIT */
/*
 * "latchkey completion": what bash or zsh needs to complete this command. It is made of the tables that the command itself goes
 * by, so that nothing is missing and nothing is left over.
 */
#include <string.h>

#include "helper/base/text.h"
#include "helper/cli/verbs.h"

/* Names of values that are paths. */
static bool is_path(const char *value)
{
	return strcmp(value, "FILE") == 0 || strcmp(value, "PATH") == 0 || strcmp(value, "FOLDER") == 0;
}

/* Names of values that are the words themselves: "csv|json". */
static bool is_choice(const char *value)
{
	return strchr(value, '|') != NULL;
}

static bool is_other(const char *value)
{
	return !is_path(value) && !is_choice(value);
}

/* --- the words that a verb begins with ----------------------------------------------------------------------------------- */

/* Small letters and '-': "export" of "[export|import FILE]", nothing of "[NAME]". */
static size_t word_length(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyz-");
}

/* Of "get|store|erase" and "[NAME|revoke NAME]" the words, each behind @before. */
static void print_words(FILE *out, const char *operand, const char *before)
{
	while (operand && *operand != '\0') {
		size_t len;

		operand += strspn(operand, "[|");
		len = word_length(operand);
		if (len > 1)
			(void)fprintf(out, "%s%.*s", before, (int)len, operand);
		operand += strcspn(operand, "|");
	}
}

static bool has_words(const struct verb *v)
{
	for (const char *at = v->operand; at && *at != '\0'; at += strcspn(at, "|")) {
		at += strspn(at, "[|");
		if (word_length(at) > 1)
			return true;
	}
	return false;
}

/* --- bash ---------------------------------------------------------------------------------------------------------------- */

/* Options with a value, as the patterns of a case; @want: which of them. */
static void print_bash_options(FILE *out, bool (*want)(const char *value))
{
	struct arguments_option o;
	const char *before = "";

	for (size_t i = 0; arguments_option(&o, i); i++) {
		if (!o.value || (want && !want(o.value)))
			continue;
		(void)fprintf(out, "%s%s", before, o.name);
		before = "|";
	}
}

static void print_bash_choices(FILE *out)
{
	struct arguments_option o;

	for (size_t i = 0; arguments_option(&o, i); i++) {
		if (!o.value || !is_choice(o.value))
			continue;
		(void)fprintf(out, "\t%s)\n\t\tmapfile -t COMPREPLY < <(compgen -W \"", o.name);
		print_words(out, o.value, " ");
		(void)fputs("\" -- \"$current\")\n\t\treturn\n\t\t;;\n", out);
	}
}

static void print_bash_verb(FILE *out, const struct verb *v)
{
	struct arguments_option o;

	(void)fprintf(out, "\t%s) words='", v->name);
	print_words(out, v->operand, " ");
	for (size_t i = 0; arguments_option(&o, i); i++)
		if (arguments_is_of(&o, v->name))
			(void)fprintf(out, " %s", o.name);
	(void)fputs("' ;;\n", out);
}

static void print_bash(FILE *out, const struct verb *verbs)
{
	(void)fputs(
		"# bash completion for latchkey(1)\n"
		"_latchkey() {\n"
		"\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb='' words='' i\n"
		"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		"\t\tcase ${COMP_WORDS[i]} in\n"
		"\t\t",
		out);
	print_bash_options(out, NULL);
	(void)fputs(") ((i++)) ;;\n"
		    "\t\t-*) ;;\n"
		    "\t\t*)\n\t\t\tverb=${COMP_WORDS[i]}\n\t\t\tbreak\n\t\t\t;;\n"
		    "\t\tesac\n"
		    "\tdone\n"
		    "\tcase $previous in\n\t",
		    out);
	print_bash_options(out, is_path);
	(void)fputs(")\n\t\tcompopt -o filenames 2>/dev/null\n"
		    "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n\t\treturn\n\t\t;;\n",
		    out);
	print_bash_choices(out);
	(void)fputc('\t', out);
	print_bash_options(out, is_other);
	(void)fputs(") return ;;\n\tesac\n\tcase $verb in\n\t'') words='", out);
	for (const struct verb *v = verbs; v->name; v++)
		(void)fprintf(out, "%s ", v->name);
	(void)fputs("--help --version' ;;\n", out);
	for (const struct verb *v = verbs; v->name; v++)
		print_bash_verb(out, v);
	(void)fputs("\tesac\n"
		    "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
		    "}\n"
		    "complete -F _latchkey latchkey\n",
		    out);
}

/* --- zsh ----------------------------------------------------------------------------------------------------------------- */

/* Inside single quotes, where ':' and brackets mean something to _arguments and _describe. */
static void print_zsh_text(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			(void)fputs("'\\''", out);
		else if (strchr(":[]\\", *text))
			(void)fprintf(out, "\\%c", *text);
		else
			(void)fputc(*text, out);
	}
}

static void print_zsh_option(FILE *out, const struct arguments_option *o)
{
	(void)fprintf(out, " \\\n\t\t\t\t'%s[", o->name);
	print_zsh_text(out, o->summary);
	(void)fputc(']', out);
	if (o->value && is_path(o->value)) {
		(void)fprintf(out, ":%s:_files", o->value);
	} else if (o->value && is_choice(o->value)) {
		(void)fputs(":value:(", out);
		print_words(out, o->value, " ");
		(void)fputc(')', out);
	} else if (o->value) {
		(void)fprintf(out, ":%s: ", o->value);
	}
	(void)fputc('\'', out);
}

static void print_zsh_verb(FILE *out, const struct verb *v)
{
	struct arguments_option o;

	(void)fprintf(out, "\t\t%s)\n\t\t\t_arguments", v->name);
	for (size_t i = 0; arguments_option(&o, i); i++)
		if (arguments_is_of(&o, v->name))
			print_zsh_option(out, &o);
	if (has_words(v)) {
		(void)fputs(" \\\n\t\t\t\t'1:command:(", out);
		print_words(out, v->operand, " ");
		(void)fputs(")' '*: :_files'", out);
	}
	(void)fputs("\n\t\t\t;;\n", out);
}

static void print_zsh(FILE *out, const struct verb *verbs)
{
	(void)fputs("#compdef latchkey\n"
		    "_latchkey() {\n"
		    "\tlocal context state state_descr line\n"
		    "\tlocal -A opt_args\n"
		    "\tlocal -a commands=(\n",
		    out);
	for (const struct verb *v = verbs; v->name; v++) {
		(void)fprintf(out, "\t\t'%s:", v->name);
		print_zsh_text(out, v->summary);
		(void)fputs("'\n", out);
	}
	(void)fputs("\t)\n"
		    "\t_arguments -C '--help[print a text]' '--version[print the version]' '1: :->command' '*:: "
		    ":->argument'\n"
		    "\tcase $state in\n"
		    "\tcommand) _describe command commands ;;\n"
		    "\targument)\n"
		    "\t\tcase $words[1] in\n",
		    out);
	for (const struct verb *v = verbs; v->name; v++)
		print_zsh_verb(out, v);
	(void)fputs("\t\tesac\n\t\t;;\n\tesac\n}\n_latchkey \"$@\"\n", out);
}

enum command_exit verb_completion(const struct command *c)
{
	if (strcmp(c->arguments.operand, "bash") == 0)
		print_bash(c->out, c->verbs);
	else if (strcmp(c->arguments.operand, "zsh") == 0)
		print_zsh(c->out, c->verbs);
	else
		return command_fail(c, COMMAND_MISUSE, "there is completion for bash and zsh");
	return COMMAND_OK;
}
