/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/accounts/accounts.h"
#include "helper/oauth/outcome.h"

/* Every way in which the helper says no, with what the person reads. */

/** refusal_message() - the ASCII text for a reason of helper/protocol/names.h; never NULL, never names another person */
const char *refusal_message(const char *reason);

/** refusal_of_oauth() - the reason for a flow that ended in anything but OAUTH_DONE */
const char *refusal_of_oauth(enum oauth_outcome outcome);

/** refusal_of_account() - the reason for any outcome but ACCOUNT_BOUND, or for a negative errno of the store */
const char *refusal_of_account(int outcome);

/** refusal_account_text() - the same in words for the log */
const char *refusal_account_text(int outcome);
