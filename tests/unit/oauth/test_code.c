/* SPDX-License-Identifier: MIT */
/* The authorization code flow as a whole: what is shown, what is pasted, what is redeemed. PK-01 to PK-05, PAR-01 to PAR-05. */
#include "helper/oauth/code.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "helper/jose/base64url.h"
#include "tests/unit/oauth/device_world.h"

#define HERE "http://127.0.0.1:8123/latchkey"
#define METADATA(more)                                                                                                 \
	"{\"issuer\":\"" WORLD_ISSUER "\",\"token_endpoint\":\"https://idp.example/token\","                           \
	"\"authorization_endpoint\":\"https://login.example/auth\"," more "\"jwks_uri\":\"https://idp.example/jwks\"}"
#define PUSHED METADATA("\"pushed_authorization_request_endpoint\":\"https://idp.example/par\",")

static void begin(struct world *w, const char *metadata)
{
	world_init(w, "generic");
	world_text(&w->settings.redirect_uri, HERE);
	world_prepare_with(w, metadata);
}

static void show(struct world *w)
{
	assert_int_equal(world_start_method(w, FLOW_CODE, 600), 0);
	assert_int_equal(w->challenged, 0); /* never from within */
	fake_run();
}

/* The value of a parameter of a form, still encoded; static until the next call. */
static const char *parameter(const char *form, const char *name)
{
	static char value[2048];
	size_t len = strlen(name);

	for (const char *p = form; p != NULL; p = strchr(p, '&') != NULL ? strchr(p, '&') + 1 : NULL) {
		if (strncmp(p, name, len) == 0 && p[len] == '=') {
			(void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(p + len + 1, "&"), p + len + 1);
			return value;
		}
	}
	return NULL;
}

static const char *shown(const struct world *w, const char *name)
{
	return parameter(strchr(w->challenge.verification_uri, '?') + 1, name);
}

static void paste(struct world *w, const char *text)
{
	flow_answer(w->flow, text, strlen(text));
}

/* A redirect of this very sign-in. */
static void paste_code(struct world *w, const char *code)
{
	char text[1024], state[128];

	(void)snprintf(state, sizeof(state), "%s", shown(w, "state"));
	(void)snprintf(text, sizeof(text), HERE "?code=%s&state=%s", code, state);
	paste(w, text);
}

static void assert_challenge_of(const char *challenge, const char *verifier)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char text[64];
	unsigned len;

	assert_int_equal(EVP_Digest(verifier, strlen(verifier), digest, &len, EVP_sha256(), NULL), 1);
	base64url_encode(text, digest, len);
	assert_string_equal(challenge, text);
}

/* PK-01, PK-02, PK-05: no metadata says a word of PKCE, and it is sent all the same */
static void happy_path(void **state)
{
	char challenge[64], acr0[] = "urn:mfa", *acr[] = {acr0, NULL};
	const char *verifier;
	struct world w;

	(void)state;
	begin(&w, METADATA(""));
	w.request = (struct flow_request){.acr_values = acr, .has_max_age = true, .login_hint = "alice@example.com"};
	show(&w);
	assert_int_equal(fake.n_requests, 0);
	assert_int_equal(w.challenged, 1);
	assert_int_equal(w.asked, 1);
	assert_int_equal(w.challenge.method, FLOW_CODE);
	assert_int_equal(w.challenge.expires_in_s, 600);
	assert_string_equal(w.challenge.user_code, "");
	assert_int_equal(strncmp(w.challenge.verification_uri, "https://login.example/auth?response_type=code&", 46),
			 0);
	assert_string_equal(shown(&w, "client_id"), "client");
	assert_string_equal(shown(&w, "redirect_uri"), "http%3A%2F%2F127.0.0.1%3A8123%2Flatchkey");
	assert_string_equal(shown(&w, "scope"), "openid+profile+email+offline_access");
	assert_string_equal(shown(&w, "code_challenge_method"), "S256");
	assert_string_equal(shown(&w, "acr_values"), "urn%3Amfa");
	assert_string_equal(shown(&w, "max_age"), "0");
	assert_string_equal(shown(&w, "login_hint"), "alice%40example.com");
	assert_int_equal(strlen(shown(&w, "state")), 43);
	assert_int_equal(strlen(shown(&w, "nonce")), 43);
	(void)snprintf(challenge, sizeof(challenge), "%s", shown(&w, "code_challenge"));

	fake_reply(200, TOKENS);
	paste_code(&w, "the-code");
	assert_int_equal(w.ended, 0);
	fake_run();
	assert_int_equal(w.result.outcome, OAUTH_DONE);
	assert_non_null(w.tokens);
	assert_string_equal(w.tokens->nonce, shown(&w, "nonce"));
	assert_string_equal(fake.requests[0].url, "https://idp.example/token");
	assert_string_equal(parameter(fake.requests[0].body, "grant_type"), "authorization_code");
	assert_string_equal(parameter(fake.requests[0].body, "code"), "the-code");
	assert_string_equal(parameter(fake.requests[0].body, "redirect_uri"),
			    "http%3A%2F%2F127.0.0.1%3A8123%2Flatchkey");
	verifier = parameter(fake.requests[0].body, "code_verifier");
	assert_int_equal(strlen(verifier), 43);
	assert_challenge_of(challenge, verifier);
	world_done(&w);
}

