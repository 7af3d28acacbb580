/* SPDX-License-Identifier: MIT */
/* The one table of PAM codes and texts. None of them lets anybody in; PAM_USER_UNKNOWN alone hands on to the next
 * module.
 *
 * What decides a code in the auth phase, as tried with OpenSSH 9.2 and sudo 1.9.13:
 *   sshd repeats every failure as often as the client asks (three to six times), each a new code for a person who has
 *   just said no; PAM_MAXTRIES ends keyboard-interactive for this connection.
 *   sudo repeats PAM_AUTH_ERR, PAM_PERM_DENIED, PAM_AUTHINFO_UNAVAIL and PAM_MAXTRIES three times; PAM_CRED_INSUFFICIENT
 *   ends it most quietly, login(1) asks for the name again after it. PAM_ABORT and PAM_CONV_ERR are not repeated.
 *   PAM_AUTHINFO_UNAVAIL stays what it is for both, since service files can name it; it costs no code at the provider,
 *   and where a provider hangs, the helper answers the repetition at once. */

#include "pam_module/verdict.h"

#include <security/_pam_types.h>
#include <stddef.h>

struct row {
	int sshd;
	int others;
	int account;
	const char *text;
	const char *log_text;
};

#define ASK_ADMINISTRATOR " Please tell the administrator."

static const struct row rows[] = {
	[VERDICT_REFUSED] = {PAM_MAXTRIES, PAM_CRED_INSUFFICIENT, PAM_PERM_DENIED, "Sign-in refused.", "refused"},
	[VERDICT_UNAVAILABLE] = {PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL,
				 "Sign-in is not possible at the moment.", "refused: cannot ask"},
	[VERDICT_LOST] = {PAM_MAXTRIES, PAM_CRED_INSUFFICIENT, PAM_AUTHINFO_UNAVAIL,
			  "Sign-in was cut off on this host. Please try again later.", "refused: the helper was lost"},
	[VERDICT_VERSION] = {PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL,
			     "Sign-in is not possible: the parts of Latchkey on this host have different versions, "
			     "restart latchkeyd." ASK_ADMINISTRATOR,
			     "refused: module and helper have different versions"},
	[VERDICT_NOT_OURS] = {PAM_USER_UNKNOWN, PAM_USER_UNKNOWN, PAM_USER_UNKNOWN, NULL, "not known to the helper"},
	[VERDICT_BROKEN] = {PAM_MAXTRIES, PAM_CRED_INSUFFICIENT, PAM_AUTHINFO_UNAVAIL,
			    "Sign-in failed by a fault on this host." ASK_ADMINISTRATOR,
			    "refused: the helper broke the protocol"},
	[VERDICT_CONVERSATION] = {PAM_MAXTRIES, PAM_CONV_ERR, PAM_PERM_DENIED,
				  "Sign-in needs a terminal, to show you what to approve.",
				  "refused: nobody to show it to"},
	[VERDICT_GIVEN_UP] = {PAM_ABORT, PAM_ABORT, PAM_ABORT, "Sign-in given up.", "refused: interrupted"},
	[VERDICT_CLIENT_GONE] = {PAM_ABORT, PAM_ABORT, PAM_ABORT, NULL, "refused: the client has gone"},
	[VERDICT_USER_CHANGED] = {PAM_MAXTRIES, PAM_CRED_INSUFFICIENT, PAM_PERM_DENIED,
				  "Sign-in failed: the user name was changed meanwhile." ASK_ADMINISTRATOR,
				  "refused: the user name was changed meanwhile"},
	[VERDICT_CANNOT_TELL] = {PAM_SYSTEM_ERR, PAM_SYSTEM_ERR, PAM_SYSTEM_ERR,
				 "Sign-in is not possible at the moment.", "refused: cannot tell whose name this is"},
	[VERDICT_MISCONFIGURED] = {PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR,
				   "Sign-in is not possible: pam_latchkey is set up wrongly on this "
				   "host." ASK_ADMINISTRATOR,
				   "refused: unknown module argument"},
};

int verdict_sign_in_code(enum verdict v, bool is_sshd)
{
	return is_sshd ? rows[v].sshd : rows[v].others;
}

int verdict_account_code(enum verdict v)
{
	return rows[v].account;
}

const char *verdict_text(enum verdict v)
{
	return rows[v].text;
}

const char *verdict_log_text(enum verdict v)
{
	return rows[v].log_text;
}
