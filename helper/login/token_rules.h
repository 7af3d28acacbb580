/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "helper/base/cleanup.h"

/* Which tokens root's configuration lets a person have for their own programs. Unset means none. Pure. */

#define TOKEN_SCOPE_MAX 1024u
#define TOKEN_AUDIENCE_MAX 1024u
#define TOKEN_GIT_HOST_MAX 255u

struct token_rules {
	char **scopes;    /* NULL: no token is handed out; "all": whatever was granted */
	char **audiences; /* NULL: none but the provider's own choice; "all": any */
	char **git_hosts; /* "host" or "host:port" that git may show a token to; NULL: none */
	char **exchange; /* kinds of token, as token_type_uri() has them, that a token may be exchanged for; NULL: none */
};

/* Each NULL where not asked for. */
struct token_wish {
	const char *scope;    /* words with blanks between them */
	const char *audience; /* of an exchange: a logical name too */
	const char *git_host;
	const char *resource;       /* these two of an exchange alone */
	const char *requested_type; /* as token_type_uri() has it */
	bool is_exchange;
};

/**
 * token_rules_judge() - may such a token be handed out
 * @ret_scope: what to ask the provider for: NULL, all that was granted; set only on 0, to be freed
 * @ret_why:   for the log, where it may not be
 * The scope and the audience must be what RFC 6749 section 3.3, RFC 8707 section 2 and RFC 8693 section 2.1 (TX-02) let them be.
 * Return: 0, -EACCES, -EINVAL they cannot be such, -ENOMEM.
 */
int token_rules_judge(const struct token_rules *rules, const struct token_wish *wish, char **ret_scope,
		      const char **ret_why);

/** token_rules_allow_type() - may a token that an exchange brought be handed out. @type: the URI, or NULL where the provider did
 *  not say: then it is taken for an access token */
bool token_rules_allow_type(const struct token_rules *rules, const char *type);

void token_rules_done(struct token_rules *rules);
