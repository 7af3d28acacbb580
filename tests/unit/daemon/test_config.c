/* SPDX-License-Identifier: MIT */
/* Configuration: what is understood, what is refused with which words, and what is said aloud. Threats I4, I11, I16, I18. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/text.h"
#include "helper/daemon/config.h"
#include "helper/jose/jwk.h"
#include "tests/unit/daemon/config_text.h"

#define PROVIDER "[provider corp]\nissuer=https://id.example\nclient_id=c\n"
#define WITH_ACCESS PROVIDER "[access]\nusers=alice\n"

static void refused(const char *text, const char *expected)
{
	struct config *c = NULL;
	struct ini_fault fault = {""};
	int r = config_load_text(&c, text, strlen(text), NULL, NULL, &fault);

	if (r != -EINVAL || c || !strstr(fault.text, expected))
		fail_msg("%d '%s' instead of '%s' for:\n%s", r, fault.text, expected, text);
}

static void defaults(void **state)
{
	LK_CLEANUP(config_freep) struct config *c = load(PROVIDER);
	const struct provider_config *p = &c->providers[0];

	(void)state;
	assert_true(c->host[0] != '\0');
	assert_int_equal(c->log_target, LOG_TARGET_AUTO);
	assert_false(c->allow_insecure_loopback);
	assert_int_equal(c->accounts.uid_min, ACCOUNTS_UID_MIN_DEFAULT);
	assert_int_equal(c->accounts.uid_max, ACCOUNTS_UID_MAX_DEFAULT);
	assert_string_equal(c->accounts.home, "/home/%u");
	assert_string_equal(c->accounts.shell, "/bin/bash");
	assert_null(c->accounts.reserved_names);
	assert_int_equal(c->limits.connections_per_uid, 64);
	assert_int_equal(c->limits.attempts, 2048);
	assert_int_equal(c->limits.attempts_per_uid, 4);
	assert_int_equal(c->limits.codes_per_address, 10);
	assert_int_equal(c->limits.codes_refill_s, 30);
	assert_int_equal(c->n_providers, 1);
	assert_string_equal(p->settings.name, "corp");
	assert_string_equal(p->settings.issuer, "https://id.example");
	assert_string_equal(p->settings.client_id, "c");
	assert_string_equal(p->settings.dialect->name, "generic");
	assert_string_equal(p->settings.scope, p->settings.dialect->default_scope);
	assert_int_equal(p->settings.client_auth, CLIENT_AUTH_NONE);
	assert_null(p->settings.client_secret);
	assert_int_equal(p->settings.algorithms, 1u << JWS_RS256);
	assert_int_equal(p->settings.code_lifetime_s, 600);
	assert_string_equal(p->settings.fetch.name, "corp");
	assert_false(p->settings.fetch.allow_loopback_http);
	assert_string_equal(p->names.claim, "preferred_username");
	assert_null(p->names.prefix);
	assert_null(p->names.strip_domains);
	assert_false(p->names.allow_dot || p->names.allow_at);
	assert_string_equal(p->title, "id.example");
	assert_string_equal(p->gecos_claim, "name");
	/* I18 */
	assert_int_equal(c->access.n_policies, 0);
	assert_null(access_policy_for(&c->access, "sshd"));
}

