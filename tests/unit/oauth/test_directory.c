/* SPDX-License-Identifier: MIT */
/* The walk through a directory's pages. RFC 7644 section 3.4.2; checklist SC-01, SC-03, SC-06, SC-09, OA-03, OA-14, threats N3, N6, N8. */
#include "helper/oauth/directory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper/oauth/uri.h"
#include "tests/unit/oauth/world.h"

struct run {
	struct world w;
	struct directory_settings settings;
	struct directory *d;
	unsigned told;
	struct oauth_result result;
	struct directory_listing *listing;
	bool frees;
};

static const char token[] = "{\"access_token\":\"at-1\",\"token_type\":\"Bearer\",\"expires_in\":3600}";

static void on_done(void *userdata, const struct oauth_result *result, struct directory_listing *listing)
{
	struct run *x = userdata;

	x->told++;
	x->result = *result;
	assert_int_equal(listing != NULL, result->outcome == OAUTH_DONE);
	directory_listing_free(x->listing);
	x->listing = listing;
	if (x->frees)
		directory_free(LK_STEAL(x->d));
}

static void begin(struct run *x, const char *kind, const char *url)
{
	*x = (struct run){0};
	world_init(&x->w, "generic");
	world_secret(&x->w, CLIENT_AUTH_BASIC, "s3cret");
	world_prepare(&x->w);
	x->settings.kind = directory_kind_find(kind);
	assert_non_null(x->settings.kind);
	x->settings.subject_member = x->settings.kind->subject_member;
	x->settings.people_max = 1000;
	world_text(&x->settings.url, url);
	assert_int_equal(directory_new(&x->d, x->w.provider, NULL, NULL, &x->settings), 0);
}

static void end(struct run *x)
{
	directory_free(x->d);
	directory_listing_free(x->listing);
	free(x->settings.url);
	free(x->settings.filter);
	free(x->settings.client_id);
	secret_free(x->settings.client_secret);
	world_done(&x->w);
}

/* Starts, and lets so much time pass. */
static void list_for(struct run *x, uint64_t ms)
{
	x->told = 0;
	assert_int_equal(directory_start(x->d, on_done, x), 0);
	assert_int_equal(directory_start(x->d, on_done, x), -EBUSY);
	assert_int_equal(x->told, 0); /* never from within */
	fake_run_ms(ms);
}

static void list(struct run *x)
{
	list_for(x, 0);
	assert_int_equal(x->told, 1);
}

static void page_of(char *out, size_t size, unsigned from, unsigned n, unsigned total)
{
	size_t len = (size_t)snprintf(out, size, "{\"totalResults\":%u,\"Resources\":[", total);

	for (unsigned i = from; i < from + n; i++)
		len += (size_t)snprintf(out + len, size - len, "%s{\"id\":\"%u\",\"userName\":\"u%03u\"}",
					i > from ? "," : "", i, i);
	(void)snprintf(out + len, size - len, "]}");
}

/* SC-01, SC-06: one-based, and a server's own smaller pages are walked through */
static void scim_pages(void **state)
{
	char page[8192];
	struct run x;

	(void)state;
	begin(&x, "scim", "https://idp.example/scim/v2");
	fake_reply(200, token);
	page_of(page, sizeof(page), 1, 50, 70);
	fake_reply(200, page);
	page_of(page, sizeof(page), 51, 10, 70);
	fake_reply(200, page);
	page_of(page, sizeof(page), 61, 10, 70);
	fake_reply(200, page);
	list(&x);
	assert_int_equal(x.result.outcome, OAUTH_DONE);
	assert_int_equal(x.listing->n, 70);
	assert_string_equal(x.listing->people[69].name, "u070");
	assert_int_equal(fake.n_requests, 4);
	assert_string_equal(fake.requests[1].url,
			    "https://idp.example/scim/v2/Users?attributes=userName,externalId,active,displayName,"
			    "name.formatted&startIndex=1&count=50");
	assert_non_null(strstr(fake.requests[2].url, "&startIndex=51&count=50"));
	assert_non_null(strstr(fake.requests[3].url, "&startIndex=61&count=50"));
	for (size_t i = 1; i < 4; i++) {
		assert_null(fake.requests[i].body);
		assert_non_null(strstr(fake.requests[i].headers, "Authorization: Bearer at-1\n"));
		assert_non_null(strstr(fake.requests[i].headers, "Accept: application/scim+json, "));
		assert_null(strstr(fake.requests[i].url, "at-1")); /* OA-03 */
	}
	/* the same token serves the next run */
	page_of(page, sizeof(page), 1, 1, 1);
	fake_reply(200, page);
	list(&x);
	assert_int_equal(x.result.outcome, OAUTH_DONE);
	assert_int_equal(fake.n_requests, 5);
	end(&x);
}

