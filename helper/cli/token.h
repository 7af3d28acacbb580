/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

/* What the verbs about tokens share. */

/** token_close_memory() - before a token is asked for: this process leaves no core file, and nobody looks into it */
void token_close_memory(void);

/** token_read() - the answer of GetToken; @ret_token belongs to @parameters and is visible ASCII; @ret_expires_in_s: 0 unknown.
 *  Return: 0, -EBADMSG. */
int token_read(struct json_object *parameters, const char **ret_token, int64_t *ret_expires_in_s);
