/* SPDX-License-Identifier: MIT */
/* The parameters of io.systemd.UserDatabase: what they mean, and what is refused by which name (L6). */
#include "helper/userdb/query.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "helper/base/json.h"

/* The members that @text has, and the right service. Release with json_object_put(). */
static struct json_object *parameters_of(const char *text)
{
	char whole[1024];
	struct json_object *o;

	(void)snprintf(whole, sizeof(whole), "{\"service\":\"io.latchkey\"%s%s}", *text != '\0' ? "," : "", text);
	assert_int_equal(json_parse(&o, whole, strlen(whole)), 0);
	return o;
}

static int parse(struct query *q, enum query_kind kind, struct json_object *parameters, const char *bad)
{
	const char *found = NULL;
	int r = query_parse(q, kind, parameters, &found);

	if (r == QUERY_INVALID)
		assert_string_equal(found, bad);
	else
		assert_null(found);
	return r;
}

static void test_keys(void **state)
{
	struct json_object *o = parameters_of("\"userName\":\"alice\",\"uid\":1879048193");
	struct query q;

	(void)state;
	assert_int_equal(parse(&q, QUERY_USER, o, NULL), 0);
	assert_string_equal(q.user, "alice");
	assert_null(q.group);
	assert_true(q.has_id);
	assert_int_equal(q.id, 1879048193);
	assert_false(query_is_listing(&q, QUERY_USER));
	assert_true(query_admits(&q, 0));
	assert_true(query_admits(&q, UINT32_MAX));
	json_object_put(o);

	o = parameters_of("\"groupName\":\"devs\",\"gid\":null");
	assert_int_equal(parse(&q, QUERY_GROUP, o, NULL), 0);
	assert_string_equal(q.group, "devs");
	assert_false(q.has_id);
	assert_false(query_is_listing(&q, QUERY_GROUP));
	json_object_put(o);

	o = parameters_of("\"uid\":0");
	assert_int_equal(parse(&q, QUERY_USER, o, NULL), 0);
	assert_true(q.has_id);
	assert_int_equal(q.id, 0);
	json_object_put(o);
}

