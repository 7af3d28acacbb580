/* SPDX-License-Identifier: MIT */
/*
 * pam-auth-update at work on a copy. What it makes of it is judged before it is used: one that finds debconf broken writes
 * stacks without the modules that were there, and calls it a success.
 */
#include "helper/setup/pam_profile.h"

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
#define PROFILE PROFILES "/latchkey"
#define STAGED STAGE_FOLDER "/pam"
#define UPDATE_MS 60000u
#define N_STACKS 5u /* the first ones of the list */
#define AUTH_AT 4u

const char *const pam_files[PAM_FILES] = {
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

bool pam_profile_is_there(const struct context *c)
{
	char *profile = changes_path(c->root, PROFILE);
	bool is_there = profile != NULL && access(PROGRAM_PAM_AUTH_UPDATE, X_OK) == 0 && access(profile, R_OK) == 0;

	free(profile);
	return is_there;
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
static int run_update(const struct context *c, const char *verb)
{
	LK_CLEANUP(buf_done) struct buf output = {0};
	static const char folder[] = STAGED;
	const struct program update = {
		.argv = {PROGRAM_PAM_AUTH_UPDATE, "--root", folder, verb, "latchkey"},
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
	ch->stays = true;
	buf_done(&ch->after);
	buf_init(&ch->after, CHANGE_BYTES_MAX);
	buf_append(&ch->after, content.data, content.len);
	return buf_fault(&ch->after);
}

static bool has_word(const struct buf *text, const char *word, size_t len)
{
	return text->len > 0 && memmem(text->data, text->len, word, len) != NULL;
}

bool pam_profile_is_in(const struct change *ch)
{
	static const char module[] = "pam_latchkey.so";

	return ch->stays && has_word(&ch->after, module, sizeof(module) - 1);
}

/* @profile: what it names may go with it */
static bool keeps_modules(const struct context *c, const struct change *ch, const struct buf *profile)
{
	const char *at = ch->before.data;

	while (at != NULL && (at = strstr(at, "pam_")) != NULL) {
		size_t len = strcspn(at, " \t\n");

		if (len > 3 && memcmp(at + len - 3, ".so", 3) == 0 && !has_word(&ch->after, at, len) &&
		    !has_word(profile, at, len)) {
			warn(c, "pam-auth-update would take %.*s out of %s, so its work is not used",
			     (int)(len < 64 ? len : 64), at, ch->path);
			return false;
		}
		at += len;
	}
	return true;
}

static int judge(const struct context *c, struct change *const *list, bool enables)
{
	LK_CLEANUP(buf_done) struct buf profile = {0};
	char *path = changes_path(c->root, PROFILE);
	int r = path != NULL ? file_read(&profile, path, FILE_OWNER_ROOT, FILE_READABLE, CHANGE_BYTES_MAX) : -ENOMEM;

	free(path);
	if (r < 0)
		return r;
	for (size_t i = 0; i < N_STACKS; i++) {
		if (!keeps_modules(c, list[i], &profile))
			return 1;
	}
	if (pam_profile_is_in(list[AUTH_AT]) == enables)
		return 0;
	warn(c, "pam-auth-update leaves /etc/pam.d/common-* as they are, since somebody has changed them by hand");
	return 1;
}

int pam_profile_run(const struct context *c, const char *verb, struct change *const *list, bool from_record)
{
	int r = stage_folders(c);

	for (size_t i = 0; r == 0 && i < PAM_FILES; i++)
		r = stage_one(c, list[i], from_record);
	if (r == 0)
		r = run_update(c, verb);
	for (size_t i = 0; r == 0 && i < PAM_FILES; i++)
		r = take_result(list[i]);
	return r == 0 ? judge(c, list, strcmp(verb, "--enable") == 0) : r;
}
