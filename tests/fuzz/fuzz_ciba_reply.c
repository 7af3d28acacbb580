/* SPDX-License-Identifier: MIT */
/* Replies to authentication requests: whatever is accepted can stand in a form and ends in bounded time, and every refusal
 * can stand in a log. The first byte chooses the provider's row, the second the status. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/oauth/ciba_reply.h"
#include "helper/oauth/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const unsigned statuses[] = {200, 201, 400, 403, 429, 500};

static void check_refusal(const struct oauth_result *result)
{
	size_t len = strnlen(result->detail, OAUTH_DETAIL_MAX);

	if (result->outcome == OAUTH_DONE || len == OAUTH_DETAIL_MAX)
		abort();
	for (size_t i = 0; i < len; i++) {
		if (result->detail[i] < 0x20 || result->detail[i] > 0x7e)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ciba_reply reply = {0};
	struct oauth_result result = {.outcome = OAUTH_DONE};
	int r;

	if (size < 2)
		return 0;
	r = ciba_reply_parse(&reply, &result, dialect_at(data[0] % 11), statuses[data[1] % 6], (const char *)data + 2,
			     size - 2);
	if (r == CIBA_REPLY_ACCEPTED) {
		if (data[1] % 6 != 0 || secret_len(reply.request_id) == 0 ||
		    secret_len(reply.request_id) > CIBA_REQUEST_ID_MAX ||
		    !reply_is_visible(secret_data(reply.request_id)) || reply.expires_in_s < 1 ||
		    reply.expires_in_s > CIBA_EXPIRES_MAX_S || reply.interval_s > 60)
			abort();
		ciba_reply_done(&reply);
	} else if (r > 0) {
		if (reply.request_id != NULL)
			abort();
		check_refusal(&result);
	}
	return 0;
}