static void everything(void **state)
{
	LK_CLEANUP(config_freep)
	struct config *c = load(
		"[latchkey]\nroot_may_have_tokens = yes\nhost = web 1\nlog = stderr\naudit_file = /x/a\naudit_required "
		"= "
		"yes\nallow_insecure_loopback = yes\n"
		"[accounts]\nuid_min = 2000000000\nuid_max = 2000000999\nhome = /srv/people/%u\nshell = /bin/zsh\n"
		"reserved_names = build deploy\nreserved_names = ci\nname_characters = . @\n"
		"[limits]\nconnections_per_uid = 1\nattempts = 2\nattempts_per_uid = 3\ncodes_per_address = 4\n"
		"codes_refill = 2m\n"
		"[provider a.b-c_D]\nissuer = http://127.0.0.1:8080/x\ndialect = keycloak\nclient_id = id\n"
		"client_secret_file = /etc/latchkey/secret\nclient_auth = post\nscope = openid x\ntitle = "
		"Gr\xc3\xbc\xc3\x9f\x65\n"
		"name_claim = email\nstrip_domains = example.com\nname_prefix = k-\nname_suffix = .k\n"
		"gecos_claim = /profile/name\nid_token_algorithms = ES256 EdDSA\nverification_hosts = a.example "
		"b.example\ntoken_scopes = a b\ntoken_scopes = c\ntoken_audiences = https://x/y\ngit_hosts = git.x "
		"git.x:1\n"
		"code_lifetime = 2m\nca_file = /etc/ssl/x.pem\nca_directory = /etc/ssl/x\nproxy = http://proxy:3128\n"
		"device_authorization_endpoint = https://x/d\ntoken_endpoint = https://x/t\n"
		"userinfo_endpoint = https://x/u\nintrospection_endpoint = https://x/i\nrevocation_endpoint = "
		"https://x/r\njwks_uri = "
		"https://x/k\njwks_file = /etc/latchkey/keys\n"
		"[provider e]\nissuer = https://login.example/t/v2.0\ndialect = entra\nclient_id = id\n"
		"name_suffix = @e\ntenants = t1 t2\n"
		"[access]\ngroup_claim = /roles\nusers = k-alice.k\nsubjects = e:S:1\ndomains = example.com\n"
		"groups = staff\ngroups = admins others\nsign_in_age = 12h\nrecheck = 0\nunchecked = yes\n"
		"[access sudo]\neveryone = yes\nbefore_start_public_key = yes\n"
		"before_start_networks = 10.0.0.0/8 ::1\nbefore_start_networks = 192.0.2.0/24\nsign_in_age = 0\n");
	const struct provider_config *p = &c->providers[0];
	const struct access_policy *sudo = access_policy_for(&c->access, "sudo"),
				   *rest = access_policy_for(&c->access, "sshd");

	(void)state;
	assert_string_equal(c->host, "web 1");
	assert_int_equal(c->log_target, LOG_TARGET_STDERR);
	assert_string_equal(c->audit_file, "/x/a");
	assert_true(c->audit_required);
	assert_true(c->allow_insecure_loopback);
	assert_int_equal(c->accounts.uid_min, 2000000000);
	assert_int_equal(c->accounts.uid_max, 2000000999);
	assert_string_equal(c->accounts.home, "/srv/people/%u");
	assert_string_equal(c->accounts.shell, "/bin/zsh");
	assert_string_equal(c->accounts.reserved_names[0], "build");
	assert_string_equal(c->accounts.reserved_names[2], "ci");
	assert_null(c->accounts.reserved_names[3]);
	assert_int_equal(c->limits.connections_per_uid, 1);
	assert_int_equal(c->limits.attempts, 2);
	assert_int_equal(c->limits.attempts_per_uid, 3);
	assert_int_equal(c->limits.codes_per_address, 4);
	assert_int_equal(c->limits.codes_refill_s, 120);
	assert_string_equal(p->settings.name, "a.b-c_D");
	assert_string_equal(p->settings.dialect->name, "keycloak");
	assert_int_equal(p->settings.client_auth, CLIENT_AUTH_POST);
	assert_string_equal(p->settings.scope, "openid x");
	assert_string_equal(p->title, "Gr\xc3\xbc\xc3\x9f\x65");
	assert_string_equal(p->names.claim, "email");
	assert_string_equal(p->names.strip_domains[0], "example.com");
	assert_string_equal(p->names.prefix, "k-");
	assert_string_equal(p->names.suffix, ".k");
	assert_true(p->names.allow_dot && p->names.allow_at);
	assert_string_equal(p->gecos_claim, "/profile/name");
	assert_int_equal(p->settings.algorithms, 1u << JWS_ES256 | 1u << JWS_EDDSA);
	assert_string_equal(p->settings.verification_hosts[1], "b.example");
	assert_int_equal(p->settings.code_lifetime_s, 120);
	assert_string_equal(p->settings.fetch.ca_file, "/etc/ssl/x.pem");
	assert_string_equal(p->settings.fetch.ca_directory, "/etc/ssl/x");
	assert_string_equal(p->settings.fetch.proxy, "http://proxy:3128");
	assert_true(p->settings.fetch.allow_loopback_http);
	assert_string_equal(p->settings.device_authorization_endpoint, "https://x/d");
	assert_string_equal(p->settings.token_endpoint, "https://x/t");
	assert_string_equal(p->settings.userinfo_endpoint, "https://x/u");
	assert_string_equal(p->settings.introspection_endpoint, "https://x/i");
	assert_string_equal(p->settings.revocation_endpoint, "https://x/r");
	assert_string_equal(p->tokens.scopes[0], "a");
	assert_string_equal(p->tokens.scopes[2], "c");
	assert_string_equal(p->tokens.audiences[0], "https://x/y");
	assert_string_equal(p->tokens.git_hosts[1], "git.x:1");
	assert_null(c->providers[1].tokens.scopes);
	assert_true(c->root_may_have_tokens);
	assert_string_equal(p->settings.jwks_uri, "https://x/k");
	assert_string_equal(p->settings.jwks_file, "/etc/latchkey/keys");
	assert_string_equal(c->providers[1].settings.tenants[1], "t2");
	assert_string_equal(c->access.group_claim, "/roles");
	assert_string_equal(rest->groups[2], "others");
	assert_int_equal(rest->sign_in_age_s, 12 * 3600);
	assert_int_equal(rest->recheck_s, 0);
	assert_true(rest->unchecked);
	assert_string_equal(rest->subjects[0], "e:S:1");
	assert_false(rest->everyone);
	assert_true(sudo->everyone && sudo->before_start_public_key);
	assert_null(sudo->users);
	assert_int_equal(sudo->n_before_start_networks, 3);
	assert_int_equal(sudo->sign_in_age_s, 0);
	assert_int_equal(sudo->recheck_s, 300);
	assert_false(sudo->unchecked);
}

