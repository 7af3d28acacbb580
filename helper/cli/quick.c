/* SPDX-License-Identifier: MIT */
/*
 * The latchkey command as programs call it: again and again, for a token. What these few verbs need is in this program, and all
 * others are in latchkey-command, which this one becomes: half of the time of "latchkey token" was the loading of a cryptography
 * library that it never calls.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "helper/cli/verbs.h"

#define REST "latchkey-command"

static const struct verb verbs[] = {
	{"token", "[NAME]", NULL, verb_token},
	{"git-credential", "get|store|erase", NULL, verb_git_credential},
	{NULL, NULL, NULL, NULL},
};

static bool is_ours(int argc, char *const *argv)
{
	struct arguments a;
	char why[128];

	if (arguments_parse(&a, argc, argv, why, sizeof(why)) < 0 || a.help)
		return false;
	if (a.version)
		return true;
	for (const struct verb *v = verbs; a.verb && v->name; v++)
		if (strcmp(v->name, a.verb) == 0)
			return true;
	return false;
}

/* Beside this program where they lie together, as in a build; else where it is installed. */
static void become_rest(char *const *argv)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - sizeof(REST));

	while (len > 0 && path[len - 1] != '/')
		len--;
	if (len > 0) {
		memcpy(path + len, REST, sizeof(REST));
		(void)execv(path, argv);
	}
	(void)execv(LK_LIBEXECDIR "/" REST, argv);
}

int main(int argc, char **argv)
{
	if (is_ours(argc, argv))
		return (int)command_run(verbs, argc, argv, stdout, stderr);
	become_rest(argv);
	(void)fprintf(stderr, "latchkey: %s/%s cannot be run: %s\n", LK_LIBEXECDIR, REST, strerror(errno));
	return COMMAND_FAILED;
}
