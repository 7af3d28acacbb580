/* SPDX-License-Identifier: MIT */
/* The unified difference: as diff(1) writes it, and harmless whatever stands in a file (N17). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/setup/diff.h"

static char *shown(const char *before, const char *after, bool colours, bool utf8)
{
	const struct diff_style style = {.colours = colours, .utf8 = utf8};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(diff_print(out, &(struct diff_text){"old", before, strlen(before)},
				    &(struct diff_text){"new", after, strlen(after)}, &style),
			 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void check(const char *before, const char *after, const char *wanted)
{
	char *text = shown(before, after, false, true);

	assert_string_equal(text, wanted);
	free(text);
}

static void test_table(void **state)
{
	(void)state;
	check("", "", "");
	check("a\nb\n", "a\nb\n", "");
	check("", "a\nb\n", "--- old\n+++ new\n@@ -0,0 +1,2 @@\n+a\n+b\n");
	check("a\n", "", "--- old\n+++ new\n@@ -1 +0,0 @@\n-a\n");
	check("a\nb\nc\n", "a\nx\nc\n", "--- old\n+++ new\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
	check("a", "a\n", "--- old\n+++ new\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
	/* Lines of context, and of a long file only those. */
	check("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8\n9\nx\n",
	      "--- old\n+++ new\n@@ -7,3 +7,4 @@\n 7\n 8\n 9\n+x\n");
	/* Two changes near each other are one hunk, far from each other they are two. */
	check("1\n2\n3\n4\n5\n6\n7\n8\n", "x\n2\n3\n4\n5\n6\n7\ny\n",
	      "--- old\n+++ new\n@@ -1,8 +1,8 @@\n-1\n+x\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+y\n");
	check("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "x\n2\n3\n4\n5\n6\n7\n8\ny\n",
	      "--- old\n+++ new\n@@ -1,4 +1,4 @@\n-1\n+x\n 2\n 3\n 4\n@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+y\n");
}

/* Taking out what is marked '-', and putting in what is marked '+', leads from one text to the other. */
static void test_leads_over(void **state)
{
	(void)state;
	srand(1);
	for (int round = 0; round < 300; round++) {
		char before[64] = "";
		char after[64] = "";
		char there[64] = "";
		char back[64] = "";
		char *text;

		for (int i = 0; i < 7; i++) {
			/* Three words: many ways to compare them. */
			const char line[] = {(char)('a' + rand() % 3), '\n', '\0'};

			if (rand() % 4 != 0)
				strcat(before, line);
			if (rand() % 4 != 0)
				strcat(after, line);
		}
		text = shown(before, after, false, true);
		if (text[0] == '\0') {
			assert_string_equal(before, after);
			free(text);
			continue;
		}
		for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
			size_t len = strcspn(line, "\n") + 1;

			if (line[1] == '-' || line[1] == '+' || line[0] == '@')
				continue;
			if (line[0] != '+')
				strncat(there, line + 1, len - 1);
			if (line[0] != '-')
				strncat(back, line + 1, len - 1);
		}
		/* All of seven lines is within one change, or equal at both ends. */
		assert_non_null(strstr(before, there));
		assert_non_null(strstr(after, back));
		free(text);
	}
}

static void test_harmless(void **state)
{
	char *text;

	(void)state;
	/* Terminal commands, and what would turn the order of characters around. */
	text = shown("", "\033[2Ja\xe2\x80\xae", false, true);
	assert_null(strchr(text, '\033'));
	assert_null(strstr(text, "\xe2\x80\xae"));
	free(text);
	text = shown("", "J\xc3\xbcrgen\n", false, true);
	assert_non_null(strstr(text, "+J\xc3\xbcrgen\n"));
	free(text);
	text = shown("", "J\xc3\xbcrgen\n", false, false);
	assert_null(strstr(text, "\xc3"));
	free(text);
}

static void test_colours(void **state)
{
	char *text = shown("a\n", "b\n", true, true);

	(void)state;
	assert_non_null(strstr(text, "\033[31m-a\033[0m\n"));
	assert_non_null(strstr(text, "\033[32m+b\033[0m\n"));
	free(text);
}

/* Far beyond what is compared line by line: all of the middle is taken out and put in. */
static void test_limit(void **state)
{
	size_t n = DIFF_LINES_MAX + 1;
	char *before = calloc(n, 3);
	char *after = calloc(n, 3);
	char *text;

	(void)state;
	assert_non_null(before);
	assert_non_null(after);
	for (size_t i = 0; i < n; i++) {
		memcpy(before + i * 2, "a\n", 2);
		memcpy(after + i * 2, "b\n", 2);
	}
	text = shown(before, after, false, true);
	assert_non_null(strstr(text, "@@ -1,4001 +1,4001 @@"));
	free(text);
	free(before);
	free(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),   cmocka_unit_test(test_leads_over), cmocka_unit_test(test_harmless),
		cmocka_unit_test(test_colours), cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
