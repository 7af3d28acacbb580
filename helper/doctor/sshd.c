/* SPDX-License-Identifier: MIT */
/* sshd by what it says itself (sshd -T): what its files say depends on their order, and on where they include others. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "helper/base/text.h"
#include "helper/doctor/checks.h"
#include "helper/base/program.h"
#include "helper/doctor/read.h"

#define SSHD "/usr/sbin/sshd"
#define SSHD_CONFIG "/etc/ssh/sshd_config"
#define RELOAD "systemctl reload ssh || systemctl reload sshd"
#define GRACE_FAULT_S 30u
#define GRACE_MAX_S 900u /* for so long a number is kept that NSS has told; login/context.h */
#define STARTUPS_NOTE 100u
#define VALUE_MAX 512u

/* The first value that sshd reads counts, so a line at the top always does. */
static void mend_first_line(struct doctor *d, const char *line)
{
	doctor_mend_by(d, "sed -i '1i %s' " SSHD_CONFIG " && { " RELOAD "; }", line);
}

/* Return: 0; or negative, and it was said why. */
static int ask_sshd(struct doctor *d, struct buf *output)
{
	char whom[128];
	const struct program sshd = {.argv = {SSHD, "-T", "-C", whom}, .timeout_ms = DOCTOR_PROGRAM_MS};
	int r;

	(void)snprintf(whom, sizeof(whom), "user=%.64s,host=localhost,addr=127.0.0.1",
		       d->options->user ? d->options->user : "root");
	if (!d->is_machine) {
		doctor_say(d, DOCTOR_UNSEEN, "only the machine itself can ask sshd: sshd -T");
		return -ENODATA;
	}
	r = program_run(&sshd, output);
	if (r == 0)
		return output->data ? 0 : -ENODATA;
	if (r == -ENOENT) {
		doctor_say(d, DOCTOR_UNSEEN, "there is no " SSHD);
	} else if (r < 0) {
		doctor_say(d, DOCTOR_UNSEEN, "sshd -T: %s", strerror(-r));
	} else {
		const char *at = output->data;
		char line[VALUE_MAX] = "";

		(void)read_line(&at, line, sizeof(line));
		doctor_say(d, DOCTOR_FAULT, "sshd does not take its configuration: %s", line);
		doctor_mend(d, "mend that line; \"sshd -t\" tries it");
	}
	return -ENODATA;
}

/* Return: "" where sshd does not know the word. */
static const char *value_of(const struct buf *output, const char *key, char out[VALUE_MAX])
{
	const char *at = output->data;
	char line[VALUE_MAX];
	size_t len = strlen(key);

	out[0] = '\0';
	while (read_line(&at, line, sizeof(line))) {
		if (strncasecmp(line, key, len) == 0 && line[len] == ' ') {
			(void)snprintf(out, VALUE_MAX, "%s", line + len + 1);
			break;
		}
	}
	return out;
}

/* Is keyboard-interactive in one of the alternatives, or is everything allowed? */
static bool methods_fit(const char *methods)
{
	return methods[0] == '\0' || strcmp(methods, "any") == 0 || strstr(methods, "keyboard-interactive") != NULL;
}

void check_sshd(struct doctor *d)
{
	LK_CLEANUP(buf_done) struct buf output = {0};
	char value[VALUE_MAX];

	if (ask_sshd(d, &output) < 0)
		return;
	if (strcmp(value_of(&output, "usepam", value), "yes") != 0) {
		doctor_say(d, DOCTOR_FAULT, "sshd does not ask PAM (UsePAM no)");
		mend_first_line(d, "UsePAM yes");
	}
	/* Before 8.7 it had another name. */
	if (value_of(&output, "kbdinteractiveauthentication", value)[0] == '\0')
		(void)value_of(&output, "challengeresponseauthentication", value);
	if (strcmp(value, "yes") != 0) {
		doctor_say(d, DOCTOR_FAULT, "sshd cannot show a code (KbdInteractiveAuthentication no)");
		mend_first_line(d, "KbdInteractiveAuthentication yes");
	}
	if (strcmp(value_of(&output, "passwordauthentication", value), "no") != 0) {
		doctor_say(d, DOCTOR_NOTE,
			   "sshd takes passwords (PasswordAuthentication yes): that way shows no code, and "
			   "lets passwords be guessed; local people are asked through PAM anyway");
		mend_first_line(d, "PasswordAuthentication no");
	}
	if (!methods_fit(value_of(&output, "authenticationmethods", value))) {
		doctor_say(d, DOCTOR_FAULT, "AuthenticationMethods has no keyboard-interactive: %s", value);
		doctor_mend(d, "add keyboard-interactive to AuthenticationMethods in " SSHD_CONFIG);
	}
	if (!doctor_said(d))
		doctor_say(d, DOCTOR_GOOD, "sshd asks PAM, by keyboard-interactive");
}