static void keycloak_pages(void **state)
{
	struct run x;

	(void)state;
	begin(&x, "keycloak", "https://idp.example/admin/realms/staff/");
	fake_reply(200, token);
	fake_reply(200, "[{\"id\":\"1\",\"username\":\"alice\",\"enabled\":true}]");
	fake_reply(200, "[{\"id\":\"2\",\"username\":\"bob\",\"enabled\":true}]");
	fake_reply(200, "[]");
	list(&x);
	assert_int_equal(x.result.outcome, OAUTH_DONE);
	assert_int_equal(x.listing->n, 2);
	assert_string_equal(x.listing->people[1].subject, "2");
	assert_string_equal(fake.requests[1].url,
			    "https://idp.example/admin/realms/staff/users?briefRepresentation=true&first=0&max=100");
	assert_non_null(strstr(fake.requests[2].url, "&first=1&max=100"));
	assert_non_null(strstr(fake.requests[3].url, "&first=2&max=100"));
	end(&x);
}

static void graph_pages(void **state)
{
	struct run x;

	(void)state;
	begin(&x, "graph", "https://graph.microsoft.com/v1.0");
	fake_reply(200, token);
	fake_reply(200, "{\"value\":[{\"id\":\"a\",\"userPrincipalName\":\"alice@example.com\"}],\"@odata.nextLink\":"
			"\"https://graph.microsoft.com/v1.0/users?$skiptoken=R%27x\"}");
	fake_reply(200, "{\"value\":[],\"@odata.nextLink\":"
			"\"https://graph.microsoft.com/v1.0/users?$skiptoken=y\"}");
	fake_reply(200, "{\"value\":[{\"id\":\"b\",\"userPrincipalName\":\"bob@example.com\"}]}");
	list(&x);
	assert_int_equal(x.result.outcome, OAUTH_DONE);
	assert_int_equal(x.listing->n, 2);
	assert_non_null(strstr(fake.requests[0].body, "scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"));
	assert_string_equal(fake.requests[1].url,
			    "https://graph.microsoft.com/v1.0/users?$select=id,userPrincipalName,displayName,"
			    "accountEnabled&$top=200");
	assert_string_equal(fake.requests[2].url, "https://graph.microsoft.com/v1.0/users?$skiptoken=R%27x");
	end(&x);
}

