/* SPDX-License-Identifier: MIT */
/* A robot's askpass: whose words a question begins with, which ssh can be believed, and what assert.conf may say. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "helper/cli/assert_config.h"
#include "helper/cli/assert_state.h"
#include "helper/cli/ssh_client.h"

static void test_prefix(void **state)
{
	static const struct {
		const char *question;
		const char *user; /* NULL: there is no such thing in front */
		const char *host;
		const char *text;
	} cases[] = {
		{"(deploy@build7) Latchkey", "deploy", "build7", "Latchkey"},
		{"(deploy@acme@build7) x", "deploy@acme", "build7", "x"},
		{"(deploy@::1) x", "deploy", "::1", "x"},
		/* the first is ssh's, and what follows is whatever the server says */
		{"(deploy@evil) (deploy@build7) x", "deploy", "evil", "(deploy@build7) x"},
		{"(deploy@evil) ", "deploy", "evil", ""},
		{"Password: ", NULL, NULL, NULL},
		{"x (deploy@build7) x", NULL, NULL, NULL},
		{"\r(deploy@build7) x", NULL, NULL, NULL},
		{"(deploy@build7)x", NULL, NULL, NULL},
		{"(deploy) x", NULL, NULL, NULL},
		{"(@build7) x", NULL, NULL, NULL},
		{"(deploy@) x", NULL, NULL, NULL},
		{"", NULL, NULL, NULL},
	};
	struct ssh_question q;
	char longest[2 * SSH_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int r = ssh_question_read(&q, cases[i].question);

		assert_int_equal(r, cases[i].user ? 0 : -EBADMSG);
		if (r == 0) {
			assert_string_equal(q.user, cases[i].user);
			assert_string_equal(q.host, cases[i].host);
			assert_string_equal(q.text, cases[i].text);
		}
	}
	(void)snprintf(longest, sizeof(longest), "(a@%0*d) x", (int)SSH_NAME_MAX, 0);
	assert_int_equal(ssh_question_read(&q, longest), 0);
	(void)snprintf(longest, sizeof(longest), "(a@%0*d) x", (int)SSH_NAME_MAX + 1, 0);
	assert_int_equal(ssh_question_read(&q, longest), -EBADMSG);
}

static void test_versions(void **state)
{
	static const char *const good[] = {"OpenSSH_8.5p1, OpenSSL 1.1.1j", "OpenSSH_9.2p1 Debian-2", "OpenSSH_10.0p2",
					   "OpenSSH_8.10"};
	static const char *const bad[] = {"",
					  "OpenSSH_8.4p1 Debian-5",
					  "OpenSSH_7.9",
					  "OpenSSH_8",
					  "OpenSSH_",
					  "OpenSSH_ 9.2",
					  "OpenSSH_-9.2",
					  "Dropbear v2022.83",
					  "ssh: OpenSSH_9.2",
					  "sh: 0: Illegal option -V"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(ssh_version_names_host(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(ssh_version_names_host(bad[i]));
	/* this program is none */
	assert_false(ssh_client_names_host(getpid()));
	assert_false(ssh_client_names_host(INT32_MAX));
}

static int parse(struct assert_config *c, const char *text, const char *host, char *why)
{
	return assert_config_parse(c, "assert.conf", text, strlen(text), host, why);
}

static void test_config(void **state)
{
	static const char text[] = "[assert]\nkey=/k\nissuer=robots\n"
				   "[host build7]\nhost=build7.example.org\nkey=/k7\n"
				   "[host db1]\naudience=https://id.example\n";
	char why[ASSERT_WHY_MAX] = "";
	struct assert_config c;

	(void)state;
	assert_int_equal(parse(&c, text, "build7", why), 0);
	assert_string_equal(c.key, "/k7");
	assert_string_equal(c.issuer, "robots");
	assert_string_equal(c.host, "build7.example.org");
	assert_null(c.audience);
	assert_config_done(&c);
	assert_int_equal(parse(&c, text, "db1", why), 0);
	assert_string_equal(c.key, "/k");
	assert_string_equal(c.audience, "https://id.example");
	assert_config_done(&c);
	/* no host's section counts for another */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(parse(&c, text, i == 0 ? "evil" : NULL, why), 0);
		assert_string_equal(c.key, "/k");
		assert_null(c.audience);
		assert_null(c.host);
		assert_config_done(&c);
	}
}

static void test_faults(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{"[assert]\naudience=x\n", "belongs into a [host NAME] section"},
		{"[assert]\nhost=x\n", "belongs into a [host NAME] section"},
		{"[assert]\ntoken_file=/x\n", "belongs into a [host NAME] section"},
		{"[assert]\nkey=/a\nkey=/b\n", "stands there twice"},
		{"[assert]\nkeys=/a\n", "unknown key"},
		{"[asserts]\nkey=/a\n", "unknown section"},
		{"[host h]\nkey=\n", "empty"},
		{"[host h]\ntoken_file=t\n", "absolute"},
		{"key=/a\n", ""},
	};
	char why[ASSERT_WHY_MAX];
	struct assert_config c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		why[0] = '\0';
		assert_int_equal(parse(&c, cases[i].text, "h", why), -EINVAL);
		if (strstr(why, cases[i].why) == NULL || why[0] == '\0')
			fail_msg("%s: %s", cases[i].text, why);
		assert_config_done(&c);
	}
}

