/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include <curl/curl.h>

/* Where a request may lead. Decided on libcurl's own reading of the URL, so that no other reader can disagree. */

struct url {
	CURLU *parsed;
	char *host; /* without brackets */
	bool is_https;
	bool is_address;   /* the host is an IP literal */
	bool is_localhost; /* plain HTTP to the name "localhost", which must be pinned to loopback */
	char port[6];
};

/**
 * url_read() - take a URL that policy allows
 * @ret: release with url_done(); set only on 0
 * @allow_loopback_http: let plain HTTP to 127.0.0.0/8, [::1] and localhost pass
 * @why: set on -EPERM to a static reason
 *
 * https only; no user info, fragment, blank, control or non-ASCII byte, backslash, or host that ends in a dot; at most
 * WIRE_URL_MAX bytes. Return: 0, -EPERM, -ENOMEM.
 */
int url_read(struct url *ret, const char *text, bool allow_loopback_http, const char **why);
void url_done(struct url *u);

/** url_proxy_is_allowed() - "http://HOST:PORT", with user info if need be; nothing else is spoken to a proxy */
bool url_proxy_is_allowed(const char *text);
