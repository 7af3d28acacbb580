/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/secret.h"

/*
 * ssh runs its askpass anew for each question, so an assertion of several parts waits for the next process in a file: below
 * $XDG_RUNTIME_DIR, else ~/.cache, in a folder that only the caller can enter, under the nonce that it signs.
 */

/** assert_state_put() - keep @token; there must be none yet, since nobody asks for a first part twice.
 *  Return: 0, -EEXIST, -EPERM the folder is not the caller's alone, -ENOENT there is no place for it, other negative errno. */
int assert_state_put(const char *nonce, const struct secret *token);

/** assert_state_get() - Return: 0, -ENOENT, -EPERM, -E2BIG, other negative errno. */
int assert_state_get(struct secret **ret, const char *nonce);

/** assert_state_drop() - it is not needed any more */
void assert_state_drop(const char *nonce);