/* --- time and places --------------------------------------------------------------------------------------------------- */

static void judge_grace(struct doctor *d, const struct buf *output)
{
	char value[VALUE_MAX], line[64];
	uint64_t grace, wanted = d->code_lifetime_s;

	if (text_to_u64(&grace, value_of(output, "logingracetime", value), UINT32_MAX) < 0)
		return;
	if (wanted > GRACE_MAX_S)
		wanted = GRACE_MAX_S;
	if (grace == 0 || grace > GRACE_MAX_S) {
		doctor_say(d, DOCTOR_NOTE, "sshd waits %s for a login, and a number that NSS has told is kept for %u s",
			   grace == 0 ? "for ever" : "longer", GRACE_MAX_S);
		(void)snprintf(line, sizeof(line), "LoginGraceTime %u", GRACE_MAX_S);
	} else if (grace < wanted || grace < GRACE_FAULT_S) {
		if (wanted < GRACE_FAULT_S)
			wanted = 120;
		doctor_say(d, grace < GRACE_FAULT_S ? DOCTOR_FAULT : DOCTOR_NOTE,
			   "sshd ends a login after %llu s (LoginGraceTime), and a code lives for %llu s",
			   (unsigned long long)grace, (unsigned long long)wanted);
		(void)snprintf(line, sizeof(line), "LoginGraceTime %llu", (unsigned long long)wanted);
	} else {
		return;
	}
	mend_first_line(d, line);
}

static void judge_startups(struct doctor *d, const struct buf *output)
{
	char value[VALUE_MAX];
	unsigned long start = strtoul(value_of(output, "maxstartups", value), NULL, 10);

	if (value[0] == '\0' || start >= STARTUPS_NOTE)
		return;
	doctor_say(d, DOCTOR_NOTE,
		   "sshd begins to drop logins when %lu are under way (MaxStartups %s), and each waits for somebody's "
		   "phone",
		   start, value);
	/* Of this one the last value counts. */
	doctor_mend_by(
		d, "sed -i -E -e '1i MaxStartups 200:30:1000' -e '/^[[:space:]]*MaxStartups[[:space:]]/Id' " SSHD_CONFIG
		   " && { " RELOAD "; }");
}

void check_sshd_time(struct doctor *d)
{
	LK_CLEANUP(buf_done) struct buf output = {0};

	if (ask_sshd(d, &output) < 0)
		return;
	judge_grace(d, &output);
	judge_startups(d, &output);
	if (!doctor_said(d))
		doctor_say(d, DOCTOR_GOOD, "sshd waits long enough, and for enough people");
}

void check_sshd_version(struct doctor *d)
{
	static const struct program sshd = {.argv = {SSHD, "-V"}, .timeout_ms = DOCTOR_PROGRAM_MS};
	LK_CLEANUP(buf_done) struct buf output = {0};
	const char *at;
	unsigned long major = 0, minor = 0;
	char *end = NULL;
	int r;

	if (!d->is_machine) {
		doctor_say(d, DOCTOR_UNSEEN, "only the machine itself can ask sshd: sshd -V");
		return;
	}
	/* Before 9.3 sshd complains of the option, and says its version all the same. */
	r = program_run(&sshd, &output);
	at = r >= 0 && output.data ? strstr(output.data, "OpenSSH_") : NULL;
	if (at) {
		major = strtoul(at + strlen("OpenSSH_"), &end, 10);
		minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	}
	if (major == 0) {
		doctor_say(d, DOCTOR_UNSEEN, "sshd does not say its version");
	} else if (major < 8 || (major == 8 && minor < 2)) {
		doctor_say(d, DOCTOR_NOTE, "OpenSSH %lu.%lu is older than anything that Latchkey was tried with", major,
			   minor);
		doctor_mend(d, "upgrade the SSH server to 8.2 or later");
	} else {
		doctor_say(d, DOCTOR_GOOD, "OpenSSH %lu.%lu", major, minor);
	}
}
