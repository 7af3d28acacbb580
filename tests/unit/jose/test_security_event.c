/* SPDX-License-Identifier: MIT */
/* Security event tokens: who, what and when, in all the forms that transmitters use, and everything that is none (SS-02 to SS-05,
 * SS-09, I5, T8, T17). */
#include "helper/jose/security_event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "helper/jose/id_token.h"
#include "tests/unit/jose/make_token.h"
#include "tests/unit/jose/statements.h"

#define CAEP "https://schemas.openid.net/secevent/caep/event-type/"
#define RISC "https://schemas.openid.net/secevent/risc/event-type/"
#define SSF "https://schemas.openid.net/secevent/ssf/event-type/"
#define WHO "{\"format\":\"iss_sub\",\"iss\":\"" ISSUER "\",\"sub\":\"248289761001\"}"
#define GOOD                                                                                                           \
	"{\"iss\":\"" ISSUER "\",\"aud\":\"" CLIENT "\",\"iat\":1799999995,\"jti\":\"24c63fb5\",\"txn\":\"8675309\","  \
	"\"sub_id\":" WHO ",\"events\":{\"" CAEP "session-revoked\":{\"event_timestamp\":1799999900}}}"
#define HEADER "{\"typ\":\"secevent+jwt\"}"

static int check_text(struct security_event *ret, const char *header, char *payload)
{
	struct jws j = {.header = json_tokener_parse(header),
			.payload = payload,
			.payload_len = strlen(payload),
			.algorithm = JWS_RS256};
	int r;

	*ret = (struct security_event){.claims = NULL};
	r = security_event_check_claims(ret, &j, &usual);
	assert_int_equal(r == 0, ret->claims != NULL);
	json_object_put(j.header);
	return r;
}

static int check_with(struct security_event *ret, const char *changes, const char *removed)
{
	char *payload = changed_claims(GOOD, changes, removed);
	int r = check_text(ret, HEADER, payload);

	free(payload);
	return r;
}

static void test_good(void **state)
{
	struct security_event e;

	(void)state;
	assert_int_equal(check_with(&e, "{}", NULL), 0);
	assert_string_equal(e.issuer, ISSUER);
	assert_string_equal(e.id, "24c63fb5");
	assert_string_equal(e.subject_issuer, ISSUER);
	assert_string_equal(e.subject, "248289761001");
	assert_int_equal(e.happened_s, 1799999900);
	assert_int_equal(e.actions, EVENT_REFUSES);
	assert_string_equal(e.name, "session-revoked");
	security_event_done(&e);
	assert_null(e.claims);
}

