/* SPDX-License-Identifier: MIT */
/* How sessions end and whose events are heard, in the configuration: defaults, and what is refused with which words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helper/daemon/config.h"
#include "tests/unit/daemon/config_text.h"

#define PROVIDER "[provider x]\nissuer=https://id.example\nclient_id=c\n"
#define EVENTS PROVIDER "events_endpoint=https://id.example/poll\nevents_token_file=/etc/latchkey/t\n"

static void defaults(void **state)
{
	LK_CLEANUP(config_freep) struct config *c = load(PROVIDER);

	(void)state;
	assert_true(c->end_sessions);
	assert_int_equal(c->end_sessions_grace_s, 30);
	assert_null(c->logout_user);
	assert_null(c->providers[0].events.endpoint);
}

static void values(void **state)
{
	LK_CLEANUP(config_freep)
	struct config *c = load(
		"[latchkey]\nend_sessions=no\nend_sessions_grace=0s\nlogout_user=www-data\n" EVENTS
		"events_issuer=https://events.example\nevents_audience=https://host.example\nevents_interval=5m\n");
	LK_CLEANUP(config_freep) struct config *usual = load(EVENTS);
	const struct event_settings *e = &c->providers[0].events;

	(void)state;
	assert_false(c->end_sessions);
	assert_int_equal(c->end_sessions_grace_s, 0);
	assert_string_equal(c->logout_user, "www-data");
	assert_string_equal(e->endpoint, "https://id.example/poll");
	assert_string_equal(e->issuer, "https://events.example");
	assert_string_equal(e->audience, "https://host.example");
	assert_int_equal(e->interval_s, 300);
	assert_null(usual->providers[0].events.issuer);
	assert_null(usual->providers[0].events.audience);
	assert_int_equal(usual->providers[0].events.interval_s, 30);
}

static void refused(void **state)
{
	static const struct {
		const char *text, *words;
	} table[] = {
		{"[latchkey]\nend_sessions=maybe\n" PROVIDER, "end_sessions"},
		{"[latchkey]\nend_sessions_grace=2d\n" PROVIDER, "end_sessions_grace"},
		{"[latchkey]\nlogout_user=\n" PROVIDER, "logout_user"},
		{PROVIDER "events_interval=30s\n", "events_endpoint is not"},
		{PROVIDER "events_token_file=/etc/latchkey/t\n", "events_endpoint is not"},
		{PROVIDER "events_issuer=https://e.example\n", "events_endpoint is not"},
		{PROVIDER "events_audience=a\n", "events_endpoint is not"},
		{PROVIDER "events_endpoint=https://id.example/poll\n", "needs an events_token_file"},
		{PROVIDER "events_endpoint=http://id.example/poll\nevents_token_file=/t\n", "events_endpoint"},
		{PROVIDER "events_endpoint=https://u@id.example/poll\nevents_token_file=/t\n", "events_endpoint"},
		{EVENTS "events_interval=0s\n", "events_interval"},
		{EVENTS "events_interval=2h\n", "events_interval"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct ini_fault fault = {""};
		struct config *c = NULL;

		if (config_load_text(&c, table[i].text, strlen(table[i].text), NULL, NULL, &fault) != -EINVAL)
			fail_msg("not refused: %s", table[i].text);
		if (strstr(fault.text, table[i].words) == NULL)
			fail_msg("%s: %s", table[i].text, fault.text);
		assert_null(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(values),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
