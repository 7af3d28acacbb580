/* SPDX-License-Identifier: MIT */
/*
 * Holds the bytes that must not outlive their use: tokens, codes, client secrets. They are copied once, wiped where
 * they came from and wiped again when released. Must never hand out a copy that nobody wipes.
 */
#include "helper/base/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct secret {
	size_t len;
	char data[];
};

int secret_copy(struct secret **ret, const void *bytes, size_t len)
{
	struct secret *s;

	if (len > SECRET_MAX)
		return -E2BIG;

	s = malloc(sizeof(*s) + len + 1);
	if (!s)
		return -ENOMEM;

	s->len = len;
	if (len > 0)
		memcpy(s->data, bytes, len);
	s->data[len] = '\0';
	*ret = s;
	return 0;
}

int secret_new(struct secret **ret, void *bytes, size_t len)
{
	int r;

	r = secret_copy(ret, bytes, len);
	secret_wipe(bytes, len);
	return r;
}

const char *secret_data(const struct secret *s)
{
	return s->data;
}

size_t secret_len(const struct secret *s)
{
	return s->len;
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
	volatile unsigned char differs = 0;

	if (!a || !b || a->len != b->len)
		return false;

	for (size_t i = 0; i < a->len; i++)
		differs = (unsigned char)(differs | (unsigned char)(a->data[i] ^ b->data[i]));

	return differs == 0;
}

void secret_free(struct secret *s)
{
	if (!s)
		return;

	secret_wipe(s->data, s->len);
	free(s);
}

void secret_wipe(void *bytes, size_t len)
{
	if (len > 0)
		explicit_bzero(bytes, len);
}

void secret_free_string(char *s)
{
	if (!s)
		return;

	secret_wipe(s, strlen(s));
	free(s);
}
