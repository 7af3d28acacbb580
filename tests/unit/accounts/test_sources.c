/* SPDX-License-Identifier: MIT */
/* Questions to other sources of NSS, with a script in getent's place: what its status means, how questions are shared,
 * queued and remembered, and that nobody waits for ever. I1, I11. */
#include "helper/accounts/sources.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "helper/base/clock.h"
#include "tests/unit/scratch.h"

#define UID UINT32_C(1879048192)
#define GID UINT32_C(1879048193)
#define INHERITED 77 /* a descriptor that the child must not have */

/* Writes down how it was called, and answers by the key. "gate" is a FIFO: who opens it stands there. */
static const char script[] = "#!/bin/sh\n"
			     "here=${0%/*}\n"
			     "echo \"$# $1 $2 $3 $4\" >> \"$here/calls\"\n"
			     "[ -e /proc/$$/fd/77 ] && exit 0\n"
			     "[ -n \"$SECRET\" ] && exit 0\n"
			     "[ \"$SYSTEMD_BYPASS_USERDB\" = io.latchkey ] || exit 0\n"
			     "case $4 in\n"
			     "known) exit 0 ;;\n"
			     "group-only) [ $3 = group ] && exit 0 ;;\n"
			     "1879048192) [ -e \"$here/uid-$3\" ] && exit 0 ;;\n"
			     "1879048193) [ -e \"$here/gid-$3\" ] && exit 0 ;;\n"
			     "broken) exit 3 ;;\n"
			     "killed) kill -9 $$ ;;\n"
			     "chatty) while echo no end; do :; done ;;\n"
			     "gate*) read -r line < \"$here/gate\" ;;\n"
			     "esac\n"
			     "exit 2\n";

struct world {
	struct scratch scratch;
	char nsswitch[96], getent[96];
	sd_event *event;
	struct sources *sources;
	struct sources_answer answer;
	unsigned n_answers;
};

static void write_text(struct world *w, const char *name, const char *text, mode_t mode)
{
	assert_true(scratch_write(&w->scratch, name, text, strlen(text), mode));
}