static void faults_of_lines(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{"[latchkey]\n\nissuerr=x\n", "latchkey.conf:3: unknown key 'issuerr' in [latchkey]"},
		{"[provider x]\nissuerr=x\n", "latchkey.conf:2: unknown key 'issuerr' in [provider x]"},
		{"[other]\na=b\n", "latchkey.conf:2: unknown section [other]"},
		{"[Access]\neveryone=yes\n", "unknown section [Access]"},
		{"[provider]\nissuer=x\n", "unknown section [provider]"},
		{"[accesss]\neveryone=yes\n", "unknown section [accesss]"},
		{"[access a b]\neveryone=yes\n", "a service's name has"},
		{"[access ]\neveryone=yes\n", "latchkey.conf:"},
		{"[provider a b]\nissuer=x\n", "a provider's name has"},
		{"[provider a:b]\nissuer=x\n", "a provider's name has"},
		{"[provider abcdefghijklmnopqrstuvwxyz0123456]\nissuer=x\n", "a provider's name has"},
		{"[provider x]\nissuer=\n", "issuer has no value"},
		{"[provider x]\nissuer=a\nissuer=a\n", "latchkey.conf:3: issuer was set before in [provider x]"},
		{"[provider x]\nissuer=a\n[provider y]\nissuer=b\n[provider x]\nissuer=c\n",
		 "latchkey.conf:6: issuer was"},
		{"[access]\neveryone=no\n[access sudo]\neveryone=no\n[access]\neveryone=yes\n",
		 "latchkey.conf:6: everyone was"},
		{"[access]\ngroup_claim=a\ngroup_claim=b\n", "latchkey.conf:3: group_claim was set before"},
		{"[access sudo]\ngroup_claim=a\n", "unknown key 'group_claim' in [access sudo]"},
		{"[access]\neveryone=true\n", "everyone must be yes or no"},
		{"[access]\neveryone=YES\n", "everyone must be yes or no"},
		{"[access]\neveryone=1\n", "everyone must be yes or no"},
		{"[access]\nusers=Alice\n", "'Alice' is not a possible account name"},
		{"[access]\nusers=a:b\n", "is not a possible account name"},
		{"[access]\nsubjects=abc\n", "is not of the form PROVIDER:SUBJECT"},
		{"[access]\nsubjects=:abc\n", "is not of the form PROVIDER:SUBJECT"},
		{"[access]\nsubjects=abc:\n", "is not of the form PROVIDER:SUBJECT"},
		{"[access]\ndomains=@example.com\n", "is not a domain like"},
		{"[access]\ndomains=*.example.com\n", "is not a domain like"},
		{"[access]\ndomains=example..com\n", "is not a domain like"},
		{"[access]\nbefore_start_networks=10.0.0.1/8\n", "'10.0.0.1/8' is not a network"},
		{"[access]\nbefore_start_networks=10.0.0.0/8 localhost\n", "'localhost' is not a network"},
		{"[access]\nsign_in_age=15\n[access x]\nsign_in_age=15 m\n", "latchkey.conf:4: sign_in_age must be"},
		{"[access]\nsign_in_age=15d\n", "sign_in_age must be"},
		{"[access]\nrecheck=25h\n", "recheck must be"},
		{"[access]\nrecheck=never\n", "recheck must be"},
		{"[access]\nunchecked=1\n", "unchecked must be yes or no"},
		{WITH_ACCESS "unchecked=yes\n", "[access]: unchecked needs sign_in_age"},
		{WITH_ACCESS "[access cron]\neveryone=yes\nunchecked=yes\n",
		 "[access cron]: unchecked needs sign_in_age"},
		{"[latchkey]\naudit_file=audit.jsonl\n", "audit_file"},
		{"[latchkey]\naudit_required=yes\n" PROVIDER, "audit_required needs audit_file"},
		{"[access]\nsign_in_age=-1\n", "sign_in_age must be"},
		{"[access]\nsign_in_age=m\n", "sign_in_age must be"},
		{"[access]\nsign_in_age=99999h\n", "sign_in_age must be"},
		{"[access]\nsign_in_age=4294967296\n", "sign_in_age must be"},
		{"[access]\nsign_in_age=18446744073709551617\n", "sign_in_age must be"},
		{"[latchkey]\nlog=syslog\n", "log must be auto, journal or stderr"},
		{"[latchkey]\nhost=a\xe2\x80\xae"
		 "b\n",
		 "host has characters that cannot be shown"},
		{"[limits]\nattempts=0\n", "attempts must be a number from 1 to"},
		{"[limits]\nattempts=-1\n", "attempts must be a number"},
		{"[limits]\nattempts=1e3\n", "attempts must be a number"},
		{"[limits]\nattempts=0x10\n", "attempts must be a number"},
		{"[limits]\ncodes_refill=0\n", "codes_refill must be a time"},
		{"[accounts]\nuid_min=4294967296\n", "uid_min must be a number"},
		{"[accounts]\nname_characters=.+\n", "name_characters can add"},
		{"[accounts]\nreserved_names=A\n", "is not a possible account name"},
		{"[accounts]\nshell=bash\n", "shell must be an absolute path"},
		{"[accounts]\nshell=/bin/../bash\n", "shell must be an absolute path"},
		{"[accounts]\nshell=/bin/ba:sh\n", "shell must be an absolute path"},
		{"[provider x]\ndialect=googel\n", "dialect 'googel' is not known"},
		{"[provider x]\nclient_auth=tls\n", "client_auth must be none, basic, post, private_key_jwt or mtls"},
		{"[provider x]\nclient_secret_file=secret\n", "client_secret_file must be an absolute path"},
		{"[provider x]\nid_token_algorithms=RS256 none\n", "'none' is not RS, PS, ES"},
		{"[provider x]\nid_token_algorithms=HS256\n", "'HS256' is not RS, PS, ES"},
		{"[provider x]\nid_token_algorithms=rs256\n", "'rs256' is not RS, PS, ES"},
		{"[provider x]\ncode_lifetime=5\n", "code_lifetime must be a time from 30s"},
		{"[provider x]\nname_prefix=abcdefghijklmnopqrstuvwxyzabcdefg\n", "name_prefix is longer than 32"},
		{"[provider x]\nclient_id=caf\xc3\xa9\n", "client_id has characters other than"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refused(rows[i].text, rows[i].expected);
}

/* I16 */
static void faults_of_home(void **state)
{
	static const struct {
		const char *home;
		const char *expected;
	} rows[] = {
		{"/home/x", "home must contain %u"},
		{"/home/%n", "home knows %u"},
		{"/home/%u/%", "home knows %u"},
		{"/home/%%u", "home knows %u"},
		{"home/%u", "home must be an absolute path"},
		{"/home/../etc/%u", "home must be an absolute path"},
		{"/home/./%u", "home must be an absolute path"},
		{"/home//%u", "home must be an absolute path"},
		{"/home/%u/", "home must be an absolute path"},
		{"/home/%u:x", "home must be an absolute path"},
		{"/%u", "home must lie in a folder below /"},
		{"/x%u/home", "home must lie in a folder below /"},
		{"/etc/%u", "home lies in a folder of the system"},
		{"/usr/local/%u", "home lies in a folder of the system"},
		{"/proc/%u", "home lies in a folder of the system"},
		{"/root/%u", "home lies in a folder of the system"},
		{"/tmp/%u", "home lies in a folder of the system"},
		{"/var/lib/latchkey/%u", "home lies in a folder of the system"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text), WITH_ACCESS "[accounts]\nhome=%s\n", rows[i].home);
		refused(text, rows[i].expected);
	}
}

