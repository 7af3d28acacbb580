/* SPDX-License-Identifier: MIT */
/*
 * This host's own keys: made once, never written over, exchanged by a rename; and what others are shown of them.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "helper/base/text.h"
#include "helper/jose/assertion.h"
#include "helper/jose/certificate.h"
#include "helper/jose/key_files.h"
#include "helper/jose/key_pair.h"
#include "tests/unit/scratch.h"

static struct scratch scratch;
static char folder[128];

static int store(const char *name, bool is_next, enum key_type type)
{
	LK_CLEANUP(buf_done) struct buf pem = {.max = SIGNING_PEM_MAX};

	assert_int_equal(key_pair_new(&pem, type), 0);
	return key_files_store(folder, name, is_next, &pem);
}

static void kid_of(char ret[64], const char *name, bool is_next)
{
	LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;

	assert_int_equal(key_files_load(&k, folder, name, is_next), 0);
	(void)snprintf(ret, 64, "%s", signing_key_kid(k));
}

static void test_every_type(void **state)
{
	(void)state;
	for (enum key_type t = KEY_TYPE_RSA2048; t < KEY_TYPES; t++) {
		LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;
		struct stat st;

		if (t == KEY_TYPE_RSA3072 || t == KEY_TYPE_RSA4096)
			continue; /* as rsa2048, and slow */
		assert_int_equal(key_type_from_name(key_type_name(t)), t);
		assert_int_equal(store(key_type_name(t), false, t), 0);
		assert_int_equal(key_files_load(&k, folder, key_type_name(t), false), 0);
		assert_int_equal(key_type_of(k), t);
		(void)snprintf(folder + strlen(folder), 64, "/%s.pem", key_type_name(t));
		assert_int_equal(lstat(folder, &st), 0);
		*strrchr(folder, '/') = '\0';
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(st.st_nlink, 1);
	}
	assert_int_equal(key_type_from_name("rsa1024"), KEY_TYPE_NONE);
	assert_int_equal(key_type_from_name(""), KEY_TYPE_NONE);
}

static void test_never_written_over(void **state)
{
	char before[64], after[64];

	(void)state;
	assert_int_equal(store("web", false, KEY_TYPE_P256), 0);
	kid_of(before, "web", false);
	assert_int_equal(store("web", false, KEY_TYPE_P256), -EEXIST);
	kid_of(after, "web", false);
	assert_string_equal(before, after);
	assert_int_equal(store("../web", false, KEY_TYPE_P256), -EINVAL);
	assert_int_equal(store("web.next", false, KEY_TYPE_P256), -EINVAL);
}

