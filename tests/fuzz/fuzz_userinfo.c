/* SPDX-License-Identifier: MIT */
/* Userinfo: what is accepted speaks of the one subject, and no merge changes a claim of the ID token. The first byte says
 * whether the reply calls itself signed; without keys nothing signed can be accepted. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/oauth/userinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CLAIMS                                                                                                         \
	"{\"iss\":\"https://idp.example\",\"sub\":\"alice-1\",\"email\":\"alice@example\",\"name\":null,\"exp\":5}"

static void check_merge(struct json_object *userinfo)
{
	struct json_object *before = NULL, *after = NULL;

	if (json_parse(&before, CLAIMS, sizeof(CLAIMS) - 1) < 0 || json_parse(&after, CLAIMS, sizeof(CLAIMS) - 1) < 0 ||
	    userinfo_merge(after, userinfo) < 0)
		abort();
	json_object_object_foreach(before, name, value)
	{
		struct json_object *now = NULL;

		if (!json_object_object_get_ex(after, name, &now) || (value != NULL && !json_object_equal(value, now)))
			abort();
	}
	if (json_object_object_get_ex(after, "aud", NULL) || json_object_object_get_ex(after, "_claim_sources", NULL))
		abort();
	json_object_put(before);
	json_object_put(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct userinfo_expectation expect = {
		.subject = "alice-1", .issuer = "https://idp.example", .client_id = "client", .algorithms = 0xffffffff};
	struct oauth_result result = {.outcome = OAUTH_DONE};
	struct json_object *o = NULL;
	const char *type, *subject;
	int r;

	if (size < 1)
		return 0;
	type = data[0] % 4 == 0 ? "application/jwt" : "application/json";
	r = userinfo_parse(&o, &result, &expect, type, (const char *)data + 1, size - 1);
	if ((r == 0) != (o != NULL) || (r == 0 && data[0] % 4 == 0))
		abort();
	if (r == USERINFO_REFUSED && result.outcome == OAUTH_DONE)
		abort();
	if (r == 0) {
		if (json_read_string(o, "sub", 255, &subject) < 0 || strcmp(subject, "alice-1") != 0)
			abort();
		check_merge(o);
	}
	json_object_put(o);
	return 0;
}
