/* SPDX-License-Identifier: MIT */
/* Reads a number of an account out of claims. Directories send it as a number, their bridges as a text. */
#include "helper/login/id_claim.h"

#include <errno.h>
#include <string.h>

#include "helper/base/text.h"

int id_claim_read(struct json_object *claims, const char *claim, uint32_t *ret)
{
	struct json_object *value = NULL;
	uint64_t number = 0;

	if (claim[0] == '/') {
		if (json_pointer_get(claims, claim, &value) != 0)
			value = NULL;
	} else {
		(void)json_object_object_get_ex(claims, claim, &value);
	}
	if (value == NULL)
		return -ENOENT;

	if (json_object_is_type(value, json_type_int)) {
		int64_t whole = json_object_get_int64(value);

		if (whole < 1 || whole > INT32_MAX)
			return -EBADMSG;
		number = (uint64_t)whole;
	} else if (!json_object_is_type(value, json_type_string) ||
		   strlen(json_object_get_string(value)) != (size_t)json_object_get_string_len(value) ||
		   text_to_u64(&number, json_object_get_string(value), INT32_MAX) < 0 || number == 0) {
		return -EBADMSG;
	}
	*ret = (uint32_t)number;
	return 0;
}