/* I11 */
static void faults_of_uid_range(void **state)
{
	static const struct {
		const char *range;
		const char *expected;
	} rows[] = {
		{"uid_min=2000\nuid_max=1999\n", "uid_min is above uid_max"},
		{"uid_min=1000\nuid_max=60000\n", "uid_min 1000 is below 65536"},
		{"uid_min=0\nuid_max=60000\n", "system users"},
		{"uid_min=999\nuid_max=60000\n", "system users"},
		{"uid_min=60000\nuid_max=60001\n", "systemd-homed"},
		{"uid_min=61183\nuid_max=61184\n", "dynamic users"},
		{"uid_min=65519\nuid_max=65520\n", "dynamic users"},
		{"uid_min=65533\nuid_max=65534\n", "nobody"},
		{"uid_min=65535\nuid_max=65536\n", "nobody"},
		{"uid_min=524287\nuid_max=524288\n", "systemd-nspawn"},
		{"uid_min=1879048191\n", "systemd-nspawn"},
		{"uid_max=2147483648\n", "2147483648"},
		{"uid_max=4294967295\n", "2147483648"},
		{"uid_min=1000\n", "touches"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text), WITH_ACCESS "[accounts]\n%s", rows[i].range);
		refused(text, rows[i].expected);
	}
	config_free(load(WITH_ACCESS "[accounts]\nuid_min=1879048192\nuid_max=2147483647\n"));
	config_free(load(WITH_ACCESS "[accounts]\nuid_min=65536\nuid_max=524287\n"));
}

