/* SPDX-License-Identifier: MIT */
/*
 * Kept tokens to JSON and back. The text is built in a buffer that wipes itself: a JSON library's own would not. It is
 * read as strictly as what strangers send, although nobody else can have sealed it.
 */
#include "helper/vault/kept_tokens.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/buf.h"
#include "helper/base/json.h"

void kept_tokens_free(struct kept_tokens *t)
{
	if (!t)
		return;
	secret_free(t->refresh_token);
	secret_free(t->access_token);
	free(t->scope);
	free(t);
}

static int add_text(struct buf *b, const char *key, const char *text, size_t len, size_t max)
{
	if (len == 0 || len > max)
		return -EINVAL;
	buf_printf(b, "%s\"%s\":", b->len > 1 ? "," : "", key);
	json_write_string(b, text, len);
	return 0;
}

static void add_number(struct buf *b, const char *key, int64_t number)
{
	if (number > 0)
		buf_printf(b, ",\"%s\":%lld", key, (long long)number);
}

static int encode(struct buf *b, const struct kept_tokens *t)
{
	int r = 0;

	buf_append_text(b, "{");
	if (t->refresh_token)
		r = add_text(b, "refresh_token", secret_data(t->refresh_token), secret_len(t->refresh_token),
			     KEPT_TOKEN_MAX);
	if (r == 0 && t->access_token)
		r = add_text(b, "access_token", secret_data(t->access_token), secret_len(t->access_token),
			     KEPT_TOKEN_MAX);
	if (r == 0 && t->scope)
		r = add_text(b, "scope", t->scope, strlen(t->scope), KEPT_SCOPE_MAX);
	if (r < 0)
		return r;
	add_number(b, "expires_s", t->expires_s);
	add_number(b, "refreshing_s", t->refreshing_s);
	buf_append_text(b, "}");
	return buf_fault(b);
}

int kept_tokens_encode(struct secret **ret, const struct kept_tokens *t)
{
	LK_CLEANUP(buf_done) struct buf b = {.max = 0};
	int r;

	buf_init(&b, SECRET_MAX);
	if (!t->refresh_token && !t->access_token)
		return -EINVAL;
	r = encode(&b, t);
	if (r == 0 && json_check(b.data, b.len) < 0)
		r = -EINVAL; /* what could not be read again is not kept */
	return r < 0 ? r : secret_new(ret, b.data, b.len);
}

static int read_secret(struct secret **ret, const struct json_object *o, const char *key)
{
	const char *text;
	int r = json_read_string(o, key, KEPT_TOKEN_MAX, &text);

	return r < 0 ? r : secret_copy(ret, text, strlen(text));
}

static int read_scope(char **ret, const struct json_object *o)
{
	const char *text;
	int r = json_read_string(o, "scope", KEPT_SCOPE_MAX, &text);

	if (r < 0)
		return r;
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

/* What is not there is no fault. */
static int optional(int r)
{
	return r == -ENOENT ? 0 : r;
}

static int read_all(struct kept_tokens *t, const struct json_object *o)
{
	int r;

	if (!json_object_is_type(o, json_type_object))
		return -EBADMSG;
	r = optional(read_secret(&t->refresh_token, o, "refresh_token"));
	if (r == 0)
		r = optional(read_secret(&t->access_token, o, "access_token"));
	if (r == 0)
		r = optional(read_scope(&t->scope, o));
	if (r == 0)
		r = optional(json_read_int(o, "expires_s", 1, INT64_MAX, &t->expires_s));
	if (r == 0)
		r = optional(json_read_int(o, "refreshing_s", 1, INT64_MAX, &t->refreshing_s));
	if (r == 0 && !t->refresh_token && !t->access_token)
		r = -EBADMSG;
	return r;
}

int kept_tokens_decode(struct kept_tokens **ret, const char *text, size_t len)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *o = NULL;
	LK_CLEANUP(kept_tokens_freep) struct kept_tokens *t = NULL;
	int r = json_parse(&o, text, len);

	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	r = read_all(t, o);
	if (r == 0)
		*ret = LK_STEAL(t);
	return r;
}
