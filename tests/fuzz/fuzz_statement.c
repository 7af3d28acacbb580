/* SPDX-License-Identifier: MIT */
/*
 * The claims of logout tokens and security events: the input is the header, a line feed and the claims. What is accepted is
 * looked at once more here, and nothing is ever both kinds, or an ID token.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "helper/jose/id_token.h"
#include "helper/jose/logout_token.h"
#include "helper/jose/security_event.h"

#define ISSUER "https://login.example.com"
#define CLIENT "latchkey"
#define NOW 1800000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(int ok)
{
	if (!ok)
		abort();
}

static void demand_plain(const char *text)
{
	size_t len = strlen(text);

	demand(len >= 1 && len <= 255);
	for (; *text != '\0'; text++)
		demand(*text >= ' ' && *text <= '~');
}

static void look_at_logout(const struct logout_token *t)
{
	demand(strcmp(t->issuer, ISSUER) == 0);
	demand(t->subject != NULL || t->session != NULL);
	demand_plain(t->id);
	if (t->subject != NULL)
		demand_plain(t->subject);
	if (t->session != NULL)
		demand_plain(t->session);
	demand(t->issued_s <= NOW + STATEMENT_SKEW_S && t->issued_s >= NOW - LOGOUT_TOKEN_MAX_AGE_S);
	demand(json_object_object_get_ex(t->claims, "nonce", NULL) == 0);
}

static void look_at_event(const struct security_event *e)
{
	demand(strcmp(e->issuer, ISSUER) == 0);
	demand_plain(e->id);
	demand((e->subject == NULL) == (e->subject_issuer == NULL));
	if (e->subject != NULL)
		demand_plain(e->subject);
	demand(e->happened_s <= NOW + STATEMENT_SKEW_S);
	demand(e->actions < 8 && strlen(e->name) < sizeof(e->name));
	demand(json_object_object_get_ex(e->claims, "exp", NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct statement_expectation expect = {.issuer = ISSUER, .audience = CLIENT, .now_s = NOW};
	static const struct id_token_expectation as_id_token = {.issuer = ISSUER, .client_id = CLIENT, .now_s = NOW};
	const uint8_t *end = len > 0 ? memchr(data, '\n', len) : NULL;
	struct security_event event = {.claims = NULL};
	struct logout_token logout = {.claims = NULL};
	struct json_object *claims = NULL;
	struct jws j = {.algorithm = JWS_RS256};
	char *text = NULL;

	if (!end || len > 65536)
		return 0;
	text = strndup((const char *)data, (size_t)(end - data));
	j.payload_len = len - (size_t)(end + 1 - data);
	j.payload = malloc(j.payload_len + 1);
	if (text && j.payload) {
		memcpy(j.payload, end + 1, j.payload_len);
		j.payload[j.payload_len] = '\0';
		j.header = json_tokener_parse(text);
		if (logout_token_check_claims(&logout, &j, &expect) == 0)
			look_at_logout(&logout);
		if (security_event_check_claims(&event, &j, &expect) == 0)
			look_at_event(&event);
		demand(!logout.claims || !event.claims);
		if (logout.claims || event.claims)
			demand(id_token_check_claims(&claims, &j, &as_id_token) != 0);
	}
	logout_token_done(&logout);
	security_event_done(&event);
	json_object_put(claims);
	jws_done(&j);
	free(text);
	return 0;
}