static void faults_of_providers(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{"", "there is no [provider NAME] section"},
		{"[access]\neveryone=yes\n", "there is no [provider NAME] section"},
		{"[provider x]\nclient_id=c\n", "[provider x]: issuer is missing"},
		{"[provider x]\nissuer=https://x\n", "[provider x]: client_id is missing"},
		{"[provider x]\nissuer=http://x\nclient_id=c\n", "[provider x]: issuer: "},
		{"[provider x]\nissuer=http://127.0.0.1\nclient_id=c\n", "[provider x]: issuer: "},
		{"[latchkey]\nallow_insecure_loopback=yes\n[provider x]\nissuer=http://192.0.2.1\nclient_id=c\n",
		 "[provider x]: issuer: "},
		{"[provider x]\nissuer=ftp://x\nclient_id=c\n", "[provider x]: issuer: "},
		{"[provider x]\nissuer=id.example\nclient_id=c\n", "[provider x]: issuer: "},
		{"[provider x]\nissuer=https://u:p@x\nclient_id=c\n", "[provider x]: issuer: "},
		{"[provider x]\nissuer=https://x#f\nclient_id=c\n", "[provider x]: issuer: "},
		{"[provider x]\nissuer=https://x?q\nclient_id=c\n", "[provider x]: issuer has a query"},
		{PROVIDER "token_endpoint=http://x\n", "[provider corp]: token_endpoint: "},
		{PROVIDER "jwks_uri=file:///etc/keys\n", "[provider corp]: jwks_uri: "},
		{PROVIDER "introspection_endpoint=http://x\n", "[provider corp]: introspection_endpoint: "},
		{PROVIDER "revocation_endpoint=http://x\n", "[provider corp]: revocation_endpoint: "}, /* REV-01 */
		{PROVIDER "userinfo_endpoint=x\n", "[provider corp]: userinfo_endpoint: "},
		{PROVIDER "device_authorization_endpoint=//x\n", "[provider corp]: device_authorization_endpoint: "},
		{PROVIDER "proxy=proxy:3128\n", "[provider corp]: proxy must be like"},
		{PROVIDER "proxy=https://proxy:3128\n", "[provider corp]: proxy must be like"},
		{PROVIDER "proxy=http://proxy/path\n", "[provider corp]: proxy must be like"},
		{PROVIDER "tenants=x\n", "tenants means nothing to dialect generic"},
		{"[provider x]\nissuer=https://login.microsoftonline.com/common/v2.0\nclient_id=c\ndialect=entra\n",
		 "tenants must name yours"},
		{"[provider x]\nissuer=https://login.microsoftonline.com/{tenantid}/v2.0\nclient_id=c\ndialect=entra\n",
		 "tenants must name yours"},
		{PROVIDER "[accounts]\nmigrated_ids=x\n", "migrated_ids must be ranges like"},
		{PROVIDER "[accounts]\nmigrated_ids=0-1000\n", "migrated_ids must be ranges like"},
		{PROVIDER "[accounts]\nmigrated_ids=1000-61000\n", "touches the numbers of systemd-homed"},
		{PROVIDER "[accounts]\nmigrated_ids=65535\n", "touches the numbers of nobody"},
		{PROVIDER "[accounts]\nmigrated_ids=2147483646\n", "touches uid_min to uid_max"},
		{PROVIDER "name_prefix=-\n", "no name could have this name_prefix"},
		{PROVIDER "name_prefix=A\n", "no name could have this name_prefix"},
		{PROVIDER "name_suffix=.x\n", "no name could have this name_prefix"},
		{PROVIDER "name_prefix=abcdefghijklmnop\nname_suffix=abcdefghijklmnop\n", "no name could have"},
		/* I4 */
		{PROVIDER "strip_domains=a.example b.example\n", "makes one name of two people"},
		{PROVIDER "strip_domains=a.example\nstrip_domains=A.example\n", "makes one name of two people"},
		{PROVIDER "[access]\nsubjects=other:1\n", "[access]: subjects: no provider is called 'other'"},
		{PROVIDER "name_prefix=x-\n[access sudo]\nusers=alice\n",
		 "[access sudo]: users: no provider could make the name 'alice'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refused(rows[i].text, rows[i].expected);
}

/* Two providers whose names could meet are refused, others are not, and a name selects one. */
static void pairs(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool may_meet;
	} rows[] = {
		{"", "", true},
		{"name_prefix=a-\n", "", true},
		{"name_prefix=a-\n", "name_prefix=a-\n", true},
		{"name_prefix=a\n", "name_prefix=ab\n", true},
		{"name_suffix=-a\n", "name_suffix=-b-a\n", true},
		{"name_prefix=a-\n", "name_suffix=-a\n", true},
		{"name_prefix=a-\nname_suffix=-x\n", "name_prefix=a-\nname_suffix=-x\n", true},
		{"name_suffix=@a\n", "", true},
		{"name_prefix=a-\n", "name_prefix=b-\n", false},
		{"name_suffix=-a\n", "name_suffix=-b\n", false},
		{"name_prefix=a-\nname_suffix=-x\n", "name_prefix=a-\nname_suffix=-y\n", false},
		{"name_suffix=@a\n", "name_suffix=@b\n", false},
		{"name_suffix=@a\n", "strip_domains=b.example\n", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text),
			 "[accounts]\nname_characters=@\n[provider a]\nissuer=https://a\nclient_id=c\n%s"
			 "[provider b]\nissuer=https://b\nclient_id=c\n%s",
			 rows[i].a, rows[i].b);
		if (rows[i].may_meet)
			refused(text, "[provider a] and [provider b] could make the same name");
		else
			config_free(load(text));
	}
	refused("[provider a]\nissuer=https://a\nclient_id=c\nname_prefix=a-\n"
		"[provider b]\nissuer=https://a\nclient_id=d\nname_prefix=b-\n",
		"[provider a] and [provider b] have the same issuer");
}

