/* SPDX-License-Identifier: MIT */
/* Where the keys come from and how they change: made once, never in the place of one that is there, and never so that a row is
 * left that no key opens. C1, C2, C3, C14, L15. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "helper/base/file.h"
#include "helper/vault/seal_keys.h"
#include "helper/vault/store_internal.h"
#include "helper/vault/store_pins.h"
#include "helper/vault/store_reseal.h"
#include "helper/vault/store_tokens.h"
#include "tests/unit/vault/faulty_vfs.h"
#include "tests/unit/vault/killer.h"
#include "tests/unit/vault/stores.h"

#define PEOPLE 3u

static const char line_1[] = "0101010101010101010101010101010101010101010101010101010101010101\n";
static const char line_2[] = "0202020202020202020202020202020202020202020202020202020202020202\n";

static struct seal_places places;

static int setup(void **state)
{
	static char folder[4096], credentials[4096];
	int r = stores_setup(state);

	snprintf(folder, sizeof(folder), "%s", scratch_name(*state, "private"));
	snprintf(credentials, sizeof(credentials), "%s", scratch_name(*state, "credentials"));
	assert_int_equal(mkdir(credentials, 0700), 0);
	places = (struct seal_places){.folder = folder};
	return r;
}

static const char *credential_folder(const struct scratch *s)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s", scratch_name(s, "credentials"));
	return path;
}

static const char *key_path(const struct scratch *s)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s", scratch_name(s, "private/vault.key"));
	return path;
}

static const char *credential_path(const struct scratch *s)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s", scratch_name(s, "credentials/latchkey.key"));
	return path;
}

static void write_file(const char *path, const void *bytes, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static size_t read_file(const char *path, char *ret, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, ret, size);
	assert_true(n >= 0);
	close(fd);
	return (size_t)n;
}

static struct seal *load(struct seal_found *found)
{
	struct seal *k = NULL;

	assert_int_equal(seal_keys_load(&k, found, &places), 0);
	assert_non_null(k);
	return k;
}

static void made_once(void **state)
{
	struct seal_found found;
	LK_CLEANUP(seal_freep) struct seal *first = load(&found), *second = NULL;
	char text[128];
	struct stat st;

	assert_int_equal(found.credential, -ENOENT);
	assert_int_equal(found.file, 0);
	assert_true(found.is_file_new);
	assert_int_equal(lstat(key_path(*state), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(read_file(key_path(*state), text, sizeof(text)), 65);
	second = load(&found);
	assert_int_equal(found.file, 0);
	assert_false(found.is_file_new);
	assert_string_equal(seal_key_id(first), seal_key_id(second));
	assert_int_equal(access(scratch_name(*state, "private/vault.key.new"), F_OK), -1);
}

/* C3, L15: what is there and not as it should be is refused, left alone, and not replaced. */
static void refused_files(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
		int expected;
	} rows[] = {
		{line_1, 0644, -EPERM},
		{line_1, 0604, -EPERM},
		{line_1, 0620, -EPERM},
		{line_1, 0666, -EPERM},
		{"", 0600, -EUCLEAN},
		{"\n", 0600, -EUCLEAN},
		{"01", 0600, -EUCLEAN},
		{"0101010101010101010101010101010101010101010101010101010101010101 ", 0600, -EUCLEAN},
		{"0101010101010101010101010101010101010101010101010101010101010101\n\n", 0600, -EUCLEAN},
		{"0101010101010101010101010101010101010101010101010101010101010101\n01\n", 0600, -EUCLEAN},
		{"010101010101010101010101010101010101010101010101010101010101010g\n", 0600, -EUCLEAN},
		{"010101010101010101010101010101010101010101010101010101010101010A\n", 0600, -EUCLEAN},
	};
	struct seal_found found;
	char before[128], after[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		LK_CLEANUP(seal_freep) struct seal *k = NULL;
		size_t len = strlen(rows[i].text);

		write_file(key_path(*state), rows[i].text, len, rows[i].mode);
		assert_int_equal(read_file(key_path(*state), before, sizeof(before)), len);
		k = load(&found);
		if (found.file != rows[i].expected)
			fail_msg("row %zu: %d", i, found.file);
		assert_null(seal_key_id(k));
		assert_int_equal(read_file(key_path(*state), after, sizeof(after)), len);
		assert_memory_equal(before, after, len);
	}
}

