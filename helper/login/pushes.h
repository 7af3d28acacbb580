/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include "helper/base/cleanup.h"

/*
 * Requests that went to people's own devices and cannot be taken back: at most one for each person at a time (CB-16). It
 * counts until the person has said yes, or until the provider drops it: one who said no, or whose terminal was left, is
 * not asked again before that.
 */

#define PUSHES_MAX 4096u

struct pushes;

int pushes_new(struct pushes **ret);
void pushes_free(struct pushes *p);
LK_DEFINE_CLEANUP(struct pushes *, pushes_free);

/**
 * pushes_take() - a request is about to be sent, and lives for @lifetime_s
 * Return: 0; -EBUSY there is one; -EDQUOT more than PUSHES_MAX are there, of all people; -ENOMEM.
 */
int pushes_take(struct pushes *p, const char *issuer, const char *subject, uint32_t lifetime_s);

/** pushes_keep() - the provider said for how long it keeps the one that was taken */
void pushes_keep(struct pushes *p, const char *issuer, const char *subject, uint32_t lifetime_s);

/** pushes_release() - it was never sent, or the person said yes */
void pushes_release(struct pushes *p, const char *issuer, const char *subject);
