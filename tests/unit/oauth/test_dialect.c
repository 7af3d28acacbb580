/* SPDX-License-Identifier: MIT */
/* One row a provider: what it is asked, how it says "pending" and "no", and how that ends, through the real flow. */
#include "helper/oauth/dialect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/oauth/world.h"

#define RFC8628_GRANT "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"
#define RFC8628_REPLY                                                                                                  \
	"{\"device_code\":\"dc\",\"user_code\":\"UC\",\"verification_uri\":\"https://idp.example/device\","            \
	"\"expires_in\":600,\"interval\":5}"
#define PENDING "{\"error\":\"authorization_pending\"}"
#define ONLINE "scope=openid+profile+email&client_id=client"
#define START "scope=openid+profile+email+offline_access&client_id=client"
#define POLL RFC8628_GRANT "&device_code=dc&client_id=client"

struct row {
	const char *dialect;
	const char *secret; /* with client_secret_post, or NULL */
	const char *start_url, *start_body, *start_reply;
	const char *poll_url, *poll_body;
	unsigned pending_status;
	const char *pending;
	unsigned last_status;
	const char *last;
	enum oauth_outcome outcome;
	uint64_t wait_ms; /* the least between polls */
};

static const struct row rows[] = {
	{"generic", NULL, "https://idp.example/device", START, RFC8628_REPLY, "https://idp.example/token", POLL, 400,
	 PENDING, 400, "{\"error\":\"access_denied\"}", OAUTH_DENIED, 5500},
	{"generic", "s", "https://idp.example/device", START "&client_secret=s", RFC8628_REPLY,
	 "https://idp.example/token", POLL "&client_secret=s", 400, PENDING, 400,
	 "{\"error\":\"authorization_declined\"}", OAUTH_DENIED, 5500},
	{"entra", NULL, "https://idp.example/device", START,
	 "{\"device_code\":\"dc\",\"user_code\":\"UC\",\"verification_uri\":\"https://microsoft.com/devicelogin\","
	 "\"expires_in\":900,\"interval\":5,\"message\":\"To sign in, use a web browser\"}",
	 "https://idp.example/token", POLL, 400,
	 "{\"error\":\"authorization_pending\",\"error_codes\":[70016],\"timestamp\":\"2024-01-01 00:00:00Z\"}", 400,
	 "{\"error\":\"authorization_declined\",\"error_codes\":[70000]}", OAUTH_DENIED, 5500},
	{"entra", NULL, "https://idp.example/device", START,
	 "{\"device_code\":\"dc\",\"user_code\":\"UC\",\"verification_uri\":\"https://login.microsoft.com/device\","
	 "\"expires_in\":900,\"interval\":5}",
	 "https://idp.example/token", POLL, 400, PENDING, 400, "{\"error\":\"bad_verification_code\"}",
	 OAUTH_PROVIDER_REFUSED, 5500},
	/* public at the start, with its secret at the poll; verification_url */
	{"google", "s", "https://idp.example/device", ONLINE,
	 "{\"device_code\":\"dc\",\"user_code\":\"UC\",\"verification_url\":\"https://www.google.com/device\","
	 "\"expires_in\":1800,\"interval\":5}",
	 "https://idp.example/token", POLL "&client_secret=s", 428, PENDING, 403, "{\"error\":\"access_denied\"}",
	 OAUTH_DENIED, 5500},
	{"google", "s", "https://idp.example/device", ONLINE,
	 "{\"device_code\":\"dc\",\"user_code\":\"UC\",\"verification_url\":\"https://www.google.com/device\","
	 "\"interval\":5}",
	 "https://idp.example/token", POLL "&client_secret=s", 428, PENDING, 401, "{\"error\":\"invalid_client\"}",
	 OAUTH_CLIENT_REFUSED, 5500},
	{"okta", NULL, "https://idp.example/device", START, RFC8628_REPLY, "https://idp.example/token", POLL, 400,
	 PENDING, 400, "{\"error\":\"expired_token\"}", OAUTH_EXPIRED, 5500},
	{"auth0", NULL, "https://idp.example/device", START, RFC8628_REPLY, "https://idp.example/token", POLL, 403,
	 PENDING, 403, "{\"error\":\"expired_token\"}", OAUTH_EXPIRED, 5500},
	{"auth0", NULL, "https://idp.example/device", START, RFC8628_REPLY, "https://idp.example/token", POLL, 403,
	 PENDING, 403, "{\"error\":\"invalid_grant\"}", OAUTH_PROVIDER_REFUSED, 5500},
	{"keycloak", "s", "https://idp.example/device", START "&client_secret=s", RFC8628_REPLY,
	 "https://idp.example/token", POLL "&client_secret=s", 400, PENDING, 400,
	 "{\"error\":\"invalid_grant\",\"error_description\":\"Device code not valid\"}", OAUTH_PROVIDER_REFUSED, 5500},
	{"keycloak", NULL, "https://idp.example/device", START, RFC8628_REPLY, "https://idp.example/token", POLL, 400,
	 PENDING, 400, "{\"error\":\"unauthorized_client\"}", OAUTH_CLIENT_REFUSED, 5500},
	/* form-encoded, 200 for everything, its own words */
	{"github", NULL, "https://idp.example/login/device/code", "scope=read%3Auser&client_id=client",
	 "device_code=dc&expires_in=899&interval=5&user_code=UC"
	 "&verification_uri=https%3A%2F%2Fgithub.com%2Flogin%2Fdevice",
	 "https://idp.example/login/oauth/access_token", POLL, 200,
	 "error=authorization_pending&error_description=The+authorization+request+is+still+pending.&"
	 "error_uri=https%3A%2F%2Fdocs.github.com%2F",
	 200, "{\"error\":\"token_expired\"}", OAUTH_EXPIRED, 5500},
	{"github", NULL, "https://idp.example/login/device/code", "scope=read%3Auser&client_id=client", RFC8628_REPLY,
	 "https://idp.example/login/oauth/access_token", POLL, 200, PENDING, 200,
	 "{\"error\":\"incorrect_client_credentials\"}", OAUTH_CLIENT_REFUSED, 5500},
	{"github", NULL, "https://idp.example/login/device/code", "scope=read%3Auser&client_id=client", RFC8628_REPLY,
	 "https://idp.example/login/oauth/access_token", POLL, 200, PENDING, 200,
	 "{\"error\":\"incorrect_device_code\"}", OAUTH_PROVIDER_REFUSED, 5500},
	{"github", NULL, "https://idp.example/login/device/code", "scope=read%3Auser&client_id=client", RFC8628_REPLY,
	 "https://idp.example/login/oauth/access_token", POLL, 200, PENDING, 200,
	 "{\"error\":\"device_flow_disabled\"}", OAUTH_CLIENT_REFUSED, 5500},
	{"gitlab", NULL, "https://idp.example/device", ONLINE, RFC8628_REPLY, "https://idp.example/token", POLL, 400,
	 PENDING, 400, "{\"error\":\"access_denied\"}", OAUTH_DENIED, 5500},
	/* never says that a code is over */
	{"authentik", NULL, "https://idp.example/device", START, RFC8628_REPLY, "https://idp.example/token", POLL, 400,
	 PENDING, 400, "{\"error\":\"invalid_grant\"}", OAUTH_PROVIDER_REFUSED, 6000},
	{"dex", "s", "https://idp.example/device", START "&client_secret=s", RFC8628_REPLY, "https://idp.example/token",
	 POLL "&client_secret=s", 401, PENDING, 400, "{\"error\":\"invalid_request\"}", OAUTH_PROVIDER_REFUSED, 6500},
	/* not RFC 8628: one endpoint, another grant, another parameter, no lifetime */
	{"salesforce", NULL, "https://idp.example/services/oauth2/token",
	 "response_type=device_code&scope=openid+profile+email+refresh_token&client_id=client",
	 "{\"device_code\":\"dc\",\"user_code\":\"ABCD1234\",\"verification_uri\":\"https://idp.example/setup/"
	 "connect\","
	 "\"interval\":\"5\"}",
	 "https://idp.example/token", "grant_type=device&code=dc&client_id=client", 400, PENDING, 400,
	 "{\"error\":\"oauth_flow_disabled\"}", OAUTH_CLIENT_REFUSED, 5500},
	{"salesforce", NULL, "https://idp.example/services/oauth2/token",
	 "response_type=device_code&scope=openid+profile+email+refresh_token&client_id=client",
	 "{\"device_code\":\"dc\",\"user_code\":\"ABCD1234\",\"verification_uri\":\"https://idp.example/setup/"
	 "connect\","
	 "\"interval\":5}",
	 "https://idp.example/token", "grant_type=device&code=dc&client_id=client", 400, PENDING, 400,
	 "{\"error\":\"invalid_client_id\"}", OAUTH_CLIENT_REFUSED, 5500},
	{"salesforce", NULL, "https://idp.example/services/oauth2/token",
	 "response_type=device_code&scope=openid+profile+email+refresh_token&client_id=client",
	 "{\"device_code\":\"dc\",\"user_code\":\"ABCD1234\",\"verification_uri\":\"https://idp.example/setup/"
	 "connect\","
	 "\"interval\":5}",
	 "https://idp.example/token", "grant_type=device&code=dc&client_id=client", 400, PENDING, 400,
	 "{\"error\":\"invalid_grant\",\"error_description\":\"token exchange failed\"}", OAUTH_PROVIDER_REFUSED, 5500},
};

