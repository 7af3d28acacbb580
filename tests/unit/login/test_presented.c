/* SPDX-License-Identifier: MIT */
/* The door of a service account, from the question to the grant: who is believed, once, and who is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/jose/assertion.h"
#include "helper/jose/jwk_write.h"
#include "helper/jose/jws_sign.h"
#include "helper/login/audit.h"
#include "helper/login/door_keys.h"
#include "helper/login/recheck.h"
#include "helper/login/service_account.h"
#include "helper/protocol/names.h"
#include "tests/unit/as_root.h"
#include "tests/unit/login/fake_oauth.h"
#include "tests/unit/login/world.h"

#define CI "https://ci.example"
static struct signing_key *robot, *stranger, *big;

static struct {
	struct recheck_result result;
	unsigned n_asked;
} provider;

static char log_detail[OAUTH_DETAIL_MAX]; /* of the last event that ended an attempt */

int __wrap_recheck_start(struct recheck **ret, struct login_context *ctx, const struct account *account,
			 uint32_t max_age_s, recheck_done_fn done, void *userdata);
void __wrap_audit_write(const struct audit_event *e);
int __wrap_audit_admit(const struct audit_event *e);

int __wrap_recheck_start(struct recheck **ret, struct login_context *ctx, const struct account *account,
			 uint32_t max_age_s, recheck_done_fn done, void *userdata)
{
	(void)ret;
	(void)ctx;
	assert_int_equal(max_age_s, 300);
	assert_string_equal(account->name, "alice");
	provider.n_asked++;
	done(userdata, &provider.result);
	return 1;
}

void __wrap_audit_write(const struct audit_event *e)
{
	if (e->kind == AUDIT_SIGN_IN)
		(void)snprintf(log_detail, sizeof(log_detail), "%s", e->detail != NULL ? e->detail : "");
}

int __wrap_audit_admit(const struct audit_event *e)
{
	__wrap_audit_write(e);
	return 0;
}

static struct signing_key *new_key(const char *type, unsigned bits)
{
	EVP_PKEY *pkey = bits > 0 ? EVP_RSA_gen(bits) : EVP_EC_gen(type);
	BIO *bio = BIO_new(BIO_s_mem());
	struct signing_key *key = NULL;
	char *pem;
	long len;

	assert_non_null(pkey);
	assert_int_equal(PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
	len = BIO_get_mem_data(bio, &pem);
	assert_int_equal(signing_key_from_pem(&key, pem, (size_t)len, JWS_NONE), 0);
	BIO_free(bio);
	EVP_PKEY_free(pkey);
	return key;
}

struct door {
	struct world *w;
	struct service_account account;
	struct service_accounts all;
	char keys[160];
};

static void write_keys(struct door *d, struct signing_key *key)
{
	FILE *f = fopen(d->keys, "w");

	assert_non_null(f);
	assert_int_equal(PEM_write_PUBKEY(f, signing_key_pkey(key)), 1);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(d->keys, 0644), 0);
}

static void open_door(struct door *d)
{
	door_keys_free(d->w->ctx.door_keys);
	d->w->ctx.door_keys = NULL;
	assert_int_equal(door_keys_new(&d->w->ctx.door_keys, &d->w->ctx), 0);
}

static int setup(void **state)
{
	static char name[] = "alice", issuer[] = ISSUER, subject[] = "sub-1", client[] = "client-1", sshd[] = "sshd";
	static char ci[] = CI, ci_subject[] = "repo:acme/site:*", ci_audience[] = "db1.example";
	static char *services[] = {sshd, NULL};
	static struct door door;
	void *world = NULL;

	if (world_setup(&world) < 0)
		return -1;
	door = (struct door){.w = world};
	sign_in(door.w, "alice", "sub-1", ALICE);
	(void)snprintf(door.keys, sizeof(door.keys), "%s/robot.pem", door.w->folder);
	write_keys(&door, robot);
	door.account = (struct service_account){
		.name = name,
		.issuer = issuer,
		.subject = subject,
		.identity_subject = subject,
		.client_id = client,
		.services = services,
		.assertion_keys = door.keys,
		.workload_issuer = ci,
		.workload_subject = ci_subject,
		.workload_audience = ci_audience,
		.presented_algorithms = 1u << JWS_ES256 | 1u << JWS_RS256,
		.accepts = SERVICE_ACCEPTS_ASSERTION | SERVICE_ACCEPTS_WORKLOAD,
	};
	door.all = (struct service_accounts){.accounts = &door.account, .n = 1};
	door.w->ctx.services = &door.all;
	open_door(&door);
	provider.result = (struct recheck_result){.outcome = RECHECK_GOOD};
	provider.n_asked = 0;
	log_detail[0] = '\0';
	*state = &door;
	return 0;
}

