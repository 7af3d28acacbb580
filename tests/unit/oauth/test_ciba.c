/* SPDX-License-Identifier: MIT */
/* CIBA in poll mode as a whole: who is asked what, when, and how each way ends. Checklist items CB-01 to CB-16. */
#include "helper/oauth/ciba.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/oauth/device_world.h"

#define REQUEST_ID "1c266114-a1be-4252-8ad1-04986c5b9ac1"
#define ACCEPTED "{\"auth_req_id\":\"" REQUEST_ID "\",\"expires_in\":120,\"interval\":2,\"unknown\":{}}"
#define POLL                                                                                                           \
	"grant_type=urn%3Aopenid%3Aparams%3Agrant-type%3Aciba&auth_req_id=" REQUEST_ID                                 \
	"&client_id=client&client_secret=s3cret"

static void begin(struct world *w, const char *dialect)
{
	world_init(w, dialect);
	world_secret(w, CLIENT_AUTH_POST, "s3cret");
	world_prepare(w);
	w->request = (struct flow_request){.host = "db1.example.com", .subject = "248289761001"};
}

static void ask(struct world *w)
{
	assert_int_equal(world_start_method(w, FLOW_CIBA, 600), 0);
}

/* The value of one parameter of a body, still encoded; static until the next call. */
static const char *parameter(size_t request, const char *name)
{
	static char value[2048];
	const char *p = fake.requests[request].body;
	size_t len = strlen(name);

	while (p != NULL && !(strncmp(p, name, len) == 0 && p[len] == '=')) {
		p = strchr(p, '&');
		if (p != NULL)
			p++;
	}
	if (p == NULL)
		return NULL;
	(void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(p + len + 1, "&"), p + len + 1);
	return value;
}

/* CB-01, CB-02, CB-03, CB-06, CB-08, CB-14 */
static void happy_path(void **state)
{
	char first[] = "urn:example:phr", second[] = "urn:example:mfa";
	char *acr[] = {first, second, NULL};
	struct world w;

	(void)state;
	begin(&w, "generic");
	w.request.acr_values = acr;
	fake_reply(200, ACCEPTED);
	fake_reply(400, PENDING);
	fake_reply(200, TOKENS);
	ask(&w);
	fake_run();
	assert_string_equal(fake.requests[0].url, "https://idp.example/ciba");
	assert_string_equal(parameter(0, "scope"), "openid+profile+email+offline_access");
	assert_string_equal(parameter(0, "login_hint"), "248289761001");
	assert_string_equal(parameter(0, "requested_expiry"), "120"); /* CB-16: short, whatever the caller would wait */
	assert_string_equal(parameter(0, "acr_values"), "urn%3Aexample%3Aphr+urn%3Aexample%3Amfa");
	assert_string_equal(parameter(0, "client_secret"), "s3cret");
	assert_null(parameter(0, "id_token_hint"));
	assert_null(parameter(0, "login_hint_token"));
	assert_null(parameter(0, "user_code"));

	assert_int_equal(w.challenged, 1);
	assert_int_equal(w.challenge.method, FLOW_CIBA);
	assert_int_equal(w.challenge.expires_in_s, 120);
	assert_int_equal(w.challenge.outstanding_s, 120);
	assert_string_equal(w.challenge.binding_message, parameter(0, "binding_message")); /* the same string */
	assert_string_equal(w.challenge.user_code, "");

	fake_run_ms(10000);
	assert_int_equal(w.result.outcome, OAUTH_DONE);
	assert_non_null(w.tokens);
	assert_int_equal(fake.n_requests, 3);
	for (size_t i = 1; i < 3; i++) {
		assert_string_equal(fake.requests[i].url, "https://idp.example/token");
		assert_string_equal(fake.requests[i].body, POLL);
		assert_waited(i, 2);
		assert_in_range(fake.requests[i].timeout_ms, 30000, 60000); /* CB-08: a long poll */
	}
	fake_run_ms(1000000);
	assert_int_equal(fake.n_requests, 3);
	world_done(&w);
}

