/* SPDX-License-Identifier: MIT */
/* Debian's profiles, which other packages change as well, at any time: then the way back is pam-auth-update's own. */
#include "helper/setup/pam.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "helper/setup/pam_profile.h"
#include "helper/setup/programs.h"

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

	for (size_t i = 0; i < PAM_FILES; i++) {
		enum record_state state = record_state(&c->record, list[i]);

		if (state == RECORD_CHANGED)
			return false;
		is_begun = is_begun || state == RECORD_OURS;
	}
	return is_begun;
}

int pam_plan(struct context *c, enum pam_way *ret)
{
	struct change *list[PAM_FILES];
	int r = 0;

	*ret = PAM_BY_HAND;
	c->first_pam = c->changes.n;
	if (!pam_profile_is_there(c))
		return 0;
	for (size_t i = 0; r == 0 && i < PAM_FILES; i++)
		r = changes_read(&c->changes, pam_files[i], "PAM", &list[i]);
	if (r == 0)
		r = pam_profile_run(c, "--enable", list, is_ours_alone(c, list));
	if (r == 0) {
		*ret = PAM_BY_PROFILE;
		return 0;
	}
	while (c->changes.n > c->first_pam)
		changes_drop(&c->changes);
	/* Everything else can be done all the same. */
	return r < 0 ? r : 0;
}

static size_t find(const struct context *c, const char *path)
{
	size_t i = 0;

	while (i < c->changes.n && strcmp(c->changes.list[i]->path, path) != 0)
		i++;
	return i;
}

/* Of all files; one that set-up had no reason to change is read now. */
static int find_all(struct context *c, size_t *at)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < PAM_FILES; i++) {
		struct change *ch;

		at[i] = find(c, pam_files[i]);
		if (at[i] == c->changes.n) {
			r = changes_read(&c->changes, pam_files[i], "PAM", &ch);
			r = r == 0 ? change_keep(ch) : r;
		}
	}
	return r;
}

static bool is_any_kept(const struct context *c, const bool *kept)
{
	for (size_t i = 0; i < PAM_FILES; i++) {
		size_t at = find(c, pam_files[i]);

		if (at < c->changes.n && kept[at])
			return true;
	}
	return false;
}

int pam_undo(struct context *c, bool *kept)
{
	struct change *list[PAM_FILES];
	size_t at[PAM_FILES];
	int r;

	if (!is_any_kept(c, kept) || !pam_profile_is_there(c))
		return 0;
	r = find_all(c, at);
	if (r != 0)
		return r;
	for (size_t i = 0; i < PAM_FILES; i++)
		list[i] = c->changes.list[at[i]];
	r = pam_profile_run(c, "--disable", list, false);
	if (r != 0)
		return r;
	c->undoes_profile = true;
	for (size_t i = 0; i < PAM_FILES; i++) {
		kept[at[i]] = false;
		list[i]->is_exact = false;
		list[i]->owner = list[i]->was;
	}
	return 0;
}

void pam_forget(struct context *c)
{
	for (size_t i = 0; c->undoes_profile && i < PAM_FILES; i++)
		record_drop(&c->record, pam_files[i]);
}
