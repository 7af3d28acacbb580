/* SPDX-License-Identifier: MIT */
/* The records that a map gives: who is answered for and with which words (I14, I15), listings, memberships, and a map
 * that lies in any byte (the bytes stand at the end of their own memory, so that the sanitizer sees the first beyond). */
#include "helper/userdb/record.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "helper/base/json.h"
#include "tests/unit/nss_module/sample.h"

struct world {
	void *bytes;
	size_t len;
	struct map_view v;
};

static void view_bytes(struct world *w, void *bytes, size_t len)
{
	w->bytes = bytes;
	w->len = len;
	assert_true(map_view_init(&w->v, w->bytes, w->len));
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	size_t len;
	void *bytes = sample_map(&len);

	assert_non_null(w);
	view_bytes(w, bytes, len);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	free(w->bytes);
	free(w);
	return 0;
}

static struct query query(const char *user, const char *group, int64_t id)
{
	return (struct query){
		.user = user,
		.group = group,
		.has_id = id >= 0,
		.id = id >= 0 ? (uint32_t)id : 0,
		.id_max = UINT32_MAX,
		.wants_regular = true,
	};
}

static void expect(struct world *w, enum query_kind kind, const struct query *q, const char *text)
{
	struct json_object *reply = NULL;

	assert_int_equal(record_find(&w->v, q, kind, &reply), 0);
	assert_string_equal(json_text(reply), text);
	json_object_put(reply);
}

static void expect_none(struct world *w, enum query_kind kind, const struct query *q, int outcome)
{
	struct json_object *reply = NULL;

	assert_int_equal(record_find(&w->v, q, kind, &reply), outcome);
	assert_null(reply);
}

/* Joins one member of each reply with blanks; "user>group" for memberships. */
static void list(const struct map_view *v, enum query_kind kind, const struct query *q, char *out, size_t size)
{
	struct record_walk w;
	struct json_object *reply;
	size_t used = 0;
	int r;

	out[0] = '\0';
	record_walk_begin(&w, v, q, kind);
	while ((r = record_walk_next(&w, &reply)) == 0) {
		struct json_object *record = reply;
		const char *user, *group;

		if (json_read_object(reply, "record", &record) != 0)
			record = reply;
		if (json_read_string(record, "userName", 64, &user) != 0)
			user = "";
		if (json_read_string(record, "groupName", 64, &group) != 0)
			group = "";
		used += (size_t)snprintf(out + used, size - used, "%s%s%s%s", used > 0 ? " " : "", user,
					 kind == QUERY_MEMBERSHIPS ? ">" : "", group);
		assert_true(used < size);
		json_object_put(reply);
	}
	assert_int_equal(r, RECORD_NONE);
	assert_int_equal(record_walk_next(&w, &reply), RECORD_NONE);
}

static bool lists(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = strstr(text, word); p != NULL; p = strstr(p + 1, word))
		if ((p == text || p[-1] == ' ') && (p[len] == '\0' || p[len] == ' '))
			return true;
	return false;
}

#define ALICE                                                                                                          \
	"{\"record\":{\"userName\":\"alice\",\"uid\":1879048193,\"gid\":1879048193,\"realName\":\"Alice Example\","    \
	"\"homeDirectory\":\"/home/alice\",\"shell\":\"/bin/bash\",\"disposition\":\"regular\","                       \
	"\"service\":\"io.latchkey\"},\"incomplete\":false}"
#define CAROL                                                                                                          \
	"{\"record\":{\"userName\":\"carol.c\",\"uid\":1879048195,\"gid\":1879052289,\"realName\":\"\","               \
	"\"homeDirectory\":\"/home/carol.c\",\"shell\":\"/bin/sh\",\"disposition\":\"regular\","                       \
	"\"service\":\"io.latchkey\"},\"incomplete\":false}"
