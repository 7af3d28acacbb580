/* SPDX-License-Identifier: MIT */
/* The names of the kinds of token. */
#include "helper/oauth/token_type.h"

#include <string.h>

static const struct {
	const char *word;
	const char *uri;
} types[] = {
	{"access-token", TOKEN_TYPE_ACCESS_TOKEN},
	{"id-token", TOKEN_TYPE_ID_TOKEN},
	{"jwt", TOKEN_TYPE_JWT},
	{"saml1", "urn:ietf:params:oauth:token-type:saml1"},
	{"saml2", "urn:ietf:params:oauth:token-type:saml2"},
};

const char *token_type_uri(const char *word)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].word, word) == 0 || strcmp(types[i].uri, word) == 0)
			return types[i].uri;
	return NULL;
}
