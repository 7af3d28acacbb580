/* SPDX-License-Identifier: MIT */
/*
 * Private keys: where they may come from, what is refused, and that what is signed is believed by the readers of others.
 */
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

#include "helper/jose/jws.h"
#include "helper/jose/jws_sign.h"
#include "helper/jose/jwk_write.h"
#include "helper/jose/signing_key.h"
#include "tests/unit/as_root.h"
#include "tests/unit/jose/make_token.h"
#include "tests/unit/scratch.h"

#define PATH scratch_name(&scratch, "key.pem")

static struct scratch scratch;

/* @passphrase: NULL: none */
static size_t write_pem(char *out, size_t size, EVP_PKEY *key, const char *passphrase)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	size_t len;

	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, passphrase ? EVP_aes_256_cbc() : NULL, NULL, 0, NULL,
						       (void *)(uintptr_t)passphrase),
			 1);
	len = (size_t)BIO_get_mem_data(bio, &text);
	assert_true(len < size);
	memcpy(out, text, len);
	out[len] = '\0';
	BIO_free(bio);
	return len;
}

static void put(EVP_PKEY *key, mode_t mode)
{
	char pem[8192];
	size_t len = write_pem(pem, sizeof(pem), key, NULL);

	assert_true(scratch_write(&scratch, "key.pem", pem, len, mode));
}

static int load_as(const char *source, enum jws_algorithm a)
{
	LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;
	const struct signing_places places = {.keys = scratch.path, .credentials = scratch.path};
	int r = signing_key_new(&k, source, a, &places);

	assert_true((r == 0) == (k != NULL));
	return r;
}

static int load(const char *source)
{
	return load_as(source, JWS_NONE);
}

static int load_text(const char *text)
{
	LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;

	return signing_key_from_pem(&k, text, strlen(text), JWS_NONE);
}

static int load_key(EVP_PKEY *key)
{
	char pem[16384];

	(void)write_pem(pem, sizeof(pem), key, NULL);
	return load_text(pem);
}

static void test_every_algorithm_is_believed(void **state)
{
	static const enum jws_algorithm all[] = {JWS_RS256, JWS_PS256, JWS_ES256, JWS_ES384, JWS_EDDSA};
	static const char payload[] = "{\"sub\":\"backup\"}";

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;
		LK_CLEANUP(secret_freep) struct secret *token = NULL;
		LK_CLEANUP(jwk_set_freep) struct jwk_set *set = NULL;
		struct jws j;
		const char *typ;
		char pem[8192], extra[128];
		size_t len = write_pem(pem, sizeof(pem), test_key(all[i], 0), NULL);

		assert_int_equal(signing_key_from_pem(&k, pem, len, all[i]), 0);
		(void)snprintf(extra, sizeof(extra), ",\"kid\":\"%s\"", signing_key_kid(k));
		set = test_key_set(test_key(all[i], 0), extra);
		assert_false(signing_key_is_slow(k));
		assert_int_equal(signing_key_open(k), 0);
		assert_int_equal(signing_key_algorithm(k), all[i]);
		assert_int_equal(jws_sign(&token, k, "JWT", payload, sizeof(payload) - 1), 0);
		assert_int_equal(jws_verify(&j, secret_data(token), secret_len(token), set, (uint32_t)(1u << all[i])),
				 0);
		assert_string_equal(j.payload, payload);
		assert_string_equal(json_object_get_string(json_object_object_get(j.header, "kid")),
				    signing_key_kid(k));
		typ = json_object_get_string(json_object_object_get(j.header, "typ"));
		assert_string_equal(typ, "JWT");
		jws_done(&j);
	}
}

static void test_the_usual_algorithm(void **state)
{
	static const enum jws_algorithm usual[] = {JWS_RS256, JWS_ES256, JWS_ES384, JWS_EDDSA};

	(void)state;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;
		char pem[8192];
		size_t len = write_pem(pem, sizeof(pem), test_key(usual[i], 1), NULL);

		assert_int_equal(signing_key_from_pem(&k, pem, len, JWS_NONE), 0);
		assert_int_equal(signing_key_algorithm(k), usual[i]);
	}
}

