/* SPDX-License-Identifier: MIT */
/* Pages of people. RFC 7643 section 4.1, RFC 7644 section 3.4.2, Microsoft Graph, Keycloak's admin interface; checklist
 * SC-02, SC-04, SC-05, SC-08, threats N8, N9. */
#include "helper/oauth/directory_reply.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/base/json.h"

static const char scim[] =
	"{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:ListResponse\"],\"totalResults\":4,\"startIndex\":1,"
	"\"itemsPerPage\":4,\"Resources\":["
	"{\"id\":\"2819c223\",\"externalId\":\"alice-1\",\"userName\":\"alice\",\"active\":true,"
	"\"name\":{\"formatted\":\"Alice Example\"},\"displayName\":\"Alice\"},"
	"{\"id\":\"c75ad752\",\"userName\":\"bob\",\"displayName\":\"Bob\"},"
	"{\"id\":\"6c5bb468\",\"userName\":\"carol\",\"active\":false},"
	"{\"id\":\"6c5bb469\",\"externalId\":\"dave-1\"}]}";

static const char graph[] =
	"{\"@odata.context\":\"https://graph.microsoft.com/v1.0/$metadata#users\","
	"\"@odata.nextLink\":\"https://graph.microsoft.com/v1.0/users?$skiptoken=x\",\"value\":["
	"{\"id\":\"87d349ed-44d7-43e1-9a83-5f2406dee5bd\",\"userPrincipalName\":\"alice@example.com\","
	"\"displayName\":\"Alice Example\",\"accountEnabled\":true},"
	"{\"@odata.type\":\"#microsoft.graph.group\",\"id\":\"6e7b768e\",\"userPrincipalName\":null}]}";

static const char keycloak[] =
	"[{\"id\":\"f3c2\",\"username\":\"alice\",\"firstName\":\"Alice\",\"lastName\":\"Example\",\"enabled\":true},"
	"{\"id\":\"f3c3\",\"username\":\"bob\",\"firstName\":\"\",\"lastName\":\"Example\",\"enabled\":true},"
	"{\"id\":\"f3c4\",\"username\":\"carol\",\"enabled\":false}]";

struct read {
	struct directory_listing *l;
	struct directory_page page;
	const char *why;
	int r;
};

static struct directory_rule rule_of(const char *kind, const char *subject_member)
{
	struct directory_rule rule = {
		.kind = directory_kind_find(kind), .subject_member = subject_member, .people_max = 1000};

	assert_non_null(rule.kind);
	return rule;
}

static void parse(struct read *x, const struct directory_rule *rule, const char *body, size_t len)
{
	*x = (struct read){.l = calloc(1, sizeof(*x->l))};
	assert_non_null(x->l);
	x->r = directory_page_parse(&x->page, x->l, &x->why, rule, body, len);
}

static void done(struct read *x)
{
	free(x->page.next);
	directory_listing_free(x->l);
}

static void person_is(const struct directory_person *p, const char *name, const char *id, const char *subject,
		      const char *title)
{
	assert_string_equal(p->name, name);
	assert_string_equal(p->id, id);
	if (subject != NULL)
		assert_string_equal(p->subject, subject);
	else
		assert_null(p->subject);
	if (title != NULL)
		assert_string_equal(p->title, title);
	else
		assert_null(p->title);
}

/* SC-05: active is a switch, and missing means yes */
static void scim_page(void **state)
{
	struct directory_rule rule = rule_of("scim", "externalId");
	struct read x;

	(void)state;
	parse(&x, &rule, scim, strlen(scim));
	assert_int_equal(x.r, 0);
	assert_int_equal(x.l->n, 2);
	person_is(&x.l->people[0], "alice", "2819c223", "alice-1", "Alice Example");
	person_is(&x.l->people[1], "bob", "c75ad752", NULL, "Bob");
	assert_int_equal(x.l->n_locked, 1);
	assert_int_equal(x.l->n_skipped, 1);
	assert_int_equal(x.page.n, 4);
	assert_int_equal(x.page.total, 4);
	assert_null(x.page.next);
	done(&x);

	rule.subject_member = "id";
	parse(&x, &rule, scim, strlen(scim));
	assert_string_equal(x.l->people[0].subject, "2819c223");
	done(&x);
	rule.subject_member = NULL;
	parse(&x, &rule, scim, strlen(scim));
	assert_null(x.l->people[0].subject);
	done(&x);
}

