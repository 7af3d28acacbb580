/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/cli/command.h"

/* One file each; main.c holds the table. */

enum command_exit verb_setup(const struct command *c);
enum command_exit verb_status(const struct command *c);
enum command_exit verb_accounts(const struct command *c);

/* Commands of "accounts"; operands are those behind the command. */
enum command_exit accounts_export(const struct command *c);
enum command_exit accounts_retired(const struct command *c);
enum command_exit accounts_import(const struct command *c);
enum command_exit accounts_compare(const struct command *c);
enum command_exit accounts_pin(const struct command *c);
enum command_exit accounts_rename(const struct command *c);
enum command_exit accounts_move(const struct command *c);
enum command_exit accounts_release(const struct command *c);

enum command_exit verb_audit(const struct command *c);
enum command_exit verb_show(const struct command *c);
enum command_exit verb_forget(const struct command *c);
enum command_exit verb_token(const struct command *c);
enum command_exit verb_lock(const struct command *c);
enum command_exit verb_logout(const struct command *c);
enum command_exit verb_git_credential(const struct command *c);
enum command_exit verb_rotate_key(const struct command *c);
enum command_exit verb_enroll(const struct command *c);
enum command_exit verb_key(const struct command *c);
enum command_exit verb_logout_token(const struct command *c);
enum command_exit verb_pin(const struct command *c);
enum command_exit verb_break_glass(const struct command *c);

/* break_glass_print() - a line for each account of the list */
struct json_object;
void break_glass_print(const struct command *c, const struct json_object *list);

enum command_exit verb_approvals(const struct command *c);
enum command_exit verb_try(const struct command *c);

/* try_run() - a sign-in in the terminal, through to the end, by a method that goes as Authenticate does */
enum command_exit try_run(const struct command *c, const char *method, const char *name);

enum command_exit verb_completion(const struct command *c);
enum command_exit verb_doctor(const struct command *c);
enum command_exit verb_assert(const struct command *c);
enum command_exit verb_inspect(const struct command *c);