static void test_an_algorithm_that_does_not_fit(void **state)
{
	(void)state;
	put(test_key(JWS_ES256, 0), 0600);
	assert_int_equal(load_as(PATH, JWS_ES256), 0);
	assert_int_equal(load_as(PATH, JWS_RS256), SIGNING_ALGORITHM);
	assert_int_equal(load_as(PATH, JWS_ES384), SIGNING_ALGORITHM);
	put(test_key(JWS_RS256, 0), 0600);
	assert_int_equal(load_as(PATH, JWS_PS256), 0);
	assert_int_equal(load_as(PATH, JWS_RS512), SIGNING_ALGORITHM);
}

static void test_keys_that_sign_nothing(void **state)
{
	EVP_PKEY *weak = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
	EVP_PKEY *curve = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1");
	EVP_PKEY *brainpool = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "brainpoolP256r1");
	EVP_PKEY *x25519 = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");

	(void)state;
	assert_int_equal(load_key(weak), SIGNING_WEAK);
	assert_int_equal(load_key(curve), SIGNING_KIND);
	assert_int_equal(load_key(brainpool), SIGNING_KIND);
	assert_int_equal(load_key(x25519), SIGNING_KIND);
	assert_int_equal(load_key(test_key(JWS_ES512, 0)), SIGNING_KIND);
	EVP_PKEY_free(weak);
	EVP_PKEY_free(curve);
	EVP_PKEY_free(brainpool);
	EVP_PKEY_free(x25519);
}

/* A file that others can read is refused, and so is one whose content another could have chosen. */
static void test_files_that_are_refused(void **state)
{
	static const mode_t shared[] = {0640, 0604, 0620, 0602, 0610, 0601, 0660, 0644};

	(void)state;
	put(test_key(JWS_ES256, 0), 0600);
	assert_int_equal(load(PATH), 0);
	put(test_key(JWS_ES256, 0), 0400);
	assert_int_equal(load(PATH), 0);
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
		put(test_key(JWS_ES256, 0), shared[i]);
		assert_int_equal(load(PATH), -EPERM);
	}

	put(test_key(JWS_ES256, 0), 0600);
	assert_int_equal(symlink(PATH, scratch_name(&scratch, "link")), 0);
	assert_int_equal(load(scratch_name(&scratch, "link")), -ELOOP);
	assert_int_equal(link(PATH, scratch_name(&scratch, "second")), 0);
	assert_int_equal(load(PATH), -EMLINK);
	assert_int_equal(load(scratch_name(&scratch, "second")), -EMLINK);
	assert_int_equal(unlink(scratch_name(&scratch, "second")), 0);
	assert_int_equal(load(PATH), 0);

	assert_int_equal(mkfifo(scratch_name(&scratch, "fifo"), 0600), 0);
	assert_int_equal(load(scratch_name(&scratch, "fifo")), -EINVAL);
	assert_int_equal(mkdir(scratch_name(&scratch, "folder"), 0700), 0);
	assert_int_equal(load(scratch_name(&scratch, "folder")), -EINVAL);
	assert_int_equal(load(scratch_name(&scratch, "nothing")), -ENOENT);
}

static void test_a_file_of_somebody_else(void **state)
{
	(void)state;
	if (!may_give_away())
		skip();
	put(test_key(JWS_ES256, 0), 0600);
	assert_int_equal(chown(PATH, 12345, (gid_t)-1), 0);
	assert_int_equal(load(PATH), -EPERM);
	assert_int_equal(chown(PATH, 0, (gid_t)-1), 0);
	assert_int_equal(load(PATH), 0);
}

