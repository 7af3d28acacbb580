/* SPDX-License-Identifier: MIT */
/* The verbs that ask the helper, against one that replies from a script: what is printed, and that nothing but success
 * ends in exit status 0. */
#include "helper/cli/verbs.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "helper/base/json.h"
#include "helper/protocol/names.h"
#include "helper/protocol/varlink.h"
#include "tests/unit/as_root.h"
#include "tests/unit/cli/capture.h"
#include "tests/unit/scratch.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ALICE                                                                                                          \
	"{\"name\":\"alice\",\"uid\":1879048200,\"gid\":1879048200,\"gecos\":\"Al\\u001b[31mice\",\"home\":\"/home/"   \
	"alice\","                                                                                                     \
	"\"shell\":\"/bin/bash\",\"provider\":\"work\",\"issuer\":\"https://idp.example\",\"subject\":\"s-1\","        \
	"\"state\":\"active\",\"created\":1700000000,\"last_sign_in\":null}"
#define CHALLENGE                                                                                                      \
	"{\"parameters\":{\"state\":\"challenge\",\"challenge\":{\"method\":\"device\",\"verification_uri\":"          \
	"\"https://idp.example/d\",\"verification_uri_complete\":\"https://idp.example/d?c=AB-CD\",\"user_code\":"     \
	"\"AB-CD\\u001b\",\"expires_in\":900,\"host\":\"h\",\"account\":\"alice\",\"provider\":\"work\"}},"            \
	"\"continues\":true}"
#define WAITING "{\"parameters\":{\"state\":\"waiting\"},\"continues\":true}"

static const struct verb verbs[] = {
	{"status", NULL, "", verb_status}, {"accounts", "[retired]", "", verb_accounts},
	{"show", "NAME", "", verb_show},   {"forget", "NAME", "", verb_forget},
	{"try", "NAME", "", verb_try},     {"enroll", NULL, "", verb_enroll},
	{NULL, NULL, NULL, NULL},
};

static struct scratch scratch;
static int listener = -1;

