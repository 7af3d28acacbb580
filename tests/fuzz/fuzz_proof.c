/* SPDX-License-Identifier: MIT */
/*
 * What sshd says of a key: what is taken has a fingerprint, is the same the second time, and another one with a byte of its
 * body changed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/login/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(int ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct proof first = {0};
	struct proof second = {0};
	char *text = malloc(len + 1);
	char *last;

	if (!text)
		return 0;
	if (len > 0)
		memcpy(text, data, len);
	text[len] = '\0';
	if (proof_of_key(&first, text) == 0) {
		demand(first.kind == PROOF_KEY && strlen(first.text) == strlen("SHA256:") + 43);
		demand(proof_of_key(&second, text) == 0 && proof_equal(&first, &second));
		last = strchr(text, ' ') + strcspn(strchr(text, ' '), "=") - 4;
		if (last > strchr(text, ' ')) {
			*last = *last == 'A' ? 'B' : 'A';
			demand(proof_of_key(&second, text) != 0 || !proof_equal(&first, &second));
		}
	} else {
		demand(first.kind == PROOF_NONE);
	}
	free(text);
	return 0;
}
