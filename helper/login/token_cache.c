/* SPDX-License-Identifier: MIT */
/* Yeses that count again. Must never outlive the token, nor the time that root allows: both clocks are looked at, so that neither
 * one that is set back nor a sleep makes it longer. */
#include "helper/login/token_cache.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "helper/base/clock.h"

#define DIGEST_SIZE 32u

struct entry {
	unsigned char digest[DIGEST_SIZE];
	uint64_t until_ms; /* by the clock that nobody sets; 0: free */
	int64_t made_s;    /* by the wall clock: before it, and from expires_s on, it counts for nothing */
	int64_t expires_s;
	char proved[OAUTH_DETAIL_MAX];
};

struct token_cache {
	struct entry entries[TOKEN_CACHE_MAX];
};

int token_cache_new(struct token_cache **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret != NULL ? 0 : -ENOMEM;
}

void token_cache_free(struct token_cache *c)
{
	free(c);
}

static int hash(unsigned char *out, const char *account, const char *token, size_t len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned size = 0;
	bool is_good = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
		       EVP_DigestUpdate(ctx, account, strlen(account) + 1) == 1 &&
		       EVP_DigestUpdate(ctx, token, len) == 1 && EVP_DigestFinal_ex(ctx, out, &size) == 1;

	EVP_MD_CTX_free(ctx);
	return is_good ? 0 : -ENOMEM;
}

static bool counts(const struct entry *e)
{
	int64_t now_s = clock_realtime_s();

	return e->until_ms > clock_monotonic_ms() && now_s >= e->made_s && now_s < e->expires_s;
}

/* The one of this digest, else one that is free or counts no more, else the one that ends first. */
static struct entry *place_for(struct token_cache *c, const unsigned char *digest)
{
	struct entry *best = &c->entries[0];

	for (size_t i = 0; i < TOKEN_CACHE_MAX; i++) {
		struct entry *e = &c->entries[i];

		if (memcmp(e->digest, digest, DIGEST_SIZE) == 0)
			return e;
		if (!counts(e))
			e->until_ms = 0;
		if (e->until_ms < best->until_ms)
			best = e;
	}
	return best;
}

void token_cache_put(struct token_cache *c, const char *account, const char *token, size_t len, int64_t expires_s,
		     uint32_t max_s, const char *proved)
{
	unsigned char digest[DIGEST_SIZE];
	struct entry *e;

	if (max_s == 0 || expires_s <= clock_realtime_s() || hash(digest, account, token, len) < 0)
		return;
	e = place_for(c, digest);
	memcpy(e->digest, digest, DIGEST_SIZE);
	e->until_ms = clock_monotonic_ms() + max_s * UINT64_C(1000);
	e->made_s = clock_realtime_s();
	e->expires_s = expires_s;
	(void)snprintf(e->proved, sizeof(e->proved), "%s", proved);
}

int token_cache_find(struct token_cache *c, const char *account, const char *token, size_t len, char *ret)
{
	unsigned char digest[DIGEST_SIZE];

	if (hash(digest, account, token, len) < 0)
		return -ENOENT;
	for (size_t i = 0; i < TOKEN_CACHE_MAX; i++) {
		const struct entry *e = &c->entries[i];

		if (memcmp(e->digest, digest, DIGEST_SIZE) == 0 && counts(e)) {
			memcpy(ret, e->proved, sizeof(e->proved));
			return 0;
		}
	}
	return -ENOENT;
}