/* SS-05: what each kind asks for; SS-09: the ones that ask for nothing. */
static void test_kinds(void **state)
{
	static const struct {
		const char *events;
		unsigned int actions;
		const char *name;
	} table[] = {
		{"{\"" CAEP "session-revoked\":{}}", EVENT_REFUSES, "session-revoked"},
		{"{\"" CAEP "credential-change\":{\"change_type\":\"revoke\"}}", EVENT_DROPS_PIN | EVENT_RECHECKS,
		 "credential-change"},
		{"{\"" CAEP "token-claims-change\":{\"claims\":{}}}", EVENT_RECHECKS, "token-claims-change"},
		{"{\"" CAEP "assurance-level-change\":{}}", EVENT_RECHECKS, "assurance-level-change"},
		{"{\"" RISC "account-disabled\":{\"reason\":\"hijacking\"}}", EVENT_REFUSES, "account-disabled"},
		{"{\"" RISC "account-purged\":{}}", EVENT_REFUSES | EVENT_DROPS_PIN, "account-purged"},
		{"{\"" RISC "sessions-revoked\":{}}", EVENT_REFUSES, "sessions-revoked"},
		{"{\"" RISC "credential-compromise\":{}}", EVENT_REFUSES | EVENT_DROPS_PIN, "credential-compromise"},
		{"{\"" RISC "account-credential-change-required\":{}}", EVENT_DROPS_PIN | EVENT_RECHECKS,
		 "account-credential-change-required"},
		{"{\"" RISC "identifier-changed\":{\"new-value\":\"x@example.com\"}}", EVENT_RECHECKS,
		 "identifier-changed"},
		{"{\"https://schemas.openid.net/secevent/oauth/event-type/tokens-revoked\":{}}", EVENT_RECHECKS,
		 "tokens-revoked"},
		{"{\"https://schemas.openid.net/secevent/oauth/event-type/token-revoked\":{}}", EVENT_RECHECKS,
		 "token-revoked"},
		{"{\"" RISC "account-enabled\":{}}", 0, "account-enabled"},
		{"{\"" CAEP "device-compliance-change\":{}}", 0, "device-compliance-change"},
		{"{\"" CAEP "session-established\":{}}", 0, "session-established"},
		{"{\"" SSF "verification\":{\"state\":\"x\"}}", 0, "verification"},
		{"{\"" SSF "stream-updated\":{\"status\":\"paused\"}}", 0, "stream-updated"},
		{"{\"urn:example:unknown\":{}}", 0, "urn:example:unknown"},
		{"{\"\":{}}", 0, ""},
		{"{\"x/a\\u001b[2J\\u202e\":{}}", 0, "a?[2J?"},
		/* a prefix or a name that is nearly one */
		{"{\"http://schemas.openid.net/secevent/caep/event-type/session-revoked\":{}}", 0, "session-revoked"},
		{"{\"" CAEP "Session-Revoked\":{}}", 0, "Session-Revoked"},
		{"{\"" RISC "session-revoked\":{}}", 0, "session-revoked"},
		/* several: all that they ask for, under the name of the first that asks */
		{"{\"urn:x\":{},\"" CAEP "token-claims-change\":{},\"" CAEP "session-revoked\":{}}",
		 EVENT_RECHECKS | EVENT_REFUSES, "token-claims-change"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct security_event e;
		char changes[400];

		(void)snprintf(changes, sizeof(changes), "{\"events\":%s}", table[i].events);
		if (check_with(&e, changes, NULL) != 0)
			fail_msg("%s", changes);
		assert_int_equal(e.actions, table[i].actions);
		if (strchr(table[i].name, '?') == NULL)
			assert_string_equal(e.name, table[i].name);
		for (const char *p = e.name; *p != '\0'; p++)
			assert_in_range(*p, ' ', '~');
		assert_int_equal(e.happened_s, 1799999995);
		security_event_done(&e);
	}
}

/* SS-03: the forms of subjects. I5: no mail address, number or id of another kind is anybody. */
static void test_subjects(void **state)
{
	static const struct {
		const char *sub_id;
		bool is_found;
	} table[] = {
		{WHO, true},
		{"{\"format\":\"complex\",\"user\":" WHO ",\"session\":{\"format\":\"opaque\",\"id\":\"s\"}}", true},
		{"{\"format\":\"complex\",\"user\":{\"format\":\"aliases\",\"identifiers\":[{\"format\":\"email\","
		 "\"email\":\"a@example.com\"}," WHO "]}}",
		 true},
		{"{\"format\":\"aliases\",\"identifiers\":[" WHO "]}", true},
		{"{\"subject_type\":\"iss-sub\",\"iss\":\"" ISSUER "\",\"sub\":\"248289761001\"}", true},
		{"{\"format\":\"email\",\"email\":\"248289761001\"}", false},
		{"{\"format\":\"opaque\",\"id\":\"248289761001\"}", false},
		{"{\"format\":\"account\",\"uri\":\"acct:248289761001@example.com\"}", false},
		{"{\"format\":\"phone_number\",\"phone_number\":\"+1\"}", false},
		{"{\"format\":\"iss_sub\",\"iss\":\"" ISSUER "\"}", false},
		{"{\"format\":\"iss_sub\",\"sub\":\"248289761001\"}", false},
		{"{\"format\":\"iss_sub\",\"iss\":\"" ISSUER "\",\"sub\":17}", false},
		{"{\"format\":\"iss_sub\",\"iss\":\"" ISSUER "\",\"sub\":\"a\\nb\"}", false},
		{"{\"format\":[\"iss_sub\"],\"iss\":\"" ISSUER "\",\"sub\":\"x\"}", false},
		{"{\"iss\":\"" ISSUER "\",\"sub\":\"248289761001\"}", false},
		{"{\"format\":\"complex\",\"device\":" WHO "}", false},
		{"{\"format\":\"aliases\",\"identifiers\":" WHO "}", false},
		{"{\"user\":{\"user\":{\"user\":" WHO "}}}", true},
		{"{\"user\":{\"user\":{\"user\":{\"user\":" WHO "}}}}", false},
		{"[]", false},
		{"\"248289761001\"", false},
		{"null", false},
		{"{}", false},
	};
	struct security_event e;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char changes[600];

		(void)snprintf(changes, sizeof(changes), "{\"sub_id\":%s}", table[i].sub_id);
		assert_int_equal(check_with(&e, changes, NULL), 0);
		if (table[i].is_found != (e.subject != NULL))
			fail_msg("%s", changes);
		if (e.subject != NULL) {
			assert_string_equal(e.subject, "248289761001");
			assert_string_equal(e.subject_issuer, ISSUER);
		}
		security_event_done(&e);
	}
	/* where RISC and older drafts have it */
	assert_int_equal(check_with(&e,
				    "{\"events\":{\"" RISC "account-disabled\":{\"subject\":{\"subject_type\":"
				    "\"iss-sub\",\"iss\":\"" ISSUER "\",\"sub\":\"7\"}}}}",
				    "sub_id"),
			 0);
	assert_string_equal(e.subject, "7");
	security_event_done(&e);
	/* the top comes first */
	assert_int_equal(check_with(&e,
				    "{\"events\":{\"" RISC "account-disabled\":{\"subject\":{\"subject_type\":"
				    "\"iss-sub\",\"iss\":\"" ISSUER "\",\"sub\":\"7\"}}}}",
				    NULL),
			 0);
	assert_string_equal(e.subject, "248289761001");
	security_event_done(&e);
	assert_int_equal(check_with(&e, "{}", "sub_id"), 0);
	assert_null(e.subject);
	security_event_done(&e);
}

