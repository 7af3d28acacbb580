/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "helper/base/buf.h"
#include "helper/base/cleanup.h"

#define JSON_MAX_BYTES 262144u
#define JSON_MAX_DEPTH 32u

/**
 * json_check() - is this text one JSON value exactly as RFC 8259 has it
 *
 * The gate in front of json-c, which accepts much more. Refuses: anything but well-formed UTF-8, a byte order mark,
 * a member name twice in one object (also when written with escapes), more than JSON_MAX_DEPTH levels, numbers that
 * json-c would change (integers outside int64, doubles that overflow), lone surrogates, NUL (also as \u0000) and
 * bytes after the value other than white space.
 *
 * Return: 0, -EBADMSG, -E2BIG above JSON_MAX_BYTES, -ENOMEM.
 */
int json_check(const char *text, size_t len) LK_MUST_USE;

/**
 * json_parse() - json_check(), then json-c
 * @ret: set only on 0, release with json_object_put()
 * Return: as json_check().
 */
int json_parse(struct json_object **ret, const char *text, size_t len) LK_MUST_USE;

/* The readers below: 0 found, -ENOENT no such member or null, -EBADMSG another type or out of bounds.
 * *ret is set only on 0 and belongs to the object. A NULL or non-object @o has no members. */

/** json_read_string() - a string of 1 to @max_len bytes */
int json_read_string(const struct json_object *o, const char *key, size_t max_len, const char **ret) LK_MUST_USE;
/** json_read_int() - an integer, or a float without fraction, within @min..@max */
int json_read_int(const struct json_object *o, const char *key, int64_t min, int64_t max, int64_t *ret) LK_MUST_USE;
int json_read_bool(const struct json_object *o, const char *key, bool *ret) LK_MUST_USE;
int json_read_object(const struct json_object *o, const char *key, struct json_object **ret) LK_MUST_USE;
int json_read_array(const struct json_object *o, const char *key, size_t max_items,
		    struct json_object **ret) LK_MUST_USE;

/**
 * json_text() - the compact text of @o; owned by @o until it changes or goes
 * Where it may hold a secret the caller wipes it after use.
 */
const char *json_text(struct json_object *o);

/** json_write_string() - append @len bytes as a JSON string: for secrets, since json-c leaves parts of what it prints behind in
 *  memory. Well-formed UTF-8 stays so. */
void json_write_string(struct buf *out, const char *text, size_t len);

/** json_put_wiped() - json_object_put() that first overwrites every string in it; for objects that carried secrets.
 *                     The caller must hold the only reference. Accepts NULL. */
void json_put_wiped(struct json_object *o);

static inline void json_object_putp(struct json_object **o)
{
	json_object_put(*o);
}

static inline void json_put_wipedp(struct json_object **o)
{
	json_put_wiped(*o);
}