/* Whoever was killed while it was written has left a part under another name: it is nobody's, and in nobody's way. */
static void test_killed_while_writing(void **state)
{
	LK_CLEANUP(text_free_listp) char **list = NULL;
	char path[256];
	FILE *f;

	(void)state;
	assert_int_equal(mkdir(folder, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/web.pem.new", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs("-----BEGIN PRIV", f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(key_files_list(folder, &list), 0);
	assert_null(list[0]);
	assert_int_equal(store("web", false, KEY_TYPE_P256), 0);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_rotation(void **state)
{
	char first[64], next[64], now[64];

	(void)state;
	assert_int_equal(key_files_finish(folder, "web"), -ENOENT);
	assert_int_equal(store("web", true, KEY_TYPE_P256), -ENOENT);
	assert_int_equal(store("web", false, KEY_TYPE_P256), 0);
	assert_int_equal(key_files_finish(folder, "web"), -ENOENT);
	assert_int_equal(key_files_cancel(folder, "web"), -ENOENT);

	assert_int_equal(store("web", true, KEY_TYPE_ED25519), 0);
	assert_int_equal(store("web", true, KEY_TYPE_ED25519), -EEXIST);
	kid_of(first, "web", false);
	kid_of(next, "web", true);
	assert_string_not_equal(first, next);

	assert_int_equal(key_files_cancel(folder, "web"), 0);
	kid_of(now, "web", false);
	assert_string_equal(now, first);
	assert_int_equal(store("web", true, KEY_TYPE_P256), 0);
	kid_of(next, "web", true);
	assert_int_equal(key_files_finish(folder, "web"), 0);
	kid_of(now, "web", false);
	assert_string_equal(now, next);
	assert_int_equal(key_files_finish(folder, "web"), -ENOENT);
}

/* Who holds the key signs with the next one as soon as it is the one: nothing is restarted. */
static void test_a_key_that_is_held(void **state)
{
	LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;
	const struct signing_places places = {.keys = folder};
	const struct assertion_claims claims = {.iss = "c", .sub = "c", .aud = "a", .lifetime_s = 60};
	LK_CLEANUP(secret_freep) struct secret *token = NULL;
	char first[64], next[64];

	(void)state;
	assert_int_equal(store("web", false, KEY_TYPE_P256), 0);
	assert_int_equal(store("web", true, KEY_TYPE_P256), 0);
	kid_of(first, "web", false);
	kid_of(next, "web", true);
	assert_int_equal(signing_key_new(&k, "web", JWS_NONE, &places), 0);
	assert_int_equal(assertion_make(&token, k, &claims), 0);
	assert_string_equal(signing_key_kid(k), first);
	assert_int_equal(key_files_finish(folder, "web"), 0);
	secret_free(LK_STEAL(token));
	assert_int_equal(assertion_make(&token, k, &claims), 0);
	assert_string_equal(signing_key_kid(k), next);

	/* and one that is gone, or that others can read now, signs nothing */
	assert_int_equal(key_files_delete(folder, "web"), 0);
	secret_free(LK_STEAL(token));
	assert_int_equal(assertion_make(&token, k, &claims), -ENOENT);
	assert_null(token);
	assert_int_equal(store("web", false, KEY_TYPE_P256), 0);
	assert_int_equal(assertion_make(&token, k, &claims), 0);
	(void)strcat(folder, "/web.pem");
	assert_int_equal(chmod(folder, 0640), 0);
	secret_free(LK_STEAL(token));
	assert_int_equal(assertion_make(&token, k, &claims), -EPERM);
}

static void test_delete(void **state)
{
	LK_CLEANUP(text_free_listp) char **list = NULL;

	(void)state;
	assert_int_equal(key_files_delete(folder, "web"), -ENOENT);
	assert_int_equal(store("web", false, KEY_TYPE_P256), 0);
	assert_int_equal(store("web", true, KEY_TYPE_P256), 0);
	assert_int_equal(store("other", false, KEY_TYPE_P256), 0);
	assert_int_equal(key_files_delete(folder, "web"), 0);
	assert_int_equal(key_files_delete(folder, "web"), -ENOENT);
	assert_int_equal(key_files_list(folder, &list), 0);
	assert_string_equal(list[0], "other");
	assert_null(list[1]);
}

static void test_list_is_sorted_and_bounded(void **state)
{
	LK_CLEANUP(text_free_listp) char **list = NULL, **second = NULL;
	char path[256];

	(void)state;
	assert_int_equal(key_files_list(folder, &list), 0);
	assert_null(list[0]);
	assert_int_equal(mkdir(folder, 0700), 0);
	for (unsigned i = 0; i <= KEY_FILES_MAX; i++) {
		if (i == KEY_FILES_MAX) {
			assert_int_equal(key_files_list(folder, &second), 0);
			assert_string_equal(second[0], "k000");
			assert_string_equal(second[KEY_FILES_MAX - 1], "k255");
		}
		(void)snprintf(path, sizeof(path), "%s/k%03u.pem", folder, i);
		assert_int_equal(close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
	}
	text_free_list(list);
	list = NULL;
	assert_int_equal(key_files_list(folder, &list), -E2BIG);
}

static X509 *read_certificate(const struct buf *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
	X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	assert_non_null(x);
	return x;
}

/* Salesforce takes a certificate of 4 KiB at most. */
static void test_certificate(void **state)
{
	static const enum key_type types[] = {KEY_TYPE_RSA2048, KEY_TYPE_RSA4096, KEY_TYPE_P256, KEY_TYPE_P384,
					      KEY_TYPE_ED25519};

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		LK_CLEANUP(buf_done) struct buf pem = {.max = SIGNING_PEM_MAX};
		LK_CLEANUP(buf_done) struct buf certificate = {.max = 16384};
		LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;
		char subject[CERTIFICATE_SUBJECT_MAX + 2];
		X509 *x;

		assert_int_equal(key_pair_new(&pem, types[i]), 0);
		assert_int_equal(signing_key_from_pem(&k, pem.data, pem.len, JWS_NONE), 0);
		memset(subject, 's', sizeof(subject));
		subject[CERTIFICATE_SUBJECT_MAX + 1] = '\0';
		assert_int_equal(certificate_write(&certificate, k, subject, 1), -EINVAL);
		subject[CERTIFICATE_SUBJECT_MAX] = '\0';
		assert_int_equal(certificate_write(&certificate, k, subject, CERTIFICATE_DAYS_MAX), 0);
		assert_true(certificate.len < 4096);
		x = read_certificate(&certificate);
		assert_int_equal(X509_verify(x, signing_key_pkey(k)), 1);
		assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(x), signing_key_pkey(k)), 1);
		assert_int_equal(X509_check_ca(x), 0);
		assert_null(strstr(certificate.data, "PRIVATE"));
		X509_free(x);

		assert_int_equal(certificate_write(&certificate, k, "", 1), -EINVAL);
		assert_int_equal(certificate_write(&certificate, k, "a\nb", 1), -EINVAL);
		assert_int_equal(certificate_write(&certificate, k, "\xff", 1), -EINVAL);
		assert_int_equal(certificate_write(&certificate, k, "web", 0), -EINVAL);
		assert_int_equal(certificate_write(&certificate, k, "web", CERTIFICATE_DAYS_MAX + 1), -EINVAL);
	}
}

static int setup(void **state)
{
	(void)state;
	if (!scratch_new(&scratch))
		return -1;
	(void)snprintf(folder, sizeof(folder), "%s/keys", scratch.path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_done(&scratch);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_type),
		TEST(test_never_written_over),
		TEST(test_killed_while_writing),
		TEST(test_rotation),
		TEST(test_a_key_that_is_held),
		TEST(test_delete),
		TEST(test_list_is_sorted_and_bounded),
		TEST(test_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
