/* SPDX-License-Identifier: MIT */
/* A provider's directory in the configuration: defaults by kind, and what is refused with which words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper/daemon/config.h"
#include "tests/unit/daemon/config_text.h"

#define TENANT "11111111-2222-3333-4444-555555555555"
#define SECRET "client_secret_file=/etc/latchkey/s\n"
#define GENERIC "[provider x]\nissuer=https://id.example\nclient_id=c\n"
#define KEYCLOAK "[provider x]\nissuer=https://sso.example/realms/staff\nclient_id=c\n"
#define ENTRA(TENANT)                                                                                                  \
	"[provider x]\ndialect=entra\nissuer=https://login.microsoftonline.com/" TENANT "/v2.0\nclient_id=c\n"

static void off_by_default(void **state)
{
	LK_CLEANUP(config_freep) struct config *c = load(GENERIC);

	(void)state;
	assert_null(c->providers[0].directory.kind);
	assert_null(c->providers[0].directory.url);
}

static void defaults_by_kind(void **state)
{
	static const struct {
		const char *text, *url, *subject, *tenant;
	} table[] = {
		{GENERIC SECRET "directory=scim\ndirectory_url=https://id.example/scim/v2\n",
		 "https://id.example/scim/v2", NULL, NULL},
		{KEYCLOAK SECRET "directory=keycloak\n", "https://sso.example/admin/realms/staff", "id", NULL},
		{ENTRA(TENANT) "directory_client_secret_file=/etc/latchkey/d\ndirectory=graph\n",
		 "https://graph.microsoft.com/v1.0", "id", TENANT},
		{ENTRA("organizations") "tenants=" TENANT "\ndirectory_subject=none\n" SECRET "directory=graph\n",
		 "https://graph.microsoft.com/v1.0", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		LK_CLEANUP(config_freep) struct config *c = load(table[i].text);
		const struct directory_settings *s = &c->providers[0].directory;

		assert_string_equal(s->url, table[i].url);
		if (table[i].subject != NULL)
			assert_string_equal(s->subject_member, table[i].subject);
		else
			assert_null(s->subject_member);
		if (table[i].tenant != NULL)
			assert_string_equal(s->tenant, table[i].tenant);
		else
			assert_null(s->tenant);
		assert_int_equal(s->refresh_s, 3600);
		assert_int_equal(s->people_max, 10000);
		assert_null(s->client_id);
		assert_null(s->client_secret);
	}
}

static void every_key(void **state)
{
	LK_CLEANUP(config_freep)
	struct config *c =
		load(GENERIC "directory=scim\ndirectory_url=https://id.example/scim\ndirectory_client_id=reader\n"
			     "directory_client_secret_file=/etc/latchkey/d\ndirectory_scope=scim.read\n"
			     "directory_filter=groups.value eq \"x y\"\ndirectory_subject=externalId\n"
			     "directory_refresh=15m\ndirectory_max=100000\n");
	const struct directory_settings *s = &c->providers[0].directory;

	(void)state;
	assert_string_equal(s->kind->name, "scim");
	assert_string_equal(s->client_id, "reader");
	assert_string_equal(s->scope, "scim.read");
	assert_string_equal(s->filter, "groups.value eq \"x y\"");
	assert_string_equal(s->subject_member, "externalId");
	assert_int_equal(s->refresh_s, 900);
	assert_int_equal(s->people_max, 100000);
	/* the client of the directory is no client of people */
	assert_int_equal(c->providers[0].settings.client_auth, CLIENT_AUTH_NONE);
}

static void what_is_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} table[] = {
		{GENERIC SECRET "directory=ldap\n", "must be scim, graph or keycloak"},
		{GENERIC SECRET "directory=scim\n", "needs a directory_url"},
		{GENERIC SECRET "directory=keycloak\n", "needs a directory_url"},
		{GENERIC SECRET "directory=scim\ndirectory_url=http://id.example/scim\n",
		 "directory_url: is not https"},
		{GENERIC SECRET "directory=scim\ndirectory_url=https://id.example/scim?x=y\n", "has a query"},
		{GENERIC SECRET "directory=scim\ndirectory_url=https://id.example/scim#x\n", "has a fragment"},
		{KEYCLOAK "directory=keycloak\n", "directory_client_secret_file is missing"},
		{KEYCLOAK SECRET "directory=keycloak\ndirectory_client_id=r\n", "needs a directory_client_secret_file"},
		{KEYCLOAK SECRET "directory=keycloak\ndirectory_subject=externalId\n", "has no externalId"},
		{KEYCLOAK SECRET "directory=keycloak\ndirectory_subject=sub\n", "must be none, id or externalId"},
		{KEYCLOAK SECRET "directory=keycloak\ndirectory_refresh=59s\n", "from 60s"},
		{KEYCLOAK SECRET "directory=keycloak\ndirectory_refresh=169h\n", "to 604800s"},
		{KEYCLOAK SECRET "directory=keycloak\ndirectory_max=0\n", "from 1 to 100000"},
		{KEYCLOAK SECRET "directory=keycloak\ndirectory_max=100001\n", "from 1 to 100000"},
		{KEYCLOAK SECRET "directory=keycloak\ndirectory=scim\n", "was set before"},
		{ENTRA("organizations") "tenants=" TENANT "\n" SECRET "directory=graph\n", "name yours in the issuer"},
		/* I12: a number that a token alone can tell */
		{KEYCLOAK SECRET "directory=keycloak\nuid_claim=uid\n", "before the first sign-in"},
		{KEYCLOAK SECRET "directory=keycloak\ngid_claim=gid\n", "before the first sign-in"},
		/* without a kind, each key by itself */
		{GENERIC "directory_url=https://id.example/scim\n", "but directory is not"},
		{GENERIC "directory_client_id=r\n", "but directory is not"},
		{GENERIC "directory_client_secret_file=/etc/latchkey/d\n", "but directory is not"},
		{GENERIC "directory_scope=s\n", "but directory is not"},
		{GENERIC "directory_filter=f\n", "but directory is not"},
		{GENERIC "directory_subject=none\n", "but directory is not"},
		{GENERIC "directory_refresh=1h\n", "but directory is not"},
		{GENERIC "directory_max=10\n", "but directory is not"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct config *c = NULL;
		struct ini_fault fault = {""};
		int r = config_load_text(&c, table[i].text, strlen(table[i].text), NULL, NULL, &fault);

		if (r != -EINVAL || c || !strstr(fault.text, table[i].why))
			fail_msg("%d '%s' instead of '%s' for:\n%s", r, fault.text, table[i].why, table[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(off_by_default),
		cmocka_unit_test(defaults_by_kind),
		cmocka_unit_test(every_key),
		cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
