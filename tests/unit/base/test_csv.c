/* SPDX-License-Identifier: MIT */
/* Comma-separated values: what is read, what is refused, and each limit. */
#include "helper/base/csv.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Fields of a record in brackets, a record a line, "! fault" where it ends. */
static void read_all(const char *text, size_t len, char *out, size_t size)
{
	struct csv c;
	int r;

	csv_init(&c, text, len);
	out[0] = '\0';
	while ((r = csv_next(&c)) == 1) {
		for (size_t i = 0; i < c.n_fields; i++)
			snprintf(out + strlen(out), size - strlen(out), "[%s]", c.fields[i]);
		snprintf(out + strlen(out), size - strlen(out), "\n");
	}
	if (r < 0)
		snprintf(out + strlen(out), size - strlen(out), "%u! %s", c.line, c.fault);
}

static void records(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{"", ""},
		{"a", "[a]\n"},
		{"a,b\nc,d\n", "[a][b]\n[c][d]\n"},
		{"a,b\r\nc,d\r\n", "[a][b]\n[c][d]\n"},
		{",\n", "[][]\n"},
		{"a,,\n", "[a][][]\n"},
		{"\"\"\n", "[]\n"},
		{"\"a,b\",c\n", "[a,b][c]\n"},
		{"\"say \"\"x\"\"\"\n", "[say \"x\"]\n"},
		{"\"\"\"\"", "[\"]\n"},
		{" a , b\n", "[ a ][ b]\n"},
		{"Bj\xc3\xb6rn\n", "[Bj\xc3\xb6rn]\n"},
		{"a\n\nb\n", "[a]\n2! an empty line"},
		{"\n", "1! an empty line"},
		{"\"a", "1! a quote that does not end"},
		{"\"a\"\"", "1! a quote that does not end"},
		{"\"", "1! a quote that does not end"},
		{"\"a\nb\"\n", "1! a quote that does not end"},
		{"\"a\"b\n", "1! text behind a quote"},
		{"a\"b\"\n", "1! a quote inside a field without quotes"},
		{"a\rb\n", "1! a control character"},
		{"a\r", "1! a control character"},
		{"a\tb\n", "1! a control character"},
		{"x\na\x7f\n", "[x]\n2! a control character"},
		{"a\xff\n", "1! not UTF-8"},
		{"\xed\xa0\x80\n", "1! not UTF-8"},
	};
	char out[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		read_all(rows[i].text, strlen(rows[i].text), out, sizeof(out));
		assert_string_equal(out, rows[i].expected);
	}
	read_all("a\0b\n", 4, out, sizeof(out));
	assert_string_equal(out, "1! a control character");
}

static void limits(void **state)
{
	char *text = calloc(1, CSV_RECORD_MAX + 8);
	struct csv c;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', CSV_RECORD_MAX - 1);
	csv_init(&c, text, strlen(text));
	assert_int_equal(csv_next(&c), 1);
	assert_int_equal(strlen(c.fields[0]), CSV_RECORD_MAX - 1);
	text[CSV_RECORD_MAX - 1] = 'x';
	csv_init(&c, text, strlen(text));
	assert_int_equal(csv_next(&c), -EBADMSG);
	assert_string_equal(c.fault, "too long");

	memset(text, ',', CSV_FIELDS_MAX);
	csv_init(&c, text, CSV_FIELDS_MAX - 1);
	assert_int_equal(csv_next(&c), 1);
	assert_int_equal(c.n_fields, CSV_FIELDS_MAX);
	csv_init(&c, text, CSV_FIELDS_MAX);
	assert_int_equal(csv_next(&c), -EBADMSG);
	assert_string_equal(c.fault, "too many fields");
	free(text);
}

/* What is written is read as it was. */
static void round_trip(void **state)
{
	static const char *const fields[] = {"", "a", "a,b", "\"", "say \"x\", then", " ", "Bj\xc3\xb6rn"};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct csv c;

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (i > 0)
			fputc(',', out);
		csv_write(out, fields[i]);
	}
	fclose(out);
	csv_init(&c, text, len);
	assert_int_equal(csv_next(&c), 1);
	assert_int_equal(c.n_fields, sizeof(fields) / sizeof(fields[0]));
	for (size_t i = 0; i < c.n_fields; i++)
		assert_string_equal(c.fields[i], fields[i]);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records),
		cmocka_unit_test(limits),
		cmocka_unit_test(round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
