/* SPDX-License-Identifier: MIT */
/*
 * Debian's profiles. The order is that in which a host may be found by somebody who logs in meanwhile: who may authenticate
 * comes last. Every one of these files lets local users in as before, whichever of the others has changed already.
 */
#include "helper/setup/pam.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/base/file.h"
#include "helper/base/program.h"
#include "helper/setup/programs.h"
#include "helper/setup/stage.h"

#define PROFILES "/usr/share/pam-configs"
#define STAGED STAGE_FOLDER "/pam"
#define UPDATE_MS 60000u

static const char *const files[] = {
	"/etc/pam.d/common-account",
	"/etc/pam.d/common-session",
	"/etc/pam.d/common-session-noninteractive",
	"/etc/pam.d/common-password",
	"/etc/pam.d/common-auth",
	/* What pam-auth-update remembers of them. */
	"/var/lib/pam/account",
	"/var/lib/pam/session",
	"/var/lib/pam/session-noninteractive",
	"/var/lib/pam/password",
	"/var/lib/pam/auth",
	"/var/lib/pam/seen",
};

#define N_FILES (sizeof(files) / sizeof(files[0]))
#define N_STACKS 5u /* the first ones */
#define AUTH_AT 4u

static const char by_hand[] =
	"auth     [success=done user_unknown=ignore module_unknown=ignore default=die] pam_latchkey.so\n"
	"account  [success=done user_unknown=ignore module_unknown=ignore default=die] pam_latchkey.so\n"
	"session  [success=ignore default=1] pam_latchkey.so\n"
	"session  optional pam_mkhomedir.so umask=0077\n";

void pam_say_by_hand(const struct context *c)
{
	if (access(PROGRAM_AUTHSELECT, X_OK) == 0) {
		warn(c, "authselect keeps PAM and nsswitch.conf here: \"authselect current\" says what is chosen now, "
			"and \"authselect "
			"select latchkey\" takes the profile of Latchkey's package; in a profile of your own, add");
	} else {
		warn(c, "PAM is left to you: in /etc/pam.d, for each service that shall use it, in front of pam_unix "
			"(and behind "
			"pam_nologin) add");
	}
	say_text(c, by_hand);
}

/* One that was killed has left some files changed and others not. pam-auth-update would take that for somebody's work, so it is
 * given what was before. */
static bool is_ours_alone(const struct context *c, struct change *const *list)
{
	bool is_begun = false;

	for (size_t i = 0; i < N_FILES; i++) {
		enum record_state state = record_state(&c->record, list[i]);

		if (state == RECORD_CHANGED)
			return false;
		is_begun = is_begun || state == RECORD_OURS;
	}
	return is_begun;
}

static int stage_one(const struct context *c, const struct change *ch, bool from_record)
{
	LK_CLEANUP(buf_done) struct buf before = {0};
	const struct buf *content = &ch->before;
	bool is_there = ch->existed;
	char path[256];
	int r;

	if (from_record && record_state(&c->record, ch) == RECORD_OURS) {
		buf_init(&before, CHANGE_BYTES_MAX);
		r = record_before(&c->record, ch->path, &before);
		if (r < 0 && r != -ENOENT)
			return r;
		content = &before;
		is_there = r == 0;
	}
	if (!is_there)
		return 0;
	(void)snprintf(path, sizeof(path), STAGED "%s", ch->path);
	return replace_file(path, content->data ? content->data : "", content->len,
			    &(struct replace_owner){.mode = 0644});
}

static int stage_folders(const struct context *c)
{
	static const char *const folders[] = {STAGED,        STAGED "/etc",      STAGED "/etc/pam.d",
					      STAGED "/var", STAGED "/var/lib",  STAGED "/var/lib/pam",
					      STAGED "/usr", STAGED "/usr/share"};
	char *profiles = changes_path(c->root, PROFILES);
	int r = profiles != NULL ? 0 : -ENOMEM;

	stage_clear("pam");
	for (size_t i = 0; r == 0 && i < sizeof(folders) / sizeof(folders[0]); i++)
		r = mkdir(folders[i], 0755) < 0 && errno != EEXIST ? -errno : 0;
	if (r == 0 && symlink(profiles, STAGED PROFILES) < 0)
		r = -errno;
	free(profiles);
	return r;
}

