/* SPDX-License-Identifier: MIT */
/*
 * sign_probe SOURCE [ALGORITHM]: signs a text with the key that SOURCE names, and prints the JWS, the key as a JWK, and a certificate.
 * Exit status 1 and the reason where it cannot.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/jose/certificate.h"
#include "helper/jose/jwk_write.h"
#include "helper/jose/jws_sign.h"

static const char payload[] = "{\"iss\":\"probe\",\"sub\":\"probe\"}";

static int fail(int r)
{
	(void)fprintf(stderr, "%s\n", signing_text(r));
	return 1;
}

int main(int argc, char **argv)
{
	LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;
	LK_CLEANUP(secret_freep) struct secret *token = NULL;
	LK_CLEANUP(buf_done) struct buf jwk = {.max = 4096};
	LK_CLEANUP(buf_done) struct buf certificate = {.max = 8192};
	const struct signing_places places = {.credentials = getenv("CREDENTIALS_DIRECTORY")};
	int r;

	if (argc < 2)
		return 2;
	r = signing_key_new(&k, argv[1], argc > 2 ? jws_algorithm_from_name(argv[2]) : JWS_NONE, &places);
	if (r == 0)
		r = jws_sign(&token, k, "JWT", payload, sizeof(payload) - 1);
	if (r == 0)
		r = jwk_write(&jwk, signing_key_public(k), signing_key_algorithm(k));
	if (r == 0)
		r = certificate_write(&certificate, k, "probe", 1);
	if (r != 0)
		return fail(r);
	(void)printf("%s\n%s\n%s", secret_data(token), jwk.data, certificate.data);
	return 0;
}