static int set_up(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)state;
	if (!as_root() || !scratch_new(&scratch))
		return -1;
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", scratch.path);
	if (listener < 0 || bind(listener, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return listen(listener, 8);
}

static int tear_down(void **state)
{
	(void)state;
	(void)close(listener);
	scratch_done(&scratch);
	return 0;
}

/* In a child: take one call, check its method, send the script, leave. Exit status 0 when the call was right. */
static void play_helper(const char *method, const char *const *replies)
{
	LK_CLEANUP(varlink_call_done) struct varlink_call call = {0};
	char text[4096];
	ssize_t len = 0, n;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	bool is_right;

	(void)alarm(60);
	do {
		n = recv(fd, text + len, sizeof(text) - (size_t)len, 0);
		len += n > 0 ? n : 0;
	} while (n > 0 && text[len - 1] != '\0');
	is_right = len > 0 && varlink_call_parse(&call, text, (size_t)len - 1) == 0 && strcmp(call.method, method) == 0;
	for (; *replies; replies++)
		(void)send(fd, *replies, strlen(*replies) + 1, MSG_NOSIGNAL);
	(void)close(fd);
	varlink_call_done(&call);
	_exit(is_right ? 0 : 1);
}

/* Runs the command line against that helper; --socket is added. */
static enum command_exit run(struct capture *c, const char *method, const char *const *replies,
			     const char *const *words)
{
	const char *all[8] = {"--socket", scratch_name(&scratch, "s")};
	enum command_exit status;
	int child_status = -1;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		play_helper(method, replies);
	for (size_t i = 0; words[i]; i++)
		all[i + 2] = words[i];
	status = capture_run(c, verbs, all);
	assert_int_equal(waitpid(child, &child_status, 0), child);
	assert_int_equal(child_status, 0);
	assert_null(strchr(c->out_text, '\x1b'));
	assert_null(strchr(c->err_text, '\x1b'));
	return status;
}

static void assert_run(const char *method, const char *const *replies, const char *const *words,
		       enum command_exit status, const char *out, const char *err)
{
	struct capture c;

	assert_int_equal(run(&c, method, replies, words), status);
	assert_string_equal(c.out_text, out);
	assert_string_equal(c.err_text, err);
	capture_free(&c);
}

static void test_status(void **state)
{
	static const char reply[] =
		"{\"parameters\":{\"release\":\"0.1.0\",\"uptime\":90061,\"accounts\":12,\"groups\":3,\"pending\":1,"
		"\"approvals\":2,"
		"\"fetch\":"
		"\"ready\","
		"\"providers\":[{\"name\":\"work\",\"issuer\":\"https://"
		"idp.example\",\"dialect\":\"keycloak\",\"ready\":true},"
		"{\"name\":\"b\",\"issuer\":\"i\",\"dialect\":\"dex\",\"ready\":false,\"fault\":\"no\\u001bdns\","
		"\"directory\":{\"kind\":\"scim\",\"running\":false,\"people\":12,\"left_out\":1,"
		"\"last_success\":1700000000,\"fault\":\"HTTP\\u001b503\"}},"
		"{\"name\":\"c\",\"issuer\":\"i\",\"dialect\":\"dex\",\"ready\":true,"
		"\"directory\":{\"kind\":\"graph\",\"running\":true,\"people\":0,\"left_out\":0}}]}}";

	(void)state;
	assert_run(
		METHOD_STATUS, WORDS(reply), WORDS("status"), COMMAND_OK,
		"release        0.1.0\n"
		"up for         1 day 1 h\n"
		"accounts       12\n"
		"groups         3\n"
		"pending        1\n"
		"remembered     2\n"
		"network        ready\n"
		"provider       work (keycloak) at https://idp.example: ready\n"
		"provider       b (dex) at i: not ready, no?dns\n"
		"directory      b (scim): 12 people, 1 left out, as of 2023-11-14 22:13:20 UTC; last time: HTTP?503\n"
		"provider       c (dex) at i: ready\n"
		"directory      c (graph): not read yet, being read now\n",
		"");
	assert_run(METHOD_STATUS, WORDS("{\"parameters\":{\"release\":\"\xc3\xbc\"}}"), WORDS("--json", "status"),
		   COMMAND_OK, "{\"release\":\"\\u00fc\"}\n", "");
}

static void test_show_and_forget(void **state)
{
	(void)state;
	assert_run(METHOD_SHOW_ACCOUNT, WORDS("{\"parameters\":{\"account\":" ALICE "}}"), WORDS("show", "alice"),
		   COMMAND_OK,
		   "name           alice\n"
		   "uid            1879048200\n"
		   "gid            1879048200\n"
		   "full name      Al?[31mice\n"
		   "home           /home/alice\n"
		   "shell          /bin/bash\n"
		   "state          active\n"
		   "provider       work\n"
		   "issuer         https://idp.example\n"
		   "subject        s-1\n"
		   "created        2023-11-14 22:13:20 UTC\n"
		   "last sign-in   never\n",
		   "");
	assert_run(METHOD_SHOW_ACCOUNT,
		   WORDS("{\"parameters\":{\"account\":{\"name\":\"a\",\"standing\":\"refused\",\"checked\":1700000000,"
			 "\"refusal\":\"no\\u001b\"}}}"),
		   WORDS("show", "a"), COMMAND_OK,
		   "name           a\n"
		   "uid            -\n"
		   "gid            -\n"
		   "full name      -\n"
		   "home           -\n"
		   "shell          -\n"
		   "state          -\n"
		   "provider       -\n"
		   "issuer         -\n"
		   "subject        -\n"
		   "created        -\n"
		   "last sign-in   never\n"
		   "standing       refused\n"
		   "checked        2023-11-14 22:13:20 UTC\n"
		   "refusal        no?\n",
		   "");
	assert_run(METHOD_SHOW_ACCOUNT,
		   WORDS("{\"parameters\":{\"account\":{\"name\":\"a\",\"groups\":[\"crew\",\"la\\u001bb\"]}}}"),
		   WORDS("show", "a"), COMMAND_OK,
		   "name           a\n"
		   "uid            -\n"
		   "gid            -\n"
		   "full name      -\n"
		   "home           -\n"
		   "shell          -\n"
		   "groups         crew la?b\n"
		   "state          -\n"
		   "provider       -\n"
		   "issuer         -\n"
		   "subject        -\n"
		   "created        -\n"
		   "last sign-in   never\n",
		   "");
	assert_run(METHOD_FORGET_ACCOUNT, WORDS("{\"parameters\":{\"account\":" ALICE "}}"), WORDS("forget", "alice"),
		   COMMAND_OK,
		   "Forgot alice. The name and UID 1879048200 are never given to anybody else; /home/alice was left "
		   "alone.\n",
		   "");
	assert_run(METHOD_SHOW_ACCOUNT, WORDS("{\"parameters\":{}}"), WORDS("show", "alice"), COMMAND_FAILED, "",
		   "latchkey: the helper's answer cannot be understood\n");
}

static void test_accounts_in_pages(void **state)
{
	static const char page[] =
		"{\"parameters\":{\"accounts\":[{\"name\":\"a\",\"uid\":1},{\"name\":\"b\",\"uid\":2}]},"
		"\"continues\":true}";
	static const char last[] = "{\"parameters\":{\"accounts\":[{\"name\":\"c\",\"uid\":3,\"last_sign_in\":0}]}}";

	(void)state;
	assert_run(METHOD_LIST_ACCOUNTS, WORDS(page, last), WORDS("accounts", "--json"), COMMAND_OK,
		   "[{\"name\":\"a\",\"uid\":1},\n{\"name\":\"b\",\"uid\":2},\n{\"name\":\"c\",\"uid\":3,\"last_sign_"
		   "in\":0}]\n",
		   "");
	assert_run(METHOD_LIST_ACCOUNTS, WORDS(last), WORDS("accounts"), COMMAND_OK,
		   "NAME                 UID         STATE      PROVIDER     LAST SIGN-IN\n"
		   "c                    3           -          -            1970-01-01 00:00:00 UTC\n",
		   "");
	assert_run(METHOD_LIST_ACCOUNTS, WORDS("{\"parameters\":{\"accounts\":[]}}"), WORDS("accounts", "--json"),
		   COMMAND_OK, "[]\n", "");
	/* Cut off in the middle: no success. */
	assert_run(METHOD_LIST_ACCOUNTS, WORDS(page), WORDS("accounts", "--json"), COMMAND_UNREACHABLE,
		   "[{\"name\":\"a\",\"uid\":1},\n{\"name\":\"b\",\"uid\":2}",
		   "latchkey: the helper has closed the connection\n");
}

/* I6, I9: who had what nobody gets again. */
static void test_retired_in_pages(void **state)
{
	static const char page[] =
		"{\"parameters\":{\"retired\":[{\"kind\":\"name\",\"name\":\"al\\u001bice\",\"id\":7,"
		"\"since\":0,\"account\":\"bob\"}]},\"continues\":true}";
	static const char last[] =
		"{\"parameters\":{\"retired\":[{\"kind\":\"id\",\"name\":\"bob\",\"id\":8,\"since\":1},{}]}}";

	(void)state;
	assert_run(METHOD_LIST_RETIRED, WORDS(page, last), WORDS("accounts", "retired"), COMMAND_OK,
		   "RETIRED NAME                 ID          NOW CALLED           SINCE\n"
		   "name    al?ice               7           bob                  1970-01-01 00:00:00 UTC\n"
		   "id      bob                  8           -                    1970-01-01 00:00:01 UTC\n"
		   "-       -                    -           -                    -\n",
		   "");
	assert_run(METHOD_LIST_RETIRED, WORDS(page, last), WORDS("accounts", "retired", "--json"), COMMAND_OK,
		   "[{\"kind\":\"name\",\"name\":\"al\\u001bice\",\"id\":7,\"since\":0,\"account\":\"bob\"},\n"
		   "{\"kind\":\"id\",\"name\":\"bob\",\"id\":8,\"since\":1},\n{}]\n",
		   "");
	assert_run(METHOD_LIST_RETIRED, WORDS("{\"parameters\":{\"retired\":[]}}"),
		   WORDS("accounts", "retired", "--json"), COMMAND_OK, "[]\n", "");
	assert_run(METHOD_LIST_RETIRED, WORDS("{\"parameters\":{}}"), WORDS("accounts", "retired"), COMMAND_FAILED,
		   "RETIRED NAME                 ID          NOW CALLED           SINCE\n",
		   "latchkey: the helper's answer cannot be understood\n");
	/* Cut off in the middle: no success. */
	assert_run(METHOD_LIST_RETIRED, WORDS(page), WORDS("accounts", "retired", "--json"), COMMAND_UNREACHABLE,
		   "[{\"kind\":\"name\",\"name\":\"al\\u001bice\",\"id\":7,\"since\":0,\"account\":\"bob\"}",
		   "latchkey: the helper has closed the connection\n");
}

static void test_errors(void **state)
{
	static const struct {
		const char *reply, *err;
	} rows[] = {
		{"{\"error\":\"io.latchkey.NoSuchAccount\",\"parameters\":{\"name\":\"al\\u001bice\"}}",
		 "latchkey: there is no account al?ice\n"},
		{"{\"error\":\"io.latchkey.NotPermitted\"}",
		 "latchkey: the helper does not let you ask this (root may)\n"},
		{"{\"error\":\"io.latchkey.NotOurs\"}", "latchkey: alice is not an account of Latchkey\n"},
		{"{\"error\":\"io.latchkey.VersionMismatch\",\"parameters\":{\"protocol\":3,\"minimum\":2}}",
		 "latchkey: the helper speaks protocol 2 to 3, this command 1: restart latchkeyd after an upgrade\n"},
		{"{\"error\":\"io.latchkey.Denied\",\"parameters\":{\"reason\":\"no-store\",\"message\":\"Disk "
		 "full.\"}}",
		 "latchkey: refused (no-store): Disk full.\n"},
		{"{\"error\":\"io.latchkey.Denied\"}", "latchkey: refused (?): no reason was given\n"},
		{"{\"error\":\"org.varlink.service.MethodNotFound\"}",
		 "latchkey: the helper answers org.varlink.service.MethodNotFound\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_run(METHOD_SHOW_ACCOUNT, WORDS(rows[i].reply), WORDS("show", "alice"), COMMAND_FAILED, "",
			   rows[i].err);
	assert_run(METHOD_SHOW_ACCOUNT, WORDS("{\"error\":\"io.latchkey.NotOurs\"}"), WORDS("show", "alice", "--json"),
		   COMMAND_FAILED, "{\"error\":\"io.latchkey.NotOurs\",\"parameters\":{}}\n",
		   "latchkey: alice is not an account of Latchkey\n");
	assert_run(METHOD_SHOW_ACCOUNT, WORDS("rubbish"), WORDS("show", "alice"), COMMAND_FAILED, "",
		   "latchkey: the helper's answer cannot be understood\n");
	assert_run(METHOD_SHOW_ACCOUNT, (const char *const[]){NULL}, WORDS("show", "alice"), COMMAND_UNREACHABLE, "",
		   "latchkey: the helper has closed the connection\n");
}

static void test_try_granted(void **state)
{
	static const char granted[] =
		"{\"parameters\":{\"state\":\"granted\",\"account\":{\"name\":\"alice\",\"uid\":7}}}";
	struct capture c;

	(void)state;
	assert_int_equal(
		run(&c, METHOD_AUTHENTICATE, WORDS(CHALLENGE, WAITING, WAITING, granted), WORDS("try", "alice")),
		COMMAND_OK);
	assert_non_null(strstr(c.out_text, "open           https://idp.example/d\n"));
	assert_non_null(strstr(c.out_text, "code           AB-CD?\n"));
	assert_non_null(strstr(c.out_text, "valid for      15 min 0 s\n"));
	assert_non_null(strstr(c.out_text, "Granted.\nname           alice\nuid            7\n"));
	assert_string_equal(c.err_text, "");
	capture_free(&c);

	assert_run(METHOD_AUTHENTICATE, WORDS(WAITING, granted), WORDS("try", "alice", "--json"), COMMAND_OK,
		   "{\"state\":\"waiting\"}\n{\"state\":\"granted\",\"account\":{\"name\":\"alice\",\"uid\":7}}\n", "");
}

/* CB-03: the word that the person's own device shows, in place of a page and a code. */
static void test_try_on_own_device(void **state)
{
	static const char pushed[] =
		"{\"parameters\":{\"state\":\"challenge\",\"challenge\":{\"method\":\"ciba\",\"binding_message\":"
		"\"h-KRTM-42\",\"expires_in\":120,\"host\":\"h\",\"account\":\"alice\",\"provider\":\"work\"}},"
		"\"continues\":true}";
	static const char granted[] =
		"{\"parameters\":{\"state\":\"granted\",\"account\":{\"name\":\"alice\",\"uid\":7}}}";
	struct capture c;

	(void)state;
	assert_int_equal(run(&c, METHOD_AUTHENTICATE, WORDS(pushed, granted), WORDS("try", "alice")), COMMAND_OK);
	assert_non_null(strstr(c.out_text, "compare        h-KRTM-42\n"));
	assert_null(strstr(c.out_text, "open "));
	assert_non_null(strstr(c.out_text, "Granted.\n"));
	capture_free(&c);
}

/* Whatever ends the stream, only "granted" in its last reply is a success. */
static void test_try_not_granted(void **state)
{
	static const char *const streams[][3] = {
		{CHALLENGE, NULL},
		{CHALLENGE, "{\"parameters\":{\"state\":\"granted\"},\"continues\":true}", NULL},
		{CHALLENGE, "{\"parameters\":{\"state\":\"waiting\"}}", NULL},
		{"{\"parameters\":{\"state\":\"Granted\"}}", NULL},
		{"{\"parameters\":{}}", NULL},
		{"{}", NULL},
		{"{\"parameters\":{\"state\":1}}", NULL},
		{"{\"parameters\":{\"state\":\"challenge\"},\"continues\":true}", NULL},
		{"{\"parameters\":{\"state\":\"challenge\",\"challenge\":{\"expires_in\":0}},\"continues\":true}",
		 NULL},
		{"{\"error\":\"io.latchkey.Denied\",\"parameters\":{\"state\":\"granted\"}}", NULL},
		{CHALLENGE, "{\"error\":\"io.latchkey.Denied\",\"parameters\":{\"reason\":\"expired\"}}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		struct capture c;
		enum command_exit status = run(&c, METHOD_AUTHENTICATE, streams[i], WORDS("try", "alice"));

		assert_true(status == COMMAND_FAILED || status == COMMAND_UNREACHABLE);
		assert_null(strstr(c.out_text, "Granted"));
		assert_true(c.err_len > 0);
		capture_free(&c);
	}
}

static void test_unreachable(void **state)
{
	struct capture c;

	(void)state;
	assert_int_equal(capture_run(&c, verbs, WORDS("status", "--socket", "/nonexistent/s")), COMMAND_UNREACHABLE);
	assert_string_equal(c.err_text, "latchkey: no helper answers at /nonexistent/s: is latchkeyd running?\n");
	assert_string_equal(c.out_text, "");
	capture_free(&c);

	assert_int_equal(chmod(scratch.path, 0777), 0);
	assert_int_equal(capture_run(&c, verbs, WORDS("status", "--socket", scratch_name(&scratch, "s"))),
			 COMMAND_UNREACHABLE);
	assert_non_null(strstr(c.err_text, "is not to be trusted"));
	capture_free(&c);
}

/* REG-01: what is said of it, and a token that others could read goes nowhere. */
static void test_enroll(void **state)
{
	static const char reply[] = "{\"parameters\":{\"provider\":\"work\",\"client_id\":\"c\\u001b1\"}}";
	static const char *const wrong[][4] = {{"enroll", "--renew", "--delete"},
					       {"enroll", "--renew", "--token-file", "-"},
					       {"enroll", "--delete", "--token-file", "-"}};
	struct capture c;
	FILE *token;

	(void)state;
	assert_run(METHOD_ENROLL, WORDS(reply), WORDS("enroll"), COMMAND_OK, "This host is client c?1 of work.\n", "");
	assert_run(METHOD_ENROLL, WORDS(reply), WORDS("enroll", "--delete"), COMMAND_OK,
		   "This host is no client of work any more.\n", "");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *words[5] = {wrong[i][0], wrong[i][1], wrong[i][2], wrong[i][3]};

		assert_int_equal(capture_run(&c, verbs, words), COMMAND_MISUSE);
		capture_free(&c);
	}
	for (mode_t mode = 0600; mode <= 0604; mode += 4) {
		const char *path = scratch_name(&scratch, "token");

		token = fopen(path, "w");
		assert_non_null(token);
		(void)fputs(mode == 0600 ? "\n" : "secret\n", token);
		(void)fclose(token);
		assert_int_equal(chmod(path, mode), 0);
		assert_int_equal(capture_run(&c, verbs, WORDS("enroll", "--token-file", path)), COMMAND_FAILED);
		assert_non_null(strstr(c.err_text, mode == 0600 ? "it is empty" : "nobody else may read it"));
		capture_free(&c);
	}
}

#define WITH_HELPER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HELPER(test_enroll),           WITH_HELPER(test_status),
		WITH_HELPER(test_show_and_forget),  WITH_HELPER(test_accounts_in_pages),
		WITH_HELPER(test_retired_in_pages), WITH_HELPER(test_errors),
		WITH_HELPER(test_try_granted),      WITH_HELPER(test_try_on_own_device),
		WITH_HELPER(test_try_not_granted),  WITH_HELPER(test_unreachable),
	};

	(void)alarm(120);
	(void)umask(022);
	/* Where dates are read decides how they look. */
	(void)setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
