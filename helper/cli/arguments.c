/* SPDX-License-Identifier: MIT */
/*
 * Reads the command line from one table of options. Must never guess: an option that is unknown, abbreviated, given
 * twice or given to the wrong verb is a mistake of the caller that could mean another account.
 */
#include "helper/cli/arguments.h"

#include <errno.h>
#include <string.h>

#include "helper/protocol/client.h"

struct option_row {
	const char *name;
	const char *value; /* its name in the usage; NULL: a switch */
	size_t offset;     /* of a const char * or a bool in struct arguments */
	const char *verb;  /* NULL: all verbs */
	const char *summary;
};

static const struct option_row rows[] = {
	{"--json", NULL, offsetof(struct arguments, json), NULL, "print JSON, for programs"},
	{"--socket", "PATH", offsetof(struct arguments, socket), NULL,
	 "where the helper listens (" CLIENT_SOCKET_PATH ")"},
	{"--help", NULL, offsetof(struct arguments, help), NULL, "print this text"},
	{"--version", NULL, offsetof(struct arguments, version), NULL, "print the version"},
	{"--jwks", "FILE", offsetof(struct arguments, jwks), "inspect", "the provider's keys, to check the signature"},
	{"--issuer", "URL", offsetof(struct arguments, issuer), "inspect", "the issuer that the token must come from"},
	{"--audience", "ID", offsetof(struct arguments, audience), "inspect", "the client that the token must be for"},
	{"--signature-only", NULL, offsetof(struct arguments, signature_only), "inspect",
	 "judge the signature, not the claims"},
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

struct parsing {
	struct arguments arguments;
	bool seen[N_ROWS];
	int argc;
	char *const *argv;
	int next;
	char *why;
	size_t why_size;
};

static int misuse(struct parsing *p, const char *what, const char *which)
{
	(void)snprintf(p->why, p->why_size, "%s: %.64s", what, which);
	return -EINVAL;
}

static void *member(struct parsing *p, const struct option_row *row)
{
	return (char *)&p->arguments + row->offset;
}

/* Of "--name" or "--name=value". */
static const struct option_row *find_row(const char *word, size_t len)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		if (strlen(rows[i].name) == len && memcmp(rows[i].name, word, len) == 0)
			return &rows[i];
	}
	return NULL;
}

static int take_value(struct parsing *p, const struct option_row *row, const char *equals)
{
	const char *value = equals ? equals + 1 : NULL;

	if (!row->value) {
		if (value)
			return misuse(p, "this option takes no value", row->name);
		*(bool *)member(p, row) = true;
		return 0;
	}

	if (!value && p->next < p->argc)
		value = p->argv[p->next++];
	if (!value || value[0] == '\0')
		return misuse(p, "this option needs a value", row->name);
	*(const char **)member(p, row) = value;
	return 0;
}

static int take_option(struct parsing *p, const char *word)
{
	const char *equals = strchr(word, '=');
	const struct option_row *row = find_row(word, equals ? (size_t)(equals - word) : strlen(word));

	if (strcmp(word, "-h") == 0)
		row = find_row("--help", 6);
	if (!row)
		return misuse(p, "unknown option", word);
	if (p->seen[row - rows])
		return misuse(p, "given twice", row->name);
	p->seen[row - rows] = true;
	return take_value(p, row, equals);
}

static int take_word(struct parsing *p, const char *word)
{
	if (!p->arguments.verb)
		p->arguments.verb = word;
	else if (!p->arguments.operand)
		p->arguments.operand = word;
	else
		return misuse(p, "one argument too many", word);
	return 0;
}

/* A verb's own options must not be lost on another. */
static int check_owners(struct parsing *p)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		const char *owner = rows[i].verb;

		if (p->seen[i] && owner && (!p->arguments.verb || strcmp(owner, p->arguments.verb) != 0))
			return misuse(p, "not an option of this command", rows[i].name);
	}
	return 0;
}

int arguments_parse(struct arguments *ret, int argc, char *const *argv, char *why, size_t why_size)
{
	struct parsing p = {
		.arguments = {.socket = CLIENT_SOCKET_PATH},
		.argc = argc,
		.argv = argv,
		.next = 1,
		.why = why,
		.why_size = why_size,
	};
	bool words_only = false;
	int r = 0;

	while (r == 0 && p.next < argc) {
		const char *word = argv[p.next++];

		if (!words_only && strcmp(word, "--") == 0)
			words_only = true;
		else if (!words_only && word[0] == '-' && word[1] != '\0')
			r = take_option(&p, word);
		else
			r = take_word(&p, word);
	}
	if (r == 0)
		r = check_owners(&p);
	if (r < 0)
		return r;

	*ret = p.arguments;
	return 0;
}

void arguments_print_options(FILE *out, const char *verb)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		char left[40];

		if ((rows[i].verb == NULL) != (verb == NULL) || (verb && strcmp(rows[i].verb, verb) != 0))
			continue;
		(void)snprintf(left, sizeof(left), "%s%s%s", rows[i].name, rows[i].value ? " " : "",
			       rows[i].value ? rows[i].value : "");
		(void)fprintf(out, "  %-18s  %s\n", left, rows[i].summary);
	}
}
