/* SPDX-License-Identifier: MIT */
/* The configuration, as latchkeyd itself judges it; the users it runs as; the audit file that it may be bound to. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/base/text.h"
#include "helper/doctor/checks.h"
#include "helper/doctor/places.h"
#include "helper/base/program.h"
#include "helper/doctor/read.h"

#define NOTE "note: "
#define BLAME "latchkeyd: "

/* Where it is installed, or where it was built: beside this command. */
static bool find_program(char out[PATH_MAX], const char *name)
{
	char self[PATH_MAX] = "";
	char *slash;

	(void)snprintf(out, PATH_MAX, "%s/%s", place_programs, name);
	if (access(out, X_OK) == 0)
		return true;
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return false;
	slash = strrchr(self, '/');
	if (!slash)
		return false;
	(void)snprintf(out, PATH_MAX, "%.*s/%.64s", (int)(slash - self), self, name);
	return access(out, X_OK) == 0;
}

static void say_note(struct doctor *d, const char *text)
{
	if (text_has_prefix(text, "nobody may log in")) {
		doctor_say(d, DOCTOR_FAULT, "%s", text);
		doctor_mend(d, "grant somebody in the section [access] of " DOCTOR_CONFIG
			       ", then: systemctl restart latchkeyd");
	} else {
		doctor_say(d, DOCTOR_NOTE, "%s", text);
	}
}

static void say_output(struct doctor *d, const char *output, int status)
{
	char line[DOCTOR_TEXT_MAX];

	while (read_line(&output, line, sizeof(line))) {
		if (text_has_prefix(line, NOTE)) {
			say_note(d, line + strlen(NOTE));
		} else if (status != 0 && text_has_prefix(line, BLAME)) {
			doctor_say(d, DOCTOR_FAULT, "%s", line + strlen(BLAME));
			doctor_mend(d, "mend that in the file, then: systemctl restart latchkeyd");
		}
	}
}

void check_configuration(struct doctor *d)
{
	LK_CLEANUP(buf_done) struct buf output = {0};
	char program[PATH_MAX];
	const struct program check = {.argv = {program, "--check"}, .timeout_ms = DOCTOR_PROGRAM_MS};
	int status;

	if (!d->is_machine) {
		doctor_say(d, DOCTOR_UNSEEN, "only the machine itself can judge it: latchkeyd --check");
		return;
	}
	status = find_program(program, "latchkeyd") ? program_run(&check, &output) : -ENOENT;
	if (status < 0) {
		doctor_say(d, DOCTOR_FAULT, "%s cannot be run: %s", program, strerror(-status));
		doctor_mend(d, "install Latchkey's package anew");
		return;
	}
	say_output(d, output.data ? output.data : "", status);
	if (status != 0 && !doctor_said(d)) {
		doctor_say(d, DOCTOR_FAULT, "latchkeyd --check ends with %d", status);
		doctor_mend(d, "run it by hand: %s --check", program);
	}
	if (!doctor_said(d))
		doctor_say(d, DOCTOR_GOOD, "latchkeyd takes " DOCTOR_CONFIG);
}

void check_service_users(struct doctor *d)
{
	static const char *const names[] = {"latchkey", "latchkey-fetch"};

	if (!d->locals) {
		doctor_say(d, DOCTOR_UNSEEN, "/etc/passwd and /etc/group cannot be read");
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint32_t uid, gid;

		if (!locals_get_user(d->locals, names[i], &uid, &gid)) {
			doctor_say(d, DOCTOR_FAULT, "there is no user %s in /etc/passwd", names[i]);
			doctor_mend_by(d, "systemd-sysusers latchkey.conf");
		} else if (uid == 0 || locals_count_users(d->locals, uid) > 1) {
			doctor_say(d, DOCTOR_FAULT, "the user %s shares the uid %u with somebody else", names[i], uid);
			doctor_mend(d, "give %s a uid of its own in /etc/passwd: who shares it can take its place",
				    names[i]);
		}
	}
	if (!doctor_said(d))
		doctor_say(d, DOCTOR_GOOD, "the users latchkey and latchkey-fetch are there");
}

void check_audit_file(struct doctor *d)
{
	const char *file = d->facts.audit_file;
	enum doctor_grade grade = d->facts.is_audit_required ? DOCTOR_FAULT : DOCTOR_NOTE;
	char path[PATH_MAX], folder[PATH_MAX];
	struct stat st;

	if (!file || file[0] != '/') {
		doctor_say(d, DOCTOR_GOOD, "none is configured: the journal has the events");
		return;
	}
	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(file, '/') - file), file);
	doctor_path(d, path, folder);
	if (stat(path, &st) < 0 || st.st_uid != d->helper_uid) {
		doctor_say(d, grade, "latchkeyd cannot write in %s%s", folder,
			   d->facts.is_audit_required ? ", and audit_required lets nobody in" : "");
		doctor_mend_by(d, "install -d -o latchkey -g latchkey -m 0700 %s", folder);
		return;
	}
	doctor_path(d, path, file);
	if (stat(path, &st) == 0 && (st.st_uid != d->helper_uid || (st.st_mode & 0200) == 0)) {
		doctor_say(d, grade, "latchkeyd cannot write %s%s", file,
			   d->facts.is_audit_required ? ", and audit_required lets nobody in" : "");
		doctor_mend_by(d, "chown latchkey:latchkey %s && chmod 0600 %s", file, file);
		return;
	}
	doctor_say(d, DOCTOR_GOOD, "latchkeyd can write %s", file);
}