static void test_refused(void **state)
{
	static const struct {
		const char *changes;
		const char *removed;
		int result;
	} table[] = {
		/* SS-02 */
		{"{\"sub\":\"x\"}", NULL, STATEMENT_TYPE},
		{"{\"exp\":1800000300}", NULL, STATEMENT_TYPE},
		{"{\"nonce\":\"n\"}", NULL, STATEMENT_TYPE},
		{"{\"iss\":\"https://login.example.com\"}", NULL, STATEMENT_ISSUER},
		{"{\"aud\":\"https://other.example\"}", NULL, STATEMENT_AUDIENCE},
		{"{}", "aud", STATEMENT_AUDIENCE},
		{"{}", "jti", STATEMENT_ID},
		{"{}", "iat", STATEMENT_MALFORMED},
		{"{\"iat\":1800000061}", NULL, STATEMENT_NOT_YET},
		{"{}", "events", STATEMENT_EVENTS},
		{"{\"events\":{}}", NULL, STATEMENT_EVENTS},
		{"{\"events\":{\"" CAEP "session-revoked\":1}}", NULL, STATEMENT_EVENTS},
		{"{\"events\":{\"" CAEP "session-revoked\":{},\"x\":null}}", NULL, STATEMENT_EVENTS},
		{"{\"events\":{\"" CAEP "session-revoked\":{\"event_timestamp\":\"now\"}}}", NULL, STATEMENT_MALFORMED},
		{"{\"events\":{\"1\":{},\"2\":{},\"3\":{},\"4\":{},\"5\":{},\"6\":{},\"7\":{},\"8\":{}}}", NULL, 0},
		{"{\"events\":{\"1\":{},\"2\":{},\"3\":{},\"4\":{},\"5\":{},\"6\":{},\"7\":{},\"8\":{},\"9\":{}}}",
		 NULL, STATEMENT_EVENTS},
		/* an old statement is still one: a host that was off hears it late */
		{"{\"iat\":1000000000}", NULL, 0},
	};
	struct security_event e;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int r = check_with(&e, table[i].changes, table[i].removed);

		if (r != table[i].result)
			fail_msg("%s without %s: %d", table[i].changes, table[i].removed, r);
		security_event_done(&e);
	}
	/* what is said to have happened after its issue is as old as that */
	assert_int_equal(
		check_with(&e, "{\"events\":{\"" CAEP "session-revoked\":{\"event_timestamp\":1799999900123}}}", NULL),
		0);
	assert_int_equal(e.happened_s, 1799999995);
	security_event_done(&e);
}

