/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "helper/base/cleanup.h"

/* Token buckets by key, with a bounded table: how many codes an address may have, how many names it may ask for. */

struct limits;

/** limits_new() - @burst events at once, then one every @refill_ms; at most @max_keys keys are remembered, the
 *  one idle for longest goes first. Return: 0, -ENOMEM. */
int limits_new(struct limits **ret, uint32_t burst, uint32_t refill_ms, size_t max_keys);
void limits_free(struct limits *l);
LK_DEFINE_CLEANUP(struct limits *, limits_free);

/** limits_take() - count one event for @key (up to 63 bytes count; IPv6 addresses by their /64). Return: 0, -EDQUOT. */
int limits_take(struct limits *l, const char *key);
