/* SPDX-License-Identifier: MIT */
/* The [service-account NAME] sections: what is understood, what is refused, what is said aloud. Threats I1, I18. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper/daemon/config_internal.h"
#include "tests/unit/daemon/config_text.h"
#include "tests/unit/scratch.h"

#define PROVIDER "[provider corp]\nissuer=https://id.example\nclient_id=c\n"
#define TWO                                                                                                            \
	"[provider corp]\nissuer=https://id.example\nclient_id=c\nname_prefix=c-\n"                                    \
	"[provider guests]\nissuer=https://guests.example\nclient_id=g\nname_prefix=g-\n"
#define SECTION "[service-account backup]\n"
#define GOOD SECTION "subject=b\nkey=backup\n"

static void every_key(void **state)
{
	LK_CLEANUP(config_freep)
	struct config *c =
		load(TWO SECTION
		     "provider=guests\ngrant=jwt-bearer\nsubject=b@x.example\nidentity_subject=00u1\n"
		     "client_id=3MVG9\nkey=/etc/latchkey/backup.pem\nalgorithm=ES384\naudience=https://aud.example\n"
		     "scope=a b\nservices=cron su\nservices=sudo-i\nfrom=10.0.0.0/8 ::1\n"
		     "accepts=assertion\naccepts=workload\n"
		     "assertion_jwks_uri=https://robots.example/k\nassertion_issuer=robot\nassertion_subject=r\n"
		     "assertion_to_provider=yes\nworkload_issuer=https://ci.example\nworkload_audience=host\n"
		     "workload_subject=repo:x:*\nworkload_claims=environment=production ref=refs/heads/main\n");
	const struct service_account *s = service_accounts_find(&c->services, "backup");

	(void)state;
	assert_string_equal(s->provider, "guests");
	assert_string_equal(s->issuer, "https://guests.example");
	assert_int_equal(s->grant, SERVICE_GRANT_JWT_BEARER);
	assert_string_equal(s->subject, "b@x.example");
	assert_string_equal(s->identity_subject, "00u1");
	assert_string_equal(s->client_id, "3MVG9");
	assert_string_equal(s->key, "/etc/latchkey/backup.pem");
	assert_int_equal(s->algorithm, JWS_ES384);
	assert_string_equal(s->audience, "https://aud.example");
	assert_string_equal(s->scope, "a b");
	assert_true(service_account_may_open(s, "su") && service_account_may_open(s, "sudo-i"));
	assert_false(service_account_may_open(s, "sshd") || service_account_may_open(s, NULL));
	assert_true(service_account_may_come_from(s, "10.1.2.3") && service_account_may_come_from(s, "::1"));
	assert_true(service_account_may_come_from(s, NULL) && service_account_may_come_from(s, ""));
	assert_false(service_account_may_come_from(s, "11.0.0.1") || service_account_may_come_from(s, "host"));
	assert_int_equal(s->accepts, SERVICE_ACCEPTS_ASSERTION | SERVICE_ACCEPTS_WORKLOAD);
	assert_string_equal(s->assertion_jwks_uri, "https://robots.example/k");
	assert_string_equal(s->assertion_issuer, "robot");
	assert_string_equal(s->assertion_subject, "r");
	assert_true(s->assertion_to_provider);
	assert_string_equal(s->workload_issuer, "https://ci.example");
	assert_string_equal(s->workload_audience, "host");
	assert_string_equal(s->workload_subject, "repo:x:*");
	assert_string_equal(s->workload_claims[1], "ref=refs/heads/main");
	assert_null(service_accounts_find(&c->services, "backu"));
	assert_null(service_accounts_find(&c->services, NULL));
	assert_null(service_accounts_find(NULL, "backup"));
}

/* I18: unset means none. */
static void defaults(void **state)
{
	LK_CLEANUP(config_freep) struct config *c = load(PROVIDER GOOD);
	LK_CLEANUP(config_freep)
	struct config *own = load(PROVIDER SECTION "grant=client-credentials\nkey=k\nclient_id=b\n"
						   "assertion_keys=/etc/latchkey/keys\n");
	const struct service_account *s = &c->services.accounts[0];

	(void)state;
	assert_string_equal(s->provider, "corp");
	assert_string_equal(s->client_id, "c");
	assert_string_equal(s->identity_subject, "b");
	assert_int_equal(s->algorithm, JWS_NONE);
	assert_int_equal(s->accepts, 0);
	assert_false(service_account_may_open(s, "cron"));
	assert_true(service_account_may_come_from(s, "192.0.2.1"));
	s = &own->services.accounts[0];
	assert_string_equal(s->subject, "b");
	assert_string_equal(s->identity_subject, "b");
	assert_int_equal(s->accepts, SERVICE_ACCEPTS_ASSERTION);
}

