/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>

/* One answer of an event stream that is polled, RFC 8936 section 2.4: {"sets": {jti: token}, "moreAvailable": bool}. */

#define EVENT_REPLY_SETS_MAX 64u
#define EVENT_REPLY_ID_MAX 255u

struct event_reply {
	struct json_object *sets; /* id -> token, each a text of 1 byte at least; never NULL */
	bool has_more;
};

/**
 * event_reply_parse() - @ret: set only on 0; event_reply_done()
 * Unknown members are passed over. A stream that answers with more sets than were asked for, an id that is not 1 to 255 bytes of
 * printable ASCII, or a token that is no text is not believed as a whole.
 * Return: 0, -EBADMSG, -ENOMEM.
 */
int event_reply_parse(struct event_reply *ret, const char *text, size_t len);
void event_reply_done(struct event_reply *r);
