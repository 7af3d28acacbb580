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
 * Return: 0 with @ret set, 1 it failed and why has been said, negative errno.
 */
int pam_plan(struct context *c, enum pam_way *ret);

/** pam_say_by_hand() - what an administrator is to add */
void pam_say_by_hand(const struct context *c);