/* SC-01: what root wrote as a filter cannot become another parameter */
static void filters(void **state)
{
	static const struct {
		const char *kind, *filter, *part;
	} table[] = {
		{"scim", "groups.value eq \"a&b\" and active eq true",
		 "name.formatted&filter=groups.value%20eq%20%22a%26b%22%20and%20active%20eq%20true&startIndex=1"},
		{"graph", "6e7b768e-07e2", "https://idp.example/d/groups/6e7b768e-07e2/transitiveMembers?$select="},
		{"keycloak", "../users?x=#", "https://idp.example/d/groups/..%2Fusers%3Fx%3D%23/members?brief"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct run x;

		begin(&x, table[i].kind, "https://idp.example/d");
		world_text(&x.settings.filter, table[i].filter);
		fake_reply(200, token);
		list_for(&x, 0);
		assert_int_equal(fake.n_requests, 2);
		if (strstr(fake_last()->url, table[i].part) == NULL)
			fail_msg("%s", fake_last()->url);
		end(&x);
	}
}

/* OA-14: the token goes nowhere else, wherever a page says that the next one is */
static void links_that_are_not_followed(void **state)
{
	static const char *const links[] = {
		"https://evil.example/v1.0/users",
		"http://idp.example/d/users",
		"https://idp.example/dd/users",
		"https://idp.example/d",
		"https://idp.example/d?x",
		"https://idp.example/d/../other",
		"https://idp.example/d/a/%2e%2E",
		"https://idp.example/d/./users",
		"https://idp.example/d/.%2e/users?x",
		"https://idp.example:444/d/users",
		"https://idp.example@evil.example/d/users",
		"https://idp.example/d/users#x",
		"https://idp.example/d/us ers",
		"/d/users?$skiptoken=x",
		"https://IDP.example/d/users",
		/* the page that it stands on */
		"https://idp.example/d/users?$select=id,userPrincipalName,displayName,accountEnabled&$top=200",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		char page[512];
		struct run x;

		begin(&x, "graph", "https://idp.example/d");
		fake_reply(200, token);
		(void)snprintf(page, sizeof(page),
			       "{\"value\":[{\"id\":\"a\",\"userPrincipalName\":\"a\"}],"
			       "\"@odata.nextLink\":\"%s\"}",
			       links[i]);
		fake_reply(200, page);
		list(&x);
		assert_int_equal(x.result.outcome, OAUTH_BAD_REPLY);
		assert_int_equal(fake.n_requests, 2);
		end(&x);
	}
	assert_true(uri_is_below("https://idp.example/d/users..x/.a?../..", "https://idp.example/d"));
}

/* Nothing, half a listing, or an error: no listing at all, whatever came before */
static void listings_that_do_not_count(void **state)
{
	static const struct {
		const char *kind, *first, *second;
		enum oauth_outcome outcome;
	} table[] = {
		{"scim", "{\"totalResults\":0,\"Resources\":[]}", NULL, OAUTH_BAD_REPLY},
		{"scim", "{\"totalResults\":1,\"Resources\":[{\"id\":\"1\",\"userName\":\"a\",\"active\":false}]}",
		 NULL, OAUTH_BAD_REPLY},
		{"scim", "{\"totalResults\":2,\"Resources\":[{\"id\":\"1\",\"userName\":\"a\"}]}",
		 "{\"totalResults\":2,\"Resources\":[]}", OAUTH_BAD_REPLY},
		{"scim", "{\"totalResults\":2,\"Resources\":[{\"id\":\"1\",\"userName\":\"a\"}]}",
		 "{\"totalResults\":2}", OAUTH_BAD_REPLY},
		{"scim", "{\"totalResults\":2,\"Resources\":[{\"id\":\"1\",\"userName\":\"a\"}]}", "<html>",
		 OAUTH_BAD_REPLY},
		{"keycloak", "[]", NULL, OAUTH_BAD_REPLY},
		{"keycloak", "[{\"id\":\"1\",\"username\":\"a\"}]", "{\"error\":\"x\"}", OAUTH_BAD_REPLY},
		{"graph", "{\"value\":[]}", NULL, OAUTH_BAD_REPLY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct run x;

		begin(&x, table[i].kind, "https://idp.example/d");
		fake_reply(200, token);
		fake_reply(200, table[i].first);
		if (table[i].second != NULL)
			fake_reply(200, table[i].second);
		list(&x);
		assert_int_equal(x.result.outcome, table[i].outcome);
		assert_null(x.listing);
		end(&x);
	}
}

/* SC-03, SC-08: final, with the provider's own words */
static void statuses(void **state)
{
	static const struct {
		unsigned status;
		const char *body;
		enum oauth_outcome outcome;
		const char *says;
	} table[] = {
		{400, "{\"status\":\"400\",\"scimType\":\"invalidFilter\",\"detail\":\"at-1\"}", OAUTH_PROVIDER_REFUSED,
		 "repeats a secret"},
		{400, "{\"scimType\":\"tooMany\"}", OAUTH_PROVIDER_REFUSED, "HTTP 400, tooMany"},
		{403, "{\"detail\":\"no\"}", OAUTH_PROVIDER_REFUSED, "may not read it: no"},
		{403, "", OAUTH_PROVIDER_REFUSED, "may not read it"},
		{404, "<html>", OAUTH_BAD_REPLY, "HTTP 404"},
		{302, "", OAUTH_BAD_REPLY, "redirects are not followed"}, /* N3 */
		{204, "", OAUTH_BAD_REPLY, "HTTP 204"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct run x;

		begin(&x, "scim", "https://idp.example/d");
		fake_reply(200, token);
		fake_reply(table[i].status, table[i].body);
		list(&x);
		assert_int_equal(x.result.outcome, table[i].outcome);
		if (strstr(x.result.detail, table[i].says) == NULL)
			fail_msg("%s", x.result.detail);
		assert_int_equal(fake.n_requests, 2);
		end(&x);
	}
}

/* A token may have been revoked: another one is asked for, once in a run */
static void a_token_that_is_refused(void **state)
{
	struct run x;

	(void)state;
	begin(&x, "keycloak", "https://idp.example/d");
	fake_reply(200, token);
	fake_reply(401, "");
	fake_reply(200, "{\"access_token\":\"at-2\",\"token_type\":\"Bearer\"}");
	fake_reply(200, "[{\"id\":\"1\",\"username\":\"a\"}]");
	fake_reply(401, "");
	list(&x);
	assert_int_equal(x.result.outcome, OAUTH_CLIENT_REFUSED);
	assert_int_equal(fake.n_requests, 5);
	assert_non_null(strstr(fake.requests[3].headers, "Bearer at-2\n"));
	end(&x);

	begin(&x, "keycloak", "https://idp.example/d");
	fake_reply(401, "{\"error\":\"invalid_client\"}");
	list(&x);
	assert_int_equal(x.result.outcome, OAUTH_CLIENT_REFUSED);
	assert_int_equal(fake.n_requests, 1);
	end(&x);
}

/* SC-09: later, as late as the provider says, and not for ever */
static void tries_again_later(void **state)
{
	struct run x;

	(void)state;
	begin(&x, "keycloak", "https://idp.example/d");
	fake_reply(200, token);
	fake_reply(429, "");
	fake_reply_retry_after(30);
	fake_failure(FETCH_TIMEOUT);
	fake_reply(503, "");
	fake_reply(200, "[{\"id\":\"1\",\"username\":\"a\"}]");
	fake_reply(200, "[]");
	list_for(&x, 29999);
	assert_int_equal(fake.n_requests, 2);
	fake_run_ms(1);
	assert_int_equal(fake.n_requests, 3);
	fake_run_ms(10000);
	assert_int_equal(x.told, 1);
	assert_int_equal(x.result.outcome, OAUTH_DONE);
	assert_string_equal(fake.requests[1].url, fake.requests[4].url);
	end(&x);

	begin(&x, "keycloak", "https://idp.example/d");
	fake_reply(200, token);
	for (unsigned i = 0; i <= DIRECTORY_RETRIES_MAX; i++)
		fake_reply(503, "");
	list_for(&x, 5000 * (DIRECTORY_RETRIES_MAX + 1));
	assert_int_equal(x.told, 1);
	assert_int_equal(x.result.outcome, OAUTH_UNREACHABLE);
	assert_int_equal(fake.n_requests, DIRECTORY_RETRIES_MAX + 2);
	/* longer than anybody should wait within one run */
	fake_reply(429, "");
	fake_reply_retry_after(121);
	list(&x);
	assert_int_equal(x.result.outcome, OAUTH_THROTTLED);
	assert_int_equal(directory_retry_after_s(x.d), 121);
	fake.timer_result = -ENOMEM;
	assert_int_equal(directory_start(x.d, on_done, &x), -ENOMEM);
	fake.timer_result = 0;
	end(&x);
}

/* N6: however slowly pages come, a run ends */
static void a_run_has_an_end(void **state)
{
	struct run x;

	(void)state;
	begin(&x, "keycloak", "https://idp.example/d");
	fake_reply(200, token);
	for (unsigned i = 0; i < 60; i++) {
		char page[64];

		(void)snprintf(page, sizeof(page), "[{\"id\":\"%u\",\"username\":\"u%u\"}]", i, i);
		fake_reply(200, page);
		fake_reply_takes(19000);
	}
	list_for(&x, DIRECTORY_RUN_MAX_MS + 20000);
	assert_int_equal(x.told, 1);
	assert_int_equal(x.result.outcome, OAUTH_UNREACHABLE);
	assert_int_equal(fake.n_requests, 49);
	end(&x);

	/* and a page that never comes is given up, and asked for again */
	begin(&x, "keycloak", "https://idp.example/d");
	fake_reply(200, token);
	list_for(&x, DIRECTORY_RUN_MAX_MS);
	assert_int_equal(x.told, 1);
	assert_int_equal(fake.n_requests, DIRECTORY_RETRIES_MAX + 2);
	end(&x);
}

/* A client of its own for the directory: the provider's secret never goes with another id. */
static void a_client_of_its_own(void **state)
{
	struct run x;

	(void)state;
	begin(&x, "scim", "https://idp.example/d");
	directory_free(LK_STEAL(x.d));
	world_text(&x.settings.client_id, "reader");
	assert_int_equal(directory_new(&x.d, x.w.provider, NULL, NULL, &x.settings), 0);
	list(&x);
	assert_int_equal(x.result.outcome, OAUTH_CLIENT_REFUSED);
	assert_int_equal(fake.n_requests, 0);
	directory_free(LK_STEAL(x.d));

	assert_int_equal(secret_copy(&x.settings.client_secret, "other", 5), 0);
	assert_int_equal(directory_new(&x.d, x.w.provider, NULL, NULL, &x.settings), 0);
	list_for(&x, 0);
	assert_non_null(strstr(fake_last()->headers, "Authorization: Basic cmVhZGVyOm90aGVy\n"));
	end(&x);
}

static void freed_at_any_time(void **state)
{
	(void)state;
	for (unsigned step = 0; step < 4; step++) {
		struct run x;

		begin(&x, "keycloak", "https://idp.example/d");
		if (step >= 2)
			fake_reply(200, token);
		if (step == 3)
			fake_reply(503, "");
		x.told = 0;
		assert_int_equal(directory_start(x.d, on_done, &x), 0);
		if (step >= 1)
			fake_run();
		assert_int_equal(fake.n_requests, step == 3 ? 2 : step);
		directory_free(LK_STEAL(x.d));
		fake_run_ms(DIRECTORY_RUN_MAX_MS);
		assert_int_equal(x.told, 0);
		end(&x);
	}

	struct run x;

	begin(&x, "keycloak", "https://idp.example/d");
	fake_reply(200, token);
	fake_reply(200, "[{\"id\":\"1\",\"username\":\"a\"}]");
	fake_reply(200, "[]");
	x.frees = true;
	list(&x);
	assert_null(x.d);
	assert_int_equal(x.listing->n, 1);
	end(&x);
}

static void default_urls(void **state)
{
	static const struct {
		const char *kind, *issuer, *url;
	} table[] = {
		{"keycloak", "https://sso.example/realms/staff", "https://sso.example/admin/realms/staff"},
		{"keycloak", "https://sso.example/auth/realms/staff", "https://sso.example/auth/admin/realms/staff"},
		{"keycloak", "https://sso.example/", NULL},
		{"graph", "https://login.microsoftonline.com/x/v2.0", "https://graph.microsoft.com/v1.0"},
		{"scim", "https://idp.example", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char *url = NULL;

		assert_int_equal(directory_default_url(&url, directory_kind_find(table[i].kind), table[i].issuer), 0);
		if (table[i].url != NULL)
			assert_string_equal(url, table[i].url);
		else
			assert_null(url);
		free(url);
	}
}

static void tenants(void **state)
{
	static const struct {
		const char *dialect, *issuer, *tenant;
	} table[] = {
		{"entra", "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0",
		 "11111111-2222-3333-4444-555555555555"},
		{"entra", "https://login.microsoftonline.com/organizations/v2.0", NULL},
		{"entra", "https://login.microsoftonline.com/{tenantid}/v2.0", NULL},
		{"entra", "https://login.microsoftonline.com", NULL},
		{"generic", "https://idp.example/11111111-2222-3333-4444-555555555555/v2.0", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct provider_settings s = {.dialect = dialect_find(table[i].dialect)};
		char *tenant = NULL;

		world_text(&s.issuer, table[i].issuer);
		assert_int_equal(directory_tenant(&tenant, &s), 0);
		if (table[i].tenant != NULL)
			assert_string_equal(tenant, table[i].tenant);
		else
			assert_null(tenant);
		free(tenant);
		free(s.issuer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scim_pages),
		cmocka_unit_test(keycloak_pages),
		cmocka_unit_test(graph_pages),
		cmocka_unit_test(filters),
		cmocka_unit_test(links_that_are_not_followed),
		cmocka_unit_test(listings_that_do_not_count),
		cmocka_unit_test(statuses),
		cmocka_unit_test(a_token_that_is_refused),
		cmocka_unit_test(tries_again_later),
		cmocka_unit_test(a_run_has_an_end),
		cmocka_unit_test(a_client_of_its_own),
		cmocka_unit_test(freed_at_any_time),
		cmocka_unit_test(default_urls),
		cmocka_unit_test(tenants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