/* SS-02: the type is demanded here. */
static void test_types(void **state)
{
	static const struct {
		const char *header;
		int result;
	} table[] = {
		{HEADER, 0},
		{"{\"typ\":\"SecEvent+JWT\"}", 0},
		{"{\"typ\":\"application/secevent+jwt\"}", 0},
		{"{}", STATEMENT_TYPE},
		{"{\"typ\":\"JWT\"}", STATEMENT_TYPE},
		{"{\"typ\":\"logout+jwt\"}", STATEMENT_TYPE},
		{"{\"typ\":\"at+jwt\"}", STATEMENT_TYPE},
		{"{\"typ\":7}", STATEMENT_TYPE},
	};
	struct security_event e;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char payload[] = GOOD;

		assert_int_equal(check_text(&e, table[i].header, payload), table[i].result);
		security_event_done(&e);
	}
}

static void test_form(void **state)
{
	char duplicate[] = "{\"iss\":\"" ISSUER "\",\"events\":{},\"events\":{}}";
	struct security_event e;
	char whole[] = GOOD;

	(void)state;
	assert_int_equal(check_text(&e, HEADER, duplicate), STATEMENT_MALFORMED);
	for (size_t len = strlen(whole); len-- > 0;) {
		whole[len] = '\0';
		assert_int_equal(check_text(&e, HEADER, whole), STATEMENT_MALFORMED);
	}
}

static void test_signed(void **state)
{
	static char token[TOKEN_MAX];
	struct jwk_set *keys = test_key_set(test_key(JWS_ES256, 0), ",\"kid\":\"k\"");
	struct id_token_expectation as_id_token = {
		.issuer = ISSUER, .client_id = CLIENT, .algorithms = UINT32_MAX, .now_s = NOW};
	struct json_object *claims = NULL;
	struct security_event e;

	(void)state;
	test_token(token, JWS_ES256, test_key(JWS_ES256, 0),
		   "{\"alg\":\"ES256\",\"kid\":\"k\",\"typ\":\"secevent+jwt\"}", GOOD);
	assert_int_equal(security_event_check(&e, token, strlen(token), keys, &usual), 0);
	security_event_done(&e);
	assert_int_equal(id_token_check(&claims, token, strlen(token), keys, &as_id_token), ID_TOKEN_TYPE);
	test_token(token, JWS_ES256, test_key(JWS_ES256, 1),
		   "{\"alg\":\"ES256\",\"kid\":\"k\",\"typ\":\"secevent+jwt\"}", GOOD);
	assert_int_equal(security_event_check(&e, token, strlen(token), keys, &usual), JWS_BAD_SIGNATURE);
	jwk_set_free(keys);
	test_keys_done();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),    cmocka_unit_test(test_kinds), cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_types), cmocka_unit_test(test_form),
		cmocka_unit_test(test_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
