/* SPDX-License-Identifier: MIT */
/* Reads replies of the token endpoint. An error member decides on any HTTP status, since providers report "pending" with
 * 200, 400, 401, 403 and 428; tokens count only without one. Must never keep a token outside a secret. */
#include "helper/oauth/token.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "helper/base/json.h"
#include "helper/oauth/error.h"
#include "helper/oauth/reply.h"

#define TOKEN_BYTES_MAX (16u * 1024u) /* it has to fit a request header */
#define ID_TOKEN_BYTES_MAX (60u * 1024u)
#define SCOPE_BYTES_MAX 4096u
#define TOKEN_LIFETIME_MAX_S 86400u
#define INTERVAL_MAX_S 60u
#define TOKEN_TYPE_MAX 256u

static const char endpoint[] = "token endpoint";

void token_set_free(struct token_set *t)
{
	if (t == NULL)
		return;
	secret_free(t->access_token);
	secret_free(t->refresh_token);
	secret_free(t->id_token);
	free(t->scope);
	free(t->nonce);
	free(t->issued_token_type);
	free(t);
}

static int refuse(struct oauth_result *result, const char *why)
{
	oauth_result_set(result, OAUTH_BAD_REPLY, "%s: %s", endpoint, why);
	return TOKEN_REPLY_ERROR;
}

static bool scope_is_valid(const char *scope)
{
	for (const char *p = scope; *p != '\0'; p++) {
		if (*p < 0x20 || *p > 0x7e || *p == '"' || *p == '\\')
			return false;
	}
	return true;
}

/* RFC 6749 section 5.1. An empty scope, as GitHub sends it, counts as none. */
static int read_scope(struct token_set *t, const struct json_object *o)
{
	struct json_object *member = NULL;
	const char *text;
	int r;

	if (json_object_object_get_ex(o, "scope", &member) && json_object_is_type(member, json_type_string) &&
	    json_object_get_string_len(member) == 0)
		return 0;
	r = json_read_string(o, "scope", SCOPE_BYTES_MAX, &text);
	if (r < 0)
		return r;
	if (!scope_is_valid(text))
		return -EBADMSG;
	t->scope = strdup(text);
	return t->scope != NULL ? 0 : -ENOMEM;
}

/* RFC 8693 section 2.2.1: what it is that came as access_token; N_A where it is nothing to be shown as one. */
static int read_issued_type(struct token_set *t, const struct json_object *o, const struct dialect *d)
{
	const char *type;
	int r = json_read_string(o, "issued_token_type", TOKEN_TYPE_MAX, &type);

	if (r == -ENOENT && d->exchange_omits_issued_type)
		return 0;
	if (r < 0 || type[0] == '\0' || !reply_is_visible(type))
		return -EBADMSG;
	t->issued_token_type = strdup(type);
	return t->issued_token_type != NULL ? 0 : -ENOMEM;
}

/* @d: of an exchange; NULL for every other reply */
static int read_fields(struct token_set *t, const struct json_object *o, const struct dialect *d, const char **why)
{
	const char *type;
	int r;

	*why = "no access token";
	r = reply_secret(&t->access_token, o, "access_token", TOKEN_BYTES_MAX);
	if (r < 0)
		return r == -ENOENT ? -EBADMSG : r;

	/* OA-10, N19: a token of another type would need a proof that we do not send */
	*why = "token_type is not Bearer";
	if (json_read_string(o, "token_type", 32, &type) < 0)
		return -EBADMSG;
	t->is_bearer = strcasecmp(type, "bearer") == 0;
	if (!t->is_bearer && (d == NULL || strcasecmp(type, "N_A") != 0))
		return -EBADMSG;
	*why = "no issued_token_type";
	r = d != NULL ? read_issued_type(t, o, d) : 0;
	if (r < 0)
		return r;

	*why = "refresh_token cannot be read";
	r = reply_secret(&t->refresh_token, o, "refresh_token", TOKEN_BYTES_MAX);
	if (r < 0 && r != -ENOENT)
		return r;
	*why = "id_token cannot be read";
	r = reply_secret(&t->id_token, o, "id_token", ID_TOKEN_BYTES_MAX);
	if (r < 0 && r != -ENOENT)
		return r;
	*why = "scope cannot be read";
	r = read_scope(t, o);
	if (r < 0 && r != -ENOENT)
		return r;
	*why = "expires_in cannot be read";
	r = reply_seconds(o, "expires_in", TOKEN_LIFETIME_MAX_S, &t->expires_in_s);
	return r == -ENOENT ? 0 : r;
}

