/* SPDX-License-Identifier: MIT */
/*
 * The published map, read by the NSS module's own reader and judged whole by latchkey-root's own rules; and what the people
 * on it need of this machine: a home, a shell, and a name that nobody else has.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/base/text.h"
#include "helper/doctor/checks.h"
#include "helper/doctor/diagnosis.h"
#include "helper/root/check.h"
#include "nss_module/map_reader.h"

#define FINDINGS_MAX 8u /* of one kind: who has ten thousand homes on a disk that is not there needs no more */

struct person {
	const char *name, *home, *shell;
	uint32_t uid, gid;
};

typedef void (*person_fn)(struct doctor *d, const struct person *p, unsigned *n);

/* -EBADMSG: nobody reads it, and map_why is ""; or latchkey-root would not have published it. -ENODATA: nobody can judge it. */
void look_at_map(struct doctor *d)
{
	LK_CLEANUP(settings_freep) struct settings *settings = NULL;
	struct ini_fault fault = {.text = ""};
	const struct map_view *v = &d->view;
	char path[PATH_MAX];
	struct map_reader reader = MAP_READER_INIT(path, 0);

	doctor_path(d, path, MAP_DIRECTORY);
	d->map = map_reader_open(&reader, &d->view);
	d->has_view = d->map == 0;
	if (!d->has_view)
		return;
	doctor_path(d, path, DOCTOR_CONFIG);
	if (!d->locals || settings_load(&settings, path, &fault) < 0)
		d->map = -ENODATA;
	else
		d->map = check_map(v->base, (size_t)v->h.file_size, settings, d->locals, d->map_why);
	if (d->map == 0)
		(void)snprintf(d->map_why, sizeof(d->map_why), "%u accounts, %u groups", v->h.n_users, v->h.n_groups);
}

void check_published_map(struct doctor *d)
{
	static const char new_one[] = "latchkeyd has a new one published when it starts";
	static const char restart[] = "systemctl restart latchkeyd.service";

	switch (d->map) {
	case 0:
		doctor_say(d, DOCTOR_GOOD, "%s", d->map_why);
		break;
	case -ENOENT:
		doctor_say(d, DOCTOR_FAULT, "there is no map in " MAP_DIRECTORY);
		doctor_mend(d, "%s", new_one);
		doctor_mend_by(d, "%s", restart);
		break;
	case -EPERM:
		doctor_say(d, DOCTOR_FAULT, "others than root could have written the map: nobody reads it");
		doctor_mend_by(d, "chown root:root " MAP_DIRECTORY " " MAP_DIRECTORY "/map " MAP_DIRECTORY
				  "/epoch && chmod 0755 " MAP_DIRECTORY " && chmod 0644 " MAP_DIRECTORY
				  "/map " MAP_DIRECTORY "/epoch");
		break;
	case -EBADMSG:
		if (d->map_why[0] == '\0')
			doctor_say(d, DOCTOR_FAULT, "the map is damaged: nobody reads it");
		else
			doctor_say(d, DOCTOR_FAULT, "the map is not what latchkey-root would publish: %s", d->map_why);
		doctor_mend(d, "%s", new_one);
		doctor_mend_by(d, "%s", restart);
		break;
	case -ENODATA:
		doctor_say(d, DOCTOR_UNSEEN, "the map is there; without a good configuration nobody can judge it");
		break;
	default:
		doctor_say(d, DOCTOR_UNSEEN, "the map: %s", strerror(-d->map));
		break;
	}
}

/* Everybody on the map but accounts of /etc/passwd. */
static void each_person(struct doctor *d, person_fn fn)
{
	const struct map_view *v = &d->view;
	unsigned n = 0;

	for (uint32_t i = 0; d->has_view && i < v->h.user_slots && n < FINDINGS_MAX; i++) {
		struct map_user_slot slot;
		struct map_user_text text;
		struct person p;

		map_view_user(v, i, &slot);
		if (slot.name_len == 0 || (slot.flags & MAP_USER_LOCAL_ACCOUNT) != 0 ||
		    !map_view_user_text(v, &slot, &text))
			continue;
		p = (struct person){.name = text.text, .uid = slot.uid, .gid = slot.gid};
		p.home = p.name + text.name_len + text.gecos_len + 2;
		p.shell = p.home + text.home_len + 1;
		fn(d, &p, &n);
	}
}

/* --- collisions -------------------------------------------------------------------------------------------------------- */

static void look_for_collision(struct doctor *d, const struct person *p, unsigned *n)
{
	bool has_name = locals_has_name(d->locals, p->name);

	if (!has_name && !locals_has_id(d->locals, p->uid) && !locals_has_id(d->locals, p->gid))
		return;
	(*n)++;
	if (has_name)
		doctor_say(d, DOCTOR_FAULT,
			   "%s is an account of Latchkey, and in /etc/passwd or /etc/group too: files "
			   "come first",
			   p->name);
	else
		doctor_say(d, DOCTOR_FAULT, "uid %u is %s's, and somebody's in /etc/passwd or /etc/group", p->uid,
			   p->name);
	doctor_mend(d, "remove or rename one of the two: userdel, groupdel, or latchkey accounts rename");
}

