/* SPDX-License-Identifier: MIT */
/* The codec between latchkeyd and latchkey-fetch. Both ends are strict: each distrusts the other, since either may
 * have been taken over. Bodies stay out of the JSON so that no parser copies them; heads are wiped as a whole,
 * because a header may carry a client's secret. Knows no policy: where a URL may lead is decided in url.c. */
#include "helper/fetch/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <json-c/json.h>

#include "helper/base/json.h"
#include "helper/base/secret.h"
#include "helper/base/text.h"
#include "helper/jose/base64url.h"
#include "helper/protocol/frame.h"

#define HEAD_MAX (224u * 1024u)

_Static_assert(HEAD_MAX <= JSON_MAX_BYTES, "a head passes the strict reader");
_Static_assert(2 * (WIRE_HEADER_BYTES_MAX + WIRE_URL_MAX + 5 * WIRE_PATH_MAX + WIRE_PROFILE_MAX) + 1024 < HEAD_MAX,
	       "every request within the limits has a head");
_Static_assert(FETCH_BODY_MAX / 3 * 4 + 4 <= WIRE_FRAME_MAX, "every body fits its frame");

static const char *const outcome_words[] = {
	[FETCH_DONE] = "done",
	[FETCH_TIMEOUT] = "timeout",
	[FETCH_UNREACHABLE] = "unreachable",
	[FETCH_TLS] = "tls",
	[FETCH_TOO_LARGE] = "too-large",
	[FETCH_BAD_REPLY] = "bad-reply",
	[FETCH_NOT_ALLOWED] = "not-allowed",
	[FETCH_LOST] = "lost",
	[FETCH_BROKEN] = "broken",
	[FETCH_OVERLOADED] = "overloaded",
};
#define N_OUTCOMES (sizeof(outcome_words) / sizeof(outcome_words[0]))

/* --- what may be said ------------------------------------------------------------------------------------------------ */

static bool is_printable_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c > 0x7e)
			return false;
	}
	return true;
}

static bool is_graphic_ascii(const char *text, size_t len)
{
	return is_printable_ascii(text, len) && memchr(text, ' ', len) == NULL;
}

/* Names and paths come from root's configuration and may hold any text but control characters. */
static bool is_plain_text(const char *text, size_t max)
{
	size_t len = strnlen(text, max + 1);

	if (len == 0 || len > max || !text_is_utf8(text, len))
		return false;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	}
	return true;
}

static bool is_header_name(const char *name, size_t len)
{
	/* These frame the message or speak to a proxy; libcurl writes them itself or not at all. */
	static const char *const transport[] = {
		"Connection", "Content-Length",    "Expect",          "Host", "Keep-Alive", "TE", "Trailer",
		"Upgrade",    "Transfer-Encoding", "Accept-Encoding",
	};

	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
		      c == '_'))
			return false;
	}
	for (size_t i = 0; i < sizeof(transport) / sizeof(transport[0]); i++) {
		if (len == strlen(transport[i]) && strncasecmp(name, transport[i], len) == 0)
			return false;
	}
	return len < 6 || strncasecmp(name, "Proxy-", 6) != 0;
}

static bool is_header(const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	size_t name_len;

	if (colon == NULL || !is_printable_ascii(line, len))
		return false;
	name_len = (size_t)(colon - line);
	/* "Name:" alone would make libcurl drop one of its own headers. */
	return is_header_name(line, name_len) && len > name_len + 2 && colon[1] == ' ' && colon[2] != ' ';
}

static bool are_headers(const char *const *headers)
{
	size_t total = 0;

	for (size_t n = 0; headers != NULL && headers[n] != NULL; n++) {
		size_t len = strnlen(headers[n], WIRE_HEADER_BYTES_MAX + 1);

		total += len;
		if (n >= WIRE_HEADERS_MAX || total > WIRE_HEADER_BYTES_MAX || !is_header(headers[n], len))
			return false;
	}
	return true;
}

