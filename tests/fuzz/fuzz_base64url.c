/* SPDX-License-Identifier: MIT */
/*
 * Base64url: what decodes encodes back to the very same text, and any bytes survive the way there and back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/jose/base64url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(int ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t encoded_len = base64url_encoded_size(len);
	char *text = malloc(encoded_len + 1);
	unsigned char *bytes = malloc(len + 1);
	ssize_t n;

	if (!text || !bytes || len > 65536)
		goto out;

	n = base64url_decode(bytes, len, (const char *)data, len);
	if (n >= 0) {
		demand(n == base64url_decoded_size(len));
		base64url_encode(text, bytes, (size_t)n);
		demand(strlen(text) == len && memcmp(text, data, len) == 0);
	}

	base64url_encode(text, data, len);
	demand(strlen(text) == encoded_len);
	n = base64url_decode(bytes, len, text, encoded_len);
	demand(n == (ssize_t)len && memcmp(bytes, data, len) == 0);
out:
	free(text);
	free(bytes);
	return 0;
}
