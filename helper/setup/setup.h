/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/*
 * From an issuer and a client id to a host on which people can sign in, and back.
 *
 * The order is what keeps everybody from being locked out: the provider is asked before anything changes; then come the
 * configuration, the helper, NSS and sshd; PAM is last, and only after the helper has answered. Each file changes as a whole.
 * Whoever is killed in between leaves a host where root and local users log in as before; to run it again completes it, and
 * what it changed is recorded before, for --undo.
 */

/* All strings may be NULL where the option was not given. */
struct setup_options {
	const char *issuer;
	const char *client_id;
	const char *provider;    /* the section's name; default: after the kind of provider */
	const char *dialect;     /* default: after the issuer */
	const char *secret_file; /* where the client's secret is now */
	const char *ca_file;
	const char *scope;
	const char *domains; /* alice@DOMAIN becomes alice; words */
	const char *users;   /* who may log in: account names, */
	const char *groups;  /* values of the group claim, */
	bool everyone;       /* or whoever the provider lets approve */
	const char *root;    /* an image's folder, instead of this system */
	bool dry_run;
	bool yes;
	bool undo;
	bool keep_configuration; /* undo: all but what lies in /etc/latchkey */
};

struct setup_terminal {
	FILE *out;
	FILE *err;
	bool utf8;
	bool colours;
	/* asks whether to go on; false also where nobody can be asked */
	bool (*confirm)(void *userdata, const char *question);
	void *userdata;
};

enum setup_result {
	SETUP_DONE = 0,
	SETUP_FAILED = 1, /* what was done stands in the output; nothing, unless it says so */
	SETUP_MISUSE = 2,
};

/** setup_run() - set up, or undo; needs root */
enum setup_result setup_run(const struct setup_options *o, const struct setup_terminal *t);
