/* SPDX-License-Identifier: MIT */
/*
 * What may be said at the prompt of a service account, and what may be asked of a robot. The first byte chooses; what is accepted
 * is looked at once more here.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "helper/jose/assertion_check.h"
#include "helper/protocol/presenting.h"

#define NOW 1800000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(int ok)
{
	if (!ok)
		abort();
}

/* Answers, each ended by a line feed. */
static void look_at_parts(const char *text, size_t len)
{
	struct presented_parts parts = {.n = 0};
	int r = PRESENTED_MORE;

	for (unsigned n = 1; r == PRESENTED_MORE; n++) {
		const char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) : len;

		demand(n <= PRESENTED_PARTS_MAX);
		r = presented_parts_add(&parts, text, line);
		if (!end)
			break;
		text = end + 1;
		len -= line + 1;
	}
	if (r == PRESENTED_WHOLE) {
		demand(parts.text.len <= PRESENTED_MAX);
		demand(presented_is_plain(parts.text.data, parts.text.len));
	}
	presented_parts_done(&parts);
}

static void look_at_question(const char *text)
{
	struct presenting_question q, again;
	char written[PRESENTING_TEXT_MAX];

	if (presenting_question_read(&q, text) < 0)
		return;
	demand(presenting_question_write(written, &q) == 0);
	demand(presenting_question_read(&again, written) == 0);
	demand(strcmp(q.host, again.host) == 0 && strcmp(q.account, again.account) == 0);
	demand(strcmp(q.nonce, again.nonce) == 0 && q.part == again.part);
}

/* A header, a line feed and claims. */
static void look_at_claims(char *text)
{
	static const char *const rules[] = {"repository=acme/*", NULL};
	static const struct assertion_expectation of_robot = {.issuer = "deploy",
							      .subject = "deploy",
							      .audience = "build7",
							      .nonce = "n",
							      .asked_s = NOW - 5,
							      .now_s = NOW};
	static const struct workload_expectation of_ci = {.issuer = "https://ci.example",
							  .audience = "build7",
							  .subject = "repo:acme/*",
							  .claims = rules,
							  .now_s = NOW};
	struct assertion_facts facts;
	struct jws j = {.algorithm = JWS_ES256};
	char *claims = strchr(text, '\n');

	if (!claims)
		return;
	*claims++ = '\0';
	j.header = json_tokener_parse(text);
	j.payload = claims;
	j.payload_len = strlen(claims);
	if (assertion_check_claims(&facts, &j, &of_robot) == 0) {
		demand(strlen(facts.id) >= 1 && facts.expires_s > NOW);
		demand(facts.expires_s <= NOW + ASSERTION_FAR_S + 2 * ASSERTION_SKEW_S);
		demand(workload_check_claims(&facts, &j, &of_ci) != 0);
	}
	if (workload_check_claims(&facts, &j, &of_ci) == 0)
		demand(facts.expires_s > NOW && facts.expires_s <= NOW + WORKLOAD_LIFE_MAX_S + 2 * ASSERTION_SKEW_S);
	json_object_put(j.header);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text;

	if (len == 0 || len > 65536)
		return 0;
	text = malloc(len);
	if (!text)
		return 0;
	memcpy(text, data + 1, len - 1);
	text[len - 1] = '\0';
	if (data[0] == 'a')
		look_at_parts(text, len - 1);
	else if (data[0] == 'q')
		look_at_question(text);
	else
		look_at_claims(text);
	free(text);
	return 0;
}