/* Discovery as Salesforce has it: no device endpoint in it. */
static void prepare(struct world *w, const struct row *row)
{
	if (strcmp(row->dialect, "salesforce") != 0) {
		world_prepare(w);
		return;
	}
	world_prepare_with(w, "{\"issuer\":\"" WORLD_ISSUER "\",\"token_endpoint\":\"https://idp.example/token\","
			      "\"register_endpoint\":\"https://idp.example/services/oauth2/register\","
			      "\"jwks_uri\":\"https://idp.example/id/keys\"}");
}

static void each_provider(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct world w;

		world_init(&w, row->dialect);
		if (row->secret != NULL)
			world_secret(&w, CLIENT_AUTH_POST, row->secret);
		prepare(&w, row);
		fake_reply(200, row->start_reply);
		fake_reply(row->pending_status, row->pending);
		fake_reply(row->pending_status, row->pending);
		fake_reply(row->last_status, row->last);
		assert_int_equal(world_start(&w, 600), 0);
		fake_run_ms(60000);
		assert_int_equal(w.challenged, 1);
		assert_int_equal(w.ended, 1);
		assert_int_equal(w.result.outcome, row->outcome);
		assert_int_equal(fake.n_requests, 4);
		assert_string_equal(fake.requests[0].url, row->start_url);
		assert_string_equal(fake.requests[0].body, row->start_body);
		for (size_t n = 1; n < 4; n++) {
			assert_string_equal(fake.requests[n].url, row->poll_url);
			assert_string_equal(fake.requests[n].body, row->poll_body);
			assert_in_range(world_gap_ms(n), row->wait_ms, row->wait_ms + 500);
		}
		world_done(&w);
	}
}

