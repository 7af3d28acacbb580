/* SPDX-License-Identifier: MIT */
/* The key files that [service-account] sections name: without them a robot gets no token, and with others' rights anybody
 * is the robot. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "helper/base/text.h"
#include "helper/doctor/checks.h"

#define KEYS "/var/lib/latchkey/private/keys"

static void look_at_key(struct doctor *d, const char *account, const char *key)
{
	char path[PATH_MAX], full[PATH_MAX];
	struct stat st;

	/* Credentials, tokens and chips are the helper's to open. */
	if (strchr(key, ':'))
		return;
	if (key[0] == '/')
		(void)snprintf(path, sizeof(path), "%s", key);
	else
		(void)snprintf(path, sizeof(path), KEYS "/%.200s.pem", key);
	doctor_path(d, full, path);
	if (lstat(full, &st) < 0) {
		doctor_say(d, DOCTOR_FAULT, "%s: the key %s: %s", account, path, strerror(errno));
		if (key[0] != '/')
			doctor_mend_by(d, "latchkey key new %s", key);
		else
			doctor_mend(d, "put it there, owned by latchkey with the mode 0400");
	} else if (!S_ISREG(st.st_mode) || st.st_nlink != 1) {
		doctor_say(d, DOCTOR_FAULT, "%s: the key %s is no file of its own", account, path);
		doctor_mend(d, "a regular file with one name is wanted");
	} else if (st.st_uid != d->helper_uid) {
		doctor_say(d, DOCTOR_FAULT, "%s: the key %s does not belong to latchkey", account, path);
		doctor_mend_by(d, "chown latchkey:latchkey %s && chmod 0400 %s", path, path);
	} else if ((st.st_mode & 077) != 0) {
		doctor_say(d, DOCTOR_FAULT, "%s: others than latchkey can read the key %s", account, path);
		doctor_mend(d, "after that mend take a new key: others may have this one");
		doctor_mend_by(d, "chmod 0400 %s", path);
	}
}

static void look_at_assertion_keys(struct doctor *d, const char *account, const char *path)
{
	char full[PATH_MAX];
	struct stat st;

	doctor_path(d, full, path);
	if (lstat(full, &st) < 0 || !S_ISREG(st.st_mode)) {
		doctor_say(d, DOCTOR_FAULT, "%s: the robot's public keys are not in %s", account, path);
		doctor_mend(d, "put a JWK set or PEM keys there, root's alone to write");
	} else if (st.st_uid != 0 || (st.st_mode & 022) != 0) {
		doctor_say(d, DOCTOR_FAULT, "%s: others than root can write %s", account, path);
		doctor_mend_by(d, "chown root:root %s && chmod 0644 %s", path, path);
	}
}

void check_service_accounts(struct doctor *d)
{
	for (size_t i = 0; i < d->facts.n_accounts; i++) {
		const struct facts_service_account *a = &d->facts.accounts[i];

		if (a->key)
			look_at_key(d, a->name, a->key);
		if (a->assertion_keys)
			look_at_assertion_keys(d, a->name, a->assertion_keys);
	}
	if (!doctor_said(d))
		doctor_say(d, DOCTOR_GOOD, d->facts.n_accounts == 0 ? "none is configured" : "their keys are in order");
}
