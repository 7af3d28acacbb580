/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/accounts/accounts.h"
#include "helper/oauth/outcome.h"

/* Every way in which the helper says no, with what the person reads. */

#define REFUSAL_TEXT_MAX 512u

/**
 * refusal_text() - what the person reads
 * @out:       ASCII, NUL-terminated, at most REFUSAL_TEXT_MAX bytes; never names another person
 * @reason:    of helper/protocol/names.h
 * @provider:  its title, or NULL; sanitised here
 * @reference: by which an administrator finds what the log says, or NULL
 */
void refusal_text(char *out, const char *reason, const char *provider, const char *reference);

/** refusal_of_oauth() - the reason for a flow that ended in anything but OAUTH_DONE */
const char *refusal_of_oauth(enum oauth_outcome outcome);

/** refusal_of_account() - the reason for any outcome but ACCOUNT_BOUND, or for a negative errno of the store */
const char *refusal_of_account(int outcome);

/** refusal_account_text() - the same in words for the log */
const char *refusal_account_text(int outcome);
