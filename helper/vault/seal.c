/* SPDX-License-Identifier: MIT */
/*
 * Seals what is secret at rest, and opens what was sealed. Where there is no key nothing is sealed, and never kept in the
 * clear instead. Why something does not open is told to nobody: key, owner and bytes are one question.
 */
#include "helper/vault/seal.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>
#define VERSION 1u
#define NONCE_SIZE 12u
#define TAG_SIZE 16u
#define AAD_MAX 4096u

_Static_assert(SEAL_OVERHEAD == 1 + NONCE_SIZE + TAG_SIZE, "");
_Static_assert(SEAL_PLAIN_MAX == SECRET_MAX, "");

struct seal_key {
	unsigned char bytes[SEAL_KEY_SIZE];
	char id[SEAL_KEY_ID_SIZE];
};

struct seal {
	size_t n_keys;
	struct seal_key keys[SEAL_KEYS_MAX];
};

LK_DEFINE_CLEANUP(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_free);

void sealed_done(struct sealed *s)
{
	free(s->bytes);
	*s = (struct sealed){.bytes = NULL};
}

int seal_new(struct seal **ret)
{
	struct seal *k = calloc(1, sizeof(*k));

	if (!k)
		return -ENOMEM;
	*ret = k;
	return 0;
}

void seal_free(struct seal *k)
{
	if (!k)
		return;
	secret_wipe(k, sizeof(*k));
	free(k);
}

/* Half a hash under a prefix of its own: it names a key and gives nothing of it away. */
static int name_key(struct seal_key *key)
{
	static const char prefix[] = "latchkey vault key id";
	unsigned char input[sizeof(prefix) + SEAL_KEY_SIZE], digest[EVP_MAX_MD_SIZE];
	int r = -EIO;

	memcpy(input, prefix, sizeof(prefix));
	memcpy(input + sizeof(prefix), key->bytes, SEAL_KEY_SIZE);
	if (EVP_Digest(input, sizeof(input), digest, NULL, EVP_sha256(), NULL) == 1) {
		for (size_t i = 0; i < (SEAL_KEY_ID_SIZE - 1) / 2; i++)
			snprintf(key->id + 2 * i, 3, "%02x", digest[i]);
		r = 0;
	}
	secret_wipe(input, sizeof(input));
	return r;
}

static const struct seal_key *find_key(const struct seal *k, const char *key_id)
{
	for (size_t i = 0; i < k->n_keys; i++)
		if (strcmp(k->keys[i].id, key_id) == 0)
			return &k->keys[i];
	return NULL;
}

int seal_add_key(struct seal *k, const unsigned char *key)
{
	struct seal_key *added;
	int r;

	if (k->n_keys >= SEAL_KEYS_MAX)
		return -E2BIG;
	added = &k->keys[k->n_keys];
	memcpy(added->bytes, key, SEAL_KEY_SIZE);
	r = name_key(added);
	if (r == 0 && !find_key(k, added->id)) {
		k->n_keys++;
		return 0;
	}
	secret_wipe(added, sizeof(*added));
	return r;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int add_line(struct seal *k, const char *line)
{
	unsigned char key[SEAL_KEY_SIZE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < SEAL_KEY_SIZE; i++) {
		int high = hex_value(line[2 * i]), low = hex_value(line[2 * i + 1]);

		if (high < 0 || low < 0)
			r = -EUCLEAN;
		else
			key[i] = (unsigned char)(high << 4 | low);
	}
	if (r == 0)
		r = seal_add_key(k, key);
	secret_wipe(key, sizeof(key));
	return r;
}

int seal_add_text(struct seal *k, const char *text, size_t len)
{
	const size_t line = 2 * SEAL_KEY_SIZE;
	int r = 0;

	if (len == SEAL_KEY_SIZE)
		return seal_add_key(k, (const unsigned char *)text);
	if (len == 0)
		return -EUCLEAN;
	for (size_t at = 0; r == 0 && at < len; at += line + 1) {
		bool is_whole = len - at == line || (len - at > line && text[at + line] == '\n');

		r = is_whole ? add_line(k, text + at) : -EUCLEAN;
	}
	return r;
}

int seal_write_text(const struct seal *k, size_t n, struct buf *ret)
{
	if (k->n_keys == 0)
		return -ENOKEY;
	for (size_t i = 0; i < n && i < k->n_keys; i++) {
		for (size_t j = 0; j < SEAL_KEY_SIZE; j++)
			buf_printf(ret, "%02x", k->keys[i].bytes[j]);
		buf_append_text(ret, "\n");
	}
	return buf_fault(ret);
}

int seal_add_all(struct seal *k, const struct seal *from, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->n_keys && i < n; i++)
		r = seal_add_key(k, from->keys[i].bytes);
	return r;
}

size_t seal_n_keys(const struct seal *k)
{
	return k->n_keys;
}

const char *seal_key_id(const struct seal *k)
{
	return k->n_keys > 0 ? k->keys[0].id : NULL;
}