static void strange_files(void **state)
{
	struct seal_found found;
	struct seal *k;

	assert_int_equal(symlink(scratch_name(*state, "elsewhere"), key_path(*state)), 0);
	k = load(&found);
	assert_int_equal(found.file, -ELOOP);
	assert_null(seal_key_id(k));
	seal_free(k);
	assert_int_equal(unlink(key_path(*state)), 0);
	assert_int_equal(mkfifo(key_path(*state), 0600), 0);
	k = load(&found);
	assert_int_equal(found.file, -EINVAL);
	assert_null(seal_key_id(k));
	seal_free(k);
	assert_int_equal(unlink(key_path(*state)), 0);
	assert_int_equal(mkdir(key_path(*state), 0700), 0);
	k = load(&found);
	assert_int_equal(found.file, -EINVAL);
	assert_null(seal_key_id(k));
	seal_free(k);
	assert_int_equal(rmdir(key_path(*state)), 0);

	/* what lies under the temporary name belongs to nobody */
	assert_int_equal(symlink(scratch_name(*state, "elsewhere"), scratch_name(*state, "private/vault.key.new")), 0);
	k = load(&found);
	assert_int_equal(found.file, 0);
	assert_non_null(seal_key_id(k));
	seal_free(k);
	assert_int_equal(access(scratch_name(*state, "elsewhere"), F_OK), -1);
}

/* A credential seals; the file of before opens what it has sealed. */
static void credential(void **state)
{
	static const unsigned char raw[SEAL_KEY_SIZE] = {2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
							 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2};
	LK_CLEANUP(seal_freep) struct seal *k = NULL, *file_only = NULL, *second = NULL;
	struct seal_found found;

	write_file(key_path(*state), line_1, 65, 0600);
	file_only = load(&found);
	places.credentials = credential_folder(*state);
	write_file(credential_path(*state), raw, sizeof(raw), 0440); /* as an access list looks */
	k = load(&found);
	assert_int_equal(found.credential, 0);
	assert_int_equal(found.file, 0);
	assert_int_equal(seal_n_keys(k), 2);
	assert_true(seal_has_key(k, seal_key_id(file_only)));
	assert_string_not_equal(seal_key_id(k), seal_key_id(file_only));

	/* the same key as a line */
	assert_int_equal(unlink(key_path(*state)), 0);
	write_file(credential_path(*state), line_2, 65, 0400);
	second = load(&found);
	assert_int_equal(found.file, -ENOENT);
	assert_string_equal(seal_key_id(second), seal_key_id(k));
	assert_int_equal(access(key_path(*state), F_OK), -1); /* no file where none is needed */
}

/* C14: a credential that is there and cannot be used is not replaced by a file, nor by a new key. */
static void bad_credential(void **state)
{
	struct seal_found found;
	struct seal *k;

	places.credentials = credential_folder(*state);
	write_file(credential_path(*state), "nonsense", 8, 0400);
	k = load(&found);
	assert_int_equal(found.credential, -EUCLEAN);
	assert_null(seal_key_id(k));
	assert_int_equal(access(key_path(*state), F_OK), -1);
	seal_free(k);
	write_file(key_path(*state), line_1, 65, 0600);
	k = load(&found);
	assert_int_equal(found.credential, -EUCLEAN);
	assert_null(seal_key_id(k));
	seal_free(k);
	/* none at all: the file, and it is made if need be */
	assert_int_equal(unlink(credential_path(*state)), 0);
	k = load(&found);
	assert_int_equal(found.credential, -ENOENT);
	assert_int_equal(found.file, 0);
	assert_int_equal(seal_n_keys(k), 1);
	seal_free(k);
}

static void put(struct store *s, unsigned n)
{
	LK_CLEANUP(secret_freep) struct secret *token = NULL, *hash = NULL;
	struct kept_tokens t = {.scope = NULL};
	const struct account *a = stores_account(n);
	struct row_owner o = {.uid = a->uid, .issuer = a->issuer, .subject = a->subject};

	assert_int_equal(secret_copy(&token, a->name, strlen(a->name)), 0);
	assert_int_equal(secret_copy(&hash, a->home, strlen(a->home)), 0);
	t.refresh_token = token;
	assert_int_equal(store_put_tokens(s, &o, &t, 1700000000), 0);
	assert_int_equal(store_put_pin(s, &o, hash, 1700000000), 0);
}

