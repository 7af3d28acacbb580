/* SPDX-License-Identifier: MIT */
/* What an answer to a refresh says of the person. Must never take a failure of a machine, or of our own client, for a word
 * about somebody: only errors that are about the grant are that. */
#include "helper/oauth/refresh_reply.h"

#include <errno.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/oauth/error.h"
#include "helper/oauth/reply.h"

#define DESCRIPTION_MAX 4096u

/* For every provider. RFC 6749 section 5.2; OpenID Connect Core section 3.1.2.6: what a person has to do herself. Others
 * tell of our client, or of the provider's health. */
static const struct dialect_refusal general_refusals[] = {
	{"invalid_grant", NULL, REFRESH_MEANS_GONE},        {"access_denied", NULL, REFRESH_MEANS_GONE},
	{"interaction_required", NULL, REFRESH_MEANS_DEAD}, {"login_required", NULL, REFRESH_MEANS_DEAD},
	{"consent_required", NULL, REFRESH_MEANS_DEAD},     {NULL, NULL, REFRESH_MEANS_LATER},
};

static bool find(enum refresh_meaning *ret, const struct dialect_refusal *list, const char *error, const char *text)
{
	for (; list != NULL && list->error != NULL; list++) {
		if (strcmp(list->error, error) == 0 && (list->text == NULL || strstr(text, list->text) != NULL)) {
			*ret = list->meaning;
			return true;
		}
	}
	return false;
}

static enum refresh_meaning meaning_of(const struct dialect *d, struct json_object *reply, const char *error)
{
	enum refresh_meaning meaning = REFRESH_MEANS_LATER;
	const char *text = "";

	if (json_read_string(reply, "error_description", DESCRIPTION_MAX, &text) < 0)
		text = "";
	if (!find(&meaning, d->refresh_refusals, error, text))
		(void)find(&meaning, general_refusals, dialect_standard_error(d, error), text);
	return meaning;
}

/* The error was read by token_reply_parse() already, for the log; here is only what it means. */
static enum refresh_outcome judge_error(struct oauth_result *result, const struct dialect *d, const char *body,
					size_t len)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *reply = NULL;
	const char *error;

	if (reply_object(&reply, body, len) < 0 || json_read_string(reply, "error", OAUTH_ERROR_MAX, &error) < 0)
		return REFRESH_LOST; /* tokens may have come with it that could not be read */

	switch (meaning_of(d, reply, error)) {
	case REFRESH_MEANS_GONE:
		return REFRESH_GONE;
	case REFRESH_MEANS_DEAD:
		return REFRESH_DEAD;
	case REFRESH_MEANS_BUSY:
		return REFRESH_BUSY;
	case REFRESH_MEANS_LATER:
		break;
	}
	/* A server that stumbled may have done so after the rotation. */
	return result->outcome == OAUTH_UNREACHABLE ? REFRESH_LOST : REFRESH_UNREACHABLE;
}

enum refresh_outcome refresh_reply_parse(struct token_set **ret, struct oauth_result *result, const struct dialect *d,
					 unsigned status, const char *body, size_t len)
{
	uint32_t interval_s;
	int r;

	r = token_reply_parse(ret, &interval_s, result, d, status, body, len);
	token_reply_explain(result, r, "refresh", status);
	switch (r) {
	case TOKEN_REPLY_TOKENS:
		*result = (struct oauth_result){.outcome = OAUTH_DONE};
		return REFRESH_DONE;
	case TOKEN_REPLY_SLOW_DOWN:
	case TOKEN_REPLY_PENDING:
		return REFRESH_UNREACHABLE;
	case TOKEN_REPLY_ERROR:
		return judge_error(result, d, body, len);
	default:
		return REFRESH_LOST;
	}
}
