/* SPDX-License-Identifier: MIT */
/*
 * The claims of an ID token: the input is the header, a line feed and the claims. What is accepted is looked at once
 * more here, by other means than the code under test uses.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "helper/jose/id_token.h"

#define ISSUER "https://login.example.com"
#define CLIENT "latchkey"
#define NOW 1800000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(int ok)
{
	if (!ok)
		abort();
}

static const char *text_of(struct json_object *claims, const char *name)
{
	struct json_object *o = json_object_object_get(claims, name);

	demand(json_object_is_type(o, json_type_string));
	return json_object_get_string(o);
}

static void look_again(struct json_object *claims)
{
	struct json_object *audience = json_object_object_get(claims, "aud");
	const char *subject = text_of(claims, "sub");
	double expiry = json_object_get_double(json_object_object_get(claims, "exp"));
	double issue = json_object_get_double(json_object_object_get(claims, "iat"));

	demand(strcmp(text_of(claims, "iss"), ISSUER) == 0);
	demand(strcmp(text_of(claims, "nonce"), "n") == 0);
	demand(strlen(subject) >= 1 && strlen(subject) <= ID_TOKEN_SUBJECT_MAX);
	demand(expiry > NOW - ID_TOKEN_SKEW_S && issue < NOW + ID_TOKEN_SKEW_S + 1 && issue >= NOW - 600);
	demand(strstr(json_object_get_string(audience), CLIENT) != NULL);
	if (json_object_object_get_ex(claims, "azp", NULL))
		demand(strcmp(text_of(claims, "azp"), CLIENT) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct id_token_expectation expect = {
		.issuer = ISSUER,
		.client_id = CLIENT,
		.nonce = "n",
		.access_token = "token",
		.algorithms = UINT32_MAX,
		.now_s = NOW,
	};
	const uint8_t *end = len > 0 ? memchr(data, '\n', len) : NULL;
	struct json_object *claims = NULL;
	char *text = NULL;
	struct jws j = {.algorithm = JWS_RS256};

	if (!end || len > 65536)
		return 0;
	text = strndup((const char *)data, (size_t)(end - data));
	j.payload_len = len - (size_t)(end + 1 - data);
	j.payload = malloc(j.payload_len + 1);
	if (text && j.payload) {
		memcpy(j.payload, end + 1, j.payload_len);
		j.payload[j.payload_len] = '\0';
		j.header = json_tokener_parse(text);
		if (id_token_check_claims(&claims, &j, &expect) == 0)
			look_again(claims);
		else
			demand(!claims);
	}
	json_object_put(claims);
	jws_done(&j);
	free(text);
	return 0;
}
