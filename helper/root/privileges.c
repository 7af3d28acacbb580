/* SPDX-License-Identifier: MIT */
/* What latchkey-root may do, which is as little as can be at each moment. Whoever goes on after a failed
 * privileges_become() could signal every process of the machine, so nothing is taken for granted there. */
#include "helper/root/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nss_module/map_format.h"

/* Never a user's: the last number before the one that means "none". */
#define UID_OF_NOBODY ((uid_t)UINT32_MAX - 1)
#define KEPT (UINT32_C(1) << CAP_SETUID)

_Static_assert(CAP_SETUID < 32, "it stands in the first word");

static int capabilities_get(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capget, &header, data) < 0 ? -errno : 0;
}

static int capabilities_set(uint32_t permitted, uint32_t effective)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{.effective = effective, .permitted = permitted}, {0, 0, 0}};

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int privileges_give_up(void)
{
	struct __user_cap_data_struct has[2];
	struct rlimit no_core = {0, 0};
	int r;

	(void)umask(022);
	(void)setrlimit(RLIMIT_CORE, &no_core);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	r = capabilities_get(has);
	if (r == 0)
		r = capabilities_set(has[0].permitted & KEPT, 0);
	if (r < 0)
		return r;
	(void)signal(SIGPIPE, SIG_IGN);
	return 0;
}

static bool is_without_capabilities(void)
{
	struct __user_cap_data_struct has[2];

	return capabilities_get(has) == 0 && (has[0].effective | has[1].effective) == 0 &&
	       (has[0].permitted | has[1].permitted) == 0;
}

int privileges_become(uid_t uid)
{
	uid_t unused = UID_OF_NOBODY;
	uid_t real;
	uid_t effective;
	uid_t saved;
	int r;

	if (uid < MAP_ID_FLOOR || uid >= UID_OF_NOBODY)
		return -EINVAL;
	r = capabilities_set(KEPT, KEPT);
	if (r < 0)
		return r;
	if (setresuid(unused, uid, unused) < 0 && errno == EINVAL) {
		/* A container that has no such number: the person may get in our way there, and nobody else's processes
		 * are in reach either. */
		unused = uid;
		if (setresuid(unused, uid, unused) < 0)
			return -errno;
	}
	/* No uid is 0 any more, so the kernel has taken them already; twice is not too often. */
	r = capabilities_set(0, 0);
	if (r < 0)
		return r;
	if (getresuid(&real, &effective, &saved) < 0 || real != unused || effective != uid || saved != unused ||
	    !is_without_capabilities())
		return -EPERM;
	return 0;
}
