/* SPDX-License-Identifier: MIT */
/* Memory for OpenSSL, wiped when it is given back: a decoder of OpenSSL 3 leaves several copies of a private key behind. */
#include "helper/jose/openssl_memory.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "helper/base/secret.h"

static void *get(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(n);
}

static void give_back(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	if (p == NULL)
		return;
	secret_wipe(p, malloc_usable_size(p));
	free(p);
}

/* Never in place: what realloc() moves it does not wipe. */
static void *resize(void *p, size_t n, const char *file, int line)
{
	void *moved;
	size_t size;

	if (n == 0) { /* as OpenSSL's own does */
		give_back(p, file, line);
		return NULL;
	}
	moved = malloc(n);
	if (moved == NULL || p == NULL)
		return moved;
	size = malloc_usable_size(p);
	memcpy(moved, p, size < n ? size : n);
	give_back(p, file, line);
	return moved;
}

int openssl_memory_wipe(void)
{
	return CRYPTO_set_mem_functions(get, resize, give_back) == 1 ? 0 : -EBUSY;
}