static int read_tokens(struct token_set **ret, struct oauth_result *result, const struct json_object *o,
		       const struct dialect *exchange)
{
	LK_CLEANUP(token_set_freep) struct token_set *t = calloc(1, sizeof(*t));
	const char *why = "";
	int r;

	if (t == NULL)
		return -ENOMEM;
	r = read_fields(t, o, exchange, &why);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return refuse(result, why);
	*ret = LK_STEAL(t);
	return TOKEN_REPLY_TOKENS;
}

static int read_error(uint32_t *ret_interval_s, struct oauth_result *result, const struct dialect *d,
		      struct json_object *o, const char *error)
{
	const char *standard = dialect_standard_error(d, error);
	uint32_t interval_s = 0;

	if (strcmp(standard, "authorization_pending") == 0)
		return TOKEN_REPLY_PENDING;
	if (strcmp(standard, "slow_down") == 0) {
		if (reply_seconds(o, "interval", INTERVAL_MAX_S, &interval_s) < 0)
			interval_s = 0;
		*ret_interval_s = interval_s;
		return TOKEN_REPLY_SLOW_DOWN;
	}
	oauth_result_from_error(result, d, error, o);
	return TOKEN_REPLY_ERROR;
}

/* Only its status is left to judge: some machine between us and the provider may have answered. */
static int read_status(struct oauth_result *result, unsigned status, const char *body, size_t len)
{
	size_t i = 0;

	if (status == 429)
		return TOKEN_REPLY_SLOW_DOWN;
	while (i < len && strchr(" \t\r\n", body[i]) != NULL && body[i] != '\0')
		i++;
	if (status >= 500 || status == 408 || (i < len && body[i] == '<' && (status < 300 || status >= 400)))
		return TOKEN_REPLY_RETRY;
	oauth_result_from_status(result, endpoint, status);
	return TOKEN_REPLY_ERROR;
}

static int parse(struct token_set **ret, uint32_t *ret_interval_s, struct oauth_result *result, const struct dialect *d,
		 bool is_exchange, unsigned status, const char *body, size_t len)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *o = NULL;
	const char *error;
	int r;

	*ret_interval_s = 0;
	r = reply_object(&o, body, len);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return read_status(result, status, body, len);

	r = json_read_string(o, "error", OAUTH_ERROR_MAX, &error);
	if (r == 0)
		return read_error(ret_interval_s, result, d, o, error);
	if (r != -ENOENT)
		return status >= 500 ? TOKEN_REPLY_RETRY : refuse(result, "error is not a short text");
	if (status != 200 && status != 201)
		return read_status(result, status, body, len);
	return read_tokens(ret, result, o, is_exchange ? d : NULL);
}

int token_reply_parse(struct token_set **ret, uint32_t *ret_interval_s, struct oauth_result *result,
		      const struct dialect *d, unsigned status, const char *body, size_t len)
{
	return parse(ret, ret_interval_s, result, d, false, status, body, len);
}

int token_reply_parse_exchanged(struct token_set **ret, uint32_t *ret_interval_s, struct oauth_result *result,
				const struct dialect *d, unsigned status, const char *body, size_t len)
{
	return parse(ret, ret_interval_s, result, d, true, status, body, len);
}

void token_reply_explain(struct oauth_result *result, int reply, const char *what, unsigned status)
{
	switch (reply) {
	case TOKEN_REPLY_TOKENS:
	case TOKEN_REPLY_ERROR:
		break;
	case TOKEN_REPLY_PENDING:
		oauth_result_set(result, OAUTH_BAD_REPLY, "%s: \"pending\", where nobody is to approve", what);
		break;
	case TOKEN_REPLY_SLOW_DOWN:
		oauth_result_set(result, OAUTH_THROTTLED, "%s: the provider wants fewer requests", what);
		break;
	case TOKEN_REPLY_RETRY:
		oauth_result_set(result, OAUTH_UNREACHABLE, "%s: HTTP %u, no answer of the token endpoint itself", what,
				 status);
		break;
	default:
		oauth_result_set(result, OAUTH_NO_MEMORY, "%s: out of memory", what);
		break;
	}
}
