/* SPDX-License-Identifier: MIT */
/* Replies to a token exchange: a token only where no error is named, of the kind that was asked for, and never a refresh token. The
 * first byte chooses the dialect, the second what was asked for and the status. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/oauth/reply.h"
#include "helper/oauth/token_exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tokens(const struct token_set *t, const struct dialect *d, const char *requested)
{
	if (t->access_token == NULL || secret_len(t->access_token) == 0 || t->refresh_token != NULL)
		abort();
	if (t->issued_token_type == NULL && !d->exchange_omits_issued_type)
		abort();
	if (t->issued_token_type != NULL && (!reply_is_visible(t->issued_token_type) ||
					     (requested != NULL && strcmp(t->issued_token_type, requested) != 0)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const requests[] = {NULL, TOKEN_TYPE_ACCESS_TOKEN, TOKEN_TYPE_JWT};
	static const unsigned statuses[] = {200, 201, 400, 401, 429, 503};
	struct oauth_result result = {.outcome = OAUTH_DONE};
	struct json_object *o = NULL, *error = NULL;
	struct token_set *tokens = NULL;
	const struct dialect *d;
	const char *requested;
	unsigned status;

	if (size < 2)
		return 0;
	d = dialect_at(data[0] % 11);
	requested = requests[data[1] % 3];
	status = statuses[data[1] / 3 % 6];
	if (token_exchange_parse(&tokens, &result, d, requested, status, (const char *)data + 2, size - 2) !=
	    result.outcome)
		abort();
	if ((tokens != NULL) != (result.outcome == OAUTH_DONE))
		abort();
	if (tokens == NULL)
		return 0;
	check_tokens(tokens, d, requested);
	if (status > 201)
		abort();
	if (json_parse(&o, (const char *)data + 2, size - 2) == 0) {
		if (json_object_object_get_ex(o, "error", &error) && error != NULL)
			abort();
		json_object_put(o);
	}
	token_set_free(tokens);
	return 0;
}
