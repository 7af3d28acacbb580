/* SPDX-License-Identifier: MIT */
/* One request for a service account's token. RFC 7521, RFC 7523; checklist AS-01 to AS-04, AS-06; threats N17, R13. */
#include "helper/oauth/jwt_bearer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "helper/base/json.h"
#include "helper/jose/base64url.h"
#include "tests/unit/oauth/world.h"

#define TOKENS "{\"access_token\":\"at-1\",\"token_type\":\"Bearer\",\"expires_in\":300}"

struct host {
	struct world w;
	struct signing_key *key;
	struct jwt_bearer *bearer;
	unsigned told;
	enum grant_outcome outcome;
	struct oauth_result result;
	struct token_set *tokens;
	uint32_t retry_after_s;
};

static struct signing_key *make_key(enum jws_algorithm algorithm)
{
	EVP_PKEY *pkey = algorithm == JWS_RS256 ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_mem());
	struct signing_key *key = NULL;
	char *pem = NULL;
	long len;

	assert_non_null(pkey);
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
	len = BIO_get_mem_data(bio, &pem);
	assert_int_equal(signing_key_from_pem(&key, pem, (size_t)len, algorithm), 0);
	BIO_free(bio);
	EVP_PKEY_free(pkey);
	return key;
}

static void on_done(void *userdata, enum grant_outcome outcome, const struct oauth_result *result,
		    struct token_set *tokens, uint32_t retry_after_s)
{
	struct host *h = userdata;

	h->told++;
	h->outcome = outcome;
	h->result = *result;
	token_set_free(h->tokens);
	h->tokens = tokens;
	h->retry_after_s = retry_after_s;
	jwt_bearer_free(LK_STEAL(h->bearer));
}

static void begin(struct host *h, const char *dialect, enum jws_algorithm algorithm)
{
	*h = (struct host){0};
	world_init(&h->w, dialect);
	world_prepare(&h->w);
	h->key = make_key(algorithm);
}

static void end(struct host *h)
{
	token_set_free(h->tokens);
	jwt_bearer_free(h->bearer);
	signing_key_unref(h->key);
	world_done(&h->w);
	assert_int_equal(fake_leaks(), 0);
}

static int start(struct host *h, struct jwt_bearer_request request)
{
	h->told = 0;
	return jwt_bearer_start(&h->bearer, h->w.provider, NULL, &request, on_done, h);
}

static void ask(struct host *h, struct jwt_bearer_request request)
{
	assert_int_equal(start(h, request), 0);
	assert_int_equal(h->told, 0); /* never from within */
	fake_run_ms(60000);
	assert_int_equal(h->told, 1);
}

/* One value of the last body, as it was sent. */
static char *parameter(const char *name)
{
	const char *at = fake_last()->body;
	size_t len = strlen(name);

	for (; at != NULL; at = strchr(at, '&')) {
		at += *at == '&';
		if (strncmp(at, name, len) == 0 && at[len] == '=')
			return strndup(at + len + 1, strcspn(at + len + 1, "&"));
	}
	return NULL;
}

static struct json_object *part_of(const char *jwt, unsigned n)
{
	unsigned char text[4096];
	struct json_object *o = NULL;
	ssize_t len;

	for (; n > 0; n--)
		jwt = strchr(jwt, '.') + 1;
	len = base64url_decode(text, sizeof(text), jwt, strcspn(jwt, "."));
	assert_true(len > 0);
	assert_int_equal(json_parse(&o, (const char *)text, (size_t)len), 0);
	return o;
}

static const char *text_of(struct json_object *o, const char *key)
{
	struct json_object *member = NULL;

	return json_object_object_get_ex(o, key, &member) ? json_object_get_string(member) : NULL;
}

static int64_t number_of(struct json_object *o, const char *key)
{
	struct json_object *member = NULL;

	assert_true(json_object_object_get_ex(o, key, &member));
	return json_object_get_int64(member);
}

