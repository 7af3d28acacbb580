/* SPDX-License-Identifier: MIT */
/* Reads a pasted redirect. An address counts only as a whole: below our redirect URI byte by byte, of this sign-in by its state,
 * and of this provider by its issuer where it names one; errors are held to the same. */
#include "helper/oauth/code_answer.h"

#include <errno.h>
#include <string.h>

#include "helper/base/buf.h"
#include "helper/base/json.h"
#include "helper/oauth/error.h"
#include "helper/oauth/form.h"
#include "helper/oauth/reply.h"

#define STATE_MAX 512u
#define ISSUER_MAX 2048u

const char *code_answer_text(int answer)
{
	switch (answer) {
	case CODE_ANSWER_CODE:
		return "a code";
	case CODE_ANSWER_ERROR:
		return "an error of the provider's";
	case CODE_ANSWER_EMPTY:
		return "nothing was pasted";
	case CODE_ANSWER_GARBAGE:
		return "neither an address nor a code";
	case CODE_ANSWER_OTHER_ADDRESS:
		return "an address that is not the redirect_uri";
	case CODE_ANSWER_CODE_ALONE:
		return "a code alone, and the provider names itself in the address";
	case CODE_ANSWER_STATE:
		return "the address has not this sign-in's state";
	case CODE_ANSWER_ISSUER:
		return "the address does not name the provider as its issuer";
	case CODE_ANSWER_TOKENS:
		return "the address has tokens in it (user-agent flow)";
	default:
		return "out of memory";
	}
}

static void trim(const char **text, size_t *len)
{
	while (*len > 0 && strchr(" \t\r\n", (*text)[0]) != NULL) {
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && strchr(" \t\r\n", (*text)[*len - 1]) != NULL)
		(*len)--;
}

static bool is_visible(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] < 0x21 || text[i] > 0x7e)
			return false;
	}
	return true;
}

static bool has(const char *text, size_t len, const char *what)
{
	return memmem(text, len, what, strlen(what)) != NULL;
}

/* Return: the query and what follows it; NULL where the address is another one. */
static const char *query_of(const char *text, size_t *len, const char *redirect_uri)
{
	size_t base = strlen(redirect_uri);

	if (*len < base || memcmp(text, redirect_uri, base) != 0)
		return NULL;
	/* browsers put the path of an address that has none */
	if (base < *len && text[base] == '/' && strchr(redirect_uri + strlen("https://"), '/') == NULL)
		base++;
	if (base == *len || (text[base] != '?' && text[base] != '#'))
		return NULL;
	*len -= base;
	return text + base;
}

static bool is_this_text(struct json_object *reply, const char *key, size_t max, const char *expected)
{
	const char *text;

	return json_read_string(reply, key, max, &text) == 0 && strcmp(text, expected) == 0;
}

static int judge(struct secret **ret_code, struct json_object *reply, const struct code_expectation *e)
{
	const char *text;
	int r;

	if (!is_this_text(reply, "state", STATE_MAX, e->state))
		return CODE_ANSWER_STATE;
	if ((e->sends_issuer || json_object_object_get_ex(reply, "iss", NULL)) &&
	    !is_this_text(reply, "iss", ISSUER_MAX, e->issuer))
		return CODE_ANSWER_ISSUER;
	if (json_object_object_get_ex(reply, "error", NULL))
		return json_read_string(reply, "error", OAUTH_ERROR_MAX, &text) == 0 ? CODE_ANSWER_ERROR
										     : CODE_ANSWER_GARBAGE;
	r = reply_secret(ret_code, reply, "code", CODE_MAX);
	if (r == -ENOMEM)
		return r;
	return r == 0 ? CODE_ANSWER_CODE : CODE_ANSWER_GARBAGE;
}

/* A name that comes twice makes form_parse() refuse all of it (IS-03). */
static int read_address(struct secret **ret_code, struct json_object **ret_reply, const struct code_expectation *e,
			const char *text, size_t len)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *reply = NULL;
	const char *query = query_of(text, &len, e->redirect_uri);
	const char *fragment;
	int r;

	if (query == NULL)
		return CODE_ANSWER_OTHER_ADDRESS;
	fragment = memchr(query, '#', len);
	if (fragment != NULL && has(fragment, len - (size_t)(fragment - query), "token="))
		return CODE_ANSWER_TOKENS;
	if (fragment != NULL) /* "#_=_" and its like, which some put there */
		len = (size_t)(fragment - query);
	if (len < 2)
		return CODE_ANSWER_GARBAGE;
	r = form_parse(&reply, query + 1, len - 1);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return CODE_ANSWER_GARBAGE;
	r = judge(ret_code, reply, e);
	if (r == CODE_ANSWER_ERROR)
		*ret_reply = LK_STEAL(reply);
	return r;
}

/* As it stands in an address, escapes and all, or on a page. */
static int read_code(struct secret **ret_code, const struct code_expectation *e, const char *text, size_t len)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *reply = NULL;
	LK_CLEANUP(buf_done) struct buf pair = {0};
	int r;

	if (len > CODE_MAX || has(text, len, "&") || has(text, len, "?") || has(text, len, "code="))
		return CODE_ANSWER_GARBAGE;
	if (e->sends_issuer)
		return CODE_ANSWER_CODE_ALONE;
	if (!has(text, len, "%"))
		return secret_copy(ret_code, text, len) < 0 ? -ENOMEM : CODE_ANSWER_CODE;
	buf_init(&pair, CODE_MAX * 2);
	buf_append_text(&pair, "code=");
	buf_append(&pair, text, len);
	r = buf_fault(&pair);
	if (r == 0)
		r = form_parse(&reply, pair.data, pair.len);
	if (r == 0)
		r = reply_secret(ret_code, reply, "code", CODE_MAX);
	return r == -ENOMEM ? r : r < 0 ? CODE_ANSWER_GARBAGE : CODE_ANSWER_CODE;
}

int code_answer_read(struct secret **ret_code, struct json_object **ret_reply, const struct code_expectation *expected,
		     const char *text, size_t len)
{
	trim(&text, &len);
	if (len == 0)
		return CODE_ANSWER_EMPTY;
	if (len > CODE_ANSWER_BYTES_MAX || !is_visible(text, len))
		return CODE_ANSWER_GARBAGE;
	if (has(text, len, "://"))
		return read_address(ret_code, ret_reply, expected, text, len);
	return read_code(ret_code, expected, text, len);
}