/* A table is only as good as its rows. */
static void every_row_is_whole(void **state)
{
	static const char *const names[] = {"generic", "salesforce", "entra",    "google",    "github", "gitlab",
					    "okta",    "auth0",      "keycloak", "authentik", "dex"};
	const struct dialect *d;
	size_t n;

	(void)state;
	for (n = 0; (d = dialect_at(n)) != NULL; n++) {
		assert_ptr_equal(dialect_find(d->name), d);
		assert_non_null(d->title);
		assert_non_null(d->device_grant_type);
		assert_non_null(d->device_code_parameter);
		assert_non_null(d->subject_claim);
		assert_non_null(d->name_claim);
		assert_non_null(d->error_aliases);
		assert_true(d->scope_separator == ' ' || d->scope_separator == ',');
		assert_true(d->has_id_token || d->userinfo_path != NULL);
		assert_true(d->has_discovery || (d->device_path != NULL && d->token_path != NULL));
		assert_true(d->email_needs_verification);
		/* what takes a used refresh token for ever needs no grace */
		assert_true(!d->keeps_used_refresh_token || d->refresh_grace_s == 0);
		/* no name for an error may make it "go on" where the provider said "stop" */
		for (const struct dialect_alias *a = d->error_aliases; a->theirs != NULL; a++) {
			assert_string_not_equal(a->standard, "authorization_pending");
			assert_string_equal(dialect_standard_error(d, a->theirs), a->standard);
		}
		assert_string_equal(dialect_standard_error(d, "no_such"), "no_such");
	}
	assert_int_equal(n, sizeof(names) / sizeof(names[0]));
	for (size_t i = 0; i < n; i++)
		assert_non_null(dialect_find(names[i]));
	assert_null(dialect_find("Generic"));
	assert_null(dialect_find(""));
}

/* GitHub takes a list with commas; blanks of the configuration become what the provider wants. */
static void scopes(void **state)
{
	static const struct {
		const char *dialect, *scope, *encoded;
	} table[] = {
		{"generic", "openid email", "scope=openid+email&client_id=client"},
		{"github", "read:user read:org", "scope=read%3Auser%2Cread%3Aorg&client_id=client"},
		{"generic", "", "client_id=client"}, /* empty is not sent */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct world w;

		world_init(&w, table[i].dialect);
		world_text(&w.settings.scope, table[i].scope);
		world_prepare(&w);
		assert_int_equal(world_start(&w, 600), 0);
		assert_string_equal(fake_last()->body, table[i].encoded);
		world_done(&w);
	}
}

/* SU-01, SU-02, SU-07: told where the start takes it, 0 included; elsewhere the answer alone counts. */
static void step_up_parameters(void **state)
{
	static const struct {
		const char *dialect;
		bool takes_them;
	} table[] = {{"generic", true},   {"keycloak", true}, {"okta", true},       {"auth0", true},
		     {"authentik", true}, {"entra", false},   {"google", false},    {"github", false},
		     {"gitlab", false},   {"dex", false},     {"salesforce", false}};
	char first[] = "phr", second[] = "urn:mfa";
	char *acr[] = {first, second, NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *body;
		struct world w;

		world_init(&w, table[i].dialect);
		world_secret(&w, CLIENT_AUTH_POST, "s");
		world_prepare(&w);
		w.request = (struct flow_request){
			.subject = "1", .login_hint = "alice", .acr_values = acr, .has_max_age = true, .max_age_s = 0};
		assert_int_equal(world_start(&w, 600), 0);
		body = fake_last()->body;
		assert_int_equal(strstr(body, "&acr_values=phr+urn%3Amfa&") != NULL, table[i].takes_them);
		assert_int_equal(strstr(body, "&max_age=0&") != NULL, table[i].takes_them);
		assert_int_equal(strstr(body, "&login_hint=alice") != NULL, table[i].takes_them);
		assert_int_equal(strstr(body, "acr_values") != NULL, table[i].takes_them);
		world_done(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_provider),
		cmocka_unit_test(every_row_is_whole),
		cmocka_unit_test(scopes),
		cmocka_unit_test(step_up_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
