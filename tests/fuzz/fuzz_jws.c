/* SPDX-License-Identifier: MIT */
/*
 * JWS: only the tokens of the corpus that the owners of these keys signed can be found valid; everything else is
 * refused without a trace in the result. The keys are those of RFC 8037 A.2, RFC 7515 A.3 and RFC 7520 3.3.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/jose/jws.h"

static const char key_text[] =
	"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"},"
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
	"{\"kty\":\"RSA\",\"kid\":\"bilbo.baggins@hobbiton.example\",\"use\":\"sig\",\"n\":\""
	"n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRB"
	"SFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD"
	"1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_"
	"qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw"
	"\",\"e\":\"AQAB\"}]}";

static const char *const signed_payloads[] = {
	"Example of Ed25519 signing",
	"{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}",
	"It\xe2\x80\x99s a dangerous business, Frodo, going out your door. You step onto the road, and if you don't "
	"keep "
	"your feet, there\xe2\x80\x99s no knowing where you might be swept off to.",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(int ok)
{
	if (!ok)
		abort();
}

static int was_signed(const struct jws *j)
{
	for (size_t i = 0; i < sizeof(signed_payloads) / sizeof(signed_payloads[0]); i++)
		if (j->payload_len == strlen(signed_payloads[i]) &&
		    memcmp(j->payload, signed_payloads[i], j->payload_len) == 0)
			return 1;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct jwk_set *keys;
	struct jws j = {0};
	struct jws shown = {0};
	int r;

	if (!keys)
		demand(jwk_set_parse(&keys, key_text, strlen(key_text)) == 0 && jwk_set_count(keys) == 3);

	r = jws_verify(&j, (const char *)data, len, keys, UINT32_MAX);
	demand(r == JWS_VALID ? was_signed(&j) : !j.header && !j.payload);
	if (r == JWS_VALID || r == JWS_BAD_SIGNATURE || r == JWS_UNKNOWN_KEY) {
		demand(jws_verify(&shown, (const char *)data, len, keys, 0) == JWS_ALGORITHM);
		demand(jws_verify(&shown, (const char *)data, len, NULL, UINT32_MAX) == JWS_UNKNOWN_KEY);
	}
	if (jws_decode(&shown, (const char *)data, len) == 0) {
		demand(shown.header && shown.payload && shown.payload[shown.payload_len] == '\0');
		jws_done(&shown);
	} else {
		demand(r != JWS_VALID);
	}
	jws_done(&j);
	return 0;
}