static void test_listings(void **state)
{
	static const struct {
		enum query_kind kind;
		const char *text;
		bool is_listing;
	} cases[] = {
		{QUERY_USER, "", true},
		{QUERY_USER, "\"uid\":null,\"userName\":null", true},
		{QUERY_USER, "\"uidMin\":5", true},
		{QUERY_USER, "\"uid\":5", false},
		{QUERY_GROUP, "", true},
		{QUERY_GROUP, "\"groupName\":\"a\"", false},
		{QUERY_MEMBERSHIPS, "", true},
		{QUERY_MEMBERSHIPS, "\"userName\":\"a\"", true},
		{QUERY_MEMBERSHIPS, "\"groupName\":\"a\"", true},
		{QUERY_MEMBERSHIPS, "\"userName\":\"a\",\"groupName\":\"b\"", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_object *o = parameters_of(cases[i].text);
		struct query q;

		assert_int_equal(parse(&q, cases[i].kind, o, NULL), 0);
		assert_int_equal(query_is_listing(&q, cases[i].kind), cases[i].is_listing);
		json_object_put(o);
	}
}

static void test_filters(void **state)
{
	struct json_object *o =
		parameters_of("\"uidMin\":10,\"uidMax\":20,\"dispositionMask\":[\"system\",\"regular\"]");
	struct query q;

	(void)state;
	assert_int_equal(parse(&q, QUERY_USER, o, NULL), 0);
	assert_false(query_admits(&q, 9));
	assert_true(query_admits(&q, 10));
	assert_true(query_admits(&q, 20));
	assert_false(query_admits(&q, 21));
	json_object_put(o);

	o = parameters_of("\"gidMax\":4294967295,\"dispositionMask\":[]");
	assert_int_equal(parse(&q, QUERY_GROUP, o, NULL), 0);
	assert_false(query_admits(&q, 10));
	json_object_put(o);
}

static void test_bad_service(void **state)
{
	static const char *const texts[] = {
		"{}",
		"{\"service\":null}",
		"{\"service\":\"\"}",
		"{\"service\":1}",
		"{\"service\":\"io.latchke\"}",
		"{\"service\":\"io.latchkeyd\"}",
		"{\"service\":\"IO.LATCHKEY\"}",
		"{\"service\":\"io.systemd.Multiplexer\",\"uid\":\"x\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct json_object *o;
		struct query q;

		assert_int_equal(json_parse(&o, texts[i], strlen(texts[i])), 0);
		assert_int_equal(parse(&q, QUERY_USER, o, NULL), QUERY_BAD_SERVICE);
		json_object_put(o);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		enum query_kind kind;
		const char *text;
		const char *bad;
	} cases[] = {
		{QUERY_USER, "\"uid\":-1", "uid"},
		{QUERY_USER, "\"uid\":4294967295", "uid"},
		{QUERY_USER, "\"uid\":4294967296", "uid"},
		{QUERY_USER, "\"uid\":1.5", "uid"},
		{QUERY_USER, "\"uid\":\"0\"", "uid"},
		{QUERY_USER, "\"uid\":true", "uid"},
		{QUERY_USER, "\"userName\":\"\"", "userName"},
		{QUERY_USER, "\"userName\":7", "userName"},
		{QUERY_USER, "\"userName\":[\"alice\"]", "userName"},
		{QUERY_USER, "\"uidMin\":-1", "uidMin"},
		{QUERY_USER, "\"uidMax\":4294967296", "uidMax"},
		{QUERY_USER, "\"dispositionMask\":\"regular\"", "dispositionMask"},
		{QUERY_USER, "\"dispositionMask\":[1]", "dispositionMask"},
		{QUERY_USER, "\"dispositionMask\":[null]", "dispositionMask"},
		{QUERY_USER, "\"fuzzyNames\":[\"ali\"]", "fuzzyNames"},
		{QUERY_USER, "\"gid\":5", "gid"},
		{QUERY_USER, "\"groupName\":\"devs\"", "groupName"},
		{QUERY_USER, "\"more\":1", "more"},
		{QUERY_GROUP, "\"uid\":5", "uid"},
		{QUERY_GROUP, "\"userName\":\"alice\"", "userName"},
		{QUERY_GROUP, "\"gid\":-1", "gid"},
		{QUERY_MEMBERSHIPS, "\"uid\":5", "uid"},
		{QUERY_MEMBERSHIPS, "\"userName\":false", "userName"},
		{QUERY_MEMBERSHIPS, "\"uidMin\":5", "uidMin"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_object *o = parameters_of(cases[i].text);
		struct query q;

		assert_int_equal(parse(&q, cases[i].kind, o, cases[i].bad), QUERY_INVALID);
		json_object_put(o);
	}
}

/* The longest name that is read at all, and one byte more; the most dispositions, and one more. */
static void test_limits(void **state)
{
	char text[QUERY_NAME_MAX + 64];
	char name[QUERY_NAME_MAX + 2];
	struct json_object *o;
	struct query q;

	(void)state;
	for (size_t extra = 0; extra < 2; extra++) {
		memset(name, 'a', QUERY_NAME_MAX + extra);
		name[QUERY_NAME_MAX + extra] = '\0';
		(void)snprintf(text, sizeof(text), "\"userName\":\"%s\"", name);
		o = parameters_of(text);
		assert_int_equal(parse(&q, QUERY_USER, o, "userName"), extra == 0 ? 0 : QUERY_INVALID);
		json_object_put(o);
	}
	for (int n = 16; n <= 17; n++) {
		strcpy(text, "\"dispositionMask\":[\"a\"");
		for (int i = 1; i < n; i++)
			strcat(text, ",\"a\"");
		strcat(text, "]");
		o = parameters_of(text);
		assert_int_equal(parse(&q, QUERY_USER, o, "dispositionMask"), n == 16 ? 0 : QUERY_INVALID);
		json_object_put(o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),        cmocka_unit_test(test_listings), cmocka_unit_test(test_filters),
		cmocka_unit_test(test_bad_service), cmocka_unit_test(test_refusals), cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
