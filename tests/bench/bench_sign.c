/* SPDX-License-Identifier: MIT */
/*
 * Signatures a second: whole assertions (claims, a new jti, JWS) against the bare EVP signature with the same key in turn, and
 * against what "openssl speed" says of such a key in the same run. The key is a file, which is looked at each time.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "helper/jose/assertion.h"
#include "helper/jose/key_files.h"
#include "helper/jose/key_pair.h"
#include "helper/jose/openssl_memory.h"
#include "tests/unit/scratch.h"

#define ROUNDS 401u
#define STEPS 2u

static const struct assertion_claims claims = {
	.iss = "3MVG9latchkey", .sub = "backup@example.com", .aud = "https://login.example.com", .lifetime_s = 180};

static const struct subject {
	enum key_type type;
	const char *digest;
	const char *speed; /* openssl speed's name for it */
	const char *row;   /* how its line of "-mr" begins */
} subjects[] = {
	{KEY_TYPE_RSA2048, "SHA256", "rsa2048", "+F2:"},
	{KEY_TYPE_P256, "SHA256", "ecdsap256", "+F4:"},
	{KEY_TYPE_P384, "SHA384", "ecdsap384", "+F4:"},
	{KEY_TYPE_ED25519, NULL, "ed25519", "+F6:"},
};

static void demand(int ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "bench_sign: %s failed\n", what);
	exit(1);
}

static void bare(const struct subject *s, struct signing_key *k)
{
	static const unsigned char text[320];
	unsigned char signature[SIGNING_SIGNATURE_MAX];
	size_t n = sizeof(signature);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	demand(EVP_DigestSignInit_ex(ctx, NULL, s->digest, NULL, NULL, signing_key_pkey(k), NULL) == 1 &&
		       EVP_DigestSign(ctx, signature, &n, text, sizeof(text)) == 1,
	       "bare signature");
	EVP_MD_CTX_free(ctx);
}

static void whole(struct signing_key *k)
{
	struct secret *token = NULL;

	demand(assertion_make(&token, k, &claims) == 0, "assertion");
	secret_free(token);
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

static void measure(double medians[STEPS], const struct subject *s, struct signing_key *k)
{
	static double times[STEPS][ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++) {
		double start = now_us(), middle;

		bare(s, k);
		middle = now_us();
		whole(k);
		times[0][i] = middle - start;
		times[1][i] = now_us() - middle;
	}
	for (size_t n = 0; n < STEPS; n++) {
		qsort(times[n], ROUNDS, sizeof(double), compare);
		medians[n] = times[n][ROUNDS / 2];
	}
}

/* Signatures a second by "openssl speed"; 0: it is not there */
static double ask_openssl(const struct subject *s)
{
	char command[128], line[256];
	double seconds = 0;
	FILE *f;

	(void)snprintf(command, sizeof(command), "openssl speed -mr -seconds 1 %s 2>/dev/null", s->speed);
	f = popen(command, "r");
	demand(f != NULL, "popen");
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, s->row, strlen(s->row)) == 0) {
			const char *p = strchr(line + strlen(s->row), ':'); /* behind the number of the row */

			p = p != NULL ? strchr(p + 1, ':') : NULL; /* behind the bits */
			if (p != NULL && s->row[2] == '6')
				p = strchr(p + 1, ':'); /* and the curve's name */
			if (p != NULL)
				seconds = strtod(p + 1, NULL);
		}
	(void)pclose(f);
	return seconds;
}

int main(void)
{
	struct scratch scratch;
	char folder[128];

	demand(openssl_memory_wipe() == 0, "memory");
	demand(scratch_new(&scratch), "folder");
	(void)snprintf(folder, sizeof(folder), "%s/keys", scratch.path);
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		const struct subject *s = &subjects[i];
		LK_CLEANUP(buf_done) struct buf pem = {.max = SIGNING_PEM_MAX};
		LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;
		double medians[STEPS], speed;

		demand(key_pair_new(&pem, s->type) == 0 &&
			       key_files_store(folder, key_type_name(s->type), false, &pem) == 0 &&
			       key_files_load(&k, folder, key_type_name(s->type), false) == 0,
		       "key");
		measure(medians, s, k);
		speed = ask_openssl(s);
		(void)printf("sign %s: assertions %.0f a second, bare EVP %.0f (%.2f times the time)",
			     key_type_name(s->type), 1e6 / medians[1], 1e6 / medians[0], medians[1] / medians[0]);
		if (speed > 0)
			(void)printf(", openssl speed %.0f (%.2f times)", speed, speed * medians[1] / 1e6);
		(void)putchar('\n');
	}
	scratch_done(&scratch);
	return 0;
}