/* PK-03: nothing of one attempt is of use in another */
static void pk_03_new_secrets_each_time(void **state)
{
	char last[3][64] = {"", "", ""};
	static const char *const names[] = {"state", "nonce", "code_challenge"};
	struct world w;

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		begin(&w, METADATA(""));
		show(&w);
		for (size_t n = 0; n < 3; n++) {
			assert_string_not_equal(shown(&w, names[n]), last[n]);
			(void)snprintf(last[n], sizeof(last[n]), "%s", shown(&w, names[n]));
		}
		world_done(&w);
	}
}

/* PAR-01, PAR-02, PAR-03 */
static void pushed(void **state)
{
	static const struct {
		unsigned status;
		const char *body;
		enum oauth_outcome outcome;
	} bad[] = {
		{204, "", OAUTH_BAD_REPLY},
		{201, "{}", OAUTH_BAD_REPLY},
		{201, "{\"request_uri\":\"urn:x\"}", OAUTH_BAD_REPLY},
		{201, "{\"request_uri\":\"urn:x y\",\"expires_in\":60}", OAUTH_BAD_REPLY},
		{202, "{\"request_uri\":\"urn:x\",\"expires_in\":60}", OAUTH_BAD_REPLY},
		{400, "{\"error\":\"invalid_request\"}", OAUTH_PROVIDER_REFUSED},
		{401, "{\"error\":\"invalid_client\"}", OAUTH_CLIENT_REFUSED},
		{405, "", OAUTH_BAD_REPLY}, /* PAR-05 */
		{413, "", OAUTH_BAD_REPLY},
		{429, "", OAUTH_THROTTLED},
		{503, "<html>", OAUTH_UNREACHABLE},
	};
	struct world w;

	(void)state;
	begin(&w, PUSHED);
	world_secret(&w, CLIENT_AUTH_BASIC, "s3cret");
	fake_reply(201, "{\"request_uri\":\"urn:ietf:params:oauth:request_uri:x\",\"expires_in\":90}");
	show(&w);
	assert_string_equal(fake.requests[0].url, "https://idp.example/par");
	assert_non_null(strstr(fake.requests[0].headers, "Authorization: Basic "));
	assert_string_equal(parameter(fake.requests[0].body, "client_id"), "client");
	assert_string_equal(parameter(fake.requests[0].body, "response_type"), "code");
	assert_null(parameter(fake.requests[0].body, "request_uri"));
	assert_string_equal(w.challenge.verification_uri, "https://login.example/auth?client_id=client&request_uri="
							  "urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ax");
	assert_int_equal(w.challenge.expires_in_s, 90);
	fake_reply(200, TOKENS);
	paste(&w, "the-code");
	fake_run();
	assert_int_equal(w.result.outcome, OAUTH_DONE);
	assert_int_equal(fake.n_requests, 2);
	world_done(&w);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin(&w, PUSHED);
		fake_reply(bad[i].status, bad[i].body);
		show(&w);
		if (w.result.outcome != bad[i].outcome)
			fail_msg("%u %s: %s", bad[i].status, bad[i].body, w.result.detail);
		assert_int_equal(w.challenged, 0);
		assert_int_equal(w.ended, 1);
		world_done(&w);
	}
}

/* A slip of the hand is asked about twice more; what is of another sign-in ends it at once. */
static void wrong_answers(void **state)
{
	static const struct {
		const char *text;
		const char *hint; /* NULL: the end */
	} table[] = {
		{"", "Nothing arrived"},
		{"two words", "neither an address nor a code"},
		{"https://elsewhere.example/?code=x&state=y", "another address"},
		{HERE "?code=x&state=not-ours", NULL},
		{HERE "#access_token=x", NULL},
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		bool is_end = table[i].hint == NULL;

		begin(&w, METADATA(""));
		show(&w);
		paste(&w, table[i].text);
		assert_int_equal(w.ended, is_end);
		assert_int_equal(w.asked, is_end ? 1 : 2);
		if (!is_end)
			assert_non_null(strstr(w.question, table[i].hint));
		for (unsigned n = 0; n < 2 && !is_end; n++)
			paste(&w, table[i].text);
		assert_int_equal(w.ended, 1);
		assert_int_equal(w.result.outcome, OAUTH_WRONG_PROOF);
		assert_null(w.tokens);
		assert_int_equal(fake.n_requests, 0);
		world_done(&w);
	}
}

