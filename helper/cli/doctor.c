/* SPDX-License-Identifier: MIT */
/* "latchkey doctor": one line for each finding, and how to mend it. The exit status says whether a login would work. */
#include <string.h>
#include <unistd.h>

#include "helper/base/text.h"
#include "helper/cli/render.h"
#include "helper/cli/verbs.h"
#include "helper/doctor/doctor.h"

#define NAME_WIDTH 20

struct telling {
	const struct command *command;
	bool has_colour;
	struct json_object *list; /* with --json; NULL where memory is out */
};

static void print_text(const struct command *c, const char *text)
{
	char clean[DOCTOR_TEXT_MAX];

	text_sanitise(clean, sizeof(clean), text, strlen(text), c->utf8);
	(void)fputs(clean, c->out);
}

static void print_finding(const struct telling *t, const struct doctor_finding *f)
{
	static const char *const colours[DOCTOR_GRADES] = {"\033[32m", "\033[33m", "\033[31m", "\033[36m"};
	const struct command *c = t->command;

	(void)fprintf(c->out, "%s%-6s%s  %-*s ", t->has_colour ? colours[f->grade] : "", doctor_grade_name(f->grade),
		      t->has_colour ? "\033[0m" : "", NAME_WIDTH, f->check);
	print_text(c, f->text);
	(void)fputc('\n', c->out);
	if (f->mend[0] != '\0') {
		(void)fprintf(c->out, "%-8s%-*s -> ", "", NAME_WIDTH, "");
		print_text(c, f->mend);
		(void)fputc('\n', c->out);
	}
	if (f->command[0] != '\0') {
		(void)fprintf(c->out, "%-8s%-*s  # ", "", NAME_WIDTH, "");
		print_text(c, f->command);
		(void)fputc('\n', c->out);
	}
}

static bool add_text(struct json_object *o, const char *key, const char *text)
{
	struct json_object *value;

	if (text[0] == '\0')
		return true;
	value = json_object_new_string(text);
	if (value && json_object_object_add(o, key, value) == 0)
		return true;
	json_object_put(value);
	return false;
}

static void keep_finding(struct telling *t, const struct doctor_finding *f)
{
	struct json_object *o = json_object_new_object();

	if (o && add_text(o, "check", f->check) && add_text(o, "grade", doctor_grade_name(f->grade)) &&
	    add_text(o, "text", f->text) && add_text(o, "mend", f->mend) && add_text(o, "command", f->command) &&
	    json_object_array_add(t->list, o) == 0)
		return;
	json_object_put(o);
	json_object_put(t->list);
	t->list = NULL;
}

static void on_finding(void *userdata, const struct doctor_finding *f)
{
	struct telling *t = userdata;

	if (!t->command->arguments.json)
		print_finding(t, f);
	else if (t->list)
		keep_finding(t, f);
}

static void print_summary(const struct command *c, const struct doctor_summary *s)
{
	const char *verdict = "A login works.";

	if (s->n[DOCTOR_UNSEEN] > 0)
		verdict = "Nothing was found that stops a login, but not all could be looked at.";
	if (s->n[DOCTOR_FAULT] > 0)
		verdict = "A login does not work, or not as it should.";
	(void)fprintf(c->out, "\n%s %u good, %u notes, %u faults, %u unseen.\n", verdict, s->n[DOCTOR_GOOD],
		      s->n[DOCTOR_NOTE], s->n[DOCTOR_FAULT], s->n[DOCTOR_UNSEEN]);
}

static enum command_exit exit_of(const struct doctor_summary *s)
{
	if (s->n[DOCTOR_FAULT] > 0)
		return COMMAND_FAILED;
	return s->n[DOCTOR_UNSEEN] > 0 ? COMMAND_UNREACHABLE : COMMAND_OK;
}

enum command_exit verb_doctor(const struct command *c)
{
	const struct doctor_options options = {
		.root = c->arguments.root ? c->arguments.root : "",
		.socket = c->arguments.socket,
		.service = c->arguments.service,
		.user = c->arguments.user,
	};
	struct telling t = {.command = c, .has_colour = command_has_colour(c)};
	struct doctor_summary summary = {{0}};
	int r;

	if (geteuid() != 0)
		return command_fail(c, COMMAND_FAILED, "doctor looks at files that only root can read: run it as root");
	if (c->arguments.root && c->arguments.root[0] != '/')
		return command_fail(c, COMMAND_MISUSE, "--root wants an absolute path");
	if (c->arguments.json)
		t.list = json_object_new_array();
	r = doctor_run(&options, on_finding, &t, &summary);
	if (r < 0 || (c->arguments.json && !t.list)) {
		json_object_put(t.list);
		return command_fail(c, COMMAND_FAILED, "out of memory");
	}
	if (c->arguments.json) {
		render_json(c->out, t.list);
		(void)fputc('\n', c->out);
		json_object_put(t.list);
	} else {
		print_summary(c, &summary);
	}
	return exit_of(&summary);
}