/* AS-03, AS-04: who says it, of whom, to whom, for how long; nothing besides. */
static void an_assertion(void **state)
{
	const struct jwt_bearer_request request = {
		.subject = "robot", .scope = "a b", .resource = "https://api.example"};
	struct jwt_bearer_request with_key = request;
	struct json_object *header, *claims;
	char jti[64] = "", *assertion, *text;
	struct host h;

	(void)state;
	begin(&h, "generic", JWS_ES256);
	with_key.key = h.key;
	for (int i = 0; i < 2; i++) {
		fake_reply(200, TOKENS);
		ask(&h, with_key);
		assert_int_equal(h.outcome, GRANT_DONE);
		assert_string_equal(secret_data(h.tokens->access_token), "at-1");
		assertion = parameter("assertion");
		header = part_of(assertion, 0);
		claims = part_of(assertion, 1);
		assert_string_equal(text_of(header, "alg"), "ES256");
		assert_string_equal(text_of(claims, "iss"), "client");
		assert_string_equal(text_of(claims, "sub"), "robot");
		assert_string_equal(text_of(claims, "aud"), WORLD_ISSUER);
		assert_int_equal(number_of(claims, "exp") - number_of(claims, "iat"), JWT_BEARER_LIFETIME_S);
		assert_true(strlen(text_of(claims, "jti")) >= 22);
		assert_string_not_equal(text_of(claims, "jti"), jti); /* also of a second try */
		(void)snprintf(jti, sizeof(jti), "%s", text_of(claims, "jti"));
		json_object_put(header);
		json_object_put(claims);
		free(assertion);
	}
	text = parameter("grant_type");
	assert_string_equal(text, "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer");
	free(text);
	text = parameter("scope");
	assert_string_equal(text, "a+b");
	free(text);
	text = parameter("client_id");
	assert_string_equal(text, "client");
	free(text);
	assert_null(parameter("client_secret"));
	assert_null(parameter("client_assertion"));
	end(&h);
}

/* Its dialect: the login host, RS256, three minutes, no scope, no secret, and no refresh token. */
static void salesforce(void **state)
{
	struct json_object *header, *claims;
	struct host h;
	char *assertion;

	(void)state;
	begin(&h, "salesforce", JWS_RS256);
	world_secret(&h.w, CLIENT_AUTH_POST, "s3cret");
	fake_reply(200,
		   "{\"access_token\":\"00D!x.y\",\"token_type\":\"Bearer\",\"instance_url\":\"https://i.example\","
		   "\"issued_at\":\"1700000000000\",\"id\":\"https://login.salesforce.com/id/00D/005\"}");
	ask(&h, (struct jwt_bearer_request){.client_id = "3MVG9",
					    .subject = "robot@example.com",
					    .scope = "api",
					    .key = h.key,
					    .audience = "https://login.salesforce.com"});
	assert_int_equal(h.outcome, GRANT_DONE);
	assert_null(h.tokens->refresh_token);
	assert_int_equal(h.tokens->expires_in_s, 0);
	assertion = parameter("assertion");
	header = part_of(assertion, 0);
	claims = part_of(assertion, 1);
	assert_string_equal(text_of(header, "alg"), "RS256");
	assert_string_equal(text_of(claims, "iss"), "3MVG9");
	assert_string_equal(text_of(claims, "sub"), "robot@example.com");
	assert_string_equal(text_of(claims, "aud"), "https://login.salesforce.com");
	assert_true(number_of(claims, "exp") - FAKE_START_S <= 180 + 60);
	assert_null(parameter("scope"));
	assert_null(parameter("client_secret"));
	json_object_put(header);
	json_object_put(claims);
	free(assertion);
	end(&h);
}

