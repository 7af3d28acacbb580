/* SPDX-License-Identifier: MIT */
/* Turns failures into outcomes. What a provider wrote reaches a log only as printable ASCII of bounded length (RFC 6749
 * section 5.2, threat N17), and never decides more than its error code does. */
#include "helper/oauth/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/base/text.h"

#define DESCRIPTION_MAX 4096u

static const struct {
	const char *error;
	enum oauth_outcome outcome;
} outcomes[] = {
	{"access_denied", OAUTH_DENIED},
	{"expired_token", OAUTH_EXPIRED},
	{"slow_down", OAUTH_THROTTLED},
	{"unknown_user_id", OAUTH_DENIED},
	{"unmet_authentication_requirements", OAUTH_TOO_WEAK},
	{"missing_user_code", OAUTH_CLIENT_REFUSED},
	{"invalid_binding_message", OAUTH_CLIENT_REFUSED},
	{"invalid_client", OAUTH_CLIENT_REFUSED},
	{"unauthorized_client", OAUTH_CLIENT_REFUSED},
	{"unsupported_grant_type", OAUTH_CLIENT_REFUSED},
	{"unsupported_response_type", OAUTH_CLIENT_REFUSED},
	{"invalid_scope", OAUTH_CLIENT_REFUSED},
	{"server_error", OAUTH_UNREACHABLE},
	{"temporarily_unavailable", OAUTH_UNREACHABLE},
};

const char *oauth_outcome_text(enum oauth_outcome outcome)
{
	switch (outcome) {
	case OAUTH_DONE:
		return "done";
	case OAUTH_DENIED:
		return "denied by the person";
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

static enum oauth_outcome outcome_of(const char *standard)
{
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		if (strcmp(outcomes[i].error, standard) == 0)
			return outcomes[i].outcome;
	}
	return OAUTH_PROVIDER_REFUSED;
}

void oauth_result_from_error(struct oauth_result *r, const struct dialect *d, const char *error,
			     struct json_object *reply)
{
	char description[OAUTH_DETAIL_MAX];
	const char *text = "";

	if (json_read_string(reply, "error_description", DESCRIPTION_MAX, &text) < 0)
		text = "";
	sanitise(description, sizeof(description), text);
	oauth_result_set(r, outcome_of(dialect_standard_error(d, error)), "provider says %s%s%s", error,
			 description[0] != '\0' ? ": " : "", description);
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
