/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What Linux-PAM makes of a service's files: the rules of one phase in the order in which they are asked. */

#define PAM_STACK_RULES_MAX 256u
#define PAM_STACK_LEVELS 16u /* of files inside files, as Linux-PAM's own PAM_SUBSTACK_MAX_LEVEL */
#define PAM_STACK_FILE_MAX 65536u
#define PAM_STACK_RETURNS 32u /* codes that a module can give */
#define PAM_STACK_MODULE_MAX 127u

enum pam_phase {
	PAM_PHASE_AUTH,
	PAM_PHASE_ACCOUNT,
	PAM_PHASE_SESSION,
	PAM_PHASE_PASSWORD,
	PAM_PHASES,
};

/* What a code does. Above zero: so many modules are passed over. */
enum pam_action {
	PAM_DO_IGNORE = 0,
	PAM_DO_OK = -1,
	PAM_DO_DONE = -2,
	PAM_DO_BAD = -3,
	PAM_DO_DIE = -4,
	PAM_DO_RESET = -5,
	PAM_DO_UNSET = -6,
};

enum pam_rule_kind {
	PAM_RULE_MODULE,
	PAM_RULE_SUBSTACK, /* a substack begins here: the rules behind it of a higher level */
	PAM_RULE_FAULT,    /* a line that Linux-PAM cannot use: whoever comes here fails */
};

struct pam_rule {
	enum pam_rule_kind kind;
	unsigned level;
	int actions[PAM_STACK_RETURNS];
	char module[PAM_STACK_MODULE_MAX + 1]; /* as written: a name or a path */
	char file[64];                         /* where it stands: the file's name and line */
	unsigned line;
};

struct pam_stack {
	struct pam_rule *rules;
	size_t n;
	bool is_other; /* the service has no rule for this phase, so these are those of "other" */
};

/**
 * pam_stack_load() - the rules of a phase, from etc/pam.d below @root, with all that they include
 * @root: "" for this machine, else an absolute path
 * @why:  @why_size bytes, ASCII, filled on failure
 * pam.conf(5) and Linux-PAM 1.5's pam_handlers.c: "include", "substack", "@include", brackets, a '-' before the phase, '\' at
 * a line's end. A service without rules for the phase has those of the service "other".
 * Return: 0; -ENOENT there is neither; -EBADMSG Linux-PAM gives up on the service; -E2BIG beyond the limits above; -EINVAL @service is no file's name; other negative errno.
 */
int pam_stack_load(struct pam_stack *ret, const char *root, const char *service, enum pam_phase phase, char *why,
		   size_t why_size);

/** pam_stack_parse() - the same from the text of one file that includes nothing; an "include" is a fault there */
int pam_stack_parse(struct pam_stack *ret, const char *text, size_t len, enum pam_phase phase);
void pam_stack_done(struct pam_stack *s);

/** pam_rule_is() - is it this module, whatever the path before its name */
bool pam_rule_is(const struct pam_rule *r, const char *module);

/** pam_stack_find() - the first rule with that module; NULL */
const struct pam_rule *pam_stack_find(const struct pam_stack *s, const char *module);

const char *pam_phase_name(enum pam_phase phase);
