/* SPDX-License-Identifier: MIT */
/*
 * Boils down what binds two connections to each other to one digest. Whatever cannot be read exactly is no proof at all: a
 * person is then asked, which costs a minute and nothing else.
 */
#include "helper/login/proof.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <openssl/evp.h>

#include "helper/base/cleanup.h"
#include "helper/base/secret.h"

#define KEY_TEXT_MAX 16384u
#define KEY_TYPE_MAX 64u
#define UNIX98_PTY_MAJOR 136u
#define CONSOLE_MAJOR 4u
#define SERIAL_MINOR 64u
#define FINGERPRINT_LEN 43u /* of 32 bytes in base64, without padding */

static int digest(uint8_t out[PROOF_DIGEST_SIZE], const void *bytes, size_t len)
{
	unsigned size = 0;

	if (EVP_Digest(bytes, len, out, &size, EVP_sha256(), NULL) != 1 || size != PROOF_DIGEST_SIZE)
		return -EBADMSG;
	return 0;
}

/* OpenSSL's decoder skips blanks and ends at a '-': the alphabet is checked here. */
static int decode(const char *text, size_t len, unsigned char **ret, size_t *ret_len)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	LK_CLEANUP(secret_free_stringp) char *out = NULL;
	size_t n = strspn(text, alphabet);
	size_t padding = len - n;
	int r;

	if (padding > 2 || len % 4 != 0 || len == 0 || strspn(text + n, "=") != padding)
		return -EBADMSG;
	out = calloc(1, len);
	if (out == NULL)
		return -EBADMSG;
	r = EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)text, (int)len);
	if (r < 0 || (size_t)r < padding)
		return -EBADMSG;
	*ret_len = (size_t)r - padding;
	*ret = (unsigned char *)LK_STEAL(out);
	return 0;
}

/* RFC 4253 section 6.6: a key begins with its type, as a string with its length before it. */
static bool begins_with_type(const unsigned char *blob, size_t len, const char *type, size_t type_len)
{
	const unsigned char head[4] = {0, 0, 0, (unsigned char)type_len};

	return len > sizeof(head) + type_len && memcmp(blob, head, sizeof(head)) == 0 &&
	       memcmp(blob + sizeof(head), type, type_len) == 0;
}

/* As ssh-keygen -l and sshd's log have it. */
static int write_fingerprint(struct proof *p)
{
	unsigned char encoded[4 * ((PROOF_DIGEST_SIZE + 2) / 3) + 1];

	if (EVP_EncodeBlock(encoded, p->digest, (int)PROOF_DIGEST_SIZE) < (int)FINGERPRINT_LEN)
		return -EBADMSG;
	(void)snprintf(p->text, sizeof(p->text), "SHA256:%.*s", (int)FINGERPRINT_LEN, (const char *)encoded);
	return 0;
}

int proof_of_key(struct proof *ret, const char *key)
{
	LK_CLEANUP(secret_free_stringp) char *blob = NULL;
	unsigned char *bytes = NULL;
	struct proof p = {.kind = PROOF_KEY};
	size_t type_len = strcspn(key, " ");
	size_t len = 0;
	int r;

	if (type_len == 0 || type_len > KEY_TYPE_MAX || key[type_len] != ' ' ||
	    strnlen(key, KEY_TEXT_MAX + 1) > KEY_TEXT_MAX)
		return -EBADMSG;
	r = decode(key + type_len + 1, strlen(key + type_len + 1), &bytes, &len);
	if (r < 0)
		return r;
	blob = (char *)bytes;
	if (!begins_with_type(bytes, len, key, type_len))
		return -EBADMSG;
	r = digest(p.digest, blob, len);
	if (r == 0)
		r = write_fingerprint(&p);
	if (r < 0)
		return r;
	*ret = p;
	return 0;
}

/* As ps(1) has the terminals that people sit at. */
static void write_place(struct proof *p, const struct session_place *place)
{
	unsigned number = minor(place->terminal);

	if (major(place->terminal) == UNIX98_PTY_MAJOR)
		(void)snprintf(p->text, sizeof(p->text), "pts/%u, session %" PRIu32, number, place->session);
	else if (major(place->terminal) == CONSOLE_MAJOR && number < SERIAL_MINOR)
		(void)snprintf(p->text, sizeof(p->text), "tty%u, session %" PRIu32, number, place->session);
	else
		(void)snprintf(p->text, sizeof(p->text), "terminal %u:%u, session %" PRIu32, major(place->terminal),
			       number, place->session);
}

int proof_of_session(struct proof *ret, const struct session_place *place, uint32_t uid)
{
	struct proof p = {.kind = PROOF_SESSION};
	char all[192];
	int len;

	if (place->real_uid != uid || place->terminal == 0 || place->session == 0 || place->leader_start == 0 ||
	    place->pid_namespace == 0)
		return -EINVAL;
	len = snprintf(all, sizeof(all),
		       "%" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu64,
		       place->real_uid, place->login_uid, place->audit_session, place->terminal, place->session,
		       place->leader_start, place->pid_namespace);
	if (len <= 0 || (size_t)len >= sizeof(all) || digest(p.digest, all, (size_t)len) < 0)
		return -EINVAL;
	write_place(&p, place);
	*ret = p;
	return 0;
}

bool proof_equal(const struct proof *a, const struct proof *b)
{
	return a->kind != PROOF_NONE && a->kind == b->kind && memcmp(a->digest, b->digest, PROOF_DIGEST_SIZE) == 0;
}
