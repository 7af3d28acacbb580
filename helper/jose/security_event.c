/* SPDX-License-Identifier: MIT */
/* Judges the claims of a security event token whose signature was found good, and says what it asks of this host. Events
 * that are not known here ask for nothing, which is no fault (SS-09). */
#include "helper/jose/security_event.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/jose/token_claims.h"

#define CAEP "https://schemas.openid.net/secevent/caep/event-type/"
#define RISC "https://schemas.openid.net/secevent/risc/event-type/"
#define OAUTH "https://schemas.openid.net/secevent/oauth/event-type/"
#define NESTING_MAX 4u

static const struct kind {
	const char *name;
	unsigned int actions;
} kinds[] = {
	{CAEP "session-revoked", EVENT_REFUSES},
	{CAEP "credential-change", EVENT_DROPS_PIN | EVENT_RECHECKS},
	{CAEP "token-claims-change", EVENT_RECHECKS},
	{CAEP "assurance-level-change", EVENT_RECHECKS},
	{RISC "account-disabled", EVENT_REFUSES},
	{RISC "account-purged", EVENT_REFUSES | EVENT_DROPS_PIN},
	{RISC "sessions-revoked", EVENT_REFUSES},
	{RISC "credential-compromise", EVENT_REFUSES | EVENT_DROPS_PIN},
	{RISC "account-credential-change-required", EVENT_DROPS_PIN | EVENT_RECHECKS},
	{RISC "identifier-changed", EVENT_RECHECKS},
	{OAUTH "tokens-revoked", EVENT_RECHECKS},
	{OAUTH "token-revoked", EVENT_RECHECKS},
};

static unsigned int actions_of(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return kinds[i].actions;
	return 0;
}

/* --- whom it is about --------------------------------------------------------------------------------------------- */

static bool is_format(const struct json_object *o, const char *format, const char *old)
{
	/* RISC called it "subject_type" first, and Google still does. */
	return token_claims_is(o, "format", format) || token_claims_is(o, "subject_type", old);
}

/*
 * RFC 9493. Issuer and subject are looked for where they may stand: at the top, in the list of aliases, as the user of a
 * complex subject. What else a complex subject names, a device or a session, would narrow the event down to a part of what
 * the person runs: it counts for all of it.
 */
static void find_person(struct security_event *e, const struct json_object *o, unsigned int depth)
{
	struct json_object *more = NULL;

	if (depth == NESTING_MAX || e->subject != NULL)
		return;
	if (is_format(o, "iss_sub", "iss-sub") || is_format(o, "iss_sub", "iss_sub")) {
		const char *issuer;
		const char *subject;

		if (json_read_string(o, "iss", TOKEN_TEXT_MAX, &issuer) == 0 &&
		    token_claims_read_subject(o, &subject) == 0) {
			e->subject_issuer = issuer;
			e->subject = subject;
		}
		return;
	}
	if (json_object_object_get_ex(o, "user", &more)) {
		find_person(e, more, depth + 1);
	} else if (json_read_array(o, "identifiers", SECURITY_EVENTS_MAX, &more) == 0) {
		for (size_t i = 0; i < json_object_array_length(more); i++)
			find_person(e, json_object_array_get_idx(more, i), depth + 1);
	}
}

/* --- what has happened -------------------------------------------------------------------------------------------- */

static void keep_name(struct security_event *e, const char *name)
{
	const char *last = strrchr(name, '/');

	last = last != NULL ? last + 1 : name;
	text_sanitise(e->name, sizeof(e->name), last, strlen(last), false);
}

static int add_event(struct security_event *e, const char *name, const struct json_object *event)
{
	struct json_object *subject = NULL;
	unsigned int actions = actions_of(name);
	int64_t happened_s;
	int r;

	if (!json_object_is_type(event, json_type_object))
		return STATEMENT_EVENTS;
	if (e->name[0] == '\0' || (actions != 0 && e->actions == 0))
		keep_name(e, name);
	e->actions |= actions;
	/* Before SSF 1.0, and with RISC, the subject stood here. */
	if (json_object_object_get_ex(event, "subject", &subject))
		find_person(e, subject, 0);
	r = token_claims_read_date(event, "event_timestamp", &happened_s);
	if (r == -EBADMSG)
		return STATEMENT_MALFORMED;
	/* some count in milliseconds, against the standard: what is said to happen after its issue is as old as that */
	if (r == 0 && happened_s < e->happened_s)
		e->happened_s = happened_s;
	return 0;
}

static int read_events(struct security_event *e)
{
	struct json_object *events = NULL;
	int r = 0;

	(void)json_object_object_get_ex(e->claims, "events", &events);
	if (json_object_object_length(events) < 1 || json_object_object_length(events) > (int)SECURITY_EVENTS_MAX)
		return STATEMENT_EVENTS;
	json_object_object_foreach(events, name, event)
	{
		if (r == 0)
			r = add_event(e, name, event);
	}
	return r;
}

/* SS-02: neither "sub" nor "exp", by which an ID token or an access token could pass for one. */
static int check(struct security_event *e)
{
	struct json_object *subject = NULL;

	if (token_claims_has(e->claims, "sub") || token_claims_has(e->claims, "exp") ||
	    token_claims_has(e->claims, "nonce"))
		return STATEMENT_TYPE;
	if (token_claims_read_date(e->claims, "iat", &e->happened_s) != 0 ||
	    json_read_string(e->claims, "iss", TOKEN_TEXT_MAX, &e->issuer) != 0 ||
	    json_read_string(e->claims, "jti", STATEMENT_ID_MAX, &e->id) != 0)
		return STATEMENT_MALFORMED;
	if (json_object_object_get_ex(e->claims, "sub_id", &subject))
		find_person(e, subject, 0);
	return read_events(e);
}

int security_event_check_claims(struct security_event *ret, const struct jws *jws,
				const struct statement_expectation *expect)
{
	static const char *const types[] = {"secevent+jwt", NULL};
	struct security_event e = {.claims = NULL};
	int r = statement_check_common(&e.claims, jws, expect, types, false);

	if (r == 0)
		r = check(&e);
	if (r == 0)
		*ret = e;
	else
		security_event_done(&e);
	return r;
}

int security_event_check(struct security_event *ret, const char *token, size_t len, const struct jwk_set *keys,
			 const struct statement_expectation *expect)
{
	LK_CLEANUP(jws_done) struct jws jws = {0};
	int r = jws_verify(&jws, token, len, keys, expect->algorithms);

	return r == 0 ? security_event_check_claims(ret, &jws, expect) : r;
}

void security_event_done(struct security_event *e)
{
	json_object_put(e->claims);
	*e = (struct security_event){.claims = NULL};
}
