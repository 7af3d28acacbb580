/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include <json-c/json.h>

#include "helper/cli/command.h"
#include "helper/protocol/client.h"

/* Asking the helper, and saying why it did not answer. */

#define QUESTION_TIMEOUT_MS 30000u

/** question_add_text() - a text parameter; NULL adds nothing. Return: false without memory. */
bool question_add_text(struct json_object *o, const char *key, const char *text);

/**
 * question_open() - connect and send one call
 * @parameters: not consumed; may be NULL
 * Return: COMMAND_OK with @ret set, or the exit status after the reason was printed.
 */
enum command_exit question_open(const struct command *c, struct client **ret, const char *method,
				struct json_object *parameters, bool more);

/**
 * question_next() - the next reply that is no error
 * Return: COMMAND_OK with @ret set, or the exit status after the reason was printed.
 */
enum command_exit question_next(const struct command *c, struct client *client, struct varlink_reply *ret);

/** question_ask() - one call with one reply: both of the above */
enum command_exit question_ask(const struct command *c, const char *method, struct json_object *parameters,
			       struct varlink_reply *ret);

/** question_ask_about() - question_ask() with the command's operand as "name", and the account of the reply, which
 *                         belongs to @ret */
enum command_exit question_ask_about(const struct command *c, const char *method, struct varlink_reply *ret,
				     struct json_object **ret_account);

/** question_lost() - say why waiting ended with negative errno @r. Return: the exit status. */
enum command_exit question_lost(const struct command *c, int r);

/** question_refused() - say what an error reply means. Return: the exit status. */
enum command_exit question_refused(const struct command *c, const struct varlink_reply *reply);