static int teardown(void **state)
{
	struct door *d = *state;
	void *world = d->w;

	attempt_free(LK_STEAL(d->w->attempt));
	door_keys_free(LK_STEAL(d->w->ctx.door_keys));
	return world_teardown(&world);
}

/* Return: the nonce of the question. */
static const char *knock(struct door *d)
{
	static struct presenting_question q;
	const struct attempt_request request = {
		.user = "alice", .service = "sshd", .source = "192.0.2.7", .has_screen = true, .answers = true};

	begin(d->w, &request);
	assert_string_equal(d->w->said, "assertion");
	assert_int_equal(presenting_question_read(&q, d->w->asked), 0);
	assert_string_equal(q.host, "db1.example");
	assert_string_equal(q.account, "alice");
	assert_int_equal(q.part, 1);
	return q.nonce;
}

static const char *say(struct door *d, const char *text, size_t len)
{
	d->w->said[0] = '\0';
	assert_int_equal(attempt_answer(d->w->attempt, text, len), 0);
	return d->w->said;
}

struct claims {
	const char *iss;
	const char *sub;
	const char *aud;
	const char *nonce;
};

static struct secret *make(struct signing_key *key, const struct claims *c)
{
	LK_CLEANUP(json_object_putp) struct json_object *extra = json_object_new_object();
	const struct assertion_claims claims = {.iss = c->iss != NULL ? c->iss : "alice",
						.sub = c->sub != NULL ? c->sub : "alice",
						.aud = c->aud != NULL ? c->aud : "db1.example",
						.lifetime_s = 120,
						.extra = extra};
	struct secret *ret = NULL;

	json_object_object_add(extra, "nonce", json_object_new_string(c->nonce));
	assert_int_equal(assertion_make(&ret, key, &claims), 0);
	return ret;
}

/* In as many parts as it takes. */
static const char *show(struct door *d, const struct secret *token)
{
	unsigned n = presented_part_count(secret_len(token));
	const char *said = "";

	for (unsigned part = 1; part <= n; part++) {
		struct buf answer;

		buf_init(&answer, PRESENTED_PART_MAX);
		assert_int_equal(presented_part_write(&answer, secret_data(token), secret_len(token), part), 0);
		said = say(d, answer.data, answer.len);
		buf_done(&answer);
		if (part < n)
			assert_string_equal(said, "assertion");
	}
	return said;
}

static const char *come(struct door *d, struct signing_key *key, struct claims c)
{
	LK_CLEANUP(secret_freep) struct secret *token = NULL;

	c.nonce = knock(d);
	token = make(key, &c);
	return show(d, token);
}

static void test_granted(void **state)
{
	struct door *d = *state;

	assert_string_equal(come(d, robot, (struct claims){0}), "granted");
	assert_int_equal(provider.n_asked, 1);
	assert_string_equal(log_detail, "by assertion");
	/* the question of one attempt is not that of another */
	assert_string_equal(come(d, robot, (struct claims){0}), "granted");
}

/* The provider is asked each time, and its word counts. */
static void test_grant_is_over(void **state)
{
	static const struct {
		enum recheck_outcome outcome;
		const char *reason;
	} cases[] = {
		{RECHECK_REFUSED, "refused"},
		{RECHECK_NO_TOKEN, "refused"},
		{RECHECK_UNREACHABLE, "unavailable"},
		{RECHECK_FAILED, "no-store"},
	};
	struct door *d = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		provider.result.outcome = cases[i].outcome;
		assert_string_equal(come(d, robot, (struct claims){0}), cases[i].reason);
	}
	/* where root says that nobody is asked */
	provider.n_asked = 0;
	d->account.grant = SERVICE_GRANT_NONE;
	assert_string_equal(come(d, robot, (struct claims){0}), "granted");
	assert_int_equal(provider.n_asked, 0);
}

