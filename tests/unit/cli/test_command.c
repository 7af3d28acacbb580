/* SPDX-License-Identifier: MIT */
/* The command line: what it means, what is refused as misuse, and which stream says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helper/protocol/client.h"
#include "tests/unit/cli/capture.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct arguments seen;
static int runs;

static enum command_exit note(const struct command *c)
{
	seen = c->arguments;
	runs++;
	(void)fputs("done\n", c->out);
	return COMMAND_OK;
}

static enum command_exit complain(const struct command *c)
{
	return command_fail(c, COMMAND_FAILED, "no\x1b[31m %s", "\xe2\x80\xae\n");
}

static const struct verb verbs[] = {
	{"show", "NAME", "shows", note},       {"status", NULL, "is", note}, {"inspect", "TOKEN|-", "looks", note},
	{"complain", NULL, "fails", complain}, {NULL, NULL, NULL, NULL},
};

static void test_accepted(void **state)
{
	struct capture c;

	(void)state;
	runs = 0;
	assert_int_equal(capture_run(&c, verbs, WORDS("status")), COMMAND_OK);
	assert_string_equal(c.out_text, "done\n");
	assert_string_equal(c.err_text, "");
	capture_free(&c);
	assert_string_equal(seen.socket, CLIENT_SOCKET_PATH);
	assert_false(seen.json);

	assert_int_equal(capture_run(&c, verbs, WORDS("--json", "show", "--socket", "/s", "alice")), COMMAND_OK);
	capture_free(&c);
	assert_true(seen.json);

	assert_int_equal(capture_run(&c, verbs, WORDS("inspect", "--issuer=https://x/?a=b", "--signature-only", "-")),
			 COMMAND_OK);
	capture_free(&c);
	assert_true(seen.signature_only);

	assert_int_equal(capture_run(&c, verbs, WORDS("show", "--", "--json")), COMMAND_OK);
	capture_free(&c);
	assert_false(seen.json);
	assert_int_equal(runs, 4);
}

static void test_misuse(void **state)
{
	const struct {
		const char *const *words;
		const char *why;
	} rows[] = {
		{WORDS("bogus"), "unknown command: bogus"},
		{WORDS("stat"), "unknown command: stat"},
		{WORDS(""), "unknown command: "},
		{WORDS("show"), "show needs NAME"},
		{WORDS("status", "x"), "status takes no argument"},
		{WORDS("show", "a", "b"), "one argument too many: b"},
		{WORDS("show", "a\xff"), "the argument is not UTF-8"},
		{WORDS("status", "--js"), "unknown option: --js"},
		{WORDS("status", "-j"), "unknown option: -j"},
		{WORDS("status", "--json=1"), "this option takes no value: --json"},
		{WORDS("status", "--json", "--json"), "given twice: --json"},
		{WORDS("token", "--exec"), "this option needs a command behind it: --exec"},
		{WORDS("token", "--exec=true"), "this option needs a command behind it: --exec"},
		{WORDS("status", "--exec", "true"), "not an option of this command: --exec"},
		{WORDS("status", "--socket"), "this option needs a value: --socket"},
		{WORDS("status", "--socket="), "this option needs a value: --socket"},
		{WORDS("status", "--jwks", "f"), "not an option of this command: --jwks"},
		{WORDS("--signature-only"), "not an option of this command: --signature-only"},
		{WORDS("--bad\x1b[2J"), "unknown option: --bad?[2J"},
	};
	struct capture c;

	(void)state;
	runs = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(capture_run(&c, verbs, rows[i].words), COMMAND_MISUSE);
		if (strncmp(c.err_text, "latchkey: ", 10) != 0 ||
		    strncmp(c.err_text + 10, rows[i].why, strlen(rows[i].why)) != 0)
			fail_msg("expected '%s', got '%s'", rows[i].why, c.err_text);
		assert_string_equal(c.out_text, "");
		capture_free(&c);
	}
	assert_int_equal(runs, 0);
}

static void test_help(void **state)
{
	struct capture c;

	(void)state;
	runs = 0;
	assert_int_equal(capture_run(&c, verbs, WORDS("--help")), COMMAND_OK);
	assert_non_null(strstr(c.out_text, "show NAME"));
	assert_null(strstr(c.out_text, "--jwks"));
	capture_free(&c);

	assert_int_equal(capture_run(&c, verbs, WORDS("inspect", "-h")), COMMAND_OK);
	assert_non_null(strstr(c.out_text, "--jwks FILE"));
	assert_non_null(strstr(c.out_text, "process list"));
	capture_free(&c);

	assert_int_equal(capture_run(&c, verbs, (const char *const[]){NULL}), COMMAND_MISUSE);
	assert_string_equal(c.out_text, "");
	assert_non_null(strstr(c.err_text, "usage: latchkey"));
	capture_free(&c);

	assert_int_equal(capture_run(&c, verbs, WORDS("--version")), COMMAND_OK);
	assert_string_equal(c.out_text, "latchkey " LK_RELEASE "\n");
	capture_free(&c);
	assert_int_equal(runs, 0);
}

static void test_failures_are_sanitised(void **state)
{
	struct capture c;

	(void)state;
	assert_int_equal(capture_run(&c, verbs, WORDS("complain")), COMMAND_FAILED);
	assert_null(strchr(c.err_text, '\x1b'));
	assert_int_equal(strcspn(c.err_text, "\n") + 1, strlen(c.err_text));
	capture_free(&c);
}

/* /dev/full takes nothing: an answer that nobody got is a failure. */
static void test_full_disk(void **state)
{
	FILE *full = fopen("/dev/full", "we"), *err = tmpfile();
	char program[] = "latchkey", word[] = "status";
	char *argv[] = {program, word, NULL};

	(void)state;
	assert_non_null(full);
	assert_non_null(err);
	assert_int_equal(command_run(verbs, 2, argv, full, err), COMMAND_FAILED);
	(void)fclose(full);
	(void)fclose(err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),  cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_help),      cmocka_unit_test(test_failures_are_sanitised),
		cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
