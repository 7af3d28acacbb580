/* SPDX-License-Identifier: MIT */
/*
 * What judging an ID token, or a robot's assertion, costs beside the one thing that cannot be saved: OpenSSL's own check of the signature with
 * a key that is at hand. All are measured in turn, in one run, and the medians compared.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "helper/jose/algorithm.h"
#include "helper/jose/assertion_check.h"
#include "helper/jose/id_token.h"
#include "helper/jose/jwk.h"
#include "helper/jose/jws.h"
#include "tests/unit/jose/make_token.h"

#define ROUNDS 2001u
#define STEPS 4u
#define AIM 1.2
#define ASSERTION_AIM 1.3
#define NOW_S 2000000010

static const char payload[] =
	"{\"iss\":\"https://login.example.com/realms/house\",\"aud\":\"latchkey\",\"azp\":\"latchkey\","
	"\"sub\":\"248289761001-6f1d2f1e-9d55\",\"exp\":2000000600,\"iat\":2000000000,\"auth_time\":1999999990,"
	"\"acr\":\"urn:example:mfa\",\"preferred_username\":\"alice\",\"email\":\"alice@example.com\","
	"\"email_verified\":true,\"name\":\"Alice Example\",\"groups\":[\"3f0c2b6e-engineers\",\"9a1d-ops\"]}";

static const char assertion[] =
	"{\"iss\":\"deploy\",\"sub\":\"deploy\",\"aud\":\"build7.example.org\",\"jti\":\"BGkkXG6-P9twFfiDRn16Fg\","
	"\"iat\":2000000000,\"exp\":2000000120,\"nonce\":\"pJtw0hGCZFnhBZ1h3yEm7A\"}";

struct subject {
	enum jws_algorithm algorithm;
	EVP_PKEY *key;
	struct jwk_set *keys;
	char token[TOKEN_MAX];
	size_t token_len;
	size_t signed_len;
	unsigned char signature[1024]; /* over the same text, in the form that OpenSSL wants */
	size_t signature_len;
	EVP_MD_CTX *kept; /* made ready for a check */
};

static void demand(int ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "bench_jose: %s failed\n", what);
	exit(1);
}

static void set_padding(EVP_PKEY_CTX *ctx, enum jws_algorithm a)
{
	if (jws_algorithm_facts(a)->is_pss)
		demand(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
			       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1,
		       "padding");
}

static void bare(const struct subject *s)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey_ctx = NULL;

	demand(EVP_DigestVerifyInit_ex(ctx, &pkey_ctx, jws_algorithm_facts(s->algorithm)->digest, NULL, NULL, s->key,
				       NULL) == 1,
	       "init");
	set_padding(pkey_ctx, s->algorithm);
	demand(EVP_DigestVerify(ctx, s->signature, s->signature_len, (const unsigned char *)s->token, s->signed_len) ==
		       1,
	       "bare check");
	EVP_MD_CTX_free(ctx);
}

/* The least that can be had: the context is there already and only copied. */
static void bare_kept(const struct subject *s)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	demand(EVP_MD_CTX_copy_ex(ctx, s->kept) == 1, "copy");
	demand(EVP_DigestVerify(ctx, s->signature, s->signature_len, (const unsigned char *)s->token, s->signed_len) ==
		       1,
	       "bare check");
	EVP_MD_CTX_free(ctx);
}

static void whole_jws(const struct subject *s)
{
	struct jws j;

	demand(jws_verify(&j, s->token, s->token_len, s->keys, 1u << s->algorithm) == JWS_VALID, "JWS");
	jws_done(&j);
}

static void whole_id_token(const struct subject *s)
{
	const struct id_token_expectation expect = {
		.issuer = "https://login.example.com/realms/house",
		.client_id = "latchkey",
		.algorithms = 1u << s->algorithm,
		.now_s = NOW_S,
	};
	struct json_object *claims;

	demand(id_token_check(&claims, s->token, s->token_len, s->keys, &expect) == 0, "ID token");
	json_object_put(claims);
}