static void the_provider_says_no(void **state)
{
	char text[512];
	struct world w;

	(void)state;
	begin(&w, METADATA(""));
	show(&w);
	(void)snprintf(text, sizeof(text), HERE "?error=access_denied&error_description=no&state=%s",
		       shown(&w, "state"));
	paste(&w, text);
	assert_int_equal(w.result.outcome, OAUTH_DENIED);
	assert_int_equal(fake.n_requests, 0);
	world_done(&w);
}

/* A code goes to the provider once, whatever comes of it: used before, of another verifier (PK-04), or lost on the way. */
static void a_code_goes_once(void **state)
{
	static const struct {
		unsigned status;
		const char *body;
		enum oauth_outcome outcome;
	} table[] = {
		{400, "{\"error\":\"invalid_grant\"}", OAUTH_WRONG_PROOF},
		{400, "{\"error\":\"invalid_request\"}", OAUTH_WRONG_PROOF},
		{400, "{\"error\":\"invalid_client\"}", OAUTH_CLIENT_REFUSED},
		{400, "{\"error\":\"authorization_pending\"}", OAUTH_BAD_REPLY},
		{400, "{\"error\":\"slow_down\"}", OAUTH_THROTTLED},
		{503, "<html>", OAUTH_UNREACHABLE},
		{200, "{}", OAUTH_BAD_REPLY},
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		begin(&w, METADATA(""));
		show(&w);
		fake_reply(table[i].status, table[i].body);
		paste_code(&w, "the-code");
		paste_code(&w, "the-code"); /* nobody asked */
		fake_run_ms(1000000);
		assert_int_equal(w.ended, 1);
		assert_int_equal(w.result.outcome, table[i].outcome);
		assert_null(w.tokens);
		assert_null(strstr(w.result.detail, "the-code"));
		assert_int_equal(fake.n_requests, 1);
		world_done(&w);
	}
}

static void ends_in_time(void **state)
{
	struct world w;

	(void)state;
	begin(&w, METADATA(""));
	show(&w);
	fake_run_ms(599000);
	assert_int_equal(w.ended, 0);
	fake_run_ms(2000);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.result.outcome, OAUTH_EXPIRED);
	paste(&w, "the-code");
	assert_int_equal(w.ended, 1);
	assert_int_equal(fake.n_requests, 0);
	world_done(&w);
}

static void freed_at_every_step(void **state)
{
	struct world w;

	(void)state;
	begin(&w, PUSHED);
	assert_int_equal(world_start_method(&w, FLOW_CODE, 600), 0);
	flow_free(LK_STEAL(w.flow));
	fake_run();
	assert_int_equal(fake.n_requests, 0);
	world_done(&w);

	begin(&w, PUSHED);
	show(&w); /* the push hangs */
	flow_free(LK_STEAL(w.flow));
	assert_true(fake.requests[0].is_cancelled);
	world_done(&w);

	begin(&w, METADATA(""));
	show(&w);
	paste(&w, "the-code"); /* the token request hangs */
	flow_free(LK_STEAL(w.flow));
	assert_true(fake.requests[0].is_cancelled);
	world_done(&w);

	begin(&w, METADATA(""));
	w.frees_flow_at_the_end = true;
	show(&w);
	paste(&w, HERE "?code=x&state=not-ours");
	assert_null(w.flow);
	world_done(&w);
}

static void faults(void **state)
{
	struct world w;

	(void)state;
	begin(&w, METADATA(""));
	world_text(&w.settings.redirect_uri, NULL);
	assert_non_null(flow_kind(FLOW_CODE)->fault(w.provider, &w.request));
	assert_int_equal(world_start_method(&w, FLOW_CODE, 600), -22);
	world_done(&w);

	world_init(&w, "generic");
	world_text(&w.settings.redirect_uri, HERE);
	world_prepare_with(&w, "{\"issuer\":\"" WORLD_ISSUER "\",\"token_endpoint\":\"https://idp.example/token\","
			       "\"jwks_uri\":\"https://idp.example/jwks\"}");
	assert_non_null(flow_kind(FLOW_CODE)->fault(w.provider, &w.request));
	world_done(&w);
	assert_true(flow_asks(FLOW_CODE));
	assert_false(flow_asks(FLOW_DEVICE));
	assert_false(flow_asks(FLOW_CIBA));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(happy_path),
		cmocka_unit_test(pk_03_new_secrets_each_time),
		cmocka_unit_test(pushed),
		cmocka_unit_test(wrong_answers),
		cmocka_unit_test(the_provider_says_no),
		cmocka_unit_test(a_code_goes_once),
		cmocka_unit_test(ends_in_time),
		cmocka_unit_test(freed_at_every_step),
		cmocka_unit_test(faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
