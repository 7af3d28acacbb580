/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

/* Every end of a question to the helper but the good one, and what the caller is told. Success has no verdict: it is
 * assigned where it is earned. */

enum verdict {
	VERDICT_REFUSED = 1,   /* by the person, the provider, policy or time */
	VERDICT_UNAVAILABLE,   /* nobody could be asked, and nothing was shown */
	VERDICT_LOST,          /* the same once something was shown: not to be repeated */
	VERDICT_VERSION,       /* module and helper do not understand each other */
	VERDICT_NOT_OURS,      /* the helper does not know the name */
	VERDICT_BROKEN,        /* the helper said what it may not say */
	VERDICT_CONVERSATION,  /* nobody to talk to */
	VERDICT_GIVEN_UP,      /* interrupted at the terminal */
	VERDICT_CLIENT_GONE,   /* the SSH client left */
	VERDICT_USER_CHANGED,  /* another module put a different name in our place */
	VERDICT_CANNOT_TELL,   /* no memory, no NSS: whose name it is stayed open */
	VERDICT_MISCONFIGURED, /* an argument of the module means nothing */
};

/** verdict_sign_in_code() - the PAM code for the auth phase; never PAM_SUCCESS or PAM_IGNORE */
int verdict_sign_in_code(enum verdict v, bool is_sshd);

/** verdict_account_code() - the same for the account phase */
int verdict_account_code(enum verdict v);

/** verdict_text() - one ASCII sentence for the person; NULL where there is nothing to say or nobody to hear it */
const char *verdict_text(enum verdict v);

/** verdict_log_text() - the same for the log; never NULL */
const char *verdict_log_text(enum verdict v);
