/* SPDX-License-Identifier: MIT */
/* The kinds of questions, as words. */
#include "helper/login/prompt.h"

#include <stddef.h>

const char *prompt_word(enum prompt_kind kind)
{
	switch (kind) {
	case PROMPT_PIN:
		return "pin";
	case PROMPT_NEW_PIN:
		return "new-pin";
	case PROMPT_NEW_PIN_AGAIN:
		return "new-pin-again";
	case PROMPT_SIGN_IN:
		return "sign-in";
	case PROMPT_ASSERTION:
		return "assertion";
	}
	return NULL;
}
