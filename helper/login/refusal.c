/* SPDX-License-Identifier: MIT */
/*
 * The words of every refusal, in one place, so that nobody can tell from a text which check failed where that would tell
 * a stranger something. ASCII only: ssh shows everything else as octal escapes.
 */
#include "helper/login/refusal.h"

#include <stdio.h>
#include <string.h>

#include "helper/base/text.h"
#include "helper/protocol/names.h"

#define TITLE_MAX 96u

static const struct {
	const char *reason;
	const char *message; /* "%": the provider */
} texts[] = {
	{REASON_DENIED, "Sign-in refused: the request was declined at the provider."},
	{REASON_EXPIRED, "Sign-in refused: nobody approved in time. Connect again for a new code."},
	{REASON_WRONG_ACCOUNT, "Sign-in refused: it was approved by somebody who is not the account you asked for."},
	{REASON_NOT_ALLOWED, "Sign-in refused: this account may not use this service on this host."},
	{REASON_UNAVAILABLE, "Sign-in is not possible now: the provider cannot be reached. Try again in a minute."},
	{REASON_PROVIDER_ERROR, "Sign-in failed: the provider answered with an error. Tell the administrator."},
	{REASON_TOKEN_INVALID, "Sign-in refused: the provider's answer could not be verified. Tell the administrator."},
	{REASON_CONNECT_AGAIN, "Your account is ready. Please connect again."},
	{REASON_TOO_MANY, "Too many sign-ins were begun. Wait a minute and try again."},
	{REASON_CONFIGURATION, "Sign-in is not possible: this host is not set up correctly. Tell the administrator."},
	{REASON_NO_STORE, "Sign-in is not possible now: this host cannot store accounts. Tell the administrator."},
	{REASON_NAME_TAKEN, "Sign-in refused: this account name belongs to somebody else. Tell the administrator."},
	{REASON_RENAMED, "Sign-in refused: your account has another name now. Connect with the new one."},
	{REASON_TOO_WEAK,
	 "Sign-in refused: this service asks for a stronger way of signing in at the provider, such as a "
	 "second factor. Sign in there that way and try again."},
	{REASON_TOO_OLD,
	 "Sign-in refused: you signed in at the provider too long ago for this service. Sign out there, "
	 "sign in again and try again."},
	{REASON_NOT_TOLD, "Sign-in refused: the provider does not say how or when you signed in, and this service asks "
			  "for it. Tell the administrator."},
	{REASON_PUSH_PENDING, "A request went to your own device a moment ago. Answer that one first; a new one can be "
			      "sent in a minute or two."},
	{REASON_NO_SCREEN, "Sign-in needs a terminal, to show you what to approve."},
	{REASON_REFUSED,
	 "Refused: % does not let your account in any more. Once it does, sign in again, without a key."},
	{REASON_LOCKED, "Your tokens are locked on this host: they are handed out again after your next sign-in."},
	{REASON_NOT_HANDED_OUT, "This host does not hand out such a token. An administrator can allow it."},
	{REASON_WRONG_PIN, "Sign-in refused: that PIN is wrong."},
	{REASON_WRONG_PROOF,
	 "Sign-in refused: what you typed is wrong, too old, or of another sign-in. Connect again."},
	{REASON_PIN_BLOCKED, "Sign-in refused: too many wrong PINs. Wait, or sign in when % can be reached again."},
	{REASON_PIN_NOT_SET, "No PIN was set."},
	{REASON_NOTHING_PRESENTED, "Refused: this is a service account. A program shows a signed assertion here "
				   "instead of a person who signs in: "
				   "set SSH_ASKPASS to one that runs 'latchkey assert', see latchkey(1)."},
	{REASON_NOT_BELIEVED, "Refused: what was presented is not believed. The log of this host says why."},
	{REASON_CLOCK, "Refused: the clocks of this host and of whoever made what was presented differ by more than a "
		       "minute. Set the wrong one right."},
	{REASON_SIGN_IN_NEEDED, "Refused: sign in at % first, once and without a key."},
};

static const char *message_of(const char *reason)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i].reason, reason) == 0)
			return texts[i].message;
	return "Sign-in refused.";
}

