/* SPDX-License-Identifier: MIT */
/* Configuration from files: drop-ins, secrets, and files that others could have written (threats L15, L16). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helper/daemon/config.h"
#include "tests/unit/as_root.h"
#include "tests/unit/scratch.h"

/* In a namespace of an ordinary user /home is nobody's. */
#define PROVIDER "[accounts]\nhome=/no-homes-here/%u\n[provider corp]\nissuer=https://id.example\nclient_id=c\n"

static int group_setup(void **state)
{
	(void)state;
	return as_root() ? 0 : -1;
}

static int setup(void **state)
{
	static struct scratch s;

	assert_true(scratch_new(&s));
	*state = &s;
	return 0;
}

static int teardown(void **state)
{
	scratch_done(*state);
	return 0;
}

static void write_file(const struct scratch *s, const char *name, const char *text, mode_t mode)
{
	assert_true(scratch_write(s, name, text, strlen(text), mode));
}

/* The provider with a secret in file "secret" of the folder. */
static void write_with_secret(const struct scratch *s, const char *secret, size_t len, mode_t mode)
{
	char text[512];

	snprintf(text, sizeof(text), "%sclient_secret_file=%s/secret\n[access]\nusers=alice\n", PROVIDER, s->path);
	write_file(s, "latchkey.conf", text, 0644);
	assert_true(scratch_write(s, "secret", secret, len, mode));
}

static void add_note(void *userdata, const char *text)
{
	char *notes = userdata;

	strcat(notes, text);
}

static int load(const struct scratch *s, struct config **ret, char *notes, struct ini_fault *fault)
{
	*ret = NULL;
	notes[0] = '\0';
	fault->text[0] = '\0';
	return config_load(ret, scratch_name(s, "latchkey.conf"), add_note, notes, fault);
}

static void refused(const struct scratch *s, int expected, const char *words)
{
	struct config *c = NULL;
	struct ini_fault fault;
	char notes[2048];
	int r = load(s, &c, notes, &fault);

	if (r != expected || c || !strstr(fault.text, words))
		fail_msg("%d '%s' instead of %d '%s'", r, fault.text, expected, words);
}

static void secret(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {{"s3cret", 6}, {"s3cret\n", 7}, {"s3cret\r\n", 8}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		LK_CLEANUP(config_freep) struct config *c = NULL;
		struct ini_fault fault;
		char notes[2048];

		write_with_secret(*state, rows[i].text, rows[i].len, 0600);
		assert_int_equal(load(*state, &c, notes, &fault), 0);
		assert_int_equal(secret_len(c->providers[0].settings.client_secret), 6);
		assert_string_equal(secret_data(c->providers[0].settings.client_secret), "s3cret");
		assert_string_equal(notes, "");
	}
}

/* The directory's client has a secret of its own, read and judged in the same way. */
static void secret_of_the_directory(void **state)
{
	const struct scratch *s = *state;
	LK_CLEANUP(config_freep) struct config *c = NULL;
	struct ini_fault fault;
	char notes[2048], text[512];

	snprintf(text, sizeof(text),
		 "%sdirectory=scim\ndirectory_url=https://id.example/scim\n"
		 "directory_client_secret_file=%s/secret\n[access]\nusers=alice\n",
		 PROVIDER, s->path);
	write_file(s, "latchkey.conf", text, 0644);
	write_file(s, "secret", "s3cret\n", 0600);
	assert_int_equal(load(s, &c, notes, &fault), 0);
	assert_string_equal(secret_data(c->providers[0].directory.client_secret), "s3cret");
	assert_null(c->providers[0].settings.client_secret);
	assert_int_equal(chmod(scratch_name(s, "secret"), 0644), 0);
	refused(s, -EPERM, "[provider corp]: directory_client_secret_file");
}

static void secret_faults(void **state)
{
	const struct scratch *s = *state;
	char long_one[5000];

	memset(long_one, 'x', sizeof(long_one));
	write_with_secret(s, "", 0, 0600);
	refused(s, -EINVAL, "is empty");
	write_with_secret(s, "\n", 1, 0600);
	refused(s, -EINVAL, "is empty");
	write_with_secret(s, "a\nb\n", 4, 0600);
	refused(s, -EINVAL, "more than one line");
	write_with_secret(s, "a\0b", 3, 0600);
	refused(s, -EINVAL, "more than one line");
	write_with_secret(s, "caf\xc3\xa9", 5, 0600);
	refused(s, -EINVAL, "more than one line of ASCII");
	write_with_secret(s, long_one, 4097, 0600);
	refused(s, -E2BIG, "larger than 4 KiB");
	write_with_secret(s, "s", 1, 0604);
	refused(s, -EPERM, "nobody else may read it");
	write_with_secret(s, "s", 1, 0620);
	refused(s, -EPERM, "[provider corp]: client_secret_file");
	assert_int_equal(unlink(scratch_name(s, "secret")), 0);
	refused(s, -ENOENT, "client_secret_file");
	assert_int_equal(symlink("/dev/zero", scratch_name(s, "secret")), 0);
	refused(s, -ELOOP, "symbolic link");
	assert_int_equal(unlink(scratch_name(s, "secret")), 0);
	assert_int_equal(mkfifo(scratch_name(s, "secret"), 0600), 0);
	refused(s, -EINVAL, "not a regular file");
}

