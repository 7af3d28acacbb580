/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "helper/jose/statement.h"

/* A good statement's claims, changed for one test each. */

#define NOW INT64_C(1800000000)
#define ISSUER "https://login.example.com/realms/house"
#define CLIENT "latchkey"

static const struct statement_expectation usual = {
	.issuer = ISSUER, .audience = CLIENT, .algorithms = UINT32_MAX, .now_s = NOW};

/** changed_claims() - @good with the members of @changes in place of its own, and without @removed; release with free() */
static inline char *changed_claims(const char *good, const char *changes, const char *removed)
{
	struct json_object *o = json_tokener_parse(good);
	struct json_object *more = json_tokener_parse(changes);
	char *text;

	if (o == NULL || more == NULL)
		abort();
	json_object_object_foreach(more, key, value)
	{
		json_object_object_add(o, key, json_object_get(value));
	}
	if (removed != NULL)
		json_object_object_del(o, removed);
	text = strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(more);
	json_object_put(o);
	return text;
}