/* CB-03: at most 20 plain characters that name the host, and no two alike. */
static void cb_03_binding_messages(void **state)
{
	static const struct {
		const char *host, *prefix;
	} table[] = {
		{"db1.example.com", "db1-"},
		{"a-very-long-host-name.example", "a-very-long--"},
		{"k\xc3\xbchl \"x\"", "k--hl--x--"},
		{"", ""},
		{".", ""},
	};
	char last[FLOW_BINDING_MESSAGE_MAX + 1] = "";
	struct world w;

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		size_t row = i % (sizeof(table) / sizeof(table[0])), len = strlen(table[row].prefix);

		begin(&w, "generic");
		w.request.host = table[row].host;
		fake_reply(200, ACCEPTED);
		ask(&w);
		fake_run();
		assert_true(strlen(w.challenge.binding_message) <= FLOW_BINDING_MESSAGE_MAX);
		assert_int_equal(strlen(w.challenge.binding_message), len + 7);
		assert_memory_equal(w.challenge.binding_message, table[row].prefix, len);
		assert_int_equal(strspn(w.challenge.binding_message + len, "BCDFGHJKLMNPQRSTVWXZ"), 4);
		assert_string_not_equal(w.challenge.binding_message + len, last);
		(void)snprintf(last, sizeof(last), "%s", w.challenge.binding_message + len);
		world_done(&w);
	}
}

/* CB-04: once, and with the same random part; what is shown is what was taken. */
static void cb_04_shorter_message_once(void **state)
{
	static const char refused[] = "{\"error\":\"invalid_binding_message\"}";
	char whole[FLOW_BINDING_MESSAGE_MAX + 1];
	struct world w;

	(void)state;
	begin(&w, "generic");
	fake_reply(400, refused);
	fake_reply(200, ACCEPTED);
	ask(&w);
	fake_run();
	assert_int_equal(fake.n_requests, 2);
	(void)snprintf(whole, sizeof(whole), "%s", parameter(0, "binding_message"));
	assert_int_equal(w.challenged, 1);
	assert_string_equal(w.challenge.binding_message, parameter(1, "binding_message"));
	assert_int_equal(strlen(w.challenge.binding_message), 6);
	assert_memory_equal(w.challenge.binding_message, whole + 4, 4);
	assert_memory_equal(w.challenge.binding_message + 4, whole + 9, 2);
	assert_string_equal(parameter(1, "login_hint"), "248289761001");
	world_done(&w);

	begin(&w, "generic");
	fake_reply(400, refused);
	fake_reply(400, refused);
	ask(&w);
	fake_run_ms(600000);
	assert_int_equal(fake.n_requests, 2);
	assert_int_equal(w.challenged, 0);
	assert_int_equal(w.result.outcome, OAUTH_CLIENT_REFUSED);
	world_done(&w);
}

/* CB-02: how a person is named is the provider's matter, and exactly one hint is sent. */
static void cb_02_hints(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "auth0");
	ask(&w);
	assert_string_equal(parameter(0, "login_hint"),
			    "%7B%22format%22%3A%22iss_sub%22%2C%22iss%22%3A%22https%3A%2F%2Fidp.example%22%2C%22sub%"
			    "22%3A%22248289761001%22%7D");
	assert_string_equal(parameter(0, "request_expiry"), "120");
	assert_null(parameter(0, "requested_expiry"));
	world_done(&w);

	begin(&w, "keycloak");
	w.request.login_hint = "alice&login_hint=bob";
	ask(&w);
	assert_string_equal(parameter(0, "login_hint"), "alice%26login_hint%3Dbob");
	world_done(&w);
}

/* CB-01, CB-02: without credentials, an endpoint or somebody to name nothing is sent. */
static void faults(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "generic");
	w.request.subject = NULL;
	assert_int_equal(world_start_method(&w, FLOW_CIBA, 600), -EINVAL);
	assert_non_null(flow_kind(FLOW_CIBA)->fault(w.provider, &w.request));
	assert_int_equal(fake.n_requests, 0);
	world_done(&w);

	world_init(&w, "generic");
	world_prepare(&w);
	w.request = (struct flow_request){.host = "h", .subject = "s"};
	assert_int_equal(world_start_method(&w, FLOW_CIBA, 600), -EINVAL);
	assert_int_equal(fake.n_requests, 0);
	world_done(&w);

	world_init(&w, "generic");
	world_secret(&w, CLIENT_AUTH_POST, "s3cret");
	world_prepare_with(&w, "{\"issuer\":\"" WORLD_ISSUER "\",\"token_endpoint\":\"https://idp.example/token\","
			       "\"jwks_uri\":\"https://idp.example/jwks\"}");
	w.request = (struct flow_request){.host = "h", .subject = "s"};
	assert_int_equal(world_start_method(&w, FLOW_CIBA, 600), -EINVAL);
	assert_int_equal(world_start_method(&w, FLOW_DEVICE, 600), -EINVAL);
	assert_int_equal(fake.n_requests, 0);
	world_done(&w);
}

