/* SPDX-License-Identifier: MIT */
/* The steps in their order; each says what it does before it does it. */
#include "helper/setup/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/base/secret.h"
#include "helper/setup/configuration.h"
#include "helper/setup/plan.h"
#include "helper/base/program.h"
#include "helper/setup/programs.h"
#include "helper/setup/provider_check.h"
#include "helper/setup/sshd.h"
#include "helper/setup/stage.h"
#include "helper/setup/undo.h"
#include "helper/setup/units.h"

#define SECRET_FILE_MAX 4096u
#define CHECK_MS 15000u

static const char again[] = "what was done stays, and nobody is locked out: run it again to go on, or --undo";

/* Wherever the administrator has it. */
static int read_secret(const struct context *c, struct buf *secret)
{
	char chunk[SECRET_FILE_MAX + 1];
	ssize_t n = 0;
	int fd;

	buf_init(secret, SECRET_FILE_MAX);
	if (c->options->secret_file == NULL)
		return 0;
	fd = open(c->options->secret_file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd >= 0) {
		while ((n = read(fd, chunk, sizeof(chunk))) > 0)
			buf_append(secret, chunk, (size_t)n);
		(void)close(fd);
	}
	secret_wipe(chunk, sizeof(chunk));
	if (fd >= 0 && n == 0 && secret->len > 0 && buf_fault(secret) == 0)
		return 0;
	warn(c, "--secret-file %s: %s", c->options->secret_file,
	     fd < 0 || n < 0 ? strerrordesc_np(errno) : "must hold one line of 4 KiB at most");
	return 1;
}

static size_t show(const struct context *c, int n_units)
{
	const struct diff_style style = style_of(c);

	for (size_t i = 0; i < c->changes.n; i++)
		(void)change_print(c->terminal->out, c->changes.list[i], &style);
	if (n_units > 0)
		units_print(c);
	return changes_count(&c->changes) + (size_t)n_units;
}

/* Before the first change. */
static int write_record(struct context *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->changes.n; i++) {
		if (change_is_needed(c->changes.list[i]))
			r = record_note(&c->record, c->changes.list[i]);
	}
	if (r == 0)
		r = record_save(&c->record);
	if (r == 0)
		record_clean(&c->record);
	if (r < 0)
		warn(c, RECORD_FOLDER ": %s; nothing was changed", strerrordesc_np(-r));
	return r;
}

/* From one of the changes on up to another. */
static int apply(const struct context *c, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct change *ch = c->changes.list[i];
		int r;

		if (!change_is_needed(ch))
			continue;
		say(c, "Writing %s", ch->path);
		r = change_apply(&c->changes, ch);
		if (r < 0) {
			warn(c, "%s: %s", ch->path, strerrordesc_np(-r));
			warn(c, "%s", again);
			return r;
		}
	}
	return 0;
}

static void revert(const struct context *c, size_t from, size_t to)
{
	for (size_t i = to; i-- > from;) {
		int r = change_revert(&c->changes, c->changes.list[i]);

		if (r < 0)
			warn(c, "%s: %s", c->changes.list[i]->path, strerrordesc_np(-r));
	}
}

static size_t find_first(const struct context *c, const char *prefix)
{
	size_t i = 0;

	while (i < c->first_pam && strncmp(c->changes.list[i]->path, prefix, strlen(prefix)) != 0)
		i++;
	return i;
}

/* With the files of latchkey.conf.d, which were not there when the answers were tried. */
static bool is_configuration_good(const struct context *c)
{
	LK_CLEANUP(buf_done) struct buf output = {0};
	const struct program check = {.argv = {PROGRAM_LATCHKEYD, "--check"}, .timeout_ms = CHECK_MS};
	int r = c->root[0] != '\0' ? 0 : program_run(&check, &output);

	if (r == 0)
		return true;
	warn(c, "latchkeyd refuses its configuration: %s", r < 0 ? strerrordesc_np(-r) : "");
	say_text(c, output.data);
	return false;
}

/* Configuration and helper: nothing depends on them yet. */
static int begin(struct context *c, size_t end)
{
	if (apply(c, 0, end) < 0)
		return 1;
	if (!is_configuration_good(c)) {
		revert(c, 0, end);
		warn(c, "the configuration is as it was before");
		return 1;
	}
	if (units_start(c) != 0) {
		warn(c, "%s", again);
		return 1;
	}
	return 0;
}

static int connect_sshd(struct context *c, size_t from)
{
	if (apply(c, from, c->first_pam) < 0)
		return 1;
	if (sshd_is_content(c))
		return 0;
	revert(c, from, c->first_pam);
	warn(c, "sshd's configuration is as it was before");
	return 1;
}

/* PAM, once it is sure that somebody answers there. */
static int enable_pam(struct context *c, enum pam_way pam)
{
	bool is_image = c->root[0] != '\0';

	if (!is_image && !units_are_answering(c)) {
		warn(c, "PAM is not enabled, so nothing depends on it; run this again once it answers");
		return 1;
	}
	if (pam == PAM_BY_HAND) {
		pam_say_by_hand(c);
		return 1;
	}
	return apply(c, c->first_pam, c->changes.n) < 0 ? 1 : 0;
}

