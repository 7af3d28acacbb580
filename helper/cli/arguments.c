/* SPDX-License-Identifier: MIT */
/*
 * Reads the command line from one table of options. Must never guess: an option that is unknown, abbreviated, given
 * twice or given to the wrong verb is a mistake of the caller that could mean another account.
 */
#include "helper/cli/arguments.h"

#include <errno.h>
#include <string.h>

#include "helper/base/text.h"
#include "helper/protocol/client.h"

struct option_row {
	const char *name;
	const char *value; /* its name in the usage; NULL: a switch */
	size_t offset;     /* of a const char * or a bool in struct arguments */
	const char *verb;  /* "show", or "accounts pin|accounts move" of a verb with commands; NULL: all verbs */
	const char *summary;
};

static const struct option_row rows[] = {
	{"--json", NULL, offsetof(struct arguments, json), NULL, "print JSON, for programs"},
	{"--socket", "PATH", offsetof(struct arguments, socket), NULL,
	 "where the helper listens (" CLIENT_SOCKET_PATH ")"},
	{"--help", NULL, offsetof(struct arguments, help), NULL, "print this text"},
	{"--version", NULL, offsetof(struct arguments, version), NULL, "print the version"},
	{"--client-id", "ID", offsetof(struct arguments, client_id), "setup", "the client that is registered there"},
	{"--secret-file", "FILE", offsetof(struct arguments, secret_file), "setup",
	 "its secret; public clients have none"},
	{"--domain", "DOMAINS", offsetof(struct arguments, domain), "setup", "alice@DOMAIN becomes alice"},
	{"--users", "NAMES", offsetof(struct arguments, users), "setup", "who may log in: these accounts,"},
	{"--groups", "VALUES", offsetof(struct arguments, groups), "setup",
	 "who has one of these in the provider's group claim,"},
	{"--everyone", NULL, offsetof(struct arguments, everyone), "setup", "or whoever the provider lets approve"},
	{"--dialect", "NAME", offsetof(struct arguments, dialect), "setup",
	 "the kind of provider (default: by the issuer)"},
	{"--ca-file", "FILE", offsetof(struct arguments, ca_file), "setup",
	 "whom to believe instead of the system's authorities"},
	{"--dry-run", NULL, offsetof(struct arguments, dry_run), "setup", "show what would change"},
	{"--yes", NULL, offsetof(struct arguments, yes), "setup", "do not ask"},
	{"--undo", NULL, offsetof(struct arguments, undo), "setup", "bring back what was before"},
	{"--keep-configuration", NULL, offsetof(struct arguments, keep_configuration), "setup",
	 "with --undo: leave what lies in /etc/latchkey"},
	{"--root", "FOLDER", offsetof(struct arguments, root), "setup|doctor",
	 "an image instead of this system; doctor: none of its programs is run"},
	{"--uid", "UID", offsetof(struct arguments, uid), "accounts pin|accounts move", "pin, move: the number"},
	{"--gid", "GID", offsetof(struct arguments, gid), "accounts pin|accounts move",
	 "pin, move: the private group's number (default: the uid)"},
	{"--provider", "NAME", offsetof(struct arguments, provider), "accounts pin|setup|enroll",
	 "pin, enroll: of or at which provider; setup: what to call it"},
	{"--subject", "SUBJECT", offsetof(struct arguments, subject), "accounts pin|key public",
	 "pin: who it is for, as the provider knows them (default: who proves the name first); public: of the "
	 "certificate"},
	{"--home", "PATH", offsetof(struct arguments, home), "accounts pin", "pin: the home"},
	{"--shell", "PATH", offsetof(struct arguments, shell), "accounts pin", "pin: the shell"},
	{"--format", "csv|json", offsetof(struct arguments, format), "accounts export", "export: how (default: csv)"},
	{"--type", "TYPE", offsetof(struct arguments, type), "key new|key rotate",
	 "new, rotate: rsa2048, rsa3072, rsa4096, p256 (default), p384 or ed25519"},
	{"--jwk", NULL, offsetof(struct arguments, jwk), "key public", "public: the newest key alone, as a JWK"},
	{"--pem", NULL, offsetof(struct arguments, pem), "key public", "public: the newest key in PEM"},
	{"--certificate", NULL, offsetof(struct arguments, certificate), "key public",
	 "public: the newest key in an X.509 certificate"},
	{"--days", "DAYS", offsetof(struct arguments, days), "key public", "public: how long the certificate is good"},
	{"--finish", NULL, offsetof(struct arguments, finish), "key rotate", "rotate: the next key signs from now on"},
	{"--cancel", NULL, offsetof(struct arguments, cancel), "key rotate", "rotate: drop the next key"},
	{"--since", "TIME", offsetof(struct arguments, since), "audit",
	 "from then on: 2026-11-26, 2026-11-26T01:20:15Z, or 30m, 12h, 7d ago"},
	{"--user", "NAME", offsetof(struct arguments, user), "audit|doctor|assert",
	 "audit: events of this account; doctor: look at this person's login as well; assert: the account"},
	{"--service", "NAME", offsetof(struct arguments, service), "doctor",
	 "the PAM service to look at (default: those that let people in)"},
	{"--reference", "REF", offsetof(struct arguments, reference), "audit", "events of this attempt"},
	{"--file", "FILE", offsetof(struct arguments, file), "audit",
	 "read this one, '-' for standard input (default: audit_file of latchkey.conf)"},
	{"--for", "TIME", offsetof(struct arguments, lifetime), "break-glass", "for how long, as in 4h"},
	{"--reason", "TEXT", offsetof(struct arguments, reason), "break-glass", "why"},
	{"--end", NULL, offsetof(struct arguments, end), "break-glass", "it is over"},
	{"--token-file", "FILE", offsetof(struct arguments, token_file), "enroll",
	 "the initial access token, '-' for standard input"},
	{"--renew", NULL, offsetof(struct arguments, renew), "enroll",
	 "send what this host is again, and take what comes back"},
	{"--delete", NULL, offsetof(struct arguments, remove), "enroll", "end the registration"},
	{"--jwks", "FILE", offsetof(struct arguments, jwks), "inspect", "the provider's keys, to check the signature"},
	{"--issuer", "URL", offsetof(struct arguments, issuer), "inspect|setup",
	 "the issuer that the token must come from; setup: the provider's"},
	{"--audience", "ID", offsetof(struct arguments, audience), "inspect|token|git-credential|assert",
	 "the client that the token must be for; token, git-credential: the service; assert: the host"},
	{"--scope", "WORDS", offsetof(struct arguments, scope), "token|git-credential|setup",
	 "what the token shall be good for, of what was granted; setup: what to ask for"},
	{"--exchange", NULL, offsetof(struct arguments, exchange), "token",
	 "have it exchanged for another one; with --audience, --resource, --scope"},
	{"--resource", "URI", offsetof(struct arguments, resource), "token", "--exchange: where it is to be used"},
	{"--requested-token-type", "KIND", offsetof(struct arguments, token_type), "token",
	 "--exchange: access-token, jwt, id-token, saml1 or saml2"},
	{"--exec", "COMMAND ...", offsetof(struct arguments, exec), "token",
	 "run this, with the token in the file that $LATCHKEY_TOKEN_FILE names"},
	{"--header", NULL, offsetof(struct arguments, header), "token", "print it as a header, for curl -H @-"},
	{"--nonce", "NONCE", offsetof(struct arguments, nonce), "assert", "of the question"},
	{"--config", "FILE", offsetof(struct arguments, config), "assert",
	 "what to sign with (default: ~/.config/latchkey/assert.conf)"},
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

	if (strcmp(row->name, "--exec") == 0) { /* all that is behind it is the command's */
		if (value || p->next >= p->argc || p->argv[p->next][0] == '\0')
			return misuse(p, "this option needs a command behind it", row->name);
		p->arguments.exec = p->argv + p->next;
		p->next = p->argc;
		return 0;
	}

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
	else if (!p->arguments.more[0])
		p->arguments.more[0] = word;
	else if (!p->arguments.more[1])
		p->arguments.more[1] = word;
	else
		return misuse(p, "one argument too many", word);
	return 0;
}

