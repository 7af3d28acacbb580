/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

/* Where there is a logind: it knows which processes belong to a session whatever their uid is by now, a root shell of
 * sudo's among them, and it has the service manager that runs the person's own services. */

/**
 * logind_terminate_user() - have logind end all sessions of @uid and user@UID.service
 * A process of its own does it, which nobody waits for: it ends within ten seconds, and says on standard error what logind
 * did not like. Without a system bus or a logind nothing happens.
 * Return: 0, negative errno where no process can be made.
 */
int logind_terminate_user(uint32_t uid);

/**
 * logind_forget_linger() - services of this person are not to run without a session any more
 * By the file that logind goes by: where polkit is missing, nobody may ask logind itself without CAP_SYS_ADMIN.
 * @root: "", or a folder that stands for the machine's root (tests); @name: of a checked map
 * Return: 0 also where the person did not linger; negative errno.
 */
int logind_forget_linger(const char *root, const char *name);
