/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

/* How any flow can end; what a person and an administrator are told hangs on it. */
enum oauth_outcome {
	OAUTH_DONE = 0,
	OAUTH_DENIED,           /* the person said no */
	OAUTH_NOT_ADMITTED,     /* the provider says no of this person: switched off, not from here, nobody it knows */
	OAUTH_WRONG_PROOF,      /* a code or password that the person typed is wrong */
	OAUTH_EXPIRED,          /* nobody approved in time */
	OAUTH_UNREACHABLE,      /* network, time-out, TLS, fetch process gone, 5xx: neither yes nor no */
	OAUTH_BAD_REPLY,        /* a reply outside the specification */
	OAUTH_CLIENT_REFUSED,   /* our client settings are wrong at the provider: an administrator must act */
	OAUTH_PROVIDER_REFUSED, /* any other error the provider named */
	OAUTH_TOKEN_INVALID,    /* a token that must not be believed */
	OAUTH_TOKEN_REFUSED,    /* the provider does not accept an access token of its own any more */
	OAUTH_TOO_WEAK,         /* the person cannot sign in as strongly as was asked for (RFC 9470 section 5) */
	OAUTH_THROTTLED,        /* the provider wants fewer requests */
	OAUTH_NO_MEMORY,
};

#define OAUTH_DETAIL_MAX 240u

/* The outcome and one sanitised ASCII line about it for the log: never a code, token or header. */
struct oauth_result {
	enum oauth_outcome outcome;
	char detail[OAUTH_DETAIL_MAX];
};

const char *oauth_outcome_text(enum oauth_outcome outcome);