/* T15, T16: for somebody else, from somebody else, to somebody else; and the question's own nonce alone. */
static void test_claims(void **state)
{
	struct door *d = *state;
	LK_CLEANUP(secret_freep) struct secret *old = NULL;
	struct claims c = {0};

	assert_string_equal(come(d, robot, (struct claims){.aud = "db2.example"}), "not-believed");
	assert_non_null(strstr(log_detail, "audience"));
	assert_string_equal(come(d, robot, (struct claims){.sub = "bob"}), "not-believed");
	assert_string_equal(come(d, robot, (struct claims){.iss = "bob"}), "not-believed");
	c.nonce = knock(d);
	old = make(robot, &c);
	(void)knock(d);
	assert_string_equal(show(d, old), "not-believed");
	assert_non_null(strstr(log_detail, "nonce"));
	assert_int_equal(provider.n_asked, 0);

	/* what root's configuration calls them */
	d->account.assertion_issuer = (char[]){"ci-robot"};
	d->account.assertion_subject = (char[]){"robots/7"};
	assert_string_equal(come(d, robot, (struct claims){0}), "not-believed");
	assert_string_equal(come(d, robot, (struct claims){.iss = "ci-robot", .sub = "robots/7"}), "granted");
}

/* AS-06: by ten minutes, in either direction: the person and the log read of clocks. */
static void test_clock(void **state)
{
	struct door *d = *state;
	LK_CLEANUP(secret_freep) struct secret *early = NULL, *late = NULL;
	struct claims c = {.nonce = knock(d)};

	clock_freeze(1000000, 1700000000 - 600);
	early = make(robot, &c);
	clock_freeze(1000000, 1700000000);
	assert_string_equal(show(d, early), "clock");
	assert_string_equal(log_detail, "assertion: its clock is 600 s behind this host's");
	c.nonce = knock(d);
	clock_freeze(1000000, 1700000000 + 600);
	late = make(robot, &c);
	clock_freeze(1000000, 1700000000);
	assert_string_equal(show(d, late), "clock");
	assert_string_equal(log_detail, "assertion: its clock is 600 s ahead of this host's");
}

static struct secret *sign(struct signing_key *key, const char *payload)
{
	struct secret *token = NULL;

	assert_int_equal(jws_sign(&token, key, "JWT", payload, strlen(payload)), 0);
	return token;
}

/* The same with another signature. */
static void forge(struct secret **token)
{
	char text[2048];

	assert_true(secret_len(*token) < sizeof(text));
	memcpy(text, secret_data(*token), secret_len(*token) + 1);
	text[secret_len(*token) - 40] = text[secret_len(*token) - 40] == 'A' ? 'B' : 'A';
	secret_free(*token);
	assert_int_equal(secret_copy(token, text, strlen(text)), 0);
}

/* A jti counts once, also over a restart; a forged signature does not burn it. */
static void test_replay(void **state)
{
	struct door *d = *state;
	char payload[512];

	for (unsigned i = 0; i < 4; i++) {
		LK_CLEANUP(secret_freep) struct secret *token = NULL;

		if (i == 3) { /* nothing of it was in memory */
			world_close_store(d->w);
			world_open_store(d->w);
		}
		(void)snprintf(payload, sizeof(payload),
			       "{\"iss\":\"alice\",\"sub\":\"alice\",\"aud\":\"db1.example\",\"nonce\":\"%s\",\"iat\":"
			       "1700000000,\"exp\":1700000060,\"jti\":\"one\"}",
			       knock(d));
		token = sign(robot, payload);
		if (i == 0)
			forge(&token);
		assert_string_equal(show(d, token), i == 1 ? "granted" : "not-believed");
		assert_string_equal(log_detail, i == 1   ? "by assertion"
						: i == 0 ? "assertion: its signature is wrong"
							 : "it was used before");
	}
}

/* The file is another one: its keys count from now on, and the old ones do not. */
static void test_key_rotated(void **state)
{
	struct door *d = *state;

	assert_string_equal(come(d, robot, (struct claims){0}), "granted");
	write_keys(d, stranger);
	assert_string_equal(come(d, robot, (struct claims){0}), "not-believed");
	assert_string_equal(come(d, stranger, (struct claims){0}), "granted");
	/* L16: one that others can write, or that is gone, leaves no older keys in use */
	assert_int_equal(chmod(d->keys, 0666), 0);
	assert_string_equal(come(d, stranger, (struct claims){0}), "configuration");
	assert_int_equal(remove(d->keys), 0);
	assert_string_equal(come(d, stranger, (struct claims){0}), "configuration");
	write_keys(d, stranger);
	assert_string_equal(come(d, stranger, (struct claims){0}), "granted");
}