#define DEVS                                                                                                           \
	"{\"record\":{\"groupName\":\"devs\",\"gid\":1879052289,\"members\":[\"alice\",\"bob\"],"                      \
	"\"disposition\":\"regular\",\"service\":\"io.latchkey\"},\"incomplete\":false}"
#define PRIVATE                                                                                                        \
	"{\"record\":{\"groupName\":\"alice\",\"gid\":1879048193,\"disposition\":\"regular\","                         \
	"\"service\":\"io.latchkey\"},\"incomplete\":false}"

/* Nothing but who somebody is: no password, no "locked" (that ends an account), no capability, no limit. */
static void test_records(void **state)
{
	struct query q;

	q = query("alice", NULL, -1);
	expect(*state, QUERY_USER, &q, ALICE);
	q = query(NULL, NULL, SAMPLE_ALICE);
	expect(*state, QUERY_USER, &q, ALICE);
	expect(*state, QUERY_GROUP, &q, PRIVATE);
	q = query("carol.c", NULL, SAMPLE_CAROL);
	expect(*state, QUERY_USER, &q, CAROL);
	q = query(NULL, "devs", -1);
	expect(*state, QUERY_GROUP, &q, DEVS);
	q = query(NULL, NULL, SAMPLE_DEVS);
	expect(*state, QUERY_GROUP, &q, DEVS);
	q = query(NULL, "alice", SAMPLE_ALICE);
	expect(*state, QUERY_GROUP, &q, PRIVATE);
}

