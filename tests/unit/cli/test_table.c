/* SPDX-License-Identifier: MIT */
/* Files of accounts: what is read, what is refused and with which line; and whether two hosts agree (drift). */
#include "helper/cli/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/cli/verbs.h"
#include "tests/unit/cli/capture.h"
#include "tests/unit/scratch.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct verb verbs[] = {{"accounts", "[COMMAND]", "", verb_accounts}, {NULL, NULL, NULL, NULL}};

static enum command_exit read_text(struct capture *c, struct table *ret, const char *text)
{
	struct command command;
	enum command_exit status;

	capture_open(c);
	command = (struct command){.out = c->out, .err = c->err};
	status = table_read_text(&command, ret, "f", text, strlen(text));
	capture_close(c);
	return status;
}

static void good(void **state)
{
	static const char *const texts[] = {
		"name,uid,gid,gecos\nalice,20001,,\"A, B\"\nbob,20002,20003,\n",
		"gecos,uid,name,gid\r\n\"A, B\",20001,alice,\r\n,20002,bob,20003\r\n",
		"[{\"name\":\"alice\",\"uid\":20001,\"gecos\":\"A, B\",\"created\":1,\"last_sign_in\":null},\n"
		"{\"name\":\"bob\",\"uid\":20002,\"gid\":20003,\"gecos\":\"\"}]\n",
		" [ {\"uid\":20001,\"gecos\":\"A, B\",\"name\":\"alice\",\"x\":\"}]\\\"{\"} , "
		"{\"name\":\"bob\",\"uid\":20002,\"gid\":20003} ] ",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct table t = {0};
		struct capture c;

		assert_int_equal(read_text(&c, &t, texts[i]), COMMAND_OK);
		assert_string_equal(c.err_text, "");
		assert_int_equal(t.n, 2);
		assert_string_equal(t.rows[0].fields[TABLE_NAME], "alice");
		assert_int_equal(t.rows[0].uid, 20001);
		assert_null(t.rows[0].fields[TABLE_GID]);
		assert_string_equal(t.rows[0].fields[TABLE_GECOS], "A, B");
		assert_string_equal(t.rows[1].fields[TABLE_GID], "20003");
		assert_null(t.rows[1].fields[TABLE_GECOS]);
		table_done(&t);
		capture_free(&c);
	}
}

static void bad(void **state)
{
	static const struct {
		const char *text;
		const char *err;
	} rows[] = {
		{"", "f:1: the file is empty"},
		{"name,uid\n\n", "f:2: an empty line"},
		{"name\nalice\n", "f:1: the columns name and uid must be there"},
		{"uid\n20001\n", "f:1: the columns name and uid must be there"},
		{"name,uid,shel\n", "f:1: no such column (the first line names them): shel"},
		{"name,uid,name\n", "f:1: a column twice: name"},
		{"\xef\xbb\xbfname,uid\n", "f:1: no such column (the first line names them): ?name"},
		{"name,uid\nalice\n", "f:2: not as many fields as the first line names"},
		{"name,uid\na,1\nalice,2,3\n", "f:3: not as many fields as the first line names"},
		{"name,uid\n,20001\n", "f:2: no name"},
		{"name,uid\nalice,\n", "f:2: no uid from 1 to 2147483647: alice"},
		{"name,uid\nalice,0\n", "f:2: no uid from 1 to 2147483647: alice"},
		{"name,uid\nalice,-5\n", "f:2: no uid from 1 to 2147483647: alice"},
		{"name,uid\nalice,0x5\n", "f:2: no uid from 1 to 2147483647: alice"},
		{"name,uid\nalice,007\n", "f:2: no uid from 1 to 2147483647: alice"},
		{"name,uid\nalice, 7\n", "f:2: no uid from 1 to 2147483647: alice"},
		{"name,uid\nalice,2147483648\n", "f:2: no uid from 1 to 2147483647: alice"},
		{"name,uid,gid\nalice,7,x\n", "f:2: no gid from 1 to 2147483647: alice"},
		{"name,uid\n\"alice,7\n", "f:2: a quote that does not end"},
		{"name;uid\nalice;7\n", "f:1: no such column (the first line names them): name;uid"},
		{"[", "f:1: the array does not end"},
		{"[{\"name\":\"a\",\"uid\":1}", "f:2: the array does not end"},
		{"[{\"name\":\"a\",\"uid\":1},]", "f:2: no account behind the comma"},
		{"[{\"name\":\"a\",\"uid\":1}{}]", "f:2: the array does not end"},
		{"[{\"name\":\"a\",\"uid\":1}] x", "f:2: something behind the array"},
		{"[{\"name\":\"a\",\"uid\":1]", "f:1: this account is not strict JSON"},
		{"[{\"name\":\"a\",\"uid\":1,\"uid\":2}]", "f:1: this account is not strict JSON"},
		{"[{\"name\":\"a\",\"uid\":\"1\"}]", "f:1: no number from 1 to 2147483647: uid"},
		{"[{\"name\":\"a\",\"uid\":1.5}]", "f:1: no number from 1 to 2147483647: uid"},
		{"[{\"name\":7,\"uid\":1}]", "f:1: not a text: name"},
		{"[{\"name\":\"a\\u0000b\",\"uid\":1}]", "f:1: this account is not strict JSON"},
		{"[{\"uid\":1}]", "f:1: no name"},
		{"[7]", "f:1: the array does not end"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char expected[160];
		struct table t = {0};
		struct capture c;

		assert_int_equal(read_text(&c, &t, rows[i].text), COMMAND_FAILED);
		snprintf(expected, sizeof(expected), "latchkey: %s\n", rows[i].err);
		assert_string_equal(c.err_text, expected);
		assert_null(t.rows);
		capture_free(&c);
	}
}

static void write_file(struct scratch *s, const char *name, const char *text)
{
	assert_true(scratch_write(s, name, text, strlen(text), 0644));
}

/* A name whose UIDs differ, a UID with two names, within one file or between two. */
static void drift(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		const char *out;
	} rows[] = {
		{"name,uid\nalice,1\nbob,2\n", "uid,name\n2,bob\n1,alice\n3,carol\n",
		 "No name has two UIDs, no UID has two names.\n"},
		{"name,uid\n", "[]", "No name has two UIDs, no UID has two names.\n"},
		{"name,uid\nalice,1\n", "[{\"name\":\"alice\",\"uid\":2}]", "alice: UID 1 in a:2, 2 in b:1\n"},
		{"name,uid\nalice,1\n", "name,uid\nbob,1\n", "UID 1: alice in a:2, bob in b:2\n"},
		{"name,uid\nalice,1\nbob,1\n", "name,uid\n", "UID 1: alice in a:2, bob in a:3\n"},
		{"name,uid,state\nalice,1,forgotten\n", "name,uid,state\nalice,2,active\nbob,1,active\n",
		 "alice: UID 1 in a:2, 2 in b:2\nUID 1: alice in a:2, bob in b:3\n"},
	};
	struct scratch s = {0};

	(void)state;
	assert_true(scratch_new(&s));
	assert_int_equal(chdir(s.path), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool agree = strncmp(rows[i].out, "No ", 3) == 0;
		struct capture c;

		write_file(&s, "a", rows[i].a);
		write_file(&s, "b", rows[i].b);
		assert_int_equal(capture_run(&c, verbs, WORDS("accounts", "compare", "a", "b")),
				 agree ? COMMAND_OK : COMMAND_FAILED);
		assert_string_equal(c.out_text, rows[i].out);
		assert_string_equal(c.err_text, "");
		capture_free(&c);
		assert_int_equal(capture_run(&c, verbs, WORDS("accounts", "compare", "a", "b", "--json")),
				 agree ? COMMAND_OK : COMMAND_FAILED);
		assert_int_equal(strcmp(c.out_text, "[]\n") == 0, agree);
		capture_free(&c);
	}
	assert_int_equal(chdir("/"), 0);
	scratch_done(&s);
}