/* An RSA key of 4096 bits makes more than a client hands on at once. */
static void test_parts(void **state)
{
	struct door *d = *state;

	write_keys(d, big);
	assert_string_equal(come(d, big, (struct claims){0}), "granted");
	(void)knock(d);
	assert_string_equal(say(d, "1/3:abc", 7), "assertion");
	assert_non_null(strstr(d->w->asked, "(part 2)"));
	assert_string_equal(say(d, "3/3:abc", 7), "not-believed");
	(void)knock(d);
	assert_string_equal(say(d, "1/3:abc", 7), "assertion");
	assert_string_equal(say(d, "1/3:abc", 7), "not-believed");
}

/* Whatever else may be typed there (INT-06). */
static void test_garbage(void **state)
{
	static const char *const texts[] = {"hunter2",  "a.b.c",  "....", "a b", "{\"iss\":\"alice\"}",
					    "\xff\xfe", "\033[2J"};
	struct door *d = *state;

	(void)knock(d);
	assert_string_equal(say(d, "", 0), "nothing-presented");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		(void)knock(d);
		assert_string_equal(say(d, texts[i], strlen(texts[i])), "not-believed");
		assert_null(strstr(log_detail, texts[i]));
	}
	assert_int_equal(provider.n_asked, 0);
}

/* Who may not come, or could not answer, is not asked. */
static void test_not_asked(void **state)
{
	struct door *d = *state;
	struct attempt_request r = {.user = "alice", .service = "sshd", .has_screen = true, .answers = true};
	struct network net;

	begin(d->w, &r); /* su on a terminal: nobody types an assertion */
	assert_string_equal(d->w->said, "nothing-presented");
	r.source = "192.0.2.7";
	r.service = "cron";
	begin(d->w, &r);
	assert_string_equal(d->w->said, "not-allowed");
	r.service = "sshd";
	r.answers = false;
	begin(d->w, &r);
	assert_string_equal(d->w->said, "nothing-presented");
	r.answers = true;
	assert_int_equal(network_parse(&net, "198.51.100.0/24"), 0);
	d->account.from = &net;
	d->account.n_from = 1;
	begin(d->w, &r);
	assert_string_equal(d->w->said, "not-allowed");
	r.source = "198.51.100.3";
	begin(d->w, &r);
	assert_string_equal(d->w->said, "assertion");
	d->account.accepts = 0;
	begin(d->w, &r);
	assert_string_equal(d->w->said, "nothing-presented");
	r.chooses_pin = true;
	begin(d->w, &r);
	assert_string_equal(d->w->said, "not-allowed");
}

static struct jwk_set *set_of(struct signing_key *key)
{
	struct jwk_set *set = NULL;
	struct buf text;

	buf_init(&text, 4096);
	buf_append_text(&text, "{\"keys\":[");
	assert_int_equal(jwk_write(&text, signing_key_pkey(key), JWS_NONE), 0);
	buf_append_text(&text, "]}");
	assert_int_equal(jwk_set_parse(&set, text.data, text.len), 0);
	buf_done(&text);
	return set;
}

/* Keys from a URL: an unknown one is fetched once (ID-20). */
static void test_url(void **state)
{
	struct door *d = *state;
	LK_CLEANUP(jwk_set_freep) struct jwk_set *old = set_of(stranger), *fresh = set_of(robot);

	d->account.assertion_keys = NULL;
	d->account.assertion_jwks_uri = (char[]){"https://robots.example/jwks"};
	open_door(d);
	fake.keys = old;
	assert_string_equal(come(d, robot, (struct claims){0}), "");
	fake_prepared(OAUTH_DONE);
	assert_string_equal(d->w->said, "");
	assert_int_equal(fake.refetched, 1);
	fake.keys = fresh;
	fake_prepared(OAUTH_DONE);
	assert_string_equal(d->w->said, "granted");

	fake.keys = old;
	assert_string_equal(come(d, robot, (struct claims){0}), "");
	fake_prepared(OAUTH_DONE);
	fake_prepared(OAUTH_TOKEN_INVALID); /* too early for another fetch */
	assert_string_equal(d->w->said, "not-believed");
	assert_string_equal(come(d, robot, (struct claims){0}), "");
	fake_prepared(OAUTH_UNREACHABLE);
	assert_string_equal(d->w->said, "unavailable");
	/* R6: who leaves meanwhile leaves nothing behind */
	assert_string_equal(come(d, robot, (struct claims){0}), "");
	attempt_free(LK_STEAL(d->w->attempt));
	assert_null(fake.prepare_done);
}

