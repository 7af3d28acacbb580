/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Judges a URL by its text, for endpoints that metadata names and for addresses that a person is sent to. The process
 * that connects judges again with its own reader; this one is stricter, so that the two cannot disagree. */

#define URI_MAX 2048u
#define URI_HOST_MAX 253u

struct uri {
	bool is_https;
	bool is_address;       /* the host is an IP literal */
	bool is_loopback;      /* 127.0.0.0/8, [::1] or localhost */
	bool is_international; /* a label in punycode */
	bool has_query;
	bool has_fragment;
	char host[URI_HOST_MAX + 1]; /* lower case, without brackets */
	unsigned port;
	size_t path_at; /* where the path, query or fragment begins in the text */
};

/**
 * uri_parse() - split an absolute http or https URL
 * Only the characters of RFC 3986 pass, no user info, no escapes in the host, no empty label, no host of digits and
 * dots that is not a plain IPv4 address. At most URI_MAX bytes.
 * Return: 0, -EBADMSG.
 */
int uri_parse(struct uri *ret, const char *text);

/** uri_endpoint_fault() - why this must not be an endpoint, or NULL: https (or http to loopback by the switch), no
 *  fragment */
const char *uri_endpoint_fault(const char *text, bool allow_loopback_http);

/** uri_same_origin() - scheme, host and port are the same */
bool uri_same_origin(const struct uri *a, const struct uri *b);

/**
 * uri_join() - @path appended to @base without a doubled '/'; a @path that is a whole URL stands for itself
 * Return: 0, -ENOMEM. Release with free().
 */
int uri_join(char **ret, const char *base, const char *path);

/**
 * uri_is_below() - does @text lead to what lies below @base, byte by byte: its path goes on behind a '/' there
 * Only the characters of RFC 3986 pass, no fragment and no "." or ".." as a part of the path, also written with escapes.
 * At most URI_MAX bytes. @base: a URL that uri_endpoint_fault() accepts, without a query or a '/' at its end.
 */
bool uri_is_below(const char *text, const char *base);
