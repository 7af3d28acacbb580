/* SPDX-License-Identifier: MIT */
/* Replies to a refresh: tokens for "done" alone, and a "no" only where the provider's error says so. The first byte chooses
 * the provider's row, the second the status. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "helper/base/json.h"
#include "helper/oauth/refresh_reply.h"
#include "helper/oauth/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const unsigned statuses[] = {200, 201, 204, 302, 400, 401, 403, 408, 428, 429, 500, 503};

static void check_no(const char *body, size_t len)
{
	struct json_object *o = NULL;
	const char *error;

	if (reply_object(&o, body, len) != 0 || json_read_string(o, "error", 128, &error) != 0)
		abort();
	json_object_put(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oauth_result result = {.outcome = OAUTH_DONE};
	const char *body = (const char *)data + 2;
	struct token_set *tokens = NULL;
	enum refresh_outcome outcome;
	unsigned status;

	if (size < 2)
		return 0;
	status = statuses[data[1] % (sizeof(statuses) / sizeof(statuses[0]))];
	outcome = refresh_reply_parse(&tokens, &result, dialect_at(data[0] % 11), status, body, size - 2);
	if ((outcome == REFRESH_DONE) != (tokens != NULL) ||
	    (outcome == REFRESH_DONE) != (result.outcome == OAUTH_DONE))
		abort();
	if (outcome == REFRESH_GONE || outcome == REFRESH_DEAD || outcome == REFRESH_BUSY)
		check_no(body, size - 2);
	token_set_free(tokens);
	return 0;
}
