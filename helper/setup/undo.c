/* SPDX-License-Identifier: MIT */
/* The way back. A file that somebody has changed since is theirs: it stays, and what they have changed is shown. */
#include "helper/setup/undo.h"

#include <errno.h>
#include <string.h>

#include "helper/setup/pam.h"
#include "helper/setup/sshd.h"
#include "helper/setup/units.h"

static void show_kept(const struct context *c, const struct change *ch)
{
	const struct diff_style style = style_of(c);

	warn(c, "%s was changed since set-up and stays as it is:", ch->path);
	if (record_print_changed(&c->record, ch, c->terminal->out, &style) < 0)
		warn(c, "the difference cannot be shown");
	if (strncmp(ch->path, "/etc/pam.d/", strlen("/etc/pam.d/")) == 0)
		warn(c, "where it names pam_latchkey.so, take that out by hand");
}

static size_t show(const struct context *c, const bool *kept)
{
	const struct diff_style style = style_of(c);
	size_t n_kept = 0;

	for (size_t i = 0; i < c->changes.n; i++) {
		n_kept += kept[i];
		if (kept[i])
			show_kept(c, c->changes.list[i]);
		else
			(void)change_print(c->terminal->out, c->changes.list[i], &style);
	}
	for (size_t i = 0; c->has_systemd && i < c->record.n_units; i++)
		say(c, "systemctl disable --now %s", c->record.units[i]);
	return n_kept;
}

/* A package that goes leaves its configuration until it is purged. */
static int keep_configuration(const struct context *c)
{
	static const char folder[] = "/etc/latchkey/";
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->changes.n; i++) {
		struct change *ch = c->changes.list[i];

		if (strncmp(ch->path, folder, sizeof(folder) - 1) == 0)
			r = change_keep(ch);
	}
	return r;
}

static bool has_changed(const struct context *c, const char *folder)
{
	for (size_t i = 0; i < c->changes.n; i++) {
		if (change_is_needed(c->changes.list[i]) &&
		    strncmp(c->changes.list[i]->path, folder, strlen(folder)) == 0)
			return true;
	}
	return false;
}

static int apply(struct context *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->changes.n; i++) {
		const struct change *ch = c->changes.list[i];

		if (!change_is_needed(ch))
			continue;
		say(c, "%s %s", ch->stays ? "Restoring" : "Removing", ch->path);
		r = change_apply(&c->changes, ch);
		if (r < 0)
			warn(c, "%s: %s", ch->path, strerrordesc_np(-r));
	}
	return r;
}

static enum setup_result finish(struct context *c, size_t n_kept)
{
	int r = units_undo(c);

	if (has_changed(c, "/etc/ssh/"))
		sshd_reload(c);
	pam_forget(c);
	if (r == 0)
		r = record_forget(&c->record);
	if (r != 0) {
		warn(c, "the undoing is not complete; run it again%s%s", r < 0 ? ": " : "",
		     r < 0 ? strerrordesc_np(-r) : "");
		return SETUP_FAILED;
	}
	if (n_kept > 0) {
		warn(c, "%zu files stay; the rest is as it was before", n_kept);
		return SETUP_FAILED;
	}
	say(c, c->options->keep_configuration ? "Everything but the configuration is as it was before."
					      : "Everything is as it was before.");
	return SETUP_DONE;
}

enum setup_result undo_run(struct context *c)
{
	const struct setup_options *o = c->options;
	bool kept[CHANGES_MAX] = {false};
	size_t n_kept;
	int r;

	if (c->record.n == 0 && c->record.n_units == 0) {
		say(c, "There is nothing to undo.");
		/* One that was killed before it changed anything may have left contents behind. */
		return o->dry_run || record_forget(&c->record) == 0 ? SETUP_DONE : SETUP_FAILED;
	}
	r = record_undo(&c->record, &c->changes, kept);
	if (r == 0)
		r = pam_undo(c, kept);
	if (r > 0) {
		changes_done(&c->changes);
		memset(kept, 0, sizeof(kept));
		r = record_undo(&c->record, &c->changes, kept);
	}
	if (r == 0 && o->keep_configuration)
		r = keep_configuration(c);
	if (r < 0) {
		warn(c, "what was before cannot be read: %s", strerrordesc_np(-r));
		return SETUP_FAILED;
	}
	n_kept = show(c, kept);
	if (o->dry_run)
		return SETUP_DONE;
	if (!o->yes && !c->terminal->confirm(c->terminal->userdata, "Undo this?")) {
		warn(c, "nothing was changed");
		return SETUP_FAILED;
	}
	record_clean(&c->record);
	if (apply(c) < 0)
		return SETUP_FAILED;
	return finish(c, n_kept);
}