bool seal_has_key(const struct seal *k, const char *key_id)
{
	return find_key(k, key_id) != NULL;
}

static void add_part(struct buf *b, const void *bytes, size_t len)
{
	uint32_t size = htobe32((uint32_t)len);

	buf_append(b, &size, sizeof(size));
	buf_append(b, bytes, len);
}

/* Each part with its length before it, so that no two owners yield the same bytes. */
static int associated_data(struct buf *ret, enum seal_purpose purpose, const struct row_owner *o, const char *key_id)
{
	uint32_t kind = htobe32((uint32_t)purpose), uid = htobe32(o->uid);

	buf_init(ret, AAD_MAX);
	add_part(ret, &kind, sizeof(kind));
	add_part(ret, key_id, strlen(key_id));
	add_part(ret, o->issuer, strlen(o->issuer));
	add_part(ret, o->subject, strlen(o->subject));
	add_part(ret, &uid, sizeof(uid));
	return buf_fault(ret);
}

/* @out: version, nonce and tag are laid around the @len bytes. */
static bool encrypt(const struct seal_key *key, const struct buf *aad, const char *plain, int len, unsigned char *out)
{
	LK_CLEANUP(EVP_CIPHER_CTX_freep) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	unsigned char *nonce = out + 1, *body = nonce + NONCE_SIZE;
	int n = 0;

	out[0] = VERSION;
	return c && RAND_bytes(nonce, (int)NONCE_SIZE) == 1 &&
	       EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key->bytes, nonce) == 1 &&
	       EVP_EncryptUpdate(c, NULL, &n, (const unsigned char *)aad->data, (int)aad->len) == 1 &&
	       EVP_EncryptUpdate(c, body, &n, (const unsigned char *)plain, len) == 1 && n == len &&
	       EVP_EncryptFinal_ex(c, body + len, &n) == 1 && n == 0 &&
	       EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, (int)TAG_SIZE, body + len) == 1;
}

int seal_encrypt(const struct seal *k, enum seal_purpose purpose, const struct row_owner *o, const struct secret *plain,
		 struct sealed *ret)
{
	LK_CLEANUP(buf_done) struct buf aad = {.max = 0};
	size_t len = secret_len(plain);
	unsigned char *bytes;
	int r;

	if (k->n_keys == 0)
		return -ENOKEY;
	if (len == 0)
		return -EINVAL;
	r = associated_data(&aad, purpose, o, k->keys[0].id);
	if (r < 0)
		return r;
	bytes = malloc(len + SEAL_OVERHEAD);
	if (!bytes)
		return -ENOMEM;
	if (!encrypt(&k->keys[0], &aad, secret_data(plain), (int)len, bytes)) {
		free(bytes);
		return -EIO;
	}
	*ret = (struct sealed){.bytes = bytes, .len = len + SEAL_OVERHEAD};
	memcpy(ret->key_id, k->keys[0].id, sizeof(ret->key_id));
	return 0;
}

static bool decrypt(const struct seal_key *key, const struct buf *aad, const struct sealed *s, unsigned char *out)
{
	LK_CLEANUP(EVP_CIPHER_CTX_freep) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	const unsigned char *nonce = s->bytes + 1, *body = nonce + NONCE_SIZE;
	int len = (int)(s->len - SEAL_OVERHEAD), n = 0;
	unsigned char tag[TAG_SIZE];

	memcpy(tag, body + len, sizeof(tag));
	return c && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key->bytes, nonce) == 1 &&
	       EVP_DecryptUpdate(c, NULL, &n, (const unsigned char *)aad->data, (int)aad->len) == 1 &&
	       EVP_DecryptUpdate(c, out, &n, body, len) == 1 && n == len &&
	       EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, (int)TAG_SIZE, tag) == 1 &&
	       EVP_DecryptFinal_ex(c, out + len, &n) == 1;
}

int seal_decrypt(const struct seal *k, enum seal_purpose purpose, const struct row_owner *o, const struct sealed *s,
		 struct secret **ret)
{
	LK_CLEANUP(buf_done) struct buf aad = {.max = 0};
	const struct seal_key *key = find_key(k, s->key_id);
	size_t len = s->len - SEAL_OVERHEAD;
	unsigned char *plain;
	int r;

	if (!key || s->len <= SEAL_OVERHEAD || len > SEAL_PLAIN_MAX || s->bytes[0] != VERSION)
		return -EKEYREJECTED;
	r = associated_data(&aad, purpose, o, key->id);
	if (r < 0)
		return r;
	plain = malloc(len);
	if (!plain)
		return -ENOMEM;
	if (decrypt(key, &aad, s, plain)) {
		r = secret_new(ret, plain, len);
	} else {
		secret_wipe(plain, len); /* what did not prove to be ours is used by nobody */
		r = -EKEYREJECTED;
	}
	free(plain);
	return r;
}
