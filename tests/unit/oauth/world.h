/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/oauth/flow.h"
#include "helper/oauth/identity.h"
#include "helper/oauth/provider.h"
#include "tests/unit/oauth/fake_fetch.h"

/* A provider for tests, by any dialect, and what came of the flows that were started on it. */

#define WORLD_ISSUER "https://idp.example"

struct world {
	struct provider_settings settings;
	struct provider *provider;
	struct flow *flow;
	struct flow_request request; /* what a flow is started with, but for its lifetime */

	unsigned prepared, challenged, asked, ended;
	char question[256];         /* the last one */
	struct oauth_result result; /* of whatever ended last */
	struct flow_challenge challenge;
	struct token_set *tokens;
	bool frees_flow_at_the_end;
	bool frees_flow_at_challenge;
};

/** world_init() - a provider of that dialect with issuer WORLD_ISSUER and a client id; nothing is asked yet */
void world_init(struct world *w, const char *dialect);
void world_done(struct world *w);

/** world_text() - replace one text of the settings */
void world_text(char **setting, const char *value);

/** world_metadata() - a discovery document of @issuer with all endpoints below it; static until the next call */
const char *world_metadata(const char *issuer);

/** world_keys() - a key set that the test's token maker signs for: kid "k1", RS256 */
const char *world_keys(void);

/** world_prepare() - a prepared provider: discovery and keys answered; the script and the requests start anew after */
void world_prepare(struct world *w);
void world_prepare_with(struct world *w, const char *metadata);

/** world_secret() - the client's secret and how it is shown */
void world_secret(struct world *w, enum client_auth method, const char *secret);

/** world_start() - the device flow with @w as userdata; world_start_method() - any */
int world_start(struct world *w, uint32_t lifetime_s);
int world_start_method(struct world *w, enum flow_method method, uint32_t lifetime_s);

/** world_gap_ms() - from the answer of the request before number @request to that request */
uint64_t world_gap_ms(size_t request);
