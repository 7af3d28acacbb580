/* SPDX-License-Identifier: MIT */
#pragma once

/* For tests of what belongs to root: files made afterwards show uid 0, either because the test runs as root or because
 * it moved into a user namespace of its own. Changes nothing outside the test's process. */

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
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
