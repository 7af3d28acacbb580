/* SPDX-License-Identifier: MIT */
/*
 * Keys in PEM, private and public: a private one that is taken has a name and an algorithm of ours, and signs or says that it
 * cannot; a set of public ones has between 1 and the greatest number of keys. Nothing is both.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/jose/jwk_write.h"
#include "helper/jose/signing_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(int ok)
{
	if (!ok)
		abort();
}

static int try_private(const char *text, size_t len)
{
	unsigned char signature[SIGNING_SIGNATURE_MAX];
	LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;
	size_t n = 0;
	int r = signing_key_from_pem(&k, text, len, JWS_NONE);

	demand((r == 0) == (k != NULL));
	if (r != 0)
		return 0;
	demand(strlen(signing_key_kid(k)) == JWK_THUMBPRINT_CHARS);
	demand(signing_algorithm_is_known(signing_key_algorithm(k)));
	r = signing_key_sign(k, "text", 4, signature, &n);
	demand(r == -EIO || (r == 0 && n >= 64 && n <= sizeof(signature)));
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	LK_CLEANUP(jwk_set_freep) struct jwk_set *set = NULL;
	const char *text = (const char *)data;
	int is_private = try_private(text, len);
	int r = jwk_set_from_pem(&set, text, len);

	demand((r == 0) == (set != NULL));
	if (r == 0)
		demand(!is_private && jwk_set_count(set) >= 1 && jwk_set_count(set) <= JWK_SET_MAX_KEYS);
	return 0;
}
