/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include <json-c/json.h>

#include "helper/cli/command.h"

/** claims_explain() - each member of a token's header or claims as a line: name, value, meaning; times in the reader's zone and as
 *                     seen from @now_s */
void claims_explain(const struct command *c, const struct json_object *o, int64_t now_s);
