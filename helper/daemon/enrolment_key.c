/* SPDX-License-Identifier: MIT */
/* The private key of an enrolled client: found, or made; and what the provider is told of it. */
#include "helper/daemon/enrolment_key.h"

#include <errno.h>

#include "helper/jose/jwk_write.h"
#include "helper/jose/key_files.h"
#include "helper/jose/key_pair.h"

#define PEM_MAX 4096u
#define JWKS_MAX 8192u

static int make_key(const char *folder, const char *name)
{
	LK_CLEANUP(buf_done) struct buf pem = {.max = PEM_MAX};
	int r = key_pair_new(&pem, KEY_TYPE_DEFAULT);

	return r < 0 ? r : key_files_store(folder, name, false, &pem);
}

int enrolment_key(struct signing_key **ret, const char *source, enum jws_algorithm algorithm, const char *keys,
		  const char *credentials, bool may_make)
{
	const struct signing_places places = {.keys = keys, .credentials = credentials};
	int r = signing_key_new(ret, source, algorithm, &places);

	if (r != -ENOENT || !may_make || !signing_name_is_valid(source))
		return r;
	r = make_key(keys, source);
	return r < 0 ? r : signing_key_new(ret, source, algorithm, &places);
}

static int append_key(struct buf *out, struct signing_key *k)
{
	int r = signing_key_open(k);

	return r != 0 ? r : jwk_write(out, signing_key_pkey(k), signing_key_algorithm(k));
}

/* Return: 0 also where there is none, as key_files_load(). */
static int append_next(struct buf *out, const char *keys, const char *name)
{
	LK_CLEANUP(signing_key_unrefp) struct signing_key *next = NULL;
	int r = key_files_load(&next, keys, name, true);

	if (r != 0)
		return r == -ENOENT ? 0 : r;
	buf_append_text(out, ",");
	return append_key(out, next);
}

int enrolment_key_jwks(struct buf *out, struct signing_key *k, const char *source, const char *keys)
{
	int r;

	buf_init(out, JWKS_MAX);
	buf_append_text(out, "{\"keys\":[");
	r = append_key(out, k);
	if (r == 0 && signing_name_is_valid(source))
		r = append_next(out, keys, source);
	buf_append_text(out, "]}");
	return r != 0 ? r : buf_fault(out);
}
