/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "helper/cli/command.h"

#define RENDER_TEXT_MAX 1024u

/** render_line() - "label  text", the text sanitised */
void render_line(const struct command *c, const char *label, const char *text);

/** render_member_text() - a member of an object as sanitised text, whatever its type; "-" when there is none */
void render_member_text(const struct command *c, char *out, size_t size, const struct json_object *o, const char *key);

/** render_member() - the same as a line */
void render_member(const struct command *c, const char *label, const struct json_object *o, const char *key);

/** render_time() - seconds since the epoch as "2026-01-31 13:00:00 CET": the time zone is the reader's */
void render_time(char *out, size_t size, int64_t seconds);

/** render_duration() - "3 days 4 h", "2 h 5 min", "14 min 3 s", "7 s": the two largest units */
void render_duration(char *out, size_t size, int64_t seconds);

/** render_json() - compact JSON in ASCII (all else as \u escapes, so that no terminal acts on it), without a newline */
void render_json(FILE *out, struct json_object *o);

/** render_account() - all members of an account as lines */
void render_account(const struct command *c, const struct json_object *account);
