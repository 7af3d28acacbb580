/* SPDX-License-Identifier: MIT */
/*
 * Walks a stack of PAM modules. Of modules that are not known here any answer is possible, so every one is tried: what can
 * be let in by none of them is let in by nobody.
 */
#include "helper/doctor/pam_run.h"

#include <string.h>

#define STEPS_MAX 200000u
#define ANSWERS_MAX 4u

enum impression {
	UNDECIDED,
	POSITIVE,
	NEGATIVE,
};

struct state {
	enum impression impression;
	int status;
};

struct walk {
	const struct pam_stack *stack;
	const struct pam_scenario *scenario;
	struct pam_ends *ends;
	unsigned steps;
};

/* A way through the stack, as far as it has been gone. */
struct way {
	size_t at;
	struct state now;
	struct state begun[PAM_STACK_LEVELS]; /* what "reset" goes back to, by level */
	bool is_asked;
};

/* Modules that decide nothing about who somebody is: where they are well set up they say yes, or nothing. */
static const char *const attendants[] = {
	"pam_cap.so",     "pam_cgroup.so",    "pam_debug.so",         "pam_ecryptfs.so",  "pam_env.so",
	"pam_exec.so",    "pam_faildelay.so", "pam_gnome_keyring.so", "pam_issue.so",     "pam_keyinit.so",
	"pam_lastlog.so", "pam_limits.so",    "pam_loginuid.so",      "pam_mail.so",      "pam_mkhomedir.so",
	"pam_motd.so",    "pam_namespace.so", "pam_nologin.so",       "pam_securetty.so", "pam_selinux.so",
	"pam_shells.so",  "pam_systemd.so",   "pam_umask.so",         "pam_umount.so",    "pam_time.so",
	"pam_access.so",  "pam_faillock.so",
};

static unsigned put(int *answers, unsigned n, int code)
{
	answers[n] = code;
	return n + 1;
}

static bool is_attendant(const struct pam_rule *r)
{
	for (size_t i = 0; i < sizeof(attendants) / sizeof(attendants[0]); i++)
		if (pam_rule_is(r, attendants[i]))
			return true;
	return false;
}

/* What pam_unix says: of an account of Latchkey's it knows no password, but knows the account. */
static unsigned unix_answers(const struct pam_scenario *s, int *answers)
{
	unsigned n = 0;

	if (s->phase != PAM_PHASE_AUTH)
		return put(answers, n, PAM_CODE_SUCCESS);
	n = put(answers, n, PAM_CODE_AUTH_ERR);
	return s->is_local || s->passwords_count ? put(answers, n, PAM_CODE_SUCCESS) : n;
}

static unsigned answers_of(const struct pam_scenario *s, const struct pam_rule *r, int *answers)
{
	unsigned n = 0;

	if (r->kind == PAM_RULE_FAULT || pam_rule_is(r, "pam_deny.so"))
		return put(answers, n, PAM_CODE_AUTH_ERR);
	if (pam_rule_is(r, "pam_latchkey.so"))
		return put(answers, n, s->latchkey);
	if (pam_rule_is(r, "pam_unix.so"))
		return unix_answers(s, answers);
	if (pam_rule_is(r, "pam_permit.so"))
		return put(answers, n, PAM_CODE_SUCCESS);
	if (pam_rule_is(r, "pam_warn.so"))
		return put(answers, n, PAM_CODE_IGNORE);
	if (pam_rule_is(r, "pam_localuser.so"))
		return put(answers, n, s->is_local ? PAM_CODE_SUCCESS : PAM_CODE_PERM_DENIED);
	/* The one who asks is root then, not the one who comes in. */
	if (pam_rule_is(r, "pam_rootok.so"))
		return put(answers, n, PAM_CODE_AUTH_ERR);
	n = put(answers, n, PAM_CODE_SUCCESS);
	n = put(answers, n, PAM_CODE_IGNORE);
	return is_attendant(r) ? n : put(answers, n, PAM_CODE_AUTH_ERR);
}