#define OF_CI                                                                                                          \
	"{\"iss\":\"" CI "\",\"sub\":\"repo:acme/%s:ref:refs/heads/main\",\"aud\":\"db1.example\",\"iat\":1700000000," \
	"\"exp\":1700000300%s}"

static const char *show_of_ci(struct door *d, struct signing_key *key, const char *repo, const char *more)
{
	LK_CLEANUP(secret_freep) struct secret *token = NULL;
	char payload[512];

	(void)knock(d);
	(void)snprintf(payload, sizeof(payload), OF_CI, repo, more);
	token = sign(key, payload);
	assert_string_equal(show(d, token), "");
	fake_prepared(OAUTH_DONE);
	if (fake.prepare_done != NULL)
		fake_prepared(OAUTH_DONE);
	return d->w->said;
}

/* An ID token of a CI system knows no nonce, and counts once by its id, or by what it is. */
static void test_workload(void **state)
{
	struct door *d = *state;
	LK_CLEANUP(jwk_set_freep) struct jwk_set *keys = set_of(robot);

	fake.keys = keys;
	assert_string_equal(show_of_ci(d, stranger, "site", ",\"jti\":\"7\""), "not-believed");
	assert_string_equal(show_of_ci(d, robot, "site", ",\"jti\":\"7\""), "granted");
	assert_string_equal(log_detail, "by workload token");
	assert_string_equal(show_of_ci(d, robot, "site", ",\"jti\":\"7\""), "not-believed");
	assert_string_equal(log_detail, "it was used before");
	assert_string_equal(show_of_ci(d, robot, "site", ",\"jti\":\"8\""), "granted");
	assert_string_equal(show_of_ci(d, robot, "other", ",\"jti\":\"9\""), "not-believed");
	assert_non_null(strstr(log_detail, "subject"));
	clock_freeze(1000000, 1700000000 - 600);
	assert_string_equal(show_of_ci(d, robot, "site", ",\"jti\":\"10\""), "clock");

	/* the robot's own key makes no workload token, and that account may not take one */
	clock_freeze(1000000, 1700000000);
	d->account.accepts = SERVICE_ACCEPTS_ASSERTION;
	(void)knock(d);
	{
		LK_CLEANUP(secret_freep) struct secret *token = NULL;
		char payload[512];

		(void)snprintf(payload, sizeof(payload), OF_CI, "site", ",\"jti\":\"11\"");
		token = sign(robot, payload);
		assert_string_equal(show(d, token), "not-believed");
	}
}

/* RS256 is deterministic, so the same token can be made twice. */
static void test_workload_without_id(void **state)
{
	struct door *d = *state;
	LK_CLEANUP(jwk_set_freep) struct jwk_set *keys = set_of(big);

	fake.keys = keys;
	for (int i = 0; i < 2; i++) {
		LK_CLEANUP(secret_freep) struct secret *token = NULL;
		char payload[512];

		(void)knock(d);
		(void)snprintf(payload, sizeof(payload), OF_CI, "site", "");
		token = sign(big, payload);
		assert_string_equal(show(d, token), "");
		fake_prepared(OAUTH_DONE);
		assert_string_equal(d->w->said, i == 0 ? "granted" : "not-believed");
	}
}

static int make_keys(void **state)
{
	(void)state;
	robot = new_key("P-256", 0);
	stranger = new_key("P-256", 0);
	big = new_key(NULL, 4096);
	return 0;
}

static int drop_keys(void **state)
{
	(void)state;
	signing_key_unref(robot);
	signing_key_unref(stranger);
	signing_key_unref(big);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_granted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_grant_is_over, setup, teardown),
		cmocka_unit_test_setup_teardown(test_claims, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replay, setup, teardown),
		cmocka_unit_test_setup_teardown(test_key_rotated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_garbage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_url, setup, teardown),
		cmocka_unit_test_setup_teardown(test_workload, setup, teardown),
		cmocka_unit_test_setup_teardown(test_workload_without_id, setup, teardown),
	};

	if (!as_root()) {
		(void)fprintf(stderr, "skipped: a file of root's cannot be made here\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