static void selecting(void **state)
{
	LK_CLEANUP(config_freep)
	struct config *c = load("[provider a]\nissuer=https://a\nclient_id=c\nname_prefix=a-\n"
				"[provider b]\nissuer=https://b\nclient_id=c\nname_prefix=b-\n");

	(void)state;
	assert_ptr_equal(config_provider_for(c, "a-alice"), &c->providers[0]);
	assert_ptr_equal(config_provider_for(c, "b-alice"), &c->providers[1]);
	assert_null(config_provider_for(c, "alice"));
	assert_null(config_provider_for(c, "a-"));
	assert_null(config_provider_for(c, "A-alice"));
	assert_null(config_provider_for(c, "a-alice@x"));
	assert_null(config_provider_for(c, ""));
}

static void notes(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{PROVIDER, "nobody may log in"},
		{PROVIDER "[access]\nsign_in_age=1h\n", "[access] names nobody"},
		{WITH_ACCESS "[access sudo]\nsign_in_age=1h\n", "[access sudo] names nobody"},
		{PROVIDER "[access]\neveryone=yes\n", "[access]: everyone=yes"},
		{WITH_ACCESS "[access sshd]\neveryone=yes\n", "[access sshd]: everyone=yes"},
		{"[latchkey]\nallow_insecure_loopback=yes\n" WITH_ACCESS, "allow_insecure_loopback=yes"},
		{PROVIDER "proxy=http://p:1\n[access]\nusers=alice\n", "[provider corp]: the way to the proxy"},
	};
	struct notes n = {""};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		n.text[0] = '\0';
		config_free(load_noted(rows[i].text, &n));
		if (!strstr(n.text, rows[i].expected))
			fail_msg("'%s' instead of '%s'", n.text, rows[i].expected);
	}
	n.text[0] = '\0';
	config_free(load_noted(WITH_ACCESS, &n));
	assert_string_equal(n.text, "");
	config_free(load("[latchkey]\nallow_insecure_loopback=yes\n" WITH_ACCESS));
}

