/* SPDX-License-Identifier: MIT */
/* Where the programs of this folder run, and how they end. */
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "tests/module/torture/torture.h"
#include "tests/unit/as_root.h"

void torture_wrong(struct torture *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (atomic_fetch_add(&t->wrong, 1) == 0)
		(void)vsnprintf(t->what, sizeof(t->what), format, args);
	va_end(args);
}

void torture_must(bool ok, const char *what)
{
	if (!ok) {
		(void)fprintf(stderr, "%s: %s\n", what, strerrordesc_np(errno));
		exit(2);
	}
}

void torture_namespace(void)
{
	torture_must(as_root(), "a user namespace");
	torture_must(unshare(CLONE_NEWNS) == 0, "unshare");
	torture_must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "mount /");
	torture_must(mount("tmpfs", "/var/lib", "tmpfs", 0, "mode=0755") == 0, "mount /var/lib");
}
