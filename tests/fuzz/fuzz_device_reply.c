/* SPDX-License-Identifier: MIT */
/* Replies of the device endpoint: whatever is accepted is fit for a terminal, and leads to a host of the provider. The
 * first byte chooses the provider's row, the second the status. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/oauth/device_reply.h"
#include "helper/oauth/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char host[] = "login.corp.example";
static char *hosts[] = {host, NULL};
static const unsigned statuses[] = {200, 201, 400, 403, 429, 500};

static void check_printable(const char *text, size_t max)
{
	size_t len = strnlen(text, max + 1);

	if (len > max)
		abort();
	for (size_t i = 0; i < len; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e)
			abort();
	}
}

static void check_uri(const struct device_reply_rules *rules, const char *text)
{
	struct uri u;

	check_printable(text, FLOW_URI_MAX);
	if (device_uri_fault(rules, text) != NULL || uri_parse(&u, text) < 0 || !u.is_https)
		abort();
}

static void check_reply(const struct device_reply_rules *rules, const struct device_reply *reply)
{
	const struct flow_challenge *c = &reply->challenge;

	if (secret_len(reply->device_code) == 0 || c->user_code[0] == '\0')
		abort();
	check_printable(c->user_code, FLOW_USER_CODE_MAX);
	check_uri(rules, c->verification_uri);
	if (c->verification_uri_complete[0] != '\0')
		check_uri(rules, c->verification_uri_complete);
	if (c->expires_in_s < 1 || c->expires_in_s > 3600 || reply->interval_s > 60)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct device_reply_rules rules = {
		.issuer = "https://idp.example",
		.endpoints = {"https://api.idp.example/device"},
		.hosts = hosts,
	};
	struct device_reply reply = {0};
	struct oauth_result result = {.outcome = OAUTH_DONE};
	int r;

	if (size < 2)
		return 0;
	rules.dialect = dialect_at(data[0] % 11);
	r = device_reply_parse(&reply, &result, &rules, statuses[data[1] % 6], (const char *)data + 2, size - 2);
	if (r == 0) {
		check_reply(&rules, &reply);
		device_reply_done(&reply);
	} else if (r == 1) {
		if (result.outcome == OAUTH_DONE || reply.device_code != NULL)
			abort();
		check_printable(result.detail, OAUTH_DETAIL_MAX - 1);
	}
	return 0;
}
