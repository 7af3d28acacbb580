/* SPDX-License-Identifier: MIT */
/* The six entry points. Each first asks whose name it is: what is not ours leaves with PAM_USER_UNKNOWN before the helper
 * or a wrong argument can matter. No static variable, no signal handler, no environment: this is somebody else's
 * process. */

#include <errno.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <string.h>
#include <syslog.h>

#include "pam_module/account.h"
#include "pam_module/conversation.h"
#include "pam_module/groups.h"
#include "pam_module/log.h"
#include "pam_module/options.h"
#include "pam_module/ownership.h"
#include "pam_module/signin.h"
#include "pam_module/verdict.h"

/* Return: 0 ours, or the PAM code to leave with. @says_why: in phases where somebody may be reading. */
static int begin(pam_handle_t *pamh, const struct options *o, struct owned_account *ret, bool says_why)
{
	const void *item = NULL;
	const char *name;
	enum verdict v;
	int r;

	if (pam_get_item(pamh, PAM_USER, &item) != PAM_SUCCESS)
		item = NULL;
	name = item;
	r = ownership_find(ret, name);
	if (r == OWNERSHIP_OTHER) {
		if (o->debug)
			log_module(pamh, LOG_DEBUG, "not ours", NULL);
		return PAM_USER_UNKNOWN;
	}
	if (r == 0 && !o->fault)
		return 0;

	v = r == 0 ? VERDICT_MISCONFIGURED : VERDICT_CANNOT_TELL;
	log_account(pamh, LOG_ERR, r == 0 ? owned_account_log_name(ret) : NULL, verdict_log_text(v),
		    r == 0 ? o->fault : strerrordesc_np(-r));
	if (r == 0)
		owned_account_done(ret);
	if (says_why)
		conversation_refuse(pamh, verdict_text(v));
	return verdict_sign_in_code(v, false);
}

LK_EXPORT int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	LK_CLEANUP(owned_account_done) struct owned_account who = {0};
	const char *name = NULL;
	struct options o;
	int r;

	(void)flags;
	options_parse(&o, argc, argv);
	r = signin_forget(pamh);
	if (r != PAM_SUCCESS)
		return r;
	r = pam_get_user(pamh, &name, NULL); /* login(1) leaves asking for the name to the first module */
	if (r != PAM_SUCCESS)
		return r == PAM_CONV_AGAIN ? PAM_INCOMPLETE : r;
	r = begin(pamh, &o, &who, true);
	if (r != 0)
		return r;
	return signin_run(pamh, &o, &who);
}

LK_EXPORT int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	LK_CLEANUP(owned_account_done) struct owned_account who = {0};
	struct options o;
	int r;

	(void)flags;
	options_parse(&o, argc, argv);
	r = begin(pamh, &o, &who, true);
	if (r != 0)
		return r;
	return account_check(pamh, &o, &who);
}

/* Nothing is kept for a session. These run in other processes than the phases above (sshd) or for another user (sudo). */
static int pass_if_ours(pam_handle_t *pamh, int argc, const char **argv)
{
	LK_CLEANUP(owned_account_done) struct owned_account who = {0};
	struct options o;
	int r;

	options_parse(&o, argc, argv);
	r = begin(pamh, &o, &who, false);
	return r == 0 ? PAM_SUCCESS : r;
}

LK_EXPORT int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	LK_CLEANUP(owned_account_done) struct owned_account who = {0};
	struct options o;
	int r;

	options_parse(&o, argc, argv);
	r = begin(pamh, &o, &who, false);
	if (r != 0)
		return r;
	/* sshd, login and su have set the groups that NSS knows by now, and have us add to them. An account of /etc/passwd has
	 * its groups there. */
	if (((unsigned)flags & (PAM_ESTABLISH_CRED | PAM_REINITIALIZE_CRED)) != 0 && !who.is_local)
		groups_add(pamh, who.name);
	return PAM_SUCCESS;
}

LK_EXPORT int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)flags;
	return pass_if_ours(pamh, argc, argv);
}

LK_EXPORT int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)flags;
	return pass_if_ours(pamh, argc, argv);
}

LK_EXPORT int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	LK_CLEANUP(owned_account_done) struct owned_account who = {0};
	struct options o;
	int r;

	options_parse(&o, argc, argv);
	r = begin(pamh, &o, &who, true);
	if (r != 0)
		return r;
	/* Its password is kept here, by the modules below. */
	if (who.is_local)
		return PAM_USER_UNKNOWN;
	if (flags & PAM_PRELIM_CHECK)
		conversation_refuse(pamh, "The password of this account is kept by your provider: change it there.");
	return PAM_PERM_DENIED;
}
