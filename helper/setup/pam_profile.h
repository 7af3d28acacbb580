/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/setup/context.h"

#define PAM_FILES 11u

/* What pam-auth-update writes, in the order in which set-up changes it: who may authenticate is the last of the stacks. Each
 * of them lets local users in as before, whichever of the others has changed already. */
extern const char *const pam_files[PAM_FILES];

/** pam_profile_is_there() - is there pam-auth-update, and our profile */
bool pam_profile_is_there(const struct context *c);

/**
 * pam_profile_run() - what pam-auth-update makes of the files, on a copy
 * @verb: "--enable" or "--disable"
 * @list: PAM_FILES changes, in the order of pam_files; gets the result
 * @from_record: what set-up has made already is taken for what was before it
 * Return: 0; 1 it failed, or what it made is not to be used, and why has been said; negative errno.
 */
int pam_profile_run(const struct context *c, const char *verb, struct change *const *list, bool from_record);

/** pam_profile_is_in() - does the new content name the module */
bool pam_profile_is_in(const struct change *ch);