/* CB-07: what a reply must hold. */
static void cb_07_replies(void **state)
{
	static const struct {
		unsigned status;
		const char *body;
		enum oauth_outcome outcome;
	} table[] = {
		{200, "{\"expires_in\":120}", OAUTH_BAD_REPLY},
		{200, "{\"auth_req_id\":\"\",\"expires_in\":120}", OAUTH_BAD_REPLY},
		{200, "{\"auth_req_id\":\"a b\",\"expires_in\":120}", OAUTH_BAD_REPLY},
		{200, "{\"auth_req_id\":7,\"expires_in\":120}", OAUTH_BAD_REPLY},
		{200, "{\"auth_req_id\":\"x\"}", OAUTH_BAD_REPLY},
		{200, "{\"auth_req_id\":\"x\",\"expires_in\":[]}", OAUTH_BAD_REPLY},
		{200, "{\"auth_req_id\":\"x\",\"expires_in\":120,\"interval\":{}}", OAUTH_BAD_REPLY},
		{302, "{\"auth_req_id\":\"x\",\"expires_in\":120}", OAUTH_BAD_REPLY},
		{200, "[]", OAUTH_BAD_REPLY},
		{200, "", OAUTH_BAD_REPLY},
		{503, "<html>", OAUTH_UNREACHABLE},
		{429, "", OAUTH_THROTTLED},
		/* CB-11, CB-12 */
		{200, "{\"error\":\"access_denied\",\"auth_req_id\":\"x\",\"expires_in\":120}", OAUTH_DENIED},
		{403, "{\"error\":\"access_denied\"}", OAUTH_DENIED},
		{400, "{\"error\":\"invalid_request\"}", OAUTH_PROVIDER_REFUSED},
		{400, "{\"error\":\"invalid_scope\"}", OAUTH_CLIENT_REFUSED},
		{400, "{\"error\":\"unauthorized_client\"}", OAUTH_CLIENT_REFUSED},
		{400, "{\"error\":\"missing_user_code\"}", OAUTH_CLIENT_REFUSED},
		{401, "{\"error\":\"invalid_client\"}", OAUTH_CLIENT_REFUSED},
		{400, "{\"error\":\"expired_login_hint_token\"}", OAUTH_PROVIDER_REFUSED},
		{400, "{\"error\":\"unmet_authentication_requirements\"}", OAUTH_TOO_WEAK}, /* SU-04 */
		{400, "{\"error\":\"authorization_pending\"}", OAUTH_PROVIDER_REFUSED},
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		begin(&w, "generic");
		fake_reply(table[i].status, table[i].body);
		ask(&w);
		fake_run_ms(1000000);
		assert_int_equal(w.challenged, 0);
		assert_int_equal(w.ended, 1);
		assert_int_equal(w.result.outcome, table[i].outcome);
		assert_int_equal(fake.n_requests, 1);
		world_done(&w);
	}
}

static void cb_07_longest_request_id(void **state)
{
	struct world w;

	(void)state;
	for (size_t len = 1024; len <= 1025; len++) {
		char body[1200], id[1026];

		memset(id, 'x', len);
		id[len] = '\0';
		(void)snprintf(body, sizeof(body), "{\"auth_req_id\":\"%s\",\"expires_in\":60}", id);
		begin(&w, "generic");
		fake_reply(200, body);
		ask(&w);
		fake_run();
		assert_int_equal(w.challenged, len == 1024);
		assert_int_equal(w.ended, len != 1024);
		world_done(&w);
	}
}

/* CB-15: nobody at the terminal can tell an unknown person from one who says no. */
static void cb_15_unknown_user_looks_like_a_no(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "generic");
	fake_reply(400, "{\"error\":\"unknown_user_id\",\"error_description\":\"no such user\"}");
	ask(&w);
	fake_run();
	assert_int_equal(w.challenged, 1);
	assert_string_equal(w.challenge.binding_message, parameter(0, "binding_message"));
	assert_int_equal(w.challenge.expires_in_s, 120);
	fake_run_ms(3900);
	assert_int_equal(w.ended, 0);
	fake_run_ms(9000);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.result.outcome, OAUTH_DENIED);
	assert_non_null(strstr(w.result.detail, "unknown_user_id"));
	assert_int_equal(fake.n_requests, 1);
	world_done(&w);
}

/* CB-09, CB-10: the waits of a poll. */
static void cb_10_waits(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "generic");
	fake_reply(200, "{\"auth_req_id\":\"" REQUEST_ID "\",\"expires_in\":600}");
	fake_reply(400, SLOW_DOWN);
	fake_reply(400, PENDING);
	fake_reply_typed(503, "text/html", "busy");
	fake_reply_retry_after(45);
	fake_reply(400, PENDING);
	ask(&w);
	fake_run_ms(95000);
	assert_waited(1, 5); /* CB-07: no interval is five seconds */
	assert_waited(2, 10);
	assert_waited(3, 10);
	assert_waited(4, 45);
	assert_waited(5, 10);
	assert_int_equal(w.ended, 0);
	world_done(&w);
}

