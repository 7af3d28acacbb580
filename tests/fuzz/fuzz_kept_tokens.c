/* SPDX-License-Identifier: MIT */
/*
 * What was unsealed: whatever is read as kept tokens is written and read again as the same; and whatever is read as keys is
 * written as the same keys.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "helper/vault/kept_tokens.h"
#include "helper/vault/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(int ok)
{
	if (!ok)
		abort();
}

static int same_secret(const struct secret *a, const struct secret *b)
{
	return a && b ? secret_equal(a, b) : a == b;
}

static void check_tokens(const char *text, size_t len)
{
	LK_CLEANUP(kept_tokens_freep) struct kept_tokens *t = NULL, *again = NULL;
	LK_CLEANUP(secret_freep) struct secret *written = NULL;
	int r = kept_tokens_decode(&t, text, len);

	demand(r == -EBADMSG || r == -ENOMEM || r == 0);
	if (r != 0)
		return;
	demand(t->refresh_token || t->access_token);
	demand(t->expires_s >= 0 && t->refreshing_s >= 0);
	r = kept_tokens_encode(&written, t);
	if (r == -E2BIG) /* escapes may make it longer than it was */
		return;
	demand(r == 0);
	demand(kept_tokens_decode(&again, secret_data(written), secret_len(written)) == 0);
	demand(same_secret(t->refresh_token, again->refresh_token));
	demand(same_secret(t->access_token, again->access_token));
	demand(t->expires_s == again->expires_s && t->refreshing_s == again->refreshing_s);
	demand(t->scope && again->scope ? strcmp(t->scope, again->scope) == 0 : t->scope == again->scope);
}

static void check_keys(const char *text, size_t len)
{
	LK_CLEANUP(seal_freep) struct seal *k = NULL, *again = NULL;
	LK_CLEANUP(buf_done) struct buf written = {.max = SEAL_TEXT_MAX};

	if (len > SEAL_TEXT_MAX || seal_new(&k) < 0 || seal_new(&again) < 0)
		return;
	if (seal_add_text(k, text, len) != 0)
		return;
	demand(seal_n_keys(k) >= 1 && seal_n_keys(k) <= SEAL_KEYS_MAX);
	demand(seal_write_text(k, SEAL_KEYS_MAX, &written) == 0);
	demand(seal_add_text(again, written.data, written.len) == 0);
	demand(seal_n_keys(again) == seal_n_keys(k));
	demand(strcmp(seal_key_id(again), seal_key_id(k)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	check_tokens((const char *)data, len);
	check_keys((const char *)data, len);
	return 0;
}
