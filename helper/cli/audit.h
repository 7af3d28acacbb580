/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdio.h>

#include "helper/cli/command.h"

/**
 * audit_read() - print the events of @f that the command line asks for
 * One JSON object a line, at most 16 KiB; what is none is counted, and the count said on @c->err.
 * Return: COMMAND_OK; COMMAND_MISUSE for a --since that is no time; COMMAND_FAILED where the file cannot be read on.
 */
enum command_exit audit_read(const struct command *c, FILE *f);
