/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "helper/doctor/pam_stack.h"

/* How a stack can end, by Linux-PAM's own rules (libpam/pam_dispatch.c), whatever the other modules say. */

/* Codes of <security/_pam_types.h> that matter here. */
enum pam_code {
	PAM_CODE_SUCCESS = 0,
	PAM_CODE_SYSTEM_ERR = 4,
	PAM_CODE_PERM_DENIED = 6,
	PAM_CODE_AUTH_ERR = 7,
	PAM_CODE_CRED_INSUFFICIENT = 8,
	PAM_CODE_AUTHINFO_UNAVAIL = 9,
	PAM_CODE_USER_UNKNOWN = 10,
	PAM_CODE_MAXTRIES = 11,
	PAM_CODE_IGNORE = 25,
	PAM_CODE_ABORT = 26,
	PAM_CODE_MODULE_UNKNOWN = 28,
};

/* Whose login it is, and what pam_latchkey says. */
struct pam_scenario {
	enum pam_phase phase;
	bool is_local;        /* an account of /etc/passwd; else one of Latchkey's */
	bool passwords_count; /* of Latchkey's accounts: pam_unix may take a password of theirs */
	int latchkey;         /* its code */
};

struct pam_ends {
	bool can_succeed;         /* after pam_latchkey was asked */
	bool can_succeed_unasked; /* although it was not */
	bool is_asked;            /* on some way through */
	bool is_too_complex;      /* not every way was gone */
};

/** pam_run() - go every way through the stack that modules other than pam_latchkey can make it take */
void pam_run(struct pam_ends *ret, const struct pam_stack *s, const struct pam_scenario *scenario);
