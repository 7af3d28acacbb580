/* SPDX-License-Identifier: MIT */
/*
 * A service file of PAM, and every way through it: rules and ways have limits, and a stack without pam_latchkey never asks it.
 */
#include <stdint.h>
#include <stdlib.h>

#include "helper/doctor/pam_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(int ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pam_scenario scenario = {.latchkey = PAM_CODE_SUCCESS};
	struct pam_stack stack = {0};
	struct pam_ends ends;

	if (len > 4096 || pam_stack_parse(&stack, (const char *)data, len, PAM_PHASE_AUTH) < 0)
		return 0;
	demand(stack.n <= PAM_STACK_RULES_MAX);
	/* Enough for what is tried; a stack of many modules has more ways than a fuzzer has time. */
	if (stack.n <= 12) {
		pam_run(&ends, &stack, &scenario);
		demand(!ends.is_asked || pam_stack_find(&stack, "pam_latchkey.so"));
		demand(!ends.can_succeed || ends.is_asked);
	}
	pam_stack_done(&stack);
	return 0;
}
