/* SPDX-License-Identifier: MIT */
/* Foreign text: what may reach a terminal or a log, and what counts as a number or a list. Threats N17 and R12. */
#include "helper/base/text.h"

#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_shown(const char *text, size_t len, bool utf8, const char *expected)
{
	char out[256];

	text_sanitise(out, sizeof(out), text, len, utf8);
	assert_string_equal(out, expected);
}

static const struct {
	const char *text, *ascii, *utf8;
} shown[] = {
	{"", "", ""},
	{"plain ~!", "plain ~!", "plain ~!"},
	{"alice\nAccepted publickey for root", "alice?Accepted publickey for root",
	 "alice?Accepted publickey for root"},
	{"\x1b]0;title\a\x1b[2J", "?]0;title??[2J", "?]0;title??[2J"},
	{"a\r\n\tb\x7f", "a???b?", "a???b?"},
	{"\x9b"
	 "31m",
	 "?31m", "?31m"}, /* C1 as a lone byte */
	{"\xc2\x9b"
	 "31m",
	 "?31m", "?31m"}, /* C1 as UTF-8 */
	{"J\xc3\xbcrgen", "J?rgen", "J\xc3\xbcrgen"},
	{"\xe2\x80\xae"
	 "evil",
	 "?evil", "?evil"}, /* U+202E right-to-left override */
	{"a\xe2\x81\xa6"
	 "b\xe2\x81\xa9",
	 "a?b?", "a?b?"},                              /* bidi isolates */
	{"pay\xe2\x80\x8bpal", "pay?pal", "pay?pal"},  /* zero-width space */
	{"\xef\xbb\xbfx", "?x", "?x"},                 /* byte order mark */
	{"\xe2\x80\xa8x", "?x", "?x"},                 /* line separator */
	{"x\xc2\xady", "x?y", "x?y"},                  /* soft hyphen */
	{"\xf3\xa0\x81\x81", "?", "?"},                /* tag letter */
	{"\xee\x80\x80", "?", "?"},                    /* private use */
	{"\xf0\x9f\x94\x91", "?", "\xf0\x9f\x94\x91"}, /* a key */
	{"\xc0\xaf", "??", "??"},                      /* overlong */
	{"\xed\xa0\x80", "???", "???"},                /* surrogate */
	{"\xf4\x90\x80\x80", "????", "????"},          /* above U+10FFFF */
	{"\xe2\x82", "??", "??"},                      /* cut short */
	{"\xc3(", "?(", "?("},
	{"\xef\xbf\xbe", "?", "?"}, /* noncharacter */
};

static void test_sanitise_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		assert_shown(shown[i].text, strlen(shown[i].text), false, shown[i].ascii);
		assert_shown(shown[i].text, strlen(shown[i].text), true, shown[i].utf8);
	}
	assert_shown("a\0b", 3, true, "a?b");
	assert_shown(NULL, 7, true, "");
}

/* Every byte value alone, and every C1 control as UTF-8. */
static void test_sanitise_never_lets_controls_through(void **state)
{
	char out[64];

	(void)state;
	for (unsigned int ch = 0; ch < 256; ch++) {
		char byte = (char)ch, same[] = {byte, '\0'};

		text_sanitise(out, sizeof(out), &byte, 1, true);
		assert_string_equal(out, ch >= 0x20 && ch < 0x7f ? same : "?");
	}
	for (unsigned int code = 0x80; code < 0xa0; code++) {
		char pair[] = {(char)(0xc0u | code >> 6), (char)(0x80u | (code & 0x3fu))};

		text_sanitise(out, sizeof(out), pair, 2, true);
		assert_string_equal(out, "?");
	}
}

/* For every output size: the result fits, ends in "..." where text was dropped, and never cuts a character. */
static void test_sanitise_every_size(void **state)
{
	static const char text[] = "a\xc3\xbc"
				   "b\xe2\x82\xac"
				   "c\xf0\x9f\x94\x91"
				   "d\x01"
				   "e";
	const size_t full = sizeof(text) - 1;

	(void)state;
	for (size_t size = 4; size < full + 4; size++) {
		char *out = malloc(size); /* of exactly this size, for the sanitizer */

		assert_non_null(out);
		text_sanitise(out, size, text, full, true);
		assert_true(strlen(out) < size);
		assert_true(text_is_utf8(out, strlen(out)));
		if (size > full)
			assert_int_equal(strlen(out), full);
		else
			assert_true(text_has_suffix(out, "..."));
		free(out);
	}
	assert_shown("xyz", 3, false, "xyz");
}

