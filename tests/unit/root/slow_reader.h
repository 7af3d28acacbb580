/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define SLOW_READER_SLOTS_MAX 4096u

/*
 * A second judge of maps, which shares nothing with helper/root/check.c but the format: it goes through every place of
 * every table, compares everything with everything, and knows the one configuration of tests/unit/root/world.c by heart.
 * What latchkey-root accepts must be right in its eyes too.
 */

/** slow_reader_objects() - what is wrong with a map that was accepted, or NULL; maps above SLOW_READER_SLOTS_MAX pass */
const char *slow_reader_objects(const void *bytes, size_t len);