/* Is @owner, or one of its alternatives, this verb, or with @operand this command of a verb. */
static bool owner_is(const char *owner, const char *verb, const char *operand)
{
	char full[64];

	(void)snprintf(full, sizeof(full), "%s %s", verb, operand ? operand : "");
	while (*owner) {
		size_t len = strcspn(owner, "|");

		if ((strlen(verb) == len && memcmp(owner, verb, len) == 0) ||
		    (strlen(full) == len && memcmp(owner, full, len) == 0))
			return true;
		owner += len + (owner[len] == '|');
	}
	return false;
}

/* A verb's own options must not be lost on another. */
static int check_owners(struct parsing *p)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		const char *owner = rows[i].verb;

		if (p->seen[i] && owner &&
		    (!p->arguments.verb || !owner_is(owner, p->arguments.verb, p->arguments.operand)))
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

/* Also an option of one of the verb's commands. */
static bool belongs_to(const char *owner, const char *verb)
{
	size_t len = strlen(verb);

	for (;; owner++) {
		if (text_has_prefix(owner, verb) && (owner[len] == '\0' || owner[len] == ' ' || owner[len] == '|'))
			return true;
		owner += strcspn(owner, "|");
		if (*owner == '\0')
			return false;
	}
}

bool arguments_option(struct arguments_option *ret, size_t i)
{
	if (i >= N_ROWS)
		return false;
	*ret = (struct arguments_option){
		.name = rows[i].name, .value = rows[i].value, .verb = rows[i].verb, .summary = rows[i].summary};
	return true;
}

bool arguments_is_of(const struct arguments_option *o, const char *verb)
{
	return o->verb == NULL || belongs_to(o->verb, verb);
}

void arguments_print_options(FILE *out, const char *verb)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		char left[40];

		if ((rows[i].verb == NULL) != (verb == NULL) || (verb && !belongs_to(rows[i].verb, verb)))
			continue;
		(void)snprintf(left, sizeof(left), "%s%s%s", rows[i].name, rows[i].value ? " " : "",
			       rows[i].value ? rows[i].value : "");
		(void)fprintf(out, "  %-22s  %s\n", left, rows[i].summary);
	}
}
