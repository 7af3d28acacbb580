/* SPDX-License-Identifier: MIT */
/*
 * The arithmetic of UID allocation. The candidate must stay what it is between releases and machines; the decision
 * made from it is stored and never computed again.
 */
#include "helper/accounts/uid.h"

#include <stddef.h>
#include <string.h>

#include "helper/accounts/siphash.h"

struct owner {
	uint32_t min;
	uint32_t max;
	const char *whose;
};

/* https://systemd.io/UIDS-GIDS/ and shadow's login.defs. The last three are errors, -1 and signed numbers to some. */
static const struct owner owners[] = {
	{0, 999, "system users (0 to 999)"},
	{60001, 60577, "systemd-homed and users mapped into containers (60001 to 60577)"},
	{61184, 65519, "dynamic users of services (61184 to 65519)"},
	{65534, 65535, "nobody and the 16-bit -1 (65534, 65535)"},
	{524288, 1879048191, "containers of systemd-nspawn (524288 to 1879048191)"},
	{UINT32_C(0x80000000), UINT32_MAX, "numbers from 2147483648 up, negative for some programs"},
};

/* Public on purpose, so that hosts agree. */
static const uint8_t candidate_key[16] = "latchkey uid v1";

uint32_t uid_candidate(const char *issuer, const char *name, uint32_t min, uint32_t max)
{
	uint64_t size = (uint64_t)max - min + 1;
	uint8_t digests[16];
	uint64_t parts[2] = {siphash(candidate_key, issuer, strlen(issuer)),
			     siphash(candidate_key, name, strlen(name))};

	/* Hashed apart and then together: no bytes can move from the end of one to the start of the other. */
	for (size_t i = 0; i < sizeof(digests); i++)
		digests[i] = (uint8_t)(parts[i / 8] >> (8 * (i % 8)));
	return min + (uint32_t)(siphash(candidate_key, digests, sizeof(digests)) % size);
}

const char *uid_forbidden(uint32_t min, uint32_t max)
{
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++)
		if (min <= owners[i].max && max >= owners[i].min)
			return owners[i].whose;
	return NULL;
}