static void expect_readable(struct store *s, unsigned n, bool expected)
{
	LK_CLEANUP(kept_tokens_freep) struct kept_tokens *t = NULL;
	LK_CLEANUP(pin_record_done) struct pin_record p = {.hash = NULL};
	const struct account *a = stores_account(n);
	struct row_owner o = {.uid = a->uid, .issuer = a->issuer, .subject = a->subject};

	assert_int_equal(store_find_tokens(s, &o, &t), expected ? 0 : -EKEYREJECTED);
	assert_int_equal(store_find_pin(s, &o, &p), expected ? 0 : -EKEYREJECTED);
	if (!expected)
		return;
	assert_string_equal(secret_data(t->refresh_token), a->name);
	assert_string_equal(secret_data(p.hash), a->home);
}

static struct store *open_store(const struct scratch *scratch, const struct seal *k)
{
	struct store *s = NULL;

	assert_int_equal(store_open(&s, stores_path(scratch)), 0);
	store_use_seal(s, k);
	return s;
}

static int reseal_all(struct store *s, size_t limit, struct reseal *r)
{
	int e;

	reseal_init(r);
	do
		e = store_reseal(s, r, limit);
	while (e == 1);
	return e;
}

static void fill(const struct scratch *scratch)
{
	struct seal_found found;
	LK_CLEANUP(seal_freep) struct seal *k = load(&found);
	LK_CLEANUP(store_closep) struct store *s = open_store(scratch, k);

	for (unsigned i = 0; i < PEOPLE; i++)
		put(s, i);
}

static void rotation(void **state)
{
	struct seal_found found;
	LK_CLEANUP(seal_freep) struct seal *old = NULL, *turned = NULL, *settled = NULL;
	LK_CLEANUP(store_closep) struct store *s = NULL;
	char text[600];
	struct reseal r;

	fill(*state);
	old = load(&found);
	s = open_store(*state, old);
	assert_int_equal(reseal_all(s, 2, &r), 0);
	assert_int_equal(r.n_resealed, 0);
	assert_int_equal(seal_keys_turn(&turned, old, &places), 0);
	assert_int_equal(read_file(key_path(*state), text, sizeof(text)), 130);
	store_use_seal(s, turned);
	for (unsigned i = 0; i < PEOPLE; i++)
		expect_readable(s, i, true);
	put(s, 0); /* by the new key already */
	assert_int_equal(reseal_all(s, 2, &r), 0);
	assert_int_equal(r.n_resealed, 2 * (PEOPLE - 1));
	assert_int_equal(r.n_unreadable, 0);
	assert_int_equal(seal_keys_settle(&settled, turned, false, &places), 0);
	assert_int_equal(read_file(key_path(*state), text, sizeof(text)), 65);
	store_use_seal(s, settled);
	for (unsigned i = 0; i < PEOPLE; i++)
		expect_readable(s, i, true);
	store_use_seal(s, old);
	for (unsigned i = 0; i < PEOPLE; i++)
		expect_readable(s, i, false);
}

/* From a file to a credential: the file goes when it opens nothing any more. */
static void to_a_credential(void **state)
{
	struct seal_found found;
	LK_CLEANUP(seal_freep) struct seal *k = NULL, *settled = NULL;
	LK_CLEANUP(store_closep) struct store *s = NULL;
	struct reseal r;

	fill(*state);
	places.credentials = credential_folder(*state);
	write_file(credential_path(*state), line_2, 65, 0400);
	k = load(&found);
	s = open_store(*state, k);
	assert_int_equal(reseal_all(s, 64, &r), 0);
	assert_int_equal(r.n_resealed, 2 * PEOPLE);
	assert_int_equal(seal_keys_settle(&settled, k, true, &places), 0);
	assert_int_equal(access(key_path(*state), F_OK), -1);
	store_use_seal(s, settled);
	for (unsigned i = 0; i < PEOPLE; i++)
		expect_readable(s, i, true);
}