static void refusals(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{PROVIDER SECTION "subject=b\n", "key is missing"},
		{PROVIDER SECTION "key=k\n", "subject is missing"},
		{PROVIDER SECTION "grant=none\n", "subject is missing"},
		{PROVIDER SECTION "grant=none\nsubject=b\nkey=k\n", "mean nothing"},
		{PROVIDER SECTION "grant=client-credentials\n", "needs a key, or a client that proves itself"},
		{PROVIDER SECTION "grant=client-credentials\nclient_id=x\n", "client_id without a key"},
		{PROVIDER SECTION "grant=client-credentials\naudience=x\n", "mean nothing without a key"},
		{PROVIDER SECTION "grant=password\n", "must be jwt-bearer, client-credentials or none"},
		{PROVIDER GOOD "algorithm=HS256\n", "algorithm must be"},
		{PROVIDER GOOD "algorithm=none\n", "algorithm must be"},
		{PROVIDER GOOD "algorithm=RS512\n", "algorithm must be"},
		{PROVIDER SECTION "subject=b\nkey=../k\n", "key must be"},
		{PROVIDER SECTION "subject=b\nkey=tpm:\n", "key must be"},
		{PROVIDER GOOD "provider=other\n", "no provider is called 'other'"},
		{TWO GOOD, "provider is missing"},
		{PROVIDER "[service-account root]\nsubject=b\nkey=k\n", "nobody at a provider can be root, or"},
		{PROVIDER "[service-account systemd-x]\nsubject=b\nkey=k\n", "or one of systemd's"},
		{PROVIDER "[service-account Backup]\nsubject=b\n", "not a name that Latchkey can carry"},
		{PROVIDER "[service-account ]\nsubject=b\n", "not a name that Latchkey can carry"},
		{PROVIDER "[service-account]\nsubject=b\n", "unknown section [service-account]"},
		{PROVIDER GOOD "[local-account backup]\nsubject=x\n", "[local-account backup] gives it to a person"},
		{PROVIDER GOOD "[access]\nusers=backup\n", "[access] users names it too"},
		{PROVIDER GOOD "[service-account other]\nsubject=b\nkey=k\n", "are the same at the provider"},
		{PROVIDER GOOD "subject=c\n", "subject was set before"},
		{PROVIDER GOOD "uid=1\n", "unknown key 'uid'"},
		{PROVIDER GOOD "services=a/b\n", "services: 'a/b'"},
		{PROVIDER GOOD "from=10.0.0.1/8\n", "from: '10.0.0.1/8' is not a network"},
		{PROVIDER GOOD "accepts=password\n", "accepts: 'password'"},
		{PROVIDER GOOD "accepts=assertion\n", "assertions need assertion_keys"},
		{PROVIDER GOOD "assertion_subject=x\n", "assertions need assertion_keys"},
		{PROVIDER GOOD "assertion_keys=/a\nassertion_jwks_uri=https://b.example\n", "one of them"},
		{PROVIDER GOOD "assertion_jwks_uri=http://b.example\n", "assertion_jwks_uri: "},
		{PROVIDER SECTION "grant=none\nsubject=b\nassertion_keys=/a\nassertion_to_provider=yes\n",
		 "assertion_to_provider needs"},
		{PROVIDER GOOD "accepts=workload\n", "workload tokens need workload_issuer"},
		{PROVIDER GOOD "workload_issuer=https://ci.example\n", "needs workload_audience and"},
		{PROVIDER GOOD "workload_issuer=https://ci.example\nworkload_audience=a\n", "workload_subject"},
		{PROVIDER GOOD "workload_issuer=http://ci.example\n", "workload_issuer: "},
		{PROVIDER GOOD "workload_claims=ref\n", "workload_claims: 'ref'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *c = NULL;
		struct ini_fault fault = {""};
		int r = config_load_text(&c, cases[i].text, strlen(cases[i].text), NULL, NULL, &fault);

		if (r != -EINVAL || !strstr(fault.text, cases[i].expected))
			fail_msg("%zu: %d '%s' instead of '%s'", i, r, fault.text, cases[i].expected);
	}
}

