/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The command line, read but not yet judged against the verbs. Options may stand before or after the verb. */

struct arguments {
	const char *verb;    /* NULL when there is none */
	const char *operand; /* NULL when there is none */
	const char *more[2]; /* operands behind it */
	const char *socket;  /* never NULL */
	const char *jwks, *issuer, *audience, *scope;
	const char *since, *user, *reference, *file;
	const char *uid, *gid, *provider, *subject, *home, *shell, *format;
	bool json, help, version, signature_only, header, end;
	const char *lifetime, *reason;
	const char *resource, *token_type, *token_file;
	bool exchange, renew, remove;
	const char *type, *days;
	bool jwk, pem, certificate, finish, cancel;
	char *const *exec; /* a command and its arguments, which end with NULL; NULL: none */
	const char *client_id, *secret_file, *ca_file, *dialect, *domain, *users, *groups, *root;
	bool everyone, dry_run, yes, undo, keep_configuration;
	const char *service;
	const char *config, *nonce;
};

/**
 * arguments_parse() - read a command line
 * @ret: set only on 0; points into @argv
 * @why: what is wrong, one line
 * Return: 0, -EINVAL.
 */
int arguments_parse(struct arguments *ret, int argc, char *const *argv, char *why, size_t why_size);

struct arguments_option {
	const char *name;    /* "--json" */
	const char *value;   /* its name in the usage; NULL: a switch */
	const char *verb;    /* whose it is, as "show" or "accounts pin|accounts move"; NULL: every verb's */
	const char *summary; /* one line */
};

/** arguments_option() - the option @i of the table, from 0. Return: false behind the last one. */
bool arguments_option(struct arguments_option *ret, size_t i);

/** arguments_is_of() - does a verb have this option, or one of its commands */
bool arguments_is_of(const struct arguments_option *o, const char *verb);

/** arguments_print_options() - the options of a verb, or with NULL those that every verb has */
void arguments_print_options(FILE *out, const char *verb);