static void whole_assertion(const struct subject *s)
{
	const struct assertion_expectation expect = {
		.issuer = "deploy",
		.subject = "deploy",
		.audience = "build7.example.org",
		.nonce = "pJtw0hGCZFnhBZ1h3yEm7A",
		.asked_s = 2000000000,
		.algorithms = 1u << s->algorithm,
		.now_s = NOW_S,
	};
	struct assertion_facts facts;

	demand(assertion_check(&facts, s->token, s->token_len, s->keys, &expect) == 0, "assertion");
}

static void prepare(struct subject *s, enum jws_algorithm a, const char *claims)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey_ctx = NULL;
	char header[128];

	(void)snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"signing-key-2026\"}",
		       jws_algorithm_name(a));
	s->algorithm = a;
	s->key = test_key(a, 0);
	s->keys = test_key_set(s->key, ",\"use\":\"sig\",\"kid\":\"signing-key-2026\"");
	test_token(s->token, a, s->key, header, claims);
	s->token_len = strlen(s->token);
	s->signed_len = (size_t)(strrchr(s->token, '.') - s->token);

	demand(EVP_DigestSignInit_ex(ctx, &pkey_ctx, jws_algorithm_facts(a)->digest, NULL, NULL, s->key, NULL) == 1,
	       "init");
	set_padding(pkey_ctx, a);
	s->signature_len = sizeof(s->signature);
	demand(EVP_DigestSign(ctx, s->signature, &s->signature_len, (const unsigned char *)s->token, s->signed_len) ==
		       1,
	       "signature");
	EVP_MD_CTX_free(ctx);

	s->kept = EVP_MD_CTX_new();
	demand(EVP_DigestVerifyInit_ex(s->kept, &pkey_ctx, jws_algorithm_facts(a)->digest, NULL, NULL, s->key, NULL) ==
		       1,
	       "init");
	set_padding(pkey_ctx, a);
}

static void subject_done(struct subject *s)
{
	EVP_MD_CTX_free(s->kept);
	jwk_set_free(s->keys);
}

static double now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(double medians[STEPS], const struct subject *s, void (*whole)(const struct subject *))
{
	void (*const steps[STEPS])(const struct subject *) = {bare, bare_kept, whole_jws, whole};
	static double times[STEPS][ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++)
		for (size_t k = 0; k < STEPS; k++) {
			double start = now_us();

			steps[k](s);
			times[k][i] = now_us() - start;
		}
	for (size_t k = 0; k < STEPS; k++) {
		qsort(times[k], ROUNDS, sizeof(double), compare);
		medians[k] = times[k][ROUNDS / 2];
	}
}

int main(void)
{
	static const enum jws_algorithm algorithms[] = {JWS_RS256, JWS_PS256, JWS_ES256, JWS_EDDSA};
	static struct subject s;

	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		double medians[STEPS];

		prepare(&s, algorithms[i], payload);
		measure(medians, &s, whole_id_token);
		(void)printf("jose %s: bare EVP %.1f us, with a kept context %.1f us; JWS %.1f us, %.2f and %.2f times "
			     "(aim %.1f); ID token %.1f us, %.2f and %.2f times\n",
			     jws_algorithm_name(s.algorithm), medians[0], medians[1], medians[2],
			     medians[2] / medians[0], medians[2] / medians[1], AIM, medians[3], medians[3] / medians[0],
			     medians[3] / medians[1]);
		subject_done(&s);
		prepare(&s, algorithms[i], assertion);
		measure(medians, &s, whole_assertion);
		(void)printf("assertion %s: %.1f us, %.2f times the bare EVP check, %.2f times one with a kept context "
			     "(aim %.1f)\n",
			     jws_algorithm_name(s.algorithm), medians[3], medians[3] / medians[0],
			     medians[3] / medians[1], ASSERTION_AIM);
		subject_done(&s);
	}
	test_keys_done();
	return 0;
}
