/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "helper/base/secret.h"

/* What replies of all endpoints have in common. */

/**
 * reply_object() - a body as one object: JSON first, then form-encoded text
 * Return: 0, -EBADMSG when it is neither, -ENOMEM. Release with json_put_wiped().
 */
int reply_object(struct json_object **ret, const char *body, size_t len);

/**
 * reply_seconds() - a number of seconds, clamped to 1..@max (threats N10, N11)
 * Integers, floats and strings of digits are taken, as sloppy servers send all three.
 * Return: 0, -ENOENT missing or null, -EBADMSG for any other type or text. *ret is set only on 0.
 */
int reply_seconds(const struct json_object *o, const char *key, uint32_t max, uint32_t *ret);

/**
 * reply_secret() - a code or token: 1 to @max_len bytes of visible ASCII, so that none can break out of a header
 * Return: 0, -ENOENT missing or null, -EBADMSG, -ENOMEM.
 */
int reply_secret(struct secret **ret, const struct json_object *o, const char *key, size_t max_len);

/** reply_is_visible() - @text is 0x21..0x7e only */
bool reply_is_visible(const char *text);
