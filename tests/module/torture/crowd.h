/* SPDX-License-Identifier: MIT */
#pragma once

#include "tests/module/torture/torture.h"

/* TORTURE_READERS threads at once: plain readers in both ways, some that fork amid them and look up in the child, some
 * whose threads are cancelled in lookups, some that load and unload the module, one that enumerates, one that watches
 * that nobody closes its descriptors. */

/** crowd_start() - @module is the path of libnss_latchkey.so.2, @copy that of a copy with a state of its own */
void crowd_start(struct torture *t, const char *module, const char *copy);

/** crowd_watch() - has every reader come on since the last call; else the program ends. Call it once a second. */
void crowd_watch(struct torture *t);

/** crowd_join() - after is_over */
void crowd_join(void);
