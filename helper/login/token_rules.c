/* SPDX-License-Identifier: MIT */
/* Whether a token may be handed out, before anybody asks the provider for it. */
#include "helper/login/token_rules.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "helper/base/buf.h"
#include "helper/base/text.h"
#include "helper/oauth/token_type.h"

static bool is_all(char *const *list)
{
	return list[0] != NULL && list[1] == NULL && strcmp(list[0], "all") == 0;
}

static bool has_word(char *const *list, const char *word, size_t len)
{
	for (; *list != NULL; list++)
		if (strlen(*list) == len && memcmp(*list, word, len) == 0)
			return true;
	return false;
}

/* RFC 6749 section 3.3: scope-token */
static bool is_scope(const char *scope)
{
	size_t len = strlen(scope);

	if (len == 0 || len > TOKEN_SCOPE_MAX || scope[0] == ' ' || scope[len - 1] == ' ' ||
	    strstr(scope, "  ") != NULL)
		return false;
	for (size_t i = 0; i < len; i++)
		if (scope[i] < 0x20 || scope[i] > 0x7e || scope[i] == '"' || scope[i] == '\\')
			return false;
	return true;
}

/* RFC 8693 section 2.1: a name that the provider knows */
static bool is_audience(const char *audience)
{
	size_t len = strlen(audience);

	if (len == 0 || len > TOKEN_AUDIENCE_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (audience[i] <= 0x20 || audience[i] > 0x7e)
			return false;
	return true;
}

/* TX-02: an absolute URI without a fragment */
static bool is_resource(const char *uri)
{
	size_t scheme = strcspn(uri, ":");

	if (!is_audience(uri) || strchr(uri, '#') != NULL || !isalpha((unsigned char)uri[0]) ||
	    scheme + 1 >= strlen(uri))
		return false;
	for (size_t i = 0; i < scheme; i++)
		if (!isalnum((unsigned char)uri[i]) && strchr("+-.", uri[i]) == NULL)
			return false;
	return true;
}

/* Without an exchange the audience goes to the provider as a resource. */
static bool is_possible(const struct token_wish *w)
{
	if (w->scope != NULL && !is_scope(w->scope))
		return false;
	if (w->audience != NULL && !(w->is_exchange ? is_audience(w->audience) : is_resource(w->audience)))
		return false;
	if (!w->is_exchange)
		return w->resource == NULL && w->requested_type == NULL;
	return (w->resource == NULL || is_resource(w->resource)) &&
	       (w->requested_type == NULL || token_type_uri(w->requested_type) != NULL) && w->git_host == NULL;
}

static bool scope_is_listed(char *const *list, const char *scope)
{
	while (*scope != '\0') {
		size_t len = strcspn(scope, " ");

		if (!has_word(list, scope, len))
			return false;
		scope += len + (scope[len] == ' ');
	}
	return true;
}

static bool git_host_is_listed(char *const *list, const char *host)
{
	for (; list != NULL && *list != NULL; list++)
		if (strcasecmp(*list, host) == 0)
			return true;
	return false;
}

static bool audience_is_listed(char *const *list, const char *audience)
{
	if (audience == NULL)
		return true;
	return list != NULL && (is_all(list) || has_word(list, audience, strlen(audience)));
}

bool token_rules_allow_type(const struct token_rules *rules, const char *type)
{
	const char *uri = type != NULL ? token_type_uri(type) : TOKEN_TYPE_ACCESS_TOKEN;

	for (char *const *word = rules->exchange; uri != NULL && word != NULL && *word != NULL; word++)
		if (strcmp(token_type_uri(*word), uri) == 0)
			return true;
	return false;
}

static int join(char **ret, char *const *list)
{
	LK_CLEANUP(buf_done) struct buf b = {.max = TOKEN_SCOPE_MAX};

	for (size_t i = 0; list[i] != NULL; i++) {
		buf_append_text(&b, i > 0 ? " " : "");
		buf_append_text(&b, list[i]);
	}
	*ret = buf_steal(&b);
	return *ret != NULL ? 0 : -ENOMEM;
}

static int refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EACCES;
}

int token_rules_judge(const struct token_rules *rules, const struct token_wish *wish, char **ret_scope,
		      const char **ret_why)
{
	if (!is_possible(wish))
		return -EINVAL;
	if (rules->scopes == NULL)
		return refuse(ret_why, "token_scopes is not set");
	if (wish->scope != NULL && !is_all(rules->scopes) && !scope_is_listed(rules->scopes, wish->scope))
		return refuse(ret_why, "the scope is not in token_scopes");
	if (!audience_is_listed(rules->audiences, wish->audience) ||
	    !audience_is_listed(rules->audiences, wish->resource))
		return refuse(ret_why, "the audience is not in token_audiences");
	if (wish->is_exchange && rules->exchange == NULL)
		return refuse(ret_why, "token_exchange is not set");
	if (wish->requested_type != NULL && !token_rules_allow_type(rules, wish->requested_type))
		return refuse(ret_why, "the kind of token is not in token_exchange");
	if (wish->git_host != NULL && !git_host_is_listed(rules->git_hosts, wish->git_host))
		return refuse(ret_why, "the host is not in git_hosts");

	if (wish->scope != NULL) {
		*ret_scope = strdup(wish->scope);
		return *ret_scope != NULL ? 0 : -ENOMEM;
	}
	/* What an audience of its own can be asked for is for the provider to know. */
	if (wish->audience == NULL && wish->resource == NULL && !is_all(rules->scopes))
		return join(ret_scope, rules->scopes);
	*ret_scope = NULL;
	return 0;
}

void token_rules_done(struct token_rules *rules)
{
	text_free_list(rules->scopes);
	text_free_list(rules->audiences);
	text_free_list(rules->git_hosts);
	text_free_list(rules->exchange);
}