static void misuse(void **state)
{
	const struct {
		const char *const *words;
		const char *why;
	} rows[] = {
		{WORDS("accounts", "bogus"), "unknown command: accounts bogus"},
		{WORDS("accounts", "export", "x"), "accounts export needs nothing more"},
		{WORDS("accounts", "retired", "x"), "accounts retired needs nothing more"},
		{WORDS("accounts", "import"), "accounts import needs FILE"},
		{WORDS("accounts", "import", "x", "y"), "accounts import needs FILE"},
		{WORDS("accounts", "compare", "x"), "accounts compare needs FILE FILE"},
		{WORDS("accounts", "compare", "x", "y", "z"), "one argument too many: z"},
		{WORDS("accounts", "rename", "x"), "accounts rename needs OLD NEW"},
		{WORDS("accounts", "pin", "x"), "accounts pin needs --uid"},
		{WORDS("accounts", "pin", "x", "--uid", "-1"), "--uid and --gid are numbers"},
		{WORDS("accounts", "pin", "x", "--uid", "0"), "--uid and --gid are numbers"},
		{WORDS("accounts", "pin", "x", "--uid", "5", "--gid", "4294967295"), "--uid and --gid are numbers"},
		{WORDS("accounts", "move", "x"), "accounts move needs --uid"},
		{WORDS("accounts", "move", "x", "--uid", "5", "--home", "/x"), "not an option of this command: --home"},
		{WORDS("accounts", "rename", "x", "y", "--uid", "5"), "not an option of this command: --uid"},
		{WORDS("accounts", "--uid", "5"), "not an option of this command: --uid"},
		{WORDS("accounts", "--format", "csv"), "not an option of this command: --format"},
		{WORDS("accounts", "export", "--format", "xml"), "--format is csv or json"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct capture c;

		assert_int_equal(capture_run(&c, verbs, rows[i].words), COMMAND_MISUSE);
		if (!strstr(c.err_text, rows[i].why))
			fail_msg("%s: %s", rows[i].why, c.err_text);
		assert_string_equal(c.out_text, "");
		capture_free(&c);
	}
}

/* Files that cannot be read, and more than one message holds. */
static void files(void **state)
{
	struct scratch s = {0};
	struct capture c;
	FILE *f;

	(void)state;
	assert_true(scratch_new(&s));
	assert_int_equal(capture_run(&c, verbs, WORDS("accounts", "import", scratch_name(&s, "none"))), COMMAND_FAILED);
	assert_non_null(strstr(c.err_text, "No such file or directory"));
	capture_free(&c);
	assert_int_equal(capture_run(&c, verbs, WORDS("accounts", "import", s.path)), COMMAND_FAILED);
	assert_non_null(strstr(c.err_text, "Is a directory"));
	capture_free(&c);

	f = fopen(scratch_name(&s, "many"), "we");
	assert_non_null(f);
	fputs("name,uid\n", f);
	for (unsigned i = 0; i < 4097; i++)
		fprintf(f, "u%u,%u\n", i, 20000 + i);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(capture_run(&c, verbs, WORDS("accounts", "import", scratch_name(&s, "many"))), COMMAND_FAILED);
	assert_non_null(strstr(c.err_text, "too much for one import: at most 4096 accounts"));
	capture_free(&c);
	scratch_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),   cmocka_unit_test(bad),   cmocka_unit_test(drift),
		cmocka_unit_test(misuse), cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
