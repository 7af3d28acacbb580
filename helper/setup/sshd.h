/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/setup/context.h"

/**
 * sshd_plan() - add the changes that let sshd show codes, tried by "sshd -t" on a copy
 * Return: 0 (also where there is no sshd), 1 it failed and why has been said, negative errno.
 */
int sshd_plan(struct context *c);

/** sshd_is_content() - does sshd take its configuration as it is now; says why not */
bool sshd_is_content(const struct context *c);

/** sshd_reload() - have it read its configuration, or say who is to do that */
void sshd_reload(const struct context *c);
