/* SPDX-License-Identifier: MIT */
/*
 * The table of checks, in the order of a login's way: the first fault is mostly the cause of those behind it. Must never
 * change anything, and never end in "good" because it could not look.
 */
#include "helper/doctor/doctor.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/doctor/checks.h"
#include "helper/doctor/diagnosis.h"

static const struct row {
	const char *name;
	void (*run)(struct doctor *d);
} rows[] = {
	{"configuration", check_configuration},
	{"configuration-files", check_configuration_files},
	{"service-users", check_service_users},
	{"folders", check_folders},
	{"sockets", check_sockets},
	{"units", check_units},
	{"space", check_space},
	{"audit-file", check_audit_file},
	{"helper", check_helper},
	{"root-process", check_root_process},
	{"store", check_store},
	{"map", check_published_map},
	{"fetch-process", check_fetch_process},
	{"names", check_names},
	{"certificates", check_certificates},
	{"clock", check_clock},
	{"discovery", check_discovery},
	{"keys", check_keys},
	{"client", check_client},
	{"service-accounts", check_service_accounts},
	{"nss-module", check_nss_module},
	{"nsswitch", check_nsswitch},
	{"nscd", check_nscd},
	{"pam-module", check_pam_module},
	{"pam-auth", check_pam_auth},
	{"pam-account", check_pam_account},
	{"pam-local", check_pam_local},
	{"pam-session", check_pam_session},
	{"sshd", check_sshd},
	{"sshd-time", check_sshd_time},
	{"sshd-version", check_sshd_version},
	{"collisions", check_collisions},
	{"homes", check_homes},
	{"user", check_user},
};

static void tell(struct doctor *d)
{
	if (!d->has_finding)
		return;
	d->has_finding = false;
	d->summary.n[d->finding.grade]++;
	d->on_finding(d->userdata, &d->finding);
}

void doctor_say(struct doctor *d, enum doctor_grade grade, const char *format, ...)
{
	va_list args;

	tell(d);
	d->finding = (struct doctor_finding){.check = d->check, .grade = grade};
	va_start(args, format);
	(void)vsnprintf(d->finding.text, sizeof(d->finding.text), format, args);
	va_end(args);
	d->has_finding = true;
}

void doctor_mend(struct doctor *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(d->finding.mend, sizeof(d->finding.mend), format, args);
	va_end(args);
}

void doctor_mend_by(struct doctor *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(d->finding.command, sizeof(d->finding.command), format, args);
	va_end(args);
}

bool doctor_said(const struct doctor *d)
{
	return d->has_finding;
}

void doctor_path(const struct doctor *d, char *out, const char *path)
{
	(void)snprintf(out, PATH_MAX, "%s%s", d->root, path);
}

const char *doctor_grade_name(enum doctor_grade grade)
{
	static const char *const names[DOCTOR_GRADES] = {"good", "note", "fault", "unseen"};

	return names[grade];
}

static int prepare(struct doctor *d)
{
	int r = facts_read(&d->facts, d->root, DOCTOR_CONFIG);

	if (r == -ENOMEM)
		return r;
	if (locals_load(&d->locals, d->root) < 0)
		d->locals = NULL;
	if (!d->locals || !locals_get_user(d->locals, "latchkey", &d->helper_uid, &(uint32_t){0}))
		d->helper_uid = 0;
	/* Before the helper has one published to see whether that can be done. */
	look_at_map(d);
	if (!d->is_machine)
		return 0;
	r = diagnosis_ask(&d->diagnosis, d->options->socket);
	d->code_lifetime_s = r == 0 ? diagnosis_code_lifetime_s(d->diagnosis) : 0;
	return r == -ENOMEM ? r : 0;
}

int doctor_run(const struct doctor_options *o, doctor_finding_fn on_finding, void *userdata, struct doctor_summary *ret)
{
	struct doctor d = {
		.options = o,
		.root = o->root,
		.is_machine = o->root[0] == '\0',
		.on_finding = on_finding,
		.userdata = userdata,
	};
	int r = prepare(&d);

	for (size_t i = 0; r == 0 && i < sizeof(rows) / sizeof(rows[0]); i++) {
		d.check = rows[i].name;
		rows[i].run(&d);
		tell(&d);
	}
	if (d.has_view)
		map_reader_close(&d.view);
	facts_done(&d.facts);
	locals_free(d.locals);
	diagnosis_free(d.diagnosis);
	*ret = d.summary;
	return r;
}
