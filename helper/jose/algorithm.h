/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "helper/jose/jwk.h"

/* What each signature algorithm demands. For helper/jose itself. RFC 7518 section 3.1, RFC 8037 section 3.1. */

enum jwk_kind {
	JWK_RSA,
	JWK_P256,
	JWK_P384,
	JWK_P521,
	JWK_ED25519,
};

struct jws_algorithm_facts {
	const char *name;
	enum jwk_kind kind;  /* the one kind of key that it goes with */
	const char *digest;  /* for OpenSSL; NULL where the algorithm hashes by itself */
	const char *at_hash; /* digest of OpenID Connect's at_hash */
	bool is_pss;
};

/** jws_algorithm_facts() - the row of @a; NULL for JWS_NONE and for values outside the enum */
const struct jws_algorithm_facts *jws_algorithm_facts(enum jws_algorithm a);
