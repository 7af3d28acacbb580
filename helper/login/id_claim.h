/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include <json-c/json.h>

/**
 * id_claim_read() - a uid or gid that a provider tells
 * @claim: a member of @claims, or a JSON pointer (RFC 6901) if it begins with '/'
 * @ret:   set on 0 only; 1 to 2,147,483,647: whether this host takes it is for accounts to say (I12)
 * A whole JSON number or a text of decimal digits: no sign, fraction, exponent, blank or leading zero.
 * Return: 0, -ENOENT no such claim or null, -EBADMSG no such number.
 */
int id_claim_read(struct json_object *claims, const char *claim, uint32_t *ret);
