/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/login/account_check.h"
#include "helper/login/recheck.h"
#include "helper/login/standing.h"
#include "tests/unit/login/world.h"

/* The account phase for tests, with a provider behind it that says what the test says. Programs that use it are linked with
 * WRAP_RECHECK of the Makefile, which puts this in place of the real re-check. */

struct fake_provider {
	/* what it says */
	enum recheck_outcome outcome;
	const char *detail;
	bool is_slow; /* only at answer() */
	enum standing_state standing;
	int standing_error;
	/* what was asked */
	int asked;
	uint32_t max_age_s;
	char subject[64];
	int waiting; /* rechecks that were not freed */
};

extern struct fake_provider fake_provider;

/* As world_setup() and world_teardown(), with a provider that says yes to everybody at once. */
int phase_setup(void **state);
int phase_teardown(void **state);

/** phase_answer() - the slow provider says @outcome */
void phase_answer(enum recheck_outcome outcome);

/** phase_begin() - a session of @user through @service begins; phase_end() - it is given up */
void phase_begin(struct world *w, const char *user, const char *service, bool signed_in);
void phase_end(void);

/** phase_reason() - how it was judged: NULL granted, a reason, "" not ours, "waiting" */
const char *phase_reason(void);

/** phase_title() - whom the answer names as provider, or NULL */
const char *phase_title(void);

/** check_phase() - one through sshd from begin to end */
const char *check_phase(struct world *w, const char *user, bool signed_in);
