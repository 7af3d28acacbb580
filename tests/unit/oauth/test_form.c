/* SPDX-License-Identifier: MIT */
/* Form encoding both ways, and client credentials in it. Checklist DEV-01, DEV-02, OA-01 to OA-03. */
#include "helper/oauth/form.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/json.h"
#include "helper/oauth/client_auth.h"

static void encoding(void **state)
{
	LK_CLEANUP(form_done) struct form f;

	(void)state;
	form_init(&f);
	form_add(&f, "a", "AZaz09-._*");
	form_add(&f, "b", " +&=%~/:\xc3\xa4\n");
	form_add(&f, "empty", "");
	form_add(&f, "missing", NULL);
	form_add_secret(&f, "none", NULL);
	form_add_encoded(&f, "x=1");
	form_add_encoded(&f, NULL);
	assert_int_equal(form_fault(&f), 0);
	assert_string_equal(f.text.data, "a=AZaz09-._*&b=+%2B%26%3D%25%7E%2F%3A%C3%A4%0A&x=1");
}

/* DEV-01: a parameter twice is a fault, also one that came ready-made, and a name within a value is none. */
static void dev_01_no_parameter_twice(void **state)
{
	LK_CLEANUP(form_done) struct form f, g;

	(void)state;
	form_init(&f);
	form_add_encoded(&f, "response_type=device_code&x=client_id");
	form_add(&f, "client_id", "a");
	form_add(&f, "type", "a");
	form_add(&f, "x_", "a");
	assert_int_equal(form_fault(&f), 0);
	form_add(&f, "x", "b");
	assert_int_equal(form_fault(&f), -EEXIST);

	form_init(&g);
	form_add(&g, "a", "1");
	form_add(&g, "a", "");
	assert_int_equal(form_fault(&g), 0);
	form_add(&g, "a", "1");
	assert_int_equal(form_fault(&g), -EEXIST);
}

static void too_large(void **state)
{
	LK_CLEANUP(form_done) struct form f;
	static char value[FORM_MAX + 1];

	(void)state;
	memset(value, 'a', sizeof(value) - 1);
	form_init(&f);
	form_add(&f, "a", value);
	assert_int_equal(form_fault(&f), -E2BIG);
}

static int parse(const char *text, size_t len, const char *name, const char *expected)
{
	LK_CLEANUP(json_put_wipedp) struct json_object *o = NULL;
	const char *value;
	int r = form_parse(&o, text, len);

	assert_int_equal(o != NULL, r == 0);
	if (name != NULL) {
		assert_int_equal(r, 0);
		assert_int_equal(json_read_string(o, name, 1000, &value), 0);
		assert_string_equal(value, expected);
	}
	return r;
}

static void parsing(void **state)
{
	static const char *const good[] = {"a=", "a=b", "a=b&c=", "a_-9=b", "a=x.y-z~*:/,@!$'();?"};
	static const char *const bad[] = {
		"",      "a",       "=b",         "&",          "a=b&",  "&a=b",      "a=b&&c=d",   "a=%",
		"a=%4",  "a=%g0",   "a=%00",      "a=%0a",      "a=%1B", "a=%7f",     "a=%ff",      "a=%c3%28",
		"a=b=c", "a=b&a=c", "a=&a=",      "a=\"b\"",    "a=<b>", "{\"a\":1}", "<html a=b>", "a b=c",
		"a=b c", "a=b\n",   "a=\xc3\xa4", "a=b;c=\x01", "a.b=c",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(parse(good[i], strlen(good[i]), NULL, NULL), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(bad[i], strlen(bad[i]), NULL, NULL) != -EBADMSG)
			fail_msg("%s", bad[i]);
	}
	parse("a=1+2%2b3%C3%A4&b=", 18, "a", "1 2+3\xc3\xa4");
	assert_int_equal(parse("a=b", 4, NULL, NULL), -EBADMSG); /* a NUL inside */
}

