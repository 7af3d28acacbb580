/* SPDX-License-Identifier: MIT */
/* Judges URLs that a provider sent before they are stored, asked or shown. Must never repair one: what is accepted is
 * used byte by byte as received. libcurl's reader is not at hand here, since this process links no network library. */
#include "helper/oauth/uri.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "helper/base/text.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* RFC 3986 section 2: nothing else may stand in a URL, so blanks, quotes, '<', '\\' and all beyond ASCII fall here. */
static bool has_only_uri_characters(const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '%') {
			if (!is_hex(p[1]) || !is_hex(p[2]))
				return false;
			continue;
		}
		if (!is_digit(*p) && !is_letter(*p) && strchr("-._~:/?#[]@!$&'()*+,;=", *p) == NULL)
			return false;
	}
	return true;
}

static bool label_is_valid(const char *label, size_t len)
{
	if (len == 0 || len > 63 || label[0] == '-' || label[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		/* the underscore is not a host name's, but container names with it are about */
		if (!is_digit(label[i]) && !is_letter(label[i]) && label[i] != '-' && label[i] != '_')
			return false;
	}
	return true;
}

/* A last label of digits, or one that begins with 0x, is read as a number by many resolvers: "https://2130706433/". */
static bool label_is_number(const char *label)
{
	if (strncasecmp(label, "0x", 2) == 0)
		return true;
	return label[strspn(label, "0123456789")] == '\0';
}

static int judge_name(struct uri *u)
{
	const char *label = u->host;
	struct in_addr v4;

	if (inet_pton(AF_INET, u->host, &v4) == 1) {
		u->is_address = true;
		u->is_loopback = ntohl(v4.s_addr) >> 24 == 127;
		return 0;
	}
	for (;;) {
		size_t len = strcspn(label, ".");

		if (!label_is_valid(label, len))
			return -EBADMSG;
		if (strncmp(label, "xn--", 4) == 0)
			u->is_international = true;
		if (label[len] == '\0')
			break;
		label += len + 1;
	}
	if (label_is_number(label))
		return -EBADMSG;
	u->is_loopback = strcmp(u->host, "localhost") == 0;
	return 0;
}

static int set_host(struct uri *u, const char *host, size_t len)
{
	if (len == 0 || len > URI_HOST_MAX)
		return -EBADMSG;
	for (size_t i = 0; i < len; i++)
		u->host[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] + ('a' - 'A') : host[i]);
	u->host[len] = '\0';
	return 0;
}

static int parse_bracketed(struct uri *u, const char *authority, size_t len, size_t *ret_end)
{
	const char *end = memchr(authority, ']', len);
	struct in6_addr v6;
	size_t host_len;

	if (end == NULL)
		return -EBADMSG;
	host_len = (size_t)(end - authority) - 1;
	if (set_host(u, authority + 1, host_len) < 0 || inet_pton(AF_INET6, u->host, &v6) != 1)
		return -EBADMSG;
	u->is_address = true;
	u->is_loopback = IN6_IS_ADDR_LOOPBACK(&v6);
	*ret_end = host_len + 2;
	return 0;
}

static int parse_port(struct uri *u, const char *text, size_t len)
{
	char digits[6];
	uint64_t port;

	u->port = u->is_https ? 443 : 80;
	if (len == 0)
		return 0;
	if (text[0] != ':' || len < 2 || len > sizeof(digits))
		return -EBADMSG;
	memcpy(digits, text + 1, len - 1);
	digits[len - 1] = '\0';
	if (text_to_u64(&port, digits, 65535) < 0 || port == 0)
		return -EBADMSG;
	u->port = (unsigned)port;
	return 0;
}

static int parse_authority(struct uri *u, const char *authority, size_t len)
{
	size_t end;
	int r;

	if (memchr(authority, '@', len) != NULL)
		return -EBADMSG;
	if (len > 0 && authority[0] == '[') {
		r = parse_bracketed(u, authority, len, &end);
	} else {
		const char *colon = memchr(authority, ':', len);

		end = colon != NULL ? (size_t)(colon - authority) : len;
		r = set_host(u, authority, end);
		if (r == 0)
			r = judge_name(u);
	}
	return r < 0 ? r : parse_port(u, authority + end, len - end);
}

int uri_parse(struct uri *ret, const char *text)
{
	struct uri u = {0};
	const char *authority, *rest;
	size_t len;
	int r;

	if (strnlen(text, URI_MAX + 1) > URI_MAX || !has_only_uri_characters(text))
		return -EBADMSG;
	if (text_has_prefix(text, "https://"))
		u.is_https = true;
	else if (!text_has_prefix(text, "http://"))
		return -EBADMSG;

	authority = strstr(text, "//") + 2;
	len = strcspn(authority, "/?#");
	r = parse_authority(&u, authority, len);
	if (r < 0)
		return r;
	rest = authority + len;
	if (strpbrk(rest, "[]") != NULL)
		return -EBADMSG;
	u.path_at = (size_t)(rest - text);
	u.has_fragment = strchr(rest, '#') != NULL;
	u.has_query = rest[strcspn(rest, "?#")] == '?';
	*ret = u;
	return 0;
}

const char *uri_endpoint_fault(const char *text, bool allow_loopback_http)
{
	struct uri u;

	if (uri_parse(&u, text) < 0)
		return "is not a URL that can be used";
	if (u.has_fragment)
		return "has a fragment";
	if (!u.is_https && !(allow_loopback_http && u.is_loopback))
		return "is not https";
	return NULL;
}

bool uri_same_origin(const struct uri *a, const struct uri *b)
{
	return a->is_https == b->is_https && a->port == b->port && strcmp(a->host, b->host) == 0;
}

int uri_join(char **ret, const char *base, const char *path)
{
	size_t base_len = strlen(base);
	char *joined;

	if (text_has_prefix(path, "https://")) {
		joined = strdup(path);
	} else {
		if (base_len > 0 && base[base_len - 1] == '/')
			base_len--;
		joined = malloc(base_len + strlen(path) + 1);
		if (joined != NULL) {
			memcpy(joined, base, base_len);
			memcpy(joined + base_len, path, strlen(path) + 1);
		}
	}
	if (joined == NULL)
		return -ENOMEM;
	*ret = joined;
	return 0;
}

/* One part of a path; "%2e" is a dot to whoever decodes before it walks. */
static bool is_dots(const char *part, size_t len)
{
	size_t n = 0, i = 0;

	while (i < len) {
		if (part[i] == '.')
			i++;
		else if (len - i >= 3 && strncasecmp(part + i, "%2e", 3) == 0)
			i += 3;
		else
			return false;
		n++;
	}
	return n == 1 || n == 2;
}

bool uri_is_below(const char *text, const char *base)
{
	size_t base_len = strlen(base);
	struct uri u;

	if (uri_parse(&u, text) < 0 || u.has_fragment || strncmp(text, base, base_len) != 0 || text[base_len] != '/')
		return false;
	for (const char *part = text + base_len; *part == '/';) {
		size_t len = strcspn(++part, "/?");

		if (is_dots(part, len))
			return false;
		part += len;
	}
	return true;
}
