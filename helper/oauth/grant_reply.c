/* SPDX-License-Identifier: MIT */
/* What an answer to an assertion says of the account. Must never take a wrong clock, a key that was rotated, or a provider that
 * stumbles for a word about somebody. */
#include "helper/oauth/grant_reply.h"

#include <inttypes.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/oauth/error.h"
#include "helper/oauth/reply.h"

#define DESCRIPTION_MAX 4096u

/* For every provider. RFC 6749 section 5.2; RFC 7523 section 3.1 has one word for every fault of an assertion. */
static const struct dialect_grant_refusal general_refusals[] = {
	{"invalid_grant", "assertion expired", GRANT_MEANS_CLOCK, NULL},
	{"invalid_grant", "assertion is expired", GRANT_MEANS_CLOCK, NULL},
	{"invalid_grant", "assertion has expired", GRANT_MEANS_CLOCK, NULL},
	{"invalid_grant", "JWT expired", GRANT_MEANS_CLOCK, NULL},
	{"invalid_grant", "issued in the future", GRANT_MEANS_CLOCK, NULL},
	{"invalid_grant", "not yet valid", GRANT_MEANS_CLOCK, NULL},
	{"invalid_grant", NULL, GRANT_MEANS_NO, NULL},
	{"access_denied", NULL, GRANT_MEANS_NO, NULL},
	{"invalid_client", NULL, GRANT_MEANS_OURS, "does the provider know this key?"},
	{"unauthorized_client", NULL, GRANT_MEANS_OURS, "is this client allowed this grant there?"},
	{"unsupported_grant_type", NULL, GRANT_MEANS_OURS, NULL},
	{"invalid_scope", NULL, GRANT_MEANS_OURS, NULL},
	{NULL, NULL, GRANT_MEANS_LATER, NULL},
};

/* RFC 6749 section 4.4: there is no grant beside the client, so these are all that a provider can say of the account. */
static const struct dialect_grant_refusal client_refusals[] = {
	{"invalid_client", NULL, GRANT_MEANS_NO, "the client is gone there, or this key is not known"},
	{"invalid_client_id", NULL, GRANT_MEANS_NO, NULL},
	{"invalid_client_credentials", NULL, GRANT_MEANS_NO, NULL},
	{"unauthorized_client", NULL, GRANT_MEANS_NO, NULL},
	{NULL, NULL, GRANT_MEANS_LATER, NULL},
};

static const struct dialect_grant_refusal *find(const struct dialect_grant_refusal *list, const char *error,
						const char *text)
{
	for (; list != NULL && list->error != NULL; list++)
		if (strcmp(list->error, error) == 0 && (list->text == NULL || strstr(text, list->text) != NULL))
			return list;
	return NULL;
}

static bool is_off(int64_t difference_s)
{
	return difference_s > GRANT_CLOCK_TOLERANCE_S || difference_s < -GRANT_CLOCK_TOLERANCE_S;
}

/* AS-06: the administrator has to hear of the clock, and not of a key that is in order. */
static void tell_clock(struct oauth_result *result, int64_t difference_s)
{
	const struct oauth_result said = *result;

	if (is_off(difference_s))
		oauth_result_set(result, OAUTH_CLIENT_REFUSED,
				 "this host's clock is %" PRId64 " s %s the provider's; %s",
				 difference_s < 0 ? -difference_s : difference_s,
				 difference_s < 0 ? "ahead of" : "behind", said.detail);
	else
		oauth_result_set(result, OAUTH_CLIENT_REFUSED, "is this host's clock right? %s", said.detail);
}

static void add_advice(struct oauth_result *result, const char *advice)
{
	const struct oauth_result said = *result;

	if (advice != NULL)
		oauth_result_set(result, said.outcome, "%s (%s)", said.detail, advice);
}

/* The error was read by token_reply_parse() already, for the log; here is only what it means. */
static enum grant_outcome judge_error(struct oauth_result *result, const struct dialect *d, bool is_client,
				      int64_t difference_s, const char *body, size_t len)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *reply = NULL;
	const struct dialect_grant_refusal *found;
	const char *error, *text = "";
	bool is_general;

	if (reply_object(&reply, body, len) < 0 || json_read_string(reply, "error", OAUTH_ERROR_MAX, &error) < 0)
		return GRANT_UNREACHABLE;
	if (json_read_string(reply, "error_description", DESCRIPTION_MAX, &text) < 0)
		text = "";
	found = is_client ? NULL : find(d->grant_refusals, error, text);
	is_general = found == NULL;
	if (is_client)
		found = find(client_refusals, dialect_standard_error(d, error), text);
	if (found == NULL)
		found = find(general_refusals, dialect_standard_error(d, error), text);
	if (found == NULL)
		return GRANT_UNREACHABLE;
	if (found->meaning == GRANT_MEANS_CLOCK || (is_general && is_off(difference_s))) {
		tell_clock(result, difference_s);
		return GRANT_UNREACHABLE;
	}
	add_advice(result, found->advice);
	return found->meaning == GRANT_MEANS_NO ? GRANT_REFUSED : GRANT_UNREACHABLE;
}

enum grant_outcome grant_reply_parse(struct token_set **ret, struct oauth_result *result, const struct dialect *d,
				     bool is_client, int64_t clock_difference_s, unsigned status, const char *body,
				     size_t len)
{
	uint32_t interval_s;
	int r;

	r = token_reply_parse(ret, &interval_s, result, d, status, body, len);
	if (r == TOKEN_REPLY_TOKENS) {
		*result = (struct oauth_result){.outcome = OAUTH_DONE};
		return GRANT_DONE;
	}
	if (r == TOKEN_REPLY_ERROR)
		return judge_error(result, d, is_client, clock_difference_s, body, len);
	token_reply_explain(result, r, "grant", status);
	return GRANT_UNREACHABLE;
}