/* The group that this process runs as is no exception, as it is for other secrets. */
static void test_own_group_is_others_too(void **state)
{
	(void)state;
	put(test_key(JWS_ES256, 0), 0640);
	assert_int_equal(chown(PATH, (uid_t)-1, getegid()), 0);
	assert_int_equal(load(PATH), -EPERM);
}

static void test_text_that_is_no_key(void **state)
{
	char pem[8192], twice[2 * sizeof(pem)], *long_text;
	LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;
	size_t len;

	(void)state;
	assert_int_equal(load_text(""), SIGNING_FORM);
	assert_int_equal(load_text("-----BEGIN PRIVATE KEY-----\n"), SIGNING_FORM);
	assert_int_equal(load_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), SIGNING_FORM);

	len = write_pem(pem, sizeof(pem), test_key(JWS_ES256, 0), NULL);
	(void)snprintf(twice, sizeof(twice), "%s%s", pem, pem);
	assert_int_equal(load_text(twice), SIGNING_FORM);
	(void)snprintf(twice, sizeof(twice), "%s \r\n\t\n", pem);
	assert_int_equal(load_text(twice), 0);
	pem[len / 2] = '*';
	assert_int_equal(load_text(pem), SIGNING_FORM);

	(void)write_pem(pem, sizeof(pem), test_key(JWS_ES256, 0), "secret");
	assert_int_equal(load_text(pem), SIGNING_ENCRYPTED);

	/* SIGNING_PEM_MAX is good, one more is not */
	len = write_pem(pem, sizeof(pem), test_key(JWS_ES256, 0), NULL);
	long_text = malloc(SIGNING_PEM_MAX + 1);
	assert_non_null(long_text);
	memset(long_text, '\n', SIGNING_PEM_MAX + 1);
	memcpy(long_text, pem, len);
	assert_int_equal(signing_key_from_pem(&k, long_text, SIGNING_PEM_MAX + 1, JWS_NONE), -E2BIG);
	assert_null(k);
	assert_int_equal(signing_key_from_pem(&k, long_text, SIGNING_PEM_MAX, JWS_NONE), 0);
	assert_true(scratch_write(&scratch, "long", long_text, SIGNING_PEM_MAX + 1, 0600));
	assert_int_equal(load(scratch_name(&scratch, "long")), -E2BIG);
	free(long_text);
}

static void test_public_text_is_no_private_key(void **state)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char text[2048] = "";

	(void)state;
	assert_int_equal(PEM_write_bio_PUBKEY(bio, test_key(JWS_ES256, 0)), 1);
	assert_true(BIO_read(bio, text, (int)sizeof(text) - 1) > 0);
	BIO_free(bio);
	assert_int_equal(load_text(text), SIGNING_FORM);
}

static void test_a_key_by_its_name(void **state)
{
	LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;
	const struct signing_places nowhere = {.keys = NULL};

	(void)state;
	put(test_key(JWS_ES256, 0), 0600);
	assert_int_equal(load("key"), 0);
	assert_int_equal(load("other"), -ENOENT);
	assert_int_equal(signing_key_new(&k, "key", JWS_NONE, &nowhere), -ENOENT);
	assert_int_equal(signing_key_new(&k, "credential:key.pem", JWS_NONE, &nowhere), -ENOENT);
}

/* systemd gives a credential to the service's user by an access list, whose mask shows as the group's right to read. */
static void test_a_credential(void **state)
{
	(void)state;
	put(test_key(JWS_ES256, 0), 0440);
	assert_int_equal(load("credential:key.pem"), 0);
	put(test_key(JWS_ES256, 0), 0400);
	assert_int_equal(load("credential:key.pem"), 0);
	put(test_key(JWS_ES256, 0), 0444);
	assert_int_equal(load("credential:key.pem"), -EPERM);
	put(test_key(JWS_ES256, 0), 0460);
	assert_int_equal(load("credential:key.pem"), -EPERM);
	assert_int_equal(load("credential:absent"), -ENOENT);
}

