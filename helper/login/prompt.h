/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "helper/protocol/presenting.h"

/* A question to the person, which ends the call; the next one brings the answer. */

#define ANSWER_MAX PRESENTED_MAX /* bytes; what a person types is shorter */

#define PROMPT_TIMEOUT_S 120u

enum prompt_kind {
	PROMPT_PIN,           /* "pin": the one that was chosen before */
	PROMPT_NEW_PIN,       /* "new-pin": to choose one, or an empty answer not to */
	PROMPT_NEW_PIN_AGAIN, /* "new-pin-again": the same once more */
	PROMPT_SIGN_IN,       /* "sign-in": what the method of the sign-in asks for (helper/oauth/flow.h) */
	PROMPT_ASSERTION,     /* "assertion": a program's credential (helper/protocol/presenting.h) */
};

struct login_prompt {
	enum prompt_kind kind;
	const char *text;   /* one line of ASCII, without a blank at its end */
	bool echo;          /* what is typed may be seen */
	uint32_t timeout_s; /* for the answer; 0: PROMPT_TIMEOUT_S */
};

/** prompt_word() - the kind as io.latchkey has it */
const char *prompt_word(enum prompt_kind kind);