static void limits(void **state)
{
	LK_CLEANUP(buf_done) struct buf text = {0};
	char name[80];

	(void)state;
	buf_init(&text, FORM_MAX);
	for (unsigned i = 0; i < 32; i++)
		buf_printf(&text, "%sp%u=x", i > 0 ? "&" : "", i);
	assert_int_equal(parse(text.data, text.len, NULL, NULL), 0);
	buf_append_text(&text, "&more=x");
	assert_int_equal(parse(text.data, text.len, NULL, NULL), -EBADMSG);
	for (int len = 64; len < 66; len++) {
		(void)snprintf(name, sizeof(name), "%0*d=x", len, 1);
		assert_int_equal(parse(name, strlen(name), NULL, NULL), len == 64 ? 0 : -EBADMSG);
	}
}

static int authenticate(enum client_auth method, const char *id, const char *secret, bool is_public, struct form *form,
			struct buf *header)
{
	char client_id[64];
	struct provider_settings s = {.client_id = client_id, .client_auth = method};
	int r;

	(void)snprintf(client_id, sizeof(client_id), "%s", id);
	if (secret != NULL)
		assert_int_equal(secret_copy(&s.client_secret, secret, strlen(secret)), 0);
	form_init(form);
	buf_init(header, CLIENT_AUTH_HEADER_MAX);
	r = client_auth_add(form, header, &s, is_public, NULL);
	secret_free(s.client_secret);
	return r;
}

/* OA-02: encoded before they are joined; the vectors hold each character that would break it. */
static void oa_02_basic(void **state)
{
	static const struct {
		const char *id, *secret, *header;
	} table[] = {
		{"client", "secret", "Authorization: Basic Y2xpZW50OnNlY3JldA=="},
		/* a%3Ab:c+d%2B%25%26%C3%A4 */
		{"a:b", "c d+%&\xc3\xa4", "Authorization: Basic YSUzQWI6YytkJTJCJTI1JTI2JUMzJUE0"},
		/* 49 and more bytes cross a group of the encoder */
		{"0123456789012345678901234567890123456789", "0123456789",
		 "Authorization: Basic MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTowMTIzNDU2Nzg5"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		LK_CLEANUP(form_done) struct form form = {0};
		LK_CLEANUP(buf_done) struct buf header = {0};

		assert_int_equal(authenticate(CLIENT_AUTH_BASIC, table[i].id, table[i].secret, false, &form, &header),
				 0);
		assert_string_equal(header.data, table[i].header);
		assert_int_equal(form.text.len, 0); /* OA-01 */
	}
}

static void oa_01_one_method(void **state)
{
	static const struct {
		enum client_auth method;
		bool has_secret, is_public;
		int r;
		const char *form;
	} table[] = {
		{CLIENT_AUTH_NONE, true, false, 0, "client_id=c"},
		{CLIENT_AUTH_NONE, false, false, 0, "client_id=c"},
		{CLIENT_AUTH_POST, true, false, 0, "client_id=c&client_secret=s%26t"},
		{CLIENT_AUTH_POST, true, true, 0, "client_id=c"},
		{CLIENT_AUTH_POST, false, false, -EINVAL, ""},
		{CLIENT_AUTH_BASIC, false, false, -EINVAL, ""},
		{CLIENT_AUTH_BASIC, true, true, 0, "client_id=c"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		LK_CLEANUP(form_done) struct form form = {0};
		LK_CLEANUP(buf_done) struct buf header = {0};

		assert_int_equal(authenticate(table[i].method, "c", table[i].has_secret ? "s&t" : NULL,
					      table[i].is_public, &form, &header),
				 table[i].r);
		assert_string_equal(form.text.len > 0 ? form.text.data : "", table[i].form);
		assert_int_equal(header.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encoding),         cmocka_unit_test(dev_01_no_parameter_twice),
		cmocka_unit_test(too_large),        cmocka_unit_test(parsing),
		cmocka_unit_test(limits),           cmocka_unit_test(oa_02_basic),
		cmocka_unit_test(oa_01_one_method),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
