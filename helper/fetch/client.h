/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "helper/base/cleanup.h"

/* latchkeyd's way to the network: asks latchkey-fetch over its socket, never blocks, reconnects by itself. */

#define FETCH_SOCKET_PATH "/run/latchkey/fetch"
#define FETCH_BODY_MAX (1024u * 1024u)
#define FETCH_TIMEOUT_MAX_MS 45000u /* a long poll of 30 s and its way (CIBA Core section 10.1) */

/* How one provider may be reached. Belongs to the caller and outlives the requests that name it. */
struct fetch_profile {
	const char *name;         /* connections are reused within one name only */
	const char *ca_file;      /* NULL: the system's */
	const char *ca_directory; /* NULL: the system's */
	const char *proxy;        /* NULL: none; the environment never counts */
	/* What latchkey-fetch proves itself with (RFC 8705), both or neither: an absolute path or "credential:NAME", read by
	 * latchkey-fetch as its own user and never by latchkeyd. */
	const char *client_certificate;
	const char *client_key;
	bool allow_loopback_http; /* test switch: plain HTTP to 127.0.0.0/8 and ::1 literals, or localhost */
};

struct fetch_request {
	const struct fetch_profile *profile;
	const char *url;
	const char *const *headers; /* NULL-terminated list of "Name: value"; may be NULL */
	const char *method;         /* "PUT" or "DELETE"; NULL: by the body */
	const char *body;           /* NULL: GET, else POST */
	size_t body_len;
	uint32_t timeout_ms; /* for the whole exchange; 1..FETCH_TIMEOUT_MAX_MS */
};

enum fetch_outcome {
	FETCH_DONE = 0, /* there is a reply, whatever its status */
	FETCH_TIMEOUT,
	FETCH_UNREACHABLE, /* name, route, refused: there was no connection, so nothing was sent */
	FETCH_TLS,         /* certificate or handshake */
	FETCH_TOO_LARGE,   /* body or headers beyond the limits */
	FETCH_BAD_REPLY,   /* not HTTP */
	FETCH_NOT_ALLOWED, /* a URL that policy forbids (scheme, user info, ...) */
	FETCH_LOST,        /* latchkey-fetch is not there or went away in mid flow */
	FETCH_BROKEN,      /* a connection that stood was cut; the request may have been acted upon */
	FETCH_OVERLOADED,  /* too many requests wait already */
	FETCH_UNSIGNED,    /* never from latchkey-fetch: the client could not prove itself, so nothing was sent */
};

struct fetch_reply {
	unsigned status;
	const char *content_type; /* "" when missing */
	int64_t date_s;           /* the Date header, or 0 */
	uint32_t retry_after_s;   /* 0 when missing; dates are converted; at most 3600 */
	const char *body;         /* NUL-terminated, may hold NUL inside */
	size_t body_len;
};

/** Called exactly once, from the event loop, never from within fetch_start(). @reply is set for FETCH_DONE only and is
 *  wiped after the call; @detail is a short ASCII reason for the log, "" for FETCH_DONE. */
typedef void (*fetch_done_fn)(void *userdata, enum fetch_outcome outcome, const struct fetch_reply *reply,
			      const char *detail);

struct fetch_client;
struct fetch_call;

/**
 * fetch_client_new() - @socket_path is copied; connects on the first request
 *
 * The socket is trusted when its folder belongs to root and nobody else can write there, and when root made the
 * listener (SO_PEERCRED of a connected socket names who called listen()). In place of root the caller's own uid counts
 * in both: whoever runs as this user needs no socket to reach into this process, and tests need no root.
 *
 * Return: 0, -EINVAL for a path too long, -ENOMEM.
 */
int fetch_client_new(struct fetch_client **ret, sd_event *event, const char *socket_path);

/** fetch_client_free() - pending requests are dropped without their callbacks. Accepts NULL. */
void fetch_client_free(struct fetch_client *c);
LK_DEFINE_CLEANUP(struct fetch_client *, fetch_client_free);

/**
 * fetch_start() - begin one request
 * @ret: handle for fetch_cancel(), valid until @done ran
 * Return: 0 (then @done runs exactly once), -EINVAL for a request outside the limits, -ENOMEM.
 */
int fetch_start(struct fetch_client *c, const struct fetch_request *request, fetch_done_fn done, void *userdata,
		struct fetch_call **ret);

/** fetch_cancel() - @done will not run; the transfer is stopped. Accepts NULL. */
void fetch_cancel(struct fetch_call *call);

/** fetch_client_state() - "connected", "idle", "unreachable": for status output */
const char *fetch_client_state(const struct fetch_client *c);

/** fetch_outcome_text() - a few words for the log */
const char *fetch_outcome_text(enum fetch_outcome outcome);
