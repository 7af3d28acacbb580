/* SPDX-License-Identifier: MIT */
/* Judges where a request leads before anything is looked up or connected. Must never hand libcurl a URL in another
 * form than the one judged here: the parsed handle itself goes to the transfer (threats N2 and N18). */
#include "helper/fetch/url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "helper/base/cleanup.h"
#include "helper/base/text.h"
#include "helper/fetch/wire.h"

static const char *text_fault(const char *text)
{
	size_t len = strnlen(text, WIRE_URL_MAX + 1);

	if (len > WIRE_URL_MAX)
		return "URL too long";
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c <= 0x20 || c >= 0x7f || c == '\\')
			return "URL holds a character that must be escaped";
		if (c == '#')
			return "URL with a fragment";
	}
	if (!text_has_prefix(text, "https://") && !text_has_prefix(text, "http://"))
		return "URL is not https";
	return NULL;
}

static void curl_freep(char **p)
{
	curl_free(*p);
}

/* libcurl knows no flag that refuses an empty "@". */
static bool has_user_info(const char *text)
{
	const char *authority = strstr(text, "//") + 2;

	return memchr(authority, '@', strcspn(authority, "/?")) != NULL;
}

static int read_host(struct url *u)
{
	LK_CLEANUP(curl_freep) char *host = NULL;
	LK_CLEANUP(curl_freep) char *zone = NULL;
	CURLUcode code = curl_url_get(u->parsed, CURLUPART_HOST, &host, 0);
	struct in6_addr v6;
	struct in_addr v4;
	size_t len;

	if (code != CURLUE_OK)
		return code == CURLUE_OUT_OF_MEMORY ? -ENOMEM : -EPERM;
	len = strlen(host);
	if (len == 0 || host[len - 1] == '.')
		return -EPERM;
	if (host[0] == '[') {
		host[len - 1] = '\0';
		u->host = strdup(host + 1);
	} else {
		u->host = strdup(host);
	}
	if (u->host == NULL)
		return -ENOMEM;
	if (curl_url_get(u->parsed, CURLUPART_ZONEID, &zone, 0) == CURLUE_OK)
		return -EPERM;
	u->is_address = inet_pton(AF_INET, u->host, &v4) == 1 || inet_pton(AF_INET6, u->host, &v6) == 1;
	return host[0] == '[' && !u->is_address ? -EPERM : 0;
}

static int read_port(struct url *u)
{
	LK_CLEANUP(curl_freep) char *port = NULL;
	CURLUcode code = curl_url_get(u->parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
	uint64_t number;

	if (code == CURLUE_OUT_OF_MEMORY)
		return -ENOMEM;
	if (code != CURLUE_OK || text_to_u64(&number, port, 65535) < 0 || number == 0)
		return -EPERM;
	memcpy(u->port, port, strlen(port) + 1);
	return 0;
}

static bool is_loopback(const struct url *u)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, u->host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, u->host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return strcasecmp(u->host, "localhost") == 0;
}

static int judge(struct url *u, const char *text, bool allow_loopback_http, const char **why)
{
	CURLUcode code;
	int r;

	*why = text_fault(text);
	if (*why != NULL)
		return -EPERM;
	*why = "URL with user info";
	if (has_user_info(text))
		return -EPERM;

	*why = "URL cannot be read";
	u->parsed = curl_url();
	if (u->parsed == NULL)
		return -ENOMEM;
	code = curl_url_set(u->parsed, CURLUPART_URL, text, CURLU_DISALLOW_USER | CURLU_PATH_AS_IS);
	if (code != CURLUE_OK)
		return code == CURLUE_OUT_OF_MEMORY ? -ENOMEM : -EPERM;
	r = read_host(u);
	if (r == 0)
		r = read_port(u);
	if (r < 0)
		return r;

	u->is_https = text_has_prefix(text, "https://");
	if (u->is_https)
		return 0;
	*why = allow_loopback_http ? "plain HTTP to a host that is not this one" : "URL is not https";
	if (!allow_loopback_http || !is_loopback(u))
		return -EPERM;
	u->is_localhost = !u->is_address;
	return 0;
}

int url_read(struct url *ret, const char *text, bool allow_loopback_http, const char **why)
{
	LK_CLEANUP(url_done) struct url u = {0};
	int r = judge(&u, text, allow_loopback_http, why);

	if (r < 0)
		return r;
	*ret = u;
	u = (struct url){0};
	return 0;
}

void url_done(struct url *u)
{
	curl_url_cleanup(u->parsed);
	free(u->host);
	*u = (struct url){0};
}

bool url_proxy_is_allowed(const char *text)
{
	LK_CLEANUP(curl_freep) char *port = NULL;
	CURLU *parsed;
	bool is_allowed;

	if (!text_has_prefix(text, "http://") || strpbrk(text, "\\#? \t") != NULL)
		return false;
	for (const char *p = text; *p != '\0'; p++) {
		if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f)
			return false;
	}
	parsed = curl_url();
	if (parsed == NULL)
		return false;
	is_allowed = curl_url_set(parsed, CURLUPART_URL, text, 0) == CURLUE_OK &&
		     curl_url_get(parsed, CURLUPART_PORT, &port, 0) == CURLUE_OK;
	curl_url_cleanup(parsed);
	return is_allowed;
}
