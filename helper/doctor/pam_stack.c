/* SPDX-License-Identifier: MIT */
/*
 * Reads service files as Linux-PAM does (libpam/pam_handlers.c of 1.5), which forgives nothing: a line that it cannot use
 * becomes a module that always fails. Must never read a stack more kindly than Linux-PAM, or a fault would pass for good.
 */
#include "helper/doctor/pam_stack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "helper/base/text.h"
#include "helper/doctor/read.h"

#define LINE_MAX_BYTES 1024u /* BUF_SIZE of pam_handlers.c */
#define TOKEN_MAX 512u

struct loading {
	struct pam_stack *stack;
	const char *root; /* NULL: nothing can be included */
	enum pam_phase phase;
	unsigned n_typed; /* "include" and "substack" that we are in: they ask for this phase alone */
	char *why;
	size_t why_size;
};

struct lines {
	const char *at, *end;
	unsigned number;
};

static const char *const phase_names[PAM_PHASES] = {"auth", "account", "session", "password"};

/* By their number; pam.conf(5). */
static const char *const return_names[PAM_STACK_RETURNS] = {
	"success",
	"open_err",
	"symbol_err",
	"service_err",
	"system_err",
	"buf_err",
	"perm_denied",
	"auth_err",
	"cred_insufficient",
	"authinfo_unavail",
	"user_unknown",
	"maxtries",
	"new_authtok_reqd",
	"acct_expired",
	"session_err",
	"cred_unavail",
	"cred_expired",
	"cred_err",
	"no_module_data",
	"conv_err",
	"authtok_err",
	"authtok_recover_err",
	"authtok_lock_busy",
	"authtok_disable_aging",
	"try_again",
	"ignore",
	"abort",
	"authtok_expired",
	"module_unknown",
	"bad_item",
	"conv_again",
	"incomplete",
};

static const struct {
	const char *word;
	int action;
} action_names[] = {
	{"ignore", PAM_DO_IGNORE}, {"ok", PAM_DO_OK},   {"done", PAM_DO_DONE},
	{"bad", PAM_DO_BAD},       {"die", PAM_DO_DIE}, {"reset", PAM_DO_RESET},
};

/* The four words as brackets. */
static const struct {
	const char *word;
	const char *control;
} controls[] = {
	{"required", "success=ok new_authtok_reqd=ok ignore=ignore default=bad"},
	{"requisite", "success=ok new_authtok_reqd=ok ignore=ignore default=die"},
	{"sufficient", "success=done new_authtok_reqd=done default=ignore"},
	{"optional", "success=ok new_authtok_reqd=ok default=ignore"},
};

const char *pam_phase_name(enum pam_phase phase)
{
	return phase_names[phase];
}

/* --- lines and words --------------------------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* One line of the file, without comment and blanks at its ends. */
static void take_part(struct lines *l, const char **start, const char **stop)
{
	const char *newline = memchr(l->at, '\n', (size_t)(l->end - l->at));
	const char *comment;

	*start = l->at;
	*stop = newline ? newline : l->end;
	l->number++;
	l->at = newline ? newline + 1 : l->end;
	comment = memchr(*start, '#', (size_t)(*stop - *start));
	if (comment)
		*stop = comment;
	while (*start < *stop && is_blank(**start))
		(*start)++;
	while (*stop > *start && is_blank((*stop)[-1]))
		(*stop)--;
}

/* The next line with those that continue it. Return: 1; 0 there is none; -EBADMSG too long, or one that goes on behind the
 * end. */
static int take_line(struct lines *l, char out[LINE_MAX_BYTES])
{
	size_t used = 0;
	bool goes_on = false;

	if (l->at == l->end)
		return 0;
	do {
		const char *start, *stop;

		take_part(l, &start, &stop);
		/* What a line goes on with stands behind empty ones, too. */
		if (stop == start && used > 0)
			continue;
		goes_on = stop > start && stop[-1] == '\\';
		if (goes_on)
			stop--;
		if (used + (size_t)(stop - start) + 2 > LINE_MAX_BYTES)
			return -EBADMSG;
		memcpy(out + used, start, (size_t)(stop - start));
		used += (size_t)(stop - start);
		if (goes_on)
			out[used++] = ' ';
	} while (goes_on && l->at < l->end);
	out[used] = '\0';
	return goes_on ? -EBADMSG : 1;
}

/* The next word; "[...]" is one, without its brackets, in which "\]" stands for "]". Return: false where there is none. */
static bool take_word(char **at, char out[TOKEN_MAX])
{
	size_t n = 0;
	char *p = *at;
	bool in_brackets;

	while (is_blank(*p))
		p++;
	in_brackets = *p == '[';
	if (in_brackets)
		p++;
	if (*p == '\0')
		return false;
	for (; *p != '\0' && (in_brackets ? *p != ']' : !is_blank(*p)); p++) {
		if (in_brackets && p[0] == '\\' && p[1] == ']')
			p++;
		if (n + 1 < TOKEN_MAX)
			out[n++] = *p;
	}
	if (in_brackets && *p == ']')
		p++;
	out[n] = '\0';
	*at = p;
	return true;
}

