/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/setup/context.h"

/* The helper's processes: systemd's units where it is process 1, else somebody else's matter. */

/** units_plan() - note in the record which units are to be enabled. Return: how many, negative errno. */
int units_plan(struct context *c);

/** units_print() - say what would be enabled */
void units_print(const struct context *c);

/** units_start() - enable and start them; the helper reads its configuration anew. Return: 0, 1 and why has been said. */
int units_start(const struct context *c);

/** units_undo() - stop and disable those that set-up has enabled. Return: 0, 1 and why has been said. */
int units_undo(struct context *c);

/** units_are_answering() - does the helper answer, now or within some seconds; says why not */
bool units_are_answering(const struct context *c);

/** units_restart_nscd() - after its caches were switched off */
void units_restart_nscd(const struct context *c);
