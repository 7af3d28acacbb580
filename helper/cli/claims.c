/* SPDX-License-Identifier: MIT */
/*
 * Says in words what a token's members mean. Explains only; whether to believe them is decided in helper/jose.
 */
#include "helper/cli/claims.h"

#include <string.h>

#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/cli/render.h"

#define CLAIM_SHOWN_MAX 512u

struct meaning {
	const char *name;
	const char *text;
	bool is_time;
};

static const struct meaning meanings[] = {
	{"alg", "how it is signed", false},
	{"kid", "which of the provider's keys signed it", false},
	{"typ", "what kind of token it says it is", false},
	{"iss", "the provider that issued it", false},
	{"sub", "the person or service, in the provider's own terms", false},
	{"aud", "the client that it is for", false},
	{"azp", "the client that asked for it", false},
	{"exp", "expires", true},
	{"iat", "issued", true},
	{"nbf", "not valid before", true},
	{"auth_time", "when the person signed in", true},
	{"updated_at", "when the profile changed last", true},
	{"nonce", "ties it to one request", false},
	{"jti", "its serial number", false},
	{"sid", "the session at the provider", false},
	{"acr", "how strong the sign-in was", false},
	{"amr", "by what means the person signed in", false},
	{"at_hash", "fingerprint of the access token", false},
	{"c_hash", "fingerprint of the authorization code", false},
	{"email", "e-mail address", false},
	{"email_verified", "did the provider verify the address", false},
	{"name", "full name", false},
	{"given_name", "first name", false},
	{"family_name", "last name", false},
	{"preferred_username", "name the person goes by; it may change", false},
	{"upn", "name the person signs in with; it may change", false},
	{"groups", "groups at the provider", false},
	{"roles", "roles at the provider", false},
	{"scope", "what it allows", false},
	{"scp", "what it allows", false},
	{"client_id", "the client that asked for it", false},
	{"hd", "the Google Workspace domain", false},
	{"tid", "the Entra tenant", false},
	{"oid", "the person, in the Entra tenant", false},
	{"ver", "version of the token's form", false},
};

static const struct meaning *find_meaning(const char *name)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (strcmp(meanings[i].name, name) == 0)
			return &meanings[i];
	}
	return NULL;
}

static void explain_time(const struct command *c, const char *name, const struct meaning *m, int64_t when,
			 int64_t now_s)
{
	char stamp[64], distance[64];
	int64_t apart;

	render_time(stamp, sizeof(stamp), when);
	if (__builtin_sub_overflow(when, now_s, &apart) || apart == INT64_MIN) {
		(void)fprintf(c->out, "  %-18s %s (%s)\n", name, stamp, m->text);
		return;
	}
	render_duration(distance, sizeof(distance), apart < 0 ? -apart : apart);
	(void)fprintf(c->out, "  %-18s %s, %s%s%s (%s)\n", name, stamp, apart < 0 ? "" : "in ", distance,
		      apart < 0 ? " ago" : "", m->text);
}

static void explain(const struct command *c, const struct json_object *o, const char *key, int64_t now_s)
{
	const struct meaning *m = find_meaning(key);
	char name[64], value[CLAIM_SHOWN_MAX];
	int64_t when;

	text_sanitise(name, sizeof(name), key, strlen(key), c->utf8);
	if (m && m->is_time && json_read_int(o, key, INT64_MIN, INT64_MAX, &when) == 0) {
		explain_time(c, name, m, when, now_s);
		return;
	}
	render_member_text(c, value, sizeof(value), o, key);
	(void)fprintf(c->out, "  %-18s %s%s%s%s\n", name, value, m ? " (" : "", m ? m->text : "", m ? ")" : "");
}

void claims_explain(const struct command *c, const struct json_object *o, int64_t now_s)
{
	if (!json_object_is_type(o, json_type_object))
		return;

	json_object_object_foreach(o, key, value)
	{
		(void)value;
		explain(c, o, key, now_s);
	}
}