static bool is_profile(const struct fetch_profile *p)
{
	return p != NULL && p->name != NULL && is_plain_text(p->name, WIRE_PROFILE_MAX) &&
	       (p->ca_file == NULL || is_plain_text(p->ca_file, WIRE_PATH_MAX)) &&
	       (p->ca_directory == NULL || is_plain_text(p->ca_directory, WIRE_PATH_MAX)) &&
	       (p->proxy == NULL || is_plain_text(p->proxy, WIRE_PATH_MAX)) &&
	       (p->client_certificate == NULL) == (p->client_key == NULL) &&
	       (p->client_key == NULL ||
		(is_plain_text(p->client_certificate, WIRE_PATH_MAX) && is_plain_text(p->client_key, WIRE_PATH_MAX)));
}

/* Only these, and each with the body that it has: DELETE none, PUT one. */
static bool is_method(const struct fetch_request *request)
{
	if (request->method == NULL)
		return true;
	return strcmp(request->method, request->body != NULL ? "PUT" : "DELETE") == 0;
}

int wire_request_check(const struct fetch_request *request)
{
	size_t url_len;

	if (request->url == NULL || !is_profile(request->profile) || !are_headers(request->headers))
		return -EINVAL;
	url_len = strnlen(request->url, WIRE_URL_MAX + 1);
	if (url_len == 0 || url_len > WIRE_URL_MAX || !is_graphic_ascii(request->url, url_len))
		return -EINVAL;
	if (request->timeout_ms == 0 || request->timeout_ms > FETCH_TIMEOUT_MAX_MS)
		return -EINVAL;
	if (request->body_len > FETCH_BODY_MAX || (request->body == NULL && request->body_len != 0))
		return -EINVAL;
	if (!is_method(request))
		return -EINVAL;
	return 0;
}

/* --- writing --------------------------------------------------------------------------------------------------------- */

static void write_string(struct buf *b, const char *text)
{
	buf_append(b, "\"", 1);
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_append(b, "\\", 1);
		buf_append(b, p, 1);
	}
	buf_append(b, "\"", 1);
}

static void write_optional(struct buf *b, const char *key, const char *text)
{
	if (text == NULL || *text == '\0')
		return;
	buf_printf(b, ",\"%s\":", key);
	write_string(b, text);
}

/* All or nothing: half a message would make the other end read a body as the next head. */
static int write_message(struct buf *out, struct buf *head, const char *body, size_t body_len)
{
	LK_CLEANUP(secret_free_stringp) char *text = NULL;
	size_t text_len = body_len > 0 ? base64url_encoded_size(body_len) : 0;
	int r;

	r = buf_fault(head);
	if (r < 0)
		return r == -E2BIG ? -EINVAL : r;
	if (buf_fault(out) < 0)
		return buf_fault(out);
	if (out->max - out->len < head->len + text_len + 2)
		return -ENOBUFS;
	if (body_len > 0) {
		text = malloc(text_len + 1);
		if (text == NULL)
			return -ENOMEM;
		base64url_encode(text, body, body_len);
	}
	r = frame_write(out, head->data, head->len);
	if (r == 0 && body_len > 0)
		r = frame_write(out, text, text_len);
	return r;
}

static void write_profile(struct buf *b, const struct fetch_profile *p)
{
	buf_append_text(b, ",\"profile\":{\"name\":");
	write_string(b, p->name);
	write_optional(b, "ca_file", p->ca_file);
	write_optional(b, "ca_directory", p->ca_directory);
	write_optional(b, "proxy", p->proxy);
	write_optional(b, "client_certificate", p->client_certificate);
	write_optional(b, "client_key", p->client_key);
	if (p->allow_loopback_http)
		buf_append_text(b, ",\"allow_loopback_http\":true");
	buf_append(b, "}", 1);
}

