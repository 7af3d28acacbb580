/* SPDX-License-Identifier: MIT */
/*
 * Words of an attempt that can be read over the telephone: no I, L, O or U (Crockford's base 32), a dash in the middle.
 */
#include "helper/base/reference.h"

#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#define HALF 4u

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void reference_new(char *out)
{
	uint8_t bytes[2 * HALF] = {0};

	/* Short requests neither fail nor wait once the machine has started; if they did, a poor reference costs nothing. */
	(void)!getrandom(bytes, sizeof(bytes), GRND_NONBLOCK);
	for (unsigned i = 0; i < HALF; i++) {
		out[i] = digits[bytes[i] % 32];
		out[HALF + 1 + i] = digits[bytes[HALF + i] % 32];
	}
	out[HALF] = '-';
	out[REFERENCE_LEN] = '\0';
}

bool reference_is_valid(const char *text)
{
	if (text == NULL || strlen(text) != REFERENCE_LEN || text[HALF] != '-')
		return false;
	return strspn(text, digits) == HALF && strspn(text + HALF + 1, digits) == HALF;
}