static void graph_page(void **state)
{
	struct directory_rule rule = rule_of("graph", "id");
	struct read x;

	(void)state;
	rule.tenant = "11111111-2222-3333-4444-555555555555";
	parse(&x, &rule, graph, strlen(graph));
	assert_int_equal(x.r, 0);
	assert_int_equal(x.l->n, 1);
	person_is(&x.l->people[0], "alice@example.com", "87d349ed-44d7-43e1-9a83-5f2406dee5bd",
		  "11111111-2222-3333-4444-555555555555/87d349ed-44d7-43e1-9a83-5f2406dee5bd", "Alice Example");
	assert_int_equal(x.l->n_skipped, 1); /* a group in a group */
	assert_int_equal(x.page.n, 2);
	assert_int_equal(x.page.total, -1);
	assert_string_equal(x.page.next, "https://graph.microsoft.com/v1.0/users?$skiptoken=x");
	done(&x);
}

static void keycloak_page(void **state)
{
	struct directory_rule rule = rule_of("keycloak", "id");
	struct read x;

	(void)state;
	parse(&x, &rule, keycloak, strlen(keycloak));
	assert_int_equal(x.r, 0);
	assert_int_equal(x.l->n, 2);
	person_is(&x.l->people[0], "alice", "f3c2", "f3c2", "Alice Example");
	person_is(&x.l->people[1], "bob", "f3c3", "f3c3", "Example");
	assert_int_equal(x.l->n_locked, 1);
	assert_null(x.page.next);
	done(&x);
}

/* What cannot be understood refuses the page as a whole; what cannot be an account is one person's matter. */
static void pages_that_are_refused(void **state)
{
	static const struct {
		const char *kind, *body;
		int r;
		size_t people;
	} table[] = {
		{"scim", "{\"totalResults\":0}", 0, 0}, /* SC-02 */
		{"scim", "{\"totalResults\":1}", -EBADMSG, 0},
		{"scim", "{\"totalResults\":1,\"Resources\":null}", -EBADMSG, 0},
		{"scim", "{\"totalResults\":1,\"Resources\":{}}", -EBADMSG, 0},
		{"scim", "{\"Resources\":[]}", -EBADMSG, 0},
		{"scim", "{\"totalResults\":\"1\",\"Resources\":[]}", -EBADMSG, 0},
		{"scim", "{\"totalResults\":-1,\"Resources\":[]}", -EBADMSG, 0},
		{"scim", "{\"totalResults\":1.5,\"Resources\":[]}", -EBADMSG, 0},
		{"scim", "{\"totalResults\":1e18,\"Resources\":[]}", -EBADMSG, 0},
		{"scim", "{\"totalResults\":1,\"Resources\":[\"alice\"]}", -EBADMSG, 0},
		{"scim", "{\"totalResults\":1,\"Resources\":[null]}", -EBADMSG, 0},
		{"scim", "{\"totalResults\":1,\"Resources\":[{}],\"Resources\":[]}", -EBADMSG, 0},
		{"scim", "[]", -EBADMSG, 0},
		{"scim", "", -EBADMSG, 0},
		{"scim", "<html>", -EBADMSG, 0},
		{"scim", "{\"totalResults\":1,\"Resources\":[]}x", -EBADMSG, 0},
		{"scim", "{\"totalResults\":1,\"Resources\":[{\"id\":\"1\",\"userName\":5}]}", 0, 0},
		{"scim", "{\"totalResults\":1,\"Resources\":[{\"id\":1,\"userName\":\"a\"}]}", 0, 0},
		{"scim", "{\"totalResults\":1,\"Resources\":[{\"id\":\"\",\"userName\":\"a\"}]}", 0, 0},
		{"scim", "{\"totalResults\":1,\"Resources\":[{\"id\":\"1\\n\",\"userName\":\"a\"}]}", 0, 0},
		{"scim", "{\"totalResults\":1,\"Resources\":[{\"id\":\"1\",\"userName\":\"\"}]}", 0, 0},
		{"scim", "{\"totalResults\":1,\"Resources\":[{\"id\":\"1\",\"userName\":\"a\",\"active\":\"false\"}]}",
		 0, 0},
		{"scim", "{\"totalResults\":1,\"Resources\":[{\"id\":\"1\",\"userName\":\"a\",\"active\":null}]}", 0,
		 1},
		{"scim", "{\"totalResults\":1,\"Resources\":[{\"id\":\"1\",\"userName\":\"a\",\"name\":\"x\"}]}", 0, 1},
		{"graph", "{\"value\":[]}", 0, 0},
		{"graph", "{}", -EBADMSG, 0},
		{"graph", "{\"value\":[],\"@odata.nextLink\":5}", -EBADMSG, 0},
		{"graph", "{\"value\":[],\"@odata.nextLink\":\"\"}", -EBADMSG, 0},
		{"graph", "{\"value\":[],\"@odata.nextLink\":null}", 0, 0},
		{"keycloak", "[]", 0, 0},
		{"keycloak", "{}", -EBADMSG, 0},
		{"keycloak", "null", -EBADMSG, 0},
		{"keycloak", "[[]]", -EBADMSG, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct directory_rule rule = rule_of(table[i].kind, "id");
		struct read x;

		parse(&x, &rule, table[i].body, strlen(table[i].body));
		if (x.r != table[i].r || x.l->n != table[i].people)
			fail_msg("%s: %d, %zu people", table[i].body, x.r, x.l->n);
		if (x.r != 0) {
			assert_null(x.page.next);
			assert_true(x.why[0] != '\0');
		}
		done(&x);
	}
}

static void every_truncation(void **state)
{
	struct directory_rule rule = rule_of("scim", "id");

	(void)state;
	for (size_t len = 0; len < strlen(scim); len++) {
		struct read x;

		parse(&x, &rule, scim, len);
		assert_int_equal(x.r, -EBADMSG);
		done(&x);
	}
}

/* A name, id or full name at its limit passes, and one byte more does not. */
static void limits_of_texts(void **state)
{
	static const struct {
		size_t name, id, title;
		bool is_taken, has_title;
	} table[] = {
		{DIRECTORY_NAME_MAX, 255, DIRECTORY_TITLE_MAX, true, true},
		{DIRECTORY_NAME_MAX + 1, 255, 1, false, false},
		{DIRECTORY_NAME_MAX, 256, 1, false, false},
		{1, 1, DIRECTORY_TITLE_MAX + 1, true, false},
	};
	struct directory_rule rule = rule_of("scim", "id");

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char many[512], body[2048];
		struct read x;

		memset(many, 'a', sizeof(many));
		(void)snprintf(body, sizeof(body),
			       "{\"totalResults\":1,\"Resources\":[{\"userName\":\"%.*s\",\"id\":\"%.*s\","
			       "\"displayName\":\"%.*s\"}]}",
			       (int)table[i].name, many, (int)table[i].id, many, (int)table[i].title, many);
		parse(&x, &rule, body, strlen(body));
		assert_int_equal(x.r, 0);
		assert_int_equal(x.l->n, table[i].is_taken);
		if (table[i].is_taken)
			assert_int_equal(x.l->people[0].title != NULL, table[i].has_title);
		done(&x);
	}
}

