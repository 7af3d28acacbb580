/* SPDX-License-Identifier: MIT */
/*
 * kill -9 at each step of a rotation: before and after each write of the store, before and after the request is sent, before
 * and after its answer. The provider rotates and takes a token that is shown twice for stolen. Threats C1, R14.
 *
 * Calls by which SQLite changes files come here first: a definition in the program goes before the library's.
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/login/recheck_world.h"

/* What outlives the helper: the provider, and how far it came. */
struct outside {
	unsigned valid;     /* the number of the one refresh token that works */
	bool is_revoked;    /* the family: a used one was shown again */
	unsigned shown;     /* how many were */
	unsigned steps;     /* so far */
	unsigned killed_at; /* this step; 0: none */
};

static struct outside *outside;
static bool is_victim;

static void step(void)
{
	if (!is_victim)
		return;
	if (++outside->steps == outside->killed_at)
		(void)kill(getpid(), SIGKILL);
}

/* Before the call, and after it. */
#define KILLED_AROUND(type, name, parameters, arguments)                                                               \
	__attribute__((visibility("default"))) type name parameters                                                    \
	{                                                                                                              \
		type(*next) parameters;                                                                                \
		type result;                                                                                           \
                                                                                                                       \
		*(void **)&next = dlsym(RTLD_NEXT, #name);                                                             \
		step();                                                                                                \
		result = next arguments;                                                                               \
		step();                                                                                                \
		return result;                                                                                         \
	}

KILLED_AROUND(ssize_t, pwrite64, (int fd, const void *bytes, size_t len, off64_t at), (fd, bytes, len, at))
KILLED_AROUND(ssize_t, pwrite, (int fd, const void *bytes, size_t len, off_t at), (fd, bytes, len, at))
KILLED_AROUND(int, fdatasync, (int fd), (fd))
KILLED_AROUND(int, fsync, (int fd), (fd))
KILLED_AROUND(int, ftruncate64, (int fd, off64_t len), (fd, len))
KILLED_AROUND(int, ftruncate, (int fd, off_t len), (fd, len))
KILLED_AROUND(int, unlink, (const char *path), (path))

/* The provider's answer to the request that waits: the next token for the valid one, and the end of the family for any other. */
static void provider_answers(void)
{
	unsigned number = (unsigned)strtoul(fake.refreshed + strlen("rt-"), NULL, 10);
	bool is_again = fake.was_again;
	char next[32];

	outside->shown++;
	if (number != outside->valid)
		outside->is_revoked = true;
	if (outside->is_revoked) {
		step();
		/* as refresh_start() has it for a token whose answer was lost before */
		fake_refreshed(is_again ? REFRESH_DEAD : REFRESH_GONE, NULL, NULL, NULL, 0);
		return;
	}
	outside->valid++;
	step();
	(void)snprintf(next, sizeof(next), "rt-%u", outside->valid);
	fake_refreshed(REFRESH_DONE, next, "at", "id", 300);
	fake_identity(OAUTH_DONE, ISSUER, ALICE_ID, ALICE);
}

/* One helper from its start: it is asked, and asks. Return: the outcome. */
static int helper(struct alice *a)
{
	struct answer answer;

	world_open_store(a->w);
	store_use_seal(a->w->ctx.store, a->seal);
	a->w->ctx.is_map_current = true;
	if (ask(a, &answer, 0) == 0) {
		step();
		fake_prepared(OAUTH_DONE);
		if (fake.refresh_done != NULL) {
			step();
			provider_answers();
		}
	}
	assert_int_equal(answer.told, 1);
	world_close_store(a->w);
	return (int)answer.result.outcome;
}

/* Return: an outcome, or -1 for one that was killed. */
static int in_a_process(struct alice *a, unsigned killed_at)
{
	int status = 0;
	pid_t pid;

	outside->steps = 0;
	outside->killed_at = killed_at;
	(void)fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		is_victim = true;
		_exit(helper(a));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGKILL);
		return -1;
	}
	return WEXITSTATUS(status);
}

/* A new sign-in, as the person makes it: with a family of tokens of its own. */
static void heal(struct alice *a)
{
	char token[32];

	outside->is_revoked = false;
	outside->valid += 100;
	(void)snprintf(token, sizeof(token), "rt-%u", outside->valid);
	world_open_store(a->w);
	store_use_seal(a->w->ctx.store, a->seal);
	sign_in_alice(a, token, "at");
	world_close_store(a->w);
}

/* What the store has after a good answer is the one token that works. */
static void assert_token_works(struct alice *a)
{
	char token[32];

	(void)snprintf(token, sizeof(token), "rt-%u", outside->valid);
	world_open_store(a->w);
	store_use_seal(a->w->ctx.store, a->seal);
	assert_kept(a, token, false);
	assert_int_equal(standing_of(a).state, STANDING_GOOD);
	world_close_store(a->w);
}

static void at_each_step(void **state)
{
	struct alice *a = *state;
	unsigned n_good = 0, n_sign_in = 0, n;

	world_close_store(a->w);
	heal(a);
	for (n = 1;; n++) {
		int outcome = in_a_process(a, n);
		unsigned shown = outside->shown;

		if (outcome != -1) {
			assert_int_equal(outcome, RECHECK_GOOD);
			break;
		}
		/* The next helper: a token that works, or a clean "sign in again"; and it asked once at most. */
		outcome = in_a_process(a, 0);
		assert_in_range(outside->shown - shown, 0, 1);
		if (outcome == RECHECK_NO_TOKEN) {
			n_sign_in++;
			assert_int_equal(in_a_process(a, 0), RECHECK_NO_TOKEN);
			heal(a);
		} else {
			assert_int_equal(outcome, RECHECK_GOOD);
			n_good++;
		}
		assert_token_works(a);
	}
	/* Both ends are seen, and the steps are those of three transactions and more. */
	assert_true(n > 20);
	assert_true(n_good > 0);
	assert_true(n_sign_in > 0);
	world_open_store(a->w); /* for the teardown */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(at_each_step, alice_setup, alice_teardown),
	};

	outside = mmap(NULL, sizeof(*outside), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (outside == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