/* C14: the key is gone. What it has sealed stays, opens for nobody, and is there again with the key. */
static void lost_key(void **state)
{
	struct seal_found found;
	LK_CLEANUP(seal_freep) struct seal *k = NULL, *again = NULL;
	LK_CLEANUP(store_closep) struct store *s = NULL;
	char text[128];
	struct reseal r;

	fill(*state);
	assert_int_equal(read_file(key_path(*state), text, sizeof(text)), 65);
	assert_int_equal(unlink(key_path(*state)), 0);
	k = load(&found);
	assert_true(found.is_file_new);
	s = open_store(*state, k);
	for (unsigned i = 0; i < PEOPLE; i++)
		expect_readable(s, i, false);
	assert_int_equal(reseal_all(s, 2, &r), 0);
	assert_int_equal(r.n_unreadable, 2 * PEOPLE);
	assert_int_equal(r.n_resealed, 0);
	put(s, 1);
	expect_readable(s, 1, true);
	write_file(key_path(*state), text, 65, 0600);
	again = load(&found);
	store_use_seal(s, again);
	expect_readable(s, 0, true);
	expect_readable(s, 1, false);
	store_use_seal(s, NULL);
	reseal_init(&r);
	assert_int_equal(store_reseal(s, &r, 5), -ENOKEY);
}

/* A disk that is full while rows are sealed anew: both keys stay, and the next time goes on. */
static void disk_full(void **state)
{
	struct seal_found found;
	LK_CLEANUP(seal_freep) struct seal *old = NULL, *turned = NULL;
	bool failed = true;
	struct reseal r;

	faulty_install();
	fill(*state);
	old = load(&found);
	assert_int_equal(seal_keys_turn(&turned, old, &places), 0);
	for (unsigned after = 0; failed; after++) {
		LK_CLEANUP(store_closep) struct store *s = open_store(*state, turned);
		int e;

		for (unsigned i = 0; i < PEOPLE; i++) {
			store_use_seal(s, old);
			put(s, i);
			store_use_seal(s, turned);
		}
		faulty_fail(FAULTY_WRITE, after, SQLITE_FULL);
		e = reseal_all(s, 2, &r);
		failed = faulty_count() > after;
		faulty_fail(0, 0, 0);
		assert_int_equal(e, failed ? -ENOSPC : 0);
		for (unsigned i = 0; i < PEOPLE; i++)
			expect_readable(s, i, true);
		assert_int_equal(reseal_all(s, 2, &r), 0);
		store_use_seal(s, old);
		for (unsigned i = 0; i < PEOPLE; i++)
			expect_readable(s, i, false);
	}
	faulty_remove();
}

/* The folder takes no file: no key then, rather than one that the next start does not know. */
static void no_file_possible(void **state)
{
	struct seal_found found;
	struct seal *k, *turned = NULL;
	static char missing[4096];

	snprintf(missing, sizeof(missing), "%s", scratch_name(*state, "private/missing"));
	places.folder = missing;
	k = load(&found);
	assert_int_equal(found.file, -ENOENT);
	assert_false(found.is_file_new);
	assert_null(seal_key_id(k));
	assert_int_equal(seal_add_text(k, line_1, 65), 0);
	assert_int_equal(seal_keys_turn(&turned, k, &places), -ENOENT);
	assert_null(turned);
	seal_free(k);
}

static void turn_on_full_disk(void *userdata)
{
	const struct rlimit none = {0, 0}, some = {40, 40};
	struct seal_found found;
	struct seal *old = load(&found), *turned = NULL;

	(void)userdata;
	if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || !seal_key_id(old))
		_exit(3);
	if (setrlimit(RLIMIT_FSIZE, &some) < 0 || seal_keys_turn(&turned, old, &places) != -EFBIG || turned)
		_exit(4);
	if (setrlimit(RLIMIT_FSIZE, &none) < 0 || seal_keys_turn(&turned, old, &places) != -EFBIG || turned ||
	    seal_keys_settle(&turned, old, false, &places) != -EFBIG || turned)
		_exit(5);
}

