/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/setup/context.h"
#include "helper/setup/pam.h"

/**
 * plan_make() - what is to become of the system's files, in the order in which it is made
 * @secret: the client's
 * Return: 0 with @ret_pam set, 1 it cannot be done and why has been said, negative errno.
 */
int plan_make(struct context *c, const struct buf *secret, enum pam_way *ret_pam);
