/* SPDX-License-Identifier: MIT */
#pragma once

#include <security/pam_modules.h>

#include "pam_module/options.h"
#include "pam_module/ownership.h"

#define SIGNIN_START_MS 45000u  /* for the provider to hand out a code */
#define SIGNIN_MARGIN_MS 15000u /* for the helper to say that a code ran out */
#define SIGNIN_LIFETIME_MAX_S 3600

/**
 * signin_run() - the auth phase for an account of ours
 * Shows what to approve, waits for the end, says why where it was refused, and logs one line.
 * Return: PAM_SUCCESS only when the helper granted this very account; else what verdict.c has.
 */
int signin_run(pam_handle_t *pamh, const struct options *o, const struct owned_account *who);

/**
 * signin_reference() - did signin_run() succeed for @name in this PAM transaction
 * sudo puts another name in PAM_USER after the auth phase, so the mark holds the name it is for.
 * Return: the helper's word for that sign-in, perhaps ""; NULL when there was none. Borrowed from the handle.
 */
const char *signin_reference(pam_handle_t *pamh, const char *name);

/** signin_forget() - a new auth phase begins: what was granted before no longer counts */
int signin_forget(pam_handle_t *pamh);