/* A tenant and an id that are longer than a subject may be together, or an id with a '/': nobody's subject. */
static void subjects_with_a_tenant(void **state)
{
	static const struct {
		size_t len;
		const char *id;
		bool is_known;
	} table[] = {{250, NULL, true}, {251, NULL, false}, {0, "a/b", false}, {0, "a", true}};
	struct directory_rule rule = rule_of("scim", "id");

	(void)state;
	rule.tenant = "tttt";
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char many[256], body[512];
		struct read x;

		memset(many, 'a', sizeof(many));
		(void)snprintf(body, sizeof(body),
			       "{\"totalResults\":1,\"Resources\":[{\"userName\":\"a\",\"id\":\"%.*s\"}]}",
			       table[i].id != NULL ? 255 : (int)table[i].len, table[i].id != NULL ? table[i].id : many);
		parse(&x, &rule, body, strlen(body));
		assert_int_equal(x.l->n, 1);
		assert_int_equal(x.l->people[0].subject != NULL, table[i].is_known);
		done(&x);
	}
}

static void limits_of_lists(void **state)
{
	struct directory_rule rule = rule_of("keycloak", "id");
	static char large[JSON_MAX_BYTES + 8];
	struct read x;

	(void)state;
	rule.people_max = 2;
	parse(&x, &rule, keycloak, strlen(keycloak));
	assert_int_equal(x.r, 0); /* who is locked does not count */
	done(&x);
	rule.people_max = 1;
	parse(&x, &rule, keycloak, strlen(keycloak));
	assert_int_equal(x.r, -E2BIG);
	assert_non_null(strstr(x.why, "directory_max"));
	done(&x);

	memset(large, ' ', sizeof(large));
	memcpy(large, "[]", 2);
	parse(&x, &rule, large, JSON_MAX_BYTES);
	assert_int_equal(x.r, 0);
	done(&x);
	parse(&x, &rule, large, JSON_MAX_BYTES + 1);
	assert_int_equal(x.r, -E2BIG);
	assert_non_null(strstr(x.why, "256 KiB"));
	done(&x);
}

