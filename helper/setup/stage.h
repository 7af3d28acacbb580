/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include "helper/setup/context.h"

/* A folder of set-up's own, where it tries things before they count: /run/latchkey-setup, root's. It is also the lock: one
 * set-up at a time. */

#define STAGE_FOLDER "/run/latchkey-setup"

struct stage {
	int fd; /* of the folder, locked */
};

/** stage_open() - make the folder, empty. Return: 0, -EWOULDBLOCK another set-up runs, other negative errno. */
int stage_open(struct stage *s);

/** stage_close() - the folder goes with all that is in it */
void stage_close(struct stage *s);

/** stage_clear() - what is in a folder below it goes, and with "" all */
void stage_clear(const char *folder);
