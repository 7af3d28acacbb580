/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include <json-c/json.h>

#include "helper/base/buf.h"

/* The messages of the Varlink protocol (varlink.org): a call has method, parameters and flags; a reply has
 * parameters, "continues" or an error name. */

#define VARLINK_NAME_MAX 127u

struct varlink_call {
	struct json_object *message; /* owns all below */
	const char *method;
	struct json_object *parameters; /* an object; never NULL */
	bool more;
	bool oneway;
};

/**
 * varlink_call_parse() - read one frame that came from a client, strictly
 * @ret: set only on 0; release with varlink_call_done()
 * An unknown member, "upgrade", or more and oneway together are refused.
 * Return: 0, -EBADMSG, -E2BIG, -ENOMEM.
 */
int varlink_call_parse(struct varlink_call *ret, const char *frame, size_t len);
void varlink_call_done(struct varlink_call *c);

struct varlink_reply {
	struct json_object *message;
	const char *error;              /* NULL: success */
	struct json_object *parameters; /* an object; never NULL */
	bool continues;
};

/** varlink_reply_parse() - the client's side of the same. Return: 0, -EBADMSG, -E2BIG, -ENOMEM. */
int varlink_reply_parse(struct varlink_reply *ret, const char *frame, size_t len);
void varlink_reply_done(struct varlink_reply *r);

/* Writers: append one framed message to @out. @parameters may be NULL and is not consumed.
 * Return: 0, -E2BIG, -ENOMEM. */
int varlink_write_call(struct buf *out, const char *method, struct json_object *parameters, bool more);
int varlink_write_reply(struct buf *out, struct json_object *parameters, bool continues);
/** varlink_write_reply_text() - the last reply, whose parameters are text already: json-c leaves behind what it prints */
int varlink_write_reply_text(struct buf *out, const char *parameters);
int varlink_write_error(struct buf *out, const char *error, struct json_object *parameters);
