/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

#include <json-c/json.h>

#include "helper/base/buf.h"
#include "helper/base/secret.h"

/* application/x-www-form-urlencoded, both ways: what is posted, and the replies of providers that prefer it to JSON. */

#define FORM_MAX (96u * 1024u)

/* The body of one request. Keeps its first fault: add at will, look at form_fault() once. */
struct form {
	struct buf text; /* wiped by form_done() */
	int fault;
};

void form_init(struct form *f);
void form_done(struct form *f);

/** form_add() - one parameter; NULL and empty are not sent (RFC 6749 section 3.1). The same name twice is a fault. */
void form_add(struct form *f, const char *name, const char *value);
void form_add_secret(struct form *f, const char *name, const struct secret *value);

/** form_add_list() - the same name once for each value, where a specification says that it may repeat (RFC 8693 section 2.1);
 *  NULL or a NULL-terminated list */
void form_add_list(struct form *f, const char *name, const char *const *values);

/** form_add_encoded() - ready-made "a=b&c=d"; NULL adds nothing */
void form_add_encoded(struct form *f, const char *text);

/** form_fault() - 0, -ENOMEM, -E2BIG, -EEXIST for a parameter given twice */
int form_fault(const struct form *f);

/** form_encode() - append the encoding of @len bytes */
void form_encode(struct buf *out, const char *bytes, size_t len);

/**
 * form_parse() - read a reply; every value becomes a string, an empty one null
 * Refuses what no encoder makes: bytes that must be escaped, bad escapes, a name twice, a pair without '=', values that
 * are not UTF-8 or hold control characters, more than 32 pairs.
 * Return: 0, -EBADMSG, -ENOMEM. Release with json_put_wiped().
 */
int form_parse(struct json_object **ret, const char *text, size_t len);
