/* SPDX-License-Identifier: MIT */
/*
 * Looks at what [accounts] says about homes and shells beside what this machine has. A folder that somebody else can
 * change would let that person stand in for the home of whoever comes next.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "helper/base/buf.h"
#include "helper/base/file.h"
#include "helper/daemon/config_internal.h"

#define SHELLS_MAX 65536u

static const char *trouble(int r)
{
	switch (r) {
	case -ELOOP:
		return "it, or a folder on the way to it, is a symbolic link: name the folder itself";
	case -ENOTDIR:
		return "it, or a part of it, is no folder";
	case -EPERM:
		return "it, or a folder on the way to it, does not belong to root, or others can write to it";
	default:
		return strerrordesc_np(-r);
	}
}

int config_check_home_base(const struct config *c, const char *root, char *why)
{
	char base[PATH_MAX];
	size_t len = strcspn(c->accounts.home, "%");
	int r;

	while (len > 1 && c->accounts.home[len - 1] != '/')
		len--;
	(void)snprintf(base, sizeof(base), "%s%.*s", root, (int)len, c->accounts.home);
	r = file_check_folder(base);
	/* pam_mkhomedir makes it, as root. */
	if (r == 0 || r == -ENOENT)
		return 0;
	return config_refuse(why, "[accounts]: homes cannot lie in %.100s: %s", base, trouble(r));
}

static bool has_line(const struct buf *text, const char *line)
{
	size_t len = strlen(line), at = 0;

	while (at < text->len) {
		const char *start = text->data + at;
		const char *newline = memchr(start, '\n', text->len - at);
		size_t n = newline ? (size_t)(newline - start) : text->len - at;

		if (n == len && memcmp(start, line, n) == 0)
			return true;
		at += n + 1;
	}
	return false;
}

void config_note_shell(const struct config *c, const char *root, config_note_fn note, void *userdata)
{
	LK_CLEANUP(buf_done) struct buf shells = {0};
	char path[PATH_MAX], text[INI_FAULT_MAX];

	if (!note)
		return;
	(void)snprintf(path, sizeof(path), "%s%s", root, c->accounts.shell);
	if (access(path, X_OK) < 0) {
		snprintf(text, sizeof(text),
			 "[accounts]: shell %s: this host has no such program: nobody can work here",
			 c->accounts.shell);
		note(userdata, text);
	}
	(void)snprintf(path, sizeof(path), "%s/etc/shells", root);
	if (file_read(&shells, path, FILE_OWNER_ROOT_OR_SELF, FILE_READABLE, SHELLS_MAX) == 0 &&
	    !has_line(&shells, c->accounts.shell)) {
		snprintf(text, sizeof(text),
			 "[accounts]: shell %s is not in /etc/shells: some programs refuse people with such a shell",
			 c->accounts.shell);
		note(userdata, text);
	}
}