/* L16: a file that others can write is refused, and so is a folder that others can enter. */
static void test_files(void **state)
{
	char folder[] = "/tmp/lk-assert-XXXXXX", path[64], why[ASSERT_WHY_MAX];
	LK_CLEANUP(secret_freep) struct secret *token = NULL, *back = NULL;
	struct assert_config c;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(setenv("XDG_CONFIG_HOME", folder, 1), 0);
	assert_int_equal(setenv("XDG_RUNTIME_DIR", folder, 1), 0);
	assert_int_equal(setenv("LATCHKEY_ASSERT_KEY", "/of-env", 1), 0);
	assert_int_equal(assert_config_read(&c, NULL, "h", why), 0); /* none is there */
	assert_string_equal(c.key, "/of-env");
	assert_config_done(&c);

	(void)snprintf(path, sizeof(path), "%s/latchkey", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/latchkey/assert.conf", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	(void)fputs("[assert]\nkey=/of-file\nissuer=i\n", f);
	(void)fclose(f);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(assert_config_read(&c, NULL, "h", why), 0);
	assert_string_equal(c.key, "/of-env");
	assert_string_equal(c.issuer, "i");
	assert_config_done(&c);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(assert_config_read(&c, NULL, "h", why), -EINVAL);
	assert_config_done(&c);
	assert_int_equal(assert_config_read(&c, "/nowhere/assert.conf", "h", why), -EINVAL);
	assert_config_done(&c);

	assert_int_equal(secret_copy(&token, "a.b.c", 5), 0);
	assert_int_equal(assert_state_get(&back, "nonce"), -ENOENT);
	assert_int_equal(assert_state_put("nonce", token), 0);
	assert_int_equal(assert_state_put("nonce", token), -EEXIST);
	assert_int_equal(assert_state_get(&back, "nonce"), 0);
	assert_true(secret_equal(back, token));
	assert_state_drop("nonce");
	assert_int_equal(assert_state_put("nonce", token), 0);
	(void)snprintf(path, sizeof(path), "%s/latchkey", folder);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(assert_state_put("other", token), -EPERM);
	assert_int_equal(chmod(path, 0700), 0);
	assert_state_drop("nonce");
	(void)snprintf(path, sizeof(path), "%s/latchkey/assert.conf", folder);
	assert_int_equal(unlink(path), 0);
	(void)snprintf(path, sizeof(path), "%s/latchkey", folder);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefix), cmocka_unit_test(test_versions), cmocka_unit_test(test_config),
		cmocka_unit_test(test_faults), cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