/* --- controls ---------------------------------------------------------------------------------------------------------- */

static void set_rest(struct pam_rule *r, int action)
{
	for (size_t i = 0; i < PAM_STACK_RETURNS; i++)
		if (r->actions[i] == PAM_DO_UNSET)
			r->actions[i] = action;
}

static bool read_action(int *ret, const char *word)
{
	uint64_t jump;

	for (size_t i = 0; i < sizeof(action_names) / sizeof(action_names[0]); i++) {
		if (strcasecmp(word, action_names[i].word) == 0) {
			*ret = action_names[i].action;
			return true;
		}
	}
	if (text_to_u64(&jump, word, PAM_STACK_RULES_MAX) < 0 || jump == 0)
		return false;
	*ret = (int)jump;
	return true;
}

/* One "value=action". Return: false where Linux-PAM gives up on the whole bracket. */
static bool take_pair(struct pam_rule *r, char *pair)
{
	char *equals = strchr(pair, '=');
	int action;

	if (!equals)
		return false;
	*equals = '\0';
	if (!read_action(&action, equals + 1))
		return false;
	if (strcasecmp(pair, "default") == 0) {
		set_rest(r, action);
		return true;
	}
	for (size_t i = 0; i < PAM_STACK_RETURNS; i++) {
		if (strcasecmp(pair, return_names[i]) == 0) {
			r->actions[i] = action;
			return true;
		}
	}
	return false;
}

static void read_pairs(struct pam_rule *r, const char *text)
{
	char copy[TOKEN_MAX], *rest = NULL;
	bool is_good = true;

	(void)snprintf(copy, sizeof(copy), "%s", text);
	for (char *pair = strtok_r(copy, " \t", &rest); pair; pair = strtok_r(NULL, " \t", &rest))
		is_good = is_good && take_pair(r, pair);
	for (size_t i = 0; !is_good && i < PAM_STACK_RETURNS; i++)
		r->actions[i] = PAM_DO_BAD;
	set_rest(r, PAM_DO_BAD);
}

static void read_control(struct pam_rule *r, const char *word)
{
	for (size_t i = 0; i < PAM_STACK_RETURNS; i++)
		r->actions[i] = PAM_DO_UNSET;
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		if (strcasecmp(word, controls[i].word) == 0) {
			read_pairs(r, controls[i].control);
			return;
		}
	}
	read_pairs(r, word);
}

/* --- files ------------------------------------------------------------------------------------------------------------- */

static int add_rule(struct loading *l, const struct pam_rule *r)
{
	struct pam_stack *s = l->stack;

	if (s->n == PAM_STACK_RULES_MAX)
		return -E2BIG;
	if (!s->rules)
		s->rules = calloc(PAM_STACK_RULES_MAX, sizeof(*s->rules));
	if (!s->rules)
		return -ENOMEM;
	s->rules[s->n++] = *r;
	return 0;
}

static int add_fault(struct loading *l, struct pam_rule *r)
{
	r->kind = PAM_RULE_FAULT;
	read_control(r, "required");
	return add_rule(l, r);
}

static int load_file(struct loading *l, const char *name, unsigned level, unsigned depth);

static int load(struct loading *l, const char *name, unsigned level, unsigned depth)
{
	return l->root && depth < PAM_STACK_LEVELS ? load_file(l, name, level, depth + 1) : -ENOENT;
}

/* @r: where it stands. A file that cannot be had is a module that fails. */
static int include(struct loading *l, struct pam_rule *r, const char *name, unsigned level, unsigned depth)
{
	int e;

	l->n_typed++;
	e = load(l, name, level, depth);
	l->n_typed--;
	return e == -E2BIG || e == -ENOMEM || e == 0 ? e : add_fault(l, r);
}

/* Linux-PAM does not know of which phase a module that fails would be here, and gives up on the service. */
static int include_all(struct loading *l, struct pam_rule *r, const char *name, unsigned depth)
{
	int e = load(l, name, r->level, depth);

	if (e == -E2BIG || e == -ENOMEM || e == 0)
		return e;
	return l->n_typed > 0 ? add_fault(l, r) : -EBADMSG;
}

static int take_substack(struct loading *l, struct pam_rule *r, const char *name, unsigned depth)
{
	int e;

	if (r->level + 1 >= PAM_STACK_LEVELS)
		return -E2BIG;
	r->kind = PAM_RULE_SUBSTACK;
	e = add_rule(l, r);
	return e < 0 ? e : include(l, r, name, r->level + 1, depth);
}

/* Return: is it a line of this phase? */
static bool is_phase(const char *word, enum pam_phase phase)
{
	return strcasecmp(word[0] == '-' ? word + 1 : word, phase_names[phase]) == 0;
}

