/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/setup/context.h"

enum pam_way {
	PAM_BY_PROFILE, /* the changes are planned */
	PAM_BY_HAND,    /* no tool here knows how, or it found files that somebody has changed; what to do was said */
};

/**
 * pam_plan() - add the changes that enable the module in every service that uses Debian's common files
 * pam-auth-update makes them on a copy; the files of the system change by set-up's own way, one by one and each as a whole, for
 * pam-auth-update itself would leave half a file on a full disk.
 * Return: 0 with @ret set, negative errno.
 */
int pam_plan(struct context *c, enum pam_way *ret);

/** pam_say_by_hand() - what an administrator is to add */
void pam_say_by_hand(const struct context *c);

/**
 * pam_undo() - where other packages or their administrator have had pam-auth-update write the files since, it takes our profile
 *              out of them; else they are brought back as they were
 * @kept: of record_undo(): files that were changed since
 * Return: 0; 1 pam-auth-update does not take them for its own work, and the plan must be made anew without it; negative errno.
 */
int pam_undo(struct context *c, bool *kept);

/** pam_forget() - after that was made, the record has nothing to bring back */
void pam_forget(struct context *c);
