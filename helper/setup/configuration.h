/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/buf.h"
#include "helper/setup/context.h"

/**
 * configuration_judge() - are the answers fit for a configuration file
 * Fills in @c's kind, provider and secret_path. What they mean is judged by latchkeyd.
 * Return: NULL, or what is wrong, in words.
 */
const char *configuration_judge(struct context *c);

/**
 * configuration_write() - the configuration for these answers
 * @secret_path: where the secret lies; "" none
 * Return: 0, -E2BIG, -ENOMEM.
 */
int configuration_write(struct buf *out, const struct context *c, const char *secret_path);

/** configuration_has_keys() - does a file hold more than comments and blank lines */
bool configuration_has_keys(const char *text, size_t len);
