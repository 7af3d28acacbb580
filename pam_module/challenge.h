/* SPDX-License-Identifier: MIT */
#pragma once

#include <json-c/json.h>

#include "pam_module/display.h"

/**
 * challenge_read() - io.latchkey's Challenge, as a reply's parameters have it
 * @ret: texts borrowed from @parameters
 * What its method needs must be there, and nothing of another one.
 * Return: 0, -EBADMSG.
 */
int challenge_read(struct display_challenge *ret, struct json_object *parameters);