/* SC-06: whoever is listed twice is one person; SC-04: two people of one name are nobody. */
static void names_are_unique_in_the_end(void **state)
{
	static const char body[] = "[{\"id\":\"4\",\"username\":\"dave\"},{\"id\":\"1\",\"username\":\"alice\"},"
				   "{\"id\":\"2\",\"username\":\"bob\"},{\"id\":\"1\",\"username\":\"alice\"},"
				   "{\"id\":\"3\",\"username\":\"bob\"},{\"id\":\"2\",\"username\":\"bob\"},"
				   "{\"id\":\"5\",\"username\":\"Alice\"}]";
	struct directory_rule rule = rule_of("keycloak", "id");
	struct read x;

	(void)state;
	parse(&x, &rule, body, strlen(body));
	assert_int_equal(x.l->n, 7);
	directory_listing_finish(x.l);
	assert_int_equal(x.l->n, 3);
	assert_string_equal(x.l->people[0].name, "Alice");
	assert_string_equal(x.l->people[1].name, "alice");
	assert_string_equal(x.l->people[2].name, "dave");
	assert_int_equal(x.l->n_skipped, 3);
	done(&x);

	x.l = calloc(1, sizeof(*x.l));
	assert_non_null(x.l);
	directory_listing_finish(x.l);
	assert_int_equal(x.l->n, 0);
	directory_listing_free(x.l);
}

/* SC-08: status is a text there, and nobody asks it */
static void error_texts(void **state)
{
	static const struct {
		const char *kind, *body, *text;
	} table[] = {
		{"scim",
		 "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"],\"status\":\"400\","
		 "\"scimType\":\"tooMany\",\"detail\":\"No.\"}",
		 "tooMany: No."},
		{"scim", "{\"detail\":\"No.\"}", "No."},
		{"scim", "{\"scimType\":\"tooMany\",\"detail\":5}", "tooMany"},
		{"graph",
		 "{\"error\":{\"code\":\"Authorization_RequestDenied\",\"message\":\"Insufficient privileges\"}}",
		 "Authorization_RequestDenied: Insufficient privileges"},
		{"keycloak", "{\"error\":\"unknown_error\"}", "unknown_error"},
		{"keycloak", "[]", ""},
		{"keycloak", "<html>", ""},
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		directory_error_text(text, sizeof(text), directory_kind_find(table[i].kind), table[i].body,
				     strlen(table[i].body));
		assert_string_equal(text, table[i].text);
	}
}

/* The table itself: each row says everything that the flow relies on. */
static void rows_are_complete(void **state)
{
	const struct directory_kind *k;
	size_t n = 0;

	(void)state;
	for (; (k = directory_kind_at(n)) != NULL; n++) {
		assert_ptr_equal(directory_kind_find(k->name), k);
		assert_non_null(strstr(k->filtered, "{}"));
		assert_null(strstr(k->everybody, "{}"));
		assert_non_null(strchr(k->everybody, '?')); /* the place is appended with '&' */
		assert_true((k->start_parameter != NULL) != (k->next_member != NULL));
		assert_true(k->total_member == NULL || k->start_parameter != NULL);
		assert_non_null(k->count_parameter);
		assert_in_range(k->page_size, 1, 999);
		assert_non_null(k->accept);
		assert_non_null(k->name_member);
		assert_non_null(k->id_member);
		assert_non_null(k->active_member);
		assert_non_null(k->titles[0]);
		assert_non_null(k->errors[0]);
		assert_non_null(k->errors[1]);
	}
	assert_int_equal(n, 3);
	assert_null(directory_kind_find("ldap"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scim_page),
		cmocka_unit_test(graph_page),
		cmocka_unit_test(keycloak_page),
		cmocka_unit_test(pages_that_are_refused),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(limits_of_texts),
		cmocka_unit_test(subjects_with_a_tenant),
		cmocka_unit_test(limits_of_lists),
		cmocka_unit_test(names_are_unique_in_the_end),
		cmocka_unit_test(error_texts),
		cmocka_unit_test(rows_are_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
