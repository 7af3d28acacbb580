/* SPDX-License-Identifier: MIT */
#include "helper/setup/users.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/setup/change.h"

int users_find(const char *root, const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	char *path = changes_path(root, "/etc/passwd");
	FILE *f = path != NULL ? fopen(path, "re") : NULL;
	int r = path != NULL ? -errno : -ENOMEM;
	const struct passwd *p;

	free(path);
	if (f == NULL)
		return r;
	do
		p = fgetpwent(f);
	while (p != NULL && strcmp(p->pw_name, name) != 0);
	if (p != NULL) {
		*ret_uid = p->pw_uid;
		*ret_gid = p->pw_gid;
	}
	(void)fclose(f);
	return p != NULL ? 0 : -ENOENT;
}
