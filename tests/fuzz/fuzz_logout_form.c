/* SPDX-License-Identifier: MIT */
/* What anybody may post to "latchkey logout-token": whatever is found lies within the text and holds a token's characters. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/cli/logout_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *token = NULL;
	char *text = strndup((const char *)data, len);
	size_t n;

	if (text == NULL)
		return 0;
	n = strlen(text);
	if (logout_form_read(text, &token) == 0) {
		if (token < text || token > text + n || token[0] == '\0' || strpbrk(token, "=&%+ \n") != NULL)
			abort();
	} else if (token != NULL) {
		abort();
	}
	free(text);
	return 0;
}