static void limits_of_number(void **state)
{
	static char text[100000];
	size_t len = 0;

	(void)state;
	for (unsigned i = 0; i < 16; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"[provider p%u]\nissuer=https://p%u\nclient_id=c\nname_prefix=%c-\n", i, i,
					'a' + (int)i);
	config_free(load(text));
	snprintf(text + len, sizeof(text) - len, "[provider p]\nissuer=https://p\n");
	refused(text, "more than 16 providers");
	len = 0;
	for (unsigned i = 0; i < 64; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "[access s%u]\neveryone=no\n", i);
	snprintf(text + len, sizeof(text) - len, "[access]\neveryone=no\n");
	refused(text, "more than 64 [access] sections");
	len = (size_t)snprintf(text, sizeof(text), PROVIDER "[access]\n");
	for (unsigned i = 0; i < 1024; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "groups=group-%u\n", i);
	config_free(load(text));
	snprintf(text + len, sizeof(text) - len, "groups=one-more\n");
	refused(text, "groups has more than 1024 words");
}

/* Every cut of a good file is a configuration or a fault with a reason. */
static void every_cut(void **state)
{
	static const char text[] = "[latchkey]\nhost=h\n[accounts]\nhome=/srv/%u\n" PROVIDER
				   "strip_domains=example.com\nid_token_algorithms=RS256\n"
				   "[access]\nusers=alice\nbefore_start_networks=10.0.0.0/8\n";

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		struct config *c = NULL;
		struct ini_fault fault = {""};
		int r = config_load_text(&c, text, len, NULL, NULL, &fault);

		assert_true(r == 0 ? c != NULL : r == -EINVAL && !c && fault.text[0] != '\0');
		config_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(everything),
		cmocka_unit_test(faults_of_lines),
		cmocka_unit_test(faults_of_home),
		cmocka_unit_test(faults_of_uid_range),
		cmocka_unit_test(faults_of_providers),
		cmocka_unit_test(pairs),
		cmocka_unit_test(selecting),
		cmocka_unit_test(notes),
		cmocka_unit_test(limits_of_number),
		cmocka_unit_test(every_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
