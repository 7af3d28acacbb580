/* SPDX-License-Identifier: MIT */
/* Takes in what a stranger's server sends: counts everything, decodes nothing, keeps three headers and the body. Must
 * never hold more than the limits, whatever Content-Length says or a compressed body would unfold to. */
#include "helper/fetch/reply.h"

#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "helper/base/secret.h"
#include "helper/base/text.h"

void reply_init(struct reply *r)
{
	*r = (struct reply){.fault = FETCH_DONE, .detail = ""};
	buf_init(&r->body, FETCH_BODY_MAX);
}

void reply_done(struct reply *r)
{
	buf_done(&r->body);
	secret_wipe(r, sizeof(*r));
}

static bool refuse(struct reply *r, enum fetch_outcome fault, const char *detail)
{
	r->fault = fault;
	r->detail = detail;
	return false;
}

/* A new status line: whatever an interim reply said does not count for the final one. */
static void forget_headers(struct reply *r)
{
	r->date_s = 0;
	r->retry_after_s = 0;
	r->content_type[0] = '\0';
}

static bool name_is(const char *line, size_t name_len, const char *name)
{
	return strlen(name) == name_len && strncasecmp(line, name, name_len) == 0;
}

static int64_t read_date(const char *value)
{
	time_t date = curl_getdate(value, NULL);

	return date > 0 ? (int64_t)date : 0;
}

static uint32_t read_retry_after(const char *value, int64_t now_s)
{
	uint64_t seconds;
	int64_t date;

	if (text_to_u64(&seconds, value, UINT32_MAX) == 0)
		return seconds < WIRE_RETRY_AFTER_MAX_S ? (uint32_t)seconds : WIRE_RETRY_AFTER_MAX_S;
	date = read_date(value);
	if (date <= now_s)
		return 0;
	return date - now_s < (int64_t)WIRE_RETRY_AFTER_MAX_S ? (uint32_t)(date - now_s) : WIRE_RETRY_AFTER_MAX_S;
}

static bool take_header(struct reply *r, const char *line, size_t name_len, const char *value, int64_t now_s)
{
	if (name_is(line, name_len, "Date"))
		r->date_s = read_date(value);
	else if (name_is(line, name_len, "Retry-After"))
		r->retry_after_s = read_retry_after(value, now_s);
	else if (name_is(line, name_len, "Content-Type"))
		text_sanitise(r->content_type, sizeof(r->content_type), value, strlen(value), false);
	else if (name_is(line, name_len, "Content-Encoding") && strcasecmp(value, "identity") != 0)
		return refuse(r, FETCH_BAD_REPLY, "compressed, though nobody asked for that");
	else if (name_is(line, name_len, "Transfer-Encoding") && strcasecmp(value, "chunked") != 0 &&
		 strcasecmp(value, "identity") != 0)
		return refuse(r, FETCH_BAD_REPLY, "transfer encoding that nobody asked for");
	return true;
}

bool reply_add_header(struct reply *r, const char *line, size_t len, int64_t now_s)
{
	char value[256];
	const char *colon;
	const char *start;
	const char *end = line + len;

	r->header_bytes += len;
	if (len > REPLY_HEADER_BYTES_MAX || r->header_bytes > REPLY_HEADER_BYTES_MAX)
		return refuse(r, FETCH_TOO_LARGE, "headers beyond the limit");
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		forget_headers(r);
		return true;
	}
	colon = memchr(line, ':', len);
	if (colon == NULL)
		return true;
	if (++r->n_headers > REPLY_HEADERS_MAX)
		return refuse(r, FETCH_TOO_LARGE, "too many headers");

	start = colon + 1;
	while (start < end && (*start == ' ' || *start == '\t'))
		start++;
	while (end > start && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' ' || end[-1] == '\t'))
		end--;
	/* Of the values that count none is as long; a longer one is cut and then means nothing, or is refused. */
	if ((size_t)(end - start) >= sizeof(value))
		end = start + sizeof(value) - 1;
	memcpy(value, start, (size_t)(end - start));
	value[end - start] = '\0';
	return take_header(r, line, (size_t)(colon - line), value, now_s);
}

bool reply_add_body(struct reply *r, const char *bytes, size_t len)
{
	buf_append(&r->body, bytes, len);
	if (buf_fault(&r->body) < 0)
		return refuse(r, FETCH_TOO_LARGE, "body beyond the limit");
	return true;
}
