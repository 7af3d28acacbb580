/* SPDX-License-Identifier: MIT */
/* Replies about groups: whatever they are, nobody comes to be in a group that was not asked about. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/oauth/group_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void promise(int kept)
{
	if (!kept)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const asked[] = {"aaaaaaaa-0000-0000-0000-000000000001",
					    "bbbbbbbb-0000-0000-0000-000000000002", "a"};
	struct json_object *found = json_object_new_array();
	struct oauth_result result = {.outcome = OAUTH_DONE};
	int r;

	if (found == NULL)
		return 0;
	r = group_check_parse(found, &result, asked, 3, (const char *)data, size);
	promise(r <= 1 && (r != 1 || result.outcome == OAUTH_BAD_REPLY));
	promise(json_object_array_length(found) <= 3);
	for (size_t i = 0; i < json_object_array_length(found); i++) {
		const char *id = json_object_get_string(json_object_array_get_idx(found, i));

		promise(strcmp(id, asked[0]) == 0 || strcmp(id, asked[1]) == 0 || strcmp(id, asked[2]) == 0);
	}
	json_object_put(found);
	return 0;
}
