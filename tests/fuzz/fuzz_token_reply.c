/* SPDX-License-Identifier: MIT */
/* Replies of the token endpoint: tokens only without an error and with 200 or 201, each of them fit for a header. The
 * first byte chooses the provider's row, the second the status. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/oauth/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const unsigned statuses[] = {200, 201, 204, 302, 400, 401, 403, 408, 428, 429, 500, 503};

static void check_secret(const struct secret *s)
{
	if (s == NULL)
		return;
	if (secret_len(s) == 0 || strlen(secret_data(s)) != secret_len(s))
		abort();
	for (size_t i = 0; i < secret_len(s); i++) {
		if (secret_data(s)[i] < 0x21 || secret_data(s)[i] > 0x7e)
			abort();
	}
}

static void check_tokens(const struct token_set *t, unsigned status, const char *body, size_t len)
{
	struct json_object *o = NULL;

	if ((status != 200 && status != 201) || t->access_token == NULL || t->expires_in_s > 86400)
		abort();
	check_secret(t->access_token);
	check_secret(t->refresh_token);
	check_secret(t->id_token);
	if (json_parse(&o, body, len) == 0) {
		struct json_object *error = NULL;

		if (json_object_object_get_ex(o, "error", &error) && error != NULL)
			abort();
		json_object_put(o);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oauth_result result = {.outcome = OAUTH_DONE};
	struct token_set *tokens = NULL;
	uint32_t interval_s = 0;
	unsigned status;
	int r;

	if (size < 2)
		return 0;
	status = statuses[data[1] % (sizeof(statuses) / sizeof(statuses[0]))];
	r = token_reply_parse(&tokens, &interval_s, &result, dialect_at(data[0] % 11), status, (const char *)data + 2,
			      size - 2);
	if ((r == TOKEN_REPLY_TOKENS) != (tokens != NULL) || interval_s > 60)
		abort();
	if (r == TOKEN_REPLY_TOKENS)
		check_tokens(tokens, status, (const char *)data + 2, size - 2);
	if (r == TOKEN_REPLY_ERROR && result.outcome == OAUTH_DONE)
		abort();
	token_set_free(tokens);
	return 0;
}
