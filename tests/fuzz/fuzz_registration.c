/* SPDX-License-Identifier: MIT */
/* Replies to a registration and, behind a NUL, to an update of it (RFC 7591, RFC 7592); what is taken is kept and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/oauth/registration.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct provider_settings s = {.dialect = dialect_find("generic")};
	const struct registration_wish wish = {.host = "h", .client_auth = CLIENT_AUTH_NONE};
	const char *text = (const char *)data;
	const char *second = memchr(text, '\0', size);
	size_t len = second != NULL ? (size_t)(second - text) : size;
	struct registration *first = NULL, *again = NULL, *next = NULL;
	struct json_object *request = NULL;
	struct secret *kept = NULL;
	struct oauth_result result;

	if (registration_parse(&first, &result, &s, NULL, 201, text, len, 1) != 0)
		return 0;
	if (registration_encode(&kept, first) == 0 && registration_decode(&again, &s, kept) != 0)
		abort();
	if (registration_request(&request, &s, &wish, first) != 0)
		abort();
	if (second != NULL && registration_parse(&next, &result, &s, first, 200, second + 1, size - len - 1, 2) == 0 &&
	    strcmp(next->client_id, first->client_id) != 0)
		abort();
	json_put_wiped(request);
	secret_free(kept);
	registration_free(next);
	registration_free(again);
	registration_free(first);
	return 0;
}
