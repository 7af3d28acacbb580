/* SPDX-License-Identifier: MIT */
/*
 * Reads a provider's JWK Set, the list of keys that decide whom to believe. Keys of no use to us are left out; a set
 * that shows a private key, or is far too long, is refused whole, since whoever publishes it has lost his way.
 */
#include "helper/jose/jwk.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "helper/base/json.h"
#include "helper/jose/key.h"

static int add_keys(struct jwk_set *set, const struct json_object *keys)
{
	size_t n = json_object_array_length(keys);

	if (n > JWK_SET_MAX_KEYS)
		return -E2BIG;
	for (size_t i = 0; i < n; i++) {
		int r = key_read(&set->keys[set->count], json_object_array_get_idx(keys, i));

		if (r < 0)
			return r;
		if (r == KEY_PRIVATE)
			return -EBADMSG;
		if (r == 0)
			set->count++;
	}
	return set->count > 0 ? 0 : -ENOKEY;
}

int jwk_set_parse(struct jwk_set **ret, const char *text, size_t len)
{
	LK_CLEANUP(jwk_set_freep) struct jwk_set *set = NULL;
	LK_CLEANUP(json_object_putp) struct json_object *document = NULL;
	struct json_object *keys;
	int r;

	r = json_parse(&document, text, len);
	if (r < 0)
		return r;
	if (json_read_array(document, "keys", SIZE_MAX, &keys) != 0)
		return -EBADMSG;

	set = calloc(1, sizeof(*set));
	if (!set)
		return -ENOMEM;
	r = add_keys(set, keys);
	if (r < 0)
		return r;

	*ret = LK_STEAL(set);
	return 0;
}

size_t jwk_set_count(const struct jwk_set *set)
{
	return set ? set->count : 0;
}

void jwk_set_free(struct jwk_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->count; i++)
		key_done(&set->keys[i]);
	free(set);
}