static void open_sources(struct world *w, uint32_t deadline_ms)
{
	const struct sources_settings settings = {
		.nsswitch = w->nsswitch, .getent = w->getent, .deadline_ms = deadline_ms};

	sources_free(w->sources);
	assert_int_equal(sources_new(&w->sources, w->event, &settings), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	sigset_t child;

	assert_non_null(w);
	assert_true(scratch_new(&w->scratch));
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	assert_int_equal(sigprocmask(SIG_BLOCK, &child, NULL), 0);
	assert_int_equal(sd_event_new(&w->event), 0);
	(void)snprintf(w->nsswitch, sizeof(w->nsswitch), "%s/nsswitch.conf", w->scratch.path);
	(void)snprintf(w->getent, sizeof(w->getent), "%s/getent", w->scratch.path);
	write_text(w, "nsswitch.conf", "passwd: files latchkey sss ldap\ngroup: files sss\n", 0644);
	write_text(w, "getent", script, 0755);
	assert_int_equal(mkfifo(scratch_name(&w->scratch, "gate"), 0600), 0);
	open_sources(w, 30000);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	clock_thaw();
	sources_free(w->sources);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
	sd_event_unref(w->event);
	scratch_done(&w->scratch);
	free(w);
	return 0;
}

static void on_answer(void *userdata, const struct sources_answer *answer)
{
	struct world *w = userdata;

	w->answer = *answer;
	w->n_answers++;
}

static struct sources_question question(const char *name, uint32_t uid, uint32_t gid)
{
	struct sources_question q = {.uid = uid, .gid = gid};

	(void)snprintf(q.name, sizeof(q.name), "%s", name);
	return q;
}

static void run_until(struct world *w, unsigned n_answers)
{
	while (w->n_answers < n_answers)
		assert_true(sd_event_run(w->event, UINT64_MAX) >= 0);
}

static enum sources_outcome ask(struct world *w, const char *name, uint32_t uid, uint32_t gid)
{
	const struct sources_question q = question(name, uid, gid);
	struct sources_wait *wait = NULL;
	unsigned before = w->n_answers;

	assert_in_range(sources_ask(&wait, w->sources, &q, on_answer, w), 0, 1);
	run_until(w, before + 1);
	return w->answer.outcome;
}

/* What was called so far, and an empty page from here on. */
static const char *calls(struct world *w)
{
	static char text[8192];
	int fd = open(scratch_name(&w->scratch, "calls"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	assert_true(n >= 0);
	text[n] = '\0';
	assert_int_equal(ftruncate(fd, 0), 0);
	(void)close(fd);
	return text;
}

static void test_nobody(void **state)
{
	struct world *w = *state;

	assert_int_equal(dup2(1, INHERITED), INHERITED);
	assert_int_equal(setenv("SECRET", "x", 1), 0);
	assert_int_equal(ask(w, "alice", UID, GID), SOURCES_NOBODY);
	(void)close(INHERITED);
	(void)unsetenv("SECRET");
	assert_string_equal(calls(w), "4 -s sss ldap passwd alice\n4 -s sss group alice\n"
				      "4 -s sss ldap passwd 1879048192\n4 -s sss group 1879048192\n"
				      "4 -s sss ldap passwd 1879048193\n4 -s sss group 1879048193\n");
	assert_string_equal(w->answer.detail, "");
}

static void test_known(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask(w, "known", UID, UID), SOURCES_NAME);
	assert_string_equal(w->answer.detail, "the name is somebody's: getent -s 'sss ldap' passwd known");
	assert_string_equal(calls(w), "4 -s sss ldap passwd known\n");
	assert_int_equal(ask(w, "group-only", 0, 0), SOURCES_NAME);
	write_text(w, "uid-group", "", 0600);
	assert_int_equal(ask(w, "alice", UID, UID), SOURCES_ID);
	assert_int_equal(w->answer.id, UID);
	assert_string_equal(w->answer.detail, "the number is somebody's: getent -s 'sss' group 1879048192");
	write_text(w, "gid-passwd", "", 0600);
	assert_int_equal(ask(w, "bob", 0, GID), SOURCES_ID);
	assert_int_equal(w->answer.id, GID);
}

/* What cannot be asked lets nobody new in. */
static void test_faults(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask(w, "broken", 0, 0), SOURCES_UNKNOWN);
	assert_string_equal(w->answer.detail, "it ended in an error: getent -s 'sss ldap' passwd broken");
	assert_int_equal(ask(w, "killed", 0, 0), SOURCES_UNKNOWN);
	assert_int_equal(unlink(w->getent), 0);
	assert_int_equal(ask(w, "alice", 0, 0), SOURCES_UNKNOWN);
	write_text(w, "nsswitch.conf", "passwd: files !sss\n", 0644);
	assert_int_equal(ask(w, "alice", 0, 0), SOURCES_UNKNOWN);
	assert_non_null(strstr(w->answer.detail, "nsswitch.conf cannot be used"));
	write_text(w, "nsswitch.conf", "passwd: files\n", 0666);
	assert_int_equal(ask(w, "alice", 0, 0), SOURCES_UNKNOWN);
}

/* The child that stands before the gate for ever, and the one that talks for ever, are killed. */
static void test_deadline(void **state)
{
	struct world *w = *state;

	open_sources(w, 50);
	assert_int_equal(ask(w, "gate", 0, 0), SOURCES_UNKNOWN);
	assert_string_equal(w->answer.detail, "no answer in time: getent -s 'sss ldap' passwd gate");
	assert_int_equal(ask(w, "chatty", 0, 0), SOURCES_UNKNOWN);
}

static void test_no_other_source(void **state)
{
	struct world *w = *state;

	write_text(w, "nsswitch.conf", "passwd: files latchkey\ngroup: files latchkey\n", 0644);
	assert_int_equal(ask(w, "known", UID, UID), SOURCES_NOBODY);
	assert_int_equal(unlink(w->nsswitch), 0);
	assert_int_equal(ask(w, "known", UID, UID), SOURCES_NOBODY);
	assert_string_equal(calls(w), "");
	/* authselect makes a link of it. */
	write_text(w, "chosen", "group: sss\n", 0644);
	assert_int_equal(symlink("chosen", w->nsswitch), 0);
	assert_int_equal(ask(w, "known", 0, 0), SOURCES_NAME);
	assert_string_equal(calls(w), "4 -s sss group known\n");
}

static void test_shared_and_remembered(void **state)
{
	struct world *w = *state;
	const struct sources_question q = question("alice", UID, UID);
	struct sources_wait *waits[3] = {NULL};

	clock_freeze(1000000, 1700000000);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(sources_ask(&waits[i], w->sources, &q, on_answer, w), 0);
	sources_wait_cancel(waits[1]);
	run_until(w, 2);
	assert_int_equal(strlen(calls(w)), strlen("4 -s sss ldap passwd alice\n4 -s sss group alice\n"
						  "4 -s sss ldap passwd 1879048192\n4 -s sss group 1879048192\n"));

	write_text(w, "uid-passwd", "", 0600);
	assert_int_equal(ask(w, "alice", UID, UID), SOURCES_NOBODY);
	assert_string_equal(calls(w), "");
	clock_freeze(1000000 + 180000, 1700000180);
	assert_int_equal(ask(w, "alice", UID, UID), SOURCES_ID);
	assert_int_equal(ask(w, "alice", UID, UID), SOURCES_ID);
	assert_non_null(strstr(w->answer.detail, "passwd 1879048192"));
	assert_int_equal(w->n_answers, 5);
}

/* Four children at a time; who waits in the queue and leaves is not asked for. With 128 questions open there is no room. */
static void test_bounds(void **state)
{
	struct world *w = *state;
	struct sources_wait *waits[128] = {NULL};
	char name[NAME_MAX_LEN + 1];
	struct sources_question q;
	int gate;

	for (unsigned i = 0; i < 128; i++) {
		(void)snprintf(name, sizeof(name), "gate%u", i);
		q = question(name, 0, 0);
		assert_int_equal(sources_ask(&waits[i], w->sources, &q, on_answer, w), 0);
	}
	assert_int_equal(ask(w, "one-more", 0, 0), SOURCES_UNKNOWN);
	assert_string_equal(w->answer.detail, "too many questions to other name services are open");
	for (unsigned i = 0; i < 10; i++)
		assert_true(sd_event_run(w->event, 0) >= 0);
	for (unsigned i = 4; i < 128; i++)
		sources_wait_cancel(waits[i]);
	/* The four go through the gate, in both databases; nobody else ever comes to it. */
	gate = open(scratch_name(&w->scratch, "gate"), O_RDWR | O_CLOEXEC);
	assert_true(gate >= 0);
	assert_int_equal(write(gate, "\n\n\n\n\n\n\n\n", 8), 8);
	run_until(w, 5);
	(void)close(gate);
	assert_int_equal(ask(w, "alice", 0, 0), SOURCES_NOBODY);
	assert_null(strstr(calls(w), "gate4"));
}

/* With children under way everything can end at once. */
static void test_freed(void **state)
{
	struct world *w = *state;
	const struct sources_question q = question("gate", 0, 0);
	struct sources_wait *wait;

	assert_int_equal(sources_ask(&wait, w->sources, &q, on_answer, w), 0);
	assert_true(sd_event_run(w->event, 0) >= 0);
	sources_free(LK_STEAL(w->sources));
	assert_int_equal(w->n_answers, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_nobody),   TEST(test_known),           TEST(test_faults),
		TEST(test_deadline), TEST(test_no_other_source), TEST(test_shared_and_remembered),
		TEST(test_bounds),   TEST(test_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
