/* SPDX-License-Identifier: MIT */
#pragma once

#include <sys/types.h>

/* Publishing needs root's uid and none of root's capabilities. Ending sessions needs one, which lies idle until then and
 * is taken up by a forked child alone: CAP_SETUID, to become the person. */

/**
 * privileges_give_up() - at the start: nothing is in effect, nothing but that one can ever be again
 * Where the process does not have it it goes on, and sessions cannot be ended.
 * Return: 0, negative errno.
 */
int privileges_give_up(void);

/**
 * privileges_become() - in a forked child: be the person as far as the kernel's check of kill(2) goes, with no way back
 * Afterwards the effective uid is @uid, real and saved uid are a number that nobody has, so that the person's processes can
 * neither signal nor trace this one, and every capability is gone; all of that is checked.
 * Return: 0; negative errno, and then the child must do nothing but end.
 */
int privileges_become(uid_t uid);