static void test_sources(void **state)
{
	static const char *const good[] = {"/k.pem",          "a",          "Web-1_x",       "credential:web",
					   "pkcs11:object=k", "tpm:/k.pem", "tpm:0x81000001"};
	static const char *const bad[] = {"",
					  "../x",
					  "a/b",
					  ".a",
					  "-a",
					  "a.next",
					  "a b",
					  "credential:",
					  "pkcs11:",
					  "tpm:",
					  "credential:../etc",
					  "credential:.",
					  "tpm:k.pem",
					  "file:///k",
					  "a\nb"};
	char name[SIGNING_NAME_MAX + 2], *source = malloc(SIGNING_SOURCE_MAX + 2);

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(signing_source_is_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(signing_source_is_valid(bad[i]));
		assert_int_equal(load(bad[i]), SIGNING_SOURCE);
	}

	memset(name, 'a', sizeof(name));
	name[SIGNING_NAME_MAX] = '\0';
	assert_true(signing_source_is_valid(name));
	name[SIGNING_NAME_MAX] = 'a';
	name[SIGNING_NAME_MAX + 1] = '\0';
	assert_false(signing_source_is_valid(name));

	assert_non_null(source);
	memset(source, '/', SIGNING_SOURCE_MAX + 1);
	source[SIGNING_SOURCE_MAX + 1] = '\0';
	assert_false(signing_source_is_valid(source));
	source[SIGNING_SOURCE_MAX] = '\0';
	assert_true(signing_source_is_valid(source));
	free(source);
}

/* What can be wrong with a key has words of its own, so that no log line says "unknown". */
static void test_texts(void **state)
{
	(void)state;
	for (int r = SIGNING_SOURCE; r <= SIGNING_NOT_OPEN; r++)
		assert_string_not_equal(signing_text(r), "unknown outcome");
	assert_string_equal(signing_text(SIGNING_NOT_OPEN + 1), "unknown outcome");
	assert_non_null(strstr(signing_text(-EPERM), "owner"));
	assert_non_null(strstr(signing_text(-EMLINK), "second name"));
}

static void test_a_token_is_not_touched_before_it_is_opened(void **state)
{
	LK_CLEANUP(signing_key_unrefp) struct signing_key *k = NULL;
	const struct signing_places places = {.keys = NULL};
	unsigned char signature[SIGNING_SIGNATURE_MAX];
	size_t len;

	(void)state;
	assert_int_equal(signing_key_new(&k, "pkcs11:object=none", JWS_ES256, &places), 0);
	assert_true(signing_key_is_slow(k));
	assert_string_equal(signing_key_kid(k), "");
	assert_null(signing_key_pkey(k));
	assert_int_equal(signing_key_algorithm(k), JWS_ES256);
	assert_int_equal(signing_key_sign(k, "x", 1, signature, &len), SIGNING_NOT_OPEN);
}

static int each_setup(void **state)
{
	(void)state;
	return scratch_new(&scratch) ? 0 : -1;
}

static int each_teardown(void **state)
{
	(void)state;
	scratch_done(&scratch);
	return 0;
}

static int all_teardown(void **state)
{
	(void)state;
	test_keys_done();
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, each_setup, each_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_algorithm_is_believed),
		TEST(test_the_usual_algorithm),
		TEST(test_an_algorithm_that_does_not_fit),
		TEST(test_keys_that_sign_nothing),
		TEST(test_files_that_are_refused),
		TEST(test_a_file_of_somebody_else),
		TEST(test_own_group_is_others_too),
		TEST(test_text_that_is_no_key),
		TEST(test_public_text_is_no_private_key),
		TEST(test_a_key_by_its_name),
		TEST(test_a_credential),
		TEST(test_sources),
		TEST(test_texts),
		TEST(test_a_token_is_not_touched_before_it_is_opened),
	};

	return cmocka_run_group_tests(tests, NULL, all_teardown);
}
