/* SPDX-License-Identifier: MIT */
/*
 * Reaches keys that lie in a token or TPM. Nothing of it is linked: without the driver such a key is refused, and all
 * others work.
 */
#include "helper/jose/signing_key_internal.h"

int signing_key_open(struct signing_key *k)
{
	if (k->device == NULL)
		return signing_key_refresh(k);
	if (k->pkey != NULL)
		return 0;
	return SIGNING_NO_DRIVER;
}