static void test_outcomes(void **state)
{
	static const struct {
		const char *name;
		int64_t id;
		int user;
		int group;
	} cases[] = {
		{"nobody-here", -1, RECORD_NONE, RECORD_NONE},
		{"root", -1, RECORD_NONE, RECORD_NONE},
		{"Alice", -1, RECORD_NONE, RECORD_NONE},
		{"a23456789012345678901234567890123", -1, RECORD_NONE, RECORD_NONE},
		{NULL, 0, RECORD_NONE, RECORD_NONE},
		{NULL, 999, RECORD_NONE, RECORD_NONE},
		{NULL, 65534, RECORD_NONE, RECORD_NONE},
		{NULL, SAMPLE_ALICE + 100, RECORD_NONE, RECORD_NONE},
		{"alice", SAMPLE_BOB, RECORD_CONFLICT, RECORD_CONFLICT},
		{"alice", 5, RECORD_CONFLICT, RECORD_CONFLICT},
		{"nobody-here", SAMPLE_BOB, RECORD_CONFLICT, RECORD_CONFLICT},
		{"nobody-here", 5, RECORD_NONE, RECORD_NONE},
		{"devs", SAMPLE_ALICE, RECORD_CONFLICT, RECORD_CONFLICT},
		/* Without a private group of her own. */
		{"carol.c", -1, 0, RECORD_NONE},
		{NULL, SAMPLE_CAROL, 0, RECORD_NONE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct query user = query(cases[i].name, NULL, cases[i].id);
		struct query group = query(NULL, cases[i].name, cases[i].id);

		if (cases[i].user != 0)
			expect_none(*state, QUERY_USER, &user, cases[i].user);
		expect_none(*state, QUERY_GROUP, &group, cases[i].group);
	}
}

static void test_filters(void **state)
{
	struct query q = query("alice", NULL, -1);
	struct world *w = *state;
	char text[256];

	q.id_min = SAMPLE_ALICE + 1;
	expect_none(*state, QUERY_USER, &q, RECORD_NON_MATCHING);
	q.user = NULL;
	list(&w->v, QUERY_USER, &q, text, sizeof(text));
	assert_true(lists(text, "bob") && lists(text, "carol.c") && !lists(text, "alice"));
	q.id_max = SAMPLE_BOB;
	list(&w->v, QUERY_USER, &q, text, sizeof(text));
	assert_string_equal(text, "bob");
	list(&w->v, QUERY_GROUP, &q, text, sizeof(text));
	assert_string_equal(text, "bob");
	q.wants_regular = false;
	list(&w->v, QUERY_USER, &q, text, sizeof(text));
	assert_string_equal(text, "");
	q = query("alice", NULL, -1);
	q.wants_regular = false;
	expect_none(*state, QUERY_USER, &q, RECORD_NON_MATCHING);
}

static void test_listings(void **state)
{
	struct query q = query(NULL, NULL, -1);
	struct world *w = *state;
	char text[256];

	list(&w->v, QUERY_USER, &q, text, sizeof(text));
	assert_true(lists(text, "alice") && lists(text, "bob") && lists(text, "carol.c"));
	assert_int_equal(strlen(text), strlen("alice bob carol.c"));
	list(&w->v, QUERY_GROUP, &q, text, sizeof(text));
	assert_true(lists(text, "alice") && lists(text, "bob") && lists(text, "devs") && lists(text, "ops"));
	assert_int_equal(strlen(text), strlen("alice bob devs ops"));
}

static void test_memberships(void **state)
{
	struct query q = query(NULL, NULL, -1);
	struct world *w = *state;
	char text[256];

	list(&w->v, QUERY_MEMBERSHIPS, &q, text, sizeof(text));
	assert_true(lists(text, "alice>devs") && lists(text, "bob>devs") && lists(text, "bob>ops"));
	assert_int_equal(strlen(text), strlen("alice>devs bob>devs bob>ops"));
	q = query("bob", NULL, -1);
	list(&w->v, QUERY_MEMBERSHIPS, &q, text, sizeof(text));
	assert_true(lists(text, "bob>devs") && lists(text, "bob>ops"));
	assert_int_equal(strlen(text), strlen("bob>devs bob>ops"));
	q = query(NULL, "devs", -1);
	list(&w->v, QUERY_MEMBERSHIPS, &q, text, sizeof(text));
	assert_true(lists(text, "alice>devs") && lists(text, "bob>devs"));
	assert_int_equal(strlen(text), strlen("alice>devs bob>devs"));
	/* A primary group is none, as in NSS; a private group has no members. */
	q = query("carol.c", NULL, -1);
	list(&w->v, QUERY_MEMBERSHIPS, &q, text, sizeof(text));
	assert_string_equal(text, "");
	q = query(NULL, "alice", -1);
	list(&w->v, QUERY_MEMBERSHIPS, &q, text, sizeof(text));
	assert_string_equal(text, "");
	q = query("bob", "ops", -1);
	expect(w, QUERY_MEMBERSHIPS, &q, "{\"userName\":\"bob\",\"groupName\":\"ops\"}");
	q = query("alice", "ops", -1);
	expect_none(w, QUERY_MEMBERSHIPS, &q, RECORD_NONE);
	q = query("root", "devs", -1);
	expect_none(w, QUERY_MEMBERSHIPS, &q, RECORD_NONE);
}

static struct map_user_slot *slot_of(struct world *w, const char *name)
{
	struct map_user_slot copy;
	int64_t i = map_view_find_user(&w->v, name, strlen(name), &copy);

	assert_true(i >= 0);
	return (struct map_user_slot *)((char *)w->bytes + w->v.h.users) + i;
}

/* A mark for the PAM module, an id below the floor, an id outside root's range: no view answers for it (I14, I15). */
static void nobody_answers_for_alice(struct world *w)
{
	struct query q = query("alice", NULL, -1);
	char text[256];

	expect_none(w, QUERY_USER, &q, RECORD_NONE);
	list(&w->v, QUERY_MEMBERSHIPS, &q, text, sizeof(text));
	assert_string_equal(text, "");
	q = query("alice", "devs", -1);
	expect_none(w, QUERY_MEMBERSHIPS, &q, RECORD_NONE);
	q = query(NULL, NULL, SAMPLE_ALICE);
	expect_none(w, QUERY_USER, &q, RECORD_NONE);
	q = query(NULL, "alice", -1);
	expect_none(w, QUERY_GROUP, &q, RECORD_NONE);
	q = query(NULL, NULL, -1);
	list(&w->v, QUERY_USER, &q, text, sizeof(text));
	assert_false(lists(text, "alice"));
	assert_true(lists(text, "bob"));
	list(&w->v, QUERY_GROUP, &q, text, sizeof(text));
	assert_false(lists(text, "alice"));
}

static void test_marks_are_not_answered(void **state)
{
	slot_of(*state, "alice")->flags |= MAP_USER_LOCAL_ACCOUNT;
	nobody_answers_for_alice(*state);
}

static void test_ids_that_are_never_ours(void **state)
{
	static const uint32_t ids[] = {0, 1, 999, 65534, 65535, UINT32_MAX};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		slot_of(w, "alice")->uid = ids[i];
		nobody_answers_for_alice(w);
	}
	slot_of(w, "alice")->uid = SAMPLE_ALICE;
	w->v.ids.min = SAMPLE_ALICE + 1;
	nobody_answers_for_alice(w);
}