static int take_rule(struct loading *l, char *at, struct pam_rule *r, unsigned depth)
{
	char type[TOKEN_MAX], control[TOKEN_MAX], module[TOKEN_MAX];

	if (!take_word(&at, type))
		return 0;
	if (strcasecmp(type, "@include") == 0)
		return include_all(l, r, take_word(&at, module) ? module : "", depth);
	if (!is_phase(type, l->phase))
		return 0;
	if (!take_word(&at, control) || !take_word(&at, module) || strlen(module) > PAM_STACK_MODULE_MAX)
		return add_fault(l, r);
	if (strcasecmp(control, "include") == 0)
		return include(l, r, module, r->level, depth);
	(void)snprintf(r->module, sizeof(r->module), "%.*s", (int)PAM_STACK_MODULE_MAX, module);
	if (strcasecmp(control, "substack") == 0)
		return take_substack(l, r, module, depth);
	read_control(r, control);
	return add_rule(l, r);
}

static int load_text(struct loading *l, const char *name, const char *text, size_t len, unsigned level, unsigned depth)
{
	struct lines lines = {text, text + len, 0};
	char line[LINE_MAX_BYTES];
	int r;

	while ((r = take_line(&lines, line)) > 0) {
		struct pam_rule rule = {.kind = PAM_RULE_MODULE, .level = level, .line = lines.number};

		(void)snprintf(rule.file, sizeof(rule.file), "%.60s", name);
		r = take_rule(l, line, &rule, depth);
		if (r < 0)
			return r;
	}
	return r;
}

static bool is_file_name(const char *name)
{
	return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL && strlen(name) < 64;
}

/* "include" may also name a path. */
static int read_service(struct loading *l, struct buf *ret, const char *name)
{
	static const char *const folders[] = {"/etc/pam.d", "/usr/lib/pam.d"};
	char path[512];
	int r = -ENOENT;

	if (name[0] == '/')
		return read_text(ret, l->root, name, PAM_STACK_FILE_MAX);
	if (!is_file_name(name))
		return -EINVAL;
	for (size_t i = 0; r == -ENOENT && i < sizeof(folders) / sizeof(folders[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folders[i], name);
		buf_done(ret);
		r = read_text(ret, l->root, path, PAM_STACK_FILE_MAX);
	}
	if (r < 0)
		(void)snprintf(l->why, l->why_size, "/etc/pam.d/%s: %s", name,
			       r == -EPERM ? "others than root can write it" : strerror(-r));
	return r;
}

static int load_file(struct loading *l, const char *name, unsigned level, unsigned depth)
{
	LK_CLEANUP(buf_done) struct buf text = {0};
	int r = read_service(l, &text, name);

	return r < 0 ? r : load_text(l, name, text.data ? text.data : "", text.len, level, depth);
}

int pam_stack_load(struct pam_stack *ret, const char *root, const char *service, enum pam_phase phase, char *why,
		   size_t why_size)
{
	struct pam_stack s = {0};
	struct loading l = {.stack = &s, .root = root, .phase = phase, .why = why, .why_size = why_size};
	int r;

	(void)snprintf(why, why_size, "/etc/pam.d/%.63s: cannot be read", service);
	r = is_file_name(service) ? load_file(&l, service, 0, 0) : -EINVAL;
	if (r == -ENOENT || (r == 0 && s.n == 0)) {
		s.is_other = true;
		r = load_file(&l, "other", 0, 0);
	}
	if (r == -E2BIG)
		(void)snprintf(why, why_size, "/etc/pam.d/%.63s: more than can be looked at", service);
	if (r == -EBADMSG)
		(void)snprintf(why, why_size,
			       "/etc/pam.d/%.63s: a file that it includes is missing or ends in a '\\\\'", service);
	if (r < 0) {
		pam_stack_done(&s);
		return r;
	}
	*ret = s;
	return 0;
}

int pam_stack_parse(struct pam_stack *ret, const char *text, size_t len, enum pam_phase phase)
{
	struct pam_stack s = {0};
	struct loading l = {.stack = &s, .phase = phase};
	int r = load_text(&l, "text", text, len, 0, 0);

	if (r < 0) {
		pam_stack_done(&s);
		return r;
	}
	*ret = s;
	return 0;
}

void pam_stack_done(struct pam_stack *s)
{
	free(s->rules);
	*s = (struct pam_stack){0};
}

bool pam_rule_is(const struct pam_rule *r, const char *module)
{
	const char *slash = strrchr(r->module, '/');

	return r->kind == PAM_RULE_MODULE && strcmp(slash ? slash + 1 : r->module, module) == 0;
}

const struct pam_rule *pam_stack_find(const struct pam_stack *s, const char *module)
{
	for (size_t i = 0; i < s->n; i++)
		if (pam_rule_is(&s->rules[i], module))
			return &s->rules[i];
	return NULL;
}