static void too_many(void **state)
{
	char text[SERVICE_ACCOUNTS_MAX * 64 + 200];
	struct config *c = NULL;
	struct ini_fault fault = {""};
	size_t len = (size_t)snprintf(text, sizeof(text), PROVIDER);

	(void)state;
	for (unsigned int i = 0; i < SERVICE_ACCOUNTS_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "[service-account a%u]\nsubject=s%u\nkey=k\n",
					i, i);
	config_free(load(text));
	(void)snprintf(text + len, sizeof(text) - len, "[service-account one-more]\nsubject=x\nkey=k\n");
	assert_int_equal(config_load_text(&c, text, strlen(text), NULL, NULL, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "more than 64 [service-account] sections"));
}

static void said_aloud(void **state)
{
	struct notes said = {""};

	(void)state;
	config_free(load_noted(PROVIDER GOOD, &said));
	assert_non_null(strstr(said.text, "[service-account backup]: services names none"));
	assert_null(strstr(said.text, "grant=none"));
	memset(&said, 0, sizeof(said));
	config_free(load_noted(PROVIDER SECTION "grant=none\nsubject=b\nservices=sshd\n", &said));
	assert_non_null(strstr(said.text, "the provider is never asked"));
	assert_null(strstr(said.text, "services names none"));
	memset(&said, 0, sizeof(said));
	config_free(load_noted(PROVIDER GOOD "assertion_keys=/a\nassertion_to_provider=yes\n", &said));
	assert_non_null(strstr(said.text, "could use an assertion elsewhere"));
}

/* I1: accounts of the system may be service accounts, since root names each; root and nobody never. */
static void this_machine(void **state)
{
	static const char passwd[] = "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\n"
				     "backup:x:34:34::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n";
	static const struct {
		const char *name;
		int expected;
	} rows[] = {{"backup", 0}, {"stranger", 0}, {"toor", -EINVAL}, {"nobody", -EINVAL}};
	struct scratch s;

	(void)state;
	assert_true(scratch_new(&s));
	assert_int_equal(mkdir(scratch_name(&s, "etc"), 0755), 0);
	assert_true(scratch_write(&s, "etc/passwd", passwd, strlen(passwd), 0644));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		LK_CLEANUP(config_freep) struct config *c = NULL;
		char text[256], why[CONFIG_WHY_MAX] = "";

		(void)snprintf(text, sizeof(text), PROVIDER "[service-account %s]\nsubject=x\nkey=k\n", rows[i].name);
		c = load(text);
		if (config_check_local_users(c, s.path, NULL, NULL, why) != rows[i].expected)
			fail_msg("%s: %s", rows[i].name, why);
		if (rows[i].expected != 0)
			assert_non_null(strstr(why, "its uid is root's or stands for nobody"));
	}
	scratch_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key), cmocka_unit_test(defaults),   cmocka_unit_test(refusals),
		cmocka_unit_test(too_many),  cmocka_unit_test(said_aloud), cmocka_unit_test(this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
