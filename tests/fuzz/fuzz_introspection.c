/* SPDX-License-Identifier: MIT */
/* Replies of the introspection endpoint: a yes for JSON true alone, and for no other client. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/oauth/introspect_presented.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of a presented token a yes for the one subject and one of the clients alone, and with printable facts. */
static void try_presented(const char *body, size_t len)
{
	static const char *const clients[] = {"client", NULL};
	static const struct introspect_presented expect = {
		.subject = "s", .clients = clients, .scope = "a b", .now_s = 1700000000};
	struct oauth_result result = {.outcome = OAUTH_DONE};
	struct introspect_facts facts;
	struct json_object *o = NULL;
	const char *text;

	if (introspect_presented_parse(&facts, &result, &expect, body, len) != INTROSPECT_ACTIVE) {
		if (result.outcome == OAUTH_DONE)
			abort();
		return;
	}
	if (json_parse(&o, body, len) != 0 || json_read_string(o, "sub", 64, &text) != 0 || strcmp(text, "s") != 0 ||
	    json_read_string(o, "client_id", 64, &text) != 0 || strcmp(text, "client") != 0)
		abort();
	for (const char *p = facts.actor; *p != '\0'; p++)
		if (*p < 0x20 || *p > 0x7e)
			abort();
	json_object_put(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct introspect_expectation expect = {
		.client_id = "client", .issuer = "https://id.example", .now_s = 1700000000};
	struct oauth_result result = {.outcome = OAUTH_DONE};
	struct json_object *o = NULL, *active = NULL;
	const char *client;

	try_presented((const char *)data, size);
	if (introspect_parse(&result, &expect, (const char *)data, size) != INTROSPECT_ACTIVE) {
		if (result.outcome == OAUTH_DONE)
			abort();
		return 0;
	}
	if (json_parse(&o, (const char *)data, size) != 0 || !json_object_object_get_ex(o, "active", &active) ||
	    !json_object_is_type(active, json_type_boolean) || !json_object_get_boolean(active))
		abort();
	if (json_read_string(o, "client_id", 2048, &client) == 0 && strcmp(client, "client") != 0)
		abort();
	json_object_put(o);
	return 0;
}
