/* SPDX-License-Identifier: MIT */
/*
 * sshd's part. Its configuration is judged by sshd itself: first as a copy with our lines at its top, where the first value
 * counts, and once more when the files are in place. Whether passwords are taken is not touched.
 */
#include "helper/setup/sshd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/base/text.h"
#include "helper/setup/edit.h"
#include "helper/base/program.h"
#include "helper/setup/programs.h"
#include "helper/setup/stage.h"

#define CONFIG "/etc/ssh/sshd_config"
#define FOLDER "/etc/ssh/sshd_config.d"
/* Early: the first value counts, and other packages' files begin with a higher number. */
#define DROP_IN FOLDER "/10-latchkey.conf"
#define STAGED STAGE_FOLDER "/sshd_config"
#define SSHD_MS 30000u
#define VALUE_SIZE 64u
#define DEFAULT_CODE_S 600u
#define MARGIN_S 60u /* to read, to answer, and for the home to be made */
#define GRACE_MAX_S 3600u

static int run_sshd(const struct context *c, const char *mode, const char *config, struct buf *output)
{
	const struct program sshd = {.argv = {PROGRAM_SSHD, mode, "-f", config}, .timeout_ms = SSHD_MS};
	int r = program_run(&sshd, output);

	if (r != 0) {
		warn(c, "%s %s: %s", PROGRAM_SSHD, mode, r < 0 ? strerrordesc_np(-r) : "refuses its configuration");
		say_text(c, output->data);
	}
	return r;
}

/* Long enough for a code, and never shorter than what the administrator has; 0 is for ever. */
static uint32_t grace_of(const struct context *c, const char *settings)
{
	uint32_t wanted = (c->code_lifetime_s != 0 ? c->code_lifetime_s : DEFAULT_CODE_S) + MARGIN_S;
	char value[VALUE_SIZE];
	uint64_t now;

	if (wanted > GRACE_MAX_S)
		wanted = GRACE_MAX_S;
	if (edit_setting(settings, "logingracetime", value, sizeof(value)) == NULL ||
	    text_to_u64(&now, value, UINT32_MAX) < 0)
		return wanted;
	return now == 0 || now > wanted ? (uint32_t)now : wanted;
}

static bool is_setting(const char *settings, const char *key, const char *wanted)
{
	char value[VALUE_SIZE];

	return edit_setting(settings, key, value, sizeof(value)) != NULL && strcmp(value, wanted) == 0;
}

static void say_passwords(const struct context *c, const char *settings)
{
	if (is_setting(settings, "passwordauthentication", "yes"))
		say(c, "PasswordAuthentication is on and stays so: local users can use their passwords.");
	else if (!is_setting(settings, "kbdinteractiveauthentication", "yes"))
		warn(c, "KbdInteractiveAuthentication was off: local users who have a password can use it over SSH "
			"from now "
			"on, since PAM asks them for it; see latchkey(1)");
}

/* As it will be read: what stands first counts. */
static int try_copy(const struct context *c, const struct change *drop_in, const struct change *config)
{
	LK_CLEANUP(buf_done) struct buf text = {0};
	LK_CLEANUP(buf_done) struct buf output = {0};
	int r;

	buf_init(&text, 2 * CHANGE_BYTES_MAX);
	buf_append(&text, drop_in->after.data, drop_in->after.len);
	buf_append(&text, config->before.data, config->before.len);
	r = buf_fault(&text);
	if (r == 0)
		r = replace_file(STAGED, text.data, text.len, &(struct replace_owner){.mode = 0600});
	if (r < 0)
		return r;
	return run_sshd(c, "-t", STAGED, &output) == 0 ? 0 : 1;
}

static bool is_included(const char *text, size_t len)
{
	static const char line[] = "Include " DROP_IN;

	return edit_sshd_includes(text, len, FOLDER) || memmem(text, len, line, sizeof(line) - 1) != NULL;
}

static int write_include(struct change *config)
{
	const char *text = config->before.data != NULL ? config->before.data : "";

	if (!is_included(text, config->before.len))
		return edit_sshd_include(&config->after, text, config->before.len, DROP_IN);
	buf_append(&config->after, text, config->before.len);
	return buf_fault(&config->after);
}

int sshd_plan(struct context *c)
{
	LK_CLEANUP(buf_done) struct buf settings = {0};
	bool is_image = c->root[0] != '\0';
	struct change *drop_in = NULL;
	struct change *config = NULL;
	char *path = changes_path(c->root, CONFIG);
	bool has_config = path != NULL && access(path, F_OK) == 0;
	int r;

	free(path);
	if (!has_config || (!is_image && access(PROGRAM_SSHD, X_OK) < 0)) {
		say(c, "There is no sshd here.");
		return 0;
	}
	/* An image's sshd has no keys yet. */
	if (!is_image && run_sshd(c, "-T", CONFIG, &settings) != 0) {
		warn(c, "that was so before; mend it first");
		return 1;
	}
	r = changes_read(&c->changes, DROP_IN, "sshd", &drop_in);
	if (r == 0)
		r = edit_sshd_drop_in(&drop_in->after, grace_of(c, settings.data != NULL ? settings.data : ""));
	if (r == 0)
		r = changes_read(&c->changes, CONFIG, "sshd", &config);
	if (r == 0)
		r = write_include(config);
	if (r == 0 && !is_image) {
		say_passwords(c, settings.data);
		r = try_copy(c, drop_in, config);
	}
	return r;
}

bool sshd_is_content(const struct context *c)
{
	LK_CLEANUP(buf_done) struct buf settings = {0};

	if (c->root[0] != '\0' || access(PROGRAM_SSHD, X_OK) < 0)
		return true;
	if (run_sshd(c, "-T", CONFIG, &settings) != 0)
		return false;
	if (!is_setting(settings.data, "usepam", "yes") ||
	    !is_setting(settings.data, "kbdinteractiveauthentication", "yes"))
		warn(c, "another file that sshd reads first sets UsePAM or KbdInteractiveAuthentication otherwise; "
			"\"grep -rie UsePAM -e KbdInter -e ChallengeResp /etc/ssh\" finds it");
	return true;
}

void sshd_reload(const struct context *c)
{
	static const char *const names[] = {"ssh.service", "sshd.service"};

	if (c->root[0] != '\0')
		return;
	for (size_t i = 0; c->has_systemd && i < sizeof(names) / sizeof(names[0]); i++) {
		LK_CLEANUP(buf_done) struct buf output = {0};
		const struct program is_active = {.argv = {PROGRAM_SYSTEMCTL, "is-active", "--quiet", names[i]},
						  .timeout_ms = SSHD_MS};
		const struct program reload = {.argv = {PROGRAM_SYSTEMCTL, "reload-or-restart", names[i]},
					       .timeout_ms = SSHD_MS};

		if (program_run(&is_active, &output) != 0)
			continue;
		buf_done(&output);
		if (program_run(&reload, &output) == 0)
			say(c, "%s reads its configuration anew.", names[i]);
		else
			warn(c, "%s could not be reloaded; do it yourself", names[i]);
		return;
	}
	say(c, "An sshd that runs must read its configuration anew: restart it, or send it SIGHUP.");
}
