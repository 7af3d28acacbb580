/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/base/buf.h"
#include "helper/cli/command.h"

#define TOKEN_FILE_VARIABLE "LATCHKEY_TOKEN_FILE"

/**
 * token_exec() - become the command of --exec, with @text in a sealed memory file that it inherits
 * LATCHKEY_TOKEN_FILE names the file, as /dev/fd/N, and can be opened as often as wanted: a path is no secret where the
 * environment is read by others, a token would be. @text is wiped.
 * Return: only on failure, and it has said why.
 */
enum command_exit token_exec(const struct command *c, struct buf *text);
