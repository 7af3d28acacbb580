/* SPDX-License-Identifier: MIT */
/* What is pasted back from a browser: a code that is taken is fit for a form, and an address counts with our state only. The
 * first byte says whether the provider names itself. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/base/json.h"
#include "helper/oauth/code_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *reply = NULL;
	LK_CLEANUP(secret_freep) struct secret *code = NULL;
	struct code_expectation expected = {
		.redirect_uri = "https://host.example/latchkey",
		.state = "st-1",
		.issuer = "https://idp.example",
	};
	const char *text = (const char *)data + 1;
	int r;

	if (size < 1)
		return 0;
	expected.sends_issuer = (data[0] & 1) != 0;
	r = code_answer_read(&code, &reply, &expected, text, size - 1);
	if ((code != NULL) != (r == CODE_ANSWER_CODE) || (reply != NULL) != (r == CODE_ANSWER_ERROR))
		abort();
	if (code == NULL)
		return 0;
	if (secret_len(code) == 0 || secret_len(code) > CODE_MAX)
		abort();
	for (size_t i = 0; i < secret_len(code); i++) {
		if (secret_data(code)[i] < 0x21 || secret_data(code)[i] > 0x7e)
			abort();
	}
	if (memmem(text, size - 1, "://", 3) != NULL && memmem(text, size - 1, "state=st-1", 10) == NULL &&
	    memmem(text, size - 1, "%", 1) == NULL)
		abort();
	return 0;
}