/* Debconf's own database is not the place of a trial. */
static int run_update(const struct context *c)
{
	LK_CLEANUP(buf_done) struct buf output = {0};
	static const char folder[] = STAGED;
	const struct program update = {
		.argv = {PROGRAM_PAM_AUTH_UPDATE, "--root", folder, "--enable", "latchkey"},
		.environment = {"DEBIAN_FRONTEND=noninteractive", "DEBCONF_DB_REPLACE=File{" STAGED "/debconf.dat}"},
		.timeout_ms = UPDATE_MS,
	};
	int r = program_run(&update, &output);

	if (r == 0)
		return 0;
	warn(c, "%s: %s", PROGRAM_PAM_AUTH_UPDATE, r < 0 ? strerrordesc_np(-r) : "failed");
	say_text(c, output.data);
	return 1;
}

static int take_result(struct change *ch)
{
	LK_CLEANUP(buf_done) struct buf content = {0};
	char path[256];
	int r;

	(void)snprintf(path, sizeof(path), STAGED "%s", ch->path);
	r = file_read(&content, path, FILE_OWNER_ROOT, FILE_READABLE, CHANGE_BYTES_MAX);
	if (r == -ENOENT)
		ch->stays = false;
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	buf_append(&ch->after, content.data, content.len);
	return buf_fault(&ch->after);
}

static bool has_word(const struct buf *text, const char *word, size_t len)
{
	return text->len > 0 && memmem(text->data, text->len, word, len) != NULL;
}

static bool has_module(const struct change *ch)
{
	static const char module[] = "pam_latchkey.so";

	return ch->stays && has_word(&ch->after, module, sizeof(module) - 1);
}

/* A pam-auth-update that finds debconf broken writes stacks without the modules that were there, and calls it a success. */
static bool keeps_modules(const struct context *c, const struct change *ch)
{
	const char *at = ch->before.data;

	while (at != NULL && (at = strstr(at, "pam_")) != NULL) {
		size_t len = strcspn(at, " \t\n");

		if (len > 3 && memcmp(at + len - 3, ".so", 3) == 0 && !has_word(&ch->after, at, len)) {
			warn(c, "pam-auth-update would take %.*s out of %s, so its work is not used",
			     (int)(len < 64 ? len : 64), at, ch->path);
			return false;
		}
		at += len;
	}
	return true;
}

static bool is_good(const struct context *c, struct change *const *list)
{
	for (size_t i = 0; i < N_STACKS; i++) {
		if (!keeps_modules(c, list[i]))
			return false;
	}
	if (has_module(list[AUTH_AT]))
		return true;
	warn(c, "pam-auth-update leaves /etc/pam.d/common-* as they are, since somebody has changed them by hand");
	return false;
}

static int make_changes(struct context *c, struct change *const *list)
{
	bool from_record = is_ours_alone(c, list);
	int r = stage_folders(c);

	for (size_t i = 0; r == 0 && i < N_FILES; i++)
		r = stage_one(c, list[i], from_record);
	if (r == 0)
		r = run_update(c);
	for (size_t i = 0; r == 0 && i < N_FILES; i++)
		r = take_result(list[i]);
	return r;
}

int pam_plan(struct context *c, enum pam_way *ret)
{
	struct change *list[N_FILES];
	char *profile = changes_path(c->root, PROFILES "/latchkey");
	int r = 0;

	*ret = PAM_BY_HAND;
	c->first_pam = c->changes.n;
	if (profile == NULL)
		return -ENOMEM;
	r = access(PROGRAM_PAM_AUTH_UPDATE, X_OK) < 0 || access(profile, R_OK) < 0;
	free(profile);
	if (r != 0)
		return 0;
	for (size_t i = 0; r == 0 && i < N_FILES; i++)
		r = changes_read(&c->changes, files[i], "PAM", &list[i]);
	if (r == 0)
		r = make_changes(c, list);
	if (r == 0 && is_good(c, list)) {
		*ret = PAM_BY_PROFILE;
		return 0;
	}
	while (c->changes.n > c->first_pam)
		changes_drop(&c->changes);
	if (r == 0)
		warn(c,
		     "pam-auth-update leaves /etc/pam.d/common-* as they are, since somebody has changed them by hand");
	return r;
}