static void test_sanitise_a_mebibyte(void **state)
{
	size_t len = 1u << 20;
	char *text = malloc(len);
	char out[80];

	(void)state;
	assert_non_null(text);
	memset(text, '\x1b', len);
	text_sanitise(out, sizeof(out), text, len, true);
	assert_int_equal(strlen(out), sizeof(out) - 1);
	assert_string_equal(out + sizeof(out) - 5, "?...");
	free(text);
}

static void test_utf8(void **state)
{
	static const char good[] = "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"
				   "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf";
	static const char *const bad[] = {"\x80",
					  "\xc1\xbf",
					  "\xe0\x9f\xbf",
					  "\xed\xbf\xbf",
					  "\xf0\x8f\xbf\xbf",
					  "\xf4\x90\x80\x80",
					  "\xf8\x88\x80\x80\x80",
					  "\xff",
					  "a\xc3",
					  "\xe2\x82",
					  "\xf0\x90\x80"};

	(void)state;
	assert_true(text_is_utf8("", 0));
	assert_true(text_is_utf8(good, sizeof(good)));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(text_is_utf8(bad[i], strlen(bad[i])));
}

static void test_to_u64(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		int r;
		uint64_t value;
	} rows[] = {
		{"0", 0, 0, 0},
		{"7", 7, 0, 7},
		{"8", 7, -ERANGE, 0},
		{"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, -ERANGE, 0},
		{"99999999999999999999999999", UINT64_MAX, -ERANGE, 0},
		{"99999999999999999999999999x", UINT64_MAX, -EINVAL, 0},
		{"", 9, -EINVAL, 0},
		{"00", 9, -EINVAL, 0},
		{"01", 9, -EINVAL, 0},
		{"+1", 9, -EINVAL, 0},
		{"-1", 9, -EINVAL, 0},
		{" 1", 9, -EINVAL, 0},
		{"1 ", 9, -EINVAL, 0},
		{"1\n", 9, -EINVAL, 0},
		{"0x1", 9, -EINVAL, 0},
		{"1e1", 99, -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value = 4711;

		assert_int_equal(text_to_u64(&value, rows[i].text, rows[i].max), rows[i].r);
		assert_true(value == (rows[i].r == 0 ? rows[i].value : 4711));
	}
	assert_int_equal(text_to_u64(&(uint64_t){0}, NULL, 9), -EINVAL);
}

static void test_prefix_and_suffix(void **state)
{
	(void)state;
	assert_true(text_has_prefix("alice", "al"));
	assert_true(text_has_prefix("alice", ""));
	assert_false(text_has_prefix("al", "alice"));
	assert_true(text_has_suffix("a.conf", ".conf"));
	assert_false(text_has_suffix("conf", ".conf"));
	assert_false(text_has_suffix("a.CONF", ".conf"));
	assert_true(text_has_suffix("", ""));
}

static void test_copy(void **state)
{
	char text[] = "alice", *copy = text;

	(void)state;
	assert_int_equal(text_copy(&copy, text), 0);
	assert_ptr_not_equal(copy, text);
	assert_string_equal(copy, "alice");
	free(copy);
	assert_int_equal(text_copy(&copy, NULL), 0);
	assert_null(copy);
}

static void test_lists(void **state)
{
	char **list = NULL;

	(void)state;
	assert_int_equal(text_split(&list, " \talice  bob\tcarol ", 3), 0);
	assert_string_equal(list[0], "alice");
	assert_string_equal(list[2], "carol");
	assert_null(list[3]);
	assert_true(text_in_list(list, "bob"));
	assert_false(text_in_list(list, "bo"));
	assert_false(text_in_list(list, ""));
	text_free_list(list);

	list = NULL;
	assert_int_equal(text_split(&list, "a b c", 2), -E2BIG);
	assert_null(list);
	assert_int_equal(text_split(&list, "a\nb", 1), 0);
	assert_string_equal(list[0], "a\nb");
	text_free_list(list);
	assert_int_equal(text_split(&list, " ", 0), 0);
	assert_null(list[0]);
	text_free_list(list);
	text_free_list(NULL);
	assert_false(text_in_list(NULL, "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sanitise_table),
		cmocka_unit_test(test_sanitise_never_lets_controls_through),
		cmocka_unit_test(test_sanitise_every_size),
		cmocka_unit_test(test_sanitise_a_mebibyte),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_to_u64),
		cmocka_unit_test(test_prefix_and_suffix),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_lists),
	};

	/* Where there is a Turkish or German locale, it must make no difference. */
	(void)setlocale(LC_ALL, "");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
