/* SPDX-License-Identifier: MIT */
/* What git says to a credential helper, and what it cannot say. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helper/cli/git_credential.h"

static int read_text(struct git_request *r, const char *text, size_t len)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, len, "r");
	int e;

	assert_non_null(in);
	e = git_request_read(r, in);
	(void)fclose(in);
	return e;
}

static int read_string(struct git_request *r, const char *text)
{
	return read_text(r, text, strlen(text));
}

static void requests(void **state)
{
	struct git_request r;

	(void)state;
	assert_int_equal(read_string(&r, "protocol=https\nhost=git.example:1\nusername=a=b\npath=x\nwwwauth[]=Basic\n"),
			 0);
	assert_string_equal(r.protocol, "https");
	assert_string_equal(r.host, "git.example:1");
	assert_string_equal(r.username, "a=b");
	assert_false(r.knows_authtype);
	assert_int_equal(read_string(&r, "capability[]=state\ncapability[]=authtype\nhost=a"), 0);
	assert_true(r.knows_authtype);
	assert_string_equal(r.host, "a");
	assert_string_equal(r.protocol, "");
	/* an empty line is the end */
	assert_int_equal(read_string(&r, "host=a\n\nhost=b\n"), 0);
	assert_string_equal(r.host, "a");
	assert_int_equal(read_string(&r, "\n"), 0);
	assert_string_equal(r.host, "");
	assert_int_equal(read_string(&r, "host=\n"), 0);
	assert_string_equal(r.host, "");
}

static void limits(void **state)
{
	static char text[GIT_LINES_MAX * 4 + GIT_LINE_MAX + 16];
	struct git_request r;

	(void)state;
	assert_int_equal(read_string(&r, "host"), -EBADMSG);
	assert_int_equal(read_text(&r, "host=a\0b\n", 9), -EBADMSG);

	memset(text, 'x', sizeof(text));
	memcpy(text, "host=", 5);
	text[GIT_LINE_MAX - 1] = '\n';
	assert_int_equal(read_text(&r, text, GIT_LINE_MAX), 0);
	assert_string_equal(r.host, ""); /* too long for a host */
	text[GIT_LINE_MAX - 1] = 'x';
	assert_int_equal(read_text(&r, text, GIT_LINE_MAX + 1), -EBADMSG);

	memcpy(text + 5 + 255, "\n", 2);
	assert_int_equal(read_string(&r, text), 0);
	assert_int_equal(strlen(r.host), 255);
	memcpy(text + 5 + 255, "x\n", 3);
	assert_int_equal(read_string(&r, text), 0);
	assert_string_equal(r.host, "");

	for (size_t i = 0; i < GIT_LINES_MAX; i++)
		memcpy(text + 4 * i, "a=b\n", 4);
	assert_int_equal(read_text(&r, text, 4 * (GIT_LINES_MAX - 1)), 0);
	assert_int_equal(read_text(&r, text, 4 * GIT_LINES_MAX), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
