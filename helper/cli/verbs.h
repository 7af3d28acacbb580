/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/cli/command.h"

/* One file each; main.c holds the table. */

enum command_exit verb_status(const struct command *c);
enum command_exit verb_accounts(const struct command *c);
enum command_exit verb_show(const struct command *c);
enum command_exit verb_forget(const struct command *c);
enum command_exit verb_try(const struct command *c);
enum command_exit verb_inspect(const struct command *c);
