/* SPDX-License-Identifier: MIT */
/*
 * The PAM stacks of the services that let people in: is pam_latchkey asked, does its no end it, does its yes count, and
 * do local accounts come in without it. Where a stack is judged, every answer of the other modules is tried.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/doctor/checks.h"
#include "helper/doctor/pam_run.h"
#include "helper/doctor/places.h"

#define MODULE "pam_latchkey.so"
#define PROFILE "pam-auth-update --enable latchkey"
#define LINE_CONTROL "[success=done user_unknown=ignore module_unknown=ignore default=die]"

/* The first one must know accounts of Latchkey; of the others those that are there and do. */
static const char *const services[] = {"sshd", "login", "sudo", "su", "cron", NULL};

struct stack {
	const char *service;
	bool is_wanted; /* people of Latchkey come in here */
	struct pam_stack rules;
};

/* What else a no can be, see pam_module/verdict.c. */
static const int refusals[] = {PAM_CODE_PERM_DENIED,
			       PAM_CODE_AUTH_ERR,
			       PAM_CODE_CRED_INSUFFICIENT,
			       PAM_CODE_AUTHINFO_UNAVAIL,
			       PAM_CODE_MAXTRIES,
			       PAM_CODE_SYSTEM_ERR,
			       PAM_CODE_ABORT};
static const char *const refusal_names[] = {
	"perm_denied", "auth_err", "cred_insufficient", "authinfo_unavail", "maxtries", "system_err", "abort"};

/* Return: false, and it was said why, or there is nothing to say. */
static bool load(struct doctor *d, struct stack *s, enum pam_phase phase)
{
	char why[256];
	int r = pam_stack_load(&s->rules, d->root, s->service, phase, why, sizeof(why));

	if (r == 0)
		return true;
	if (s->is_wanted) {
		doctor_say(d, DOCTOR_FAULT, "%s", why);
		doctor_mend(d, "PAM lets nobody in by a file that it cannot read: put it right, root's alone to write");
	}
	return false;
}

/* A service of the list that has no file of its own does not count. */
static bool has_file(const struct doctor *d, const char *service)
{
	char path[PATH_MAX], full[PATH_MAX];

	(void)snprintf(path, sizeof(path), "/etc/pam.d/%.64s", service);
	doctor_path(d, full, path);
	return access(full, F_OK) == 0;
}

static void each_stack(struct doctor *d, enum pam_phase phase, void (*look)(struct doctor *d, const struct stack *s))
{
	const char *const named[] = {d->options->service, NULL};
	const char *const *list = d->options->service ? named : services;

	for (size_t i = 0; list[i]; i++) {
		struct stack s = {.service = list[i], .is_wanted = i == 0};

		if (!s.is_wanted && !has_file(d, s.service))
			continue;
		if (load(d, &s, phase))
			look(d, &s);
		pam_stack_done(&s.rules);
	}
}

static void run(struct pam_ends *ret, const struct stack *s, enum pam_phase phase, bool is_local, bool passwords,
		int code)
{
	const struct pam_scenario scenario = {
		.phase = phase, .is_local = is_local, .passwords_count = passwords, .latchkey = code};

	pam_run(ret, &s->rules, &scenario);
}

static bool is_bracket(const struct pam_rule *r)
{
	/* No word gives these two to one code. */
	return r->actions[PAM_CODE_USER_UNKNOWN] == PAM_DO_IGNORE && r->actions[PAM_CODE_PERM_DENIED] != PAM_DO_IGNORE;
}

/* A mend of the line's control: written anew where it is one of the four words. */
static void mend_control(struct doctor *d, const struct pam_rule *r)
{
	doctor_mend(d, "write %s in line %u of /etc/pam.d/%s", LINE_CONTROL, r->line, r->file);
	if (!is_bracket(r))
		doctor_mend_by(d,
			       "sed -i -E '%us/^([[:space:]]*-?[a-z]+[[:space:]]+)(\\[[^]]*\\]|[a-z]+)/\\1%s/' "
			       "/etc/pam.d/%s",
			       r->line, LINE_CONTROL, r->file);
}

/* --- is a no a no ------------------------------------------------------------------------------------------------------ */

