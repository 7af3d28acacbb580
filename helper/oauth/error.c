/* SPDX-License-Identifier: MIT */
/* Turns failures into outcomes. What a provider wrote reaches a log only as printable ASCII of bounded length (RFC 6749
 * section 5.2, threat N17), and never decides more than its error code does. */
#include "helper/oauth/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/oauth/error_codes.h"

#define DESCRIPTION_MAX 4096u

const char *oauth_outcome_text(enum oauth_outcome outcome)
{
	switch (outcome) {
	case OAUTH_DONE:
		return "done";
	case OAUTH_DENIED:
		return "denied by the person";
	case OAUTH_NOT_ADMITTED:
		return "not let in by the provider";
	case OAUTH_WRONG_PROOF:
		return "wrong code or password";
	case OAUTH_EXPIRED:
		return "not approved in time";
	case OAUTH_UNREACHABLE:
		return "provider cannot be reached";
	case OAUTH_BAD_REPLY:
		return "reply outside the specification";
	case OAUTH_CLIENT_REFUSED:
		return "client refused by the provider";
	case OAUTH_PROVIDER_REFUSED:
		return "refused by the provider";
	case OAUTH_TOKEN_INVALID:
		return "token not valid";
	case OAUTH_TOKEN_REFUSED:
		return "access token not accepted by the provider";
	case OAUTH_TOO_WEAK:
		return "cannot sign in as strongly as was asked for";
	case OAUTH_THROTTLED:
		return "throttled by the provider";
	case OAUTH_NO_MEMORY:
		return "out of memory";
	}
	return "unknown outcome";
}

/* RFC 6749 section 5.2 has neither '"' nor '\\' in error texts; both would help to forge a quoted log field. */
static void sanitise(char *out, size_t size, const char *text)
{
	text_sanitise(out, size, text, strlen(text), false);
	for (char *p = out; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			*p = '?';
	}
}

void oauth_result_set(struct oauth_result *r, enum oauth_outcome outcome, const char *format, ...)
{
	char text[OAUTH_DETAIL_MAX];
	va_list args;

	va_start(args, format);
	if (vsnprintf(text, sizeof(text), format, args) < 0)
		text[0] = '\0';
	va_end(args);
	r->outcome = outcome;
	sanitise(r->detail, sizeof(r->detail), text);
}

/* A provider's own word for an error of the RFCs means what the RFCs' word does, unless it has a row of its own. */
static const struct error_code *row_of(const struct dialect *d, const char *error, const char *description)
{
	const struct error_code *row = error_code_find(error, description);

	return row != NULL ? row : error_code_find(dialect_standard_error(d, error), description);
}

void oauth_result_from_error(struct oauth_result *r, const struct dialect *d, const char *error,
			     struct json_object *reply)
{
	const struct error_code *row;
	char description[OAUTH_DETAIL_MAX];
	const char *text = "";

	if (json_read_string(reply, "error_description", DESCRIPTION_MAX, &text) < 0)
		text = "";
	sanitise(description, sizeof(description), text);
	row = row_of(d, error, text);
	oauth_result_set(r, row != NULL ? row->outcome : OAUTH_PROVIDER_REFUSED, "provider says %s%s%s%s%s%s", error,
			 description[0] != '\0' ? ": " : "", description, row != NULL ? " (" : "",
			 row != NULL ? row->meaning : "", row != NULL ? ")" : "");
}

void oauth_result_from_fetch(struct oauth_result *r, const char *what, enum fetch_outcome outcome, const char *detail)
{
	enum oauth_outcome mine = OAUTH_UNREACHABLE;

	switch (outcome) {
	case FETCH_TOO_LARGE:
	case FETCH_BAD_REPLY:
	case FETCH_DONE:
		mine = OAUTH_BAD_REPLY;
		break;
	case FETCH_NOT_ALLOWED:
	case FETCH_UNSIGNED:
		mine = OAUTH_CLIENT_REFUSED;
		break;
	case FETCH_TIMEOUT:
	case FETCH_UNREACHABLE:
	case FETCH_TLS:
	case FETCH_LOST:
	case FETCH_BROKEN:
	case FETCH_OVERLOADED:
		break;
	}
	oauth_result_set(r, mine, "%s: %s%s%s", what, fetch_outcome_text(outcome), detail[0] != '\0' ? ": " : "",
			 detail);
}

void oauth_result_from_status(struct oauth_result *r, const char *what, unsigned status)
{
	if (status == 429)
		oauth_result_set(r, OAUTH_THROTTLED, "%s: HTTP 429", what);
	else if (status >= 500)
		oauth_result_set(r, OAUTH_UNREACHABLE, "%s: HTTP %u", what, status);
	else if (status >= 300 && status < 400)
		oauth_result_set(r, OAUTH_BAD_REPLY, "%s: HTTP %u, redirects are not followed", what, status);
	else
		oauth_result_set(r, OAUTH_BAD_REPLY, "%s: HTTP %u without a reply of the specification", what, status);
}

void oauth_result_hide(struct oauth_result *r, const struct secret *secret)
{
	if (secret != NULL && secret_len(secret) > 0 && strstr(r->detail, secret_data(secret)) != NULL)
		oauth_result_set(r, r->outcome, "the provider's text repeats a secret and is left out");
}
