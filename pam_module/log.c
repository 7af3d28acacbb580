/* SPDX-License-Identifier: MIT */
/* The only way from this module to the system's log. */

#include "pam_module/log.h"

#include <security/pam_ext.h>
#include <string.h>

#include "helper/base/text.h"

#define DETAIL_MAX 256u

void log_account(pam_handle_t *pamh, int priority, const char *name, const char *what, const char *detail)
{
	char shown[DETAIL_MAX];
	char user[DETAIL_MAX];

	if (!name)
		name = "(unknown)";
	text_sanitise(user, sizeof(user), name, strlen(name), false);
	if (!detail) {
		pam_syslog(pamh, priority, "user %s: %s", user, what);
		return;
	}
	text_sanitise(shown, sizeof(shown), detail, strlen(detail), false);
	pam_syslog(pamh, priority, "user %s: %s (%s)", user, what, shown);
}

void log_account_group(pam_handle_t *pamh, int priority, const char *name, const char *group, const char *why)
{
	char user[DETAIL_MAX];

	text_sanitise(user, sizeof(user), name, strlen(name), false);
	pam_syslog(pamh, priority, "user %s: not in group %s (%s)", user, group, why);
}

void log_module(pam_handle_t *pamh, int priority, const char *what, const char *detail)
{
	char shown[DETAIL_MAX];

	text_sanitise(shown, sizeof(shown), detail, detail ? strlen(detail) : 0, false);
	pam_syslog(pamh, priority, detail ? "%s (%s)" : "%s", what, shown);
}
