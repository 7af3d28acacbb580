/* SPDX-License-Identifier: MIT */
/* Whether a presented token is believed. Must never take a member that is missing, or of another type, for one that fits. */
#include "helper/oauth/introspect_presented.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "helper/base/json.h"
#include "helper/base/text.h"
#include "helper/oauth/error.h"

#define TEXT_MAX 2048u
#define SCOPE_MAX 4096u
#define AUDIENCES_MAX 64u
#define SKEW_S 60

static const char endpoint[] = "introspection";

/* Return: NULL, or why not. */
typedef const char *(*rule)(const struct json_object *o, const struct introspect_presented *expect);

static const char *judge_kind(const struct json_object *o, const struct introspect_presented *expect)
{
	struct json_object *cnf = NULL;
	const char *type;
	int r = json_read_string(o, "token_type", TEXT_MAX, &type);

	(void)expect;
	if (json_object_object_get_ex(o, "cnf", &cnf) && cnf != NULL)
		return "the token is bound to a key that nobody has shown";
	/* Salesforce says "access_token" where others say "Bearer". */
	if (r == 0 && strcasecmp(type, "bearer") != 0 && strcasecmp(type, "access_token") != 0)
		return "it is no bearer token";
	return r == 0 || r == -ENOENT ? NULL : "token_type is no text";
}

static const char *judge_subject(const struct json_object *o, const struct introspect_presented *expect)
{
	const char *text;

	if (json_read_string(o, "sub", TEXT_MAX, &text) != 0 || strcmp(text, expect->subject) != 0)
		return "it is a token of somebody else";
	return NULL;
}

static bool is_listed(const char *const *list, const char *text)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, text) == 0)
			return true;
	return false;
}

static const char *judge_client(const struct json_object *o, const struct introspect_presented *expect)
{
	const char *text;

	if (json_read_string(o, "client_id", TEXT_MAX, &text) != 0 || !is_listed(expect->clients, text))
		return "it was issued to another client";
	return NULL;
}

static const char *judge_issuer(const struct json_object *o, const struct introspect_presented *expect)
{
	const char *text;
	int r = json_read_string(o, "iss", TEXT_MAX, &text);

	if (r == -ENOENT)
		return NULL;
	return r < 0 || (expect->issuer != NULL && strcmp(text, expect->issuer) != 0) ? "it is of another issuer"
										      : NULL;
}

static const char *judge_audience(const struct json_object *o, const struct introspect_presented *expect)
{
	struct json_object *list = NULL;
	const char *text;

	if (expect->audience == NULL)
		return NULL;
	if (json_read_string(o, "aud", TEXT_MAX, &text) == 0)
		return strcmp(text, expect->audience) == 0 ? NULL : "it is meant for another service";
	if (json_read_array(o, "aud", AUDIENCES_MAX, &list) != 0)
		return "it is meant for another service";
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		if (json_object_is_type(one, json_type_string) &&
		    (size_t)json_object_get_string_len(one) == strlen(expect->audience) &&
		    strcmp(json_object_get_string(one), expect->audience) == 0)
			return NULL;
	}
	return "it is meant for another service";
}

static bool has_word(const char *words, const char *word, size_t len)
{
	while (*words != '\0') {
		size_t n = strcspn(words, " ");

		if (n == len && memcmp(words, word, len) == 0)
			return true;
		words += n + (words[n] == ' ');
	}
	return false;
}

static const char *judge_scope(const struct json_object *o, const struct introspect_presented *expect)
{
	const char *wanted = expect->scope, *text;

	if (wanted == NULL)
		return NULL;
	if (json_read_string(o, "scope", SCOPE_MAX, &text) != 0)
		return "it has another scope";
	while (*wanted != '\0') {
		size_t n = strcspn(wanted, " ");

		if (n > 0 && !has_word(text, wanted, n))
			return "it has another scope";
		wanted += n + (wanted[n] == ' ');
	}
	return NULL;
}

static const char *judge_strength(const struct json_object *o, const struct introspect_presented *expect)
{
	const char *text;
	int64_t when_s;

	if (expect->classes != NULL &&
	    (json_read_string(o, "acr", TEXT_MAX, &text) != 0 || !is_listed(expect->classes, text)))
		return "its sign-in was not of the kind that is wanted";
	if (expect->max_age_s > 0 && (json_read_int(o, "auth_time", 0, INT64_C(1) << 53, &when_s) != 0 ||
				      when_s > expect->now_s + SKEW_S || expect->now_s - when_s > expect->max_age_s))
		return "its sign-in is too long ago";
	return NULL;
}

static void copy_text(char *out, size_t size, const struct json_object *o, const char *key)
{
	const char *text;

	if (json_read_string(o, key, TEXT_MAX, &text) == 0)
		text_sanitise(out, size, text, strlen(text), false);
}

static void read_facts(struct introspect_facts *ret, const struct json_object *o)
{
	*ret = (struct introspect_facts){.expires_s = 0};
	if (json_read_int(o, "exp", 0, INT64_C(1) << 53, &ret->expires_s) != 0)
		ret->expires_s = 0;
	copy_text(ret->client, sizeof(ret->client), o, "client_id");
	actor_read(ret->actor, o);
}

enum introspect_outcome introspect_presented_parse(struct introspect_facts *ret, struct oauth_result *result,
						   const struct introspect_presented *expect, const char *body,
						   size_t len)
{
	static const rule rules[] = {judge_kind,     judge_subject, judge_client,  judge_issuer,
				     judge_audience, judge_scope,   judge_strength};
	/* Of whom it is may be said in members that are compared below. */
	const struct introspect_expectation times = {.now_s = expect->now_s};
	LK_CLEANUP(json_put_wipedp) struct json_object *o = NULL;
	enum introspect_outcome outcome = introspect_parse(result, &times, body, len);

	if (outcome != INTROSPECT_ACTIVE)
		return outcome;
	if (json_parse(&o, body, len) < 0) {
		oauth_result_set(result, OAUTH_NO_MEMORY, "%s: out of memory", endpoint);
		return INTROSPECT_UNREACHABLE;
	}
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const char *why = rules[i](o, expect);

		if (why != NULL) {
			oauth_result_set(result, OAUTH_TOKEN_INVALID, "%s: %s", endpoint, why);
			return INTROSPECT_INACTIVE;
		}
	}
	read_facts(ret, o);
	*result = (struct oauth_result){.outcome = OAUTH_DONE};
	return INTROSPECT_ACTIVE;
}
