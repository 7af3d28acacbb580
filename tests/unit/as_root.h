/* SPDX-License-Identifier: MIT */
#pragma once

/* For tests of what belongs to root: files made afterwards show uid 0, either because the test runs as root or because
 * it moved into a user namespace of its own. Changes nothing outside the test's process. */

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static inline bool as_root_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good;

	if (fd < 0)
		return false;
	good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	(void)close(fd);
	return good;
}

/** as_root() - be uid 0 from now on; false where the kernel allows no user namespaces: skip the test */
static inline bool as_root(void)
{
	char uids[64], gids[64];

	if (geteuid() == 0)
		return true;

	(void)snprintf(uids, sizeof(uids), "0 %u 1", (unsigned int)geteuid());
	(void)snprintf(gids, sizeof(gids), "0 %u 1", (unsigned int)getegid());
	return unshare(CLONE_NEWUSER) == 0 && as_root_write("/proc/self/setgroups", "deny") &&
	       as_root_write("/proc/self/uid_map", uids) && as_root_write("/proc/self/gid_map", gids);
}

/** has_roots_files() - root's files are root's here, as they are but in a namespace of an ordinary user; says so where not */
static inline bool has_roots_files(void)
{
	struct stat st;

	if (stat("/usr", &st) == 0 && st.st_uid == 0)
		return true;
	(void)fprintf(stderr, "skipped: in this user namespace root's files are nobody's\n");
	return false;
}

/** may_give_away() - this is root, so that files can be made another's; says so where not */
static inline bool may_give_away(void)
{
	if (geteuid() == 0 && has_roots_files())
		return true;
	(void)fprintf(stderr, "skipped: only root can make a file of somebody else\n");
	return false;
}
