/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/base/cleanup.h"

/* What latchkeyd says when it is asked: that it is there, and what it found by its method Diagnose. */

#define DIAGNOSIS_STEPS_MAX 256u
#define DIAGNOSIS_DETAIL_MAX 256u

struct diagnosis_step {
	char step[32];
	char provider[64]; /* "" where it is about none */
	bool is_good;
	char detail[DIAGNOSIS_DETAIL_MAX];
	int64_t value; /* 0 where there is none */
};

struct diagnosis {
	int reached;      /* 0: the helper has answered; else the negative errno of trying */
	int asked;        /* 0: Diagnose went through; -EPROTO it does not know it; else as above */
	char release[64]; /* of the helper */
	struct diagnosis_step steps[DIAGNOSIS_STEPS_MAX];
	size_t n;
};

/** diagnosis_ask() - asks the helper at @socket; takes as long as its providers do. Return: 0, whatever it said; -ENOMEM. */
int diagnosis_ask(struct diagnosis **ret, const char *socket);
void diagnosis_free(struct diagnosis *d);
LK_DEFINE_CLEANUP(struct diagnosis *, diagnosis_free);

/** diagnosis_code_lifetime_s() - the shortest life of a code that any provider gave; 0: none did. Accepts NULL. */
uint32_t diagnosis_code_lifetime_s(const struct diagnosis *d);

/* What the store and the provider say of an account. */
struct diagnosis_account {
	bool is_known;
	char state[32];    /* as in Account of io.latchkey */
	char standing[32]; /* "" where nobody asked */
	char refusal[DIAGNOSIS_DETAIL_MAX];
};

/** diagnosis_account() - asks about one. Return: 0; -ENODATA the helper does not say; negative errno. */
int diagnosis_account(struct diagnosis_account *ret, const char *socket, const char *name);