/* Never in a fault or note, whatever is wrong with it. */
static void secret_stays_secret(void **state)
{
	struct config *c = NULL;
	struct ini_fault fault;
	char notes[2048];

	write_with_secret(*state, "c4nary\nc4nary", 13, 0600);
	assert_int_equal(load(*state, &c, notes, &fault), -EINVAL);
	assert_null(strstr(fault.text, "c4nary"));
	assert_null(strstr(notes, "c4nary"));
}

static void group_readable_secret(void **state)
{
	LK_CLEANUP(config_freep) struct config *c = NULL;
	struct ini_fault fault;
	char notes[2048];

	write_with_secret(*state, "s", 1, 0640);
	assert_int_equal(load(*state, &c, notes, &fault), 0);
	assert_non_null(strstr(notes, "can be read by its whole group"));
}

static void drop_ins(void **state)
{
	const struct scratch *s = *state;
	LK_CLEANUP(config_freep) struct config *c = NULL;
	struct ini_fault fault;
	char notes[2048];

	write_file(s, "latchkey.conf", PROVIDER, 0644);
	assert_int_equal(mkdir(scratch_name(s, "latchkey.conf.d"), 0755), 0);
	write_file(s, "latchkey.conf.d/10-access.conf", "[access]\nusers=alice\n", 0644);
	write_file(s, "latchkey.conf.d/20-more.conf", "[access]\nusers=bob\n[provider corp]\ntitle=Corp\n", 0644);
	write_file(s, "latchkey.conf.d/ignored.conf.bak", "[nonsense]\na=b\n", 0644);
	assert_int_equal(load(s, &c, notes, &fault), 0);
	assert_string_equal(c->access.policies[0].users[1], "bob");
	assert_string_equal(c->providers[0].title, "Corp");
	/* what was set in one file is not set again in another: nobody guesses which counts */
	write_file(s, "latchkey.conf.d/30-again.conf", "[provider corp]\n\nclient_id=d\n", 0644);
	refused(s, -EINVAL, "30-again.conf:3: client_id was set before in [provider corp]");
}

/* L16 */
static void files_of_others(void **state)
{
	const struct scratch *s = *state;

	refused(s, -ENOENT, "latchkey.conf");
	write_file(s, "latchkey.conf", PROVIDER, 0664);
	refused(s, -EPERM, "writable by root only");
	write_file(s, "latchkey.conf", PROVIDER, 0646);
	refused(s, -EPERM, "writable by root only");
	write_file(s, "latchkey.conf", PROVIDER, 0644);
	assert_int_equal(rename(scratch_name(s, "latchkey.conf"), scratch_name(s, "real")), 0);
	assert_int_equal(symlink(scratch_name(s, "real"), scratch_name(s, "latchkey.conf")), 0);
	refused(s, -ELOOP, "symbolic link");
	assert_int_equal(unlink(scratch_name(s, "latchkey.conf")), 0);
	assert_int_equal(rename(scratch_name(s, "real"), scratch_name(s, "latchkey.conf")), 0);
	assert_int_equal(mkdir(scratch_name(s, "latchkey.conf.d"), 0777), 0);
	assert_int_equal(chmod(scratch_name(s, "latchkey.conf.d"), 0777), 0);
	refused(s, -EPERM, "writable by root only");
	assert_int_equal(chmod(scratch_name(s, "latchkey.conf.d"), 0755), 0);
	write_file(s, "latchkey.conf.d/a.conf", "[access]\neveryone=yes\n", 0666);
	refused(s, -EPERM, "a.conf");
	if (chown(scratch_name(s, "latchkey.conf.d/a.conf"), 12345, 0) == 0) {
		assert_int_equal(chmod(scratch_name(s, "latchkey.conf.d/a.conf"), 0644), 0);
		refused(s, -EPERM, "a.conf");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(secret, setup, teardown),
		cmocka_unit_test_setup_teardown(secret_of_the_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(secret_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(secret_stays_secret, setup, teardown),
		cmocka_unit_test_setup_teardown(group_readable_secret, setup, teardown),
		cmocka_unit_test_setup_teardown(drop_ins, setup, teardown),
		cmocka_unit_test_setup_teardown(files_of_others, setup, teardown),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
