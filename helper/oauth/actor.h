/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

#include <json-c/json.h>

#define ACTOR_SIZE 101u

/**
 * actor_read() - who acts for the subject of these claims: the outermost "act" of RFC 8693 section 4.1
 * Those inside it are history, and none of them decides anything (TX-06); this one is for the log (TX-07).
 * @out: ACTOR_SIZE bytes: printable ASCII, "" where nobody does
 */
void actor_read(char *out, const struct json_object *claims);