/* --- Linux-PAM's rules ------------------------------------------------------------------------------------------------- */

static void take_good(struct state *s, int code)
{
	if (s->impression != UNDECIDED && !(s->impression == POSITIVE && s->status == PAM_CODE_SUCCESS))
		return;
	s->impression = POSITIVE;
	s->status = code;
}

static void take_bad(struct state *s, int code)
{
	if (s->impression == NEGATIVE)
		return;
	s->impression = NEGATIVE;
	s->status = code == PAM_CODE_SUCCESS || code == PAM_CODE_IGNORE ? PAM_CODE_PERM_DENIED : code;
}

/* The next rule behind the substack, or the stack, that @at is in. */
static size_t behind(const struct pam_stack *s, size_t at)
{
	unsigned level = s->rules[at].level;

	do
		at++;
	while (at < s->n && s->rules[at].level >= level);
	return at;
}

/* A jump counts a substack as one, and ends with the one that it is in. */
static void jump(const struct pam_stack *s, struct way *w, int n)
{
	unsigned level = s->rules[w->at].level;
	size_t last = w->at;

	while (n > 0 && last + 1 < s->n && s->rules[last + 1].level >= level) {
		do
			last++;
		while (last + 1 < s->n && s->rules[last + 1].level > level);
		n--;
	}
	if (n > 0)
		take_bad(&w->now, PAM_CODE_PERM_DENIED);
	w->at = last + 1;
}

static void take_code(const struct pam_stack *s, struct way *w, int code)
{
	const struct pam_rule *r = &s->rules[w->at];
	int action = r->actions[code];

	switch (action) {
	case PAM_DO_RESET:
		w->now = w->begun[r->level];
		break;
	case PAM_DO_OK:
	case PAM_DO_DONE:
		take_good(&w->now, code);
		if (action == PAM_DO_DONE && w->now.impression == POSITIVE) {
			w->at = behind(s, w->at);
			return;
		}
		break;
	case PAM_DO_BAD:
	case PAM_DO_DIE:
		take_bad(&w->now, code);
		if (action == PAM_DO_DIE) {
			w->at = behind(s, w->at);
			return;
		}
		break;
	case PAM_DO_IGNORE:
		break;
	default:
		jump(s, w, action);
		return;
	}
	w->at++;
}

/* --- all ways ---------------------------------------------------------------------------------------------------------- */

static void end_way(struct pam_ends *ends, const struct way *w)
{
	if (w->now.impression != POSITIVE || w->now.status != PAM_CODE_SUCCESS)
		return;
	if (w->is_asked)
		ends->can_succeed = true;
	else
		ends->can_succeed_unasked = true;
}

static void go(struct walk *walk, struct way w)
{
	const struct pam_stack *s = walk->stack;

	while (w.at < s->n) {
		const struct pam_rule *r = &s->rules[w.at];
		int answers[ANSWERS_MAX];
		unsigned n;

		if (++walk->steps > STEPS_MAX) {
			walk->ends->is_too_complex = true;
			return;
		}
		if (r->kind == PAM_RULE_SUBSTACK) {
			w.begun[r->level + 1] = w.now;
			w.at++;
			continue;
		}
		if (pam_rule_is(r, "pam_latchkey.so")) {
			w.is_asked = true;
			walk->ends->is_asked = true;
		}
		n = answers_of(walk->scenario, r, answers);
		for (unsigned i = 1; i < n; i++) {
			struct way other = w;

			take_code(s, &other, answers[i]);
			go(walk, other);
		}
		take_code(s, &w, answers[0]);
	}
	end_way(walk->ends, &w);
}

void pam_run(struct pam_ends *ret, const struct pam_stack *s, const struct pam_scenario *scenario)
{
	struct walk walk = {.stack = s, .scenario = scenario, .ends = ret};
	const struct way start = {.now = {UNDECIDED, PAM_CODE_PERM_DENIED}};

	*ret = (struct pam_ends){0};
	go(&walk, start);
}
