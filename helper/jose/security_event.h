/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/jose/statement.h"

/* Events of OpenID Shared Signals (SSF 1.0), CAEP and RISC: what a provider tells those who listen. */

#define SECURITY_EVENTS_MAX 8u /* in one token */

/* What an event asks of this host; one may ask several. */
enum security_event_action {
	EVENT_REFUSES = 1 << 0, /* the person is out until the next sign-in */
	EVENT_DROPS_PIN = 1 << 1,
	EVENT_RECHECKS = 1 << 2, /* ask the provider again now */
};

struct security_event {
	struct json_object *claims;
	const char *issuer; /* these belong to the claims */
	const char *id;
	const char *subject_issuer; /* NULL: it is about nobody in particular, or in a form that is not understood */
	const char *subject;
	int64_t happened_s;   /* as it says, else when it was issued */
	unsigned int actions; /* 0: nothing that this host does anything about */
	char name
		[64]; /* the last part of the first event's name that asks for something, else of the first; printable */
};

/**
 * security_event_check() - verify signature, then every claim (SS-02 to SS-04)
 * @ret: set only on 0; security_event_done()
 * People are known by issuer and subject alone: a mail address, a phone number or an opaque id names nobody here (I5).
 * Return: 0; an enum jws_outcome > 0; an enum statement_outcome > 0; or a negative errno as jws_verify().
 */
int security_event_check(struct security_event *ret, const char *token, size_t len, const struct jwk_set *keys,
			 const struct statement_expectation *expect);

/** security_event_check_claims() - the second half alone, on an already verified JWS */
int security_event_check_claims(struct security_event *ret, const struct jws *jws,
				const struct statement_expectation *expect);
void security_event_done(struct security_event *e);