static int make(struct context *c, enum pam_way pam)
{
	size_t nss = find_first(c, "/etc/ns");
	size_t sshd = find_first(c, "/etc/ssh/");
	bool has_sshd = sshd < c->first_pam;
	bool nscd_changes = sshd > 0 && strcmp(c->changes.list[sshd - 1]->path, "/etc/nscd.conf") == 0 &&
			    change_is_needed(c->changes.list[sshd - 1]);
	bool sshd_changes = false;
	int r = write_record(c) < 0 ? 1 : begin(c, nss);

	for (size_t i = sshd; i < c->first_pam; i++)
		sshd_changes = sshd_changes || change_is_needed(c->changes.list[i]);
	if (r == 0)
		r = apply(c, nss, sshd) < 0 ? 1 : 0;
	if (r == 0 && nscd_changes)
		units_restart_nscd(c);
	if (r == 0 && has_sshd)
		r = connect_sshd(c, sshd);
	if (r == 0)
		r = enable_pam(c, pam);
	if (sshd_changes && r == 0)
		sshd_reload(c);
	return r;
}

static enum setup_result finish(const struct context *c)
{
	if (c->root[0] != '\0')
		say(c, "Done. The provider was not asked from here.");
	else
		say(c, "Done. Keep this shell until a login has worked: \"latchkey try NAME\", then ssh.");
	if (c->root[0] == '\0' && !c->has_systemd && c->is_new_configuration)
		say(c, "latchkeyd reads its configuration when it starts: restart it.");
	return SETUP_DONE;
}

static enum setup_result change_system(struct context *c, const struct buf *secret)
{
	enum pam_way pam = PAM_BY_HAND;
	int n_units;
	int r = plan_make(c, secret, &pam);

	if (r == 0 && (n_units = units_plan(c)) < 0)
		r = n_units;
	if (r != 0) {
		warn(c, "nothing was changed%s%s", r < 0 ? ": " : "", r < 0 ? strerrordesc_np(-r) : "");
		return SETUP_FAILED;
	}
	c->is_new_configuration = false;
	for (size_t i = 0; i < find_first(c, "/etc/ns"); i++)
		c->is_new_configuration = c->is_new_configuration || change_is_needed(c->changes.list[i]);
	if (show(c, n_units) == 0) {
		say(c, "There is nothing to change.");
		return pam == PAM_BY_HAND || (c->root[0] == '\0' && !units_are_answering(c)) ? SETUP_FAILED
											     : SETUP_DONE;
	}
	if (c->options->dry_run)
		return SETUP_DONE;
	if (!c->options->yes && !c->terminal->confirm(c->terminal->userdata, "Make these changes?")) {
		warn(c, "nothing was changed");
		return SETUP_FAILED;
	}
	return make(c, pam) == 0 ? finish(c) : SETUP_FAILED;
}

static enum setup_result set_up(struct context *c)
{
	LK_CLEANUP(buf_done) struct buf secret = {0};
	const char *fault = configuration_judge(c);

	if (fault != NULL) {
		warn(c, "%s", fault);
		return SETUP_MISUSE;
	}
	if (read_secret(c, &secret) != 0 || provider_check_configuration(c, &secret) != 0)
		return SETUP_FAILED;
	if (c->root[0] == '\0' && provider_check(c, &secret) != 0) {
		warn(c, "nothing was changed");
		return SETUP_FAILED;
	}
	return change_system(c, &secret);
}

static enum setup_result run(struct context *c)
{
	int r = record_load(&c->record, c->root);

	if (r < 0) {
		warn(c, RECORD_FOLDER " cannot be read: %s", r == -EBADMSG ? "it is damaged" : strerrordesc_np(-r));
		return SETUP_FAILED;
	}
	return c->options->undo ? undo_run(c) : set_up(c);
}

/* The image's folder, without a '/' at its end; "/" is this system. */
static int find_root(const char *option, char *root, size_t size)
{
	size_t len = option != NULL ? strlen(option) : 0;

	if (len >= size || (len > 0 && option[0] != '/'))
		return -EINVAL;
	while (len > 0 && option[len - 1] == '/')
		len--;
	memcpy(root, option != NULL ? option : "", len);
	root[len] = '\0';
	return 0;
}

enum setup_result setup_run(const struct setup_options *o, const struct setup_terminal *t)
{
	struct context c = {.options = o, .terminal = t};
	enum setup_result result = SETUP_FAILED;
	struct stage stage = {.fd = -1};
	char root[256];
	int r;

	if (find_root(o->root, root, sizeof(root)) < 0) {
		warn(&c, "--root must be an absolute path");
		return SETUP_MISUSE;
	}
	if (geteuid() != 0) {
		warn(&c, "this changes the system's files, so it needs root");
		return SETUP_FAILED;
	}
	c.root = c.record.root = c.changes.root = root;
	c.has_systemd =
		root[0] == '\0' && access("/run/systemd/system", F_OK) == 0 && access(PROGRAM_SYSTEMCTL, X_OK) == 0;
	r = stage_open(&stage);
	if (r == 0)
		result = run(&c);
	else
		warn(&c, STAGE_FOLDER ": %s", r == -EWOULDBLOCK ? "another set-up is running" : strerrordesc_np(-r));
	changes_done(&c.changes);
	record_done(&c.record);
	stage_close(&stage);
	return result;
}