static bool look_at_refusals(struct doctor *d, const struct stack *s, enum pam_phase phase, const struct pam_rule *rule)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct pam_ends ends;

		run(&ends, s, phase, false, true, refusals[i]);
		if (ends.is_too_complex) {
			doctor_say(d, DOCTOR_UNSEEN, "%s, %s: more ways through the stack than can be tried",
				   s->service, pam_phase_name(phase));
			return false;
		}
		if (!ends.can_succeed)
			continue;
		doctor_say(d, DOCTOR_FAULT, "%s, %s: a refusal of Latchkey (%s) is discarded", s->service,
			   pam_phase_name(phase), refusal_names[i]);
		mend_control(d, rule);
		return false;
	}
	return true;
}

static bool look_at_yes(struct doctor *d, const struct stack *s, enum pam_phase phase, const struct pam_rule *rule)
{
	struct pam_ends ends;

	run(&ends, s, phase, false, false, PAM_CODE_SUCCESS);
	if (ends.can_succeed)
		return true;
	doctor_say(d, DOCTOR_FAULT, "%s, %s: a yes of Latchkey is not enough: a module behind it or before it says no",
		   s->service, pam_phase_name(phase));
	doctor_mend(d, "pam_latchkey (line %u of /etc/pam.d/%s) must stand before pam_unix and pam_deny; %s does that",
		    rule->line, rule->file, PROFILE);
	return false;
}

static void say_missing(struct doctor *d, const struct stack *s, enum pam_phase phase)
{
	doctor_say(d, s->is_wanted ? DOCTOR_FAULT : DOCTOR_NOTE, "%s, %s: pam_latchkey is not asked%s", s->service,
		   pam_phase_name(phase),
		   phase == PAM_PHASE_ACCOUNT ? ": who is gone at the provider comes in by other ways" : "");
	doctor_mend_by(d, PROFILE);
}

static void look_at_auth(struct doctor *d, const struct stack *s)
{
	const struct pam_rule *rule = pam_stack_find(&s->rules, MODULE);
	struct pam_ends ends;

	if (!rule) {
		if (s->is_wanted)
			say_missing(d, s, PAM_PHASE_AUTH);
		return;
	}
	if (!look_at_refusals(d, s, PAM_PHASE_AUTH, rule) || !look_at_yes(d, s, PAM_PHASE_AUTH, rule))
		return;
	run(&ends, s, PAM_PHASE_AUTH, false, false, PAM_CODE_SUCCESS);
	if (ends.can_succeed_unasked) {
		doctor_say(d, DOCTOR_NOTE, "%s, auth: another module can let somebody in before Latchkey is asked",
			   s->service);
		doctor_mend(d, "put pam_latchkey (line %u of /etc/pam.d/%s) before it", rule->line, rule->file);
	}
}

void check_pam_auth(struct doctor *d)
{
	each_stack(d, PAM_PHASE_AUTH, look_at_auth);
	if (!doctor_said(d))
		doctor_say(d, DOCTOR_GOOD, "a yes of Latchkey lets in, and no module overrules its no");
}

static void look_at_account(struct doctor *d, const struct stack *s)
{
	const struct pam_rule *rule = pam_stack_find(&s->rules, MODULE);
	struct pam_ends ends;

	if (!rule) {
		say_missing(d, s, PAM_PHASE_ACCOUNT);
		return;
	}
	if (!look_at_refusals(d, s, PAM_PHASE_ACCOUNT, rule))
		return;
	run(&ends, s, PAM_PHASE_ACCOUNT, false, false, PAM_CODE_PERM_DENIED);
	if (ends.can_succeed_unasked) {
		doctor_say(d, DOCTOR_FAULT, "%s, account: a module before pam_latchkey lets an account pass unasked",
			   s->service);
		doctor_mend(d, "put pam_latchkey (line %u of /etc/pam.d/%s) before pam_unix; %s does that", rule->line,
			    rule->file, PROFILE);
		return;
	}
	(void)look_at_yes(d, s, PAM_PHASE_ACCOUNT, rule);
}

void check_pam_account(struct doctor *d)
{
	each_stack(d, PAM_PHASE_ACCOUNT, look_at_account);
	if (!doctor_said(d))
		doctor_say(d, DOCTOR_GOOD, "Latchkey is asked before each session, and no module overrules its no");
}

/* --- local accounts ---------------------------------------------------------------------------------------------------- */

static bool local_can_come(const struct stack *s, enum pam_phase phase, int code)
{
	struct pam_ends ends;

	run(&ends, s, phase, true, false, code);
	return ends.can_succeed || ends.can_succeed_unasked || ends.is_too_complex;
}