int wire_write_start(struct buf *out, uint64_t id, const struct fetch_request *request)
{
	LK_CLEANUP(buf_done) struct buf head = {0};
	int r;

	r = wire_request_check(request);
	if (r < 0)
		return r;
	buf_init(&head, HEAD_MAX);
	buf_printf(&head, "{\"start\":%" PRIu64, id);
	write_profile(&head, request->profile);
	write_optional(&head, "url", request->url);
	write_optional(&head, "method", request->method);
	if (request->headers != NULL && request->headers[0] != NULL) {
		buf_append_text(&head, ",\"headers\":[");
		for (size_t i = 0; request->headers[i] != NULL; i++) {
			if (i > 0)
				buf_append(&head, ",", 1);
			write_string(&head, request->headers[i]);
		}
		buf_append(&head, "]", 1);
	}
	buf_printf(&head, ",\"timeout_ms\":%" PRIu32, request->timeout_ms);
	if (request->body != NULL)
		buf_printf(&head, ",\"body\":%zu", request->body_len);
	buf_append(&head, "}", 1);
	return write_message(out, &head, request->body, request->body_len);
}

int wire_write_cancel(struct buf *out, uint64_t id)
{
	LK_CLEANUP(buf_done) struct buf head = {0};

	buf_init(&head, HEAD_MAX);
	buf_printf(&head, "{\"cancel\":%" PRIu64 "}", id);
	return write_message(out, &head, NULL, 0);
}

static bool is_text_within(const char *text, size_t max)
{
	size_t len = strnlen(text, max + 1);

	return len <= max && is_printable_ascii(text, len);
}

static bool is_reply(const struct fetch_reply *reply)
{
	return reply->status >= 100 && reply->status <= 999 && is_text_within(reply->content_type, WIRE_TYPE_MAX) &&
	       reply->date_s >= 0 && reply->retry_after_s <= WIRE_RETRY_AFTER_MAX_S &&
	       reply->body_len <= FETCH_BODY_MAX;
}

int wire_write_answer(struct buf *out, uint64_t id, enum fetch_outcome outcome, const struct fetch_reply *reply,
		      const char *detail)
{
	LK_CLEANUP(buf_done) struct buf head = {0};

	buf_init(&head, HEAD_MAX);
	buf_printf(&head, "{\"id\":%" PRIu64 ",\"outcome\":\"%s\"", id, outcome_words[outcome]);
	if (outcome != FETCH_DONE) {
		if (!is_text_within(detail, WIRE_DETAIL_MAX))
			return -EINVAL;
		write_optional(&head, "detail", detail);
		buf_append(&head, "}", 1);
		return write_message(out, &head, NULL, 0);
	}
	if (reply == NULL || !is_reply(reply))
		return -EINVAL;
	buf_printf(&head, ",\"status\":%u", reply->status);
	write_optional(&head, "content_type", reply->content_type);
	if (reply->date_s != 0)
		buf_printf(&head, ",\"date\":%" PRId64, reply->date_s);
	if (reply->retry_after_s != 0)
		buf_printf(&head, ",\"retry_after\":%" PRIu32, reply->retry_after_s);
	if (reply->body_len != 0)
		buf_printf(&head, ",\"body\":%zu", reply->body_len);
	buf_append(&head, "}", 1);
	return write_message(out, &head, reply->body, reply->body_len);
}

/* --- reading --------------------------------------------------------------------------------------------------------- */

/* Reads members and counts them, so that members nobody asked for are noticed at the end. Keeps the first fault. */
struct fields {
	struct json_object *object;
	int n_found;
	int fault;
};

enum presence {
	OPTIONAL,
	REQUIRED
};

static bool field_is_there(struct fields *f, int r, enum presence presence)
{
	if (r == 0)
		f->n_found++;
	else if (f->fault == 0 && (r != -ENOENT || presence == REQUIRED))
		f->fault = r == -ENOMEM ? r : -EBADMSG;
	return r == 0;
}

static const char *field_text(struct fields *f, const char *key, size_t max, enum presence presence)
{
	const char *text = NULL;

	return field_is_there(f, json_read_string(f->object, key, max, &text), presence) ? text : NULL;
}

static bool field_number(struct fields *f, const char *key, uint64_t min, uint64_t max, enum presence presence,
			 uint64_t *ret)
{
	int64_t number = 0;

	if (!field_is_there(f, json_read_int(f->object, key, (int64_t)min, (int64_t)max, &number), presence))
		return false;
	*ret = (uint64_t)number;
	return true;
}

static int fields_done(const struct fields *f)
{
	if (f->fault < 0)
		return f->fault;
	return json_object_object_length(f->object) == f->n_found ? 0 : -EBADMSG;
}