/* Too many members for one record: they are in the memberships, all of them. */
static void test_large_groups(void **state)
{
	static const uint32_t people[] = {10 * RECORD_MEMBERS_MAX, 10 * RECORD_MEMBERS_MAX + 10};
	struct query group = query(NULL, "tenth", -1);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct json_object *reply = NULL, *record = NULL, *members = NULL;
		struct world w = {0};
		struct record_walk walk;
		size_t len;
		void *bytes = sample_many(people[i], &len);
		uint32_t n = 0;

		view_bytes(&w, bytes, len);
		assert_int_equal(record_find(&w.v, &group, QUERY_GROUP, &reply), 0);
		assert_int_equal(json_read_object(reply, "record", &record), 0);
		assert_int_equal(json_read_array(record, "members", people[i], &members), i == 0 ? 0 : -ENOENT);
		if (i == 0)
			assert_int_equal(json_object_array_length(members), RECORD_MEMBERS_MAX);
		json_object_put(reply);
		record_walk_begin(&walk, &w.v, &group, QUERY_MEMBERSHIPS);
		for (; record_walk_next(&walk, &reply) == 0; n++)
			json_object_put(reply);
		assert_int_equal(n, people[i] / 10);
		free(w.bytes);
	}
}

static void ask_everything(struct world *w)
{
	static const char *const names[] = {"alice", "bob", "devs", "ops", NULL};
	struct json_object *reply;
	struct record_walk walk;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct query q = query(names[i], names[i], SAMPLE_ALICE);

		for (int kind = QUERY_USER; kind <= QUERY_MEMBERSHIPS; kind++) {
			if (kind != QUERY_MEMBERSHIPS || names[i] != NULL) {
				reply = NULL;
				(void)record_find(&w->v, &q, (enum query_kind)kind, &reply);
				json_object_put(reply);
			}
			record_walk_begin(&walk, &w->v, &q, (enum query_kind)kind);
			while (record_walk_next(&walk, &reply) == 0)
				json_object_put(reply);
		}
	}
}

static void test_a_map_that_lies(void **state)
{
	static const unsigned char lies[] = {0x00, 0x01, 0x7f, 0xff};
	struct world *w = *state;
	unsigned char *bytes = w->bytes;

	for (size_t at = sizeof(struct map_header); at < w->len; at++) {
		unsigned char truth = bytes[at];

		for (size_t i = 0; i < sizeof(lies); i++) {
			bytes[at] = lies[i];
			ask_everything(w);
		}
		bytes[at] = truth;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_records, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_outcomes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_filters, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_listings, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_memberships, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_marks_are_not_answered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ids_that_are_never_ours, set_up, tear_down),
		cmocka_unit_test(test_large_groups),
		cmocka_unit_test_setup_teardown(test_a_map_that_lies, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