void refusal_text(char *out, const char *reason, const char *provider, const char *reference)
{
	const char *message = message_of(reason);
	const char *gap = strchr(message, '%');
	char title[TITLE_MAX] = "your provider";

	if (provider != NULL)
		text_sanitise(title, sizeof(title), provider, strlen(provider), false);
	if (gap == NULL)
		(void)snprintf(out, REFUSAL_TEXT_MAX, "%s", message);
	else
		(void)snprintf(out, REFUSAL_TEXT_MAX, "%.*s%s%s", (int)(gap - message), message, title, gap + 1);
	if (reference != NULL) {
		size_t len = strlen(out);

		(void)snprintf(out + len, REFUSAL_TEXT_MAX - len, " (reference %s)", reference);
	}
}

const char *refusal_of_oauth(enum oauth_outcome outcome)
{
	switch (outcome) {
	case OAUTH_DENIED:
		return REASON_DENIED;
	case OAUTH_NOT_ADMITTED:
		return REASON_REFUSED;
	case OAUTH_WRONG_PROOF:
		return REASON_WRONG_PROOF;
	case OAUTH_EXPIRED:
		return REASON_EXPIRED;
	case OAUTH_UNREACHABLE:
	case OAUTH_THROTTLED:
	case OAUTH_NO_MEMORY:
		return REASON_UNAVAILABLE;
	case OAUTH_TOO_WEAK:
		return REASON_TOO_WEAK;
	case OAUTH_CLIENT_REFUSED:
		return REASON_CONFIGURATION;
	case OAUTH_TOKEN_INVALID:
	case OAUTH_TOKEN_REFUSED:
		return REASON_TOKEN_INVALID;
	case OAUTH_BAD_REPLY:
	case OAUTH_PROVIDER_REFUSED:
	case OAUTH_DONE: /* a success that somebody took for a failure must stay a refusal */
		return REASON_PROVIDER_ERROR;
	}
	return REASON_PROVIDER_ERROR;
}

const char *refusal_of_account(int outcome)
{
	switch (outcome) {
	case ACCOUNT_NAME_TAKEN:
	case ACCOUNT_NAME_RETIRED:
	case ACCOUNT_NAME_LOCAL:
	case ACCOUNT_IDENTITY_TAKEN:
	case ACCOUNT_OUT_OF_BOUNDS:
		return REASON_NAME_TAKEN;
	case ACCOUNT_IDENTITY_FORGOTTEN:
		return REASON_NOT_ALLOWED;
	case ACCOUNT_ID_NOT_ALLOWED:
	case ACCOUNT_ID_TAKEN:
	case ACCOUNT_ID_DIFFERS:
		return REASON_CONFIGURATION;
	default:
		return REASON_NO_STORE;
	}
}

const char *refusal_account_text(int outcome)
{
	switch (outcome) {
	case ACCOUNT_NAME_TAKEN:
		return "the name is another identity's; 'latchkey show NAME' says whose";
	case ACCOUNT_NAME_RETIRED:
		return "the name was another account's; 'latchkey accounts release NAME' lets somebody else have it";
	case ACCOUNT_NAME_LOCAL:
		return "the name is a local or reserved one";
	case ACCOUNT_IDENTITY_FORGOTTEN:
		return "the person was forgotten; 'latchkey accounts release NAME' lets them in again, with a new UID";
	case ACCOUNT_NO_UID:
		return "no free UID is left";
	case ACCOUNT_OUT_OF_BOUNDS:
		return "the account's number or home is outside what [accounts] has now";
	case ACCOUNT_ID_NOT_ALLOWED:
		return "the provider tells a uid or gid outside uid_min to uid_max and migrated_ids";
	case ACCOUNT_ID_TAKEN:
		return "the provider tells a uid or gid that is a local one, or somebody else's here";
	case ACCOUNT_ID_DIFFERS:
		return "the provider tells another uid or gid than the account has; 'latchkey accounts move' would "
		       "change it";
	case ACCOUNT_IDENTITY_TAKEN:
		return "the identity has another account";
	case ACCOUNT_FIELD_INVALID:
		return "a field cannot be so: a name of the grammar, plain absolute paths, a subject of 1 to 255 bytes";
	default:
		return outcome < 0 ? strerror(-outcome) : "the store refused";
	}
}