/* C2: a disk that takes nothing, or a part: the file of before is there, whole, and nothing beside it. */
static void key_on_full_disk(void **state)
{
	struct seal_found found;
	LK_CLEANUP(seal_freep) struct seal *before = load(&found), *behind = NULL;
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		turn_on_full_disk(NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	behind = load(&found);
	assert_int_equal(found.file, 0);
	assert_string_equal(seal_key_id(before), seal_key_id(behind));
	assert_int_equal(access(scratch_name(*state, "private/vault.key.new"), F_OK), -1);
}

static void turn_over(void *userdata)
{
	struct seal_found found;
	struct seal *old = load(&found), *turned = NULL, *settled = NULL;
	struct store *s = open_store(userdata, old);
	struct reseal r;

	killer_begin();
	if (seal_keys_turn(&turned, old, &places) < 0)
		_exit(3);
	store_use_seal(s, turned);
	if (reseal_all(s, 2, &r) < 0 || seal_keys_settle(&settled, turned, false, &places) < 0)
		_exit(4);
}

/* C1: killed at each system call of a rotation: all rows are readable, and the next start brings it to its end. */
static void killed_while_turning(void **state)
{
	unsigned n_both = 0;
	bool was_killed = true;

	for (unsigned n = 0; was_killed; n++) {
		LK_CLEANUP(seal_freep) struct seal *k = NULL, *settled = NULL;
		LK_CLEANUP(store_closep) struct store *s = NULL;
		struct seal_found found;
		struct reseal r;

		fill(*state);
		was_killed = killer_run(turn_over, *state, n);
		k = load(&found);
		assert_int_equal(found.file, 0);
		assert_false(found.is_file_new);
		n_both += seal_n_keys(k) == 2;
		s = open_store(*state, k);
		for (unsigned i = 0; i < PEOPLE; i++)
			expect_readable(s, i, true);
		assert_int_equal(reseal_all(s, 64, &r), 0);
		assert_int_equal(r.n_unreadable, 0);
		assert_int_equal(seal_keys_settle(&settled, k, false, &places), 0);
		store_use_seal(s, settled);
		for (unsigned i = 0; i < PEOPLE; i++)
			expect_readable(s, i, true);
		assert_true(n < 1000);
	}
	assert_true(n_both > 10);
}

static void make_first(void *userdata)
{
	struct seal_found found;
	struct seal *k = NULL;

	(void)userdata;
	killer_begin();
	if (seal_keys_load(&k, &found, &places) < 0 || !seal_key_id(k))
		_exit(3);
}

/* C1: killed while the first key is made: the next start has a whole one. */
static void killed_while_making(void **state)
{
	bool was_killed = true;

	for (unsigned n = 0; was_killed; n++) {
		LK_CLEANUP(seal_freep) struct seal *k = NULL, *again = NULL;
		struct seal_found found;
		struct stat st;

		was_killed = killer_run(make_first, NULL, n);
		k = load(&found);
		assert_int_equal(found.file, 0);
		again = load(&found);
		assert_string_equal(seal_key_id(k), seal_key_id(again));
		assert_int_equal(lstat(key_path(*state), &st), 0);
		assert_int_equal(st.st_mode, S_IFREG | 0600);
		assert_int_equal(unlink(key_path(*state)), 0);
		(void)unlink(scratch_name(*state, "private/vault.key.new"));
		assert_true(n < 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(made_once, setup, stores_teardown),
		cmocka_unit_test_setup_teardown(refused_files, setup, stores_teardown),
		cmocka_unit_test_setup_teardown(strange_files, setup, stores_teardown),
		cmocka_unit_test_setup_teardown(credential, setup, stores_teardown),
		cmocka_unit_test_setup_teardown(bad_credential, setup, stores_teardown),
		cmocka_unit_test_setup_teardown(rotation, setup, stores_teardown),
		cmocka_unit_test_setup_teardown(to_a_credential, setup, stores_teardown),
		cmocka_unit_test_setup_teardown(lost_key, setup, stores_teardown),
		cmocka_unit_test_setup_teardown(disk_full, setup, stores_teardown),
		cmocka_unit_test_setup_teardown(no_file_possible, setup, stores_teardown),
		cmocka_unit_test_setup_teardown(key_on_full_disk, setup, stores_teardown),
		cmocka_unit_test_setup_teardown(killed_while_turning, setup, stores_teardown),
		cmocka_unit_test_setup_teardown(killed_while_making, setup, stores_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