static int parse_head(struct json_object **ret, const char *frame, size_t len)
{
	int r = json_parse(ret, frame, len);

	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	return json_object_is_type(*ret, json_type_object) ? 0 : -EBADMSG;
}

static int decode_body(char **ret, size_t expected, const char *frame, size_t len)
{
	LK_CLEANUP(secret_free_stringp) char *body = NULL;

	if (base64url_decoded_size(len) != (ssize_t)expected)
		return -EBADMSG;
	body = malloc(expected + 1);
	if (body == NULL)
		return -ENOMEM;
	body[0] = '\0';
	if (base64url_decode(body, expected, frame, len) != (ssize_t)expected) {
		secret_wipe(body, expected);
		return -EBADMSG;
	}
	body[expected] = '\0';
	*ret = LK_STEAL(body);
	return 0;
}

static void free_body(char *body, size_t len)
{
	/* Not secret_free_string(): a body may hold NUL. */
	if (body != NULL)
		secret_wipe(body, len);
	free(body);
}

static int read_profile(struct fetch_profile *p, struct json_object *o)
{
	struct fields f = {.object = o};

	p->name = field_text(&f, "name", WIRE_PROFILE_MAX, REQUIRED);
	p->ca_file = field_text(&f, "ca_file", WIRE_PATH_MAX, OPTIONAL);
	p->ca_directory = field_text(&f, "ca_directory", WIRE_PATH_MAX, OPTIONAL);
	p->proxy = field_text(&f, "proxy", WIRE_PATH_MAX, OPTIONAL);
	p->client_certificate = field_text(&f, "client_certificate", WIRE_PATH_MAX, OPTIONAL);
	p->client_key = field_text(&f, "client_key", WIRE_PATH_MAX, OPTIONAL);
	(void)field_is_there(&f, json_read_bool(o, "allow_loopback_http", &p->allow_loopback_http), OPTIONAL);
	return fields_done(&f);
}

static int read_headers(struct wire_question *q, struct json_object *list)
{
	size_t n = json_object_array_length(list);

	q->headers = calloc(n + 1, sizeof(*q->headers));
	if (q->headers == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		if (!json_object_is_type(item, json_type_string))
			return -EBADMSG;
		q->headers[i] = json_object_get_string(item);
	}
	q->request.headers = q->headers;
	return 0;
}

static int read_start(struct wire_question *q)
{
	struct fields f = {.object = q->head};
	struct json_object *profile = NULL;
	struct json_object *headers = NULL;
	uint64_t number = 0;
	int r;

	(void)field_number(&f, "start", 1, WIRE_ID_MAX, REQUIRED, &q->id);
	q->request.url = field_text(&f, "url", WIRE_URL_MAX, REQUIRED);
	q->request.method = field_text(&f, "method", WIRE_METHOD_MAX, OPTIONAL);
	if (field_number(&f, "timeout_ms", 1, FETCH_TIMEOUT_MAX_MS, REQUIRED, &number))
		q->request.timeout_ms = (uint32_t)number;
	if (field_number(&f, "body", 0, FETCH_BODY_MAX, OPTIONAL, &number)) {
		q->request.body = "";
		q->request.body_len = number;
	}
	(void)field_is_there(&f, json_read_object(q->head, "profile", &profile), REQUIRED);
	(void)field_is_there(&f, json_read_array(q->head, "headers", WIRE_HEADERS_MAX, &headers), OPTIONAL);
	r = fields_done(&f);
	if (r == 0)
		r = read_profile(&q->profile, profile);
	if (r == 0 && headers != NULL)
		r = read_headers(q, headers);
	if (r < 0)
		return r;
	q->request.profile = &q->profile;
	return wire_request_check(&q->request) < 0 ? -EBADMSG : 0;
}

static int read_question(struct wire_question *q)
{
	struct fields f = {.object = q->head};

	if (!json_object_object_get_ex(q->head, "cancel", NULL))
		return read_start(q);
	q->is_cancel = true;
	(void)field_number(&f, "cancel", 1, WIRE_ID_MAX, REQUIRED, &q->id);
	return fields_done(&f);
}