void check_collisions(struct doctor *d)
{
	if (d->locals && d->has_view)
		each_person(d, look_for_collision);
	else
		doctor_say(d, DOCTOR_UNSEEN, "the map or /etc/passwd cannot be read");
	if (!doctor_said(d))
		doctor_say(d, DOCTOR_GOOD, "no account of Latchkey has a local name or number");
}

/* --- homes ------------------------------------------------------------------------------------------------------------- */

static void look_at_home(struct doctor *d, const struct person *p, unsigned *n)
{
	char path[PATH_MAX];
	struct stat st;

	doctor_path(d, path, p->home);
	if (lstat(path, &st) == 0 && (!S_ISDIR(st.st_mode) || st.st_uid != p->uid)) {
		(*n)++;
		doctor_say(d, DOCTOR_FAULT, "%s, the home of %s, %s", p->home, p->name,
			   S_ISDIR(st.st_mode) ? "belongs to somebody else" : "is no folder");
		if (S_ISDIR(st.st_mode))
			doctor_mend_by(d, "chown -R -h %u:%u %s", p->uid, p->gid, p->home);
		else
			doctor_mend(d, "move it away; the next login makes a home");
	}
	doctor_path(d, path, p->shell);
	if (p->shell[0] == '/' && access(path, X_OK) < 0) {
		(*n)++;
		doctor_say(d, DOCTOR_FAULT, "%s, the shell of %s, cannot be run: %s", p->shell, p->name,
			   strerror(errno));
		doctor_mend(d, "install that shell, or name another one as shell in [accounts]");
	}
}

/* The folder that all homes lie in. */
static void look_at_base(struct doctor *d)
{
	const char *home = d->facts.home;
	char base[PATH_MAX], path[PATH_MAX];
	struct stat st;
	size_t len = strcspn(home, "%");

	while (len > 1 && home[len - 1] != '/')
		len--;
	while (len > 1 && home[len - 1] == '/')
		len--;
	(void)snprintf(base, sizeof(base), "%.*s", (int)len, home);
	doctor_path(d, path, base);
	if (lstat(path, &st) < 0) {
		doctor_say(d, DOCTOR_FAULT, "%s, where homes are made: %s", base, strerror(errno));
		doctor_mend_by(d, "install -d -m 0755 %s", base);
	} else if (!S_ISDIR(st.st_mode)) {
		doctor_say(d, DOCTOR_FAULT, "%s, where homes are made, is no folder", base);
		doctor_mend(d, "home in [accounts] must lead through folders, not links");
	} else if (st.st_uid != 0 || (st.st_mode & 022) != 0) {
		doctor_say(d, DOCTOR_FAULT, "others than root can write in %s, where homes are made", base);
		doctor_mend_by(d, "chown root:root %s && chmod go-w %s", base, base);
	}
}

void check_homes(struct doctor *d)
{
	look_at_base(d);
	each_person(d, look_at_home);
	if (!doctor_said(d) && !d->has_view && d->map != -ENOENT)
		doctor_say(d, DOCTOR_UNSEEN, "the map cannot be read");
	else if (!doctor_said(d))
		doctor_say(d, DOCTOR_GOOD, "homes that are there belong to their people");
}

/* --- one person -------------------------------------------------------------------------------------------------------- */

static void say_standing(struct doctor *d, const char *name)
{
	struct diagnosis_account a;
	int r = d->is_machine ? diagnosis_account(&a, d->options->socket, name) : -ENODATA;

	if (r < 0) {
		doctor_say(d, DOCTOR_UNSEEN, "%s: what the provider says of this account is not known here", name);
	} else if (!a.is_known) {
		doctor_say(d, DOCTOR_NOTE, "%s has not signed in here yet", name);
	} else if (strcmp(a.state, "forgotten") == 0) {
		doctor_say(d, DOCTOR_FAULT, "%s was forgotten here: nobody gets in by this name", name);
		doctor_mend(d, "latchkey accounts release %s makes the name free for whoever comes next with it", name);
	} else if (strcmp(a.standing, "refused") == 0) {
		doctor_say(d, DOCTOR_FAULT, "%s was refused by the provider: %s", name, a.refusal);
		doctor_mend(d, "where the provider has changed its mind, a new sign-in overrules that");
	} else {
		doctor_say(d, DOCTOR_GOOD, "%s: the account is %s", name, a.state);
	}
}

void check_user(struct doctor *d)
{
	const char *name = d->options->user;
	struct map_user_slot slot;
	bool is_marked;

	if (!name)
		return;
	is_marked = d->has_view && map_view_find_user(&d->view, name, strlen(name), &slot) >= 0 &&
		    (slot.flags & MAP_USER_LOCAL_ACCOUNT) != 0;
	if (d->locals && locals_has_name(d->locals, name) && !is_marked)
		doctor_say(d, DOCTOR_NOTE, "%s is a local account: Latchkey is not asked", name);
	else
		say_standing(d, name);
}