static void look_at_local_in(struct doctor *d, const struct stack *s, enum pam_phase phase)
{
	const struct pam_rule *rule = pam_stack_find(&s->rules, MODULE);

	if (!rule)
		return;
	if (!local_can_come(s, phase, PAM_CODE_USER_UNKNOWN)) {
		doctor_say(d, DOCTOR_FAULT, "%s, %s: root and local accounts are locked out", s->service,
			   pam_phase_name(phase));
		mend_control(d, rule);
	} else if (!local_can_come(s, phase, PAM_CODE_MODULE_UNKNOWN)) {
		doctor_say(d, DOCTOR_NOTE,
			   "%s, %s: if pam_latchkey.so were missing, local accounts would be locked out", s->service,
			   pam_phase_name(phase));
		doctor_mend(d, "write module_unknown=ignore in line %u of /etc/pam.d/%s", rule->line, rule->file);
	}
}

static void look_at_local_auth(struct doctor *d, const struct stack *s)
{
	look_at_local_in(d, s, PAM_PHASE_AUTH);
}

static void look_at_local_account(struct doctor *d, const struct stack *s)
{
	look_at_local_in(d, s, PAM_PHASE_ACCOUNT);
}

void check_pam_local(struct doctor *d)
{
	each_stack(d, PAM_PHASE_AUTH, look_at_local_auth);
	each_stack(d, PAM_PHASE_ACCOUNT, look_at_local_account);
	if (!doctor_said(d))
		doctor_say(d, DOCTOR_GOOD, "root and local accounts come in as without Latchkey");
}

/* --- session, module --------------------------------------------------------------------------------------------------- */

static void look_at_session(struct doctor *d, const struct stack *s)
{
	bool makes_homes =
		pam_stack_find(&s->rules, "pam_mkhomedir.so") || pam_stack_find(&s->rules, "pam_oddjob_mkhomedir.so");

	if (!s->is_wanted)
		return;
	if (!makes_homes) {
		doctor_say(d, DOCTOR_NOTE, "%s, session: nothing makes a home at the first login", s->service);
		doctor_mend_by(d, PROFILE);
	} else if (!pam_stack_find(&s->rules, MODULE)) {
		doctor_say(d, DOCTOR_NOTE,
			   "%s, session: homes are made for everybody, not for Latchkey's accounts alone", s->service);
		doctor_mend_by(d, PROFILE);
	}
}

void check_pam_session(struct doctor *d)
{
	each_stack(d, PAM_PHASE_SESSION, look_at_session);
	if (!doctor_said(d))
		doctor_say(d, DOCTOR_GOOD, "the first login makes a home");
}

static void look_at_file(struct doctor *d, const char *shown, const struct stat *st)
{
	if (st->st_uid != 0 || (st->st_mode & 022) != 0) {
		doctor_say(d, DOCTOR_FAULT, "%s can be written by others than root: they could let in anybody", shown);
		doctor_mend_by(d, "chown root:root %s && chmod 0644 %s", shown, shown);
	} else if (!doctor_said(d)) {
		doctor_say(d, DOCTOR_GOOD, "%s", shown);
	}
}

static void look_at_module(struct doctor *d, const struct stack *s)
{
	const struct pam_rule *rule = pam_stack_find(&s->rules, MODULE);
	const char *const folders[] = {place_pam, "/usr/lib64/security", "/lib/security", "/usr/lib/security"};
	char path[PATH_MAX] = "", full[PATH_MAX];
	struct stat st;

	if (!rule)
		return;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (rule->module[0] == '/')
			(void)snprintf(path, sizeof(path), "%s", rule->module);
		else
			(void)snprintf(path, sizeof(path), "%s/%s", folders[i], rule->module);
		doctor_path(d, full, path);
		if (stat(full, &st) == 0) {
			look_at_file(d, path, &st);
			return;
		}
	}
	doctor_say(d, DOCTOR_FAULT, "%s, which /etc/pam.d/%s names in line %u, is not there", rule->module, rule->file,
		   rule->line);
	doctor_mend(d, "install libpam-latchkey, or put the path in that line right");
}

void check_pam_module(struct doctor *d)
{
	each_stack(d, PAM_PHASE_AUTH, look_at_module);
	if (!doctor_said(d))
		doctor_say(d, DOCTOR_UNSEEN, "no stack names it");
}
