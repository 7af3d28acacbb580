/* SPDX-License-Identifier: MIT */
#pragma once

#include <security/pam_modules.h>

#include "pam_module/options.h"
#include "pam_module/ownership.h"

#define ACCOUNT_MS 15000u /* the helper says so itself when the provider has not answered it within ten seconds */

/**
 * account_check() - the account phase for an account of ours
 * SSH keys and sudo's cached sign-in come here without an auth phase: the helper decides whether the account may still
 * begin a session. Says why where it may not, and logs one line.
 * Return: PAM_SUCCESS or what verdict.c has.
 */
int account_check(pam_handle_t *pamh, const struct options *o, const struct owned_account *who);
