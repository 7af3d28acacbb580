/* SPDX-License-Identifier: MIT */
/*
 * "latchkey doctor" says how a stack of PAM modules ends; this holds it against Linux-PAM. Stacks are made at random, with
 * brackets, jumps, includes and substacks, of modules whose answer is known; both go through the same files. Needs root,
 * whose files they must be.
 *
 * usage: pam_stacks NUMBER      writes to /etc/pam.d, which must be the test's own
 */
#include <dlfcn.h>
#include <errno.h>
#include <security/pam_appl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/doctor/pam_run.h"
#include "helper/doctor/places.h"

#define FOLDER "/etc/pam.d"
#define LINES_MAX 7u
#define SERVICES 4u

static uint64_t seed = 20261126;

static unsigned below(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % n;
}

static const char *word_of(const char *const *words, size_t n)
{
	return words[below((unsigned)n)];
}

/* What a control may be made of. */
static const char *const codes[] = {"success", "auth_err", "perm_denied", "ignore", "default", "user_unknown"};
static const char *const actions[] = {"ok", "done", "bad", "die", "ignore", "reset", "1", "2", "3", "nonsense"};
static const char *const plain[] = {"required", "requisite", "sufficient", "optional", "Required", "wrong"};
/* In the phase auth: success, auth_err, ignore, and perm_denied for whom /etc/passwd does not know. */
static const char *const modules[] = {"pam_permit.so",    "pam_deny.so",   "pam_warn.so",
				      "pam_localuser.so", "pam_permit.so", "pam_localuser.so  file=/etc/passwd"};
static const char *const odd[] = {"",
				  "# nothing",
				  "account required pam_deny.so",
				  "auth required",
				  "auth \\",
				  "-auth required pam_permit.so # why",
				  "auth include missing"};

#define N(list) (sizeof(list) / sizeof((list)[0]))

static void write_control(FILE *f)
{
	unsigned n = 1 + below(3);

	if (below(2) == 0) {
		(void)fprintf(f, "%s", word_of(plain, N(plain)));
		return;
	}
	(void)fputc('[', f);
	for (unsigned i = 0; i < n; i++)
		(void)fprintf(f, "%s%s=%s", i > 0 ? " " : "", word_of(codes, N(codes)), word_of(actions, N(actions)));
	(void)fputc(']', f);
}

/* A service includes those behind it alone. */
static void write_line(FILE *f, unsigned service)
{
	unsigned kind = below(12);

	if (kind == 0 && service == 0 && below(4) == 0) {
		/* Where an "auth include" led here it is no fault to Linux-PAM, or is one: its actions are never set then. */
		(void)fputs("@include missing\n", f);
	} else if (kind == 0) {
		(void)fprintf(f, "%s\n", word_of(odd, N(odd)));
	} else if (kind <= 3 && service + 1 < SERVICES) {
		static const char *const ways[] = {"auth include", "auth substack", "@include"};

		(void)fprintf(f, "%s service%u\n", ways[kind - 1], service + 1 + below(SERVICES - service - 1));
	} else {
		(void)fputs("auth\t", f);
		write_control(f);
		(void)fprintf(f, " %s\n", word_of(modules, N(modules)));
	}
}

static int write_services(void)
{
	for (unsigned s = 0; s < SERVICES; s++) {
		char path[512];
		FILE *f;

		(void)snprintf(path, sizeof(path), FOLDER "/service%u", s);
		f = fopen(path, "we");
		if (f == NULL)
			return -errno;
		for (unsigned n = 1 + below(LINES_MAX); n > 0; n--)
			write_line(f, s);
		(void)fclose(f);
	}
	return 0;
}

static int mute(int n, const struct pam_message **messages, struct pam_response **responses, void *userdata)
{
	(void)messages;
	(void)userdata;
	*responses = calloc((size_t)n, sizeof(**responses));
	return *responses != NULL ? PAM_SUCCESS : PAM_BUF_ERR;
}

static bool linux_pam_lets_in(const char *user)
{
	const struct pam_conv conversation = {mute, NULL};
	pam_handle_t *pamh = NULL;
	int r;

	r = pam_start("service0", user, &conversation, &pamh);
	if (r == PAM_SUCCESS)
		r = pam_authenticate(pamh, PAM_SILENT);
	if (pamh != NULL)
		(void)pam_end(pamh, r);
	return r == PAM_SUCCESS;
}

static bool doctor_lets_in(bool is_local)
{
	const struct pam_scenario scenario = {.phase = PAM_PHASE_AUTH, .is_local = is_local};
	struct pam_stack stack = {0};
	struct pam_ends ends;
	char why[256];

	if (pam_stack_load(&stack, "", "service0", PAM_PHASE_AUTH, why, sizeof(why)) < 0)
		return false;
	pam_run(&ends, &stack, &scenario);
	pam_stack_done(&stack);
	return ends.can_succeed_unasked;
}

static void show(void)
{
	(void)fflush(stdout);
	if (system("cd " FOLDER " && head service*") != 0)
		(void)printf("no services\n");
}

/* Linux-PAM loads modules for each stack anew; those that stay loaded cost less. */
static void keep_loaded(void)
{
	static const char *const names[] = {"pam_permit.so", "pam_deny.so", "pam_warn.so", "pam_localuser.so"};

	for (size_t i = 0; i < N(names); i++) {
		char path[512];

		(void)snprintf(path, sizeof(path), "%s/%s", place_pam, names[i]);
		(void)dlopen(path, RTLD_NOW);
	}
}

int main(int argc, char **argv)
{
	static const char *const users[] = {"nobody-of-that-name", "root"};
	unsigned let_in = 0, number;

	if (argc != 2)
		return 2;
	keep_loaded();
	number = (unsigned)strtoul(argv[1], NULL, 10);
	for (unsigned i = 0; i < number; i++) {
		if (write_services() < 0)
			return 2;
		for (unsigned u = 0; u < N(users); u++) {
			bool expected = linux_pam_lets_in(users[u]);

			let_in += expected;
			if (doctor_lets_in(u == 1) == expected)
				continue;
			(void)printf("stack %u, %s: Linux-PAM %s\n", i, users[u], expected ? "lets in" : "refuses");
			show();
			return 1;
		}
	}
	(void)printf("%u stacks, %u of %u ways let in\n", number, let_in, number * 2);
	/* Both ends must be common, or nothing was compared. */
	return let_in > number / 8 && let_in < number ? 0 : 1;
}