/* CB-10: every other answer is the end, and that id is never asked for again. */
static void cb_10_ends(void **state)
{
	static const struct {
		const char *error;
		enum oauth_outcome outcome;
	} table[] = {
		{"access_denied", OAUTH_DENIED},
		{"expired_token", OAUTH_EXPIRED},
		{"invalid_request", OAUTH_PROVIDER_REFUSED},
		{"invalid_grant", OAUTH_PROVIDER_REFUSED},
		{"unauthorized_client", OAUTH_CLIENT_REFUSED},
		{"transaction_failed", OAUTH_PROVIDER_REFUSED},
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char body[128];

		(void)snprintf(body, sizeof(body), "{\"error\":\"%s\",\"error_description\":\"%s\"}", table[i].error,
			       REQUEST_ID);
		begin(&w, "generic");
		fake_reply(200, ACCEPTED);
		fake_reply(400, body);
		ask(&w);
		fake_run_ms(1000000);
		assert_int_equal(w.challenged, 1);
		assert_int_equal(w.ended, 1);
		assert_int_equal(w.result.outcome, table[i].outcome);
		assert_null(w.tokens);
		assert_null(strstr(w.result.detail, REQUEST_ID));
		assert_int_equal(fake.n_requests, 2);
		world_done(&w);
	}
}

static void ends_by_itself(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "generic");
	fake_reply(200, ACCEPTED);
	for (size_t i = 0; i < 100; i++)
		fake_reply(400, PENDING);
	ask(&w);
	fake_run_ms(119000);
	assert_int_equal(w.ended, 0);
	fake_run_ms(2000);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.result.outcome, OAUTH_EXPIRED);
	world_done(&w);

	/* CB-06, CB-15: a provider that keeps it for longer shows by nothing that the terminal says */
	begin(&w, "generic");
	fake_reply(200, "{\"auth_req_id\":\"x\",\"expires_in\":900}");
	assert_int_equal(world_start_method(&w, FLOW_CIBA, 60), 0);
	fake_run();
	assert_string_equal(parameter(0, "requested_expiry"), "60");
	assert_int_equal(w.challenge.expires_in_s, 60);
	assert_int_equal(w.challenge.outstanding_s, 900); /* a push that cannot be taken back */
	world_done(&w);
}

static void freed_flows_never_poll(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "generic");
	fake_reply(200, ACCEPTED);
	w.frees_flow_at_challenge = true;
	ask(&w);
	fake_run_ms(300000);
	assert_int_equal(fake.n_requests, 1);
	assert_int_equal(w.ended, 0);
	world_done(&w);

	begin(&w, "generic");
	fake_reply(200, ACCEPTED);
	fake_reply(200, TOKENS);
	w.frees_flow_at_the_end = true;
	ask(&w);
	fake_run_ms(300000);
	assert_int_equal(w.ended, 1);
	assert_non_null(w.tokens);
	world_done(&w);

	begin(&w, "generic");
	ask(&w);
	flow_free(LK_STEAL(w.flow)); /* while the request is under way */
	fake_run_ms(300000);
	assert_int_equal(w.ended, 0);
	assert_int_equal(fake.n_requests, 1);
	world_done(&w);
}

/* A silent provider is asked once, and nobody waits twice. */
static void silence_is_remembered(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "generic");
	fake_failure(FETCH_TIMEOUT);
	ask(&w);
	fake_run();
	assert_int_equal(w.result.outcome, OAUTH_UNREACHABLE);
	flow_free(LK_STEAL(w.flow));
	ask(&w);
	fake_run();
	assert_int_equal(w.ended, 2);
	assert_int_equal(w.result.outcome, OAUTH_UNREACHABLE);
	assert_int_equal(fake.n_requests, 1);
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(happy_path),
		cmocka_unit_test(cb_03_binding_messages),
		cmocka_unit_test(cb_04_shorter_message_once),
		cmocka_unit_test(cb_02_hints),
		cmocka_unit_test(faults),
		cmocka_unit_test(cb_07_replies),
		cmocka_unit_test(cb_07_longest_request_id),
		cmocka_unit_test(cb_15_unknown_user_looks_like_a_no),
		cmocka_unit_test(cb_10_waits),
		cmocka_unit_test(cb_10_ends),
		cmocka_unit_test(ends_by_itself),
		cmocka_unit_test(freed_flows_never_poll),
		cmocka_unit_test(silence_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
