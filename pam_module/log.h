/* SPDX-License-Identifier: MIT */
#pragma once

#include <security/pam_modules.h>

/* Each decision is one line of the system's log, said where it is taken. Foreign text passes the sanitiser here, so that
 * no line can be broken or forged (threats R3, R12). No code, answer or key is ever handed to this file. */

/**
 * log_account() - "user alice: WHAT (DETAIL)"
 * @priority: of syslog
 * @name:     of an account that somebody has signed in by; NULL becomes "(unknown)": whatever else stands for a name
 *            may be a password that was typed at the wrong moment (threat R4)
 * @detail:   from anywhere, or NULL
 */
void log_account(pam_handle_t *pamh, int priority, const char *name, const char *what, const char *detail);

/** log_account_group() - "user alice: not in group GROUP (WHY)"; @group is sanitised already */
void log_account_group(pam_handle_t *pamh, int priority, const char *name, const char *group, const char *why);

/** log_module() - the same without an account */
void log_module(pam_handle_t *pamh, int priority, const char *what, const char *detail);
