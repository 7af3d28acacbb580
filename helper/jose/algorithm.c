/* SPDX-License-Identifier: MIT */
/*
 * The table of signature algorithms. What is not in it does not exist: "none" and the HMACs have no row, so there is
 * no switch that could let them in.
 */
#include "helper/jose/algorithm.h"

#include <string.h>

static const struct jws_algorithm_facts facts[JWS_ALGORITHMS] = {
	[JWS_RS256] = {"RS256", JWK_RSA, "SHA256", "SHA256", false},
	[JWS_RS384] = {"RS384", JWK_RSA, "SHA384", "SHA384", false},
	[JWS_RS512] = {"RS512", JWK_RSA, "SHA512", "SHA512", false},
	[JWS_PS256] = {"PS256", JWK_RSA, "SHA256", "SHA256", true},
	[JWS_PS384] = {"PS384", JWK_RSA, "SHA384", "SHA384", true},
	[JWS_PS512] = {"PS512", JWK_RSA, "SHA512", "SHA512", true},
	[JWS_ES256] = {"ES256", JWK_P256, "SHA256", "SHA256", false},
	[JWS_ES384] = {"ES384", JWK_P384, "SHA384", "SHA384", false},
	[JWS_ES512] = {"ES512", JWK_P521, "SHA512", "SHA512", false},
	[JWS_EDDSA] = {"EdDSA", JWK_ED25519, NULL, "SHA512", false},
};

const struct jws_algorithm_facts *jws_algorithm_facts(enum jws_algorithm a)
{
	if (a <= JWS_NONE || a >= JWS_ALGORITHMS)
		return NULL;
	return &facts[a];
}

enum jws_algorithm jws_algorithm_from_name(const char *name)
{
	if (!name)
		return JWS_NONE;
	for (enum jws_algorithm a = JWS_RS256; a < JWS_ALGORITHMS; a++)
		if (strcmp(name, facts[a].name) == 0)
			return a;
	return JWS_NONE;
}

const char *jws_algorithm_name(enum jws_algorithm a)
{
	const struct jws_algorithm_facts *f = jws_algorithm_facts(a);

	return f ? f->name : "none";
}