/* AS-01, AS-02: exactly one assertion of the exact kind, of and about the client, and no secret besides. */
static void client_credentials(void **state)
{
	struct json_object *claims;
	struct host h;
	char *text;

	(void)state;
	begin(&h, "generic", JWS_ES256);
	world_secret(&h.w, CLIENT_AUTH_BASIC, "s3cret");
	fake_reply(200, TOKENS);
	ask(&h, (struct jwt_bearer_request){
			.is_client_credentials = true, .client_id = "robot-client", .subject = "x", .key = h.key});
	assert_int_equal(h.outcome, GRANT_DONE);
	text = parameter("client_assertion_type");
	assert_string_equal(text, "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer");
	free(text);
	text = parameter("client_assertion");
	claims = part_of(text, 1);
	assert_string_equal(text_of(claims, "iss"), "robot-client");
	assert_string_equal(text_of(claims, "sub"), "robot-client");
	json_object_put(claims);
	free(text);
	assert_null(parameter("assertion"));
	assert_null(parameter("client_secret"));
	assert_null(strstr(fake_last()->headers, "Authorization"));

	/* By the provider's own client where there is no key. */
	fake_reply(200, TOKENS);
	ask(&h, (struct jwt_bearer_request){.is_client_credentials = true});
	assert_int_equal(h.outcome, GRANT_DONE);
	assert_non_null(strstr(fake_last()->headers, "Authorization: Basic"));
	assert_null(parameter("client_assertion"));
	end(&h);
}

static void not_as_configured(void **state)
{
	struct host h;

	(void)state;
	begin(&h, "generic", JWS_ES256);
	assert_int_equal(start(&h, (struct jwt_bearer_request){.is_client_credentials = true}), -EINVAL);
	assert_int_equal(start(&h, (struct jwt_bearer_request){.subject = "robot"}), -EINVAL);
	assert_int_equal(start(&h, (struct jwt_bearer_request){.key = h.key}), -EINVAL);
	assert_int_equal(h.told, 0);
	end(&h);
}

/* Somebody else's assertion is handed on as it is. */
static void handed_on(void **state)
{
	LK_CLEANUP(secret_freep) struct secret *theirs = NULL;
	struct host h;
	char *text;

	(void)state;
	begin(&h, "generic", JWS_ES256);
	assert_int_equal(secret_copy(&theirs, "a.b.c", 5), 0);
	fake_reply(400, "{\"error\":\"invalid_grant\",\"error_description\":\"a.b.c is none of mine\"}");
	ask(&h, (struct jwt_bearer_request){.assertion = theirs});
	text = parameter("assertion");
	assert_string_equal(text, "a.b.c");
	free(text);
	/* N17: the log does not have it */
	assert_null(strstr(h.result.detail, "a.b.c"));
	end(&h);
}

/* AS-06: one request, and no loop; the Date of the reply tells whose clock it is. */
static void once(void **state)
{
	struct host h;

	(void)state;
	begin(&h, "generic", JWS_ES256);
	fake_reply(400, "{\"error\":\"invalid_grant\"}");
	fake_reply_dated(FAKE_START_S + 600);
	ask(&h, (struct jwt_bearer_request){.subject = "robot", .key = h.key});
	assert_int_equal(h.outcome, GRANT_UNREACHABLE);
	assert_non_null(strstr(h.result.detail, "s behind the provider's"));
	assert_int_equal(fake.n_requests, 1);
	fake_failure(FETCH_TIMEOUT);
	ask(&h, (struct jwt_bearer_request){.subject = "robot", .key = h.key});
	assert_int_equal(h.outcome, GRANT_UNREACHABLE);
	assert_int_equal(fake.n_requests, 2);
	fake_reply(429, "");
	fake_reply_retry_after(7);
	ask(&h, (struct jwt_bearer_request){.subject = "robot", .key = h.key});
	assert_int_equal(h.outcome, GRANT_UNREACHABLE);
	assert_int_equal(h.retry_after_s, 7);
	end(&h);
}

static void freed_early(void **state)
{
	struct host h;

	(void)state;
	begin(&h, "generic", JWS_ES256);
	assert_int_equal(start(&h, (struct jwt_bearer_request){.subject = "robot", .key = h.key}), 0);
	jwt_bearer_free(LK_STEAL(h.bearer));
	fake_run_ms(60000);
	assert_int_equal(h.told, 0);
	jwt_bearer_free(NULL);
	end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_assertion),      cmocka_unit_test(salesforce), cmocka_unit_test(client_credentials),
		cmocka_unit_test(not_as_configured), cmocka_unit_test(handed_on),  cmocka_unit_test(once),
		cmocka_unit_test(freed_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
