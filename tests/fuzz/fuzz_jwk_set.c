/* SPDX-License-Identifier: MIT */
/*
 * JWK Sets: what is read has between 1 and the greatest number of keys, and each of them can be asked about a token.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/jose/jws.h"

/* {"alg":...} for each kind of key, a payload, and signatures of the usual lengths that nobody made */
static const char *const tokens[] = {
	"eyJhbGciOiJFZERTQSJ9.e30."
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	"eyJhbGciOiJFUzI1NiJ9.e30."
	"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	"eyJhbGciOiJSUzI1NiJ9.e30.AAAA",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(int ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct jwk_set *keys = NULL;
	struct jws j;

	if (jwk_set_parse(&keys, (const char *)data, len) != 0) {
		demand(!keys);
		return 0;
	}
	demand(jwk_set_count(keys) >= 1 && jwk_set_count(keys) <= JWK_SET_MAX_KEYS);
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		int r = jws_verify(&j, tokens[i], strlen(tokens[i]), keys, UINT32_MAX);

		demand(r == JWS_BAD_SIGNATURE || r == JWS_UNKNOWN_KEY);
	}
	jwk_set_free(keys);
	return 0;
}
