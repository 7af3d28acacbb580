/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include "helper/login/attempt.h"

/* A helper that can sign people in: a real store below a folder of its own, and tests/unit/login/fake_oauth.h in place of
 * all that is on the network. */

#define ISSUER "https://id.example"
#define ALICE "{\"preferred_username\":\"alice\",\"name\":\"Alice A.\"}"
#define BOB "{\"preferred_username\":\"bob\",\"name\":\"Bob\"}"

struct world {
	char folder[64];
	struct provider_settings settings;
	struct name_rule names;
	struct account_settings account_settings;
	struct access_policy policy;
	struct access_rules access;
	struct login_provider lp;
	struct login_context ctx;
	sd_event *loop; /* for what is done beside the attempts: PINs */
	struct attempt *attempt;
	/* what happened */
	char asked[PRESENTING_TEXT_MAX]; /* the last prompt's text */
	char said[64];                   /* the last event: "challenge", "granted", a reason, "not-ours" */
	uint32_t uid;
};

/* For cmocka_unit_test_setup_teardown(). */
int world_setup(void **state);
int world_teardown(void **state);

/** world_open_store() - and all that stands on it; world_close_store() - for who is to find it as another helper left it */
void world_open_store(struct world *w);
void world_close_store(struct world *w);

/** begin() - a new attempt in place of the last; begin_for() - through sshd from one address */
void begin(struct world *w, const struct attempt_request *request);
void begin_for(struct world *w, const char *user);

/** until_identity() - as far as tokens; sign_in() - to the end, the map published */
void until_identity(struct world *w, const char *user);
void sign_in(struct world *w, const char *user, const char *subject, const char *claims);

/** stored() - how many accounts there are */
int64_t stored(struct world *w);
