/* SPDX-License-Identifier: MIT */
/*
 * The latchkey command: asks the helper for a person or a script. Holds no right of its own; what the caller may ask is
 * decided by the helper from the socket's peer.
 */
#include <stdio.h>

#include "helper/cli/verbs.h"
#include "helper/jose/openssl_memory.h"

static const struct verb verbs[] = {
	{"setup", NULL, "configure this host for a provider, or undo that", verb_setup},
	{"status", NULL, "how the helper and its providers are", verb_status},
	{"accounts", "[export|retired|import FILE|compare FILE FILE|pin NAME|rename OLD NEW|move NAME|release NAME]",
	 "list the accounts, or change, export and compare them", verb_accounts},
	{"show", "NAME", "all about one account", verb_show},
	{"forget", "NAME", "remove an account; its name and UID are never given to anybody else", verb_forget},
	{"approvals", "[NAME|revoke NAME]", "whose approval is remembered, or revoke an account's", verb_approvals},
	{"pin", "[set NAME|clear NAME]", "a PIN for when the provider cannot be reached", verb_pin},
	{"break-glass", "[NAME]", "open an account for a while although no provider answers", verb_break_glass},
	{"try", "NAME", "sign in here in the terminal, to see whether it works", verb_try},
	{"audit", NULL, "what happened to whom, from the audit file", verb_audit},
	{"token", "[NAME]", "print a fresh access token of yours", verb_token},
	{"git-credential", "get|store|erase", "git's credential helper: a fresh token as the password",
	 verb_git_credential},
	{"lock", "[NAME]", "hand out no token until the next sign-in", verb_lock},
	{"logout", "[NAME]", "drop what is kept of the sign-in, and revoke it at the provider", verb_logout},
	{"key", "[new NAME|public NAME|rotate NAME|delete NAME]",
	 "list the private keys that this host has made, or make, show, exchange and delete one", verb_key},
	{"rotate-key", NULL, "take a new key for what is kept of sign-ins", verb_rotate_key},
	{"enroll", NULL, "register this host as a client of a provider, renew or end that", verb_enroll},
	{"logout-token", NULL, "take a provider's logout token from standard input", verb_logout_token},
	{"doctor", NULL, "look at the whole way of a login, and say what to mend", verb_doctor},
	{"assert", "[QUESTION]", "sign what a robot shows at the prompt of a service account", verb_assert},
	{"completion", "bash|zsh", "print what a shell needs to complete this command", verb_completion},
	{"inspect", "TOKEN|-", "explain a token and judge it (exit status 0: valid, 1: not)", verb_inspect},
	{NULL, NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
	(void)openssl_memory_wipe();
	return (int)command_run(verbs, argc, argv, stdout, stderr);
}