void wire_question_free(struct wire_question *q)
{
	if (q == NULL)
		return;
	free_body(q->body, q->request.body_len);
	free(q->headers);
	json_put_wiped(q->head);
	free(q);
}

int wire_take_question(struct wire_question **pending, const char *frame, size_t len, struct wire_question **ret)
{
	LK_CLEANUP(wire_question_freep) struct wire_question *q = NULL;
	int r;

	if (*pending != NULL) {
		q = LK_STEAL(*pending);
		r = decode_body(&q->body, q->request.body_len, frame, len);
		if (r < 0)
			return r;
		q->request.body = q->body;
		*ret = LK_STEAL(q);
		return 1;
	}
	q = calloc(1, sizeof(*q));
	if (q == NULL)
		return -ENOMEM;
	r = parse_head(&q->head, frame, len);
	if (r == 0)
		r = read_question(q);
	if (r < 0)
		return r;
	if (q->request.body_len > 0) {
		*pending = LK_STEAL(q);
		return 0;
	}
	*ret = LK_STEAL(q);
	return 1;
}

static int read_outcome(enum fetch_outcome *ret, const char *word)
{
	for (size_t i = 0; i < N_OUTCOMES; i++) {
		if (strcmp(word, outcome_words[i]) == 0) {
			*ret = (enum fetch_outcome)i;
			return 0;
		}
	}
	return -EBADMSG;
}

static void read_reply(struct fetch_reply *reply, struct fields *f)
{
	uint64_t number = 0;
	const char *type = field_text(f, "content_type", WIRE_TYPE_MAX, OPTIONAL);

	reply->content_type = type != NULL ? type : "";
	reply->body = "";
	if (field_number(f, "status", 100, 999, REQUIRED, &number))
		reply->status = (unsigned)number;
	if (field_number(f, "date", 1, INT64_MAX, OPTIONAL, &number))
		reply->date_s = (int64_t)number;
	if (field_number(f, "retry_after", 1, WIRE_RETRY_AFTER_MAX_S, OPTIONAL, &number))
		reply->retry_after_s = (uint32_t)number;
	if (field_number(f, "body", 1, FETCH_BODY_MAX, OPTIONAL, &number))
		reply->body_len = number;
}

static int read_answer(struct wire_answer *a)
{
	struct fields f = {.object = a->head};
	const char *word = field_text(&f, "outcome", WIRE_DETAIL_MAX, REQUIRED);

	(void)field_number(&f, "id", 1, WIRE_ID_MAX, REQUIRED, &a->id);
	if (word == NULL || read_outcome(&a->outcome, word) < 0)
		return -EBADMSG;
	a->detail = "";
	if (a->outcome == FETCH_DONE) {
		read_reply(&a->reply, &f);
	} else {
		const char *detail = field_text(&f, "detail", WIRE_DETAIL_MAX, OPTIONAL);

		a->detail = detail != NULL ? detail : "";
	}
	if (f.fault == 0 &&
	    (!is_printable_ascii(a->detail, strlen(a->detail)) || (a->outcome == FETCH_DONE && !is_reply(&a->reply))))
		return -EBADMSG;
	return fields_done(&f);
}

void wire_answer_free(struct wire_answer *a)
{
	if (a == NULL)
		return;
	free_body(a->body, a->reply.body_len);
	json_put_wiped(a->head);
	free(a);
}

int wire_take_answer(struct wire_answer **pending, const char *frame, size_t len, struct wire_answer **ret)
{
	LK_CLEANUP(wire_answer_freep) struct wire_answer *a = NULL;
	int r;

	if (*pending != NULL) {
		a = LK_STEAL(*pending);
		r = decode_body(&a->body, a->reply.body_len, frame, len);
		if (r < 0)
			return r;
		a->reply.body = a->body;
		*ret = LK_STEAL(a);
		return 1;
	}
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return -ENOMEM;
	r = parse_head(&a->head, frame, len);
	if (r == 0)
		r = read_answer(a);
	if (r < 0)
		return r;
	if (a->reply.body_len > 0) {
		*pending = LK_STEAL(a);
		return 0;
	}
	*ret = LK_STEAL(a);
	return 1;
}
