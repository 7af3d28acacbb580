/* SPDX-License-Identifier: MIT */
/*
 * Events: the same words in the log and in the file, a file that nobody else can write to, read or bend, and what happens
 * when it cannot grow.
 */
#include "helper/login/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

#include "helper/base/clock.h"
#include "helper/base/json.h"
#include "helper/login/audit_file.h"
#include "helper/login/log.h"

#define TEXT_MAX 8192u

struct world {
	char folder[64];
	char file[80];
	char log[TEXT_MAX]; /* what came so far */
	int log_fd;         /* a pipe, since limits of a file's size are tried */
	int saved_stderr;
};

static const struct audit_event granted = {.kind = AUDIT_SIGN_IN,
					   .priority = LOG_INFO,
					   .result = "granted",
					   .user = "alice",
					   .reference = "7F3K-2Q9M",
					   .cause = "0000-1111",
					   .service = "sshd",
					   .source = "192.0.2.7",
					   .provider = "example",
					   .subject = "s-1",
					   .uid = 1879048192,
					   .detail = "by device"};
#define GRANTED_JSON                                                                                                   \
	"{\"time\":\"2023-11-14T22:13:20Z\",\"decision\":\"sign-in\",\"result\":\"granted\",\"user\":\"alice\","       \
	"\"uid\":1879048192,\"service\":\"sshd\",\"from\":\"192.0.2.7\",\"provider\":\"example\","                     \
	"\"subject\":\"s-1\",\"reference\":\"7F3K-2Q9M\",\"cause\":\"0000-1111\",\"detail\":\"by device\"}\n"

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	int fds[2];

	assert_non_null(w);
	strcpy(w->folder, "/tmp/lk-audit-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	(void)snprintf(w->file, sizeof(w->file), "%s/audit.jsonl", w->folder);
	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	w->log_fd = fds[0];
	w->saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	assert_int_equal(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(close(fds[1]), 0);
	log_open(LOG_TARGET_STDERR);
	clock_freeze(1000000, 1700000000);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char command[96];

	audit_close();
	clock_thaw();
	assert_int_equal(dup2(w->saved_stderr, STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(close(w->saved_stderr), 0);
	assert_int_equal(close(w->log_fd), 0);
	(void)snprintf(command, sizeof(command), "rm -rf %s", w->folder);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): the folder's name is ours */
	free(w);
	return 0;
}

static void read_text(const char *path, char text[TEXT_MAX])
{
	FILE *f = fopen(path, "re");
	size_t n = 0;

	if (f != NULL) {
		n = fread(text, 1, TEXT_MAX - 1, f);
		assert_int_equal(fclose(f), 0);
	}
	text[n] = '\0';
}

static void assert_file(const struct world *w, const char *expected)
{
	char text[TEXT_MAX];

	read_text(w->file, text);
	assert_string_equal(text, expected);
}

static const char *read_log(struct world *w)
{
	size_t len = strlen(w->log);
	ssize_t n = read(w->log_fd, w->log + len, sizeof(w->log) - 1 - len);

	if (n > 0)
		w->log[len + (size_t)n] = '\0';
	return w->log;
}

static unsigned count_in(const char *text, const char *what)
{
	unsigned n = 0;

	for (const char *p = strstr(text, what); p != NULL; p = strstr(p + 1, what))
		n++;
	return n;
}

static unsigned count(const char *path, const char *what)
{
	char text[TEXT_MAX];

	read_text(path, text);
	return count_in(text, what);
}

static void test_same_words(void **state)
{
	struct world *w = *state;
	struct stat st;

	assert_int_equal(audit_open(w->file, false), 0);
	assert_int_equal(audit_admit(&granted), 0);
	assert_file(w, GRANTED_JSON);
	assert_string_equal(read_log(w),
			    "<6>latchkeyd: decision=sign-in result=granted user=alice uid=1879048192 service=sshd "
			    "from=192.0.2.7 provider=example subject=s-1 reference=7F3K-2Q9M cause=0000-1111 "
			    "detail=\"by device\"\n");
	assert_int_equal(stat(w->file, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
}

/* Every kind has a word of its own, and the journal's id is one of 128 bits (the catalog has them: test_packaging). */
static void test_kinds(void **state)
{
	struct world *w = *state;
	char text[TEXT_MAX];
	const char *at;

	assert_int_equal(audit_open(w->file, false), 0);
	for (int i = 0; i < AUDIT_KINDS; i++)
		audit_write(&(struct audit_event){.kind = (enum audit_kind)i, .priority = LOG_INFO, .result = "x"});
	read_text(w->file, text);
	at = text;
	for (int i = 0; i < AUDIT_KINDS; i++) {
		char word[64];

		at = strstr(at, "\"decision\":\"");
		assert_non_null(at);
		(void)snprintf(word, sizeof(word), "%.*s", (int)strcspn(at + 12, "\"") + 13, at);
		assert_int_equal(count(w->file, word), 1);
		assert_true(strlen(word) > 15);
		at++;
	}
	assert_null(strstr(at, "\"decision\""));
}

/* N17, R4, R12: nothing foreign breaks a line, a member or a terminal, and a name that nobody proved is not there. */
static void test_foreign_text(void **state)
{
	struct world *w = *state;
	LK_CLEANUP(json_object_putp) struct json_object *o = NULL;
	struct audit_event e = {.kind = AUDIT_SIGN_IN,
				.priority = LOG_NOTICE,
				.result = "denied",
				.source = "\",\"user\":\"root\"}\n{",
				.service = "back\\slash\x1b[2J",
				.subject = "\xe2\x80\xae\xff"};
	char text[TEXT_MAX], long_text[2000];
	const char *value;

	memset(long_text, '\\', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	e.detail = long_text;
	assert_int_equal(audit_open(w->file, false), 0);
	audit_write(&e);
	read_text(w->file, text);
	assert_int_equal(count(w->file, "\n"), 1);
	assert_int_equal(json_parse(&o, text, strlen(text)), 0);
	assert_int_equal(json_read_string(o, "user", 64, &value), 0);
	assert_string_equal(value, "(unknown)");
	assert_int_equal(json_read_string(o, "from", 64, &value), 0);
	assert_string_equal(value, "','user':'root'}?{");
	assert_int_equal(json_read_string(o, "service", 64, &value), 0);
	assert_string_equal(value, "back\\slash?[2J");
	assert_int_equal(json_read_string(o, "detail", 300, &value), 0);
	assert_string_equal(value + strlen(value) - 3, "...");
	assert_int_equal(count_in(read_log(w), "\n"), 1);
}

/* logrotate moves it away, or makes it short in place: the next event finds its file, and none is lost. */
static void test_rotation(void **state)
{
	struct world *w = *state;
	char moved[96];

	(void)snprintf(moved, sizeof(moved), "%s.1", w->file);
	assert_int_equal(audit_open(w->file, false), 0);
	audit_write(&granted);
	assert_int_equal(rename(w->file, moved), 0);
	audit_write(&granted);
	assert_file(w, GRANTED_JSON);
	assert_int_equal(count(moved, "\n"), 1);
	assert_int_equal(truncate(w->file, 0), 0);
	audit_write(&granted);
	assert_file(w, GRANTED_JSON);
	assert_int_equal(unlink(w->file), 0);
	audit_write(&granted);
	assert_file(w, GRANTED_JSON);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

/* C4: a line that a crash cut off does not become the beginning of the next. */
static void test_torn_line(void **state)
{
	struct world *w = *state;

	write_file(w->file, "{\"time\":\"20", 0600);
	assert_int_equal(audit_open(w->file, false), 0);
	audit_write(&granted);
	assert_file(w, "{\"time\":\"20\n" GRANTED_JSON);
	audit_write(&granted);
	assert_file(w, "{\"time\":\"20\n" GRANTED_JSON GRANTED_JSON);
}

/* L15: what somebody planted in its place is neither followed, nor filled, nor waited for. */
static void test_planted(void **state)
{
	struct world *w = *state;
	char other[96];

	(void)snprintf(other, sizeof(other), "%s/other", w->folder);
	for (int i = 0; i < 6; i++) {
		LK_CLEANUP(audit_file_freep) struct audit_file *f = NULL;
		int expected = 0;

		(void)unlink(w->file);
		(void)rmdir(w->file);
		write_file(other, "", 0600);
		switch (i) {
		case 0:
			assert_int_equal(symlink(other, w->file), 0);
			expected = -ELOOP;
			break;
		case 1:
			assert_int_equal(link(other, w->file), 0);
			expected = -EPERM;
			break;
		case 2:
			assert_int_equal(mkfifo(w->file, 0600), 0);
			expected = -EINVAL;
			break;
		case 3:
			assert_int_equal(mkdir(w->file, 0700), 0);
			expected = -EISDIR;
			break;
		case 4:
			write_file(w->file, "", 0640);
			expected = -EPERM;
			break;
		default:
			assert_int_equal(chmod(w->folder, 0720), 0);
			expected = -EPERM;
			break;
		}
		assert_int_equal(audit_file_new(&f, w->file, false), 0);
		assert_int_equal(audit_file_append(f, "x\n", 2), expected);
		assert_int_equal(count(other, "x"), 0);
	}
	assert_int_equal(chmod(w->folder, 0700), 0);
	audit_close();
	assert_int_equal(audit_open("/no-such-folder/audit.jsonl", false), 0);
	assert_int_equal(count_in(read_log(w), "events are missing"), 1);
}

static void limit_files(rlim_t bytes)
{
	const struct rlimit limit = {.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* C2: a full disk takes a part of a line: it is taken back, said once, and counted; nobody waits for it. */
static void test_full(void **state)
{
	struct world *w = *state;

	assert_int_equal(audit_open(w->file, false), 0);
	assert_int_equal(audit_admit(&granted), 0);
	limit_files(strlen(GRANTED_JSON) + 20);
	for (int i = 0; i < 3; i++)
		assert_int_equal(audit_admit(&granted), 0);
	limit_files(RLIM_INFINITY);
	assert_file(w, GRANTED_JSON);
	assert_int_equal(audit_admit(&granted), 0);
	assert_file(w,
		    GRANTED_JSON "{\"time\":\"2023-11-14T22:13:20Z\",\"decision\":\"gap\",\"result\":\"missing\","
				 "\"user\":\"(unknown)\",\"detail\":\"3 events could not be written\"}\n" GRANTED_JSON);
	assert_int_equal(count_in(read_log(w), "events are missing"), 1);
	assert_int_equal(count_in(read_log(w), "decision=sign-in"), 5);
	assert_int_equal(count_in(read_log(w), "decision=gap"), 1);
}

/* C2: where the file is required, a yes is none without its line, and stands nowhere. */
static void test_required(void **state)
{
	struct world *w = *state;

	assert_int_equal(audit_open(w->file, true), 0);
	assert_int_equal(audit_admit(&granted), 0);
	limit_files(strlen(GRANTED_JSON) + 20);
	assert_int_equal(audit_admit(&granted), -ENOSPC);
	limit_files(strlen(GRANTED_JSON));
	assert_int_equal(audit_admit(&granted), -EFBIG);
	audit_write(&granted);
	limit_files(RLIM_INFINITY);
	assert_file(w, GRANTED_JSON);
	assert_int_equal(count_in(read_log(w), "decision=sign-in"), 2);
	assert_int_equal(audit_admit(&granted), 0);
	assert_int_equal(count(w->file, "3 events"), 1);
	assert_int_equal(chmod(w->file, 0644), 0);
	audit_close();

	assert_int_equal(audit_open(w->file, true), 0);
	assert_int_equal(audit_admit(&granted), -EPERM);
	assert_int_equal(chmod(w->file, 0600), 0);
	assert_int_equal(audit_admit(&granted), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_same_words), T(test_kinds),   T(test_foreign_text), T(test_rotation),
		T(test_torn_line),  T(test_planted), T(test_full),         T(test_required),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
