/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/** terminal_has_colours() - may colours go there: a terminal that is not a dumb one, and NO_COLOR is not set (no-color.org) */
bool terminal_has_colours(FILE *out);
